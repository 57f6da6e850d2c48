"""The cash drawer on a printer: a pulse on its connector, and one contact that may say "open".

    kick: pulse -> wait for the contact -> open                    opened
                                       -> still shut, again ...    still closed after the last pulse
                no contact wired       -> ...                      kicked, nobody knows

A pulse goes in two ways: ESC p in its turn among the other commands, which every printer knows but obeys
only while it prints; and DLE DC4 at once, without paper too, which some do not know. So the first is the
one that fits the moment, and a second try takes the other.

Source: Epson ESC p, DLE DC4 1; devices.md 1.5 (contact inverted on some makes).
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from protocols.escpos.codes import DrawerPin
from protocols.escpos.commands import KickDrawer, KickNow
from protocols.escpos.encode import encode
from protocols.escpos.status import DrawerSense

PULSES_MAX: Final = 5
SETTLE_NS: Final = 600_000_000
"""From the pulse until the contact has said that the drawer sprang open, a status question included."""
ON_MS: Final = 100
OFF_MS: Final = 200


class Contact(Enum):
    """How the drawer's contact is wired."""

    OPEN_IS_HIGH = "open_is_high"
    """Most drawers: the contact pulls the line low when shut."""
    OPEN_IS_LOW = "open_is_low"
    NONE = "none"
    """Not wired: what the printer says means nothing."""


class DrawerState(Enum):
    """What is known of the drawer."""

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"


class KickEnd(Enum):
    """How a kick ended."""

    OPENED = "opened"
    KICKED = "kicked"
    STILL_CLOSED = "still_closed"
    NOT_KICKED = "not_kicked"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawerWiring:
    """What the till's configuration says of the drawer."""

    contact: Contact = Contact.OPEN_IS_HIGH
    pin: DrawerPin = DrawerPin.TWO
    pulses: int = 3
    """How many are tried while the contact says "shut"; 1 to PULSES_MAX."""

    def __post_init__(self) -> None:
        assert 1 <= self.pulses <= PULSES_MAX

    def state(self, sense: DrawerSense) -> DrawerState:
        """Return what a level on the contact means."""
        if self.contact is Contact.NONE or sense is DrawerSense.UNKNOWN:
            return DrawerState.UNKNOWN
        high = sense is DrawerSense.HIGH
        opens = self.contact is Contact.OPEN_IS_HIGH
        return DrawerState.OPEN if high == opens else DrawerState.CLOSED


class Kick:
    """One wish to have the drawer open."""

    def __init__(self, wiring: DrawerWiring, *, deadline_ns: int) -> None:
        self._wiring = wiring
        self.deadline_ns = deadline_ns
        """When it is given up."""
        self.due_ns = 0
        """When the next pulse, or the end, is due."""
        self._pulses = 0
        self.end: KickEnd | None = None

    def pulse(self, state: DrawerState, now_ns: int, *, in_turn: bool) -> bytes:
        """Return a pulse if one is due. `in_turn`: the printer works off its commands now."""
        if self.end is not None or now_ns < self.due_ns or self._pulses == self._wiring.pulses:
            return b""
        if self._pulses and state is not DrawerState.CLOSED:
            return b""
        self._pulses += 1
        self.due_ns = now_ns + SETTLE_NS
        if in_turn and self._pulses % 2 == 1:
            return encode(KickDrawer(pin=self._wiring.pin, on_ms=ON_MS, off_ms=OFF_MS))
        return encode(KickNow(pin=self._wiring.pin, on_ms=ON_MS))

    def look(self, state: DrawerState, now_ns: int) -> None:
        """Decide what is decided: the contact speaks, time passes."""
        if self.end is not None:
            return
        if self._pulses and state is DrawerState.OPEN:
            self.end = KickEnd.OPENED
        elif now_ns >= self.deadline_ns:
            self.end = self._given_up(state)
        elif self._pulses and now_ns >= self.due_ns:
            spent = self._pulses == self._wiring.pulses
            if spent or state is DrawerState.UNKNOWN:
                self.end = self._given_up(state)

    def lost(self) -> None:
        """The link is gone."""
        if self.end is None:
            self.end = self._given_up(DrawerState.UNKNOWN)

    def _given_up(self, state: DrawerState) -> KickEnd:
        if not self._pulses:
            return KickEnd.NOT_KICKED
        return KickEnd.STILL_CLOSED if state is DrawerState.CLOSED else KickEnd.KICKED
