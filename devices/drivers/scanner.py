"""A serial scanner's driver: whole codes with what their check digits say, repeats marked.

A repeat within the window is marked and handed on, never swallowed: two bottles of the same milk are
two scans, and only the rules of the sale may decide otherwise. Noise is counted; too much of it in a row
means a wrong baud rate, and the health says so.

Source: protocols/scanner, protocols/barcode.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from devices.health import WORKS, Health, warns
from protocols.barcode import Barcode, Check, read_barcode
from protocols.scanner import ACK, NAK, Ending, Noise, ScanEvent, ScanFramer, Scanned

REPEAT_WINDOW_NS: Final = 500_000_000
NOISE_IN_A_ROW_MAX: Final = 3
"""So many pieces of noise without a code between them are a wrong setting, not a torn cable."""
ANSWERS_HELD_MAX: Final = 64
"""Handshake bytes waiting for the line; a hand cannot scan more in a second."""


class Source(Enum):
    """How a code came in."""

    SERIAL = "serial"
    WEDGE = "wedge"


class Handshake(Enum):
    """Whether the scanner waits for an answer to each code."""

    NONE = "none"
    ACK_NAK = "ack_nak"
    """06 after a good code, 15 after noise or a bad check digit; the scanner beeps accordingly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One code, as it was read."""

    barcode: Barcode
    source: Source
    at_ns: int
    """Monotonic."""
    again_after_ns: int | None
    """How long ago the same code was read, when that is within the window; None for a first read."""


class Repeats:
    """Remembers the last code, to mark one that comes again at once."""

    def __init__(self, window_ns: int = REPEAT_WINDOW_NS) -> None:
        self._window_ns = window_ns
        self._last: tuple[str, int] | None = None

    def mark(self, barcode: Barcode, source: Source, at_ns: int) -> Scan:
        """Return the scan of a code, marked if it is the same as the last one and close to it."""
        again = None
        if self._last is not None and self._last[0] == barcode.text:
            since = at_ns - self._last[1]
            again = since if since < self._window_ns else None
        self._last = (barcode.text, at_ns)
        return Scan(barcode=barcode, source=source, at_ns=at_ns, again_after_ns=again)


class ScannerDriver:
    """A serial scanner as a pure machine.

    `on_noise` gets how many pieces of noise have come in a row, the newest included.
    """

    def __init__(
        self,
        *,
        on_scan: Callable[[Scan], None],
        on_noise: Callable[[int], None] = lambda _: None,
        ending: Ending = Ending.CR,
        handshake: Handshake = Handshake.NONE,
        repeat_window_ns: int = REPEAT_WINDOW_NS,
    ) -> None:
        self._on_scan = on_scan
        self._on_noise = on_noise
        self._ending = ending
        self._handshake = handshake
        self._framer = ScanFramer(ending)
        self._repeats = Repeats(repeat_window_ns)
        self._answers = bytearray()
        self._noise_in_a_row = 0
        self.noise_count = 0
        """Pieces of noise since the driver was made."""

    @property
    def deadline_ns(self) -> int | None:
        """When silence ends what has begun."""
        return self._framer.deadline_ns

    def opened(self, now_ns: int) -> None:
        """Begin with nothing half read."""
        self._framer = ScanFramer(self._ending)
        self._answers.clear()
        self._noise_in_a_row = 0

    def lost(self, now_ns: int) -> None:
        """Drop what is half read."""
        self.opened(now_ns)

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take bytes; each whole code is handed on at once."""
        self._take(self._framer.receive(data, now_ns), now_ns)

    def tick(self, now_ns: int) -> None:
        """End what has been silent for too long."""
        self._take(self._framer.tick(now_ns), now_ns)

    def outgoing(self, room: int, now_ns: int) -> bytes:
        """Return the answers of the handshake, if there is one."""
        data = bytes(self._answers[:room])
        del self._answers[:room]
        return data

    def health(self) -> Health:
        """Return how the scanner is: it speaks only when it reads, so silence is no illness here."""
        if self._noise_in_a_row < NOISE_IN_A_ROW_MAX:
            return WORKS
        return warns(
            "SCN-05",
            ko="스캐너가 알 수 없는 글자를 보냅니다. 통신 속도와 패리티를 확인하세요",
            en="Scanner sends garbage. Check its baud rate and parity",
        )

    def _take(self, events: list[ScanEvent], now_ns: int) -> None:
        for event in events:
            match event:
                case Scanned(raw):
                    self._noise_in_a_row = 0
                    barcode = read_barcode(raw)
                    self._answer(NAK if barcode.check is Check.BAD else ACK)
                    self._on_scan(self._repeats.mark(barcode, Source.SERIAL, now_ns))
                case Noise():
                    self._noise_in_a_row += 1
                    self.noise_count += 1
                    self._answer(NAK)
                    self._on_noise(self._noise_in_a_row)

    def _answer(self, answer: bytes) -> None:
        if self._handshake is Handshake.ACK_NAK and len(self._answers) < ANSWERS_HELD_MAX:
            self._answers += answer
