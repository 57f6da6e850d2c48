"""What a purse remembers: the image of its non-volatile memory, as one immutable value.

Two parts. The personality is written once, when the card is made. The image changes with commands,
always as a whole (protocols.purse.memory):

    life 1 | tries 1 | status 1 | sequence u32 | PD 38 | balances 5 x u32
    offline count u32 | offline value u32 | date u32 | update sequence u32
    log count 1 | ( flags 1 | PD 38 ) each
    narrative count u16 | ( kind 1 | PD 38 ) each
    PIN 8 | parameters length u16 | parameters

The payment details stand as zeros while no transfer is in hand, so that equal states are equal bytes.
"""

import struct
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final, NamedTuple

import msgspec

from protocols.purse.details import DETAILS_BYTES, PaymentDetails, decode_details

POCKETS: Final = 5
NO_DETAILS: Final = bytes(DETAILS_BYTES)
FROZEN: Final = 1
"""Flag of a log entry that was claimed at the issuer: it can never complete late."""


class Status(IntEnum):
    """Where a purse stands in a transfer; the names are the Z specification's (PRG-126 ch. 4)."""

    EAFROM = 0
    """Expecting any payer: idle."""
    EATO = 1
    """Idle after having been credited; the details are kept for a repeated ACK."""
    EPR = 2
    """Payer, expecting the REQ."""
    EPV = 3
    """Payee, expecting the VAL."""
    EPA = 4
    """Payer, expecting the ACK: the value has left."""


class Life(IntEnum):
    """Of the application (ISO 7816-9: activated or deactivated)."""

    ACTIVE = 1
    LOCKED = 2
    """Can receive, cannot pay, until the holder's PIN unlocks it."""


class Flow(Enum):
    """Which protocol a purse speaks; fixed at personalisation."""

    OFFER = "offer"
    """The payer offers first, under its signature: a bare reader cannot make log entries."""
    ORIGINAL = "original"
    """The 1998 flow, START to both; kept for comparison."""


class Parameters(msgspec.Struct, frozen=True, array_like=True):
    """What the issuer may change on a card that is out (MessagePack array in the image)."""

    transfer_max: int = 0xFFFF_FFFF
    """Minor units in one transfer, as payer."""
    offline_count_max: int = 0xFFFF_FFFF
    """Payments since the last contact with the issuer."""
    offline_value_max: int = 0xFFFF_FFFF
    matrix: int = 0x1FF_FFFF
    """Bit 5 x payer class + payee class: that pair may transfer."""
    pin_above: int = 0xFFFF_FFFF
    """A payment above this wants the PIN first; 0 always."""
    hotlist: tuple[bytes, ...] = ()
    """Names that nobody may deal with."""

    def allows(self, payer_class: int, payee_class: int) -> bool:
        """Return whether a purse of the one class may pay one of the other."""
        return bool(self.matrix >> (5 * payer_class + payee_class) & 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Personality:
    """What is written once: name, keys, certificate, pockets, and which protocol is spoken."""

    name: bytes
    purse_class: int
    secret: int
    certificate: bytes
    issuer_keys: dict[int, bytes]
    """Key id to compressed public key."""
    currencies: tuple[int, ...]
    """ISO 4217 number of each pocket; 0 is no pocket."""
    ceilings: tuple[int, ...]
    """The most that each pocket may hold."""
    flow: Flow = Flow.OFFER
    late_completion: bool = True
    claims: bool = True
    log_slots: int = 10
    narrative_slots: int = 10
    """0 turns the statement off, as the search does."""
    counting: bool = True
    """Whether offline payments are counted; the search turns it off."""
    tries_max: int = 3


class Image(NamedTuple):
    """The changing memory of a purse."""

    life: int
    tries: int
    status: int
    sequence: int
    """The next sequence number; one counter for both roles."""
    details: bytes
    balances: tuple[int, ...]
    offline_count: int
    offline_value: int
    date: int
    """The latest day the issuer told, YYYYMMDD; a card has no clock."""
    update_sequence: int
    log: tuple[bytes, ...]
    """flags | PD of each unfinished transfer, oldest first."""
    narrative: tuple[bytes, ...]
    """kind | PD of the last transfers, oldest first; kind is the message that ended it here."""
    pin: bytes
    parameters: bytes

    def transfer(self) -> PaymentDetails:
        """Return the transfer in hand."""
        assert self.details != NO_DETAILS, "no transfer is in hand"
        return decode_details(self.details)


_HEAD: Final = struct.Struct(">BBBI38s5IIIIIB")
_ENTRY: Final = 1 + DETAILS_BYTES


def encode_image(image: Image) -> bytes:
    """Return the bytes of an image."""
    head = _HEAD.pack(
        image.life,
        image.tries,
        image.status,
        image.sequence,
        image.details,
        *image.balances,
        image.offline_count,
        image.offline_value,
        image.date,
        image.update_sequence,
        len(image.log),
    )
    return b"".join(
        (
            head,
            *image.log,
            len(image.narrative).to_bytes(2),
            *image.narrative,
            image.pin,
            len(image.parameters).to_bytes(2),
            image.parameters,
        )
    )


def decode_image(data: bytes) -> Image:
    """Decode the bytes of an image that this code wrote."""
    life, tries, status, sequence, details, *rest = _HEAD.unpack_from(data)
    balances = tuple(rest[:POCKETS])
    count, value, date, update, entries = rest[POCKETS:]
    offset = _HEAD.size
    log = _entries(data, offset, entries)
    offset += entries * _ENTRY
    told = int.from_bytes(data[offset : offset + 2])
    narrative = _entries(data, offset + 2, told)
    offset += 2 + told * _ENTRY
    pin = data[offset : offset + 8]
    size = int.from_bytes(data[offset + 8 : offset + 10])
    parameters = data[offset + 10 : offset + 10 + size]
    assert offset + 10 + size == len(data), "an image has no loose bytes"
    return Image(
        life, tries, status, sequence, details, balances, count, value, date, update,
        log, narrative, pin, parameters,
    )  # fmt: skip


def _entries(data: bytes, offset: int, count: int) -> tuple[bytes, ...]:
    return tuple(data[offset + n * _ENTRY : offset + (n + 1) * _ENTRY] for n in range(count))


def first_image(
    *,
    balances: tuple[int, ...] = (0, 0, 0, 0, 0),
    pin: bytes = bytes(8),
    parameters: Parameters | None = None,
    date: int = 0,
    tries: int = 3,
    sequence: int = 0,
) -> Image:
    """Return the image of a purse as it leaves the issuer."""
    assert len(balances) == POCKETS and len(pin) == 8
    return Image(
        Life.ACTIVE, tries, Status.EAFROM, sequence, NO_DETAILS, balances, 0, 0, date, 0,
        (), (), pin, msgspec.msgpack.encode(parameters or Parameters()),
    )  # fmt: skip
