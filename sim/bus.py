"""Opens sim://NAME: a virtual device by its name on the bench.

Two ways, in this order:
1. A device in this very program, offered on this event loop by its hosting (sim.hosting.memory): so
   in virtual time.
2. A running bench. `ips-sim up` writes what it serves to a file that only its user can read; the
   real address stands there and is opened by the bus of its own scheme. Which file: the option
   `bench` of the address, else the variable IPS_BENCH, else bench.json in the user's run-time folder.

A file, and no question over HTTP: addresses do not change while a bench lives, cables or not.
"""

import asyncio
import os
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

import msgspec

from protocols.address import Address, AddressError, parse_address
from protocols.control import Endpoint
from protocols.malformed import MALFORMED
from protocols.ports import Bus, ByteLink, CardBus, CardSlot, Clock, LinkDownError

BENCH_VARIABLE: Final = "IPS_BENCH"

_BYTES: Final = "serial"
Dial = Callable[[], ByteLink]

_slots: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, CardSlot]]] = (
    WeakKeyDictionary()
)
_offers: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Dial | None]]] = (
    WeakKeyDictionary()
)
"""None: a device of this program that is away. A bench that has one of its name is not asked instead."""


def offer(name: str, dial: Dial) -> None:
    """Make a device of this program reachable as sim://name. Raises: OSError when the name is taken."""
    offers = _offers.setdefault(asyncio.get_running_loop(), {})
    if offers.get(name) is not None:
        raise OSError(f"sim://{name} is taken by another device of this program")
    offers[name] = dial


def withdraw(name: str) -> None:
    """Make it unreachable until it is offered again."""
    _offers.setdefault(asyncio.get_running_loop(), {})[name] = None


def offer_slot(name: str, slot: CardSlot) -> None:
    """Make a card slot of this program reachable as sim://name. Raises: OSError when it is taken."""
    slots = _slots.setdefault(asyncio.get_running_loop(), {})
    if name in slots:
        raise OSError(f"sim://{name} is taken by another slot of this program")
    slots[name] = slot


def bench_file() -> Path:
    """Return where a bench says what it serves, unless somebody names another file."""
    named = os.environ.get(BENCH_VARIABLE)
    if named:
        return Path(named)
    folder = os.environ.get("XDG_RUNTIME_DIR")
    if folder:
        return Path(folder) / "intermarket" / "bench.json"
    # No run-time folder: a service, a container. The user's own state folder does as well.
    return Path.home() / ".local" / "state" / "intermarket" / "bench.json"


class SimBus:
    """Opens sim:// addresses; satisfies protocols.ports.Bus."""

    async def open(self, address: Address, *, deadline_ns: int) -> ByteLink:
        """Open a virtual device. Raises: LinkDownError, AddressError."""
        address.known("bench")
        here = _offers.get(asyncio.get_running_loop(), {})
        if address.place in here:
            dial = here[address.place]
            if dial is None:
                raise LinkDownError(f"{address} is not there: this program has taken it away")
            return dial()
        real = parse_address(_real_address(address))
        bus: Bus = _opener("devices.bus", real.scheme, real)
        return await bus.open(real, deadline_ns=deadline_ns)

    async def open_slot(self, address: Address, *, deadline_ns: int, clock: Clock) -> CardSlot:
        """Open a virtual card slot. Raises: LinkDownError, AddressError."""
        address.known("bench")
        here = _slots.get(asyncio.get_running_loop(), {})
        if address.place in here:
            return here[address.place]
        real = address
        if address.place not in _offers.get(asyncio.get_running_loop(), {}):
            real = parse_address(_real_address(address))
        # Bytes of this very program are opened by whoever opens cards over bytes.
        scheme = _BYTES if real is address else real.scheme
        bus: CardBus = _opener("devices.cards", scheme, real)
        return await bus.open_slot(real, deadline_ns=deadline_ns, clock=clock)


BUS: Final = SimBus()


def _real_address(address: Address) -> str:
    file = Path(address.options["bench"]) if "bench" in address.options else bench_file()
    try:
        endpoint = msgspec.json.decode(file.read_bytes(), type=Endpoint)
    except FileNotFoundError as error:
        raise LinkDownError(
            f"{address} is not there: no bench is running ({file}). Start one: ips-sim up"
        ) from error
    except (OSError, *MALFORMED) as error:
        raise LinkDownError(f"{address}: {file} cannot be read: {error}") from error
    if address.place not in endpoint.devices:
        names = ", ".join(sorted(endpoint.devices)) or "none"
        raise AddressError(f"{address}: the bench has no device of that name; it has: {names}")
    return endpoint.devices[address.place]


def _opener(group: str, scheme: str, address: Address) -> Any:
    for point in entry_points(group=group, name=scheme):
        return point.load()
    raise AddressError(f"{address}: the bench names an address that nothing here can open")
