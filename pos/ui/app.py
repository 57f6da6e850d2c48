"""The counter as a program on a terminal: composes the screen, routes signals, leaves cleanly.

The screen library takes Ctrl+C for a key and installs no handler for SIGTERM; both are given a meaning
here and in the key map. A second of the sixteen colours is all that is asked of a terminal, and no
animation, so that a serial line can carry it.
"""

import asyncio
import signal
from typing import ClassVar

from textual.app import App
from textual.binding import BindingType

from pos.ui.counter import CounterScreen
from pos.ui.source import Counter


class CounterApp(App[None], inherit_bindings=False):
    """The counter."""

    CSS_PATH = "counter.tcss"
    BINDINGS: ClassVar[list[BindingType]] = []
    ENABLE_COMMAND_PALETTE = False
    ESCAPE_TO_MINIMIZE = False
    TITLE = "Intermarket"

    def __init__(self, counter: Counter) -> None:
        super().__init__(ansi_color=True)
        self.animation_level = "none"
        self._counter = counter

    def on_mount(self) -> None:
        """Open the counter; listen for the polite way of being ended."""
        self.push_screen(CounterScreen(self._counter))
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._terminated)

    def on_unmount(self) -> None:
        """Give the signal back."""
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)

    @property
    def counter(self) -> CounterScreen:
        """The screen."""
        screen = self.screen
        assert isinstance(screen, CounterScreen), "the counter is open from the first picture on"
        return screen

    def _terminated(self) -> None:
        """Leave when the command that runs has ended; nothing is broken off."""
        self.counter.leave_when_idle()
