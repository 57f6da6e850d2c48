"""A customer display's driver: what it should show, and only the bytes that change it.

The display never answers, so the driver knows what it has said, not what is seen. Three habits follow:
it begins with its own name, for one that hands on to a printer, and 0C, the only way out of string
mode; it says a line again when it has changed, and both
lines every half minute, for a display that was switched off and on by itself; it never writes faster
than the line carries, so that the newest text is never behind older ones. However often the text
changes, at most the two newest lines wait.

Source: protocols/line_display.
"""

from typing import Final

from devices.health import Health, write_only
from protocols.line_display.cells import COLUMNS, clip
from protocols.line_display.commands import (
    Brightness,
    Clear,
    Initialise,
    Overflow,
    Peripheral,
    Row,
    Select,
    SetOverflow,
    ShowCursor,
    WriteLine,
    encode,
)
from protocols.ports import NANOSECONDS_PER_SECOND

REFRESH_NS: Final = 30 * NANOSECONDS_PER_SECOND
BITS_A_BYTE: Final = 10
"""Start bit, eight of data, stop bit."""
BRIGHTEST: Final = 4


class LineDisplayDriver:
    """Two lines as a pure machine."""

    def __init__(self, *, baud: int = 9_600) -> None:
        assert baud > 0
        self._byte_ns = BITS_A_BYTE * NANOSECONDS_PER_SECOND // baud
        self._wanted = {Row.UPPER: b"", Row.LOWER: b""}
        self._said: dict[Row, bytes] = {}
        self._greeting = b""
        self._open = False
        self._line_free_ns = 0
        self._refresh_ns = 0

    def show(self, upper: str, lower: str) -> None:
        """Say what the two lines should read; each is cut after its twentieth cell."""
        self._wanted = {Row.UPPER: clip(upper, COLUMNS), Row.LOWER: clip(lower, COLUMNS)}

    @property
    def deadline_ns(self) -> int | None:
        """When the next byte may or should go."""
        if not self._open:
            return None
        return self._line_free_ns if self._behind() else self._refresh_ns

    def opened(self, now_ns: int) -> None:
        """Greet: to this device, out of string mode, to a known state."""
        self._open = True
        self._said = {}
        commands = (
            Select(Peripheral.DISPLAY),
            Clear(),
            Initialise(),
            SetOverflow(Overflow.OVERWRITE),
            ShowCursor(0),
            Brightness(BRIGHTEST),
        )
        self._greeting = b"".join(encode(command) for command in commands)
        self._line_free_ns = now_ns
        self._refresh_ns = now_ns + REFRESH_NS

    def lost(self, now_ns: int) -> None:
        """Stay silent until opened again."""
        self._open = False

    def receive(self, data: bytes, now_ns: int) -> None:
        """Ignore: a display does not speak. Noise on its line changes nothing."""

    def tick(self, now_ns: int) -> None:
        """Every half minute forget what was said, so that it is said again."""
        if self._open and now_ns >= self._refresh_ns:
            self._said = {}
            self._refresh_ns = now_ns + REFRESH_NS

    def outgoing(self, room: int, now_ns: int) -> bytes:
        """Return what changes the display to what is wanted, if the line is free for it."""
        if not self._open or now_ns < self._line_free_ns or not self._behind():
            return b""
        data = self._greeting + b"".join(
            encode_line(row, line)
            for row, line in self._wanted.items()
            if self._said.get(row) != line
        )
        if len(data) > room:
            return b""
        self._greeting = b""
        self._said = dict(self._wanted)
        self._line_free_ns = now_ns + len(data) * self._byte_ns
        return data

    def health(self) -> Health:
        """Return that the line is open; more cannot be known."""
        return write_only()

    def _behind(self) -> bool:
        return bool(self._greeting) or self._said != self._wanted


def encode_line(row: Row, line: bytes) -> bytes:
    """Return the command that writes already encoded cells."""
    empty = encode(WriteLine(row, ""))
    return empty[:-1] + line + empty[-1:]
