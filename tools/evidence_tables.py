"""Write the measured tables of docs/purse-evidence.md, or of another page, from the suite's own output.

    ips-sim verify purse --suite --json | python tools/evidence_tables.py
    ips-sim verify icash --suite --json | python tools/evidence_tables.py docs/icash-evidence.md

The text between two markers is replaced; nothing else in the page is touched.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "purse-evidence.md"


def searched(row: dict[str, Any]) -> str:
    """Return the line of a search or a proof."""
    depth = row.get("depth", "")
    return (
        f"| {row['name']} | {row['states']:,} | {row['transitions']:,} | {depth} "
        f"| {row['violations']} | {row['seconds']:.1f} |"
    )


def broken(row: dict[str, Any]) -> str:
    """Return the line of a seeded fault: found how, how deep, after how many states."""
    name = row["name"].removeprefix("fault: ")
    match row["counterexample"]:
        case {"property": name_of, "steps": steps}:
            return f"| {name} | {name_of} | {len(steps)} | {row['states']:,} |"
        case None:
            return f"| {name} | not found: {row['harmless']} | | {row['states']:,} |"
        case _:
            return f"| {name} | {row['violations']:,} bad cuts of {row['transitions']:,} | | |"


def main() -> None:
    """Read the rows, write the page."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    rows = json.load(sys.stdin)
    faults = [row for row in rows if row["name"].startswith("fault: ")]
    proofs = [row for row in rows if row not in faults]
    page = path.read_text()
    for marker, lines in (("rows", map(searched, proofs)), ("faults", map(broken, faults))):
        block = f"(<!-- {marker} -->\n(?:\\|.*\n){{2}})(?:\\|.*\n)*(?=<!-- end -->)"
        text = "".join(f"{line}\n" for line in lines)
        page, count = re.subn(block, lambda found, text=text: found.group(1) + text, page)
        assert count == 1, f"the page has one table marked {marker}"
    path.write_text(page)


if __name__ == "__main__":
    main()
