"""A virtual CD5220 customer display: what a customer would read, string mode and pass-through included.

    bytes -> protocols.line_display.decoder -> two rows of twenty cells, a cursor, a scrolling text

A Hangul syllable fills two cells; overwriting one half blanks the other, as the glass does. A display
behind which a printer hangs hands on what is meant for the printer: `passed_on` gives those bytes to
whoever joins the two.

Source: protocols/line_display.
"""

from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from protocols.control import Event, Verb, VerbHelp
from protocols.line_display.cells import COLUMNS, width
from protocols.line_display.commands import (
    ROWS,
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
    encode,
)
from protocols.line_display.decoder import Decoder, Heard, Ignored, PassedOn
from sim.twin import History, refuse_verb

SCROLL_STEP_NS: Final = 400_000_000
"""A running text moves by a cell this often."""
PASSED_ON_MAX: Final = 65_536
"""Bytes for the printer that nobody fetched; older ones are dropped."""
_TEXTS_REMEMBERED: Final = 256
_BLANK: Final = " "
_REST: Final = ""
"""The second cell of a wide character."""

_VERBS: Final = [
    VerbHelp(name="switch_off", label_ko="전원 끄기", label_en="Switch off"),
    VerbHelp(name="switch_on", label_ko="전원 켜기", label_en="Switch on"),
]


class FoundIn(Enum):
    """How whoever had the display before has left it."""

    ORDER = "order"
    """As after power-on."""
    STRING_MODE = "string_mode"
    """In a string, dimmed: until CLR or CAN only strings are heard."""
    PRINTER_SELECTED = "printer_selected"
    """Everything goes on to the printer behind it, until it is selected."""


class LineDisplayTwin:
    """Two lines of twenty cells."""

    device = "line_display"

    def __init__(self, found_in: FoundIn = FoundIn.ORDER) -> None:
        self._history = History()
        self._passed_on = bytearray()
        self._powered = True
        self._scroll = ""
        self._scroll_due_ns: int | None = None
        self._reset()
        left: tuple[Command, ...] = {
            FoundIn.ORDER: (),
            FoundIn.STRING_MODE: (Brightness(1), WriteLine(Row.UPPER, "WELCOME")),
            FoundIn.PRINTER_SELECTED: (Select(Peripheral.PRINTER),),
        }[found_in]
        for command in left:
            for heard in self._decoder.receive(encode(command)):
                self._obey(heard, 0)

    @property
    def history(self) -> Sequence[Event]:
        """What happened, oldest first."""
        return self._history.events()

    @property
    def deadline_ns(self) -> int | None:
        """When the running text moves next."""
        return self._scroll_due_ns

    @property
    def rows(self) -> tuple[str, str]:
        """What a customer reads; empty while it is off."""
        upper, lower = ("".join(row) for row in self._cells)
        return (upper, lower) if self._powered else ("", "")

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take bytes from the wire."""
        if not self._powered:
            return
        before = self.rows
        for heard in self._decoder.receive(data):
            self._obey(heard, now_ns)
        if self.rows != before:
            self._history.add(now_ns, "shown", " | ".join(self.rows))

    def outgoing(self) -> bytes:
        """Return nothing: a display does not speak."""
        return b""

    def passed_on(self) -> bytes:
        """Hand over the bytes meant for the printer behind the display."""
        data = bytes(self._passed_on)
        self._passed_on.clear()
        return data

    def tick(self, now_ns: int) -> None:
        """Move the running text."""
        while self._scroll_due_ns is not None and now_ns >= self._scroll_due_ns:
            self._scroll = self._scroll[1:] + self._scroll[:1]
            self._scroll_due_ns += SCROLL_STEP_NS
            self._draw_scroll()

    def verbs(self) -> list[VerbHelp]:
        """Return what a tester can do."""
        return list(_VERBS)

    def do(self, verb: Verb, now_ns: int) -> None:
        """Switch off and on. Raises: VerbError."""
        match verb:
            case Verb(verb="switch_off", arguments={**rest}) if not rest:
                self._powered = False
                self._reset()
                self._history.add(now_ns, "switched_off")
            case Verb(verb="switch_on", arguments={**rest}) if not rest:
                self._powered = True
                self._history.add(now_ns, "switched_on")
            case _:
                raise refuse_verb(verb, _VERBS)

    def state(self) -> dict[str, Any]:
        """Return the two lines and what bears on them."""
        upper, lower = self.rows
        return {
            "power": "on" if self._powered else "off",
            "upper": upper,
            "lower": lower,
            "string_mode": self._decoder.string_mode,
            "listening": self._decoder.peripheral is not Peripheral.PRINTER,
            "brightness": self._brightness,
            "ignored_bytes": self._ignored,
        }

    def _reset(self) -> None:
        self._decoder = Decoder()
        self._ignored = 0
        self._initialise()

    def _initialise(self) -> None:
        self._overflow = Overflow.OVERWRITE
        self._cursor_shown = 0
        self._brightness = 4
        self._window = Window(0, 1, COLUMNS, 1)
        self._clear()

    def _clear(self) -> None:
        self._cells = [[_BLANK] * COLUMNS for _ in range(ROWS)]
        self._column = 0
        self._row = 0
        self._scroll = ""
        self._scroll_due_ns = None

    def _obey(self, heard: Heard, now_ns: int) -> None:
        match heard:
            case Text(character):
                self._put(character)
            case Clear():
                self._clear()
            case ClearLine():
                self._stop_scroll(self._row)
                self._cells[self._row] = [_BLANK] * COLUMNS
                self._column = 0
            case Initialise():
                self._initialise()
            case WriteLine(row, text):
                self._write_line(row, text)
            case ScrollLine(text):
                self._begin_scroll(text, now_ns)
            case MoveTo(column, row):
                self._column, self._row = column - 1, row - 1
            case Move(step):
                self._move(step)
            case SetOverflow(overflow):
                self._overflow = overflow
            case Window():
                self._window = heard
            case Brightness(level):
                self._brightness = level
            case ShowCursor(on):
                self._cursor_shown = on
            case Country() | Select():
                pass
            case PassedOn(data):
                self._passed_on += data
                del self._passed_on[:-PASSED_ON_MAX]
            case Ignored(data):
                self._ignored += len(data)

    def _write_line(self, row: Row, text: str) -> None:
        index = 0 if row is Row.UPPER else 1
        self._stop_scroll(index)
        self._cells[index] = list(_cells(text))
        self._row, self._column = index, 0

    def _begin_scroll(self, text: str, now_ns: int) -> None:
        self._scroll = text + _BLANK
        self._scroll_due_ns = now_ns + SCROLL_STEP_NS
        self._draw_scroll()

    def _draw_scroll(self) -> None:
        self._cells[0] = list(_cells(self._scroll))

    def _stop_scroll(self, row: int) -> None:
        if row == 0:
            self._scroll, self._scroll_due_ns = "", None

    def _put(self, character: str) -> None:
        size = width(character)
        if self._column + size > self._line_end():
            self._make_room(size)
        line = self._cells[self._row]
        for offset in range(size):
            _blank_whole(line, self._column + offset)
        line[self._column] = character
        if size == 2:
            line[self._column + 1] = _REST
        self._column += size
        if self._column >= COLUMNS and self._overflow is Overflow.OVERWRITE:
            self._make_room(size)

    def _line_end(self) -> int:
        return self._span()[1] if self._overflow is Overflow.SCROLL_ALONG else COLUMNS

    def _make_room(self, size: int) -> None:
        match self._overflow:
            case Overflow.OVERWRITE:
                self._row = (self._row + 1) % ROWS
                self._column = 0
            case Overflow.SCROLL_UP:
                if self._row == ROWS - 1:
                    self._cells = [self._cells[1], [_BLANK] * COLUMNS]
                self._row = ROWS - 1
                self._column = 0
            case Overflow.SCROLL_ALONG:
                self._shift_left(size)

    def _shift_left(self, size: int) -> None:
        """Make room at the end of the window: as much leaves it at its beginning."""
        first, last = self._span()
        line = self._cells[self._row]
        for _ in range(self._column + size - last):
            _blank_whole(line, first)
            line[first:last] = [*line[first + 1 : last], _BLANK]
        self._column = last - size

    def _span(self) -> tuple[int, int]:
        """Return where the cursor's line scrolls along: first cell, and the one behind the last."""
        window = self._window
        if window.on == 0 or window.row - 1 != self._row or self._column > window.last:
            return 0, COLUMNS
        return window.first - 1, window.last

    def _move(self, step: Step) -> None:
        match step:
            case Step.LEFT:
                place = (self._row * COLUMNS + self._column - 1) % (ROWS * COLUMNS)
                self._row, self._column = divmod(place, COLUMNS)
            case Step.RIGHT:
                place = (self._row * COLUMNS + self._column + 1) % (ROWS * COLUMNS)
                self._row, self._column = divmod(place, COLUMNS)
            case Step.UP | Step.DOWN:
                self._row = (self._row + 1) % ROWS
            case Step.HOME:
                self._row, self._column = 0, 0
            case Step.BOTTOM:
                self._row, self._column = ROWS - 1, COLUMNS - 1
            case Step.LINE_START:
                self._column = 0
            case Step.LINE_END:
                self._column = COLUMNS - 1


@lru_cache(maxsize=_TEXTS_REMEMBERED)
def _cells(text: str) -> tuple[str, ...]:
    """Return exactly twenty cells: the text, cut or filled with blanks."""
    cells: list[str] = []
    for character in text:
        size = width(character)
        if len(cells) + size > COLUMNS:
            break
        cells += [character, _REST][:size]
    return (*cells, *[_BLANK] * (COLUMNS - len(cells)))


def _blank_whole(line: list[str], column: int) -> None:
    """Blank a cell, and the other half if a wide character stood there."""
    if line[column] == _REST:
        line[column - 1] = _BLANK
    elif column + 1 < len(line) and line[column + 1] == _REST:
        line[column + 1] = _BLANK
    line[column] = _BLANK
