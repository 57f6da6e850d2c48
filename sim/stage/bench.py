"""The bench itself: opens everything that a plan asks for, announces it, and ends with its parent.

What is served stands in FOLDER/bench.json, readable by its user alone: sim.bus reads it. Stable names
of ptys are links in the same folder. A bench ends by SIGINT or SIGTERM, when the other end of
--parent-fd is closed, and on Linux when its parent dies; then links and file are gone again.
"""

import asyncio
import contextlib
import ctypes
import fcntl
import os
import resource
import signal
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import msgspec

from protocols.control import Endpoint
from protocols.emv.terminal import RID
from protocols.pin_pad.words import PinBlockFormat
from protocols.ports import Clock, Entropy
from sim.bus import bench_file
from sim.control import ControlServer, Served, application
from sim.entropy import SeededEntropy
from sim.hosting.carrier import Carrier
from sim.hosting.hosted import Hosted
from sim.hosting.pty import PtyCarrier
from sim.hosting.rfc2217 import Rfc2217Carrier
from sim.hosting.serial_cable import SerialCable
from sim.hosting.tcp import TcpCarrier
from sim.stage.decks import Decks
from sim.stage.kinds import CARD_WIRES, Needs, PinPadOptions, WireKind
from sim.stage.plan import DevicePlan, Plan
from sim.stage.readers import Readers
from sim.stage.recording import Watch, device_channel, host_channel
from sim.wire import Wire

TOKEN_BYTES: Final = 16
BANKS_FILE: Final = "banks.sqlite"
DESCRIPTORS_EACH: Final = 3
"""Both ends of a pty and what holds its name; a listening socket and its driver's."""
DESCRIPTORS_BESIDE: Final = 128
"""The loop, the control interface and its callers, the card daemon."""
_PR_SET_PDEATHSIG: Final = 1


class Bench:
    """A set of devices that are served, and the control interface over them."""

    def __init__(
        self,
        plan: Plan,
        *,
        folder: Path,
        clock: Clock,
        entropy: Entropy,
        watch: Watch | None = None,
    ) -> None:
        """Build the devices of a plan; nothing is open yet. Raises: ImportError."""
        readers = tuple(each for each in plan.devices if each.wire in CARD_WIRES)
        self._watch = watch = watch or Watch()
        self._decks = Decks(folder, seed=plan.seed, card_set=plan.card_set)
        self._readers = Readers(readers, decks=self._decks, clock=clock, watch=watch)
        self._folder = folder
        self._file = folder / bench_file().name
        self._token = entropy.token(TOKEN_BYTES).hex()
        self._clock = clock
        self._seeded = seeded = SeededEntropy(plan.seed)
        self._pads = tuple(each for each in plan.devices if each.kind.needs is Needs.ISSUERS)
        self._banks = tuple(
            each for each in plan.devices if each.kind.needs in (Needs.BOOKS, Needs.MEMORY)
        )
        self._hybrids = tuple(
            each
            for each in plan.devices
            if each.kind.needs is Needs.CARDS and each.wire not in CARD_WIRES
        )
        self._devices: dict[str, Served] = {
            each.name: _hosted(each, folder, clock, seeded.fork(each.name), watch)
            for each in plan.devices
            if each not in (*readers, *self._pads, *self._banks, *self._hybrids)
        }
        self._start = {each.name: each.start for each in plan.devices}
        self._control = ControlServer(application(self._devices, token=self._token))
        self._started: list[Served] = []
        self._lock: int | None = None

    @property
    def devices(self) -> Mapping[str, Served]:
        """What it serves, by name; card slots once it is open."""
        return self._devices

    async def start(self) -> Endpoint:
        """Open everything. Raises: OSError when the folder, a name, a port or files are taken."""
        _allow_descriptors(len(self._start) * DESCRIPTORS_EACH + DESCRIPTORS_BESIDE)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = _lock(self._folder)
        self._devices |= self._readers.open()
        self._devices |= {plan.name: self._pad(plan) for plan in self._pads}
        self._devices |= {plan.name: self._bank(plan) for plan in self._banks}
        self._devices |= {plan.name: self._hybrid(plan) for plan in self._hybrids}
        for hosted in self._devices.values():
            await hosted.start()
            self._started.append(hosted)
            for verb in self._start.get(hosted.name, ()):
                await hosted.do(verb)
        url = await self._control.start()
        endpoint = Endpoint(
            url=url,
            token=self._token,
            devices={name: hosted.address for name, hosted in self._devices.items()},
        )
        _write_private(self._file, msgspec.json.encode(endpoint))
        return endpoint

    async def stop(self) -> None:
        """Close everything that was opened; harmless after half a start."""
        with contextlib.suppress(FileNotFoundError):
            if self._token.encode() in self._file.read_bytes():
                self._file.unlink()
        await self._control.stop()
        for hosted in reversed(self._started):
            await hosted.stop()
        self._started.clear()
        self._readers.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _pad(self, plan: DevicePlan) -> Served:
        """Make a device that knows the issuers of the bench's cards. Raises: OSError."""
        try:
            keys = self._decks.issuer_keys(plan.cards)
            issuer = self._decks.emv_issuer(plan.cards)
        except ValueError as error:
            raise OSError(str(error)) from error
        own = self._seeded.fork(f"keys of {plan.name}")
        wire = self._seeded.fork(plan.name)
        brought = {"issuer_keys": keys, "entropy": own, **self._loaded(plan)}
        if issuer is not None:
            brought["authorities"] = issuer.authorities(RID)
        return _hosted(plan, self._folder, self._clock, wire, self._watch, brought)

    def _bank(self, plan: DevicePlan) -> Served:
        """Make what has a memory of its own: a bank's host over the bench's books. Raises: OSError."""
        wire = self._seeded.fork(plan.name)
        shared = plan.kind.needs is Needs.BOOKS
        place = self._folder / (BANKS_FILE if shared else f"{plan.name}.sqlite")
        brought = {"clock": self._clock, "place": place}
        try:
            return _hosted(plan, self._folder, self._clock, wire, self._watch, brought)
        except (ValueError, sqlite3.Error) as error:
            raise OSError(f"{plan.name}: {error}") from error

    def _hybrid(self, plan: DevicePlan) -> Served:
        """Make a reader on a line of bytes, with the bench's cards beside it. Raises: OSError."""
        wire = self._seeded.fork(plan.name)
        try:
            cards, away = self._decks.deck(plan.cards)
            brought = {"cards": cards, "away": away}
            return _hosted(plan, self._folder, self._clock, wire, self._watch, brought)
        except ValueError as error:
            raise OSError(f"{plan.name}: {error}") from error

    def _loaded(self, plan: DevicePlan) -> dict[str, Any]:
        """Return what a pad was loaded with for the virtual banks: once, so that no key serves twice."""
        # Loaded when a bench has a pad: the other devices need no cryptography.
        from protocols.purse.memory import TwoSlotMemory
        from sim.bank.pins import PinKeys
        from sim.cards.slots import SlotFiles
        from sim.pin_pad_keys import initial_key_of, load_pad

        assert isinstance(plan.options, PinPadOptions), "only a PIN pad is loaded"
        form, keys = plan.options.pin_block, PinKeys()
        base = keys.aes_base if form is PinBlockFormat.FORMAT_4 else keys.tdes_base
        slots = SlotFiles(self._folder / f"{plan.name}-keys-{form.value}")
        if not slots.load(0) and not slots.load(1):
            number = self._seeded.fork(f"number of {plan.name}").token(4)
            load_pad(slots, form, *initial_key_of(form, base, number))
        return {"bank_memory": TwoSlotMemory(slots)}


@contextlib.contextmanager
def ending(parent: int | None) -> Iterator[asyncio.Event]:
    """Give the event that SIGINT, SIGTERM, and the end of the parent's pipe set.

    To be entered before anything is opened: whoever is told to end while still starting up, ends.
    """
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    if parent is not None:
        _die_with_parent()
        os.set_blocking(parent, False)
        loop.add_reader(parent, _heed, parent, ended)
    try:
        yield ended
    finally:
        if parent is not None:
            loop.remove_reader(parent)
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _heed(parent: int, ended: asyncio.Event) -> None:
    """Read what the parent writes, which means nothing; its end of file means the end."""
    try:
        data = os.read(parent, 4_096)
    except BlockingIOError:
        return
    except OSError:
        data = b""
    if not data:
        asyncio.get_running_loop().remove_reader(parent)
        ended.set()


def _die_with_parent() -> None:
    """Have Linux end this process when its parent dies, also while it is busy; others use the pipe."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _hosted(
    plan: DevicePlan,
    folder: Path,
    clock: Clock,
    entropy: SeededEntropy,
    watch: Watch,
    brought: Mapping[str, Any] = MappingProxyType({}),
) -> Served:
    if plan.wire is WireKind.HTTP:
        return _host(plan, clock, watch)
    end = _carrier(plan, folder)
    carrier = watch.carrier(
        end,
        plan.name,
        protocol=plan.protocol,
        link=plan.wire.value,
        line="" if plan.wire is WireKind.TCP else str(plan.line),
    )
    hosted = Hosted(
        name=plan.name,
        twin=plan.kind.build(plan.options, **plan.brought(), **brought),
        carrier=carrier,
        wire=Wire(entropy, line=plan.line, pace=plan.pace, faults=plan.faults),
        clock=clock,
        cable=SerialCable(end) if isinstance(end, Rfc2217Carrier) else None,
    )
    return watch.noted(hosted, device_channel(plan.name))


def _host(plan: DevicePlan, clock: Clock, watch: Watch) -> Served:
    # Loaded when a plan has a host: devices need no HTTP parser.
    from sim.host_line import HostTwin
    from sim.hosting.relay import HostRelay

    twin = plan.kind.build(plan.options)
    assert isinstance(twin, HostTwin), "only a host is reached by messages"
    relay = HostRelay(
        name=plan.name,
        twin=twin,
        to=plan.to,
        port=plan.port,
        clock=clock,
        tap=watch.host(plan.name, link="loopback"),
        hold=watch.hold,
    )
    return watch.noted(relay, host_channel(plan.name))


def _carrier(plan: DevicePlan, folder: Path) -> Carrier:
    match plan.wire:
        case WireKind.PTY:
            return PtyCarrier(line=plan.line, link=plan.link or folder / plan.name)
        case WireKind.TCP:
            return TcpCarrier(port=plan.port)
        case WireKind.RFC2217:
            return Rfc2217Carrier(line=plan.line, port=plan.port)
        case WireKind.PCSC | WireKind.VPCD | WireKind.HTTP:
            raise AssertionError("a card slot and a host have no wire of bytes")


def _lock(folder: Path) -> int:
    """Take a folder for this bench alone; return the descriptor to keep. Raises: OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise OSError(
            f"{folder} is in use by a bench that is running: end it, or choose another --folder"
        ) from error
    return descriptor


def _allow_descriptors(wanted: int) -> None:
    """Raise this process's own limit of open files to what it needs. Raises: OSError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise OSError(
            f"{wanted} open files are needed for so many devices, and {hard} allowed: "
            f"serve fewer on one bench, or raise the limit (ulimit -Hn)"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _write_private(file: Path, data: bytes) -> None:
    """Write a file that nobody else ever sees half, or at all."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
    fresh.replace(file)
