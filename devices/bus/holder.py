"""Which program has a port open: for the sentence that tells somebody whom to stop."""

import os
from pathlib import Path
from typing import Final

PROCESSES_MAX: Final = 4_096
"""Looked at before giving up: the sentence is worth some milliseconds, no more."""


def holder_of(port: str) -> str | None:
    """Return "NAME, process N" for who has the port open; None where that cannot be seen.

    Only Linux tells, and an ordinary user sees only their own programs.
    """
    processes = Path("/proc")
    if not processes.is_dir():
        return None
    target = os.path.realpath(port)
    mine = str(os.getpid())
    for process in sorted(processes.glob("[0-9]*"))[:PROCESSES_MAX]:
        if process.name != mine and _holds(process, target):
            return f"{_name(process)}, process {process.name}"
    return "this same program" if _holds(processes / mine, target) else None


def _holds(process: Path, target: str) -> bool:
    try:
        return any(str(link.readlink()) == target for link in (process / "fd").iterdir())
    except OSError:
        # Gone meanwhile, or somebody else's.
        return False


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text(errors="replace").strip()
    except OSError:
        return "a program"
