"""Field 55: what the chip says to its issuer, and the issuer to the chip; BER-TLV objects, none twice.

request   9F26 cryptogram, 9F27, 9F10, 9F37, 9F36, 95, 9A, 9C, 9F02, 5F2A, 82, 9F1A, 9F03, ...
answer    91 issuer authentication data, 71 and 72 scripts, 8A response code
"""

from collections.abc import Mapping
from typing import Final

from protocols.iso8583 import elements as de
from protocols.iso8583.message import MalformedError
from protocols.tlv import TlvError, encode_tlv, parse_tlv

BYTES_MAX: Final = 255


def pack_icc(objects: Mapping[int, bytes]) -> bytes:
    """Return field 55. Raises: MalformedError when it becomes longer than 255 bytes."""
    data = b"".join(encode_tlv(tag, value) for tag, value in objects.items())
    if len(data) > BYTES_MAX:
        raise MalformedError(f"has up to {BYTES_MAX} bytes, not {len(data)}", field=de.ICC)
    return data


def read_icc(data: bytes) -> dict[int, bytes]:
    """Return the objects of field 55 by tag. Raises: MalformedError."""
    try:
        objects = parse_tlv(data)
    except TlvError as error:
        raise MalformedError(str(error), field=de.ICC) from None
    found = {each.tag: each.value for each in objects}
    if len(found) != len(objects):
        raise MalformedError("has an object twice", field=de.ICC)
    return found
