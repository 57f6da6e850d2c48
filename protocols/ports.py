"""What parts expect of each other: agreements of one to four methods.

Whoever needs time, randomness, a link or a card is handed one of these; nobody asks the operating
system but each program's host file. So a world of many programs runs from one seed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from protocols.address import Address

NANOSECONDS_PER_SECOND = 1_000_000_000

LINK_PENDING_BYTES_MAX = 4 * 1024 * 1024
"""A link that would have to keep more unsent bytes than this is lost: the device takes none."""


class Clock(Protocol):
    """Tells the time; two readings, because only one of them can be set back."""

    def now_ns(self) -> int:
        """Return UTC in nanoseconds since 1970; may jump when somebody sets the clock."""
        ...

    def monotonic_ns(self) -> int:
        """Return nanoseconds since some fixed start; never goes back. Deadlines are of this kind."""
        ...


class Entropy(Protocol):
    """Gives random bytes: from the operating system in a program, from the seed in a world."""

    def token(self, size: int) -> bytes:
        """Return `size` bytes, fit for keys and one-time codes."""
        ...


class FaultPoints(Protocol):
    """Named places where a test may stop or kill the program; in production nothing happens."""

    def reach(self, point: str) -> None:
        """Say that the program is at this point. May not return: the process may be gone."""
        ...


@runtime_checkable
class ByteLink(Protocol):
    """An open byte stream to a device: pty, serial line, TCP, RFC 2217 or memory.

    Bytes arrive by callback on the event loop; a link never blocks and never raises while it lives.
    When it ends, for whatever reason, `lost` is called once with a sentence that says why.
    """

    def write(self, data: bytes) -> None:
        """Queue bytes to be sent. Bytes written after the link is lost are dropped.

        With more than LINK_PENDING_BYTES_MAX unsent the link is lost, a little later.
        """
        ...

    def pending(self) -> int:
        """Return how many written bytes have not left yet."""
        ...

    def close(self) -> None:
        """Close at once; `lost` is not called for it."""
        ...

    def attach(self, received: Callable[[bytes], None], lost: Callable[[str], None]) -> None:
        """Say who receives bytes and who hears of the end; called once, straight after opening."""
        ...


class Bus(Protocol):
    """Opens one kind of address, such as serial:// or tcp://."""

    async def open(self, address: Address, *, deadline_ns: int) -> ByteLink:
        """Open before the monotonic deadline. Raises: LinkDownError, and
        AddressError (protocols.address) for an option this bus does not have."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPresent:
    """A card is in the slot."""

    insertion: int
    """Another number for every time a card comes in: two that differ may be two cards."""
    atr: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CardAbsent:
    """No card is in the slot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardMute:
    """A card is in the slot and does not answer: the wrong way round, or broken."""

    insertion: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotDown:
    """The reader itself cannot be reached; whether a card is in it is not known."""

    ko: str
    """What happened and what to do, in a sentence."""
    en: str


SlotState = CardPresent | CardAbsent | CardMute | SlotDown


@runtime_checkable
class CardChannel(Protocol):
    """One card from power-on until the first thing that goes wrong; never longer.

    The first lost answer ends the channel: the card may have obeyed or not, and what is in the slot
    now may be another card. Whoever goes on opens a new channel and identifies the card anew.
    """

    @property
    def insertion(self) -> int:
        """Which insertion this is: as in CardPresent."""
        ...

    @property
    def atr(self) -> bytes:
        """What the card said at power-on."""
        ...

    @property
    def alive(self) -> bool:
        """Say whether nothing has gone wrong yet."""
        ...

    async def transmit(self, apdu: bytes, *, deadline_ns: int) -> bytes | None:
        """Exchange one command; 61xx and 6Cxx are followed. None: the answer is lost, what the card
        did is not known, and every later command gets None too. Never raises, never tries again."""
        ...

    @property
    def has_keypad(self) -> bool:
        """Say whether its reader takes PINs itself."""
        ...

    async def enter_pin(self, structure: bytes, *, deadline_ns: int) -> bytes | None:
        """Have the reader's own keypad give a PIN to the card (protocols.secure_pin). None as above.

        Only where there is a keypad."""
        ...

    async def close(self) -> None:
        """Take the power from the card; harmless when the channel is dead."""
        ...


@runtime_checkable
class CardSlot(Protocol):
    """A place for one card: a PC/SC reader, or memory. Watched from opening to close."""

    @property
    def state(self) -> SlotState:
        """What is known now."""
        ...

    @property
    def has_keypad(self) -> bool:
        """Say whether the reader takes PINs itself; known once a card was connected."""
        ...

    def watch(self, changed: Callable[[SlotState], None]) -> None:
        """Say who hears of changes, on the event loop; a swap is always heard as absent between."""
        ...

    async def connect(self, *, deadline_ns: int) -> CardChannel:
        """Power the card that is in the slot; a channel still open is dead. Raises: NoCardError."""
        ...

    async def close(self) -> None:
        """End watching and leave the reader."""
        ...


class CardBus(Protocol):
    """Opens one kind of address that cards are reached by, such as pcsc://."""

    async def open_slot(self, address: Address, *, deadline_ns: int, clock: Clock) -> CardSlot:
        """Open a slot. Raises: AddressError for an option that this bus does not have; a reader that
        is not there is a slot whose state says so."""
        ...


class NoCardError(Exception):
    """No card can be powered now. The message says why and what to do; `ko` says so in Korean."""

    def __init__(self, en: str, ko: str) -> None:
        super().__init__(en)
        self.ko = ko


class LinkDownError(Exception):
    """The other end cannot be reached now. The message says which, why, and what to do."""


class Typeface(Protocol):
    """A bitmap font: what a printer has in its ROM, and what a PNG of a receipt is drawn with."""

    def cell(self, character: str) -> tuple[int, int]:
        """Return (width, height) in dots: 12 x 24 for a narrow character, 24 x 24 for Hangul."""
        ...

    def rows(self, character: str) -> tuple[int, ...]:
        """Return the glyph, one integer a dot row, most significant bit leftmost."""
        ...
