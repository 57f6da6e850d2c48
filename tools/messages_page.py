"""Writes docs/messages.md: every message of the till, from the table that the till itself reads.

    .venv/bin/python tools/messages_page.py

A test compares the page with the table, so that neither is ever ahead of the other.
"""

from itertools import groupby
from pathlib import Path
from typing import Final

from pos.messages import MONEY_WORDS, Message, Money, messages

PAGE: Final = Path(__file__).parents[1] / "docs" / "messages.md"
FAMILIES: Final = {
    "RDR": "Card reader",
    "PUR": "E-cash",
    "PIN": "PIN entry",
    "ICS": "ICash, the second scheme of e-cash",
    "VOI": "Payments taken back, closed sales corrected",
    "PTS": "Points",
    "MBR": "Members",
    "CRD": "Cards",
    "TRF": "Account transfer",
    "TRM": "Payment terminal",
    "MSR": "Stripe reader",
    "PRN": "Receipt printer",
    "NET": "Network and broker",
    "DRW": "Cash drawer",
    "DSP": "Customer display",
    "SCN": "Scanner",
    "JNL": "Journal",
    "SHF": "Shift",
    "PAY": "Payment",
    "DSC": "Discounts, prices, coupons",
    "RET": "Returns",
    "HLD": "Hold and recall",
    "ENT": "Entry line",
    "FND": "Search",
    "RPT": "Reports",
    "RGT": "Rights",
    "USR": "Staff",
    "TRN": "Training",
    "CAT": "Catalogue",
    "BEN": "Virtual equipment of the demonstration",
    "SYS": "Program",
}
"""The three letters of a code, in the order of the table."""
_HEAD: Final = """# Messages

Every message of the till, as `pos/messages.toml` has it; this page is written by
`tools/messages_page.py`. What stands in braces is filled in on the screen.

| level | on the screen | selling |
|---|---|---|
| A | a lamp and the hint line | goes on |
| B | a banner: this step stops | goes on; the sale is intact |
| C | the whole screen | stops until it is settled |

*Money* says where the money of the step is: **not moved** (nobody paid, nobody was paid), **moved** (it is
where it should be), **UNKNOWN** (it may have moved; the till asks by itself and says when it knows;
take no second payment before that), **stored** (what was sold is safe in the journal). A dash: the
message is not about money.
"""


def page() -> str:
    """Return the whole page."""
    rows = [message for message in messages().values() if message.shown_code]
    hints = [message for message in messages().values() if not message.shown_code]
    parts = [_HEAD]
    for family, found in groupby(rows, key=lambda message: message.code[:3]):
        parts.append(_table(f"{family}: {FAMILIES[family]}", list(found)))
    parts.append(_table("Hints without a code", hints))
    return "\n".join(parts)


def _table(title: str, rows: list[Message]) -> str:
    lines = [
        f"## {title}",
        "",
        "| code | level | on the screen | money | what to do |",
        "|---|---|---|---|---|",
    ]
    lines += [_row(message) for message in rows]
    return "\n".join([*lines, ""])


def _row(message: Message) -> str:
    english, korean = message.wordings["en"], message.wordings["ko"]
    said = f"{english.banner}<br>{korean.banner}"
    keys = "<br>".join(dict.fromkeys(text for text in (english.keys, korean.keys) if text)) or "-"
    name = message.shown_code or f"*{message.code}*"
    return f"| {name} | {message.level} | {said} | {_money(message.money)} | {keys} |"


def _money(money: Money) -> str:
    return MONEY_WORDS[money]["en"] or "-"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
