"""What parts expect of each other: agreements of one to four methods.

Whoever needs time, randomness, a link or a card is handed one of these; nobody asks the operating
system but each program's host file. So a world of many programs runs from one seed.
"""

from collections.abc import Callable
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
