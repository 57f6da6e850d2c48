"""What the auditors are told of a world, and where its money is."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Final

from ips.purse import shadow
from ips.store.rows import PaymentRow, QuestionRow
from pos.store.papers import PaperState
from protocols.money import KRW, Money
from protocols.ports import NANOSECONDS_PER_SECOND
from sim.stage import auditors
from sim.stage.told import OPEN, Finding, Told, read_journal
from sim.stage.world.given import STORE, TERMINAL
from sim.stage.world.rest import UnrestError
from sim.stage.world.shop import World
from sim.stage.world.till import TillHere

_CUT: Final = re.compile(r"^[- ]+8<[- ]+$", re.MULTILINE)
"""How a virtual printer's paper shows a cut."""
_EPOCH: Final = 1
_RECORDS_MAX: Final = 1 << 40


SETTLING_MAX: Final = 600
"""Looks at whether a bank has answered, a second between two."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where some of the money is."""

    where: str
    amount: int
    """Minor units."""

    def __str__(self) -> str:
        return f"{self.where:<44} {Money(self.amount, KRW).format():>14}"


def papers(till: TillHere) -> list[str]:
    """Return what came out of a till's printer, as it was cut off; the last one may hang in it still."""
    return [text for text in _CUT.split(till.equipment.paper()) if text.strip()]


def told_by(world: World) -> tuple[Told, list[Finding]]:
    """Return what the journals of all tills say, and what contradicts itself in them."""
    return read_journal(record for till in world.tills.values() for record in till.records())


def now(world: World) -> list[Finding]:
    """Find what must not be even in the middle of everything."""
    _, findings = told_by(world)
    return findings + value(world)


def value(world: World) -> list[Finding]:
    """Find e-cash that was made or lost, in the middle of everything."""
    # What a shop's purse has received may not be journalled yet.
    held = [replace(each, shop=False) for each in world.purses.told()]
    return auditors.purses(
        Told(),
        held,
        issued=world.purses.issued,
        on_its_way=world.purses.on_its_way(),
    )


def at_rest(world: World, asked: Collection[str] = ()) -> list[Finding]:
    """Find what must not be once everything has come to its end.

    `asked` are codes of questions for which the story gave the broker a reason.
    """
    told, findings = told_by(world)
    held = world.purses.told()
    findings += auditors.settled(told)
    findings += auditors.purses(
        told, held, issued=world.purses.issued, on_its_way=world.purses.on_its_way()
    )
    findings += auditors.receipts(
        told,
        [text for till in world.tills.values() for text in papers(till)],
        [order for till in world.tills.values() for order in waiting(till)],
    )
    reader, prover = world.broker.reader, world.broker.prover
    joined = [till for till in world.tills.values() if till.wish.joined]
    for till in joined:
        terminal = till.wish.terminal
        stored = [row.bytes for row in reader.records(terminal, _EPOCH, 1, _RECORDS_MAX)]
        findings += auditors.uploads(terminal, till.records(), stored)
    if len(joined) == len(world.tills):
        findings += auditors.payments(told, reader.rows(PaymentRow, "payment", "ORDER BY key"))
        rows = reader.rows(QuestionRow, "question", "ORDER BY id")
        findings += auditors.questions(told, rows, asked)
        findings += auditors.points(told, reader)
        if world.banks is not None:
            shop, objections = world.banks.shop(STORE), world.banks.objections()
            findings += auditors.banks(told, reader, shop=shop, objections=objections)
        findings += payment_terminals(world, told)
        findings += auditors.shadows(held, shadow.pockets(reader))
        findings += auditors.ledger(
            told,
            auditors.balances_of(reader),
            issued=world.purses.issued,
            shops=[each for each in held if each.shop],
        )
    return findings + auditors.broker(reader, prover)


def payment_terminals(world: World, told: Told) -> list[Finding]:
    """Find where tills, payment terminals, the broker and the terminals' bank part."""
    known = world.terminals()
    if not known:
        return []
    findings = auditors.terminal(
        told,
        world.broker.reader,
        store=STORE,
        terminal=" ".join(terminal for terminal, _, _ in known),
        net=sum(net for _, net, _ in known),
        texts=[text for _, _, texts in known for text in texts],
    )
    if world.acquirer is not None:
        wrong = world.acquirer.books.objections()
        for terminal, net, _ in known:
            held = world.acquirer.shop(terminal)
            findings += auditors.acquirer(terminal, net=net, shop=held, objections=wrong)
    return findings


async def settle(world: World) -> list[auditors.BankTotals]:
    """Have the office settle the shop's day with every bank, and wait until each has answered.

    What was settled before counts for nothing. Raises: UnrestError.
    """
    assert world.banks is not None, "without banks there is nothing to settle"
    return [totals for bank in world.banks.hosts for totals in await _settle(world, bank)]


async def _settle(world: World, bank: str) -> list[auditors.BankTotals]:
    reader = world.broker.reader
    [(before,)] = reader.ask("SELECT coalesce(max(id), 0) FROM bank_settlement")
    newer = "SELECT state, ours, theirs FROM bank_settlement WHERE bank = ? AND id > ? ORDER BY id"
    for _ in range(SETTLING_MAX):
        rows = reader.ask(newer, (bank, before))
        if rows and rows[-1][0] != "asked":
            return [
                auditors.BankTotals(
                    bank=bank, agreed=state == "agreed", ours=_sums(ours), theirs=_sums(theirs)
                )
                for state, ours, theirs in rows
            ]
        if not rows:
            await world.broker.broker.banks.settle(bank, STORE, TERMINAL, "KRW")
        else:
            await world.passes(NANOSECONDS_PER_SECOND)
    raise UnrestError(f"{bank} has not settled the shop's day")


def _sums(text: str) -> tuple[int, ...]:
    return tuple(int(each) for each in text.split(",") if each)


def places(world: World) -> list[Place]:
    """Return where all the money is that this world knows of."""
    return list(_places(world))


def _places(world: World) -> Iterator[Place]:
    told, _ = told_by(world)
    for label, card in world.purses.cards.items():
        ours = "" if label not in world.purses.foreign else " (not ours)"
        yield Place(f"on the card {label}{ours}", card.image().balances[0])
    yield Place("between two cards", world.purses.on_its_way())
    for terminal, amount in told.drawers.items():
        yield Place(f"in the drawer of till {terminal}", amount)
    if told.safe:
        yield Place("in the safe", told.safe)
    for key, attempt in told.attempts.items():
        if attempt.outcome in OPEN:
            yield Place(f"in doubt: {key} by {attempt.method}", attempt.amount)
    for key, amount in told.late().items():
        if left := amount - told.repaid.get(key, 0):
            yield Place(f"the customer's, to go back: {key}", left)
    yield Place("sold", sum(sale.total for sale in told.sales.values()))
    if world.banks is not None:
        yield Place("at the banks, for the shop", world.banks.shop(STORE))
    if world.acquirer is not None:
        for terminal in world.acquirer.hosts:
            where = f"at its bank, for till {terminal}'s terminal"
            yield Place(where, world.acquirer.shop(terminal))
    balances = auditors.balances_of(world.broker.reader)
    for name, amount in sorted(balances.items()):
        if amount:
            yield Place(f"broker: {name}", amount)


def waiting(till: TillHere) -> list[str]:
    """Return the sales whose papers the till still has to print, or the clerk to look at."""
    with till.store() as store:
        rows = store.database.rows(
            "SELECT DISTINCT business_date, sale FROM paper WHERE form IN ('sale', 'refund')"
            " AND state <> ?",
            (PaperState.PRINTED.value,),
        )
    return [
        f"{STORE}-{till.wish.terminal}-{date!s}-{sale:04d}"
        for date, sale in rows
        if isinstance(sale, int)
    ]
