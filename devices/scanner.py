"""Barcode scanners: on their own serial line, or playing a keyboard.

SerialScanner    a supervised port; a callback per code
KeyboardWedge    a pure machine for the screen: keys in, typed text and codes out
"""

from collections.abc import Callable

from devices.drivers.keyboard_wedge import Ended, KeyboardWedge, Typed, WedgeEvent
from devices.drivers.scanner import (
    NOISE_IN_A_ROW_MAX,
    REPEAT_WINDOW_NS,
    Handshake,
    Scan,
    ScannerDriver,
    Source,
)
from devices.health import Health, Role
from devices.supervisor import OpenLink, Supervised, Supervisor
from protocols.address import Address
from protocols.ports import Clock
from protocols.scanner import Ending

__all__ = [
    "NOISE_IN_A_ROW_MAX",
    "REPEAT_WINDOW_NS",
    "Ended",
    "Ending",
    "Handshake",
    "KeyboardWedge",
    "Scan",
    "SerialScanner",
    "Source",
    "Typed",
    "WedgeEvent",
]


class SerialScanner(Supervised):
    """A scanner on a line of its own."""

    def __init__(
        self,
        *,
        address: Address,
        open_link: OpenLink,
        clock: Clock,
        on_scan: Callable[[Scan], None],
        on_noise: Callable[[int], None] = lambda _: None,
        on_health: Callable[[Health], None] = lambda _: None,
        ending: Ending = Ending.CR,
        handshake: Handshake = Handshake.NONE,
        repeat_window_ns: int = REPEAT_WINDOW_NS,
    ) -> None:
        self._driver = ScannerDriver(
            on_scan=on_scan,
            on_noise=on_noise,
            ending=ending,
            handshake=handshake,
            repeat_window_ns=repeat_window_ns,
        )
        self._supervisor = Supervisor(
            role=Role.SCANNER,
            address=address,
            driver=self._driver,
            open_link=open_link,
            clock=clock,
            on_health=on_health,
        )

    @property
    def noise_count(self) -> int:
        """How many pieces of garbage it has sent."""
        return self._driver.noise_count
