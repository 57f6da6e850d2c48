"""The auditors of a soak: told after each step only what is new, and every night of the whole day.

    look     after a step: new records contradict nothing; e-cash is neither made nor lost
    night    at rest: what audit.at_rest looks at, of the day's records and of the sums of all days
    end      once: everything from the first record on, and the broker's own auditors

What is bounded by a day is forgotten in the morning, so that the thousandth hour costs what the first did.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ips.purse import shadow
from ips.store.rows import PaymentRow, QuestionRow
from sim.stage import auditors
from sim.stage.soak.figures import Figures
from sim.stage.told import Finding, Told
from sim.stage.world import audit
from sim.stage.world.given import STORE
from sim.stage.world.shop import World
from sim.stage.world.till import TillHere

REASONS: Final = frozenset({"terminal-totals"})
"""A shift may end while its payment terminal is away, or a payment there in doubt: then its Z differs, and says so."""
_EPOCH: Final = 1
_RECORDS_MAX: Final = 1 << 40


@dataclass(slots=True)
class _Spoilt:
    """A printer that is sent garbled bytes."""

    until_ns: int
    legible: set[str]
    """Today's sales and refunds whose paper had come out before."""


@dataclass(slots=True)
class Watch:
    """Everything that the auditors know."""

    world: World
    figures: Figures
    told: Told = field(default_factory=Told)
    """By all journals from the first day on."""
    day: Told = field(default_factory=Told)
    """By all journals since this morning."""
    _heard: dict[str, int] = field(default_factory=dict)
    """How many records of each till were heard."""
    _uploaded: dict[str, int] = field(default_factory=dict)
    """How many records of each till were found at the broker, the same."""
    _asked: int = 0
    """The newest question that was looked at."""
    _papers: list[str] = field(default_factory=list)
    """Today's, as far as they can be read."""
    _spoilt: dict[str, "_Spoilt"] = field(default_factory=dict)
    """Tills whose printers may print what nobody can read."""
    _excused: set[str] = field(default_factory=set)
    """Today's sales and refunds whose paper may have been such."""

    def __post_init__(self) -> None:
        self.figures.kinds = self.told.kinds

    def look(self) -> list[Finding]:
        """Look at what a step has changed."""
        self.figures.audits += 1
        findings: list[Finding] = []
        for till in self.world.tills.values():
            findings += self._hear(till)
            self._collect(till)
        return findings + audit.value(self.world)

    def morning(self) -> None:
        """Begin a day: what was found in order is left behind."""
        self.day = Told(drawers=dict(self.told.drawers))
        self._papers.clear()
        self._excused.clear()
        for spoilt in self._spoilt.values():
            spoilt.legible.clear()

    def spoil(self, terminal: str, until_ns: int) -> None:
        """Learn that a till's printer is sent garbled bytes, and what it prints cannot be relied on."""
        spoilt = self._spoilt.get(terminal)
        if spoilt is not None:
            spoilt.until_ns = until_ns
            return
        till = self.world.till(terminal)
        self._collect(till)
        waiting = set(audit.waiting(till))
        self._spoilt[terminal] = _Spoilt(until_ns, self._booked(terminal) - waiting)

    def counted(self, terminal: str, amount: int) -> list[Finding]:
        """Compare what lies in a drawer with its journal, while no sale is open there."""
        return auditors.drawers(self.told, {terminal: amount})

    def night(self, settled: Sequence[auditors.BankTotals] = ()) -> list[Finding]:
        """Look at everything of a day that has come to rest; `settled` is what the banks said of it."""
        findings = self.look()
        world, day, told = self.world, self.day, self.told
        reader, held = world.broker.reader, world.purses.told()
        waiting = [order for till in world.tills.values() for order in audit.waiting(till)]
        findings += auditors.settled(day)
        findings += self._receipts(waiting)
        findings += auditors.purses(
            told, held, issued=world.purses.issued, on_its_way=world.purses.on_its_way()
        )
        for till in world.tills.values():
            findings += self._compare(till)
        findings += auditors.payments(day, self._payments())
        findings += auditors.questions(day, self._questions(), REASONS)
        findings += auditors.points(told, reader)
        if world.banks is not None:
            shop, objections = world.banks.shop(STORE), world.banks.objections()
            findings += auditors.banks(told, reader, shop=shop, objections=objections)
            findings += auditors.totals(day, settled)
        findings += audit.payment_terminals(world, told)
        findings += auditors.ledger(
            told,
            auditors.balances_of(reader),
            issued=world.purses.issued,
            shops=[each for each in held if each.shop],
        )
        return findings + auditors.shadows(held, shadow.pockets(reader))

    def end(self) -> list[Finding]:
        """Look at everything, from the first record on; papers were looked at every night."""
        world, reader = self.world, self.world.broker.reader
        findings: list[Finding] = []
        for terminal, till in world.tills.items():
            stored = [row.bytes for row in reader.records(terminal, _EPOCH, 1, _RECORDS_MAX)]
            findings += auditors.uploads(terminal, till.records(), stored)
        rows = reader.rows(PaymentRow, "payment", "ORDER BY key")
        asked = reader.rows(QuestionRow, "question", "ORDER BY id")
        return [
            *findings,
            *auditors.settled(self.told),
            *auditors.payments(self.told, rows),
            *auditors.questions(self.told, asked, REASONS),
            *auditors.broker(reader, world.broker.prover),
        ]

    def _hear(self, till: TillHere) -> list[Finding]:
        if not till.running:
            return []
        terminal = till.wish.terminal
        heard = self._heard.get(terminal, 0)
        fresh = till.records(heard)
        if not fresh:
            return []
        self._heard[terminal] = heard + len(fresh)
        self.day.hear_all(fresh)
        before = len(self.told.sales)
        findings = self.told.hear_all(fresh)
        if len(self.told.sales) != before:
            self._count(len(self.told.sales) - before)
        return findings

    def _count(self, sales: int) -> None:
        """Put the newest sales into the figures."""
        figures = self.figures
        for sale in list(self.told.sales.values())[-sales:]:
            figures.taken += sale.total
            for key in sale.tenders:
                attempt = self.told.attempts.get(key)
                figures.tenders["?" if attempt is None else attempt.method] += 1

    def _collect(self, till: TillHere) -> None:
        pieces = till.equipment.papers()
        self.figures.papers += len(pieces)
        terminal = till.wish.terminal
        spoilt = self._spoilt.get(terminal)
        if spoilt is not None and pieces:
            ended = self.world.clock.monotonic_ns() >= spoilt.until_ns
            # A cut may have been lost, too: then the first piece afterwards begins in the garbage,
            # and one piece may be the papers of several sales.
            pieces = pieces[1:] if ended else []
            if ended:
                self._excused |= self._booked(terminal) - spoilt.legible
                del self._spoilt[terminal]
        self._papers += pieces

    def _receipts(self, waiting: list[str]) -> list[Finding]:
        """Compare the day's sales and refunds with its papers; those of a spoilt printer may be illegible."""
        excused = set(self._excused)
        for terminal, spoilt in self._spoilt.items():
            excused |= self._booked(terminal) - spoilt.legible
        return auditors.receipts(self.day, self._papers, [*waiting, *sorted(excused)])

    def _booked(self, terminal: str) -> set[str]:
        """Return what one till has sold and taken back today, by order."""
        booked = {*self.day.sales, *self.day.refunds}
        return {order for order in booked if order.rsplit("-", 3)[1] == terminal}

    def _compare(self, till: TillHere) -> list[Finding]:
        """Compare the records since last night with the broker's."""
        terminal = till.wish.terminal
        known = self._uploaded.get(terminal, 0)
        own = till.records(known)
        rows = self.world.broker.reader.records(terminal, _EPOCH, known + 1, _RECORDS_MAX)
        self._uploaded[terminal] = known + len(own)
        return auditors.uploads(terminal, own, [row.bytes for row in rows])

    def _payments(self) -> list[PaymentRow]:
        """Return the broker's payments of the day's sales."""
        reader = self.world.broker.reader
        orders = sorted({attempt.order for attempt in self.day.attempts.values()})
        rows: list[PaymentRow] = []
        for order in orders:
            # The second half is the index's own condition; without it every payment would be read.
            where = "WHERE order_key = ? AND order_key <> ''"
            rows += reader.rows(PaymentRow, "payment", where, (order,))
        return rows

    def _questions(self) -> list[QuestionRow]:
        reader = self.world.broker.reader
        where = "WHERE id > ? ORDER BY id"
        rows = reader.rows(QuestionRow, "question", where, (self._asked,))
        self._asked += len(rows)
        return rows
