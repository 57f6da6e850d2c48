"""What the operator may have done as the issuer of e-cash: deeds as values, and doing them.

Handed to the running broker like every deed of the office (ips.office), or done under the lock. A
command for a card comes back as its APDU in hexadecimal: whoever has the card at a reader sends it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar, assert_never

import msgspec

from ips.booking_purse import FLOAT, RESERVE, Holder, holder, shop_purse
from ips.ledger import Transfer
from ips.purse import claims, orders, records
from ips.purse.certify import Wishes, certify, odd, today
from ips.store.group import Group
from protocols.facts import PurseClaimed
from protocols.malformed import MALFORMED
from protocols.money import CURRENCIES
from protocols.purse.details import Certificate, decode_certificate
from protocols.purse.image import Parameters
from protocols.purse.issuing import HOTLIST_MAX, NONCE_BYTES, Issuer
from protocols.purse.personalising import PersonalisingError, open_request, sign_terms
from protocols.purse.proof import ProofError

if TYPE_CHECKING:
    from ips.broker import Broker

Answer_co = TypeVar("Answer_co", covariant=True)
VALUE_MAX: Final = 0xFFFF_FFFF


class PurseIssuer(msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="purse.issuer"):
    """Make the issuer's key where there is none, and show its public part."""

    actor: str


class PurseAdd(msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="purse.add"):
    """Enter a purse that was made under this issuer's key."""

    certificate: bytes
    first: dict[str, int] = {}
    """What it held as it left, minor units by currency: value created, so it is owed from now on."""
    actor: str


class PurseCertify(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="purse.certify"
):
    """Make a purse of a key that its holder has made, and enter it."""

    request: bytes
    wishes: Wishes = Wishes()
    actor: str


class ClaimOrder(msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="purse.order"):
    """Make a CLAIM for a purse."""

    name: str
    actor: str


class ClaimPresent(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="purse.present"
):
    """Archive a frozen log; `claim` is MessagePack of purse.claimed."""

    claim: bytes
    actor: str


class ClaimPay(msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="purse.pay"):
    """Pay a loss back that both purses have claimed."""

    details: bytes
    into: str
    """Which purse a teller loads with it, or how else it is given: kept."""
    actor: str


class ClaimClear(msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="purse.clear"):
    """Make the CLEAR for the log that a purse claimed last."""

    name: str
    actor: str


class PurseHotlist(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="purse.hotlist"
):
    """Stop a purse, or let it be used again."""

    name: str
    stop: bool
    reason: str = ""
    actor: str


class PurseUpdate(msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="purse.update"):
    """Make the UPDATE that sets a purse's limits and tells it the hotlist."""

    name: str
    day: int
    """YYYYMMDD."""
    transfer_max: int = VALUE_MAX
    offline_count_max: int = VALUE_MAX
    offline_value_max: int = VALUE_MAX
    pin_above: int = VALUE_MAX
    actor: str


PurseDeed = (
    PurseIssuer
    | PurseAdd
    | PurseCertify
    | ClaimOrder
    | ClaimPresent
    | ClaimPay
    | ClaimClear
    | PurseHotlist
    | PurseUpdate
)


class PurseKnown(msgspec.Struct, frozen=True, kw_only=True, tag_field="done", tag="purse"):
    """What is true of a purse, or of the issuer, now."""

    name: str
    state: str


class CardCommand(msgspec.Struct, frozen=True, kw_only=True, tag_field="done", tag="command"):
    """A command for one card, to be sent where it is at a reader."""

    name: str
    apdu: str
    """Hexadecimal."""
    nonce: str = ""
    """Of a CLAIM: the answer is presented with it."""


class PurseMade(msgspec.Struct, frozen=True, kw_only=True, tag_field="done", tag="made"):
    """A purse that is certified and entered."""

    name: str
    answer: str
    """Hexadecimal; whoever made the key installs it."""


class ClaimTaken(msgspec.Struct, frozen=True, kw_only=True, tag_field="done", tag="claim"):
    """A log that is archived."""

    name: str
    entries: list[str]
    ready: list[str]
    """Of these both purses are here: they can be paid."""


class PurseNot(msgspec.Struct, frozen=True, kw_only=True, tag_field="done", tag="purse_not"):
    """Nothing changed."""

    reason: str
    hint: str = ""


PurseDone = PurseKnown | PurseMade | CardCommand | ClaimTaken | PurseNot
_CLAIM: Final = msgspec.msgpack.Decoder(PurseClaimed)
_NO_KEY: Final = PurseNot(
    reason="this broker has no issuer key", hint="`ips-broker purse issuer` makes one"
)


@dataclass(frozen=True, slots=True)
class _Work(Generic[Answer_co]):
    """A deed on its way through the writer."""

    decide: Callable[[Group], Answer_co]

    @property
    def size(self) -> int:
        """Return the bytes that it holds while it waits."""
        return 4_096

    @property
    def is_batch(self) -> bool:
        """Before batches."""
        return False

    def apply(self, group: Group) -> Answer_co:
        """Do it in the group."""
        return self.decide(group)


async def perform_purse(broker: "Broker", deed: PurseDeed) -> PurseDone:
    """Do it; what is answered is durable. Raises: BusyError, PoisonError, StoreError."""
    if isinstance(deed, PurseIssuer):
        made = broker.keys.make_purse_issuer(clock=broker.clock, entropy=broker.entropy)
        broker.know_issuer()
        return PurseKnown(name=made.public.hex(), state=f"issuer key {made.key_id}")
    issuer = broker.keys.purse_issuer()
    if issuer is None:
        return _NO_KEY
    nonce = broker.entropy.token(NONCE_BYTES)

    def decide(group: Group) -> PurseDone:
        return _decide(group, broker, deed, issuer, nonce)

    return await broker.writer.run(_Work(decide))


def _decide(
    group: Group, broker: "Broker", deed: PurseDeed, issuer: Issuer, nonce: bytes
) -> PurseDone:
    match deed:
        case PurseAdd():
            assert broker.prover is not None, "who has the key can check under it"
            try:
                certificate = broker.prover.certificate(deed.certificate)
            except ProofError as error:
                return PurseNot(reason=str(error))
            return _add(group, deed, certificate)
        case PurseCertify():
            return _certify(group, deed, issuer)
        case ClaimOrder(name=name):
            group.changes.own.append(records.order_claim(nonce, name, group.now_ns))
            group.remember(deed.actor, "purse.order", name, before="", after=nonce.hex())
            apdu = issuer.claim(bytes.fromhex(name), nonce)
            orders.order(group, name, "claim", apdu, nonce=nonce)
            return CardCommand(name=name, apdu=apdu.hex(), nonce=nonce.hex())
        case ClaimPresent(claim=claim):
            return _present(group, broker, claim)
        case ClaimPay(details=details, into=into):
            reason = claims.pay(group, details, into=into, by=deed.actor)
            if reason:
                return PurseNot(reason=reason)
            return PurseKnown(name=details.hex(), state=f"paid back into {into}")
        case ClaimClear(name=name):
            image = records.claimed_image(group.store, name)
            if image is None:
                return PurseNot(reason=f"purse {name} has claimed nothing")
            group.remember(deed.actor, "purse.clear", name, before=image.hex(), after="")
            apdu = issuer.clear(bytes.fromhex(name), image)
            orders.order(group, name, "clear", apdu)
            return CardCommand(name=name, apdu=apdu.hex())
        case PurseHotlist():
            return _hotlist(group, deed, issuer)
        case PurseUpdate():
            return _update(group, deed, issuer)
        case PurseIssuer():
            raise AssertionError("the key is made before the writer is asked")
        case _:
            assert_never(deed)


def _add(group: Group, deed: PurseAdd, certificate: Certificate) -> PurseDone:
    name = certificate.name.hex()
    known = records.purse(group.store, name)
    if known is not None and known.made_ns:
        return PurseNot(reason=f"purse {name} was entered before; a name is given once")
    odd = [code for code, value in deed.first.items() if not 0 < value <= VALUE_MAX]
    odd += [code for code in deed.first if code not in CURRENCIES]
    if odd:
        return PurseNot(reason=f"a first value of {deed.first[odd[0]]} {odd[0]} cannot be")
    group.changes.own.append(
        records.make(certificate.name, certificate.purse_class, deed.certificate, group.now_ns)
    )
    group.remember(deed.actor, "purse.add", name, before="", after=str(deed.first))
    whose = holder(certificate.purse_class)
    transfers = []
    for code, value in sorted(deed.first.items()):
        group.changes.own.append(records.first_value(certificate.name, code, value))
        asset = shop_purse(certificate.name) if whose is Holder.SHOP else RESERVE
        if whose is not Holder.ISSUER:
            issued = Transfer(debit=asset, credit=FLOAT, amount=value, currency=code, memo="issue")
            transfers.append(issued)
    if transfers:
        group.book(f"purse-first/{name}", transfers)
    return PurseKnown(name=name, state="entered")


def _certify(group: Group, deed: PurseCertify, issuer: Issuer) -> PurseDone:
    """Certify and enter; the same request again, for the same purse, is answered again."""
    day = today(group.now_ns)
    if reason := odd(deed.wishes, day):
        return PurseNot(reason=reason)
    try:
        card_key = open_request(deed.request, issuer.suite)
    except PersonalisingError as error:
        return PurseNot(reason=str(error))
    wishes, code = deed.wishes, deed.wishes.currency
    stopped = tuple(_stopped(group, ""))
    terms = certify(issuer, wishes, card_key, day=day, stopped=stopped)
    for row in records.purses(group.store):
        if row.name != terms.name.hex() and _key_of(row) == card_key:
            return PurseNot(reason=f"this key is purse {row.name} already: it was made otherwise")
    known = records.purse(group.store, terms.name.hex())
    if known is not None and known.made_ns:
        made = today(known.made_ns)
        terms = certify(issuer, wishes, card_key, day=made, stopped=stopped)
        first = {code: wishes.first} if wishes.first else {}
        same = known.certificate == terms.certificate
        if not same or records.first_values(group.store, known.name) != first:
            return PurseNot(reason=f"purse {known.name} was made before, and otherwise")
    else:
        values = {code: wishes.first} if wishes.first else {}
        add = PurseAdd(certificate=terms.certificate, first=values, actor=deed.actor)
        entered = _add(group, add, decode_certificate(terms.certificate))
        if isinstance(entered, PurseNot):
            return entered
    return PurseMade(name=terms.name.hex(), answer=sign_terms(issuer, terms).hex())


def _key_of(row: records.PurseRow) -> bytes:
    return decode_certificate(row.certificate).public_key if row.certificate else b""


def _stopped(group: Group, but: str) -> list[bytes]:
    """Return who is stopped, the latest first, as many as an UPDATE surely holds."""
    rows = sorted(records.purses(group.store), key=lambda row: -row.hotlisted_ns)
    names = [bytes.fromhex(row.name) for row in rows if row.hotlisted_ns and row.name != but]
    return names[:HOTLIST_MAX]


def _present(group: Group, broker: "Broker", claim: bytes) -> PurseDone:
    try:
        fact = _CLAIM.decode(claim)
    except MALFORMED as error:
        return PurseNot(reason=f"this is no claim: {error}")
    taken = claims.present(group, broker.prover, fact)
    if isinstance(taken, claims.Unfit):
        return PurseNot(reason=f"purse {taken.name}: {taken.reason}")
    return ClaimTaken(
        name=taken.log.name.hex(),
        entries=[entry.hex() for entry in taken.log.entries],
        ready=[entry.hex() for entry in taken.ready],
    )


def _hotlist(group: Group, deed: PurseHotlist, issuer: Issuer) -> PurseDone:
    """Stop a purse or take it back, and let every purse that takes money hear of it."""
    known = records.purse(group.store, deed.name)
    if known is None:
        return PurseNot(reason=f"there is no purse {deed.name} here")
    at_ns = group.now_ns if deed.stop else 0
    group.changes.own.append(records.hotlist(deed.name, deed.reason, at_ns))
    before = known.reason if known.hotlisted_ns else "in use"
    after = deed.reason if deed.stop else "in use"
    group.remember(deed.actor, "purse.hotlist", deed.name, before=before, after=after)
    group.flush()
    told = [
        row
        for row in records.purses(group.store)
        if row.made_ns and _takes_money(row) and row.name != deed.name
    ]
    for row in told:
        _tell(group, row, issuer, orders.limits_of(group.store, row.name), today(group.now_ns))
    state = "stopped" if deed.stop else "in use"
    return PurseKnown(
        name=deed.name, state=f"{state}; {len(told)} purses that take money will hear"
    )


def _takes_money(row: records.PurseRow) -> bool:
    return holder(row.purse_class) is not Holder.CUSTOMER


def _tell(
    group: Group, row: records.PurseRow, issuer: Issuer, limits: Parameters, day: int
) -> tuple[int, bytes]:
    """Make the next UPDATE of a purse, with the hotlist as it is now; return (number, APDU)."""
    sequence = row.update_sequence + 1
    hotlist = tuple(_stopped(group, row.name))
    parameters = msgspec.structs.replace(limits, hotlist=hotlist)
    apdu = issuer.update(bytes.fromhex(row.name), sequence, day, parameters)
    group.changes.own.append(records.updated(row.name, sequence))
    orders.order(group, row.name, "update", apdu, limits=limits)
    return sequence, apdu


def _update(group: Group, deed: PurseUpdate, issuer: Issuer) -> PurseDone:
    known = records.purse(group.store, deed.name)
    if known is None:
        return PurseNot(reason=f"there is no purse {deed.name} here")
    limits = Parameters(
        transfer_max=deed.transfer_max,
        offline_count_max=deed.offline_count_max,
        offline_value_max=deed.offline_value_max,
        pin_above=deed.pin_above,
    )
    sequence, apdu = _tell(group, known, issuer, limits, deed.day)
    group.remember(deed.actor, "purse.update", deed.name, before="", after=f"no. {sequence}")
    return CardCommand(name=deed.name, apdu=apdu.hex())
