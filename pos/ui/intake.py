"""The way of a key from the terminal to the desk: through the keyboard wedge, which knows a scanner.

Characters and end keys are held back until the wedge knows whose they are; every other key lets go what
is held and is obeyed at once. Where a digit chooses from a list, it waits a little longer (pos.ui.desk).

Only a timer that rings in time, with no key on its way, says that a pause was one: on a machine that had
other things to do, a scanner's keys come apart, and half a barcode must neither be typed nor take money.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, assert_never

from textual import events

from devices.drivers.keyboard_wedge import Ended, KeyboardWedge, Typed, WedgeEvent
from devices.drivers.scanner import REPEAT_WINDOW_NS, Scan
from pos.commands import Reading
from pos.keymap import Binding, Keymap
from pos.scanning import reading_of
from pos.ui.desk import CHOICE_SECONDS, ENTRY_CHARACTERS_MAX
from protocols.ports import NANOSECONDS_PER_SECOND

LATE_SECONDS: Final = 0.01
"""A timer later than this has not seen a pause: the keys of the time it missed are still to come."""
AGAIN_MAX: Final = 50
"""So often is it set anew, LATE_SECONDS each, before what is held is taken as typed all the same."""

_END_KEYS: Final = {"enter": "\r", "tab": "\t"}


class Intake:
    """Takes the keys of one screen and calls back with what they are."""

    def __init__(
        self,
        keymap: Keymap,
        *,
        pressed: Callable[[Binding | None, str | None], None],
        scanned: Callable[[str, Reading], None],
        choosing: Callable[[], bool],
        chosen: Callable[[], None],
        waiting: Callable[[], bool] = lambda: False,
        repeat_window_ns: int = REPEAT_WINDOW_NS,
    ) -> None:
        """`choosing` tells whether a lone digit stands that may choose; `chosen` that it does.

        `waiting` tells whether keys are on their way that were not taken yet.
        """
        self._keymap = keymap
        self._pressed = pressed
        self._scanned = scanned
        self._choosing = choosing
        self._chosen = chosen
        self._waiting = waiting
        self._wedge = KeyboardWedge(repeat_window_ns=repeat_window_ns)
        self._hold: asyncio.TimerHandle | None = None
        self._again = 0

    @property
    def holds(self) -> bool:
        """Tell whether something is held back."""
        return self._hold is not None

    def key(self, event: events.Key) -> None:
        """Take a key press."""
        now_ns = int(event.time * NANOSECONDS_PER_SECOND)
        if self._hold is not None and self._wedge.deadline_ns is not None:
            now_ns = min(now_ns, self._wedge.deadline_ns - 1)  # The timer has not seen a pause.
        character = event.character if event.is_printable else None
        if character is not None and len(character) == 1:
            self._take(self._wedge.key(character, now_ns))
        elif event.key in _END_KEYS:
            self._take(self._wedge.key(_END_KEYS[event.key], now_ns))
        else:
            self._take(self._wedge.release())
            self._pressed(self._keymap.binding(event.key, None), None)
        self._rewind(now_ns)

    def paste(self, text: str) -> None:
        """Take pasted text as if it had been typed; a new line in it ends nothing.

        Of a text that no entry can hold only so much is taken as makes the desk say so.
        """
        taken = "".join(text.split())[: ENTRY_CHARACTERS_MAX + 1]
        self._take([*self._wedge.release(), Typed(taken)])

    def look_again(self) -> None:
        """Let a digit that was typed before its list was shown choose from it now."""
        if self._hold is None and self._choosing():
            self._again = 0
            self._set(CHOICE_SECONDS)

    def stop(self) -> None:
        """Forget what is held."""
        if self._hold is not None:
            self._hold.cancel()
            self._hold = None

    def _rewind(self, now_ns: int) -> None:
        """Wake up when what the wedge holds turns out to be typed, or a digit to be a choice."""
        self.stop()
        if self._wedge.deadline_ns is not None:
            seconds = (self._wedge.deadline_ns - now_ns) / NANOSECONDS_PER_SECOND
        elif self._choosing():
            seconds = CHOICE_SECONDS
        else:
            return
        self._again = 0
        self._set(seconds)

    def _set(self, seconds: float) -> None:
        # A timer of the screen library is a task each; a scanner would start one per key.
        self._hold = asyncio.get_running_loop().call_later(seconds, self._held_long_enough)

    def _held_long_enough(self) -> None:
        assert self._hold is not None, "a timer that was cancelled does not ring"
        late = asyncio.get_running_loop().time() - self._hold.when()
        if (late > LATE_SECONDS or self._waiting()) and self._again < AGAIN_MAX:
            self._again += 1
            self._set(LATE_SECONDS)
            return
        self._hold = None
        if self._wedge.deadline_ns is not None:
            self._take(self._wedge.release())
            self._rewind(0)
        else:
            self._chosen()

    def _take(self, taken: Sequence[WedgeEvent]) -> None:
        for event in taken:
            match event:
                case Typed(text=text):
                    for character in text:
                        self._pressed(self._keymap.binding(character, character), character)
                case Ended(key=key):
                    self._pressed(Binding.COMMIT if key != "\t" else None, None)
                case Scan(barcode=barcode):
                    self._scanned(barcode.text, reading_of(event))
                case _:
                    assert_never(event)
