"""The counter as a program on a terminal: composes the screen, leaves when nothing runs."""

from pos.ui.counter import CounterScreen
from pos.ui.source import Counter
from pos.ui.terminal import TerminalApp


class CounterApp(TerminalApp[None]):
    """The counter."""

    CSS_PATH = "counter.tcss"
    TITLE = "Intermarket"

    def __init__(self, counter: Counter) -> None:
        super().__init__()
        self._counter = counter

    def on_mount(self) -> None:
        """Open the counter."""
        self.push_screen(CounterScreen(self._counter))
        self.attend()

    @property
    def counter(self) -> CounterScreen:
        """The screen."""
        screen = self.screen
        assert isinstance(screen, CounterScreen), "the counter is open from the first picture on"
        return screen

    def leave(self) -> None:
        """Leave when the command that runs has ended; nothing is broken off."""
        self.counter.leave_when_idle()
