"""How a command reaches the counter that is open in its folder: a unix socket, one line each way.

    client -> counter   one JSON request (pos.headless.Request), line feed
    counter -> client   one JSON answer, line feed; then the connection ends

Lines are bounded, every wait has a deadline, and only the folder's owner can open the socket. A path
of 108 bytes or more cannot be bound, so a deep folder's socket lies in the runtime directory.
Source: unix(7).
"""

import asyncio
import hashlib
import os
import socket
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from pos.headless import Answer, MisuseError, Request, answer
from pos.store.errors import StoreError
from pos.till import Till
from protocols.malformed import MALFORMED

LINE_BYTES_MAX: Final = 256 * 1024
REQUEST_SECONDS_MAX: Final = 5.0
"""From the connection to the whole request."""
ANSWER_SECONDS_MAX: Final = 60.0
CONNECTIONS_MAX: Final = 8
_PATH_BYTES_MAX: Final = 107

_REQUESTS: Final[msgspec.json.Decoder[Request]] = msgspec.json.Decoder(Request)


class NobodyThereError(Exception):
    """No counter answers in this folder."""


def socket_path(folder: Path) -> Path:
    """Return where the socket of a folder is."""
    path = folder.resolve() / "till.sock"
    if len(os.fsencode(path)) <= _PATH_BYTES_MAX:
        return path
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    runtime = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    return Path(runtime) / f"intermarket-{os.getuid()}-{name}.sock"


class SideDoor:
    """The counter's end; open while the counter is."""

    def __init__(self, till: Till, folder: Path) -> None:
        self._till = till
        self._path = socket_path(folder)
        self._server: asyncio.Server | None = None
        self._connections = 0

    async def open(self) -> None:
        """Listen; a socket left by a killed counter is replaced. Raises: OSError."""
        self._path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.settimeout(0)
        before = os.umask(0o177)
        try:
            listening.bind(str(self._path))
        finally:
            os.umask(before)
        self._server = await asyncio.start_unix_server(
            self._serve, sock=listening, limit=LINE_BYTES_MAX
        )

    async def close(self) -> None:
        """Stop listening and remove the socket."""
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._connections >= CONNECTIONS_MAX:
            writer.close()
            return
        self._connections += 1
        try:
            reply = await self._reply(reader)
            writer.write(msgspec.json.encode(reply) + b"\n")
            async with asyncio.timeout(REQUEST_SECONDS_MAX):
                await writer.drain()
        except (OSError, TimeoutError):
            pass
        finally:
            self._connections -= 1
            writer.close()

    async def _reply(self, reader: asyncio.StreamReader) -> Answer:
        try:
            async with asyncio.timeout(REQUEST_SECONDS_MAX):
                line = await reader.readline()
            return await answer(self._till, _REQUESTS.decode(line))
        except (*MALFORMED, MisuseError, ValueError) as error:
            return Answer(done=False, code="misuse", sentence=str(error))
        except StoreError as error:
            return Answer(done=False, code="JNL-01", sentence=str(error))


async def ask_counter(folder: Path, request: Request) -> Answer:
    """Let the counter that is open in a folder carry a request out. Raises: NobodyThereError."""
    path = socket_path(folder)
    try:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            reader, writer = await asyncio.open_unix_connection(str(path), limit=LINE_BYTES_MAX)
            try:
                writer.write(msgspec.json.encode(request) + b"\n")
                await writer.drain()
                line = await reader.readline()
            finally:
                writer.close()
        return msgspec.json.decode(line, type=Answer)
    except (OSError, TimeoutError, ValueError, *MALFORMED) as error:
        raise NobodyThereError(
            f"no counter answers at {path}: {error}. Whether the "
            "request was carried out is not known: look at the last sale before asking again"
        ) from error
