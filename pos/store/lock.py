"""One program in a till's folder at a time; a second one is told who is there.

The lock is the operating system's (flock), so it ends with its process however that dies; what is
written in the file is only the holder's name for whoever comes next.
"""

import fcntl
import os
from pathlib import Path
from typing import IO

import msgspec

from protocols.malformed import MALFORMED


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who is in the folder."""

    pid: int
    program: str


class FolderHeldError(Exception):
    """Another program works in this folder."""

    def __init__(self, folder: Path, holder: Holder | None) -> None:
        who = f"{holder.program}, process {holder.pid}" if holder else "another program"
        super().__init__(f"{folder} is in use by {who}: end that one first, or name another folder")
        self.holder = holder


class FolderLock:
    """The right to work in a folder, held until released or until the process ends."""

    def __init__(self, folder: Path, program: str) -> None:
        """Take the lock, making the folder if need be. Raises: FolderHeldError, OSError."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / "till.lock"
        self._file: IO[str] = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise FolderHeldError(folder, _holder(path)) from None
        self._file.truncate(0)
        self._file.write(msgspec.json.encode(Holder(pid=os.getpid(), program=program)).decode())
        self._file.flush()

    def release(self) -> None:
        """Leave the folder."""
        self._file.close()


def _holder(path: Path) -> Holder | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Holder)
    except (OSError, *MALFORMED):
        return None
