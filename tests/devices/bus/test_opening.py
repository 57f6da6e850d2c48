"""Which bus opens an address: by entry point, one each; every refusal says what to write instead."""

import asyncio
from importlib.metadata import EntryPoint

import pytest

from devices.bus.opening import GROUP, find_bus, open_link
from devices.bus.tcp import BUS as TCP
from protocols.address import AddressError, parse_address
from protocols.ports import Bus, LinkDownError
from sim.clock import run


def point(name, value):
    return EntryPoint(name=name, value=value, group=GROUP)


def test_scheme_picks_its_bus_and_loads_no_other():
    """Goal: a broken neighbour does not matter."""
    known = [point("tcp", "devices.bus.tcp:BUS"), point("other", "no.such.module:BUS")]

    bus: Bus = find_bus(parse_address("tcp://127.0.0.1:1"), known)

    assert bus is TCP


def test_unknown_scheme_names_the_known_ones_and_the_nearest():
    """Goal: a slip of the pen is seen at once."""
    with pytest.raises(AddressError) as caught:
        find_bus(parse_address("serail:///dev/ttyS0"))

    message = str(caught.value)
    assert "did you mean serial://?" in message
    assert all(f"{scheme}://" in message for scheme in ("rfc2217", "serial", "sim", "tcp"))


def test_two_packages_with_one_scheme_load_nothing():
    """Goal: nobody's money goes to a bus that happened to come first."""
    known = [point("tcp", "no.such:BUS"), point("tcp", "nor.such:BUS")]

    with pytest.raises(AddressError, match=r"no\.such:BUS and nor\.such:BUS.*uninstall"):
        find_bus(parse_address("tcp://127.0.0.1:1"), known)


def test_one_bus_found_twice_is_one_bus():
    """Goal: an installation seen by two paths is not a conflict."""
    known = [point("tcp", "devices.bus.tcp:BUS")] * 2

    assert find_bus(parse_address("tcp://127.0.0.1:1"), known) is TCP


@pytest.mark.parametrize("value", ["no.such.module:BUS", "devices.bus.tcp:NO_SUCH_BUS"])
def test_bus_that_cannot_be_loaded_is_named_with_the_reason(value):
    """Goal: a missing library is said, not raised from somewhere deep."""
    with pytest.raises(AddressError, match="cannot be used here"):
        find_bus(parse_address("odd://place"), [point("odd", value)])


class _Sleeper:
    """A bus of which nothing is heard again."""

    async def open(self, address, *, deadline_ns):
        await asyncio.sleep(3_600)


def test_bus_that_does_not_come_back_is_given_up_at_the_deadline(monkeypatch):
    """Goal: open_link itself keeps the deadline, whatever the bus does."""
    monkeypatch.setattr("devices.bus.opening.find_bus", lambda address: _Sleeper())

    async def story(clock, entropy):
        started = clock.monotonic_ns()
        with pytest.raises(LinkDownError, match=r"within 2\.5 s"):
            await open_link(
                parse_address("odd://place"), deadline_ns=started + 2_500_000_000, clock=clock
            )
        return clock.monotonic_ns() - started

    assert abs(run(story) - 2_500_000_000) < 1_000_000
