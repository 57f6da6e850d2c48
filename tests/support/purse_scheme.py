"""An e-cash scheme in small: a broker that issues, cards in memory, a terminal that reports.

The cards are the production class, the broker's store is real; nothing is told to the broker but in
records and deeds. `ghost` knows what really happened to value, card by card.
"""

import asyncio
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from ips.batches import BatchWork, OpenedBatch, receive
from ips.broker import Broker, Threads
from ips.config import Config
from ips.host import NoFaults
from ips.office import perform
from ips.purse import records
from ips.purse.desk import (
    CardCommand,
    ClaimClear,
    ClaimOrder,
    ClaimPay,
    ClaimPresent,
    ClaimTaken,
    PurseAdd,
    PurseDeed,
    PurseDone,
    PurseIssuer,
    PurseNot,
)
from ips.purse.float_audit import audit_float, float_of
from ips.rules import Rules
from ips.store.group import Group
from ips.store.rows import LifeRow, TerminalRow
from protocols.facts import PurseClaimed, PurseCommanded, PurseMoved
from protocols.iso7816 import parse_response
from protocols.journal import genesis
from protocols.purse.card import AID, Purse
from protocols.purse.coordinator import (
    InDoubt,
    Order,
    Result,
    Slot,
    Transferred,
    recover,
    recover_at_payee,
    transfer,
)
from protocols.purse.details import PurseClass, decode_details
from protocols.purse.issuing import Issuer, Profile, make_card
from protocols.purse.memory import Cell
from protocols.purse.suite import RememberingP256, secret_from
from tests.support.broker_terminal import SeededEntropy, SetClock, Terminal
from tests.support.purses import KRW, TODAY, Torn, balance, drive, remembers, tell

SUITE = RememberingP256()


class _Deed:
    size = 1
    is_batch = False

    def __init__(self, apply) -> None:
        self.apply = apply


@dataclass
class Scheme:
    """Issuer, terminal and cards."""

    folder: Path
    rules: Rules
    cards: dict[str, Purse] = field(default_factory=dict)
    lost: dict[bytes, int] = field(default_factory=dict)
    """What has left a payer and reached nobody, by payment details: the ghost's knowledge."""
    sent: int = 0
    orders: int = 0

    def __post_init__(self) -> None:
        self.broker = Broker.open(
            Config(folder=str(self.folder)),
            holder="test",
            clock=SetClock(),
            entropy=SeededEntropy("scheme"),
            points=NoFaults(),
            threads=Threads.INLINE,
            rules=self.rules,
        )
        self.terminal = Terminal()
        identity = self.terminal.key.public_key().public_bytes_raw()

        def enrol(group: Group) -> None:
            head = genesis(self.terminal.name, 1)
            group.put_terminal(TerminalRow("01", "main", "active", 1, "", "{}", "", 1, 0))
            group.put_life(LifeRow("01", 1, identity, 0, head, 1))

        asyncio.run(self.broker.writer.run(_Deed(enrol)))
        self.do(PurseIssuer(actor="park"))
        self.issuer = self.broker.keys.purse_issuer()
        assert self.issuer is not None

    def do(self, deed: PurseDeed) -> PurseDone:
        """Have a deed done."""
        done = asyncio.run(perform(self.broker, deed))
        assert isinstance(done, PurseDone)
        return done

    def issue(self, name: str, purse_class: PurseClass, first: int = 0) -> Purse:
        """Make a card and enter it."""
        issuer = self.issuer
        assert issuer is not None
        profile = Profile(
            name=name.encode().ljust(8, b"."),
            purse_class=purse_class,
            expiry=20301231,
            currencies=(KRW, 0, 0, 0, 0),
            ceilings=(0xFFFF_FFFF, 0, 0, 0, 0),
            balances=(first, 0, 0, 0, 0),
            log_slots=40,
            narrative_slots=40,
        )
        fast = Issuer(key_id=issuer.key_id, secret=issuer.secret, suite=SUITE)
        made = make_card(fast, profile, secret=secret_from(hashlib.sha512(name.encode()).digest()))
        card = self.cards[name] = Purse(made.personality, Cell(made.image), SUITE)
        tell(card, 0, 0xA4, 4, 0, AID)
        entered = self.do(
            PurseAdd(
                certificate=made.certificate, first={"KRW": first} if first else {}, actor="park"
            )
        )
        assert not isinstance(entered, PurseNot), entered
        return card

    def move(self, payer: str, payee: str, value: int, torn: Torn | None = None) -> Result:
        """Move value between two cards and report what the terminal knows; a payment that fails is
        not healed, everything else is healed with both cards there."""
        self.orders += 1
        reference = hashlib.sha256(str(self.orders).encode()).digest()[:8]
        order = Order(value=value, currency=KRW, reference=reference, day=TODAY)
        pair = {Slot.PAYER: self.cards[payer], Slot.PAYEE: self.cards[payee]}
        before = {slot: balance(card) for slot, card in pair.items()}
        result, _, _ = drive(transfer(order), pair, torn)
        if isinstance(result, InDoubt):
            payment = pair[Slot.PAYEE].personality.purse_class == PurseClass.MERCHANT
            again = recover_at_payee if payment else lambda details: recover(details, TODAY)
            result, _, _ = drive(again(result.details), pair)
        left = before[Slot.PAYER] - balance(pair[Slot.PAYER])
        came = balance(pair[Slot.PAYEE]) - before[Slot.PAYEE]
        if left and not came:
            self.lost[remembers(pair[Slot.PAYER]).details] = value
        if isinstance(result, Transferred):
            assert left == came == value
            self.report(result.details.encode(), pair)
        return result

    def report(self, details: bytes, pair: dict[Slot, Purse], **more: object) -> None:
        """Upload a transfer with the payee's ACK."""
        tell(pair[Slot.PAYEE], 0, 0xA4, 4, 0, AID)
        again = tell(pair[Slot.PAYEE], 0x90, 0x5A, 2, 0, details)
        assert again.ok, "the narrative holds what is reported at once"
        fact = PurseMoved(
            details=details,
            own="payee",
            message=again.data,
            payer_class=pair[Slot.PAYER].personality.purse_class,
            payee_class=pair[Slot.PAYEE].personality.purse_class,
        )
        self.upload(msgspec.structs.replace(fact, **more))

    def upload(self, *facts: PurseMoved | PurseClaimed | PurseCommanded) -> None:
        """Journal facts and send what the broker has not."""
        for fact in facts:
            self.terminal.append(fact)
        body = self.terminal.batch(self.sent + 1)
        opened = receive(body, self.broker.reader)
        assert isinstance(opened, OpenedBatch), opened
        work = BatchWork(batch=opened, bookkeeper=self.broker.bookkeeper)
        asyncio.run(self.broker.writer.run(work))
        self.sent = len(self.terminal.records)

    def order_claim(self, name: str) -> PurseClaimed:
        """Freeze a card's log; return what its terminal would upload."""
        card = self.cards[name]
        ordered = self.do(ClaimOrder(name=card.personality.name.hex(), actor="park"))
        assert isinstance(ordered, CardCommand)
        tell(card, 0, 0xA4, 4, 0, AID)
        told = parse_response(card.handle(bytes.fromhex(ordered.apdu)))
        assert told is not None and told.ok
        return PurseClaimed(
            certificate=card.personality.certificate,
            nonce=bytes.fromhex(ordered.nonce),
            answer=told.data,
            entries=[entry[1:] for entry in remembers(card).log],
        )

    def claim(self, name: str) -> ClaimTaken:
        """Claim a card's log at the office, and clear it."""
        claim = msgspec.msgpack.encode(self.order_claim(name))
        taken = self.do(ClaimPresent(claim=claim, actor="park"))
        assert isinstance(taken, ClaimTaken), taken
        if taken.entries:
            cleared = self.do(ClaimClear(name=taken.name, actor="park"))
            assert isinstance(cleared, CardCommand)
            answer = self.cards[name].handle(bytes.fromhex(cleared.apdu))
            assert answer == b"\x90\x00"
        return taken

    def pay(self, details: bytes, into: str) -> PurseDone:
        """Pay a loss back: the office marks it, the teller loads it."""
        done = self.do(
            ClaimPay(details=details, into=self.cards[into].personality.name.hex(), actor="park")
        )
        if not isinstance(done, PurseNot):
            self.move("teller", into, decode_details(details).value)
        return done

    def paid(self) -> int:
        """Return what was paid back in all."""
        [[total]] = self.broker.reader.ask("SELECT coalesce(sum(value), 0) FROM purse_paid")
        return int(total)

    def owed(self) -> int:
        """Return what was lost by others than the issuer and is not paid back."""
        return sum(
            value
            for pd, value in self.lost.items()
            if pd[:8] != self.cards["teller"].personality.name
            and records.paid(self.broker.reader, pd) is None
        )

    def outside(self) -> int:
        """Return what the cards really hold, the issuer's own left out."""
        return sum(
            balance(card)
            for card in self.cards.values()
            if card.personality.purse_class != PurseClass.TELLER
        )

    def float(self) -> dict[str, int]:
        """Return what the issuer knows."""
        return float_of(self.broker.reader).get(
            "KRW", {"float": 0, "balances": 0, "lost": 0, "in_flight": 0}
        )

    def equation(self) -> None:
        """The float on the cards themselves and in the books."""
        known = self.float()
        assert known["balances"] + known["lost"] + known["in_flight"] == known["float"]
        assert self.outside() + self.owed() == known["float"]

    def check(self) -> None:
        """The equation, and the broker's own audit of it."""
        self.equation()
        assert audit_float(self.broker.reader, self.broker.prover).findings == []
        for pd in self.lost:
            paid = records.paid(self.broker.reader, pd)
            assert paid is None or paid.value == self.lost[pd]

    def questions(self) -> list[str]:
        """Return the codes of all questions."""
        rows = self.broker.reader.ask("SELECT code FROM question ORDER BY id")
        return [code for (code,) in rows]
