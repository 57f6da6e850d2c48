"""A block on a serial line, its check, and what arrives.

    DLE STX | APDU, each DLE twice | DLE ETX | CRC low, high       ACK 06   NAK 15

The check is CRC-16/KERMIT (polynomial 1021 reflected, from zero) over the APDU, DLE once, and ETX.
Source: PA00P016 chapter 1; ITU-T V.41; its check value over "123456789" is 2189.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from protocols.zvt.apdu import DATA_BYTES_MAX, HEADER_BYTES

STX: Final = 0x02
ETX: Final = 0x03
DLE: Final = 0x10
APDU_BYTES_MAX: Final = HEADER_BYTES + 2 + DATA_BYTES_MAX
T1_NS: Final = 200_000_000
"""Longest silence between two bytes of a block."""
_POLYNOMIAL: Final = 0x8408
_CRC_BYTES: Final = 2


class Sign(Enum):
    """What is said without a block."""

    ACK = 0x06
    NAK = 0x15


_SIGNS: Final = {each.value: each for each in Sign}


@dataclass(frozen=True, slots=True)
class Block:
    """An APDU whose check is right."""

    apdu: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Broken:
    """A block that is none; `why` in a few words."""

    why: str


Piece = Block | Broken | Sign


def _table() -> tuple[int, ...]:
    rows = []
    for byte in range(256):
        check = byte
        for _ in range(8):
            check = check >> 1 ^ (_POLYNOMIAL if check & 1 else 0)
        rows.append(check)
    return tuple(rows)


_TABLE: Final = _table()


def crc(data: bytes) -> int:
    """Return CRC-16/KERMIT."""
    check = 0
    for byte in data:
        check = check >> 8 ^ _TABLE[(check ^ byte) & 0xFF]
    return check


def block(apdu: bytes) -> bytes:
    """Return an APDU as a block."""
    doubled = apdu.replace(b"\x10", b"\x10\x10")
    check = crc(apdu + bytes((ETX,))).to_bytes(2, "little")
    return bytes((DLE, STX)) + doubled + bytes((DLE, ETX)) + check


class BlockReader:
    """Bytes in pieces of any size to blocks and signs; what stands between them is skipped."""

    def __init__(self) -> None:
        self._apdu = bytearray()
        self._check = bytearray()
        self._inside = False
        self._after_dle = False
        self._check_due = False
        self.deadline_ns: int | None = None
        """When a block that is begun is given up; None while none is."""
        self.noise_count = 0
        """Bytes that meant nothing."""

    def receive(self, data: bytes, now_ns: int) -> list[Piece]:
        """Take bytes. Never raises, whatever they are."""
        pieces = self.tick(now_ns)
        for byte in data:
            pieces += self._take(byte)
        waiting = self._inside or self._check_due or self._after_dle
        self.deadline_ns = now_ns + T1_NS if waiting else None
        return pieces

    def tick(self, now_ns: int) -> list[Piece]:
        """Give up a block that has stopped in the middle."""
        if self.deadline_ns is None or now_ns < self.deadline_ns:
            return []
        begun = self._inside or self._check_due
        self._begin(inside=False)
        self.deadline_ns = None
        return [Broken("it stopped in the middle")] if begun else []

    def _begin(self, *, inside: bool) -> None:
        self._apdu.clear()
        self._check.clear()
        self._inside, self._after_dle, self._check_due = inside, False, False

    def _take(self, byte: int) -> list[Piece]:
        if self._check_due:
            return self._take_check(byte)
        if self._after_dle:
            self._after_dle = False
            return self._escaped(byte)
        if byte == DLE:
            self._after_dle = True
            return []
        if self._inside:
            return self._add(byte)
        if byte in _SIGNS:
            return [_SIGNS[byte]]
        self.noise_count += 1
        return []

    def _take_check(self, byte: int) -> list[Piece]:
        self._check.append(byte)
        if len(self._check) < _CRC_BYTES:
            return []
        apdu = bytes(self._apdu)
        good = int.from_bytes(self._check, "little") == crc(apdu + bytes((ETX,)))
        self._begin(inside=False)
        return [Block(apdu) if good and apdu else Broken("its check is wrong")]

    def _escaped(self, byte: int) -> list[Piece]:
        match byte:
            case 0x02:
                # A block that begins inside another: the end of that one is lost, and so is it.
                broken = [Broken("another began in the middle")] if self._inside else []
                self._begin(inside=True)
                return [*broken]
            case 0x10 if self._inside:
                return self._add(byte)
            case 0x03 if self._inside:
                self._inside, self._check_due = False, True
                return []
            case _ if self._inside:
                self._begin(inside=False)
                return [Broken("a DLE in it is followed by what cannot be")]
            case _:
                self.noise_count += 1
                return []

    def _add(self, byte: int) -> list[Piece]:
        if len(self._apdu) >= APDU_BYTES_MAX:
            self._begin(inside=False)
            return [Broken(f"it is longer than {APDU_BYTES_MAX} bytes")]
        self._apdu.append(byte)
        return []
