"""The counter as a program on a terminal: composes the screen, routes signals, leaves cleanly.

The screen library takes Ctrl+C for a key and installs no handler for SIGTERM; both are given a meaning
here and in the key map. Nor does it notice that its terminal is gone (a dropped connection, a closed
window): its input thread would read the end of file for ever, at a whole processor. So the counter
looks after its terminal itself, and leaves in order when there is nobody to see it. A second of the sixteen colours is all that is asked of a terminal, and no
animation, so that a serial line can carry it.
"""

import asyncio
import os
import select
import signal
import sys
from typing import ClassVar, Final

from textual.app import App
from textual.binding import BindingType

from pos.ui.counter import CounterScreen
from pos.ui.source import Counter

TERMINAL_CHECK_SECONDS: Final = 1.0
_ENDINGS: Final = (signal.SIGTERM, signal.SIGHUP)


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
        for ending in _ENDINGS:
            loop.add_signal_handler(ending, self._terminated)
        self.set_interval(TERMINAL_CHECK_SECONDS, self._look_after_terminal)

    def on_unmount(self) -> None:
        """Give the signals back."""
        for ending in _ENDINGS:
            asyncio.get_running_loop().remove_signal_handler(ending)

    @property
    def counter(self) -> CounterScreen:
        """The screen."""
        screen = self.screen
        assert isinstance(screen, CounterScreen), "the counter is open from the first picture on"
        return screen

    def _look_after_terminal(self) -> None:
        """Leave when the terminal has hung up."""
        if not self.is_headless and has_hung_up(sys.__stdin__.fileno() if sys.__stdin__ else -1):
            _write_nowhere()
            self._terminated()

    def _terminated(self) -> None:
        """Leave when the command that runs has ended; nothing is broken off."""
        self.counter.leave_when_idle()


def _write_nowhere() -> None:
    """Let what is still written go nowhere: an end in order has status 0, not a failed flush's."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


def has_hung_up(descriptor: int) -> bool:
    """Return whether the other end of a terminal is gone (POLLHUP), or there is no such descriptor."""
    poll = select.poll()
    try:
        poll.register(descriptor, 0)
    except (OSError, ValueError):
        return True
    gone = select.POLLHUP | select.POLLERR | select.POLLNVAL
    return any(events & gone for _, events in poll.poll(0))
