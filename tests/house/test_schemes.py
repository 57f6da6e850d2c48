"""A scheme is a plug-in: whoever sells, shows and prints knows none by name but its own file."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
OWN = {"pos/tenders/icash.py", "pos/tenders/__init__.py", "pos/messages.toml"}
"""The tender, its line in the folder's map, and its messages."""


def test_till_screens_receipts_and_drivers_do_not_know_the_second_scheme() -> None:
    named = {
        str(path.relative_to(ROOT))
        for part in ("pos", "receipts", "devices")
        for path in (ROOT / part).rglob("*")
        if path.suffix in (".py", ".toml", ".sql")
        and re.search("icash", path.read_text(encoding="utf-8"), re.IGNORECASE)
    }

    assert named == OWN
