"""Values in words: any frozen command of our codecs as a short phrase.

SetAlign(align=Align.CENTRE)  ->  set align centre
PrintText("abc")              ->  print text "abc"
"""

import re
from dataclasses import fields, is_dataclass
from enum import Enum, Flag
from typing import Any, Final

TEXT_MAX: Final = 60
"""Longer texts are cut, with their length behind."""
BYTES_MAX: Final = 16
_DULL: Final = ("on", "question", "kind", "groups", "row", "step", "raw", "data")
"""Names of fields that add nothing to their values."""


def phrase(value: object) -> str:
    """Return a command in words: its name, and what it carries."""
    assert is_dataclass(value), "a command is a dataclass"
    name = re.sub(r"(?<!^)(?=[A-Z])", " ", type(value).__name__).lower()
    known = (*name.split(), *_DULL)
    parts = []
    for field in fields(value):
        words = field.name.replace("_", " ")
        part = _part(words, getattr(value, field.name))
        said = words in known or part == words or not part
        parts.append(part if said or part[:1] == '"' else f"{words} {part}")
    return " ".join((name, *(part for part in parts if part)))


def quoted(text: str) -> str:
    """Return text in quotes, control characters shown, the rest of a long one counted."""
    shown = "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in text)
    more = f" (+{len(shown) - TEXT_MAX})" if len(shown) > TEXT_MAX else ""
    return f'"{shown[:TEXT_MAX]}"{more}'


def hexed(data: bytes) -> str:
    """Return bytes as hexadecimal, the rest of many counted."""
    more = f" (+{len(data) - BYTES_MAX})" if len(data) > BYTES_MAX else ""
    return (data[:BYTES_MAX].hex(" ") or "nothing") + more


def _part(words: str, value: Any) -> str:
    match value:
        case bool() if words == "on":
            return "on" if value else "off"
        case bool():
            return words if value else ""
        case None:
            return ""
        case Flag():
            on = [str(each.name).lower() for each in type(value) if each in value]
            return " ".join(on) or "none"
        case Enum():
            return value.name.lower().replace("_", " ")
        case str():
            return quoted(value)
        case bytes() if value and all(0x20 <= byte < 0x7F for byte in value):
            return quoted(value.decode())
        case bytes():
            return hexed(value)
    return str(value)
