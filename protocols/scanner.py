"""How a serial scanner frames a code: a byte stream in, whole codes out.

    code CR        code LF        code CR LF        code TAB        STX code ETX        (code, silence)

Both ends: `frame` is what the scanner sends, `ScanFramer` is who reads it. The reader needs no setting
but one: any terminator ends a code, and an STX starts one anew. Without a terminator only silence ends a
code (`Ending.SILENCE`); with one, silence in the middle means that the rest is lost, and the torn piece
must never be glued to the next code and sold as something else.

States: OUTSIDE (nothing yet) -> INSIDE (bytes of a code) -> OVERFLOW (too long: skip to the next end).
Source: practice of serial scanners; there is no standard. STX/ETX after ANSI X3.28.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from protocols.barcode import CODE_CHARACTERS_MAX

STX: Final = 0x02
ETX: Final = 0x03
TAB: Final = 0x09
LF: Final = 0x0A
CR: Final = 0x0D
ACK: Final = b"\x06"
NAK: Final = b"\x15"
GS: Final = 0x1D
"""Field separator inside GS1 codes (FNC1): part of a code."""
GAP_MAX_NS: Final = 300_000_000
"""Longest silence inside a code: thirty characters' time at 1,200 baud."""
_ENDS: Final = frozenset({ETX, TAB, LF, CR})


class Ending(Enum):
    """What ends a code on the wire."""

    CR = b"\r"
    LF = b"\n"
    CR_LF = b"\r\n"
    TAB = b"\t"
    STX_ETX = b"\x03"
    SILENCE = b""


@dataclass(frozen=True, slots=True)
class Scanned:
    """One whole code, as sent: an AIM identifier still stands before it."""

    raw: str


@dataclass(frozen=True, slots=True)
class Noise:
    """Bytes that were no code: torn, too long or not text."""

    size: int
    """How many bytes."""
    why: str


ScanEvent = Scanned | Noise


def frame(raw: str, ending: Ending) -> bytes:
    """Return what a scanner sends for a code. The text is Latin-1 without control characters."""
    body = raw.encode("latin-1")
    assert all(byte >= 0x20 or byte == GS for byte in body), "a code has no control characters"
    return (bytes([STX]) if ending is Ending.STX_ETX else b"") + body + ending.value


class ScanFramer:
    """The reading end. Bytes in, codes out; `deadline_ns` is when silence becomes an event."""

    def __init__(self, ending: Ending = Ending.CR) -> None:
        self._ending = ending
        self._body = bytearray()
        self._overflow = 0
        self.deadline_ns: int | None = None
        """Monotonic time at which `tick` has something to say; None when nothing is begun."""

    def receive(self, data: bytes, now_ns: int) -> list[ScanEvent]:
        """Take bytes as they come, in pieces of any size."""
        events = self.tick(now_ns)
        for byte in data:
            events += self._take(byte)
        begun = self._body or self._overflow
        self.deadline_ns = now_ns + GAP_MAX_NS if begun else None
        return events

    def tick(self, now_ns: int) -> list[ScanEvent]:
        """End what has been silent for too long: a code if silence ends codes, otherwise noise."""
        if self.deadline_ns is None or now_ns < self.deadline_ns:
            return []
        self.deadline_ns = None
        if self._ending is Ending.SILENCE or self._overflow:
            return self._end()
        return self._drop("the code stopped in the middle")

    def _take(self, byte: int) -> list[ScanEvent]:
        if byte == STX:
            return self._drop("a new code began in the middle") if self._body else []
        if byte in _ENDS:
            return self._end()
        if len(self._body) >= CODE_CHARACTERS_MAX or self._overflow:
            self._overflow += 1
            return []
        self._body.append(byte)
        return []

    def _end(self) -> list[ScanEvent]:
        if self._overflow:
            return self._drop(f"longer than {CODE_CHARACTERS_MAX} characters")
        body = bytes(self._body)
        if any((byte < 0x20 and byte != GS) or 0x7F <= byte < 0xA0 for byte in body):
            return self._drop("not text: check the baud rate and parity of the scanner")
        self._body.clear()
        # CR LF: the second end finds nothing begun and says nothing.
        return [Scanned(body.decode("latin-1"))] if body else []

    def _drop(self, why: str) -> list[ScanEvent]:
        size = len(self._body) + self._overflow
        self._body.clear()
        self._overflow = 0
        return [Noise(size, why)]
