"""What a till says to a CD5220 display, and the bytes of it.

    0C                 clear, end string mode       1B 51 41 text 0D   upper line, starts string mode
    18                 clear line, end string mode  1B 51 42 text 0D   lower line, starts string mode
    08 09 0A 0B 0D     move the cursor              1B 51 44 text 0D   upper line, scrolls round (<= 40)
    1B 40              initialise                   1B 6C x y          cursor to column x, row y, from 1
    1B 11|12|13        overwrite, scroll up, along  1B 5B 41..52       move the cursor
    1B 57 s x1 x2 y    window                       1B 2A n            brightness 1..4
    1B 5F n            cursor shown or not          1B 66 n            national character set
    1B 3D n            who hears what follows: 1 printer, 2 display, 3 both (pass-through)

Two things bite. In string mode the display hears nothing but more strings, 0C and 18; so whoever may find
it in that mode begins with 0C. And a display with a printer behind it stays deaf after `ESC = 1`
until told otherwise.

Source: CD5220 command set as printed in the manuals of POS-X and Epson (DM-D in CD5220 emulation).
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final, assert_never

from protocols.line_display.cells import COLUMNS, clip, encode_text

ROWS: Final = 2
SCROLL_CELLS_MAX: Final = 40
"""How long a text may be that runs round in the upper line."""
ESC: Final = 0x1B
STRING: Final = 0x51
"""ESC Q: a whole line."""
SCROLLED: Final = 0x44
"""ESC Q D: the upper line, running round."""
SELECT: Final = 0x3D
"""ESC =: who hears what follows."""


class Row(Enum):
    """One of the two lines."""

    UPPER = 0x41
    LOWER = 0x42


class Step(Enum):
    """A cursor movement: the letter of ESC [."""

    UP = 0x41
    DOWN = 0x42
    RIGHT = 0x43
    LEFT = 0x44
    HOME = 0x48
    BOTTOM = 0x4B
    LINE_START = 0x4C
    LINE_END = 0x52


class Overflow(Enum):
    """What happens when text goes past the end."""

    OVERWRITE = 0x11
    SCROLL_UP = 0x12
    SCROLL_ALONG = 0x13


class Peripheral(Enum):
    """Who hears what follows."""

    PRINTER = 1
    DISPLAY = 2
    BOTH = 3


@dataclass(frozen=True, slots=True)
class Text:
    """One character at the cursor."""

    character: str


@dataclass(frozen=True, slots=True)
class Clear:
    """Empty both lines, cursor home, string mode off."""


@dataclass(frozen=True, slots=True)
class ClearLine:
    """Empty the cursor's line, string mode off."""


@dataclass(frozen=True, slots=True)
class Initialise:
    """As after power-on."""


@dataclass(frozen=True, slots=True)
class WriteLine:
    """Replace a whole line; what is short is filled with blanks."""

    row: Row
    text: str


@dataclass(frozen=True, slots=True)
class ScrollLine:
    """Let a text of up to 40 cells run round in the upper line."""

    text: str


@dataclass(frozen=True, slots=True)
class MoveTo:
    """Put the cursor in a cell, counted from 1."""

    column: int
    row: int


@dataclass(frozen=True, slots=True)
class Move:
    """Move the cursor by a step."""

    step: Step


@dataclass(frozen=True, slots=True)
class SetOverflow:
    """Choose what happens at the end of a line."""

    overflow: Overflow


@dataclass(frozen=True, slots=True)
class Window:
    """Limit horizontal scrolling to columns first..last of a row; off: the whole line."""

    on: int
    first: int
    last: int
    row: int


@dataclass(frozen=True, slots=True)
class Brightness:
    """1 (dim) to 4."""

    level: int


@dataclass(frozen=True, slots=True)
class ShowCursor:
    """1 shows it, 0 hides it."""

    on: int


@dataclass(frozen=True, slots=True)
class Country:
    """National character set, the manual's letter code."""

    number: int


@dataclass(frozen=True, slots=True)
class Select:
    """Choose who hears what follows."""

    peripheral: Peripheral


Command = (
    Text
    | Clear
    | ClearLine
    | Initialise
    | WriteLine
    | ScrollLine
    | MoveTo
    | Move
    | SetOverflow
    | Window
    | Brightness
    | ShowCursor
    | Country
    | Select
)
"""What a till says to a display."""


def encode(command: Command) -> bytes:
    """Return the bytes of one command. Text that the set does not have becomes `?`."""
    match command:
        case Text(character):
            return encode_text(character)
        case Clear():
            return b"\x0c"
        case ClearLine():
            return b"\x18"
        case Initialise():
            return b"\x1b@"
        case WriteLine(row, text):
            return bytes([ESC, 0x51, row.value]) + clip(text, COLUMNS) + b"\r"
        case ScrollLine(text):
            return b"\x1bQD" + clip(text, SCROLL_CELLS_MAX) + b"\r"
        case MoveTo(column, row):
            assert 1 <= column <= COLUMNS
            assert 1 <= row <= ROWS
            return bytes([ESC, 0x6C, column, row])
        case Move(step):
            return bytes([ESC, 0x5B, step.value])
        case SetOverflow(overflow):
            return bytes([ESC, overflow.value])
        case Window(on, first, last, row):
            return bytes([ESC, 0x57, on, first, last, row])
        case Brightness(level):
            assert 1 <= level <= 4
            return bytes([ESC, 0x2A, level])
        case ShowCursor(on):
            return bytes([ESC, 0x5F, on])
        case Country(number):
            return bytes([ESC, 0x66, number])
        case Select(peripheral):
            return bytes([ESC, SELECT, peripheral.value])
        case _:
            assert_never(command)
