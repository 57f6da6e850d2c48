"""Tell a scanner that plays a keyboard from a clerk who types, by timing and terminator.

    key                                key                                            end key
     |--- gap, or more: it was typed    |--- within the gap: hold both ... and so on    |-- a scan, if long
                                                                                          enough

A key is held for at most one gap, then it is typed text: the clerk's digits appear 35 ms late, together,
which also saves redrawing each of them. Nothing is ever dropped: what is no scan comes out as typed, in
order, fast repeats and double zeros included. An end key after too few characters is a typed Enter.

States: nothing held -> held (one key or a burst) -> nothing held.
Source: clerk-and-courier.md 4.4-4.6 (never debounce the entry line; coalesced echo; jamo).
"""

from dataclasses import dataclass
from typing import Final

from devices.drivers.hangul_keys import latin_keys
from devices.drivers.scanner import REPEAT_WINDOW_NS, Repeats, Scan, Source
from protocols.barcode import CODE_CHARACTERS_MAX, read_barcode

GAP_NS: Final = 35_000_000
"""Between two keys of a scanner 1 to 30 ms; of the fastest hand 50, of a held key 33 and more."""
CHARACTERS_MIN: Final = 6
"""A shorter burst is a key that sends two zeros, or a lucky hand."""
END_KEYS: Final = ("\r", "\n", "\t")


@dataclass(frozen=True, slots=True)
class Typed:
    """Characters for the entry line, in the order of the keys."""

    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """An end key that the clerk pressed."""

    key: str


WedgeEvent = Typed | Ended | Scan


class KeyboardWedge:
    """A pure machine between the keyboard and the entry line."""

    def __init__(
        self,
        *,
        gap_ns: int = GAP_NS,
        characters_min: int = CHARACTERS_MIN,
        repeat_window_ns: int = REPEAT_WINDOW_NS,
    ) -> None:
        assert gap_ns > 0
        assert characters_min > 1
        self._gap_ns = gap_ns
        self._characters_min = characters_min
        self._repeats = Repeats(repeat_window_ns)
        self._held: list[str] = []
        self.deadline_ns: int | None = None
        """When what is held turns out to be typed; None when nothing is."""

    def key(self, character: str, now_ns: int) -> list[WedgeEvent]:
        """Take one printable character, or an end key."""
        assert len(character) == 1
        events = self.tick(now_ns)
        if character in END_KEYS:
            return events + self._end(character, now_ns)
        self._held.append(character)
        self.deadline_ns = now_ns + self._gap_ns
        if len(self._held) >= CODE_CHARACTERS_MAX:
            events += self.release()
        return events

    def tick(self, now_ns: int) -> list[WedgeEvent]:
        """Give out what was held for a whole gap: it was typed."""
        due = self.deadline_ns is not None and now_ns >= self.deadline_ns
        return self.release() if due else []

    def release(self) -> list[WedgeEvent]:
        """Give out what is held at once; called before any other key (F12, Esc) is obeyed."""
        text = "".join(self._held)
        self._held.clear()
        self.deadline_ns = None
        return [Typed(text)] if text else []

    def _end(self, key: str, now_ns: int) -> list[WedgeEvent]:
        text = latin_keys("".join(self._held))
        if len(self._held) < self._characters_min:
            return [*self.release(), Ended(key)]
        self._held.clear()
        self.deadline_ns = None
        return [self._repeats.mark(read_barcode(text), Source.WEDGE, now_ns)]
