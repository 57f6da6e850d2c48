"""Runs the broker: uvicorn on sockets of ours, one for terminals, one for the office.

    terminals   HTTP on HOST:PORT; port 0 is any free one
    office      HTTP on folder/office.sock, 0600: the commands of this machine's operator

When both listen, one JSON line tells whoever asked for it (`announce_fd`). It ends on SIGTERM and
SIGINT, and with its parent: when the pipe `parent_fd` ends, and by PR_SET_PDEATHSIG. Ending is the
same each time: no new requests, what is queued is committed and answered, the folder is given back.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import stat
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import uvicorn
from starlette.applications import Starlette

from ips.broker import Broker
from ips.cash_receipts.sender import Sender
from ips.e_receipts import DAY_NS, ForgetLinks
from ips.front.app import build_app
from ips.front.office import build_office_app
from ips.front.receipts import build_receipts_app
from ips.janitor import ROUND_MAX
from ips.store.errors import StoreError
from ips.store.group import Group, PoisonError
from ips.writer import BusyError, Writer
from protocols.ports import NANOSECONDS_PER_SECOND
from protocols.session import SKEW_SECONDS_MAX

log = logging.getLogger("ips.server")
OFFICE_NAME: Final = "office.sock"
BACKLOG: Final = 2_048
SHUTDOWN_SECONDS: Final = 5
KEEP_ALIVE_SECONDS: Final = 75
WATCH_SECONDS: Final = 1.0
SWEEP_SECONDS: Final = 60.0
RECOVER_SECONDS: Final = 2.0
SOCKET_PATH_MAX: Final = 100
"""The system's limit is 108 bytes; longer folders are reached through their descriptor."""


class Announcement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a started broker tells, one line of JSON."""

    url: str
    office: str
    """The socket of the office."""
    process: int
    receipts: str = ""
    """Where customers read e-receipts; empty: nowhere."""


class ListenError(Exception):
    """The address cannot be listened on; the message says which and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How this run is to be."""

    address: tuple[str, int]
    announce: Callable[[bytes], None]
    """Told the announcement, one line."""
    parent_fd: int | None
    """A pipe whose other end the parent holds."""
    receipts: tuple[str, int] | None = None
    """Where customers read e-receipts; None: nowhere."""


class _Server(uvicorn.Server):
    """Leaves the signals to us: two servers share one loop. Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Change nothing."""
        yield


def _server(app: Starlette) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
    )


async def serve(broker: Broker, wishes: Wishes) -> None:
    """Serve until told to end. Raises: ListenError; StoreError when the writer has stopped."""
    loop = asyncio.get_running_loop()
    ending = asyncio.Event()
    with ExitStack() as stack:
        front = stack.enter_context(contextlib.closing(_listen(wishes.address, "--listen")))
        receipts = None
        if wishes.receipts is not None:
            receipts = _listen(wishes.receipts, "receipts.listen")
            stack.enter_context(contextlib.closing(receipts))
        office_path = broker.folder / OFFICE_NAME
        office = stack.enter_context(contextlib.closing(_listen_unix(office_path)))
        stack.callback(office_path.unlink, missing_ok=True)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ending.set)
            stack.callback(loop.remove_signal_handler, number)
        if wishes.parent_fd is not None:
            loop.add_reader(wishes.parent_fd, _watch_parent, wishes.parent_fd, ending)
            stack.callback(loop.remove_reader, wishes.parent_fd)
        servers = [(_server(build_app(broker)), front), (_server(build_office_app(broker)), office)]
        if receipts is not None:
            servers.append((_server(build_receipts_app(broker)), receipts))
        tasks = [asyncio.create_task(server.serve(sockets=[on])) for server, on in servers]
        chores = [
            asyncio.create_task(work)
            for work in (_sweep(broker), _recover(broker), broker.banks.run())
        ]
        if broker.cash_receipts is not None:
            chores.append(asyncio.create_task(_send_cash_receipts(broker.cash_receipts)))
        announcer = asyncio.create_task(_announce(servers, front, receipts, office_path, wishes))
        await _first(ending.wait(), _writer_stops(broker), *tasks)
        for server, _ in servers:
            server.should_exit = True
        for chore in (*chores, announcer):
            chore.cancel()
        await asyncio.gather(*tasks, *chores, announcer, return_exceptions=True)
    if not _writer_works(broker):
        raise StoreError(
            "the writer has stopped; nothing acknowledged is lost: start the broker again"
        )


async def _first(*waits: Coroutine[object, object, object] | asyncio.Task[None]) -> None:
    """Wait until one of them is done; end those that were begun here."""
    tasks = [
        each if isinstance(each, asyncio.Task) else asyncio.create_task(each) for each in waits
    ]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task, each in zip(tasks, waits, strict=True):
        if task is not each:
            task.cancel()


def _writer_works(broker: Broker) -> bool:
    return not isinstance(broker.writer, Writer) or broker.writer.is_alive()


async def _writer_stops(broker: Broker) -> None:
    """Return when the writer's thread has ended: a broker that stores nothing does not serve."""
    while _writer_works(broker):  # noqa: ASYNC110  a thread has no event to wait for
        await asyncio.sleep(WATCH_SECONDS)


async def _announce(
    servers: list[tuple[_Server, socket.socket]],
    front: socket.socket,
    receipts: socket.socket | None,
    office_path: Path,
    wishes: Wishes,
) -> None:
    """Tell where the broker listens, once it answers."""
    for server, _ in servers:
        await server.listening.wait()
    told = Announcement(
        url=_url(front),
        office=str(office_path),
        process=os.getpid(),
        receipts="" if receipts is None else _url(receipts),
    )
    wishes.announce(msgspec.json.encode(told) + b"\n")


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _watch_parent(descriptor: int, ending: asyncio.Event) -> None:
    if not os.read(descriptor, 64):
        ending.set()


def _listen(address: tuple[str, int], told_by: str) -> socket.socket:
    host, port = address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        listener.settimeout(0)
    except OSError as error:
        listener.close()
        raise ListenError(
            f"cannot listen on {host}:{port}: {error.strerror or error}; "
            f"choose another with {told_by}, or port 0 for any free one"
        ) from error
    return listener


def _listen_unix(path: Path) -> socket.socket:
    """Listen in the folder. The folder's lock is held, so a socket left there is nobody's."""
    if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with reachable(path) as short:
            before = os.umask(0o177)
            try:
                listener.bind(short)
            finally:
                os.umask(before)
        listener.listen(BACKLOG)
        listener.settimeout(0)
    except OSError as error:
        listener.close()
        raise ListenError(f"cannot listen on {path}: {error.strerror or error}") from error
    return listener


@contextmanager
def reachable(path: Path) -> Iterator[str]:
    """Give a name of a socket's path that fits the system's limit."""
    if len(os.fsencode(path)) <= SOCKET_PATH_MAX:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetNonces:
    """Work: forget the nonces of requests that are refused by their age."""

    before_seconds: int

    @property
    def size(self) -> int:
        """Return the bytes that it holds while it waits."""
        return 64

    @property
    def is_batch(self) -> bool:
        """Answer with the online requests."""
        return False

    def apply(self, group: Group) -> None:
        """Forget them."""
        group.changes.forget_nonces_before = self.before_seconds


async def _sweep(broker: Broker) -> None:
    """Forget old nonces and old links of e-receipts now and then."""
    while True:
        now_ns = broker.clock.now_ns()
        nonces_s = now_ns // NANOSECONDS_PER_SECOND - 4 * SKEW_SECONDS_MAX
        links_ns = now_ns - broker.config.receipts.keep_days * DAY_NS
        try:
            await broker.writer.run(ForgetNonces(before_seconds=nonces_s))
            await broker.writer.run(ForgetLinks(before_ns=links_ns))
        except (BusyError, PoisonError, StoreError) as error:
            log.warning("sweep.failed", extra={"error": str(error)})
        await asyncio.sleep(SWEEP_SECONDS)


async def _recover(broker: Broker) -> None:
    """Look again at what did not end; at once after a start, then now and then."""
    while True:
        looked = 0
        try:
            looked = await broker.desk().recover(limit=ROUND_MAX)
        except (BusyError, PoisonError, StoreError) as error:
            log.warning("recover.failed", extra={"error": str(error)})
        await asyncio.sleep(0 if looked == ROUND_MAX else RECOVER_SECONDS)


async def _send_cash_receipts(sender: Sender) -> None:
    """Take what waits to the agent; at once after a start, then now and then."""
    while True:
        looked = 0
        try:
            looked = await sender.round()
        except (BusyError, PoisonError, StoreError) as error:
            log.warning("cash_receipts.failed", extra={"error": str(error)})
        await asyncio.sleep(0 if looked else RECOVER_SECONDS)
