"""Command and response APDUs, and what their status words say.

    command   CLA INS P1 P2 [ Lc data ] [ Le ]       Lc, Le: 1 byte, or 00 and 2 bytes (extended)
    response  [ data ] SW1 SW2

The four cases by what is there: 1 nothing, 2 Le, 3 Lc data, 4 both. Le 00 asks for 256 bytes
(0000 for 65,536). Source: ISO/IEC 7816-3:2006 clause 12, ISO/IEC 7816-4:2020 clause 5.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

APDU_BYTES_MAX: Final = 65_544
SHORT_DATA_MAX: Final = 255


class SW(IntEnum):
    """Status words that our cards use; 63Cx, 61xx and 6Cxx carry a number in the low digits."""

    OK = 0x9000
    SELECTED_LOCKED = 0x6283
    """Selected, but the application is deactivated."""
    TRIES_LEFT = 0x63C0
    """63Cx: wrong PIN, x tries left."""
    MEMORY_FAILURE = 0x6581
    WRONG_LENGTH = 0x6700
    CLASS_NOT_SUPPORTED = 0x6E00
    CHAINING_NOT_SUPPORTED = 0x6884
    SECURE_MESSAGING_NOT_SUPPORTED = 0x6882
    SECURITY_NOT_SATISFIED = 0x6982
    """PIN needed, or the purse is locked."""
    PIN_BLOCKED = 0x6983
    REFERENCE_NOT_USABLE = 0x6984
    """The other party's certificate has expired or stands on the hotlist."""
    CONDITIONS_NOT_SATISFIED = 0x6985
    """Another state is needed, or these payment details are not the ones in hand."""
    SIGNATURE_WRONG = 0x6988
    DATA_WRONG = 0x6A80
    FUNCTION_NOT_SUPPORTED = 0x6A81
    """This class of purse may not pay that one."""
    NOT_FOUND = 0x6A82
    RECORD_NOT_FOUND = 0x6A83
    LOG_FULL = 0x6A84
    """No free slot in the exception log."""
    P1_P2_WRONG = 0x6A86
    KEY_UNKNOWN = 0x6A88
    OFFSET_WRONG = 0x6B00
    INSTRUCTION_NOT_SUPPORTED = 0x6D00
    NO_DIAGNOSIS = 0x6F00
    CEILING = 0x9101
    """The balance would pass its limit."""
    FUNDS = 0x9102
    LIMIT = 0x9103
    """Over the limit for one transfer, or for offline transfers since the last contact."""
    POCKET = 0x9104
    """No pocket for this currency, or not that one."""
    SEQUENCE_EXHAUSTED = 0x910F


class RefusedError(Exception):
    """A card's command ends with this status word, and nothing changed."""

    def __init__(self, sw: int) -> None:
        super().__init__(f"{sw:04X}")
        self.sw = sw


class ApduError(ValueError):
    """These bytes are not a command APDU; `sw` is what a card answers."""

    def __init__(self, sw: SW, reason: str) -> None:
        super().__init__(reason)
        self.sw = sw


@dataclass(frozen=True, slots=True)
class Command:
    """A command APDU."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    le: int | None = None
    """How many bytes may come back; None asks for none."""

    def encode(self) -> bytes:
        """Return the shortest encoding: extended only where short cannot say it."""
        header = bytes((self.cla, self.ins, self.p1, self.p2))
        extended = len(self.data) > SHORT_DATA_MAX or (self.le or 0) > 256
        if not extended:
            body = bytes((len(self.data),)) + self.data if self.data else b""
            return header + body + (b"" if self.le is None else bytes((self.le & 0xFF,)))
        body = b"\0" + len(self.data).to_bytes(2) + self.data if self.data else b""
        if self.le is None:
            return header + body
        return header + body + (b"" if self.data else b"\0") + (self.le & 0xFFFF).to_bytes(2)


def parse_command(apdu: bytes) -> Command:
    """Parse a command APDU in any of the seven forms. Raises: ApduError."""
    if len(apdu) < 4 or len(apdu) > APDU_BYTES_MAX:
        raise ApduError(SW.WRONG_LENGTH, f"{len(apdu)} bytes are no command APDU")
    cla, ins, p1, p2 = apdu[:4]
    body = apdu[4:]
    if not body:
        return Command(cla, ins, p1, p2)
    if len(body) == 1:
        return Command(cla, ins, p1, p2, le=body[0] or 256)
    if body[0]:
        return _with_data(apdu, body, start=1, lc=body[0], le_size=1)
    if len(body) == 3:
        return Command(cla, ins, p1, p2, le=int.from_bytes(body[1:]) or 65_536)
    if len(body) < 3:
        raise ApduError(SW.WRONG_LENGTH, "an extended length is cut off")
    return _with_data(apdu, body, start=3, lc=int.from_bytes(body[1:3]), le_size=2)


def _with_data(apdu: bytes, body: bytes, *, start: int, lc: int, le_size: int) -> Command:
    cla, ins, p1, p2 = apdu[:4]
    end = start + lc
    if lc and len(body) == end:
        return Command(cla, ins, p1, p2, body[start:end])
    if lc and len(body) == end + le_size:
        le = int.from_bytes(body[end:]) or 256**le_size
        return Command(cla, ins, p1, p2, body[start:end], le)
    raise ApduError(SW.WRONG_LENGTH, f"Lc says {lc}, {len(body) - start} bytes follow")


@dataclass(frozen=True, slots=True)
class Response:
    """A response APDU."""

    data: bytes
    sw: int

    @property
    def ok(self) -> bool:
        """Whether the status word is 9000."""
        return self.sw == SW.OK

    def encode(self) -> bytes:
        """Return data and status word."""
        return self.data + self.sw.to_bytes(2)


def parse_response(data: bytes) -> Response | None:
    """Parse a response APDU; None for under two bytes: a card torn out, its answer unknown.

    PC/SC may report success with an empty answer when a card leaves in the middle of a command, so
    nobody indexes a status word blindly (devices.md section 0).
    """
    if len(data) < 2:
        return None
    return Response(data[:-2], int.from_bytes(data[-2:]))
