"""Drives the counter without a terminal: keys at chosen times, the picture as a grid of text.

Keys are posted as events, not by the screen library's pilot: that waits about 90 ms for each. A key
carries its own time, so a hand and a scanner differ without anybody waiting: the wedge sees 50 ms
between keys of a hand and 5 ms between those of a scanner.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from rich.cells import cell_len
from textual import events
from textual.geometry import Size

from pos.ui.app import CounterApp
from pos.ui.counter import CounterScreen
from pos.ui.source import Counter

GOLDEN: Final = Path(__file__).parent / "golden"
UPDATE_VARIABLE: Final = "UPDATE_GOLDEN"
HAND_SECONDS: Final = 0.05
SCANNER_SECONDS: Final = 0.005
PATIENCE_SECONDS: Final = 10.0


class Stage:
    """The counter on a stage of a given size."""

    def __init__(self, app: CounterApp) -> None:
        self._app = app
        self._at = asyncio.get_running_loop().time()
        self._posted: list[events.Key] = []

    @property
    def screen(self) -> CounterScreen:
        return self._app.counter

    @property
    def app(self) -> CounterApp:
        return self._app

    def grid(self) -> list[str]:
        """Return what is on the screen, row by row."""
        strips = self._app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip) for strip in strips]

    def text(self) -> str:
        """Return what is on the screen as one text, without trailing blanks."""
        return "\n".join(line.rstrip() for line in self.grid()) + "\n"

    async def press(self, *keys: str) -> None:
        """Press keys as a hand does, and wait until they have been taken."""
        for key in keys:
            self._post(key, HAND_SECONDS)
        await self.settled()

    def post(self, *keys: str) -> None:
        """Press keys as a hand does, and wait for nothing."""
        for key in keys:
            self._post(key, HAND_SECONDS)

    async def scan(self, code: str) -> None:
        """Read a code with a keyboard-wedge scanner."""
        self._at += 1.0
        for character in code:
            self._post(character, SCANNER_SECONDS)
        self._post("enter", SCANNER_SECONDS)
        await self.settled()

    async def settled(self) -> None:
        """Wait until nothing is held, carried out or waiting to be drawn."""
        # The screen stops a key's way up as it takes it.
        await self.until(lambda: all(key._stop_propagation for key in self._posted))
        self._posted.clear()
        await self.until(lambda: self.screen.quiet)
        await self.still()

    async def still(self) -> None:
        """Wait until the picture stands still, whatever runs behind it."""
        # A new size goes through several rounds of messages: the picture has to stand still.
        before = ""
        while before != self.text():
            before = self.text()
            await asyncio.sleep(0.03)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition. Raises: TimeoutError with the picture."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not condition():
                    await asyncio.sleep(0.002)
        except TimeoutError:
            raise TimeoutError(f"waited in vain before\n{self.text()}") from None

    async def shows(self, *texts: str) -> None:
        """Wait until all these texts are on the screen."""
        await self.until(lambda: all(text in self.text() for text in texts))

    async def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        size = Size(columns, rows)
        self._app.post_message(events.Resize(size, size))
        await self.until(lambda: self._app.size == size)
        await asyncio.sleep(0.05)
        await (self.settled() if self.screen.quiet else self.still())

    def _post(self, key: str, after_seconds: float) -> None:
        self._at += after_seconds
        character = key if len(key) == 1 else None
        event = events.Key(key if len(key) > 1 else _NAMES.get(key, key), character)
        event.time = self._at
        self._posted.append(event)
        self._app.post_message(event)


_NAMES: Final = {
    "*": "asterisk",
    "+": "plus",
    "-": "minus",
    ".": "full_stop",
    "/": "slash",
    ":": "colon",
}


@asynccontextmanager
async def on_stage(counter: Counter, columns: int = 80, rows: int = 24) -> AsyncIterator[Stage]:
    """Open a counter of this size, close it again."""
    app = CounterApp(counter)
    async with app.run_test(size=(columns, rows)):
        stage = Stage(app)
        await stage.until(lambda: isinstance(app.screen, CounterScreen) and app.screen.drawn)
        await stage.settled()
        yield stage


def check_golden(name: str, stage: Stage) -> None:
    """Compare the picture with the stored one; UPDATE_GOLDEN=1 stores it instead."""
    grid = stage.grid()
    widths = {cell_len(line) for line in grid}
    assert widths == {stage.app.size.width}, f"rows of {widths} cells"
    file = GOLDEN / f"{name}.txt"
    if os.environ.get(UPDATE_VARIABLE):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(stage.text(), encoding="utf-8")
        return
    assert file.is_file(), (
        f"no {file.name}: run with {UPDATE_VARIABLE}=1 and look at what it stores"
    )
    assert stage.text() == file.read_text(encoding="utf-8")
