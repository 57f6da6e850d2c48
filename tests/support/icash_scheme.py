"""ICash in small: cards and a module in memory, a terminal that reports, a broker that collects.

Cards and modules are the production classes, the broker's store is real; nothing is told to the broker
but in records, deeds and a module's own answers. What really happened to value is on the cards.
"""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from ips.batches import BatchWork, OpenedBatch, receive
from ips.broker import Broker, Threads
from ips.config import Config
from ips.host import NoFaults
from ips.icash.audit import audit_icash
from ips.icash.desk import (
    IcashClear,
    IcashCollect,
    IcashCollected,
    IcashCommands,
    IcashDeed,
    IcashDone,
    IcashIssuer,
    IcashKnown,
    IcashStatement,
)
from ips.office import perform
from ips.rules import Rules
from ips.store.group import Group
from ips.store.rows import LifeRow, TerminalRow
from protocols.facts import AttemptClosed, AttemptOpened, Fact, ValueTaken
from protocols.icash.attempt import order_reference, peer_of
from protocols.icash.card import IcashCard
from protocols.icash.coordinator import InDoubt, Order, Paid, Place, Result, purchase, recover
from protocols.icash.details import Details
from protocols.icash.host import Host
from protocols.icash.module import IcashModule
from protocols.journal import genesis
from tests.support.broker_terminal import SeededEntropy, SetClock, Terminal
from tests.support.icash import (
    KRW,
    MASTERS,
    MODULE,
    SUITE,
    TODAY,
    balance,
    card,
    drive,
    module,
    total,
)
from tests.support.purses import Torn

FIRST = 100_000
HOST = Host(MASTERS, SUITE)


class _Deed:
    size = 1
    is_batch = False

    def __init__(self, apply) -> None:
        self.apply = apply


@dataclass
class Bought:
    """What became of a purchase, and what its terminal would report."""

    key: str
    result: Result
    fact: ValueTaken | None


@dataclass
class IcashScheme:
    """Collector, terminal, cards and one module."""

    folder: Path
    rules: Rules
    cards: dict[str, IcashCard] = field(default_factory=dict)
    sent: int = 0
    orders: int = 0

    def __post_init__(self) -> None:
        self.broker = Broker.open(
            Config(folder=str(self.folder)),
            holder="test",
            clock=SetClock(),
            entropy=SeededEntropy("icash"),
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
        assert isinstance(self.do(IcashIssuer(masters=MASTERS.encode(), actor="park")), IcashKnown)
        self.module = module(MODULE, open_slots=60, credited_slots=200)
        for name in ("CARD0001", "CARD0002"):
            terms = {"ceiling": 1_000_000, "purchase_max": 1_000_000}
            self.cards[name] = card(FIRST, name.encode(), **terms)

    def do(self, deed: IcashDeed) -> IcashDone:
        """Have a deed done."""
        done = asyncio.run(perform(self.broker, deed))
        assert isinstance(done, IcashDone)
        return done

    def buy(self, name: str, amount: int, torn: Torn | None = None, *, heal: bool = True) -> Bought:
        """Have a card pay; what is torn is healed, or left as it is."""
        self.orders += 1
        key = f"main-01-20260417-{self.orders:04d}-a"
        order = Order(amount=amount, currency=KRW, reference=order_reference(key), day=TODAY)
        sides: dict[Place, IcashCard | IcashModule] = {
            Place.CARD: self.cards[name],
            Place.MODULE: self.module,
        }
        result, _, _ = drive(purchase(order), sides, torn)
        if heal and isinstance(result, InDoubt):
            result, _, _ = drive(recover(result.details, TODAY), sides)
        fact = taken(result.details, result.proof) if isinstance(result, Paid) else None
        return Bought(key, result, fact)

    def sell(self, name: str, amount: int, torn: Torn | None = None) -> Bought:
        """Buy and report, as a till does: intent, result, evidence."""
        bought = self.buy(name, amount, torn)
        assert bought.fact is not None and isinstance(bought.result, Paid)
        self.report(bought, bought.fact)
        return bought

    def report(self, bought: Bought, *facts: Fact) -> None:
        """Upload an attempt that ended well, and what goes with it."""
        assert isinstance(bought.result, Paid)
        details = bought.result.details
        self.upload(
            AttemptOpened(
                sale=self.orders, method="icash", amount=details.amount, peer=peer_of(details)
            ),
            AttemptClosed(
                sale=self.orders, method="icash", outcome="approved", amount=details.amount
            ),
            *facts,
            attempt=bought.key,
        )

    def upload(self, *facts: Fact, attempt: str | None = None) -> None:
        """Journal facts and send what the broker has not."""
        for fact in facts:
            self.terminal.append(fact, attempt=attempt)
        body = self.terminal.batch(self.sent + 1)
        opened = receive(body, self.broker.reader)
        assert isinstance(opened, OpenedBatch), opened
        work = BatchWork(batch=opened, bookkeeper=self.broker.bookkeeper)
        asyncio.run(self.broker.writer.run(work))
        self.sent = len(self.terminal.records)

    def answers(self, open_max: int = 60) -> list[bytes]:
        """Ask the module what the collector asks for."""
        asked = self.do(IcashStatement(module=MODULE.hex(), open=open_max, actor="park"))
        assert isinstance(asked, IcashCommands)
        return self.told(asked)

    def told(self, commands: IcashCommands) -> list[bytes]:
        """Send commands to the module."""
        self.module.power_on()
        return [self.module.handle(bytes.fromhex(apdu)) for apdu in commands.apdus]

    def present(self, answers: list[bytes]) -> IcashDone:
        """Hand a module's answers in."""
        return self.do(IcashCollect(module=MODULE.hex(), answers=answers, actor="park"))

    def collect(self) -> IcashCollected:
        """Have the module state, and be paid."""
        done = self.present(self.answers())
        assert isinstance(done, IcashCollected), done
        return done

    def clear(self) -> IcashCommands:
        """Have the module forget what is open."""
        done = self.do(IcashClear(module=MODULE.hex(), actor="park"))
        assert isinstance(done, IcashCommands), done
        self.told(done)
        return done

    def ledger(self) -> dict[str, int]:
        """Return every account's balance."""
        return {
            row.name: row.debits_posted - row.credits_posted
            for row in self.broker.reader.accounts()
        }

    def paid(self) -> tuple[int, int]:
        """Return what was paid to the shop and to holders."""
        rows = self.broker.reader.ask("SELECT holder, sum(amount) FROM icash_paid GROUP BY holder")
        shop = sum(amount for holder, amount in rows if not holder)
        return shop, sum(amount for holder, amount in rows if holder)

    def on_cards(self) -> int:
        """Return what the cards hold."""
        return sum(balance(each) for each in self.cards.values())

    def in_module(self) -> int:
        """Return what the module was credited with."""
        return total(self.module)

    def claimable(self) -> int:
        """Return what left the cards and reached no module, paid back or not."""
        return len(self.cards) * FIRST - self.on_cards() - self.in_module()

    def check(self) -> None:
        """The equation: cards + to be collected + collected + claimable = issued; and nobody got more."""
        collected, paid_back = self.paid()
        to_collect = self.in_module() - collected
        assert to_collect >= 0, "a shop was paid for what its module never had"
        assert paid_back <= self.claimable(), "a holder was paid for what a module has"
        issued = len(self.cards) * FIRST
        assert self.on_cards() + to_collect + collected + self.claimable() == issued
        ledger = self.ledger()
        assert ledger.get("bank/icash", 0) == collected
        assert audit_icash(self.broker.reader, HOST).findings == []

    def questions(self) -> list[str]:
        """Return the codes of all questions."""
        rows = self.broker.reader.ask("SELECT code FROM question ORDER BY id")
        return [code for (code,) in rows]


def taken(details: Details, proof: bytes) -> ValueTaken:
    """Return what a till reports of a purchase."""
    return ValueTaken(
        method="icash",
        device=details.module.hex(),
        amount=details.amount,
        details=details.encode(),
        proof=proof,
    )
