"""One field: length x encoding x prefix x padding, over an alphabet.

A codec is two functions made once from the four parts, because a message has twenty fields and every
call counts: 1 us a field is the whole budget of `make bench`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from protocols.iso8583 import padding
from protocols.iso8583.encoding import ASCII, Encoding
from protocols.iso8583.padding import Padding
from protocols.iso8583.prefix import Prefix

Value = str | bytes
Encode = Callable[[Value], bytes]
Decode = Callable[[bytes, int], tuple[Value, int]]
"""Data and offset to the value and the offset behind it."""


class FieldError(ValueError):
    """A field cannot be written or read; the message says what is wrong with it, never its value."""


def _letters(value: str) -> bool:
    return value.isalnum() or value.replace(" ", "").isalnum() or value == ""


def _signed(value: str) -> bool:
    return value[:1] in ("C", "D") and value[1:].isdigit()


def _track(value: str) -> bool:
    return value.replace("=", "", 1).isdigit()


ALPHABETS: Final[Mapping[str, tuple[str, Callable[[str], bool]]]] = {
    "n": ("digits", str.isdigit),
    "an": ("letters and digits", _letters),
    "ans": ("printable characters", str.isprintable),
    "x+n": ("C or D and digits", _signed),
    "z": ("a track's digits and separator", _track),
}
"""By the standard's notation: what a value is made of, and who checks it; ASCII is checked besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of one specification."""

    number: int
    name: str
    mask: str
    alphabet: str
    """A key of ALPHABETS, or b for bytes."""
    length: int
    """Characters or bytes of the value: exactly, or at most where there is a prefix."""
    prefix: Prefix
    encoding: Encoding[str] | Encoding[bytes]
    padding: Padding

    def codec(self) -> tuple[Encode, Decode]:
        """Return the field's encoder and decoder; both raise FieldError."""
        return _encoder(self), _decoder(self)


def _encoder(field: Field) -> Encode:
    length, prefix, write = field.length, field.prefix, field.encoding.encode
    pad, units, fixed = field.padding.pad, field.encoding.units, field.prefix.size == 0
    kind = bytes if field.alphabet == "b" else str
    text = kind is str
    says, fits = _alphabet(field)
    full = field.padding is not padding.NONE

    def encode(value: Value) -> bytes:
        if type(value) is not kind:
            raise FieldError(f"is {kind.__name__}, not {type(value).__name__}")
        size = len(value)
        if size != length:
            if size > length or (fixed and not full):
                raise FieldError(f"has {'' if fixed else 'up to '}{length}, not {size}")
            if fixed:
                value = pad(value, length)  # type: ignore[arg-type]  # only text is padded
        if text and not (fits(value) and value.isascii()):
            raise FieldError(f"is made of {says}")
        data = write(value)  # type: ignore[arg-type]  # its kind was looked at
        return data if fixed else prefix.encode(size * units) + data

    return encode


def _decoder(field: Field) -> Decode:
    if field.prefix.size:
        return _variable(field)
    return _plain(field) if field.encoding is ASCII else _fixed(field)


def _plain(field: Field) -> Decode:
    """Most fields by far, so without a call for each of the four parts."""
    size, stripped = field.length, field.padding is padding.SPACES
    says, fits = _alphabet(field)

    def decode(data: bytes, offset: int) -> tuple[Value, int]:
        end = offset + size
        try:
            value = str(data[offset:end], "ascii")
        except ValueError:
            raise FieldError(f"is made of {says}: not ASCII") from None
        if len(value) != size:
            raise FieldError(f"wants {size} bytes, {len(value)} are left")
        if stripped:
            value = value.rstrip(" ")
        if not fits(value):
            raise FieldError(f"is made of {says}")
        return value, end

    return decode


def _fixed(field: Field) -> Decode:
    length, read = field.length, field.encoding.decode
    says, fits = _alphabet(field)
    size = field.encoding.size(length)
    text = field.alphabet != "b"

    def decode(data: bytes, offset: int) -> tuple[Value, int]:
        end = offset + size
        if end > len(data):
            raise FieldError(f"wants {size} bytes, {len(data) - offset} are left")
        try:
            value = read(data[offset:end], length)
        except ValueError as error:
            raise FieldError(f"is made of {says}: {_why(error)}") from None
        if text and not fits(value):
            raise FieldError(f"is made of {says}")
        return value, end

    return decode


def _variable(field: Field) -> Decode:
    length, read, size_of = field.length, field.encoding.decode, field.encoding.size
    count, header, units = field.prefix.decode, field.prefix.size, field.encoding.units
    text = field.alphabet != "b"
    says, fits = _alphabet(field)

    def decode(data: bytes, offset: int) -> tuple[Value, int]:
        start = offset + header
        try:
            counted = count(data[offset:start])
        except ValueError as error:
            raise FieldError(str(error)) from None
        size = counted // units
        if size > length or size * units != counted:
            raise FieldError(f"has up to {length}, not {counted / units:g}")
        end = start + size_of(size)
        if end > len(data):
            raise FieldError(f"wants {end - start} bytes, {len(data) - start} are left")
        try:
            value = read(data[start:end], size)
        except ValueError as error:
            raise FieldError(f"is made of {says}: {_why(error)}") from None
        if text and not fits(value):
            raise FieldError(f"is made of {says}")
        return value, end

    return decode


def _alphabet(field: Field) -> tuple[str, Callable[[Any], bool]]:
    return ALPHABETS.get(field.alphabet, ("bytes", bool))


def _why(error: ValueError) -> str:
    """Say what is wrong without repeating the bytes: they may be a secret."""
    return "not ASCII" if isinstance(error, UnicodeDecodeError) else str(error)
