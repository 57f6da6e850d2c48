"""The passbook: certificates and orders, the applet, the terminal's dialogue, and what a bank checks."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.iso7816 import SW, Command, Response, parse_response
from protocols.passbook.card import AID, Passbook
from protocols.passbook.order import (
    COUNTER_MAX,
    ORDER_BYTES,
    SIGNED_BYTES,
    Certificate,
    Flaw,
    Holder,
    Order,
    OrderError,
    decode_certificate,
    decode_order,
    order_of_request,
    verify,
)
from protocols.passbook.terminal import (
    BLOCKED,
    EXPIRED,
    LEFT,
    NO_PIN,
    NOT_OURS,
    OTHER,
    PIN_BLOCKED,
    USED_UP,
    Ask,
    EnterPin,
    InDoubt,
    Intend,
    NotSent,
    Refused,
    Result,
    Said,
    Step,
    Submit,
    Submitted,
    Transferred,
    Wish,
    transfer,
)
from protocols.pin_pad.words import EnteredForBank, PinBlockFormat
from protocols.purse.suite import P256
from protocols.secure_pin import PinSW, pin_block
from sim.cards.answers import Transmission
from sim.cards.card import TornError
from sim.cards.passbook import PassbookCard
from sim.cards.passbook_issue import ISSUER_KEYS, PassbookWish, make_passbook
from sim.entropy import SeededEntropy
from tests.support.passbooks import ACCOUNT, PAYEE
from tests.support.passbooks import passbook as card

SUITE = P256()
TODAY = 20260417
WISH = Wish(payee=PAYEE, amount=15_390, currency=410, reference=b"order-01", day=TODAY)
ONLINE = EnteredForBank(PinBlockFormat.FORMAT_4, bytes(12), bytes(16))
COMMANDS = 4


@dataclass
class Bank:
    """An account's bank: it takes each counter once."""

    last: int = 0
    code: str = "00"
    answers: bool = True
    taken: list[Order | Flaw] = field(default_factory=list)

    def answer(self, submitted: Submitted) -> Said | None:
        order = verify(
            submitted.signed,
            submitted.certificate,
            issuer_keys=ISSUER_KEYS,
            last_counter=self.last,
            today=TODAY,
            suite=SUITE,
        )
        self.taken.append(order)
        if not self.answers:
            return None
        if isinstance(order, Flaw):
            return Said("63", approved=False)
        self.last = order.counter
        return Said(self.code, self.code == "00")


@dataclass
class Carrier:
    """Carries out every step, and notes them."""

    card: PassbookCard
    bank: Bank = field(default_factory=Bank)
    pins: tuple[object, ...] = (ONLINE,)
    tear_at: int | None = None
    garble: Callable[[int, bytes], bytes] = lambda _, answer: answer
    steps: list[Step] = field(default_factory=list)
    commands: int = 0
    entered: int = 0

    def run(self, wish: Wish = WISH, keys: dict[int, bytes] = ISSUER_KEYS) -> Result:
        self.card.power_on()
        dialogue = transfer(wish, issuer_keys=keys, suite=SUITE)
        try:
            step = next(dialogue)
            while True:
                self.steps.append(step)
                step = dialogue.send(self._do(step))
        except StopIteration as stopped:
            result: Result = stopped.value
            return result

    def _do(self, step: Step) -> Response | EnteredForBank | Said | None:
        match step:
            case Ask(apdu):
                return self.tell(apdu)
            case Intend():
                return None
            case Submit(submitted):
                return self.bank.answer(submitted)
            case EnterPin():
                typed = self.pins[min(self.entered, len(self.pins) - 1)]
                self.entered += 1
                match typed:
                    case str():
                        block = pin_block(typed)
                        return self.tell(Command(0, 0x20, 0, 0x81, block).encode())
                    case int():
                        return Response(b"", typed)
                    case EnteredForBank() | None:
                        return typed
        raise AssertionError(step)

    def tell(self, apdu: bytes) -> Response | None:
        self.commands += 1
        if self.commands == self.tear_at:
            return None
        try:
            answer = self.card.handle(apdu)
            while len(answer) == 2 and answer[0] == 0x61:
                answer = self.card.handle(bytes((0x00, 0xC0, 0, 0, answer[1])))
        except TornError:
            return None
        return parse_response(self.garble(self.commands, answer))


@pytest.mark.parametrize("transmission", list(Transmission))
def test_transfer_with_the_pin_for_the_bank(transmission: Transmission) -> None:
    carrier = Carrier(card(transmission))
    result = carrier.run()

    assert isinstance(result, Transferred)
    order = carrier.bank.taken[0]
    assert isinstance(order, Order) and order.holder is Holder.BANK and order.counter == 1
    assert (order.account, order.payee, order.amount) == (ACCOUNT, PAYEE, 15_390)
    assert (order.reference, order.day, order.currency) == (b"order-01", TODAY, 410)
    assert result.submitted.pin == ONLINE


def test_transfer_with_the_pin_from_the_readers_keypad() -> None:
    carrier = Carrier(card(), pins=("9999", "1234"))
    result = carrier.run()

    assert isinstance(result, Transferred) and result.submitted.pin is None
    order = carrier.bank.taken[0]
    assert isinstance(order, Order) and order.holder is Holder.CARD
    asked = [step for step in carrier.steps if isinstance(step, EnterPin)]
    assert [(step.tries, step.said) for step in asked] == [(3, 0), (2, SW.TRIES_LEFT | 2)]


def test_intent_is_durable_before_anything_is_signed_or_sent() -> None:
    carrier = Carrier(card())
    carrier.run()

    kinds = [
        "sign" if isinstance(step, Ask) and step.apdu[1] == 0x54 else type(step).__name__
        for step in carrier.steps
    ]
    assert kinds == ["Ask", "Ask", "Ask", "EnterPin", "Intend", "sign", "Submit"]
    intended = next(step.order for step in carrier.steps if isinstance(step, Intend))
    assert intended == carrier.bank.taken[0]


@pytest.mark.parametrize("at", range(1, COMMANDS + 1))
def test_card_is_pulled_at_each_command(at: int) -> None:
    which = card()
    carrier = Carrier(which, tear_at=at)

    assert carrier.run() == NotSent(LEFT) and not carrier.bank.taken
    again = Carrier(which, bank=carrier.bank)
    assert isinstance(again.run(), Transferred)


def test_card_pulled_behind_its_signature_has_a_gap_and_no_double() -> None:
    """The card counted, nobody has the order: the next one has another number, the amount moves once."""
    which, bank = card(), Bank()
    for at in range(0, 400, 3):
        which.tear_after(at)
        carrier = Carrier(which, bank=bank)
        if isinstance(carrier.run(), Transferred):
            break
        assert not bank.taken
    counters = [order.counter for order in bank.taken if isinstance(order, Order)]
    assert len(counters) == 1 and counters[0] == which.image().counter


def test_a_late_answer_of_the_card_can_be_fetched_again() -> None:
    which = card()
    carrier = Carrier(which)
    carrier.run()
    submit = next(step for step in carrier.steps if isinstance(step, Submit))
    which.power_on()
    which.handle(Command(0, 0xA4, 4, 0, AID, 256).encode())

    answer = which.handle(Command(0x90, 0x5A, 0, 0, le=256).encode())

    assert answer == submit.submitted.signed + b"\x90\x00"


@pytest.mark.parametrize(
    ("changes", "pins", "reason"),
    [
        ({"blocked": True}, (ONLINE,), BLOCKED),
        ({"expiry": 20251231}, (ONLINE,), EXPIRED),
        ({"foreign": True}, (ONLINE,), NOT_OURS),
        ({"tries": 0}, ("1234",), PIN_BLOCKED),
        ({}, ("9999", "8888", "7777"), PIN_BLOCKED),
        ({}, (int(PinSW.CANCELLED),), NO_PIN),
        ({}, (int(PinSW.TIMEOUT),), NO_PIN),
        ({}, (int(PinSW.TOO_SHORT_OR_LONG),), NO_PIN),
        ({}, (int(SW.SECURITY_NOT_SATISFIED),), NO_PIN),
        ({}, (None,), LEFT),
    ],
)
def test_what_cannot_be_ends_before_anything_is_sent(
    changes: dict[str, object], pins: tuple[object, ...], reason: str
) -> None:
    carrier = Carrier(card(**changes), pins=pins)  # type: ignore[arg-type]
    result = carrier.run()

    assert isinstance(result, NotSent) and result.reason == reason
    assert not any(isinstance(step, Intend | Submit) for step in carrier.steps)


def test_bank_of_the_account_is_not_known_here() -> None:
    assert Carrier(card()).run(keys={}) == NotSent(NOT_OURS)


def test_bank_says_no() -> None:
    result = Carrier(card(), bank=Bank(code="51")).run()

    assert isinstance(result, Refused) and result.code == "51"


def test_bank_says_nothing_is_in_doubt_and_not_sent_twice() -> None:
    carrier = Carrier(card(), bank=Bank(answers=False))

    assert isinstance(carrier.run(), InDoubt) and len(carrier.bank.taken) == 1


def test_card_that_has_signed_all_it_can() -> None:
    which = card()
    chip = which.chip
    chip._keep(chip.image()._replace(counter=COUNTER_MAX))

    assert Carrier(which).run() == NotSent(USED_UP)


@given(data=st.data())
def test_garbage_or_a_changed_bit_moves_nothing_else(data: st.DataObject) -> None:
    at = data.draw(st.integers(1, COMMANDS))
    bit = data.draw(st.none() | st.integers(0, 2_000))
    garbage = data.draw(st.binary(max_size=130))

    def change(number: int, answer: bytes) -> bytes:
        if number != at:
            return answer
        if bit is None:
            return garbage
        changed = bytearray(answer)
        changed[bit // 8 % len(changed)] ^= 1 << bit % 8
        return bytes(changed)

    carrier = Carrier(card(), garble=change)
    result = carrier.run()

    assert isinstance(result, Transferred | NotSent)
    if isinstance(result, Transferred):
        order = carrier.bank.taken[0]
        assert isinstance(order, Order) and (order.payee, order.amount) == (PAYEE, 15_390)


def test_a_card_that_signs_another_order_is_not_believed() -> None:
    other = Carrier(card())
    other.run(replace(WISH, amount=99))
    signed = next(step for step in other.steps if isinstance(step, Submit)).submitted.signed

    carrier = Carrier(card(), garble=lambda n, a: signed + b"\x90\0" if n == COMMANDS else a)

    assert carrier.run() == NotSent(OTHER)


# The bank


def submitted() -> Submitted:
    carrier = Carrier(card())
    carrier.run()
    return next(step for step in carrier.steps if isinstance(step, Submit)).submitted


def check(signed: bytes, certificate: bytes, **changes: object) -> Order | Flaw:
    made = {"issuer_keys": ISSUER_KEYS, "last_counter": 0, "today": TODAY, "suite": SUITE}
    return verify(signed, certificate, **(made | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("place", range(SIGNED_BYTES))
def test_one_bit_of_an_order_is_found(place: int) -> None:
    sent = submitted()
    changed = bytearray(sent.signed)
    changed[place] ^= 1

    assert isinstance(check(bytes(changed), sent.certificate), Flaw)


def test_what_a_bank_finds() -> None:
    sent = submitted()
    other, _ = make_passbook(PassbookWish(account="110550660770"), 20301231, SeededEntropy(2))
    foreign, _ = make_passbook(
        PassbookWish(account=ACCOUNT, foreign=True), 20301231, SeededEntropy(2)
    )

    assert isinstance(check(sent.signed, sent.certificate), Order)
    assert check(sent.signed, sent.certificate, last_counter=1) is Flaw.COUNTER
    assert check(sent.signed, sent.certificate, today=20310101) is Flaw.EXPIRED
    assert check(sent.signed, other.certificate) is Flaw.ACCOUNT
    assert check(sent.signed, foreign.certificate) is Flaw.ISSUER
    assert check(sent.signed, sent.certificate, issuer_keys={}) is Flaw.ISSUER
    assert check(sent.signed[:-1] + b"\0", sent.certificate) is Flaw.SIGNATURE
    assert check(sent.signed, sent.certificate[:-1]) is Flaw.MALFORMED


@given(st.binary(max_size=140), st.binary(max_size=140))
def test_garbage_is_a_flaw(signed: bytes, certificate: bytes) -> None:
    assert isinstance(check(signed, certificate), Flaw)


ORDERS = st.builds(
    Order,
    account=st.from_regex(r"[0-9]{10,19}", fullmatch=True),
    payee=st.from_regex(r"[0-9]{10,19}", fullmatch=True),
    amount=st.integers(1, 10**12),
    currency=st.integers(0, 999),
    reference=st.binary(min_size=8, max_size=8),
    day=st.integers(0, 99_991_231),
    counter=st.integers(1, COUNTER_MAX),
    holder=st.sampled_from(Holder),
)


@given(ORDERS)
def test_orders_come_back(order: Order) -> None:
    assert decode_order(order.encode()) == order
    assert order_of_request(order.request(), order.account, order.counter) == order


@given(st.binary(min_size=ORDER_BYTES, max_size=ORDER_BYTES))
def test_bytes_are_an_order_or_none(data: bytes) -> None:
    try:
        order = decode_order(data)
    except OrderError:
        return
    assert order.encode() == data


def test_certificate_comes_back() -> None:
    made = Certificate(
        issuer_key=1, account=ACCOUNT, expiry=20301231, public_key=bytes(33), signature=bytes(64)
    )
    assert decode_certificate(made.encode()) == made


# The applet


@pytest.fixture
def chip() -> Passbook:
    made = card().chip
    made.handle(Command(0, 0xA4, 4, 0, AID, 256).encode())
    return made


def sw(chip: Passbook, *command: int, data: bytes = b"") -> int:
    return int.from_bytes(chip.handle(Command(*command, data, 256).encode())[-2:])


def test_no_order_says_that_the_card_has_seen_a_pin_it_has_not(chip: Passbook) -> None:
    order = Order(
        account=ACCOUNT, payee=PAYEE, amount=1, currency=410, reference=bytes(8), day=TODAY,
        counter=1, holder=Holder.CARD,
    )  # fmt: skip
    ask = order.request()

    assert sw(chip, 0x90, 0x54, 0, 0, data=ask) == SW.SECURITY_NOT_SATISFIED
    assert sw(chip, 0, 0x20, 0, 0x81, data=pin_block("1234")) == SW.OK
    assert sw(chip, 0x90, 0x54, 0, 0, data=ask) == SW.OK
    # Once for each PIN; and a wrong one, SELECT and power take it back.
    assert sw(chip, 0x90, 0x54, 0, 0, data=ask) == SW.SECURITY_NOT_SATISFIED
    assert sw(chip, 0, 0x20, 0, 0x81, data=pin_block("1234")) == SW.OK
    assert sw(chip, 0, 0x20, 0, 0x81, data=pin_block("4321")) == SW.TRIES_LEFT | 2
    assert sw(chip, 0x90, 0x54, 0, 0, data=ask) == SW.SECURITY_NOT_SATISFIED


@pytest.mark.parametrize("ins", range(256))
def test_any_command_has_a_status_word_and_harms_nothing(chip: Passbook, ins: int) -> None:
    before = chip.image()
    for cla in (0x00, 0x80, 0x90):
        for p1, p2 in ((0, 0), (1, 0), (0x7F, 0x21), (4, 0)):
            for data in (b"", bytes(7), bytes(40)):
                assert sw(chip, cla, ins, p1, p2, data=data) >= 0x6000
    assert chip.image() == before


def test_nothing_is_done_before_it_is_selected() -> None:
    chip = card().chip
    for command in (
        (0, 0xCA, 0x7F, 0x21),
        (0x90, 0x50, 0, 0),
        (0x90, 0x54, 0, 0),
        (0x90, 0x5A, 0, 0),
    ):
        assert sw(chip, *command) == SW.CONDITIONS_NOT_SATISFIED


def test_there_is_no_order_to_fetch_before_the_first(chip: Passbook) -> None:
    assert sw(chip, 0x90, 0x5A, 0, 0) == SW.KEY_UNKNOWN


def test_tries_are_gone_before_the_pin_is_looked_at() -> None:
    which = card()
    which.power_on()
    which.handle(Command(0, 0xA4, 4, 0, AID, 256).encode())
    size = len(which.memory.read()) + 12
    for _ in range(3):
        # Power leaves as soon as the try is written: no guess is free.
        which.tear_after(size)
        with pytest.raises(TornError):
            which.handle(Command(0, 0x20, 0, 0x81, pin_block("1234")).encode())
        which.power_on()
        which.handle(Command(0, 0xA4, 4, 0, AID, 256).encode())
    assert which.image().tries == 0


def test_secrets_are_in_no_repr() -> None:
    which = card()
    shown = repr((which.chip.personality, which.visible(), submitted()))

    assert f"{which.chip.personality.secret:x}" not in shown
    assert str(which.chip.personality.secret) not in shown
    assert ACCOUNT not in repr(which.visible()) and "1234" not in repr(which.visible())
