"""The socket in the folder: a command reaches the open counter; garbage and silence do no harm."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from pos.config import Config, parse_config
from pos.headless import Answer, Queue, Run, Sell
from pos.side_door import (
    CONNECTIONS_MAX,
    LINE_BYTES_MAX,
    NobodyThereError,
    SideDoor,
    ask_counter,
    socket_path,
)
from pos.wiring import Host, store_inline, wire


class Zeros:
    def token(self, size: int) -> bytes:
        return bytes(size)


@pytest.fixture
async def door(tmp_path: Path, clock, places):
    config = parse_config(f'folder = "{tmp_path}"', tmp_path / "pos.toml")
    assert isinstance(config, Config)
    host = Host(clock=clock, entropy=Zeros(), faults=places)
    wired = wire(config, host, store_inline(config, clock))
    await wired.start()
    opened = SideDoor(wired.till, tmp_path)
    await opened.open()
    yield tmp_path
    await opened.close()
    await wired.stop()


async def test_a_command_works_in_the_open_counter(door: Path) -> None:
    opened = await ask_counter(door, Run(entries=["50.OS"]))
    queue = await ask_counter(door, Queue())
    refused = await ask_counter(door, Sell(items=["1"], tenders=["cash"]))

    assert opened.done
    assert queue.fields["waiting"] == 1
    assert (refused.done, refused.code) == (False, "CAT-01")


@pytest.mark.parametrize(
    "line",
    [b"\n", b"garbage\n", b'{"type":"steal"}\n', b"x" * (LINE_BYTES_MAX + 10) + b"\n"],
    ids=["empty", "no json", "unknown request", "too long"],
)
async def test_garbage_is_answered_and_the_door_stays_open(door: Path, line: bytes) -> None:
    reader, writer = await asyncio.open_unix_connection(str(socket_path(door)))
    writer.write(line)
    reply = msgspec.json.decode(await reader.readline(), type=Answer)
    writer.close()

    assert (reply.done, reply.code) == (False, "misuse")
    assert (await ask_counter(door, Queue())).done


async def test_only_the_owner_may_enter(door: Path) -> None:
    assert socket_path(door).stat().st_mode & 0o777 == 0o600


async def test_too_many_at_the_door_are_turned_away(door: Path) -> None:
    silent = [
        await asyncio.open_unix_connection(str(socket_path(door))) for _ in range(CONNECTIONS_MAX)
    ]
    await asyncio.sleep(0.05)

    with pytest.raises(NobodyThereError):
        await ask_counter(door, Queue())

    for _, writer in silent:
        writer.close()
    await asyncio.sleep(0.05)
    assert (await ask_counter(door, Queue())).done


async def test_nobody_there_says_where_and_what_is_not_known(tmp_path: Path) -> None:
    with pytest.raises(NobodyThereError, match="look at the last sale"):
        await ask_counter(tmp_path, Queue())


def test_a_deep_folder_has_its_socket_elsewhere(tmp_path: Path, monkeypatch) -> None:
    """A socket's path is at most 107 bytes."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    deep = tmp_path / ("d" * 120)

    assert len(str(socket_path(deep))) < 108
    assert str(socket_path(deep)).startswith("/run/user/7/")
    assert socket_path(deep) != socket_path(deep / "e")
