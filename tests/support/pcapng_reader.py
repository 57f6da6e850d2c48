"""Reads capture files, and shares no code with the writer: after the draft's own layout tables."""

import struct
from dataclasses import dataclass, field


@dataclass
class Seen:
    """A packet."""

    interface: str
    link_type: int
    wall_ns: int
    data: bytes
    comment: str


@dataclass
class Capture:
    """A file."""

    section: dict[int, bytes]
    interfaces: list[tuple[int, str, str]] = field(default_factory=list)
    packets: list[Seen] = field(default_factory=list)


def read_pcapng(data: bytes) -> Capture:
    """Read a little-endian section of nanosecond interfaces. Raises: AssertionError at anything odd."""
    capture = None
    at = 0
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        assert size % 4 == 0 and size >= 12
        assert struct.unpack_from("<I", data, at + size - 4) == (size,), "the length stands twice"
        body = data[at + 8 : at + size - 4]
        at += size
        if kind == 0x0A0D0D0A:
            magic, major, minor, length = struct.unpack_from("<IHHq", body)
            assert (magic, major, minor, length) == (0x1A2B3C4D, 1, 0, -1)
            assert capture is None, "one section"
            capture = Capture(options(body[16:]))
            continue
        assert capture is not None, "a section first"
        if kind == 1:
            link_type, reserved, _ = struct.unpack_from("<HHI", body)
            told = options(body[8:])
            assert reserved == 0 and told[9] == b"\x09", "nanoseconds"
            capture.interfaces.append((link_type, told[2].decode(), told.get(3, b"").decode()))
        elif kind == 6:
            number, high, low, caught, original = struct.unpack_from("<IIIII", body)
            assert caught == original
            link_type, name, _ = capture.interfaces[number]
            told = options(body[20 + caught + (-caught % 4) :])
            capture.packets.append(
                Seen(
                    name,
                    link_type,
                    (high << 32) | low,
                    body[20 : 20 + caught],
                    told.get(1, b"").decode(),
                )
            )
        else:
            raise AssertionError(f"block {kind}")
    assert capture is not None
    return capture


def options(data: bytes) -> dict[int, bytes]:
    """Return a block's options."""
    told = {}
    at = 0
    while at < len(data):
        code, size = struct.unpack_from("<HH", data, at)
        if code == 0:
            assert size == 0 and at + 4 == len(data), "the end is the end"
            return told
        told[code] = data[at + 4 : at + 4 + size]
        at += 4 + size + (-size % 4)
    assert not data, "options have an end"
    return told
