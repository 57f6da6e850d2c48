"""The display's end of a CD5220 line: bytes in pieces of any size, what it makes of them out.

    bytes -> switch (1B 3D n) -> the printer behind it
                              -> GROUND -> ESCAPE -> ARGUMENTS -> command
                                                  -> STRING_ROW -> STRING -> line, string mode on
                                 LEAD -> one character of two bytes

The switch comes first, as in the device: it looks for 1B 3D n in everything, and an ESC waits there for
its next byte. String mode crosses all states: until 0C or 18, everything but strings is ignored.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from protocols.line_display.cells import COLUMNS, decode_character, decode_text, is_lead
from protocols.line_display.commands import (
    ESC,
    ROWS,
    SCROLL_CELLS_MAX,
    SCROLLED,
    SELECT,
    STRING,
    Brightness,
    Clear,
    ClearLine,
    Command,
    Country,
    Initialise,
    Move,
    MoveTo,
    Overflow,
    Peripheral,
    Row,
    ScrollLine,
    Select,
    SetOverflow,
    ShowCursor,
    Step,
    Text,
    Window,
    WriteLine,
)

CLR: Final = 0x0C
CAN: Final = 0x18
CR: Final = 0x0D
_IN_STRING: Final = re.compile(rb"[^\x0c\x0d\x18\x1b]+")
"""What ends no string, and is no switch."""


@dataclass(frozen=True, slots=True)
class PassedOn:
    """Bytes for the printer behind the display."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Ignored:
    """Bytes the display does nothing with, and why."""

    data: bytes
    why: str


Heard = Command | PassedOn | Ignored
"""What a display makes of the bytes."""

_ARGUMENTS: Final[dict[int, int]] = {
    0x40: 0,
    0x11: 0,
    0x12: 0,
    0x13: 0,
    0x6C: 2,
    0x5B: 1,
    0x57: 4,
    0x2A: 1,
    0x5F: 1,
    0x66: 1,
}
"""How many bytes follow ESC and this letter; strings and the switch are cases of their own."""
_CONTROLS: Final[dict[int, Command]] = {
    CLR: Clear(),
    CAN: ClearLine(),
    0x08: Move(Step.LEFT),
    0x09: Move(Step.RIGHT),
    0x0A: Move(Step.DOWN),
    0x0B: Move(Step.HOME),
    CR: Move(Step.LINE_START),
}


class _Switch(Enum):
    OPEN = "open"
    ESCAPE = "escape"
    SELECT = "select"


class _State(Enum):
    GROUND = "ground"
    LEAD = "lead"
    ESCAPE = "escape"
    ARGUMENTS = "arguments"
    STRING_ROW = "string row"
    STRING = "string"


class Decoder:
    """What a display hears."""

    def __init__(self) -> None:
        self._switch = _Switch.OPEN
        self._state = _State.GROUND
        self._held = bytearray()
        self._line = bytearray()
        self.string_mode = False
        """Only strings, 0C and 18 are heard."""
        self.peripheral = Peripheral.DISPLAY
        """Who hears what follows."""

    def receive(self, data: bytes) -> list[Heard]:
        """Take bytes; return what was completed by them."""
        heard: list[Heard] = []
        at = 0
        while at < len(data):
            run = self._in_string(data, at)
            if run:
                at += run
            else:
                heard += self._switched(data[at])
                at += 1
        return heard

    def _in_string(self, data: bytes, at: int) -> int:
        """Take the bytes here that only make a string longer, all at once; return how many."""
        alone = self.peripheral is Peripheral.DISPLAY and self._switch is _Switch.OPEN
        run = _IN_STRING.match(data, at) if alone and self._state is _State.STRING else None
        if run is None:
            return 0
        self._line += run.group()
        # Past the end the display swallows until CR.
        del self._line[self._room() :]
        return len(run.group())

    def _room(self) -> int:
        """Return how many cells the string of now can fill."""
        return SCROLL_CELLS_MAX if self._held[2] == SCROLLED else COLUMNS

    def _switched(self, byte: int) -> list[Heard]:
        match self._switch:
            case _Switch.OPEN if byte == ESC:
                self._switch = _Switch.ESCAPE
                return []
            case _Switch.OPEN:
                return self._deliver(bytes([byte]))
            case _Switch.ESCAPE if byte == SELECT:
                self._switch = _Switch.SELECT
                return []
            case _Switch.ESCAPE if byte == ESC:
                return self._deliver(bytes([ESC]))
            case _Switch.ESCAPE:
                self._switch = _Switch.OPEN
                return self._deliver(bytes([ESC, byte]))
            case _Switch.SELECT:
                self._switch = _Switch.OPEN
                return self._select(byte)

    def _select(self, byte: int) -> list[Heard]:
        try:
            self.peripheral = Peripheral(byte)
        except ValueError:
            return [Ignored(bytes([ESC, SELECT, byte]), "no such peripheral")]
        return [Select(self.peripheral)]

    def _deliver(self, data: bytes) -> list[Heard]:
        heard: list[Heard] = []
        if self.peripheral is not Peripheral.PRINTER:
            for byte in data:
                heard += self._take(byte)
        if self.peripheral is not Peripheral.DISPLAY:
            heard.append(PassedOn(data))
        return heard

    def _take(self, byte: int) -> list[Heard]:
        match self._state:
            case _State.GROUND:
                return self._ground(byte)
            case _State.LEAD:
                self._held.append(byte)
                return self._obey(Text(decode_character(bytes(self._held))))
            case _State.ESCAPE:
                return self._escape(byte)
            case _State.ARGUMENTS:
                self._held.append(byte)
                missing = 2 + _ARGUMENTS[self._held[1]] - len(self._held)
                return [] if missing else self._command()
            case _State.STRING_ROW:
                return self._string_row(byte)
            case _State.STRING:
                return self._string(byte)

    def _ground(self, byte: int) -> list[Heard]:
        self._held[:] = bytes([byte])
        if byte == ESC:
            self._state = _State.ESCAPE
            return []
        if is_lead(byte):
            self._state = _State.LEAD
            return []
        if byte in _CONTROLS:
            return self._obey(_CONTROLS[byte])
        if byte < 0x20 or byte == 0x7F:
            return self._ignore("no such control")
        return self._obey(Text(decode_character(bytes([byte]))))

    def _escape(self, byte: int) -> list[Heard]:
        self._held.append(byte)
        if byte == STRING:
            self._state = _State.STRING_ROW
            return []
        if byte not in _ARGUMENTS:
            return self._ignore("no such command")
        self._state = _State.ARGUMENTS
        return [] if _ARGUMENTS[byte] else self._command()

    def _string_row(self, byte: int) -> list[Heard]:
        self._held.append(byte)
        if byte not in (Row.UPPER.value, Row.LOWER.value, SCROLLED):
            return self._ignore("no such line")
        self._state = _State.STRING
        self._line.clear()
        return []

    def _string(self, byte: int) -> list[Heard]:
        if byte in (CLR, CAN):
            # The way out works even in the middle of a string.
            return self._ground(byte)
        row = self._held[2]
        if byte != CR:
            # Past the end the display swallows until CR.
            if len(self._line) < self._room():
                self._line.append(byte)
            return []
        self._state = _State.GROUND
        self.string_mode = True
        text = decode_text(bytes(self._line))
        return [ScrollLine(text) if row == SCROLLED else WriteLine(Row(row), text)]

    def _command(self) -> list[Heard]:
        command = _parse(self._held[1], bytes(self._held[2:]))
        return self._ignore("argument out of range") if command is None else self._obey(command)

    def _obey(self, command: Command) -> list[Heard]:
        if isinstance(command, Clear | ClearLine):
            self.string_mode = False
        if self.string_mode:
            return self._ignore("string mode")
        self._state = _State.GROUND
        return [command]

    def _ignore(self, why: str) -> list[Heard]:
        self._state = _State.GROUND
        return [Ignored(bytes(self._held), why)]


def _parse(letter: int, arguments: bytes) -> Command | None:
    try:
        match letter:
            case 0x40:
                return Initialise()
            case 0x11 | 0x12 | 0x13:
                return SetOverflow(Overflow(letter))
            case 0x6C:
                column, row = arguments
                return MoveTo(column, row) if 1 <= column <= COLUMNS and 1 <= row <= ROWS else None
            case 0x5B:
                return Move(Step(arguments[0]))
            case 0x57:
                on, first, last, row = arguments
                inside = on <= 1 and 1 <= first <= last <= COLUMNS and 1 <= row <= ROWS
                return Window(on, first, last, row) if inside else None
            case 0x2A:
                return Brightness(arguments[0]) if 1 <= arguments[0] <= 4 else None
            case 0x5F:
                return ShowCursor(arguments[0]) if arguments[0] <= 1 else None
            case _:
                return Country(arguments[0])
    except ValueError:
        return None
