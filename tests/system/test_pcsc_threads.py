"""Slots that close side by side: libpcsclite 1.9 dies of it unless its lists are left to one thread at a time.

Debian's library walks its contexts without a lock in SCardDisconnect, and a context released by another
slot meanwhile is freed memory. Without devices.bus.pcsc taking turns, two runs of twenty seconds in
three ended with a segmentation fault; the short one here is for every day.
"""

import asyncio
import os
import shutil
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from protocols.control import Verb
from sim.hosting.card_slot import HostedSlot
from sim.hosting.card_socket import ReaderCarrier
from sim.hosting.pcscd import DaemonError, PrivateDaemon, ReaderPlan
from sim.smart_card import SmartCardTwin
from tests.support.card_bench import CLOCK, card

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("cards")]
READERS = ("IPS 0", "IPS 1")
SECONDS = 3
_SLOTS = """
import sys
from threading import Barrier, Thread
from time import monotonic
from devices.bus.pcsc import Daemon, Ending, PcscError, matching

END = monotonic() + float(sys.argv[1])

def leave(daemon, gate, card=None):
    gate.wait()
    if card:
        card.disconnect(Ending.LEAVE)
    daemon.release()

def churn(reader):
    rounds = 0
    while monotonic() < END:
        watching = [Daemon() for _ in range(4)]
        talking = Daemon()
        try:
            card = talking.connect(matching(talking.readers(), reader))
        except PcscError:
            card = None
        gate = Barrier(5)
        slots = [Thread(target=leave, args=(each, gate)) for each in watching]
        slots.append(Thread(target=leave, args=(talking, gate, card)))
        for slot in slots:
            slot.start()
        for slot in slots:
            slot.join()
        rounds += card is not None
    assert rounds > 0

counters = [Thread(target=churn, args=(reader,)) for reader in sys.argv[2:]]
for counter in counters:
    counter.start()
for counter in counters:
    counter.join()
"""
# A process of its own, for what went wrong here was a segmentation fault.


async def test_slots_close_at_the_same_moment() -> None:
    pytest.importorskip("smartcard.scard", reason="pyscard is not installed: make setup says how")
    folder = Path(tempfile.mkdtemp(prefix="ips"))
    plans = tuple(ReaderPlan(name=name) for name in READERS)
    daemon = PrivateDaemon(folder / "d", plans, clock=CLOCK)
    async with AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        try:
            daemon.start()
        except DaemonError as error:
            pytest.skip(str(error))
        stack.callback(daemon.stop)
        for reader in READERS:
            carrier = ReaderCarrier(daemon.dial(reader), reader=reader, daemon=daemon.client_socket)
            twin = SmartCardTwin({"customer": card(b"CUSTOMER")})
            host = HostedSlot(name=reader, twin=twin, carrier=carrier, clock=CLOCK)
            await host.start()
            stack.push_async_callback(host.stop)
            host.work(Verb(verb="insert", arguments={"card": "customer"}))

        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _SLOTS, str(SECONDS), *READERS),
            env={**os.environ, "PCSCLITE_CSOCK_NAME": str(daemon.client_socket)},
        )
        async with asyncio.timeout(60):
            assert await child.wait() == 0
