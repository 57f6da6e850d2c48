"""The customer display: show two lines, whatever becomes of the device."""

from collections.abc import Callable

from devices.drivers.line_display import LineDisplayDriver
from devices.health import Health, Role
from devices.supervisor import OpenLink, Supervised, Supervisor
from protocols.address import Address
from protocols.ports import Clock


class LineDisplay(Supervised):
    """A display of two lines of twenty cells, ten Hangul syllables each."""

    def __init__(
        self,
        *,
        address: Address,
        open_link: OpenLink,
        clock: Clock,
        on_health: Callable[[Health], None] = lambda _: None,
    ) -> None:
        self._driver = LineDisplayDriver(baud=_baud(address))
        self._supervisor = Supervisor(
            role=Role.LINE_DISPLAY,
            address=address,
            driver=self._driver,
            open_link=open_link,
            clock=clock,
            on_health=on_health,
        )

    def show(self, upper: str, lower: str) -> None:
        """Show two lines; never waits, never fails. The newest text wins."""
        self._driver.show(upper, lower)
        self._supervisor.wake()


def _baud(address: Address) -> int:
    """Return the line rate the address names; only a pace, so a wrong text is the bus's to refuse."""
    text = address.options.get("baud", "")
    return int(text) if text.isdigit() and int(text) > 0 else 9_600
