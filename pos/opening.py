"""Opens a till for one command or for the screen: the folder's lock, the store, the side door."""

import asyncio
import os
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from devices.keys import KeysError
from pos.catalogue_file import Encoding, import_catalogue
from pos.checking import Checking
from pos.commands import Lock
from pos.config import Config
from pos.device_setup import repeat_window_ns
from pos.headless import PAPERS_SECONDS, Answer, Devices, Request, answer
from pos.host import HostClock, HostEntropy, host_faults
from pos.loading import shift_of
from pos.script import entries_of, play, told
from pos.shift import business_date
from pos.side_door import SideDoor, ask_counter
from pos.store.errors import StoreError
from pos.store.lock import FolderHeldError, FolderLock
from pos.store.store import FILE_NAME, Store
from pos.till import Till
from pos.uplink import DRAIN_SECONDS, open_keys
from pos.wiring import (
    Host,
    WiredTill,
    line_of,
    open_store,
    setup_of,
    store_inline,
    store_thread,
    wire,
)
from protocols.catalogue import Catalogue
from protocols.control import Endpoint
from protocols.enrolment import EnrolmentError

if TYPE_CHECKING:
    from pos.control_client import ControlClient
    from pos.ui.training import Goods

COUNTER: Final = "ips-pos"
"""The program that opens a side door for the others."""
CONTROL_VARIABLE: Final = "INTERMARKET_CONTROL"
"""Where a demonstration says how its virtual equipment is worked: JSON of Endpoint."""
LINK_SECONDS: Final = 0.5
"""The HTTP library is slow to import: the first picture of the counter comes before it."""
TRAINING_GOODS_MAX: Final = 500


def host() -> Host:
    """Return this machine's clock, randomness and fault points."""
    return Host(clock=HostClock(), entropy=HostEntropy(), faults=host_faults())


async def carry_out(config: Config, request: Request) -> Answer:
    """Carry a request out here, or in the counter that is open in the folder.

    Raises: MisuseError, StoreError, FolderHeldError, NobodyThereError.
    """
    folder = Path(config.folder)
    try:
        lock = FolderLock(folder, "ips-pos command")
    except FolderHeldError as held:
        if held.holder is None or held.holder.program != COUNTER:
            raise
        return await ask_counter(folder, request)
    try:
        wired = wire(config, host(), store_inline(config, HostClock()))
        await wired.start()
        try:
            if isinstance(request, Devices):
                await wired.devices.settled()
                await wired.look_at_cards()
                await wired.examine()
            reply = await answer(wired.till, request)
            await wired.uplink.drained(seconds=DRAIN_SECONDS)
            return reply
        finally:
            await wired.stop()
    finally:
        lock.release()


def run_screen(config: Config) -> int:
    """Open the counter's screen until the clerk leaves; its training counter, where one goes over to it.

    Returns the exit status. Raises: StoreError, FolderHeldError.
    """
    from pos.training import as_training

    while _one_screen(config) and not config.training:
        if not _one_screen(as_training(config)):
            break  # Told to end, and not to go back.
    return 0


def _one_screen(config: Config) -> bool:
    """Open one counter until it is left; returns whether for the other one."""
    lock = FolderLock(Path(config.folder), COUNTER)
    try:
        return asyncio.run(_screen(config))
    finally:
        lock.release()


async def _screen(config: Config) -> bool:
    """Open the till, then the screen; the side door and the link follow the first picture."""
    # The screen library is imported below run_counter alone: commands must not pay for it.
    from pos.keymap import load_keymap
    from pos.ui.grammar import read_entry
    from pos.ui.opening import run_counter
    from pos.ui.source import Counter

    machine = host()
    wired = wire(config, machine, store_thread(config, machine.clock))
    door = SideDoor(wired.till, Path(config.folder))
    checking = Checking(wired.till, machine.clock)
    link: asyncio.Task[None] | None = None
    slots: asyncio.Task[None] | None = None
    try:
        await wired.start_here()
        if wired.till.register.signed is not None:
            # Whoever starts the counter need not be who was signed on when it ended.
            await wired.till.execute(Lock("start"))
        checking.start()
        await door.open()
        link = asyncio.get_running_loop().create_task(_link_later(wired), name="link")
        slots = asyncio.get_running_loop().create_task(wired.look_at_cards(), name="card slots")
        await run_counter(
            Counter(
                till=wired.till,
                grammar=read_entry,
                keymap=load_keymap(config.keymap),
                clock=machine.clock,
                zone=wired.till.register.setup.zone,
                repeat_window_ns=repeat_window_ns(config.devices),
                bench=_bench(),
                goods=_training_goods(wired.till),
            )
        )
        return wired.till.register.switching
    finally:
        for task in (link, slots):
            if task is not None:
                task.cancel()
        await checking.stop()
        await door.close()
        await wired.stop()


async def _link_later(wired: WiredTill) -> None:
    """Start the link once the counter can be used; what is wrong with it is told, not raised."""
    await asyncio.sleep(LINK_SECONDS)
    register = wired.till.register
    try:
        await wired.uplink.start()
    except (KeysError, EnrolmentError) as error:
        wired.till.tell(register.say("NET-05", reason=str(error)))
    except StoreError as error:
        wired.till.store_failed(error)


def run_script(config: Config, source: Path | None) -> int:
    """Work the till by entries from a file, or from standard input. Returns the exit status.

    Raises: StoreError, FolderHeldError, OSError.
    """
    lock = FolderLock(Path(config.folder), COUNTER)
    try:
        return asyncio.run(_script(config, source))
    finally:
        lock.release()


async def _script(config: Config, source: Path | None) -> int:
    machine = host()
    wired = wire(config, machine, store_thread(config, machine.clock))
    await wired.start()
    door = SideDoor(wired.till, Path(config.folder))
    try:
        await door.open()
        refused = await play(wired.till, entries_of(source), told)
        await wired.till.papers_out(seconds=PAPERS_SECONDS)
        await wired.uplink.drained(seconds=DRAIN_SECONDS)
    finally:
        await door.close()
        await wired.stop()
    return 1 if refused else 0


def _bench() -> "ControlClient | None":
    """Return the virtual equipment that stands beside this counter, if a demonstration told it."""
    from pos.control_client import ControlClient

    told = os.environ.get(CONTROL_VARIABLE)
    return ControlClient(msgspec.json.decode(told, type=Endpoint)) if told else None


def _training_goods(till: Till) -> "tuple[Goods, ...]":
    from pos.ui.training import Goods

    assortment = till.register.assortment
    items = () if assortment is None else assortment.items
    return tuple(
        Goods(code=item.barcodes[0], name_ko=item.name_ko, name_en=item.name_en)
        for item in items
        if item.barcodes
    )[:TRAINING_GOODS_MAX]


def store_file(config: Config) -> Path:
    """Return the till's store, which must be there. Raises: StoreError."""
    path = Path(config.folder) / FILE_NAME
    if not path.exists():
        raise StoreError(f"there is no journal at {path}: nothing was sold in this folder yet")
    return path


def existing_store(config: Config) -> Store:
    """Open the till's store beside whoever works in it, to read. Raises: StoreError."""
    store_file(config)
    return open_store(config, HostClock())()


def import_goods(config: Config, file: Path, encoding: str) -> Catalogue:
    """Sell from a file from now on. Raises: CatalogueError, StoreError, FolderHeldError, OSError."""
    data = file.read_bytes()
    lock = FolderLock(Path(config.folder), "ips-pos catalogue import")
    try:
        clock = HostClock()
        with open_store(config, clock)() as store:
            return import_catalogue(
                store.database,
                data,
                date=business_date(clock.now_ns(), setup_of(config).zone),
                now_ns=clock.now_ns(),
                encoding=Encoding(encoding),
                currency_code=config.store.currency,
            )
    finally:
        lock.release()


def import_document(config: Config, name: str, file: Path) -> msgspec.Struct:
    """Put a policy or a staff list in force, from a file.

    Raises: DocumentFileError, StoreError, FolderHeldError, OSError.
    """
    from pos.document_file import read_document, take_document

    body = read_document(name, file)
    lock = FolderLock(Path(config.folder), f"ips-pos {name} import")
    try:
        clock = HostClock()
        with open_store(config, clock)() as store:
            take_document(store, name, body, clock.now_ns())
    finally:
        lock.release()
    return body


async def join(config: Config, code: str) -> tuple[bool, str]:
    """Let this till join the configured broker. Returns whether it did, and a sentence.

    Raises: StoreError, KeysError, FolderHeldError.
    """
    from pos.broker_client import BrokerClient
    from pos.enrol import Enrolled, enrol

    korean = config.language == "ko"
    if config.training:
        return False, (
            "연습 계산대는 중계서버에 등록하지 않습니다"
            if korean
            else "a training counter joins no broker"
        )
    if not config.broker.url:
        return False, (
            "설정에 중계서버 주소가 없습니다: [broker] url 을 적으세요"
            if korean
            else "the configuration names no broker: write url under [broker]"
        )
    machine = host()
    lock = FolderLock(Path(config.folder), "ips-pos enrol")
    try:
        store = store_inline(config, machine.clock)
        try:
            if (await store.run(shift_of))[0].number:
                return False, (
                    "먼저 마감하세요: 개점 중에는 등록할 수 없습니다"
                    if korean
                    else "close the shift first: a till joins a broker between two shifts"
                )
            client = BrokerClient(config.broker.url, clock=machine.clock, entropy=machine.entropy)
            try:
                result = await enrol(
                    code,
                    client=client,
                    keys=open_keys(line_of(config, machine)),
                    store=store,
                    entropy=machine.entropy,
                    program=f"ips-pos {version('intermarket-pos')}",
                )
            finally:
                await client.close()
        finally:
            await store.close()
    finally:
        lock.release()
    if isinstance(result, Enrolled):
        who = result.certificate
        return True, f"terminal {who.terminal} of store {who.store}, epoch {who.epoch}"
    return False, result.sentence_ko if korean else result.sentence_en
