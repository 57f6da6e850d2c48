"""Messages out of a stream of bytes: each behind its length.

    BINARY   two bytes, the higher first      as Wireshark reads it, set to big endian
    DIGITS   four digits

A length of zero is a sign of life that some hosts send; it is passed over. A length that no message
has ends the line: there is no way back into step.
"""

from enum import Enum
from typing import Final

from protocols.iso8583.message import MESSAGE_BYTES_MAX


class Header(Enum):
    """How the length is written; it does not count itself."""

    BINARY = "binary"
    DIGITS = "digits"


_SIZE: Final = {Header.BINARY: 2, Header.DIGITS: 4}


class FramingError(ValueError):
    """This stream is out of step, or is none: close it."""


def frame(data: bytes, header: Header) -> bytes:
    """Return a message behind its length."""
    assert 0 < len(data) <= MESSAGE_BYTES_MAX
    if header is Header.BINARY:
        return len(data).to_bytes(2) + data
    return f"{len(data):04d}".encode() + data


class FrameReader:
    """Bytes in pieces of any size to messages; keeps less than one message and its length."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self._kept = bytearray()

    @property
    def begun(self) -> bool:
        """Whether a message has begun and is not whole: silence then is a broken line."""
        return bool(self._kept)

    def receive(self, data: bytes) -> list[bytes]:
        """Return the messages that are whole now. Raises: FramingError; nothing more is read then."""
        self._kept += data
        size = _SIZE[self._header]
        whole: list[bytes] = []
        start = 0
        while len(self._kept) - start >= size:
            length = self._length(bytes(self._kept[start : start + size]))
            if len(self._kept) - start - size < length:
                break
            start += size
            if length:
                whole.append(bytes(self._kept[start : start + length]))
            start += length
        del self._kept[:start]
        return whole

    def _length(self, header: bytes) -> int:
        if self._header is Header.DIGITS:
            if not header.isdigit():
                raise FramingError(f"{header.hex()} is no length of four digits")
            length = int(header)
        else:
            length = int.from_bytes(header)
        if length > MESSAGE_BYTES_MAX:
            raise FramingError(f"a message of {length} bytes, above {MESSAGE_BYTES_MAX}")
        return length
