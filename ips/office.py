"""What the operator may have done to a broker: deeds as values, so that a command can send them.

Beside a running broker the command hands its deed to it over the folder's socket; where none runs
it opens the folder itself, under the lock, and does the same thing in the same way.
"""

from typing import Literal

import msgspec

from ips.broker import Broker
from ips.documents import Publish
from ips.icash.desk import DEEDS as ICASH_DEEDS
from ips.icash.desk import IcashDeed, IcashDone, perform_icash
from ips.members import MemberAdd, MemberAdjust, MemberDeed, MemberDone, MemberStop, perform_member
from ips.purse.desk import PurseDeed, PurseDone, perform_purse
from ips.registry import ModuleError, load
from ips.shelf import ChangeModule
from ips.terminals import AddTerminal, ChangeTerminal, Refused
from protocols.broker import PaymentAnswer, Problem, RefundRequest
from protocols.documents import Policy
from protocols.enrolment import CODE_LIFETIME_NS, make_code, split_code, stretch


class TerminalAdd(msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="terminal.add"):
    """Make a place for a terminal, or a new code for one that is there."""

    terminal: str
    store: str = ""
    """Empty: the store it belongs to, or the only one."""
    actor: str


class TerminalChange(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="terminal.change"
):
    """Suspend, resume or retire a terminal."""

    terminal: str
    state: Literal["active", "suspended", "retired"]
    reason: str
    actor: str


class DocumentPublish(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="document.publish"
):
    """Publish the next version of a document; `body` is checked MessagePack."""

    name: str
    body: bytes
    actor: str


class ModuleChange(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="module.change"
):
    """Activate or deactivate a payment module."""

    module: str
    verb: Literal["activate", "deactivate"]
    actor: str


class RefundAsked(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="refund.request"
):
    """Ask for money back on a payment."""

    key: str
    """Minted by who asks; empty: made from the payment's key and randomness."""
    payment: str
    amount: int
    """0: all that is left."""
    reason: str
    actor: str


class RefundDecided(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="refund.decide"
):
    """Approve or reject a refund that somebody else asked for."""

    key: str
    verb: Literal["approve", "reject"]
    why: str
    actor: str


class BankSettle(msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="bank.settle"):
    """Compare a shop's totals with a bank's."""

    bank: str
    store: str
    currency: str
    actor: str


Deed = (
    TerminalAdd
    | TerminalChange
    | DocumentPublish
    | ModuleChange
    | RefundAsked
    | RefundDecided
    | BankSettle
    | PurseDeed
    | IcashDeed
    | MemberDeed
)


class BankSettled(msgspec.Struct, frozen=True, kw_only=True, tag_field="done", tag="bank_settled"):
    """What both say: eight sums each, in the order of ips.bank.records."""

    agreed: bool
    ours: tuple[int, ...]
    theirs: tuple[int, ...]
    waits: str = ""
    """Why there is no answer yet."""


class CodeMade(msgspec.Struct, frozen=True, kw_only=True, tag_field="done", tag="code"):
    """The code is shown once; it is not kept in clear."""

    terminal: str
    store: str
    code: str
    expires_ns: int


class TerminalChanged(msgspec.Struct, frozen=True, kw_only=True, tag_field="done", tag="terminal"):
    """The terminal as it is now."""

    terminal: str
    state: str


class Published(msgspec.Struct, frozen=True, kw_only=True, tag_field="done", tag="published"):
    """The version that terminals pull now."""

    name: str
    version: int


class NotDone(msgspec.Struct, frozen=True, kw_only=True, tag_field="done", tag="not_done"):
    """Nothing changed."""

    code: str
    reason: str
    hint: str = ""


class ModuleChanged(msgspec.Struct, frozen=True, kw_only=True, tag_field="done", tag="module"):
    """The module as it is now."""

    module: str
    state: str


class RefundNow(msgspec.Struct, frozen=True, kw_only=True, tag_field="done", tag="refund"):
    """The refund as it is now."""

    key: str
    state: str
    amount: int
    reason: str = ""


Done = (
    CodeMade
    | TerminalChanged
    | Published
    | ModuleChanged
    | RefundNow
    | NotDone
    | BankSettled
    | PurseDone
    | IcashDone
    | MemberDone
)


async def perform(broker: Broker, deed: Deed) -> Done:
    """Do it; what is answered is durable. Raises: BusyError, PoisonError, StoreError."""
    if isinstance(deed, ICASH_DEEDS):
        return await perform_icash(broker, deed)
    match deed:
        case BankSettle():
            return await _settle(broker, deed)
        case MemberAdd() | MemberAdjust() | MemberStop():
            return await perform_member(broker, deed)
        case TerminalAdd():
            return await _add(broker, deed)
        case TerminalChange():
            changed = await broker.writer.run(
                ChangeTerminal(
                    terminal=deed.terminal, state=deed.state, reason=deed.reason, actor=deed.actor
                )
            )
            if isinstance(changed, Refused):
                return _not_done(changed)
            return TerminalChanged(terminal=changed.id, state=changed.state)
        case DocumentPublish():
            row = await broker.writer.run(
                Publish(
                    name=deed.name,
                    body=_completed(broker, deed),
                    valid_from_ns=broker.clock.now_ns(),
                    actor=deed.actor,
                    identity=broker.identity,
                )
            )
            return Published(name=row.name, version=row.version)
        case ModuleChange():
            return await _change_module(broker, deed)
        case RefundAsked():
            return await _ask_refund(broker, deed)
        case RefundDecided(key=key, verb="approve"):
            return _refund_now(
                await broker.desk().approve_refund(key, actor=deed.actor, why=deed.why)
            )
        case RefundDecided(key=key):
            return _refund_now(
                await broker.desk().reject_refund(key, actor=deed.actor, why=deed.why)
            )
        case _:
            return await perform_purse(broker, deed)


def _completed(broker: Broker, deed: DocumentPublish) -> bytes:
    """Return a document's body; a policy gets the key that numbers of cash receipts are sealed for."""
    if deed.name != "policy" or not broker.cash_receipt_key:
        return deed.body
    policy = msgspec.msgpack.decode(deed.body, type=Policy)
    if policy.cash_receipt_key:
        return deed.body
    key = broker.cash_receipt_key.hex()
    return msgspec.msgpack.encode(msgspec.structs.replace(policy, cash_receipt_key=key))


async def _change_module(broker: Broker, deed: ModuleChange) -> Done:
    listing = broker.shelf.listings.get(deed.module)
    if listing is None:
        known = ", ".join(broker.shelf.listings)
        return NotDone(code="unknown-module", reason=f"{deed.module!r} is none of {known}")
    if deed.verb == "activate":
        try:
            load(deed.module, broker.shelf.listings)
        except ModuleError as error:
            return NotDone(code="module", reason=str(error))
    work = ChangeModule(listing=listing, active=deed.verb == "activate", actor=deed.actor)
    changed = await broker.writer.run(work)
    if isinstance(changed, Refused):
        return _not_done(changed)
    return ModuleChanged(module=changed.name, state=changed.state)


async def _ask_refund(broker: Broker, deed: RefundAsked) -> Done:
    row = broker.reader.payment(deed.payment)
    if row is None:
        return NotDone(code="unknown-payment", reason=f"there is no payment {deed.payment!r}")
    request = RefundRequest(
        key=deed.key or f"{deed.payment}-r{broker.entropy.token(3).hex()}",
        payment=deed.payment,
        amount=deed.amount or row.paid - row.refunded - row.refund_requested,
        currency=row.currency,
        reason=deed.reason,
        actor=deed.actor,
    )
    return _refund_now(await broker.desk().request_refund(request))


def _refund_now(told: PaymentAnswer | Problem) -> Done:
    if isinstance(told, Problem):
        return NotDone(code=told.error, reason=told.reason, hint=told.hint)
    return RefundNow(key=told.key, state=told.state, amount=told.amount, reason=told.reason)


async def _settle(broker: Broker, deed: BankSettle) -> Done:
    if deed.bank not in broker.banks.lines:
        return NotDone(code="bank", reason=f"this broker has no bank {deed.bank!r}")
    terminal = broker.config.banks[deed.bank].terminal
    told = await broker.banks.settle(deed.bank, deed.store, terminal, deed.currency)
    return BankSettled(agreed=told.agreed, ours=told.ours, theirs=told.theirs, waits=told.waits)


async def _add(broker: Broker, deed: TerminalAdd) -> Done:
    known = broker.reader.terminal(deed.terminal)
    stores = broker.config.stores
    store = deed.store or (known.store if known is not None else "")
    if not store and len(stores) == 1:
        [store] = stores
    if store not in stores:
        return NotDone(
            code="unknown_store",
            reason=f"store {store or '(none named)'} is not one of {', '.join(stores)}",
            hint="name one with --store; stores stand in the configuration under [stores.ID]",
        )
    code = make_code(deed.terminal, broker.entropy.token(5))
    terminal, secret = split_code(code)
    added = await broker.writer.run(
        AddTerminal(
            terminal=deed.terminal,
            store=store,
            code_key=stretch(terminal, secret),
            actor=deed.actor,
            vault=broker.vault,
        )
    )
    if isinstance(added, Refused):
        return _not_done(added)
    expires_ns = broker.clock.now_ns() + CODE_LIFETIME_NS
    return CodeMade(terminal=added.id, store=added.store, code=code, expires_ns=expires_ns)


def _not_done(refused: Refused) -> NotDone:
    return NotDone(code=refused.code, reason=refused.reason, hint=refused.hint)
