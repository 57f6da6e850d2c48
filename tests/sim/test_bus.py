"""sim:// addresses: a device of this program, or of the bench whose file says where it really is."""

import asyncio

import msgspec
import pytest

from protocols.address import AddressError, parse_address
from protocols.control import Endpoint
from protocols.ports import LinkDownError
from sim import bus
from sim.clock import run
from sim.memory import memory_pair


def opened(text):
    async def story(clock, entropy):
        return await bus.BUS.open(parse_address(text), deadline_ns=clock.monotonic_ns() + 1)

    return run(story)


def bench(tmp_path, **devices):
    file = tmp_path / "bench.json"
    file.write_bytes(msgspec.json.encode(Endpoint(url="", token="", devices=devices)))
    return file


def test_offered_device_is_opened_and_withdrawn_one_is_not(tmp_path):
    """Goal: in one program no file is asked."""

    async def story(clock, entropy):
        near, _far = memory_pair()
        bus.offer("drawer", lambda: near)
        address = parse_address(f"sim://drawer?bench={tmp_path}/none.json")
        assert await bus.BUS.open(address, deadline_ns=0) is near
        bus.withdraw("drawer")
        with pytest.raises(LinkDownError):
            await bus.BUS.open(address, deadline_ns=0)

    run(story)


def test_withdrawn_device_is_not_looked_for_on_a_bench_that_runs(tmp_path):
    """Goal: a scenario's pulled printer is never the printer of the bench next door."""
    file = bench(tmp_path, drawer="tcp://127.0.0.1:1")

    async def story(clock, entropy):
        bus.offer("drawer", lambda: memory_pair()[0])
        bus.withdraw("drawer")
        with pytest.raises(LinkDownError, match="taken it away"):
            await bus.BUS.open(parse_address(f"sim://drawer?bench={file}"), deadline_ns=0)
        bus.offer("drawer", lambda: memory_pair()[0])

    run(story)


def test_offers_of_one_world_are_not_seen_in_another(tmp_path):
    """Goal: worlds do not leak into each other."""

    async def offering(clock, entropy):
        bus.offer("drawer", lambda: memory_pair()[0])

    run(offering)

    with pytest.raises(LinkDownError):
        opened(f"sim://drawer?bench={tmp_path}/none.json")


@pytest.mark.parametrize("content", [b"", b"{", b'{"url": 1}', b"\xff"])
def test_broken_bench_file_is_named(tmp_path, content):
    """Goal: no decoder's error escapes."""
    file = tmp_path / "bench.json"
    file.write_bytes(content)

    with pytest.raises(LinkDownError, match="cannot be read"):
        opened(f"sim://printer?bench={file}")


def test_unknown_device_names_those_that_are_there(tmp_path):
    """Goal: a slip in the configuration is the address's fault; no retry helps."""
    file = bench(tmp_path, printer="tcp://127.0.0.1:1", scanner="tcp://127.0.0.1:2")

    with pytest.raises(AddressError, match="it has: printer, scanner"):
        opened(f"sim://printr?bench={file}")


def test_variable_names_the_file_when_the_address_does_not(tmp_path, monkeypatch):
    """Goal: a whole program can be pointed to a bench from outside."""
    monkeypatch.setenv(bus.BENCH_VARIABLE, str(bench(tmp_path, printer="odd://place")))

    with pytest.raises(AddressError, match="odd://place: the bench names an address"):
        opened("sim://printer")


def test_bench_file_lies_where_only_the_user_looks(monkeypatch, tmp_path):
    """Goal: after XDG; a service without a run-time folder has its state folder."""
    monkeypatch.delenv(bus.BENCH_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert str(bus.bench_file()) == "/run/user/7/intermarket/bench.json"

    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert bus.bench_file() == tmp_path / ".local/state/intermarket/bench.json"


async def test_offers_need_no_virtual_time():
    """Goal: a program in real time may offer devices too."""
    near, _far = memory_pair()
    bus.offer("drawer", lambda: near)

    assert await bus.BUS.open(parse_address("sim://drawer"), deadline_ns=0) is near

    bus.withdraw("drawer")
    await asyncio.sleep(0)
