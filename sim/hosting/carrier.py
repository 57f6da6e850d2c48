"""What a twin's bytes travel on: a pty, a socket, memory."""

from typing import Protocol

from protocols.serial_line import LineSettings


class Ear(Protocol):
    """Who listens at the device's end."""

    def received(self, data: bytes) -> None:
        """Take bytes that the driver has sent."""
        ...

    def line_set(self, settings: LineSettings | None) -> None:
        """Learn how the driver has set its end of the line; None when it cannot be seen."""
        ...

    def opened(self) -> None:
        """Learn that a driver has come; not every carrier can tell."""
        ...

    def closed(self) -> None:
        """Learn that the driver has left."""
        ...


class Carrier(Protocol):
    """The device's end of something that a driver can open."""

    @property
    def address(self) -> str:
        """What a driver opens; the same before and after a cable was pulled. Known once plugged."""
        ...

    async def plug(self, ear: Ear) -> None:
        """Make the device reachable. Raises: OSError when the place is taken."""
        ...

    async def pull(self) -> None:
        """Cut the connection and make the device unreachable; harmless when it is already."""
        ...

    def write(self, data: bytes) -> None:
        """Send bytes to the driver; without a driver they are lost."""
        ...

    def pause(self) -> None:
        """Take no more bytes from the driver for now; it will feel that."""
        ...

    def resume(self) -> None:
        """Take bytes again."""
        ...
