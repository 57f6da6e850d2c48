"""What the operator may have done as the collector of ICash: deeds as values, and doing them.

Handed to the running broker like every deed of the office (ips.office), or done under the lock.
Commands for a module come back as APDUs in hexadecimal: whoever has it at a reader sends them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar, assert_never

import msgspec

from ips.icash import collection, records
from ips.store.group import Group
from protocols.icash.details import DETAILS_BYTES, decode_details
from protocols.icash.host import Host
from protocols.icash.keys import MASTERS_BYTES, AesCmac, check_value, decode_masters
from protocols.icash.module import NONCE_BYTES

if TYPE_CHECKING:
    from ips.broker import Broker

Answer_co = TypeVar("Answer_co", covariant=True)


class IcashIssuer(msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="icash.issuer"):
    """Make the issuer's four masters, or take over those of an issuer; where there are none."""

    masters: bytes = b""
    """purchase | load | claim | collection, 16 bytes each; empty: made here."""
    actor: str


class IcashStatement(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="icash.statement"
):
    """Ask a module for its statement."""

    module: str
    open: int = 16
    """How many open purchases are asked for; a module says when it has no more."""
    actor: str


class IcashCollect(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="icash.collect"
):
    """Take in what a module answered, and pay."""

    module: str
    answers: list[bytes]
    actor: str


class IcashClear(msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="icash.clear"):
    """Tell a module to forget its open purchases."""

    module: str
    doubted: bool = False
    """Those too that a terminal is in doubt about: their cards will not come back there."""
    actor: str


class IcashProve(msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="icash.prove"):
    """Bring a proof that was missing."""

    details: bytes
    proof: bytes
    actor: str


class IcashPay(msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="icash.pay"):
    """Pay a card's holder back."""

    details: bytes
    proof: bytes
    holder: str
    """Who, or which card is loaded with it: kept."""
    actor: str


IcashDeed = IcashIssuer | IcashStatement | IcashCollect | IcashClear | IcashProve | IcashPay
DEEDS: Final = (IcashIssuer, IcashStatement, IcashCollect, IcashClear, IcashProve, IcashPay)


class IcashKnown(msgspec.Struct, frozen=True, kw_only=True, tag_field="done", tag="icash"):
    """What is true now."""

    name: str
    state: str


class IcashCommands(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="done", tag="icash_commands"
):
    """Commands for one module, in order."""

    module: str
    apdus: list[str]
    """Hexadecimal."""
    kept: list[str] = []
    """Attempts in doubt whose purchases stay as they are."""


class IcashCollected(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="done", tag="icash_collected"
):
    """What a collection has come to; amounts in minor units, purchases in hexadecimal."""

    module: str
    total: int
    paid_now: int
    paid_before: int
    unreported: int
    open: int
    unproved: list[str]
    refused: list[tuple[str, str]]


class IcashNot(msgspec.Struct, frozen=True, kw_only=True, tag_field="done", tag="icash_not"):
    """Nothing changed."""

    reason: str
    hint: str = ""


IcashDone = IcashKnown | IcashCommands | IcashCollected | IcashNot
_NO_KEYS: Final = IcashNot(
    reason="this broker has no keys of an ICash issuer",
    hint="`ips-broker icash issuer` makes or takes over some",
)


@dataclass(frozen=True, slots=True)
class _Work(Generic[Answer_co]):
    """A deed on its way through the writer."""

    decide: Callable[[Group], Answer_co]

    @property
    def size(self) -> int:
        """Return the bytes that it holds while it waits."""
        return 16_384

    @property
    def is_batch(self) -> bool:
        """Before batches."""
        return False

    def apply(self, group: Group) -> Answer_co:
        """Do it in the group."""
        return self.decide(group)


async def perform_icash(broker: "Broker", deed: IcashDeed) -> IcashDone:
    """Do it; what is answered is durable. Raises: BusyError, PoisonError, StoreError."""
    if isinstance(deed, IcashIssuer):
        return _issuer(broker, deed)
    masters = broker.keys.icash_masters()
    if masters is None:
        return _NO_KEYS
    host = Host(masters, AesCmac())
    nonce = broker.entropy.token(NONCE_BYTES)

    def decide(group: Group) -> IcashDone:
        return _decide(group, host, deed, nonce)

    return await broker.writer.run(_Work(decide))


def _issuer(broker: "Broker", deed: IcashIssuer) -> IcashDone:
    if len(deed.masters) not in (0, MASTERS_BYTES):
        return IcashNot(reason=f"four keys have {MASTERS_BYTES} bytes, not {len(deed.masters)}")
    known = broker.keys.icash_masters()
    if known is None:
        made = decode_masters(deed.masters or broker.entropy.token(MASTERS_BYTES))
        known = broker.keys.keep_icash_masters(made, clock=broker.clock)
    elif deed.masters and decode_masters(deed.masters) != known:
        return IcashNot(reason="this broker has the keys of another issuer, and keeps them")
    checks = " ".join(f"{name} {check_value(key)}" for name, key in known.named())
    return IcashKnown(name="issuer of ICash", state=checks)


def _decide(group: Group, host: Host, deed: IcashDeed, nonce: bytes) -> IcashDone:
    match deed:
        case IcashStatement(module=module, open=most):
            group.changes.own.append(records.ask_for(nonce, module, group.now_ns))
            group.remember(deed.actor, "icash.statement", module, before="", after=nonce.hex())
            apdus = [apdu.hex() for apdu in collection.statement_commands(nonce, most)]
            return IcashCommands(module=module, apdus=apdus)
        case IcashCollect(module=module, answers=answers):
            return _collected(collection.collect(group, host, module, answers, deed.actor))
        case IcashClear(module=module, doubted=doubted):
            ordered = collection.clear(group, host, module, deed.actor, doubted=doubted)
            if isinstance(ordered, collection.Unfit):
                return IcashNot(reason=ordered.reason)
            commands, kept = ordered
            return IcashCommands(module=module, apdus=[apdu.hex() for apdu in commands], kept=kept)
        case IcashProve(details=details, proof=proof):
            unfit = collection.prove(group, host, details, proof, deed.actor)
            return _known(details, "proved", unfit)
        case IcashPay(details=details, proof=proof, holder=holder):
            claim = _claim(details, proof)
            if claim is None:
                return IcashNot(reason="these are no details of a purchase")
            unfit = collection.pay_back(group, host, claim, holder, deed.actor)
            return _known(details, f"paid back to {holder}", unfit)
        case IcashIssuer():
            raise AssertionError("the keys are made before the writer is asked")
        case _:
            assert_never(deed)


def _claim(details: bytes, proof: bytes) -> records.ReportedRow | None:
    if len(details) != DETAILS_BYTES:
        return None
    purchase = decode_details(details)
    code = collection.LETTERS.get(purchase.currency)
    if code is None or not purchase.amount:
        return None
    return records.ReportedRow(details, purchase.amount, code, proof)


def _known(details: bytes, state: str, unfit: collection.Unfit | None) -> IcashDone:
    if unfit is not None:
        return IcashNot(reason=unfit.reason)
    return IcashKnown(name=details.hex(), state=state)


def _collected(result: collection.Collected | collection.Unfit) -> IcashDone:
    if isinstance(result, collection.Unfit):
        return IcashNot(reason=result.reason)
    return IcashCollected(
        module=result.module,
        total=result.total,
        paid_now=result.paid_now,
        paid_before=result.paid_before,
        unreported=result.unreported,
        open=result.open,
        unproved=[td.hex() for td in result.unproved],
        refused=[(td.hex(), why) for td, why in result.refused],
    )
