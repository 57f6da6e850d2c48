"""One program in a till's folder; a second one is told who is there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pos.store.lock import FolderHeldError, FolderLock


def test_a_second_program_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path, "ips-pos")

    with pytest.raises(FolderHeldError, match=f"ips-pos, process {os.getpid()}") as caught:
        FolderLock(tmp_path, "ips-pos sell")

    assert caught.value.holder is not None
    lock.release()
    FolderLock(tmp_path, "ips-pos sell").release()


def test_the_lock_dies_with_its_process(tmp_path: Path) -> None:
    """A killed till leaves its name behind, but nobody is kept out by it."""
    source = (
        "import os, pathlib, sys\n"
        "from pos.store.lock import FolderLock\n"
        "lock = FolderLock(pathlib.Path(sys.argv[1]), 'victim')\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", source, str(tmp_path)], check=False)

    assert done.returncode == -9
    assert "victim" in (tmp_path / "till.lock").read_text()
    FolderLock(tmp_path, "ips-pos").release()
