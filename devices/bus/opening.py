"""Opens an address: the scheme names the bus, an entry point says where the bus is.

A stranger's package adds a bus by an entry point in the group `devices.bus`; its module is loaded
only when an address asks for it.
"""

import asyncio
import difflib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from protocols.address import Address, AddressError
from protocols.ports import NANOSECONDS_PER_SECOND, Bus, ByteLink, Clock, LinkDownError

GROUP: Final = "devices.bus"
EARLY_SECONDS: Final = 0.05


async def open_link(address: Address, *, deadline_ns: int, clock: Clock) -> ByteLink:
    """Open an address before the deadline (monotonic, of this clock).

    Raises: LinkDownError when the device cannot be reached now; AddressError when the address is
    wrong and no retry will help.
    """
    bus = find_bus(address)
    seconds = max(0.0, (deadline_ns - clock.monotonic_ns()) / NANOSECONDS_PER_SECOND)
    # A bus knows the loop's time only, whatever clock the caller's deadline came from.
    loop_deadline = asyncio.get_running_loop().time() + seconds
    try:
        async with asyncio.timeout_at(loop_deadline):
            # The bus gives up a little before, so that it is who says what it met.
            own = loop_deadline - min(EARLY_SECONDS, seconds / 10)
            return await bus.open(address, deadline_ns=int(own * NANOSECONDS_PER_SECOND))
    except TimeoutError as error:
        raise LinkDownError(
            f"{address} did not open within {seconds:.1f} s: is the device on and connected?"
        ) from error


def find_bus(address: Address, known: Iterable[EntryPoint] | None = None) -> Bus:
    """Return the bus for an address's scheme, loading its module. Raises: AddressError."""
    bus = find_opener(address, installed(GROUP) if known is None else known)
    assert hasattr(bus, "open"), f"{bus} is not a bus"
    checked: Bus = bus
    return checked


@cache
def installed(group: str) -> tuple[EntryPoint, ...]:
    """Return what there is in a group; what is installed does not change while a program runs."""
    return tuple(entry_points(group=group))


def find_opener(address: Address, known: Iterable[EntryPoint]) -> object:
    """Return what opens an address's scheme, of these entry points, loading its module.

    Raises: AddressError.
    """
    points = {(point.name, point.value): point for point in known}
    fitting = [point for (name, _), point in sorted(points.items()) if name == address.scheme]
    if not fitting:
        raise AddressError(_unknown(address, sorted({name for name, _ in points})))
    if len(fitting) > 1:
        where = " and ".join(point.value for point in fitting)
        raise AddressError(
            f"{address}: two packages offer {address.scheme}:// ({where}); uninstall one of them"
        )
    (point,) = fitting
    try:
        opener: object = point.load()
    except (ImportError, AttributeError) as error:
        raise AddressError(
            f"{address}: {address.scheme}:// cannot be used here, {point.value}: {error}"
        ) from error
    return opener


def _unknown(address: Address, names: list[str]) -> str:
    close = difflib.get_close_matches(address.scheme, names, n=1)
    hint = f"; did you mean {close[0]}://?" if close else ""
    schemes = ", ".join(f"{name}://" for name in names) or "none"
    return f"{address}: unknown scheme {address.scheme}://{hint} Known: {schemes}"
