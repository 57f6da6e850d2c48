"""Capture files (pcapng), written: what Wireshark and tshark open.

    section header   0A0D0D0A length | 1A2B3C4D | 1 0 | section length -1 | options | length
    interface        1        length | link type u16 | 0 u16 | snap length u32 | options | length
    packet           6        length | interface | time high, low | captured | original | data | options
    option           code u16 | length u16 | value, padded to 4; 0 0 ends them

Little-endian, nanoseconds, one section. Source: draft-ietf-opsawg-pcapng, sections 3 and 4.
"""

import struct
from dataclasses import dataclass
from typing import Final

LINK_RAW_IP: Final = 101
LINK_RTAC_SERIAL: Final = 250
LINK_UPPER_PDU: Final = 252
"""LINKTYPE_WIRESHARK_UPPER_PDU: what stands before the data says who is to dissect it."""

_SECTION: Final = 0x0A0D0D0A
_INTERFACE: Final = 1
_PACKET: Final = 6
_MAGIC: Final = 0x1A2B3C4D
_COMMENT: Final = 1
_IF_NAME: Final = 2
_IF_DESCRIPTION: Final = 3
_IF_TSRESOL: Final = 9
_USERAPPL: Final = 4
_NANOSECONDS: Final = b"\x09"
_OPTION_BYTES_MAX: Final = 0xFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """Where packets were seen."""

    link_type: int
    name: str
    description: str = ""


def section(program: str, comment: str = "") -> bytes:
    """Return what a file begins with."""
    body = struct.pack("<IHHq", _MAGIC, 1, 0, -1)
    return _block(_SECTION, body + _options((_USERAPPL, program), (_COMMENT, comment)))


def interface(described: Interface) -> bytes:
    """Return an interface; the first is number 0."""
    body = struct.pack("<HHI", described.link_type, 0, 0)
    options = _options((_IF_NAME, described.name), (_IF_DESCRIPTION, described.description))
    resolution = struct.pack("<HH", _IF_TSRESOL, 1) + _NANOSECONDS + bytes(3)
    return _block(_INTERFACE, body + resolution + (options or bytes(4)))


def packet(number: int, wall_ns: int, data: bytes, comment: str = "") -> bytes:
    """Return a packet of an interface; `wall_ns` is UTC since 1970."""
    high, low = divmod(wall_ns, 1 << 32)
    head = struct.pack("<IIIII", number, high, low, len(data), len(data))
    return _block(_PACKET, head + data + bytes(-len(data) % 4) + _options((_COMMENT, comment)))


def _block(kind: int, body: bytes) -> bytes:
    assert len(body) % 4 == 0, "a block is whole words"
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


def _options(*options: tuple[int, str]) -> bytes:
    told = b"".join(_option(code, text) for code, text in options if text)
    return told + bytes(4) if told else b""


def _option(code: int, text: str) -> bytes:
    value = text.encode()[:_OPTION_BYTES_MAX].decode(errors="ignore").encode()
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)
