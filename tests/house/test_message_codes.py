"""Every code that any part gives to a clerk stands in the one table of messages."""

import re
from pathlib import Path

from pos.messages import Money, messages

ROOT = Path(__file__).parents[2]
NOTHING_MOVED = re.compile(r'\b(?:Declined|NotSent)\(\s*code="([A-Z]{3}-\d\d)"')
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


def test_a_refusal_never_reads_as_if_the_money_might_have_moved() -> None:
    """Declined and NotSent say that nothing moved (protocols.outcome): so does the text they bring up."""
    given = {
        (code, str(path.relative_to(ROOT)))
        for part in PARTS
        for path in (ROOT / part).rglob("*.py")
        for code in NOTHING_MOVED.findall(path.read_text(encoding="utf-8"))
    }
    assert given, "the search finds what it looks for"

    wrong = [each for each in sorted(given) if messages()[each[0]].money is not Money.NOT_MOVED]
    assert wrong == []
