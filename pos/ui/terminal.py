"""A program on a terminal that may be taken away: routes signals, leaves cleanly.

The screen library takes Ctrl+C for a key and installs no handler for SIGTERM; both are given a meaning
here and in the key map. Nor does it notice that its terminal is gone (a dropped connection, a closed
window): its input thread would read the end of file for ever, at a whole processor; its output thread
ends of the first failed write, and then the program waits for ever to hand it more; and the SIGCONT that
the kernel sends along starts both anew. So a program looks after its terminal itself, and leaves in order
when there is nobody to see it.
"""

import asyncio
import os
import select
import signal
import sys
from abc import abstractmethod
from types import FrameType
from typing import ClassVar, Final

from textual.app import App, ReturnType
from textual.binding import BindingType

TERMINAL_CHECK_SECONDS: Final = 1.0


class TerminalApp(App[ReturnType], inherit_bindings=False):
    """Asks for the sixteen colours of a terminal alone, and no animation: a serial line can carry it."""

    BINDINGS: ClassVar[list[BindingType]] = []
    ENABLE_COMMAND_PALETTE = False
    ESCAPE_TO_MINIMIZE = False

    def __init__(self) -> None:
        super().__init__(ansi_color=True)
        self.animation_level = "none"
        self._library_continues = signal.getsignal(signal.SIGCONT)

    @abstractmethod
    def leave(self) -> None:
        """Leave in order: nothing that runs is broken off."""

    def attend(self) -> None:
        """Listen for the polite ways of being ended; called once the program is mounted."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.leave)
        loop.add_signal_handler(signal.SIGHUP, self._hung_up)
        self._library_continues = signal.signal(signal.SIGCONT, self._continued)
        self.set_interval(TERMINAL_CHECK_SECONDS, self._look_after_terminal)

    def on_unmount(self) -> None:
        """Give the signals back."""
        for ending in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().remove_signal_handler(ending)
        signal.signal(signal.SIGCONT, self._library_continues)

    def _look_after_terminal(self) -> None:
        """Leave when the terminal has hung up."""
        if self._terminal_is_gone():
            self._hung_up()

    def _hung_up(self) -> None:
        """Leave where nobody sees it."""
        _write_nowhere()
        self.leave()

    def _continued(self, number: int, frame: FrameType | None) -> None:
        """Let the library draw anew, unless the kernel wakes us because our terminal is gone."""
        if self._terminal_is_gone():
            _write_nowhere()
        elif callable(self._library_continues):
            self._library_continues(number, frame)

    def _terminal_is_gone(self) -> bool:
        stdin = sys.__stdin__.fileno() if sys.__stdin__ else -1
        return not self.is_headless and has_hung_up(stdin)


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
