"""Commands and responses of cards with test values in them.

    VERIFY, CHANGE, RESET RETRY   20 21 24 2C, any class: every PIN block; what is no block becomes FF
    data objects                  5A number, 57 and 9F6B track 2, 56 track 1, 5F20 and 9F0B name,
                                  9F1F and 9F20 what stands behind on a track
    a passbook's answers          its account, zeros but for the last four: in its certificate, and in what it signs

Bytes that are no APDU are told by their instruction byte all the same; a garbled VERIFY holds digits.
Source: ISO/IEC 7816-4:2020 clause 11.6, ISO 9564-1 format 2, EMV book 3 annex A, EMV book 4.
"""

from typing import Final

from protocols.iso7816 import ApduError, parse_command
from protocols.passbook.order import (
    ACCOUNT_BYTES,
    ACCOUNT_DIGITS,
    CERTIFICATE_BYTES,
    SIGNED_BYTES,
    VERSION,
)
from protocols.tlv import Tlv, TlvError, walk_tlv
from protocols.trace.stand_ins import NAME, PAN_CLEAR_DIGITS, StandIns

PIN_COMMANDS: Final = (0x20, 0x21, 0x24, 0x2C)
_HEADER_BYTES: Final = 4
_IN_CERTIFICATE: Final = 2
"""Where the account stands in it: behind version and key."""
_BLOCK_BYTES: Final = 8
_NUMBER: Final = 0x5A
_TRACKS_2: Final = (0x57, 0x9F6B)
_TRACK_1: Final = 0x56
_NAMES: Final = (0x5F20, 0x9F0B)
_BEHIND: Final = (0x9F1F, 0x9F20)


def swap_command(stand_ins: StandIns, apdu: bytes) -> bytes:
    """Return a command without secrets, as long as it was."""
    body = apdu[_HEADER_BYTES:]
    if not body:
        return apdu
    try:
        data = parse_command(apdu).data
        # Behind Lc: one byte, or three where the first is 00.
        start = _HEADER_BYTES + (1 if body[0] else 3)
    except ApduError:
        data, start = body, _HEADER_BYTES
    instead = _blocks(stand_ins, data) if apdu[1] in PIN_COMMANDS else _objects(stand_ins, data)
    return apdu[:start] + instead + apdu[start + len(data) :] if data else apdu


def swap_response(stand_ins: StandIns, answer: bytes) -> bytes:
    """Return a response without secrets, as long as it was."""
    return _accounts(_objects(stand_ins, answer[:-2])) + answer[-2:]


def _accounts(data: bytes) -> bytes:
    """Return a passbook's certificate, or its signed order, without the account; anything else as it is."""
    places = {CERTIFICATE_BYTES: _IN_CERTIFICATE, SIGNED_BYTES: 0}
    start = places.get(len(data))
    if start is None or (start and data[0] != VERSION):
        return data
    digits = data[start : start + ACCOUNT_BYTES].hex()
    number = digits.rstrip("f")
    if len(number) not in ACCOUNT_DIGITS or not number.isdigit():
        return data
    instead = bytes.fromhex(f"{number[-4:]:0>{len(number)}}" + digits[len(number) :])
    return data[:start] + instead + data[start + ACCOUNT_BYTES :]


def _blocks(stand_ins: StandIns, data: bytes) -> bytes:
    """Return PIN blocks of the same lengths; whatever is none of format 2 is blotted out."""
    pieces = []
    for place in range(0, len(data), _BLOCK_BYTES):
        block = data[place : place + _BLOCK_BYTES]
        control, size, digits = block[0] >> 4, block[0] & 0xF, block.hex()[2:]
        if control == 2 and len(block) == _BLOCK_BYTES and digits[:size].isdigit():
            digits = stand_ins.pin(digits[:size]) + "f" * (len(digits) - size)
            pieces.append(bytes.fromhex(f"2{size:x}{digits}"))
        else:
            pieces.append(b"\xff" * len(block))
    return b"".join(pieces)


def _objects(stand_ins: StandIns, data: bytes) -> bytes:
    """Return data objects with the secret ones replaced; what is no data object stays."""
    try:
        found = [item for _, item in walk_tlv(data) if not item.constructed]
    except TlvError:
        return data
    for item in found:
        instead = Tlv(item.tag, _value(stand_ins, item)).encode()
        data = data.replace(item.encode(), instead)
    return data


def _value(stand_ins: StandIns, item: Tlv) -> bytes:
    digits = item.value.hex()
    match item.tag:
        case _ if not item.value:
            return b""
        case tag if tag == _NUMBER:
            number = digits.rstrip("f")
            if number.isdigit():
                return bytes.fromhex(_swapped(stand_ins, number) + digits[len(number) :])
            return b"\xff" * len(item.value)
        case tag if tag in _TRACKS_2:
            number, mark, rest = digits.partition("d")
            if mark and number.isdigit():
                behind = "".join("0" if each != "f" else each for each in rest[7:])
                return bytes.fromhex(_swapped(stand_ins, number) + mark + rest[:7] + behind)
            return b"\xff" * len(item.value)
        case tag if tag == _TRACK_1:
            return stand_ins.text(b"%" + item.value + b"?")[1:-1]
        case tag if tag in _NAMES:
            return NAME[: len(item.value)].ljust(len(item.value)).encode()
        case tag if tag in _BEHIND:
            return b"0" * len(item.value)
    return item.value


def _swapped(stand_ins: StandIns, number: str) -> str:
    return stand_ins.pan(number) if len(number) > PAN_CLEAR_DIGITS + 1 else "0" * len(number)
