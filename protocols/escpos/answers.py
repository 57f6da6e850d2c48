"""Printer to host: status bytes, automatic status, blocks; both directions.

    0xx1xx10                                    answer to DLE EOT (which question: the asker knows)
    0xx1xx00 0xx0xxxx 0xx0xxxx 0xx0xxxx         automatic status back (ASB)
    0xx0xxxx                                    answer to GS r or one-byte GS I
    5F text 00                                  answer to GS I 65..69
    37 22 token(4) 00                           print done (GS ( H)
    11, 13                                      XON, XOFF

The fixed bits tell them apart; what fits none is Stray and is never taken for a status. One byte has
few fixed bits ("Z" looks like an answer to DLE EOT, half of ASCII like one to GS r, "0@@@" like an
ASB), so it is an answer only where one was asked for (`expect_...`). Answers come in the order of
the questions; a real-time answer may overtake a buffered one.
Source: Epson, "Transmission status identification".
"""

from dataclasses import dataclass
from typing import Final

from protocols.escpos.codes import NUL, XOFF, XON
from protocols.escpos.status import (
    STATUS_BACK_BYTES,
    PrinterStatus,
    back_bytes,
    is_queued_status,
    is_realtime_status,
    is_status_back,
    status_from_back,
)

IDENTITY_HEADER: Final = 0x5F
RESPONSE_HEADER: Final = 0x37
RESPONSE_PRINTED: Final = 0x22
IDENTITY_BYTES_MAX: Final = 80
"""Of a GS I text; a longer one is noise."""
QUESTIONS_MAX: Final = 8
"""Of one kind that may stand open at once."""
_RESPONSE_BYTES: Final = 7


@dataclass(frozen=True, slots=True)
class RealtimeStatus:
    """The answer to a DLE EOT; read it with `status.with_realtime` and the question."""

    byte: int


@dataclass(frozen=True, slots=True)
class StatusBack:
    """The whole status, unasked: something changed."""

    status: PrinterStatus


@dataclass(frozen=True, slots=True)
class QueuedStatus:
    """The answer to GS r or a one-byte GS I; which, the asker knows."""

    byte: int


@dataclass(frozen=True, slots=True)
class Identity:
    """The answer to GS I 65..69."""

    text: str


@dataclass(frozen=True, slots=True)
class Printed:
    """Everything before GS ( H with this token is on paper."""

    token: bytes


@dataclass(frozen=True, slots=True)
class Ready:
    """XON: send on."""


@dataclass(frozen=True, slots=True)
class Busy:
    """XOFF: stop sending."""


@dataclass(frozen=True, slots=True)
class Stray:
    """Bytes that are no answer: noise on the line."""

    raw: bytes


Answer = RealtimeStatus | StatusBack | QueuedStatus | Identity | Printed | Ready | Busy | Stray


def encode_answer(answer: Answer) -> bytes:
    """Return the bytes a printer sends. Raises: ValueError for what an answer cannot carry."""
    match answer:
        case RealtimeStatus(byte=byte):
            if not is_realtime_status(byte):
                raise ValueError(f"{byte:#04x} has not the fixed bits of a real-time status")
            return bytes((byte,))
        case StatusBack(status=status):
            return back_bytes(status)
        case QueuedStatus(byte=byte):
            if not is_queued_status(byte):
                raise ValueError(f"{byte:#04x} has not the fixed bits of a status")
            return bytes((byte,))
        case Identity(text=text):
            data = text.encode("ascii")
            if NUL in data or len(data) > IDENTITY_BYTES_MAX:
                raise ValueError("an identity is at most 80 characters without NUL")
            return bytes((IDENTITY_HEADER,)) + data + bytes((NUL,))
        case Printed(token=token):
            assert len(token) == 4, "a process id is four bytes"
            return bytes((RESPONSE_HEADER, RESPONSE_PRINTED)) + token + bytes((NUL,))
        case Ready():
            return bytes((XON,))
        case Busy():
            return bytes((XOFF,))
        case Stray(raw=raw):
            return raw


class AnswerDecoder:
    """A host's reading end; holds at most one unfinished block."""

    def __init__(self) -> None:
        self._buffer = b""
        self._realtime_expected = 0
        self._queued_expected = 0
        self._back_expected = False

    def expect_back(self) -> None:
        """Say that GS a has been sent: from now on the printer speaks unasked."""
        self._back_expected = True

    def expect_realtime(self) -> None:
        """Say that a DLE EOT has been sent: one RealtimeStatus may come for it."""
        self._realtime_expected = min(self._realtime_expected + 1, QUESTIONS_MAX)

    def expect_queued(self) -> None:
        """Say that a GS r or one-byte GS I has been sent: one QueuedStatus may come for it."""
        self._queued_expected = min(self._queued_expected + 1, QUESTIONS_MAX)

    @property
    def unfinished(self) -> bool:
        """Tell whether a block has begun; its asker sets the deadline and calls `give_up`."""
        return bool(self._buffer)

    def receive(self, data: bytes) -> list[Answer]:
        """Take bytes as they arrive and return the answers they complete."""
        answers: list[Answer] = []
        self._buffer += data
        while self._buffer and (taken := self._take()) is not None:
            answer, size = taken
            self._buffer = self._buffer[size:]
            answers.append(answer)
        assert len(self._buffer) <= IDENTITY_BYTES_MAX + 1, "a block is bounded"
        return answers

    def give_up(self) -> list[Answer]:
        """Drop an unfinished block and open questions: the answers did not come in time."""
        lost, self._buffer = self._buffer, b""
        self._realtime_expected = self._queued_expected = 0
        return [Stray(lost)] if lost else []

    def _take(self) -> tuple[Answer, int] | None:
        first = self._buffer[0]
        if first == XON:
            return Ready(), 1
        if first == XOFF:
            return Busy(), 1
        if first == IDENTITY_HEADER:
            return self._take_identity()
        if first == RESPONSE_HEADER:
            return self._take_response()
        if self._realtime_expected and is_realtime_status(first):
            self._realtime_expected -= 1
            return RealtimeStatus(first), 1
        if self._back_expected and is_status_back(self._buffer[:1]):
            return self._take_back()
        if self._queued_expected and is_queued_status(first):
            self._queued_expected -= 1
            return QueuedStatus(first), 1
        return Stray(self._buffer[:1]), 1

    def _take_identity(self) -> tuple[Answer, int] | None:
        longest = 1 + IDENTITY_BYTES_MAX
        end = self._buffer.find(NUL, 1, longest + 1)
        body = self._buffer[1:end] if end >= 0 else self._buffer[1 : longest + 1]
        # Text of names and numbers is printable ASCII: another byte means the header was noise.
        if not all(32 <= byte <= 126 for byte in body) or len(body) > IDENTITY_BYTES_MAX:
            return Stray(self._buffer[:1]), 1
        if end >= 0:
            return Identity(body.decode("ascii")), end + 1
        return None if len(self._buffer) <= longest else (Stray(self._buffer[:1]), 1)

    def _take_response(self) -> tuple[Answer, int] | None:
        block = self._buffer[:_RESPONSE_BYTES]
        fits = (
            block[1:2] in (b"", bytes((RESPONSE_PRINTED,)))
            and all(32 <= byte <= 126 for byte in block[2:6])
            and block[6:7] in (b"", bytes((NUL,)))
        )
        if not fits:
            return Stray(block[:1]), 1
        return None if len(block) < _RESPONSE_BYTES else (Printed(block[2:6]), _RESPONSE_BYTES)

    def _take_back(self) -> tuple[Answer, int] | None:
        block = self._buffer[:STATUS_BACK_BYTES]
        if not is_status_back(block):
            return Stray(block[:1]), 1
        if len(block) < STATUS_BACK_BYTES:
            return None
        return StatusBack(status_from_back(block)), STATUS_BACK_BYTES
