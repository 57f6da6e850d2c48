"""APDUs: two bytes that say what it is, a length, the data.

CC AP LEN DATA          LEN 00 to FE
CC AP FF lo hi DATA     longer, or written so
"""

from dataclasses import dataclass, field
from typing import Final

HEADER_BYTES: Final = 3
LONG: Final = 0xFF
DATA_BYTES_MAX: Final = 8_192
"""Of one APDU. A text block of a day's receipts has some thousand; more is somebody else's bytes."""
GAP_NS: Final = 5_000_000_000
"""Longest silence inside an APDU on a network."""


class ZvtError(ValueError):
    """These bytes are no ZVT; the message says where, and nothing of a card."""


@dataclass(frozen=True, slots=True)
class Apdu:
    """A command or an answer."""

    control: int
    data: bytes = field(default=b"", repr=False)
    """Not shown: a card's number may be in it."""

    def encode(self) -> bytes:
        """Return it as it is sent."""
        size = len(self.data)
        assert size <= DATA_BYTES_MAX, "an APDU is bounded"
        length = bytes((size,)) if size < LONG else bytes((LONG,)) + size.to_bytes(2, "little")
        return self.control.to_bytes(2) + length + self.data


def measure(data: bytes | bytearray) -> int | None:
    """Return how long the APDU is that begins here; None while that is not known.

    Raises: ZvtError for one that is longer than any of ours.
    """
    if len(data) < HEADER_BYTES:
        return None
    size, begin = data[2], HEADER_BYTES
    if size == LONG:
        if len(data) < HEADER_BYTES + 2:
            return None
        size, begin = int.from_bytes(data[3:5], "little"), HEADER_BYTES + 2
    if size > DATA_BYTES_MAX:
        raise ZvtError(f"an APDU of {size} bytes")
    return begin + size


def decode(data: bytes) -> Apdu:
    """Return the one APDU that these bytes are. Raises: ZvtError."""
    size = measure(data)
    if size != len(data):
        raise ZvtError(f"an APDU of {size} bytes in {len(data)}")
    begin = HEADER_BYTES + (2 if data[2] == LONG else 0)
    return Apdu(int.from_bytes(data[:2]), data[begin:])


class ApduReader:
    """APDUs out of a network's stream; half of one that has stopped is given up."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.deadline_ns: int | None = None
        """When half an APDU is given up; None while none has begun."""
        self.noise_count = 0
        """How often something was given up."""

    def receive(self, data: bytes, now_ns: int) -> list[Apdu]:
        """Take bytes in pieces of any size. Never raises, whatever they are."""
        self.tick(now_ns)
        self._buffer += data
        whole: list[Apdu] = []
        try:
            while (size := measure(self._buffer)) is not None and size <= len(self._buffer):
                whole.append(decode(bytes(self._buffer[:size])))
                del self._buffer[:size]
        except ZvtError:
            self._give_up()
        self.deadline_ns = now_ns + GAP_NS if self._buffer else None
        return whole

    def tick(self, now_ns: int) -> None:
        """Give up what has stopped in the middle."""
        if self.deadline_ns is not None and now_ns >= self.deadline_ns:
            self._give_up()
            self.deadline_ns = None

    def _give_up(self) -> None:
        # What follows cannot be told from data: the next piece begins anew.
        self._buffer.clear()
        self.noise_count += 1
