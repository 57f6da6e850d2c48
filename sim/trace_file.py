"""A trace in a file: read, and written as it happens: its user's alone, bounded, never in the way.

Lines are written at once into a buffer and reach the disk within FLUSH_NS. A full disk, or
BYTES_MAX, ends the file and not the bench: `broken` tells why.
"""

import asyncio
import difflib
import os
from io import BufferedWriter, FileIO
from pathlib import Path
from typing import Final

from protocols.ports import NANOSECONDS_PER_SECOND
from protocols.trace.events import (
    Event,
    Header,
    Trace,
    TraceError,
    encode_event,
    encode_header,
    read_trace,
)

BYTES_MAX: Final = 4 * 1024 * 1024 * 1024
"""Some weeks of a busy counter."""
FLUSH_NS: Final = 200_000_000
_BUFFER_BYTES: Final = 256 * 1024


def load_trace(file: Path) -> Trace:
    """Read a trace. Raises: TraceError naming file and line, OSError."""
    try:
        with file.open("rb") as lines:
            return read_trace(lines)
    except TraceError as error:
        raise TraceError(f"{file}: {error}") from error


def save_trace(trace: Trace, file: Path) -> None:
    """Write a whole trace, for its user alone. Raises: OSError."""
    with _own(file) as stream:
        stream.write(encode_header(trace.header))
        stream.writelines(map(encode_event, trace.events))


def find_channel(trace: Trace, name: str) -> str:
    """Return the whole name of a channel: printer is tty:printer. Raises: TraceError."""
    channels = trace.channels()
    short = {each.partition(":")[2]: each for each in channels}
    if name in channels or name in short:
        return short.get(name, name)
    close = difflib.get_close_matches(name, [*short, *channels], n=1)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    raise TraceError(f"no channel {name!r}{hint} Known: {', '.join(sorted(channels)) or 'none'}")


class TraceFile:
    """Writes what a recorder tells; a listener of it."""

    def __init__(self, file: Path, header: Header, *, bytes_max: int = BYTES_MAX) -> None:
        """Begin the file anew. Raises: OSError."""
        self._stream = _own(file)
        self._bytes_max = self._room = bytes_max
        self._timer: asyncio.TimerHandle | None = None
        self.broken = ""
        """Why the file has not everything; empty while it has."""
        self._write(encode_header(header))
        self._flush()

    def __call__(self, event: Event) -> None:
        """Write one event."""
        line = encode_event(event)
        if len(line) > self._room:
            self._break(f"it may have {self._bytes_max} bytes at most")
        self._write(line)
        if self._timer is None and not self._stream.closed:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(FLUSH_NS / NANOSECONDS_PER_SECOND, self._flush)

    def close(self) -> None:
        """Write what is left and close; harmless twice."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        try:
            self._stream.close()
        except OSError as error:
            self.broken = self.broken or error.strerror or str(error)

    def _write(self, line: bytes) -> None:
        if self._stream.closed:
            return
        self._room -= len(line)
        try:
            self._stream.write(line)
        except OSError as error:
            self._break(error.strerror or str(error))

    def _flush(self) -> None:
        self._timer = None
        try:
            self._stream.flush()
        except OSError as error:
            self._break(error.strerror or str(error))

    def _break(self, why: str) -> None:
        """Write nothing more."""
        self.broken = self.broken or why
        self.close()


def _own(file: Path) -> BufferedWriter:
    """Open a file anew that is its user's alone. Raises: OSError."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    return BufferedWriter(FileIO(descriptor, "wb"), _BUFFER_BYTES)
