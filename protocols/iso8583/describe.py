"""A message for people, one field a line, masked: no PAN, track, PIN or cardholder's name stands in it."""

from typing import Final

from protocols.iso8583 import elements as de
from protocols.iso8583.field import Field, Value
from protocols.iso8583.icc import read_icc
from protocols.iso8583.message import MalformedError, Message
from protocols.iso8583.specs import ASCII, Spec

CARD_TAGS: Final = frozenset({0x57, 0x5A, 0x5F20, 0x5F24, 0x9F1F, 0x9F20, 0x9F0B, 0x9F61})
"""Objects of field 55 that tell a card or its holder."""
_KEPT: Final = 10
"""First six and last four; of an account that is shorter, the last four."""


def masked_pan(pan: str) -> str:
    """Return a card or account number as it may be shown."""
    if len(pan) <= _KEPT:
        return "*" * max(0, len(pan) - 4) + pan[-4:]
    return f"{pan[:6]}{'*' * (len(pan) - _KEPT)}{pan[-4:]}"


def describe(message: Message, spec: Spec) -> str:
    """Return type and fields, a line each."""
    lines = [message.mti]
    for number in sorted(message.fields):
        known = spec.fields.get(number)
        name = known.name if known else "not in this specification"
        lines.append(f"  {number:>3} {name}: {shown(message.fields[number], number, known)}")
    return "\n".join(lines)


def shown(value: Value, number: int, field: Field | None) -> str:
    """Return one field's value as it may be shown; of an unknown field nothing may."""
    mask = "hidden" if field is None else field.mask
    if mask == "hidden":
        return f"({len(value)} hidden)"
    if isinstance(value, bytes):
        return _icc(value) if mask == "icc" else value.hex().upper()
    return masked_pan(value) if mask == "pan" else value


def _icc(data: bytes) -> str:
    try:
        objects = read_icc(data)
    except MalformedError:
        return f"({len(data)} bytes, no data objects)"
    return " ".join(
        f"{tag:X}={'(hidden)' if tag in CARD_TAGS else value.hex().upper()}"
        for tag, value in objects.items()
    )


def masked(message: Message) -> dict[str, str]:
    """Return what a log or journal may keep of a message: numbers to masked values."""
    return {
        "mti": message.mti,
        **{
            str(number): shown(value, number, ASCII.fields.get(number))
            for number, value in sorted(message.fields.items())
            if number not in (de.MAC, de.MAC_2)
        },
    }
