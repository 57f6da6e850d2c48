"""Messages to and from a bank without their secrets, in a stream that arrives in pieces.

    card's number            a stand-in; tracks: the stand-in, the rest zeros        fields 2, 34 to 36, 45
    PIN block, key serial    zeros                                                   52, 96, 110
    chip's card and holder   zeros                                                   55: 57, 5A, 5F20, ...
    accounts                 zeros but for the last four                             102, 103
    authentication code      zeros: a message that was changed has none              64, 128

Each message is told when it is whole, as long as it was. What is no message is told as zeros: what cannot be
read cannot be vouched for.
"""

from typing import Final

from protocols.iso8583 import elements as de
from protocols.iso8583.describe import CARD_TAGS
from protocols.iso8583.field import Value
from protocols.iso8583.framing import FrameReader, FramingError, Header, frame
from protocols.iso8583.icc import pack_icc, read_icc
from protocols.iso8583.message import MalformedError, Message, decode, encode
from protocols.iso8583.specs import ASCII, BINARY, Spec
from protocols.trace.stand_ins import PAN_DIGITS_MIN, StandIns
from protocols.trace.text import Piece

_TRACKS: Final = (34, 35, 36, 45)
_ZEROED: Final = (de.PIN_BLOCK, 96, de.PIN_DATA, de.MAC, de.MAC_2)
_ACCOUNTS: Final = (de.ACCOUNT_FROM, de.ACCOUNT_TO)
_ZERO_DIGIT: Final = 0x30


class BankReader:
    """One direction of a bank's line, whichever way its lengths and messages are written."""

    def __init__(self) -> None:
        self._reader: FrameReader | None = None
        self.header = Header.BINARY
        self.lost = False
        """Out of step for good."""

    def receive(self, data: bytes) -> list[bytes]:
        """Return the messages that are whole now; nothing any more once it is lost."""
        if self._reader is None and data:
            # A length of two bytes begins below 20: no message is that long.
            self.header = Header.DIGITS if data[0] >= _ZERO_DIGIT else Header.BINARY
            self._reader = FrameReader(self.header)
        if self._reader is None or self.lost:
            return []
        try:
            return self._reader.receive(data)
        except FramingError:
            self.lost = True
            return []


def read_message(data: bytes) -> tuple[Message, Spec]:
    """Return a message and the variant it is written in. Raises: MalformedError."""
    spec = ASCII if data[:1] == b"0" else BINARY
    return decode(data, spec), spec


class BankSwap:
    """One direction of a stream; as protocols.trace.text.TextSwap."""

    holds = False
    """What is not whole is no secret that a later byte may complete: it is not told at all."""

    def __init__(self, stand_ins: StandIns) -> None:
        self._stand_ins = stand_ins
        self._reader = BankReader()

    def take(self, at_ns: int, data: bytes) -> list[Piece]:
        """Take a piece and return what is whole."""
        whole = self._reader.receive(data)
        if self._reader.lost:
            return [(at_ns, bytes(len(data)))]
        return [(at_ns, frame(self._swapped(each), self._reader.header)) for each in whole]

    def flush(self) -> list[Piece]:
        """Return nothing: half a message is not told."""
        return []

    def _swapped(self, data: bytes) -> bytes:
        try:
            message, spec = read_message(data)
            fields = {n: self._instead(n, value) for n, value in message.fields.items()}
            return encode(Message(message.mti, fields), spec)
        except MalformedError:
            return bytes(len(data))

    def _instead(self, number: int, value: Value) -> Value:
        if isinstance(value, bytes):
            if number == de.ICC:
                objects = read_icc(value)
                return pack_icc(
                    {t: bytes(len(v)) if t in CARD_TAGS else v for t, v in objects.items()}
                )
            return bytes(len(value)) if number in _ZEROED else value
        if number == de.PAN:
            return self._pan(value)
        if number in _TRACKS:
            pan, mark, rest = value.partition("=")
            return f"{self._pan(pan)}{mark}{'0' * len(rest)}" if mark else "0" * len(value)
        if number in _ZEROED:
            return "0" * len(value)
        return f"{'0' * (len(value) - 4)}{value[-4:]}" if number in _ACCOUNTS else value

    def _pan(self, digits: str) -> str:
        return self._stand_ins.pan(digits) if len(digits) >= PAN_DIGITS_MIN else "0" * len(digits)
