"""A payment terminal's line without its secrets, over a serial line or a network, whatever pieces it arrives in.

    card's number            a stand-in where it is said whole; as it is where the terminal hides it   22
    tracks, CVV, PIN data    zeros                                                         23, 24, 2D, 2E, 3A, D1
    container                zeros but for what names the application or is paper
    paper, texts             numbers in it replaced, as in any text

Each APDU is told when it is whole, as long as it was, its check made anew. What cannot be told apart is told
as zeros: what cannot be read cannot be vouched for.
"""

from typing import Final

from protocols.tlv import Tlv
from protocols.trace.stand_ins import PAN_DIGITS_MIN, StandIns
from protocols.trace.text import Piece
from protocols.zvt import bitmaps
from protocols.zvt.apdu import Apdu, ZvtError, decode, measure
from protocols.zvt.bitmaps import Fields, field, read_fields
from protocols.zvt.blocks import APDU_BYTES_MAX, DLE, ETX, STX, block, crc
from protocols.zvt.controls import Control, is_answer
from protocols.zvt.messages import PASSWORD_BYTES, WITH_PASSWORD
from protocols.zvt.status import HIDDEN

_SIGNS: Final = b"\x06\x15"
_OPENING: Final = bytes((DLE, STX))
_ZEROED: Final = (bitmaps.TRACK_1, bitmaps.TRACK_2, bitmaps.TRACK_3, 0x2E, bitmaps.CVV, 0xD1)
_PLAIN_OBJECTS: Final = (0x60, 0x1F10, 0x1F11, 0x1F12)
_PAPER: Final = (Control.PRINT_LINE, Control.PRINT_TEXT, Control.DISPLAY_TEXT)
_CLEAR_MAX: Final = 10
_BLOCK_BYTES_MAX: Final = 2 * APDU_BYTES_MAX + 8


class Units:
    """One direction of a line in whole units: blocks and signs, or APDUs; what is neither byte by byte."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.serial: bool | None = None
        """None until it is known."""

    def receive(self, data: bytes) -> list[bytes]:
        """Return the units that are whole now."""
        self._buffer += data
        if self.serial is None:
            self.serial = _is_serial(bytes(self._buffer))
        if self.serial is None:
            return []
        units = []
        while self._buffer:
            size = self._measure()
            if not size:
                break
            units.append(bytes(self._buffer[:size]))
            del self._buffer[:size]
        return units

    def _measure(self) -> int:
        """Return how long the unit at the beginning is; 0: more must come."""
        if self.serial:
            return _block_bytes(self._buffer)
        try:
            size = measure(self._buffer)
        except ZvtError:
            return len(self._buffer)
        return size if size is not None and size <= len(self._buffer) else 0


def apdu_in(unit: bytes) -> Apdu | None:
    """Return the APDU in a unit; None where there is none, or its check is wrong."""
    data = unit
    if unit[:2] == _OPENING:
        data = unit[2:-4].replace(b"\x10\x10", b"\x10")
        if len(unit) < 7 or unit[-2:] != crc(data + bytes((ETX,))).to_bytes(2, "little"):
            return None
    try:
        return decode(data)
    except (ZvtError, IndexError, TypeError):
        return None


class TerminalSwap:
    """One direction of a stream; as protocols.trace.text.TextSwap."""

    holds = False
    """What is not whole is no secret that a later byte may complete: it is not told at all."""

    def __init__(self, stand_ins: StandIns) -> None:
        self._stand_ins = stand_ins
        self._units = Units()

    def take(self, at_ns: int, data: bytes) -> list[Piece]:
        """Take a piece and return what is whole."""
        return [(at_ns, self._swapped(unit)) for unit in self._units.receive(data)]

    def flush(self) -> list[Piece]:
        """Return nothing: half an APDU is not told."""
        return []

    def _swapped(self, unit: bytes) -> bytes:
        if len(unit) == 1 and unit in (b"\x06", b"\x15"):
            return unit
        apdu = apdu_in(unit)
        if apdu is None:
            return bytes(len(unit))
        told = self._without(apdu)
        if len(told.data) != len(apdu.data):
            told = Apdu(apdu.control, bytes(len(apdu.data)))
        written = told.encode()
        return block(written) if unit[:2] == _OPENING else written

    def _without(self, apdu: Apdu) -> Apdu:
        if is_answer(apdu.control) or len(apdu.data) <= 1:
            return apdu
        if apdu.control in _PAPER:
            return Apdu(apdu.control, self._stand_ins.text(apdu.data))
        begin = _begin(apdu)
        try:
            fields = read_fields(apdu.data[begin:])
        except ZvtError:
            return Apdu(apdu.control, bytes(len(apdu.data)))
        return Apdu(apdu.control, apdu.data[:begin] + self._fields(fields, apdu.control))

    def _fields(self, fields: Fields, control: int) -> bytes:
        data = b""
        for number, value in fields.values.items():
            told = value
            if number in _ZEROED:
                told = bytes(len(value))
            elif number == bitmaps.PAN:
                told = self._pan(value)
            elif number == bitmaps.CONTAINER and control != Control.REGISTRATION:
                told = _objects(fields, len(value))
            elif number in (bitmaps.TEXT, bitmaps.CARD_NAME):
                told = self._stand_ins.text(value)
            data += field(number, told)
        return data + bytes(len(fields.rest))

    def _pan(self, value: bytes) -> bytes:
        digits = value.hex().upper().rstrip("F")
        if digits.isdecimal() and len(digits) >= PAN_DIGITS_MIN:
            instead = self._stand_ins.pan(digits)
            return bytes.fromhex(instead + "F" * (len(instead) % 2))
        hidden = HIDDEN in digits and sum(map(str.isdecimal, digits)) <= _CLEAR_MAX
        return value if hidden else bytes(len(value))


def _objects(fields: Fields, size: int) -> bytes:
    objects = [
        each if each.tag in _PLAIN_OBJECTS else Tlv(each.tag, bytes(len(each.value)))
        for each in fields.objects()
    ]
    data = b"".join(each.encode() for each in objects)
    return data if len(data) == size else bytes(size)


def _begin(apdu: Apdu) -> int:
    """Return where the fields begin: behind a password, a configuration, a state."""
    match apdu.control:
        case Control.REGISTRATION:
            return PASSWORD_BYTES + 3
        case Control.INTERMEDIATE_STATUS:
            return 2
        case Control.ABORTED | Control.READ_CARD:
            return 1
        case control if control in WITH_PASSWORD:
            return PASSWORD_BYTES
    return 0


def _is_serial(data: bytes) -> bool | None:
    """Say what a line is by its first bytes; None while they do not tell."""
    after = data.lstrip(_SIGNS)
    if after[:2] == _OPENING:
        return True
    return None if after in (b"", _OPENING[:1]) else False


def _block_bytes(data: bytearray) -> int:
    if data[:2] != _OPENING:
        return 0 if data == _OPENING[:1] else 1
    at = 2
    while at + 1 < len(data):
        if data[at] != DLE:
            at += 1
        elif data[at + 1] == DLE:
            at += 2
        elif data[at + 1] == ETX:
            return at + 4 if at + 4 <= len(data) else 0
        else:
            return at
    return len(data) if len(data) > _BLOCK_BYTES_MAX else 0
