"""Every code that any part gives to a clerk stands in the one table of messages."""

import re
from pathlib import Path

from pos.messages import messages

ROOT = Path(__file__).parents[2]
CODE = re.compile(r'"([A-Z]{3}-\d\d)"')
PARTS = ("devices", "pos", "ips", "sim", "protocols")


def test_every_code_in_the_program_stands_in_the_table() -> None:
    """A code without a text would leave a clerk before an empty line."""
    used = {
        (code, str(path.relative_to(ROOT)))
        for part in PARTS
        for path in (ROOT / part).rglob("*.py")
        for code in CODE.findall(path.read_text(encoding="utf-8"))
    }
    assert len(used) > 50, "the search finds what it looks for"

    assert sorted((code, where) for code, where in used if code not in messages()) == []
