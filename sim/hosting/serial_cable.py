"""The serial cable between a port server and its device: what a tester can do to its wires.

    driver  == TCP ==  port server  -- bytes, CTS DSR CD RI, break --  device

Pulled, its lines fall and no byte passes, while the port server goes on answering: so it is with real
ones, and whoever only watches the TCP connection notices nothing.
"""

from typing import Any, Final, Protocol

from protocols.control import Verb, VerbHelp
from protocols.rfc2217.server import Level, Signals
from protocols.rfc2217.words import ModemState
from sim.hosting.rfc2217 import READY
from sim.twin import VerbError

_LINES: Final = {
    "cts": ModemState.CTS,
    "dsr": ModemState.DSR,
    "cd": ModemState.CD,
    "ri": ModemState.RI,
}
_LINE: Final = {"line": "which of them"}
_WHICH: Final = {"line": list(_LINES)}
CABLE_VERBS: Final = (
    VerbHelp(
        name="pull_serial_cable",
        label_ko="시리얼 케이블 뽑기",
        label_en="Pull the cable behind the port server",
    ),
    VerbHelp(
        name="plug_serial_cable",
        label_ko="시리얼 케이블 꽂기",
        label_en="Plug the cable behind the port server in",
    ),
    VerbHelp(
        name="lower_line",
        label_ko="신호선 끄기",
        label_en="Let a line of the device fall",
        arguments=_LINE,
        choices=_WHICH,
    ),
    VerbHelp(
        name="raise_line",
        label_ko="신호선 켜기",
        label_en="Let a line of the device rise",
        arguments=_LINE,
        choices=_WHICH,
    ),
    VerbHelp(name="send_break", label_ko="브레이크 보내기", label_en="Send a break"),
)


class Port(Protocol):
    """A port server, as the cable meets it."""

    @property
    def signals(self) -> Signals | None:
        """What the driver drives; None without a driver."""
        ...

    def show_lines(self, lines: ModemState) -> None:
        """Say which lines the device drives, also to every driver that comes."""
        ...

    def show_break(self) -> None:
        """Say that the device has sent a break."""
        ...


class SerialCable:
    """One cable."""

    def __init__(self, port: Port) -> None:
        """It is plugged in, and the device ready."""
        self._port = port
        self._raised = READY
        self.plugged = True

    def do(self, verb: Verb) -> None:
        """Carry out one of CABLE_VERBS. Raises: VerbError."""
        match verb.verb:
            case "pull_serial_cable" | "plug_serial_cable":
                self.plugged = verb.verb == "plug_serial_cable"
            case "raise_line":
                self._raised |= _line(verb)
            case "lower_line":
                self._raised &= ~_line(verb)
            case _ if self.plugged:
                self._port.show_break()
        self._port.show_lines(self._shown())

    def state(self) -> dict[str, Any]:
        """Return what can be seen on it: who drives which lines."""
        signals = self._port.signals
        shown = self._shown()
        driven = {"dtr": "none", "rts": "none", "break": "none"}
        if signals is not None:
            driven = {
                "dtr": signals.dtr.value,
                "rts": signals.rts.value,
                "break": signals.sends_break.value,
            }
        return {
            "serial_cable": "plugged" if self.plugged else "pulled",
            **driven,
            **{
                name: (Level.ON if line in shown else Level.OFF).value
                for name, line in _LINES.items()
            },
        }

    def _shown(self) -> ModemState:
        return self._raised if self.plugged else ModemState(0)


def _line(verb: Verb) -> ModemState:
    name = verb.arguments["line"]
    if name not in _LINES:
        raise VerbError(f"{verb.verb}: no line {name!r}; there are: {', '.join(_LINES)}")
    return _LINES[name]
