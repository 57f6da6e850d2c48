"""What is tracked names no machine, no package index, and no secret.

Method: every tracked text file is read; the few places that may name a path are listed here.
"""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|farm|root)/[A-Za-z.]")
PRIVATE_KEY = re.compile(r"BEGIN [A-Z ]*PRIVATE KEY")
INDEX = re.compile(r"(?:index-url|find-links)\s*=?\s*\S*(?:https?|file):", re.IGNORECASE)


def tracked() -> list[Path]:
    """Return every tracked file; in a copy without git, every file."""
    found = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if found.returncode:
        pytest.skip("not a git checkout: there is no list of tracked files")
    return [ROOT / name for name in found.stdout.split("\0") if name]


@pytest.mark.parametrize(
    "pattern", [MACHINE_PATH, PRIVATE_KEY, INDEX], ids=["path", "key", "index"]
)
def test_no_tracked_file_names_a_machine_a_key_or_an_index(pattern: re.Pattern[str]) -> None:
    offenders = []
    for path in tracked():
        if not path.is_file() or path == Path(__file__):
            continue
        text = path.read_bytes()
        if b"\0" in text[:4096]:
            continue
        for number, line in enumerate(text.decode("utf-8", "replace").splitlines(), 1):
            if pattern.search(line):
                offenders.append(f"{path.relative_to(ROOT)}:{number}")

    assert not offenders
