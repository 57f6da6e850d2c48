"""The private card daemon and our reader driver: many readers, many daemons, and cards that misbehave.

The driver is C: whatever a card's socket says, the daemon lives and the next card is served.
"""

import asyncio
import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.entropy import SeededEntropy
from sim.host import SystemClock
from sim.hosting.pcscd import (
    READERS_MAX,
    DaemonError,
    PrivateDaemon,
    ReaderDriver,
    ReaderPlan,
    find_daemon,
    find_driver,
)
from tests.support.card_bench import QUERY, SELECT, card, deadline, pcsc_reader, tell, until

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("cards")]
CLOCK = SystemClock()


@pytest.fixture
def folder() -> Iterator[Path]:
    if find_daemon() is None or find_driver() is None:
        pytest.skip("pcscd or our reader driver is missing: make setup says how to get them")
    made = Path(tempfile.mkdtemp(prefix="ips"))
    yield made
    shutil.rmtree(made)


_LIST = """
import sys
from smartcard.scard import *
print(SCardListReaders(SCardEstablishContext(SCARD_SCOPE_USER)[1], [])[1])
"""


def readers_of(daemon: PrivateDaemon) -> str:
    environment = {"PCSCLITE_CSOCK_NAME": str(daemon.client_socket)}
    return subprocess.run(
        [sys.executable, "-c", _LIST],
        env=environment, capture_output=True, text=True, timeout=60, check=True,
    ).stdout  # fmt: skip


def test_two_daemons_side_by_side_have_their_own_readers(folder: Path) -> None:
    pytest.importorskip("smartcard.scard", reason="pyscard is not installed: make setup says how")
    many = tuple(ReaderPlan(name=f"IPS {number:02d}") for number in range(READERS_MAX))
    one = PrivateDaemon(folder / "a", many, clock=CLOCK)
    other = PrivateDaemon(folder / "b", (ReaderPlan(name="Alone"),), clock=CLOCK)
    one.start()
    other.start()
    try:
        assert readers_of(one).count("IPS ") == READERS_MAX
        assert "Alone 00 00" in readers_of(other) and "IPS" not in readers_of(other)
    finally:
        one.stop()
        other.stop()
    assert not (folder / "a").exists() and not (folder / "b").exists()


def test_daemon_killed_and_started_again_takes_its_sockets_back(folder: Path) -> None:
    daemon = PrivateDaemon(folder / "a", (ReaderPlan(name="IPS"),), clock=CLOCK)
    daemon.start()
    daemon.kill()
    assert daemon.dial("IPS").path.is_socket(), "left behind by the kill"
    daemon.start()
    try:
        with socket.socket(socket.AF_UNIX) as dialled:
            dialled.settimeout(5)
            dialled.connect(str(daemon.dial("IPS").path))
    finally:
        daemon.stop()


def test_sockets_are_the_users_alone(folder: Path) -> None:
    daemon = PrivateDaemon(folder / "a", (ReaderPlan(name="IPS"),), clock=CLOCK)
    daemon.start()
    try:
        for path in (daemon.client_socket, daemon.dial("IPS").path):
            assert path.stat().st_mode & 0o077 == 0
    finally:
        daemon.stop()


@pytest.mark.parametrize(
    ("name", "count", "sentence"),
    [("x" * 120, 1, "shorter"), ("a b", 1, "space"), ("a", READERS_MAX + 1, "16 readers")],
)
def test_what_pcscd_cannot_have_is_refused_with_a_sentence(
    folder: Path, name: str, count: int, sentence: str
) -> None:
    readers = tuple(ReaderPlan(name=f"IPS {number}") for number in range(count))

    with pytest.raises(DaemonError, match=sentence):
        PrivateDaemon(folder / name, readers, clock=CLOCK)


def test_missing_driver_says_how_to_get_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPS_IFD", str(folder / "nothing.so"))
    daemon = PrivateDaemon(
        folder / "a", (ReaderPlan(name="IPS", driver=ReaderDriver.OURS),), clock=CLOCK
    )

    with pytest.raises(DaemonError, match="apt-get install libpcsclite-dev"):
        daemon.start()
    daemon.stop()


GARBAGE = [
    b"",
    b"\x00",
    b"\x00\x00",
    b"\x00\x05abc",
    b"\x00\x22" + b"A" * 34,
    b"\xff\xff" + b"\x3b" * 65_535,
    b"\x00\x02\x3b\x00" * 50,
    b"\x00\x01\x3b\x00\x00",
]
"""Sent by a card that was asked for its ATR: nothing, half frames, too long, too many."""


async def test_driver_outlives_cards_that_misbehave(card_daemon: PrivateDaemon) -> None:
    entropy = SeededEntropy(3)
    path = str(card_daemon.dial("IPS shop").path)
    for number in range(40):
        said = GARBAGE[number % len(GARBAGE)] or entropy.token(entropy.below(600))
        with socket.socket(socket.AF_UNIX) as dialled:
            dialled.settimeout(5)
            dialled.connect(path)
            dialled.setblocking(False)
            with contextlib.suppress(OSError):
                dialled.send(said)
            await asyncio.sleep(0.005)

    async with pcsc_reader(card_daemon, "IPS shop", {"shop": card(b"SHOP-001")}) as reader:
        await reader.insert("shop")
        channel = await reader.slot.connect(deadline_ns=deadline())
        assert (await tell(channel, SELECT)).ok
        assert (await tell(channel, QUERY)).data[:8] == b"SHOP-001"


async def test_insertion_and_removal_are_seen_in_milliseconds(card_daemon: PrivateDaemon) -> None:
    """Our driver's reason to be: vpcd needs 400 ms. The limit is generous, the machine is shared."""
    took = []
    async with pcsc_reader(card_daemon, "IPS shop", {"shop": card(b"SHOP-001")}) as reader:
        for _ in range(10):
            began = CLOCK.monotonic_ns()
            await reader.insert("shop")
            middle = CLOCK.monotonic_ns()
            await reader.remove()
            took.append((middle - began, CLOCK.monotonic_ns() - middle))
            await until(reader.is_empty)

    assert sorted(inserted for inserted, _ in took)[5] < 100_000_000
    assert sorted(removed for _, removed in took)[5] < 100_000_000
