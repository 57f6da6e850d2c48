"""What a command gives back."""

import csv
import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class CommandError(Exception):
    """The thing asked for failed; the message says what, where and what to do. Status 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A result: one value for programs, the same for people."""

    value: Any
    """What --json prints."""
    text: str
    rows: Sequence[Sequence[object]] = ()
    """With a heading row first; what --csv prints, where a command has it."""
    status: int = 0


def table(rows: Sequence[Sequence[object]]) -> str:
    """Return rows under their heading, aligned in terminal cells; Hangul takes two."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(cells(row[index]) for row in texts) for index in range(len(texts[0]))]
    lines = (
        "  ".join(
            text + " " * (width - cells(text)) for text, width in zip(row, widths, strict=True)
        )
        for row in texts
    )
    return "\n".join(line.rstrip() for line in lines)


def cells(text: str) -> int:
    """Return how many terminal cells a text takes."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def csv_text(rows: Sequence[Sequence[object]]) -> str:
    """Return rows as CSV (RFC 4180)."""
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()
