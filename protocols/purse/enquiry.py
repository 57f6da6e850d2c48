"""What a purse tells anybody who asks: its pocket, its last transfers, its log. Moves nothing.

A generator like the coordinator's, of one purse: it yields a command APDU, is sent the response or
None for a lost answer, and returns Told or Untold.

    SELECT, GET DATA 01 02 (pockets), QUERY, then READ RECORD of the statement, newest last
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final

from protocols.iso7816 import SW, Command, Response
from protocols.purse.coordinator import LOG_RECORDS_MAX, PurseState, decode_state
from protocols.purse.details import DETAILS_BYTES, MessageType, PaymentDetails, decode_details
from protocols.purse.image import POCKETS
from protocols.purse.reading import AID

RECORD_BYTES: Final = 1 + DETAILS_BYTES
STATEMENT: Final = 0x0C
LOG: Final = 0x14


@dataclass(frozen=True, slots=True)
class Past:
    """One transfer of a statement."""

    kind: MessageType
    """VAL: this purse paid; ACK: it was paid."""
    details: PaymentDetails


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a purse said."""

    state: PurseState
    past: tuple[Past, ...] = ()
    """Oldest first."""


@dataclass(frozen=True, slots=True)
class Untold:
    """It did not say: the status word of its refusal, 0 where an answer was lost."""

    sw: int


Asking = Generator[bytes, Response | None, Told | Untold]


class _StoppedError(Exception):
    def __init__(self, sw: int) -> None:
        super().__init__(f"{sw:04X}")
        self.sw = sw


def enquire(currency: int, *, statement: bool = False) -> Asking:
    """Ask a purse for its pocket of a currency (ISO 4217 number), and for its last transfers."""
    try:
        yield from _ask(0x00, 0xA4, 4, 0, AID)
        pockets = yield from _ask(0x00, 0xCA, 0x01, 0x02)
        numbers = [int.from_bytes(pockets[n * 10 : n * 10 + 2]) for n in range(POCKETS)]
        if currency not in numbers:
            raise _StoppedError(SW.POCKET)
        state = decode_state((yield from _ask(0x90, 0x50, 0, numbers.index(currency))))
        if state is None:
            raise _StoppedError(SW.NOT_FOUND)
        past = (yield from _past()) if statement else ()
    except _StoppedError as stopped:
        return Untold(stopped.sw)
    return Told(state=state, past=past)


def _past() -> Generator[bytes, Response | None, tuple[Past, ...]]:
    found = []
    for number in range(1, LOG_RECORDS_MAX + 1):
        try:
            record = yield from _ask(0x00, 0xB2, number, STATEMENT)
        except _StoppedError as stopped:
            if stopped.sw != SW.RECORD_NOT_FOUND:
                raise
            break
        if len(record) == RECORD_BYTES and record[0] in (MessageType.VAL, MessageType.ACK):
            found.append(Past(MessageType(record[0]), decode_details(record[1:])))
    return tuple(found)


def _ask(
    cla: int, ins: int, p1: int, p2: int, body: bytes = b""
) -> Generator[bytes, Response | None, bytes]:
    response = yield Command(cla, ins, p1, p2, body, 256).encode()
    if response is None:
        raise _StoppedError(0)
    if response.sw not in (SW.OK, SW.SELECTED_LOCKED):
        raise _StoppedError(response.sw)
    return response.data
