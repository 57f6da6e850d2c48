"""Messages as values, encoded and decoded.

    MTI | bitmap of fields 1 to 64 | bitmap of 65 to 128, where bit 1 says so | fields by number

What comes off a wire is read within its own length, or it is a Malformed that names the field and the
offset, never what stood there: a broken message may still hold a PIN.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from protocols.iso8583.field import FieldError, Value
from protocols.iso8583.specs import Spec

FIELD_MAX: Final = 128
BITMAPS_KEPT: Final = 256
MESSAGE_BYTES_MAX: Final = 8_192
"""More is no message: the two of them that a connection holds at most cost no memory."""


class MalformedError(ValueError):
    """Bytes that are no message of this specification, or fields that are none."""

    def __init__(self, reason: str, *, field: int = 0, offset: int = 0) -> None:
        """`field` 0 is what stands before the fields."""
        where = f"field {field}" if field else "message"
        super().__init__(f"{where} at {offset}: {reason}" if offset else f"{where} {reason}")
        self.field = field
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Message:
    """One message. Its fields hold text, or bytes where the standard says b."""

    mti: str
    fields: Mapping[int, Value] = field(default_factory=dict, repr=False)

    def text(self, number: int) -> str:
        """Return a field of text, empty where it is not there."""
        value = self.fields.get(number, "")
        assert isinstance(value, str), f"field {number} holds bytes"
        return value

    def octets(self, number: int) -> bytes:
        """Return a field of bytes, empty where it is not there."""
        value = self.fields.get(number, b"")
        assert isinstance(value, bytes), f"field {number} holds text"
        return value

    def __contains__(self, number: int) -> bool:
        return number in self.fields

    def typed(self, mti: str) -> "Message":
        """Return the same message under another type."""
        return Message(mti, self.fields)

    def plus(self, fields: Mapping[int, Value]) -> "Message":
        """Return the message with these fields besides, or instead of its own."""
        return Message(self.mti, {**self.fields, **fields})

    def only(self, *numbers: int) -> dict[int, Value]:
        """Return those of these fields that are there."""
        return {number: self.fields[number] for number in numbers if number in self.fields}


def encode(message: Message, spec: Spec) -> bytes:
    """Return a message's bytes. Raises: MalformedError for a field that the specification has not."""
    encoders = spec.encoders
    fields = message.fields
    parts = [b"", b""]
    bits = 0
    number = 0
    try:
        for number in sorted(fields):
            parts.append(encoders[number](fields[number]))
            bits |= 1 << (FIELD_MAX - number)
    except KeyError:
        raise MalformedError("is not in this specification", field=number) from None
    except FieldError as error:
        raise MalformedError(str(error), field=number) from None
    mti = message.mti
    if len(mti) != 4 or not (mti.isascii() and mti.isdigit()):
        raise MalformedError("type is four digits")
    parts[0] = spec.digits.encode(mti)
    if bits & _SECOND:
        parts[1] = spec.octets.encode((bits | _BOTH).to_bytes(16))
    else:
        parts[1] = spec.octets.encode((bits >> 64).to_bytes(8))
    return b"".join(parts)


_SECOND: Final = (1 << 64) - 1
_BOTH: Final = 1 << 127


def decode(data: bytes, spec: Spec) -> Message:
    """Return the message that these bytes are, all of them. Raises: MalformedError."""
    if len(data) > MESSAGE_BYTES_MAX:
        raise MalformedError(f"is longer than {MESSAGE_BYTES_MAX} bytes")
    start = spec.digits.size(4)
    try:
        mti = spec.digits.decode(data[:start], 4)
    except ValueError:
        raise MalformedError("type is four digits") from None
    if len(mti) != 4 or not mti.isdigit():
        raise MalformedError("type is four digits")
    numbers, offset = _bitmap(data, start, spec)
    decoders = spec.decoders
    fields: dict[int, Value] = {}
    number = 0
    try:
        for number in numbers:
            fields[number], offset = decoders[number](data, offset)
    except KeyError:
        reason = "is not in this specification"
        raise MalformedError(reason, field=number, offset=offset) from None
    except FieldError as error:
        raise MalformedError(str(error), field=number, offset=offset) from None
    if offset != len(data):
        raise MalformedError(f"has {len(data) - offset} bytes behind its last field", offset=offset)
    return Message(mti, fields)


def _bitmap(data: bytes, start: int, spec: Spec) -> tuple[tuple[int, ...], int]:
    """Return the numbers of the fields that are there, and where they begin."""
    half = spec.octets.size(8)
    offset = start + half
    bits = _bits(data, start, offset, spec) << 64
    if bits & _BOTH:
        start, offset = offset, offset + half
        bits = bits & ~_BOTH | _bits(data, start, offset, spec)
    return _numbers(bits), offset


def _bits(data: bytes, start: int, end: int, spec: Spec) -> int:
    if end > len(data):
        raise MalformedError("ends in its bitmap", offset=start)
    try:
        return int.from_bytes(spec.octets.decode(data[start:end], 8))
    except ValueError:
        raise MalformedError("has no bitmap", offset=start) from None


@lru_cache(maxsize=BITMAPS_KEPT)
def _numbers(bits: int) -> tuple[int, ...]:
    """Return the fields of a bitmap, lowest first. A line has a dozen bitmaps: they are kept."""
    return tuple(number for number in range(1, FIELD_MAX + 1) if bits >> (FIELD_MAX - number) & 1)
