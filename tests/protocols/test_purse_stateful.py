"""Three to five full cards in anybody's hands: pockets, limits, PIN, lock, claims, clears, terminals.

Goal: what the exhaustive search turns off (sizes, five pockets, ceilings, limits, PIN, a short log, a
short life of messages) breaks nothing either, and a terminal never reports what is not so. Method:
hypothesis draws what people do; after every step the ghost ledger G1 to G6 is held per currency. T5;
threats T2, T4, T6, T8 to T10, T12, T13, T15.
"""

import hashlib
from collections import Counter

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from protocols.iso7816 import SW, Command, Response, parse_response
from protocols.purse.card import Purse
from protocols.purse.coordinator import (
    InDoubt,
    NotMoved,
    Order,
    Slot,
    Transferred,
    recover,
    transfer,
)
from protocols.purse.details import (
    DETAILS_BYTES,
    MessageType,
    PaymentDetails,
    decode_certificate,
    decode_details,
)
from protocols.purse.image import FROZEN, Life, Parameters, Status, decode_image
from protocols.purse.issuing import Issuer, Profile, make_card, open_claim
from protocols.purse.memory import Cell
from protocols.purse.rules import Rules
from protocols.purse.suite import RememberingP256, secret_from
from sim.search.faults import FAULTS
from tests.support.purses import ISSUER, PIN, TODAY, Torn, drive

CURRENCIES = (410, 840, 978, 392, 156)
CEILINGS = (120, 60, 50, 0xFFFF_FFFF, 40)
BALANCES = (90, 40, 50, 0xFFFF_FFF0, 20)
LIMITS = Parameters(transfer_max=90, offline_count_max=6, offline_value_max=200, pin_above=30)
WRONG_PIN = bytes.fromhex("249999FFFFFFFFFF")
LOG_SLOTS = 3

cards_of = st.integers(0, 4)
pockets = st.integers(0, 4)
values = st.one_of(st.integers(1, 20), st.sampled_from((31, 60, 90, 91)))


class Purses(RuleBasedStateMachine):
    """The world: cards, every message ever sent, an issuer, terminals with transfers in doubt."""

    purse_rules = Rules()

    def __init__(self) -> None:
        super().__init__()
        self.suite = RememberingP256()
        self.issuer = Issuer(secret=ISSUER, suite=self.suite)
        self.ether: list[bytes] = []
        self.archive: set[tuple[bytes, bytes]] = set()
        self.paid: set[bytes] = set()
        self.doubts: list[PaymentDetails] = []
        self.not_moved: set[bytes] = set()
        """Orders of which a terminal said: nothing moved, and nothing will."""
        self.orders = 0
        self.updates = 0
        self.since_update: Counter[bytes] = Counter()

    @initialize(purses=st.integers(3, 5))
    def make(self, purses: int) -> None:
        self.cards = [self._made(bytes((0x41 + n,)) * 8) for n in range(purses)]
        self.names = [card.personality.name for card in self.cards]

    def _made(self, name: bytes) -> Purse:
        profile = Profile(
            name=name, expiry=20301231, currencies=CURRENCIES, ceilings=CEILINGS,
            balances=BALANCES, pin=PIN, parameters=LIMITS, log_slots=LOG_SLOTS,
        )  # fmt: skip
        secret = secret_from(hashlib.sha512(name).digest())
        made = make_card(self.issuer, profile, secret=secret)
        card = Purse(made.personality, Cell(made.image), self.suite, self.purse_rules)
        card.selected = True
        return card

    def _card(self, number: int) -> Purse:
        return self.cards[number % len(self.cards)]

    def _tell(self, card: Purse, apdu: bytes) -> Response:
        """Send one command; keep what it sent for ever, and what it changed in the books."""
        before = decode_image(card.memory.read())
        card.selected = True
        response = parse_response(card.handle(apdu))
        assert response is not None
        after = decode_image(card.memory.read())
        if after.tries > before.tries:
            assert apdu[1] in (0x20, 0x24) and response.ok, "a try was given back for nothing"
        self._hear(response)
        return response

    def _hear(self, response: Response) -> None:
        data = response.data
        is_message = response.ok and len(data) > 200 and data[0] in tuple(MessageType)
        if not is_message or data in self.ether:
            return
        self.ether.append(data)
        if data[0] == MessageType.VAL:
            pd = decode_details(data[1 : 1 + DETAILS_BYTES])
            self.since_update[pd.payer] += pd.value

    # Anybody with a reader

    @rule(
        card=cards_of,
        payee=cards_of,
        pocket=pockets,
        value=values,
        ahead=st.sampled_from((0, 0, 0, 1)),
    )
    def start(self, card: int, payee: int, pocket: int, value: int, ahead: int) -> None:
        payer, other = self._card(card), self._card(payee)
        before = decode_image(payer.memory.read())
        verified = payer.verified
        sequence = decode_image(other.memory.read()).sequence + ahead
        body = (
            other.personality.name + value.to_bytes(4) + CURRENCIES[pocket].to_bytes(2)
            + sequence.to_bytes(4) + self._reference() + TODAY.to_bytes(4)
        )  # fmt: skip
        started = self._tell(payer, Command(0x90, 0x50, 1, pocket, body, 256).encode())
        if started.ok:
            assert before.life == Life.ACTIVE
            assert value <= LIMITS.transfer_max
            assert verified or value <= LIMITS.pin_above
            assert payer is not other

    def _reference(self) -> bytes:
        self.orders += 1
        return self.orders.to_bytes(8)

    @precondition(lambda self: self.ether)
    @rule(
        which=st.integers(0, 400),
        card=cards_of,
        right=st.booleans(),
        late=st.booleans(),
        pocket=pockets,
    )
    def deliver(self, which: int, card: int, right: bool, late: bool, pocket: int) -> None:
        message = self.ether[-1 - which % len(self.ether)]
        pd = decode_details(message[1 : 1 + DETAILS_BYTES])
        day = TODAY.to_bytes(4)
        for_payer = message[0] in (MessageType.REQ, MessageType.ACK)
        name = pd.payer if for_payer else pd.payee
        target = self.cards[self.names.index(name)] if right else self._card(card)
        if right:
            pocket = CURRENCIES.index(pd.currency)
            log = decode_image(target.memory.read()).log
            late = message[1 : 1 + DETAILS_BYTES] in {entry[1:] for entry in log}
        match MessageType(message[0]):
            case MessageType.OFFER:
                command = Command(0x90, 0x50, 2, pocket, message + day, 256)
            case MessageType.REQ:
                command = Command(0x90, 0x54, 0, 0, message + day, 256)
            case MessageType.VAL:
                command = Command(0x90, 0x52, int(late), 0, message, 256)
            case MessageType.ACK:
                command = Command(0x90, 0x56, int(late), 0, message)
        self._tell(target, command.encode())

    def _resume(self, card: int, logged: bool) -> None:
        target = self._card(card)
        log = decode_image(target.memory.read()).log
        if not logged or not log:
            self._tell(target, Command(0x90, 0x5A, 0, 0, b"", 256).encode())
        else:
            self._tell(target, Command(0x90, 0x5A, 1, 0, log[0][1:], 256).encode())

    def _abort(self, card: int) -> None:
        self._tell(self._card(card), Command(0x90, 0x5E, 0, 0).encode())

    @rule(
        card=cards_of, what=st.sampled_from(("resume", "resume a logged one", "abort", "pull out"))
    )
    def handle(self, card: int, what: str) -> None:
        match what:
            case "abort":
                self._abort(card)
            case "pull out":
                self._card(card).power_on()
            case _:
                self._resume(card, what != "resume")

    # The holder

    @rule(card=cards_of, pin=st.sampled_from((PIN, PIN, PIN, WRONG_PIN)))
    def verify(self, card: int, pin: bytes) -> None:
        target = self._card(card)
        tries = decode_image(target.memory.read()).tries
        answer = self._tell(target, Command(0, 0x20, 0, 0x81, pin).encode())
        assert answer.ok == (pin == PIN and tries > 0)
        assert target.verified == answer.ok

    def _lock(self, card: int) -> None:
        assert self._tell(self._card(card), Command(0, 0x04, 0, 0).encode()).ok

    def _unlock(self, card: int) -> None:
        target = self._card(card)
        verified = target.verified
        answer = self._tell(target, Command(0, 0x44, 0, 0).encode())
        assert answer.ok == verified

    @rule(card=cards_of, what=st.sampled_from(("lock", "unlock", "unlock", "unlock")))
    def hold(self, card: int, what: str) -> None:
        if what == "lock":
            self._lock(card)
        else:
            self.verify(card, PIN)
            self._unlock(card)

    # A shop's terminal

    @rule(
        payer=cards_of, payee=cards_of, pocket=pockets, value=st.integers(1, 30),
        at=st.sampled_from((0, 8, 9, 10, 11)), done=st.booleans(),
    )  # fmt: skip
    def sell(self, payer: int, payee: int, pocket: int, value: int, at: int, done: bool) -> None:
        if self._card(payer) is self._card(payee):
            payee += 1
        order = Order(
            value=value, currency=CURRENCIES[pocket], reference=self._reference(), day=TODAY
        )
        cards = {Slot.PAYER: self._card(payer), Slot.PAYEE: self._card(payee)}
        result = drive(transfer(order), self._heard(cards), Torn(at, done))[0]
        self._told(result, order.reference)

    @precondition(lambda self: self.doubts)
    @rule(
        which=st.integers(0, 20),
        moved_on=st.sampled_from(((), (), (Slot.PAYER,), (Slot.PAYEE,), (Slot.PAYER, Slot.PAYEE))),
        at=st.sampled_from((0, 0, *range(9, 20))),
        done=st.booleans(),
    )
    def heal(self, which: int, moved_on: tuple[Slot, ...], at: int, done: bool) -> None:
        """The two cards meet again; one or both may have gone on to something else before."""
        pd = self.doubts.pop(which % len(self.doubts))
        cards = {
            Slot.PAYER: self.cards[self.names.index(pd.payer)],
            Slot.PAYEE: self.cards[self.names.index(pd.payee)],
        }
        for slot in moved_on:
            self._tell(cards[slot], Command(0x90, 0x5E, 0, 0).encode())
        result = drive(recover(pd, TODAY), self._heard(cards), Torn(at, done))[0]
        self._told(result, pd.reference)

    def _heard(self, cards: dict[Slot, Purse]) -> dict[Slot, Purse]:
        return {slot: _Heard(card, self._hear) for slot, card in cards.items()}  # type: ignore[misc]

    def _told(self, result: object, reference: bytes) -> None:
        match result:
            case Transferred(details):
                assert details.encode() in self._ledger()[1], "reported, and it never arrived"
            case InDoubt(details):
                self.doubts.append(details)
            case NotMoved():
                self.not_moved.add(reference)

    # The issuer

    def _claim(self, card: int) -> None:
        target = self._card(card)
        name, nonce = target.personality.name, self._reference()
        answer = self._tell(target, self.issuer.claim(name, nonce))
        assert answer.ok
        entries = []
        while True:
            record = self._tell(target, Command(0, 0xB2, len(entries) + 1, 0x14, b"", 256).encode())
            if record.sw == SW.RECORD_NOT_FOUND:
                break
            assert record.data[0] & FROZEN
            entries.append(record.data[1:])
        frozen = open_claim(
            self.suite,
            certificate=decode_certificate(target.personality.certificate),
            nonce=nonce, answer=answer.data, entries=entries,
        )  # fmt: skip
        self.archive |= {(name, entry) for entry in frozen.entries}
        for entry in frozen.entries:
            pd = decode_details(entry)
            if {(pd.payer, entry), (pd.payee, entry)} <= self.archive:
                self.paid.add(entry)

    def _clear(self, card: int, all_of_it: bool) -> None:
        target = self._card(card)
        name = target.personality.name
        log = [entry[1:] for entry in decode_image(target.memory.read()).log]
        archived = [entry for entry in log if (name, entry) in self.archive]
        if archived and (all_of_it or len(archived) == len(log)):
            image = hashlib.sha256(b"".join(sorted(archived))).digest()
            cleared = self._tell(target, self.issuer.clear(name, image))
            assert not cleared.ok or len(archived) == len(log)

    def _update(self, card: int) -> None:
        target = self._card(card)
        self.updates += 1
        name = target.personality.name
        assert self._tell(target, self.issuer.update(name, self.updates, TODAY, LIMITS)).ok
        self.since_update[name] = 0

    @rule(card=cards_of, what=st.sampled_from(("claim", "clear", "clear half", "update", "update")))
    def serve(self, card: int, what: str) -> None:
        match what:
            case "claim":
                self._claim(card)
            case "update":
                self._update(card)
            case _:
                self._clear(card, what == "clear")

    # The ghost ledger

    def _ledger(self) -> tuple[set[bytes], set[bytes]]:
        sent: dict[int, set[bytes]] = {kind: set() for kind in MessageType}
        for message in self.ether:
            sent[message[0]].add(message[1 : 1 + DETAILS_BYTES])
        return sent[MessageType.VAL], sent[MessageType.ACK]

    @invariant()
    def no_value_is_made_or_lost_in_any_pocket(self) -> None:
        debited, credited = self._ledger()
        assert credited <= debited, "G1"
        in_flight = debited - credited
        images = [decode_image(card.memory.read()) for card in self.cards]
        for pocket, currency in enumerate(CURRENCIES):
            balances = [image.balances[pocket] for image in images]
            pds = [decode_details(entry) for entry in in_flight]
            lost = sum(pd.value for pd in pds if pd.currency == currency)
            total = BALANCES[pocket] * len(self.cards)
            assert sum(balances) == total - lost, "G2"
            assert all(0 <= held <= CEILINGS[pocket] for held in balances), "G3"
            back = [decode_details(entry) for entry in self.paid]
            paid = sum(pd.value for pd in back if pd.currency == currency)
            assert sum(balances) + paid <= total, "G6"
        assert self.paid <= in_flight, "G5"
        moved = {decode_details(entry).reference for entry in debited}
        assert not moved & self.not_moved, "value left, and a terminal said that it would not"
        assert self._claimable() == in_flight, "G4"

    def _claimable(self) -> set[bytes]:
        """Return what would be in both logs, or archived, if everybody gave up now."""
        logs = set(self.archive)
        for card, name in zip(self.cards, self.names, strict=True):
            copy = Purse(card.personality, Cell(card.memory.read()), self.suite, self.purse_rules)
            copy.selected = True
            copy.handle(Command(0x90, 0x5E, 0, 0).encode())
            logs |= {(name, entry[1:]) for entry in decode_image(copy.memory.read()).log}
        return {
            entry
            for _, entry in logs
            if {(decode_details(entry).payer, entry), (decode_details(entry).payee, entry)} <= logs
        }

    @invariant()
    def logs_counters_and_statuses_are_within_their_bounds(self) -> None:
        for card, name in zip(self.cards, self.names, strict=True):
            image = decode_image(card.memory.read())
            pending = image.status in (Status.EPV, Status.EPA)
            assert len(image.log) + pending <= LOG_SLOTS, "T8: a slot was not reserved"
            assert image.offline_value == self.since_update[name] <= LIMITS.offline_value_max
            assert image.offline_count <= LIMITS.offline_count_max


class _Heard:
    """A card whose answers the world remembers, whoever asked."""

    def __init__(self, card: Purse, hear: object) -> None:
        self._card = card
        self._hear = hear

    def handle(self, apdu: bytes) -> bytes:
        answer = self._card.handle(apdu)
        response = parse_response(answer)
        assert response is not None
        self._hear(response)  # type: ignore[operator]
        return answer

    def power_on(self) -> None:
        self._card.power_on()


def run(machine: type[Purses], examples: int, phases: tuple[Phase, ...] = tuple(Phase)) -> None:
    bounds = settings(
        max_examples=examples,
        stateful_step_count=50,
        deadline=None,
        derandomize=True,
        database=None,
        phases=phases,
    )
    run_state_machine_as_test(machine, settings=bounds)


def test_whatever_people_do_with_full_cards_the_ledger_holds() -> None:
    run(Purses, 60)


@pytest.mark.parametrize("name", ["payee does not log", "late completion keeps the entry"])
def test_a_broken_rule_is_noticed_here_as_well(name: str) -> None:
    """A ledger that cannot fail proves nothing."""

    class Broken(Purses):
        purse_rules = next(fault for fault in FAULTS if fault.name == name).rules()

    with pytest.raises(AssertionError):
        run(Broken, 200, phases=(Phase.generate,))
