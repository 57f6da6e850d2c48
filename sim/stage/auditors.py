"""The auditors of a shop: what must be true at rest, whatever happened, and where the money is if not.

    contradictions   told.Told.hear     a key moves value once; a sale holds its total, and ends once
    settled          no attempt is in doubt
    drawers          the cash that lies there is what the journal says
    receipts         a receipt came out, or waits, for every sale and for nothing else; one original
    purses           value is conserved; the shops' purses hold what the journals say they received
    uploads          the broker has each terminal's records, once, byte for byte
    payments         the broker knows of each attempt what its terminal knows
    ledger           the broker's accounts are what journals and purses say
    points           each member has what the journals and the office gave and took; nothing is held
    questions        the broker asks of money that came too late, and of nothing else
    totals           at the end of a day tills' Zs, broker and banks have come to the same
    banks            the banks have for the shop what broker and journals say; nothing is half asked
    shadows          what the issuer knows of each purse is what is on it
    broker           the broker's own auditors: chains, seals, sums, signatures, float

Each takes plain inputs and returns findings, none where all is well. Worlds, scenarios and tests
share them (decisions.md "Twins that check").
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ips.purse.float_audit import audit_float
from ips.purse.shadow import Shadow
from ips.store.audit import audit_chains, audit_ledger, audit_seals, audit_signatures
from ips.store.reader import Reader
from ips.store.rows import PaymentRow, QuestionRow
from protocols.purse.details import decode_details
from protocols.purse.proof import Prover
from receipts.forms.purse_wording import PURSE_WORDS
from receipts.forms.wording import WORDS
from sim.stage.told import CASH, OPEN, Finding, Told

_ORDER: Final = r"[A-Za-z0-9]{1,8}-[A-Za-z0-9]+-\d{8}-\d{4,}"
_NAMED: Final = re.compile(rf"\b({_ORDER})-[a-z]+\b|\[QR ({_ORDER})\]")
"""Whose paper it is: an attempt key, or the code of a sale for which no money was taken."""
_COPY: Final = re.compile(r"\*\*\* (?:재발행|COPY) (\d+) \*\*\*")
_LATE: Final = "duplicate-payment"
"""The broker's question of money that belongs to the customer."""
_NO_RECEIPT: Final = (
    *(words.situation_no_receipt for words in WORDS.values()),
    *(
        title
        for words in WORDS.values()
        for title in (
            words.situation_title,
            words.payment_void_title,
            words.change_title,
            words.gift_title,
            words.slip_title,
            words.merchant_title,
            words.declined_title,
            words.repaid_title,
        )
    ),
    *(
        title
        for words in PURSE_WORDS.values()
        for title in (words.load_title, words.deposit_title, words.repay_title)
    ),
)
"""What only slips say that show a key and are no receipts; their titles, as the end of a roll may tear off the rest."""
BANKED: Final = ("card", "transfer")
"""Ways to pay whose peer is a bank."""
TERMINAL: Final = "terminal"
"""The tender and payment module of stand-alone terminals."""
_BANKED: Final = {"authorise": 1, "capture": 1, "refund": -1}
"""What an exchange brings the shop."""
_MONEY_OF_BROKER: Final = "as the journals of the terminals say; keep the broker's folder as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class PurseTold:
    """What is on one purse."""

    name: bytes
    balance: int
    shop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BankTotals:
    """What a settlement with a bank came to: counts and amounts as in ISO 8583's fields 74 to 89."""

    bank: str
    agreed: bool
    ours: tuple[int, ...]
    theirs: tuple[int, ...]

    @property
    def net(self) -> int:
        """Return what the bank has for the shop of it: payments less what went back, each less what was undone."""
        credits, credits_undone, debits, debits_undone = self.theirs[4:] or (0, 0, 0, 0)
        return debits - debits_undone - credits + credits_undone


def settled(told: Told) -> list[Finding]:
    """Find attempts whose end nobody knows."""
    return [
        Finding(
            auditor="settled",
            where=f"attempt {attempt.key}",
            what=f"{attempt.amount:,} by {attempt.method} are {attempt.outcome or 'under way'} still",
            money="only whoever was asked can tell: ask again under the same key",
        )
        for attempt in told.attempts.values()
        if attempt.outcome in OPEN
    ]


def drawers(told: Told, counted: Mapping[str, int]) -> list[Finding]:
    """Find drawers that do not hold what was put in; `counted` is by terminal."""
    return [
        Finding(
            auditor="drawers",
            where=f"drawer of terminal {terminal}",
            what=f"the journal says {told.drawers.get(terminal, 0):,}",
            money=f"{counted[terminal]:,} lie in the drawer",
        )
        for terminal in sorted(counted)
        if counted[terminal] != told.drawers.get(terminal, 0)
    ]


def receipts(told: Told, papers: Iterable[str], waiting: Collection[str] = ()) -> list[Finding]:
    """Find sales and refunds without a paper, and papers without either.

    `papers` are texts as they were cut off; `waiting` are the sales whose papers the till still has,
    to be printed or looked at.
    """
    originals: dict[str, int] = {}
    shown: set[str] = set()
    for text in filter(is_receipt, papers):
        orders = {paid or free for paid, free in _NAMED.findall(text)}
        shown |= orders
        if not is_copy(text):
            for order in orders:
                originals[order] = originals.get(order, 0) + 1
    sold = {order for order, sale in told.sales.items() if not sale.voided}
    booked = sold | told.refunds
    findings = [
        _paper(order, "came out, and its sale is not booked", "unknown: the till never booked it")
        for order in sorted(shown - booked)
    ]
    findings += [
        _paper(order, "never came out and does not wait", "booked")
        for order in sorted(booked - shown - set(waiting))
    ]
    findings += [
        _paper(order, f"came out {count} times as an original", "booked once")
        for order, count in sorted(originals.items())
        if order in booked and count > (order in sold) + (order in told.refunds)
    ]
    return findings


def is_receipt(text: str) -> bool:
    """Say whether a paper shows a sale, original or copy; one that says how things stand does not."""
    return _NAMED.search(text) is not None and not any(each in text for each in _NO_RECEIPT)


def is_copy(text: str) -> bool:
    """Say whether a paper says of itself that it is a copy."""
    return _COPY.search(text) is not None


def purses(
    told: Told, held: Iterable[PurseTold], *, issued: int, on_its_way: int = 0
) -> list[Finding]:
    """Find value that was made or lost, and shops' purses that are not what the journals say.

    `issued` is what all purses together were given; `on_its_way` is what has left a purse and both
    of two purses would give up together.
    """
    rows = list(held)
    total = sum(row.balance for row in rows)
    findings = []
    if total + on_its_way != issued:
        what = f"{issued:,} were issued; the purses hold {total:,}, {on_its_way:,} are on their way"
        findings.append(
            Finding(
                auditor="purses",
                where="all purses",
                what=what,
                money=f"{abs(issued - total - on_its_way):,} "
                + ("are nowhere" if issued > total + on_its_way else "came from nowhere"),
            )
        )
    received = _received(told)
    for row in rows:
        if row.shop and row.balance != received.get(row.name, 0):
            findings.append(
                Finding(
                    auditor="purses",
                    where=f"shop's purse {row.name.hex()}",
                    what=f"the journals say it received {received.get(row.name, 0):,}",
                    money=f"{row.balance:,} are on the card",
                )
            )
    return findings


def uploads(terminal: str, own: Sequence[bytes], stored: Sequence[bytes]) -> list[Finding]:
    """Find records that the broker has not, has otherwise, or has more often than once."""
    if list(own) == list(stored):
        return []
    same = next(
        (n for n, (a, b) in enumerate(zip(own, stored, strict=False)) if a != b),
        min(len(own), len(stored)),
    )
    return [
        Finding(
            auditor="uploads",
            where=f"terminal {terminal}, record {same + 1}",
            what=f"the terminal has {len(own)} records, the broker {len(stored)}; they part here",
            money="as the terminal's journal says",
        )
    ]


def payments(told: Told, rows: Iterable[PaymentRow]) -> list[Finding]:
    """Find attempts of which broker and terminal say different things, and sales paid too much."""
    known = {row.key: row for row in rows}
    findings = []
    late = told.late()
    for key, attempt in told.attempts.items():
        row = known.get(key)
        if attempt.gives_back:
            if row is not None:
                findings.append(_payment(key, "pays for nothing, and the broker has it as paid"))
        elif row is None:
            if attempt.value:
                what = f"paid {attempt.value:,}; the broker never heard of it"
                findings.append(_payment(key, what))
        elif attempt.order not in told.sales:
            continue  # The sale is open: the broker has the money as promised, not as paid.
        elif row.paid != attempt.value:
            findings.append(_payment(key, f"paid {attempt.value:,}; the broker says {row.paid:,}"))
        elif key in late and row.state_class != _late_class(told, key):
            what = f"stands in no sale, and the broker has it as {row.state_class}"
            findings.append(_payment(key, what))
        elif attempt.value and key not in late and row.state_class == "owed":
            findings.append(_payment(key, "stands in its sale, and the broker owes it back"))
    for key in sorted(known.keys() - told.attempts.keys()):
        findings.append(_payment(key, f"is {known[key].state}, and no terminal knows it"))
    held: dict[str, int] = {}
    for row in known.values():
        if row.state_class == "settled":
            held[row.order_key] = held.get(row.order_key, 0) + row.paid
    for order, amount in sorted(held.items()):
        total = told.sales[order].total if order in told.sales else 0
        if amount > total:
            what = f"costs {total:,} and holds {amount:,} at the broker"
            money = "settled for this sale; the rest is the customer's"
            findings.append(
                Finding(auditor="payments", where=f"sale {order}", what=what, money=money)
            )
    return findings


def questions(told: Told, rows: Iterable[QuestionRow], also: Collection[str] = ()) -> list[Finding]:
    """Find what the broker asks without a reason, and late money of which it does not ask.

    `also` are codes for which the story itself gives a reason.
    """
    asked = [row for row in rows if row.code not in also]
    late = told.late()
    late_asked = [row.about for row in asked if row.code == _LATE]
    findings = [
        Finding(
            auditor="questions",
            where=f"record {row.sequence} of terminal {row.terminal}",
            what=f"{row.code} is asked of it: {row.sentence_en}",
            money="as the question says",
        )
        for row in asked
        if row.code != _LATE or row.about not in late
    ]
    findings += [
        _payment(key, f"paid {late[key]:,} too late; asked of {late_asked.count(key)} times")
        for key in sorted(late)
        if late_asked.count(key) != 1
    ]
    return findings


def ledger(
    told: Told, balances: Mapping[str, int], *, issued: int, shops: Iterable[PurseTold] = ()
) -> list[Finding]:
    """Find accounts that are not what journals and purses say.

    `balances` are debits less credits by account, of one currency, once everything was uploaded.
    `issued` is the e-cash outside the issuer's own purses.
    """
    sold = sum(sale.total for sale in told.sales.values())
    owed = sum(
        value - told.repaid.get(key, 0)
        for key, value in told.late().items()
        if told.attempts[key].method != CASH
    )
    expected = {
        "all of sales, returns and tax": (
            _sum(balances, ("sales/", "returns/", "tax/")),
            told.refunded - sold,
        ),
        "customer-credit": (_sum(balances, ("customer-credit/",)), -owed),
        "suspense": (_sum(balances, ("suspense/",)), 0),
        "clearing": (_sum(balances, ("clearing/",)), 0),
        "safe": (_sum(balances, ("safe/",)), told.safe),
        "float-issued": (balances.get("float-issued", 0), -issued),
    }
    tills = {name: amount for name, amount in balances.items() if name.startswith("till/")}
    for terminal, amount in told.drawers.items():
        there = sum(held for name, held in tills.items() if name.endswith(f"/{terminal}"))
        expected[f"till {terminal}"] = (there, amount)
    for purse in shops:
        name = f"purse/merchant/{purse.name.hex()}"
        expected[name] = (balances.get(name, 0), purse.balance)
    return [
        Finding(
            auditor="ledger",
            where=name,
            what=f"the broker has {there:,}; journals and purses make {here:,}",
            money="as the journals and purses say; the broker's books are wrong or behind",
        )
        for name, (there, here) in expected.items()
        if there != here
    ]


def points(told: Told, reader: Reader, currency: str = "KRW") -> list[Finding]:
    """Find members whose points are not what journals and office say, and points held for no sale.

    Once everything was uploaded and no sale is open.
    """
    office = dict(
        reader.ask(
            "SELECT CASE WHEN c.name LIKE 'points%' THEN c.name ELSE d.name END,"
            " sum(CASE WHEN c.name LIKE 'points%' THEN t.amount ELSE -t.amount END)"
            " FROM transfer AS t JOIN account AS d ON d.id = t.debit"
            " JOIN account AS c ON c.id = t.credit"
            " WHERE t.memo = 'points-adjust' AND t.currency = ? GROUP BY 1",
            (currency,),
        )
    )
    accounts = {
        row.name: (row.credits_posted - row.debits_posted, row.debits_held)
        for row in reader.accounts()
        if row.currency == currency and row.name.startswith(("points/", "points-owed/"))
    }
    members = {name.partition("/")[2] for name in accounts} | told.points.keys()
    findings = []
    for member in sorted(members):
        names = (f"points/{member}", f"points-owed/{member}")
        there = sum(accounts.get(name, (0, 0))[0] for name in names)
        held = sum(accounts.get(name, (0, 0))[1] for name in names)
        here = told.points.get(member, 0) + sum(int(office.get(name, 0)) for name in names)
        what = f"the broker has {there:,}; journals and office make {here:,}; {held:,} are held"
        if there != here or held:
            money = "as the journals and the office say"
            findings.append(
                Finding(auditor="points", where=f"member {member}", what=what, money=money)
            )
    return findings


def banks(
    told: Told, reader: Reader, *, shop: int, objections: Iterable[str], currency: str = "KRW"
) -> list[Finding]:
    """Find where till, broker and banks part, once everything was uploaded and no sale is open.

    `shop` is what all banks have for the shop, `objections` are of their own books.
    """
    money = f"the banks have {shop:,} for the shop"
    findings = [_bank("the banks' books", each, money) for each in objections]
    rows = reader.ask("SELECT key, operation, state, amount FROM bank_exchange ORDER BY id")
    asked = 0
    for key, operation, state, amount in rows:
        if state not in ("approved", "declined", "reversed"):
            findings.append(
                _bank(f"exchange {key}", f"{operation} of {amount:,} is {state}", money)
            )
        elif state == "approved" and operation in _BANKED:
            asked += _BANKED[operation] * amount
    if asked != shop:
        findings.append(_bank("all exchanges", f"the broker was told of {asked:,}", money))
    booked = _sum(balances_of(reader, currency), ("receivable/acquirer/",))
    if booked != shop:
        findings.append(_bank("receivable/acquirer", f"the ledger says {booked:,}", money))
    attempts = [each for each in told.attempts.values() if each.method in BANKED]
    journalled = sum(-each.value if each.gives_back else each.value for each in attempts)
    if journalled != shop:
        findings.append(_bank("all journals", f"the terminals say {journalled:,}", money))
    return findings


def terminal(
    told: Told,
    reader: Reader,
    *,
    store: str,
    terminal: str,
    net: int,
    texts: Iterable[str],
    currency: str = "KRW",
) -> list[Finding]:
    """Find where tills, their payment terminals and the broker part; `terminal` names the tills, one or more.

    `net` is what the terminals have taken less what they gave back, `texts` stand on their payments: each is
    of one attempt (protocols.zvt.attempt).
    """
    money = f"the payment terminal has {net:,}"
    attempts = [each for each in told.attempts.values() if each.method == TERMINAL]
    journalled = sum(-each.value if each.gives_back else each.value for each in attempts)
    findings = []
    if journalled != net:
        findings.append(_terminal(terminal, f"the till's journal says {journalled:,}", money))
    booked = balances_of(reader, currency).get(f"receivable/{TERMINAL}/{store}", 0)
    if booked != net:
        findings.append(_terminal(terminal, f"the ledger says {booked:,}", money))
    for text, count in Counter(texts).items():
        if text and count > 1:
            findings.append(_terminal(terminal, f"{text} was paid {count} times", money))
    return findings


def acquirer(terminal: str, *, net: int, shop: int, objections: Iterable[str]) -> list[Finding]:
    """Find where a payment terminal and the bank that it dials part: `shop` is what that has for its merchant."""
    money = f"the terminal's bank has {shop:,}"
    findings = [_terminal(terminal, each, money) for each in objections]
    if shop != net:
        findings.append(_terminal(terminal, f"the payment terminal has {net:,}", money))
    return findings


def _terminal(where: str, what: str, money: str) -> Finding:
    return Finding(auditor="terminal", where=f"till {where}", what=what, money=money)


def shadows(held: Iterable[PurseTold], known: Iterable[Shadow]) -> list[Finding]:
    """Find purses of which the issuer knows something else, once everything was uploaded."""
    pockets = {pocket.name: pocket.balance for pocket in known}
    return [
        Finding(
            auditor="shadows",
            where=f"purse {purse.name.hex()}",
            what=f"the issuer thinks that it holds {pockets.get(purse.name.hex(), 0):,}",
            money=f"{purse.balance:,} are on the card",
        )
        for purse in held
        if purse.balance != pockets.get(purse.name.hex(), 0)
    ]


def broker(reader: Reader, prover: Prover | None) -> list[Finding]:
    """Run the broker's own auditors."""
    audits = (
        audit_chains(reader),
        audit_seals(reader),
        audit_ledger(reader),
        audit_signatures(reader),
        audit_float(reader, prover),
    )
    return [
        Finding(
            auditor=f"broker {audit.name}",
            where=found.where,
            what=found.what,
            money=_MONEY_OF_BROKER,
        )
        for audit in audits
        for found in audit.findings
    ]


def balances_of(reader: Reader, currency: str = "KRW") -> dict[str, int]:
    """Return debits less credits of every account of a currency."""
    return {
        row.name: row.debits_posted - row.credits_posted
        for row in reader.accounts()
        if row.currency == currency
    }


def _late_class(told: Told, key: str) -> str:
    """Return what late money is to the broker: nobody's sale, until it went back."""
    attempt = told.attempts[key]
    if attempt.method == CASH:
        return "void"
    if key in told.voided:
        # In the books it was given back; what proved not to have gone is the customer's credit.
        return "refunded"
    return "refunded" if told.repaid.get(key, 0) == attempt.value else "owed"


def _received(told: Told) -> dict[bytes, int]:
    received: dict[bytes, int] = {}
    for encoded in told.moved:
        details = decode_details(encoded)
        received[details.payee] = received.get(details.payee, 0) + details.value
        received[details.payer] = received.get(details.payer, 0) - details.value
    return received


def _sum(balances: Mapping[str, int], prefixes: tuple[str, ...]) -> int:
    return sum(amount for name, amount in balances.items() if name.startswith(prefixes))


def _paper(order: str, what: str, money: str) -> Finding:
    return Finding(auditor="receipts", where=f"receipt of {order}", what=what, money=money)


def totals(day: Told, settled: Iterable[BankTotals]) -> list[Finding]:
    """Find where the totals of a day's end part: the tills' Zs, the broker's books, the banks' settlements.

    Once every shift of the day is closed and everything was uploaded; what came too late for its sale is in no Z.
    """
    findings, banked = [], 0
    for each in settled:
        ours, theirs = each.ours, each.theirs
        money = f"the bank has {each.net:,} more for the shop than when it settled last"
        if not each.agreed or ours != theirs:
            what = f"the broker's totals are {ours}, the bank's {theirs}"
            findings.append(_totals(f"settlement with {each.bank}", what, money))
        banked += each.net
    late = sum(
        value - day.repaid.get(key, 0)
        for key, value in day.late().items()
        if day.attempts[key].method in BANKED
    )
    zs = sum(day.z[method] for method in BANKED)
    if zs + late != banked:
        what = f"they say {zs:,}, and {late:,} are owed to customers; the banks settled {banked:,}"
        findings.append(_totals("the tills' Zs", what, "at the banks, as they settled"))
    return findings


def _totals(where: str, what: str, money: str) -> Finding:
    return Finding(auditor="totals", where=where, what=what, money=money)


def _bank(where: str, what: str, money: str) -> Finding:
    return Finding(auditor="banks", where=where, what=what, money=money)


def _payment(key: str, what: str) -> Finding:
    return Finding(
        auditor="payments",
        where=f"attempt {key}",
        what=what,
        money="as the terminal's journal says; nothing is taken again",
    )
