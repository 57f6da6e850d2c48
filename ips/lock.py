"""One program at a time writes in a broker's folder: a lock that the system gives back by itself.

The file says who holds it, for the message to the second one. The lock is the system's (flock), so
a killed program leaves none behind.
"""

import fcntl
import os
from pathlib import Path
from typing import Final

LOCK_NAME: Final = "lock"


class FolderLockedError(Exception):
    """Another program holds the folder. `holder` says who, as it wrote itself."""

    def __init__(self, folder: Path, holder: str) -> None:
        super().__init__(f"{folder} is in use by {holder or 'another program'}")
        self.holder = holder


class FolderLock:
    """Holds a folder until it is released, or the program ends."""

    def __init__(self, folder: Path, holder: str) -> None:
        """Take it at once. Raises: FolderLockedError, OSError."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / LOCK_NAME
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            told = os.pread(self._descriptor, 200, 0).decode(errors="replace").strip()
            os.close(self._descriptor)
            raise FolderLockedError(folder, told) from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{holder} (process {os.getpid()})\n".encode(), 0)

    def release(self) -> None:
        """Give it back."""
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)
