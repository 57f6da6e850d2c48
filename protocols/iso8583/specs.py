"""The two variants, from one table of elements.

    ASCII    digits, bitmap and bytes as text, lengths as digits: what Wireshark's dissector reads with
             `iso8583.len_endian:Big endian` and nothing else set
    BINARY   digits two to a byte, bitmap and bytes as they are, lengths packed

Wireshark 4 has one digit less than the standard for the four totals 86 to 89, and so has ASCII.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from protocols.iso8583 import encoding, padding, prefix
from protocols.iso8583.elements import ELEMENTS, Element
from protocols.iso8583.encoding import Encoding
from protocols.iso8583.field import Decode, Encode, Field
from protocols.iso8583.prefix import Prefix

_NOTATION: Final = re.compile(r"(n|an|ans|x\+n|z|b) (\.{0,3})(\d{1,3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a variant reads the notation."""

    digits: Encoding[str]
    track: Encoding[str]
    octets: Encoding[bytes]
    lengths: Mapping[str, Prefix]
    """By the dots of the notation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """A variant: what stands where."""

    name: str
    fields: Mapping[int, Field] = field(repr=False)
    encoders: Mapping[int, Encode] = field(repr=False)
    decoders: Mapping[int, Decode] = field(repr=False)
    digits: Encoding[str]
    """Of the message type."""
    octets: Encoding[bytes]
    """Of the bitmap."""


def build_spec(name: str, dialect: Dialect, elements: tuple[Element, ...] = ELEMENTS) -> Spec:
    """Return the specification that a table of elements is in a dialect. Raises: ValueError."""
    fields = {element.number: _field(element, dialect) for element in elements}
    codecs = {number: field.codec() for number, field in fields.items()}
    return Spec(
        name=name,
        fields=fields,
        encoders={number: encode for number, (encode, _) in codecs.items()},
        decoders={number: decode for number, (_, decode) in codecs.items()},
        digits=dialect.digits,
        octets=dialect.octets,
    )


def _field(element: Element, dialect: Dialect) -> Field:
    found = _NOTATION.fullmatch(element.notation)
    if found is None:
        raise ValueError(f"field {element.number}: {element.notation!r} is not as in n ..19")
    alphabet, dots, length = found[1], found[2], int(found[3])
    written: Encoding[str] | Encoding[bytes] = {
        "n": dialect.digits,
        "z": dialect.track,
        "b": dialect.octets,
    }.get(alphabet, encoding.ASCII)  # type: ignore[assignment]  # a union of both kinds
    filled = padding.NONE
    if not dots:
        filled = {"n": padding.ZEROS, "an": padding.SPACES, "ans": padding.SPACES}.get(
            alphabet, padding.NONE
        )
    return Field(
        number=element.number,
        name=element.name,
        mask=element.mask,
        alphabet=alphabet,
        length=length + 1 if alphabet == "x+n" else length,
        prefix=dialect.lengths[dots],
        encoding=written,
        padding=filled,
    )


_NARROW: Final = tuple(
    replace(element, notation="n 15") if 86 <= element.number <= 89 else element
    for element in ELEMENTS
)

ASCII: Final = build_spec(
    "ascii",
    Dialect(
        digits=encoding.ASCII,
        track=encoding.ASCII,
        octets=encoding.HEX,
        lengths={"": prefix.FIXED, "..": prefix.LL, "...": prefix.LLL},
    ),
    _NARROW,
)
BINARY: Final = build_spec(
    "binary",
    Dialect(
        digits=encoding.PACKED,
        track=encoding.TRACK,
        octets=encoding.RAW,
        lengths={"": prefix.FIXED, "..": prefix.PACKED_LL, "...": prefix.PACKED_LLL},
    ),
)
SPECS: Final = {spec.name: spec for spec in (ASCII, BINARY)}
