"""What a module's statement shows, and who is paid for what because of it.

    collect   statement (ST) and open purchases, verified -> orders to clear that have ended
              -> every purchase that a terminal reported, the card proved and the module has: paid
    clear     orders (SC) for what is open and in doubt at no terminal
    pay_back  a purchase that was cleared and that the module was never credited with: to its holder

Of two statements the later one has the larger number; one that states less than is known is refused.
Source: protocols.icash; EN 1546 (collection) where public.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ips.icash import records
from ips.ledger import Transfer
from ips.store.group import Group
from protocols.icash.attempt import order_reference
from protocols.icash.details import DETAILS_BYTES, decode_details
from protocols.icash.host import Host
from protocols.icash.module import MODULE_AID
from protocols.iso7816 import SW, Command, Response, parse_response
from protocols.money import CURRENCIES

MODULE_VERSION: Final = 1
"""Of the collection keys of modules that were made here."""
BANK: Final = "bank/icash"
"""What the issuer pays for collected purchases."""
STATEMENT_BYTES: Final = 4 + 8 + 1 + 32 + 8
OPEN_MAX: Final = 255
LETTERS: Final = {each.number: each.code for each in CURRENCIES.values()}
"""ISO 4217 letters by number."""
SELECT: Final = Command(0x00, 0xA4, 4, 0, MODULE_AID, 256).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit:
    """It does not hold, and nothing was done; why."""

    reason: str


@dataclass(slots=True, kw_only=True)
class Collected:
    """What a collection has come to; amounts in minor units."""

    module: str
    total: int
    paid_now: int = 0
    paid_before: int = 0
    unproved: list[bytes] = field(default_factory=list)
    """Reported without a proof: the card still has it."""
    refused: list[tuple[bytes, str]] = field(default_factory=list)
    """Reported, and not to be paid; why."""
    open: int = 0
    """How many purchases the module has given up and not settled."""
    unreported: int = 0
    """Of its total: what no terminal has reported yet."""


class CollectorRules:
    """When the collector pays, each rule alone so that a test can break it."""

    def is_genuine(self, host: Host, td: bytes, proof: bytes) -> bool:
        """Return whether the card owns up to the debit."""
        return host.is_debited(decode_details(td), proof)

    def is_unpaid(self, paid: records.PaidRow | None) -> bool:
        """Return whether nobody was paid for it before."""
        return paid is None

    def is_credited(self, td: bytes, opened: set[bytes], cleared: dict[bytes, str]) -> bool:
        """Return whether the module can have it: it is not open, and was not cleared instead."""
        return td not in opened and cleared.get(td, "credited") == "credited"

    def is_within(self, paid: int, amount: int, total: int) -> bool:
        """Return whether a payment stays within what the module has stated."""
        return paid + amount <= total

    def was_never_credited(self, explained: int, total: int) -> bool:
        """Return whether other purchases make up the whole total: what is missing is not in it."""
        return explained == total


def statement_commands(nonce: bytes, most: int) -> list[bytes]:
    """Return what is asked of a module: who it is, its statement, and so many open purchases at most."""
    return [
        SELECT,
        Command(0x90, 0x7A, 0, 0, nonce, 256).encode(),
        *(
            Command(0x90, 0x7C, number, 0, b"", 256).encode()
            for number in range(min(most, OPEN_MAX))
        ),
    ]


def collect(
    group: Group,
    host: Host,
    module: str,
    answers: Sequence[bytes],
    by: str,
    rules: CollectorRules | None = None,
) -> Collected | Unfit:
    """Take a module's answers in, and pay what can be paid. The same answers again pay nothing twice.

    Raises: ConstraintError at the commit for what the schema refuses.
    """
    rules = rules or CollectorRules()
    stated = _statement(group, host, module, answers)
    if isinstance(stated, Unfit):
        return stated
    _end_clears(group, module, stated, rules)
    result = _pay(group, host, module, stated, by, rules)
    group.remember(by, "icash.collect", module, before="", after=f"{result.paid_now} paid")
    return result


def _statement(
    group: Group, host: Host, module: str, answers: Sequence[bytes]
) -> records.StatementRow | Unfit:
    """Verify a statement with its open purchases, and keep it."""
    read = _read(answers)
    if isinstance(read, Unfit):
        return read
    answer, opened = read
    name = bytes.fromhex(module)
    fits = [
        (asked, nonce, found)
        for asked, nonce in records.nonces(group.store, module)
        if (found := host.statement(name, MODULE_VERSION, nonce, answer)) is not None
    ]
    if not fits:
        return Unfit(reason="this statement was not asked for here, or is not of this module")
    [(asked, nonce, (number, total, count, image))] = fits
    joined = b"".join(opened)
    if len(opened) != count or hashlib.sha256(joined).digest() != image:
        read_of = "others" if len(opened) >= count else f"only {len(opened)}"
        return Unfit(reason=f"it states {count} open purchases, and {read_of} were read from it")
    known = records.statement_of(group.store, nonce)
    if known is not None:
        return known
    newest = records.statement(group.store, module)
    if newest is not None and asked < newest.id:
        return Unfit(reason="a newer statement of it is here: ask it anew")
    if newest is not None and (number < newest.number or total < newest.total):
        return Unfit(reason="it states less than before: is it another module under this name?")
    group.changes.own.append(records.state(nonce, module, (number, total, joined), group.now_ns))
    group.flush()
    return records.StatementRow(asked, nonce, number, total, joined, group.now_ns)


def _read(answers: Sequence[bytes]) -> tuple[bytes, list[bytes]] | Unfit:
    """Return the statement and the open purchases among a module's answers."""
    statements, opened = [], []
    for raw in answers:
        response = parse_response(raw)
        match response:
            case None:
                return Unfit(reason=f"{raw.hex()} is no answer of a card")
            case Response(data=data, sw=SW.OK) if len(data) == STATEMENT_BYTES:
                statements.append(data)
            case Response(data=data, sw=SW.OK) if len(data) == DETAILS_BYTES:
                opened.append(data)
            case Response(sw=SW.OK | SW.RECORD_NOT_FOUND):
                continue
            case Response(sw=sw):
                return Unfit(reason=f"the card refused: {sw:04X}")
    if len(statements) != 1:
        return Unfit(reason=f"{len(statements)} statements are among the answers; one is expected")
    return statements[0], opened


def _stands(
    group: Group, module: str, stated: records.StatementRow, rules: CollectorRules
) -> list[records.ReportedRow]:
    """Return the reported purchases that this statement's total can hold."""
    opened, cleared = set(stated.opened()), records.cleared(group.store, module)
    return [
        row
        for row in records.reported(group.store, module)
        if decode_details(row.td).module_number < stated.number
        and rules.is_credited(row.td, opened, cleared)
    ]


def _end_clears(
    group: Group, module: str, stated: records.StatementRow, rules: CollectorRules
) -> None:
    """Find out what became of orders to clear, now that they are open no more.

    Only by a statement that was asked for after the order: in an earlier one a purchase that is not
    open may have been pending.
    """
    opened = set(stated.opened())
    ordered = [
        td for td in records.ordered_before(group.store, module, stated.id) if td not in opened
    ]
    explained = sum(row.amount for row in _stands(group, module, stated, rules))
    for td in ordered:
        row = records.report(group.store, td)
        if row is not None and explained + row.amount <= stated.total:
            # Its receipt had come before the order: the terminal says so, and the total has room for it.
            group.changes.own.append(records.end_clear(td, "credited"))
            explained += row.amount
    group.flush()
    for td in ordered:
        unended = records.cleared_state(group.store, td) == "ordered"
        if unended and rules.was_never_credited(explained, stated.total):
            group.changes.own.append(records.end_clear(td, "confirmed"))
    group.flush()


def _pay(
    group: Group,
    host: Host,
    module: str,
    stated: records.StatementRow,
    by: str,
    rules: CollectorRules,
) -> Collected:
    paid = records.paid(group.store, module)
    standing = _stands(group, module, stated, rules)
    before = sum(row.amount for row in paid.values() if not row.holder)
    result = Collected(
        module=module,
        total=stated.total,
        paid_before=before,
        open=len(stated.opened()),
        unreported=stated.total - sum(row.amount for row in standing),
    )
    sums: dict[str, int] = {}
    for row in standing:
        if not rules.is_unpaid(paid.get(row.td)):
            continue
        details = decode_details(row.td)
        if not row.proof:
            result.unproved.append(row.td)
        elif (row.amount, row.currency) != (details.amount, LETTERS.get(details.currency)):
            result.refused.append((row.td, f"reported as {row.amount:,} {row.currency}"))
        elif not rules.is_genuine(host, row.td, row.proof):
            result.refused.append((row.td, "no card has made this proof"))
        elif not rules.is_within(before + result.paid_now, row.amount, stated.total):
            result.refused.append((row.td, "more than the module has stated"))
        else:
            group.changes.own.append(records.pay_shop(row, stated.nonce, by, group.now_ns))
            result.paid_now += row.amount
            sums[row.currency] = sums.get(row.currency, 0) + row.amount
    _book(group, module, stated.nonce, sums, before)
    group.flush()
    return result


def held_in(module: str) -> str:
    """Return the account of the value in a module (ips/modules/icash.toml, `received`)."""
    return f"purse/icash/{module}"


def _book(group: Group, module: str, nonce: bytes, sums: dict[str, int], before: int) -> None:
    transfers = [
        Transfer(
            debit=BANK,
            credit=held_in(module),
            amount=amount,
            currency=code,
            memo="collect",
        )
        for code, amount in sorted(sums.items())
    ]
    if transfers:
        group.book(f"icash-collect/{nonce.hex()}/{before}", transfers)


def clear(
    group: Group, host: Host, module: str, by: str, *, doubted: bool = False
) -> tuple[list[bytes], list[str]] | Unfit:
    """Order the module to forget its open purchases.

    Returns the commands, none where nothing is to be cleared, and the attempts in doubt whose
    purchases stay, because a terminal may still find out that they are paid; with `doubted` none stays.
    """
    stated = records.statement(group.store, module)
    if stated is None:
        return Unfit(
            reason="this module has stated nothing yet: `ips-broker icash statement` first"
        )
    [(newest, _), *_] = records.nonces(group.store, module)
    waited = [] if doubted else records.doubted_attempts(group.store)
    waiting = {order_reference(key): key for key in waited}
    commands: list[bytes] = []
    kept: list[str] = []
    for td in stated.opened():
        details = decode_details(td)
        if details.reference in waiting:
            kept.append(waiting[details.reference])
            continue
        group.changes.own.append(records.clear(td, module, newest, group.now_ns))
        commands.append(host.clear(details, MODULE_VERSION))
    group.remember(by, "icash.clear", module, before="", after=f"{len(commands)} ordered")
    group.flush()
    return [SELECT, *commands] if commands else [], kept


def prove(group: Group, host: Host, td: bytes, proof: bytes, by: str) -> Unfit | None:
    """Take in a proof that its terminal could not get."""
    row = records.report(group.store, td)
    if row is None:
        return Unfit(reason="no terminal has reported this purchase")
    if row.proof == proof:
        return None
    if row.proof:
        return Unfit(reason="it has a proof already")
    if not host.is_debited(decode_details(td), proof):
        return Unfit(reason="no card has made this proof")
    group.changes.own.append(records.prove(td, proof))
    group.remember(by, "icash.prove", td.hex(), before="", after=proof.hex())
    group.flush()
    return None


def pay_back(
    group: Group, host: Host, claim: records.ReportedRow, holder: str, by: str
) -> Unfit | None:
    """Pay a card's holder back what left his card and reached no module, once.

    Raises: ConstraintError at the commit for what the schema refuses.
    """
    details = decode_details(claim.td)
    if not host.is_debited(details, claim.proof):
        return Unfit(reason="no card has made this proof")
    if claim.td in records.paid(group.store, details.module.hex()):
        return Unfit(reason="it was paid for before")
    match records.cleared_state(group.store, claim.td):
        case "confirmed":
            group.changes.own.append(records.pay_holder(claim, holder, by, group.now_ns))
        case "ordered":
            return Unfit(reason="its module has not stated since that it has not got it: collect")
        case "credited":
            return Unfit(reason="its module has got it: the shop is paid")
        case _:
            return Unfit(reason="its module was never told to forget it: clear, then collect")
    group.remember(by, "icash.pay", claim.td.hex(), before="", after=f"to {holder}")
    group.flush()
    return None
