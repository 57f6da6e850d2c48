"""ATRs, and the two ways a card answers: whole (T=1), or in turns (T=0).

    T=1   3B 8n 01    | n historical bytes | TCK        response with data and status word
    T=0   3B 0n       | n historical bytes              61xx: fetch xx bytes with GET RESPONSE
                                                        6Cxx: ask again with Le xx

A card on an antenna has no ATR; its reader makes one of what it said there (contactless_atr):

    3B 8n 80 01 | n historical bytes | TCK

Source: ISO/IEC 7816-3:2006 8.2 (ATR), 12.2 (T=0); ISO/IEC 7816-4:2020 5.4, 11.7 (GET RESPONSE); PC/SC
part 3 v2.01.09, 3.1.3.2.3.1 (cards of ISO 14443).
"""

from collections.abc import Callable
from enum import Enum
from functools import reduce
from operator import xor
from typing import Final

from protocols.iso7816 import SW, ApduError, Command, parse_command, parse_response

HISTORICAL_BYTES_MAX: Final = 15
_GET_RESPONSE: Final = 0xC0
_CHUNK: Final = 256


class Transmission(Enum):
    """Which protocol a card's ATR offers."""

    T0 = "t0"
    T1 = "t1"


def atr_of(transmission: Transmission, historical: bytes) -> bytes:
    """Return an ATR in direct convention with these historical bytes."""
    assert len(historical) <= HISTORICAL_BYTES_MAX, "the ATR counts them in four bits"
    if transmission is Transmission.T0:
        return bytes((0x3B, len(historical))) + historical
    checked = bytes((0x80 | len(historical), 0x01)) + historical
    return b"\x3b" + checked + bytes((reduce(xor, checked),))


def contactless_atr(historical: bytes) -> bytes:
    """Return the ATR that a PC/SC reader makes for a card of ISO 14443-4 type A on its antenna."""
    assert len(historical) <= HISTORICAL_BYTES_MAX, "the ATR counts them in four bits"
    checked = bytes((0x80 | len(historical), 0x80, 0x01)) + historical
    return b"\x3b" + checked + bytes((reduce(xor, checked),))


def historical_bytes(atr: bytes) -> bytes:
    """Return the historical bytes of an ATR: behind T0 and the interface bytes that it announces."""
    count, announced, place = atr[1] & 0x0F, atr[1] >> 4, 2
    while announced:
        place += announced.bit_count()
        announced = atr[place - 1] >> 4 if announced & 0x8 else 0
    return atr[place : place + count]


class InTurns:
    """A T=0 card around one that answers whole."""

    def __init__(self, handle: Callable[[bytes], bytes]) -> None:
        self._handle = handle
        self._waiting = b""
        self._sw = b""

    def reset(self) -> None:
        """Forget what waits to be fetched."""
        self._waiting = self._sw = b""

    def handle(self, apdu: bytes) -> bytes:
        """Answer a command as T=0 does."""
        try:
            command = parse_command(apdu)
        except ApduError as error:
            return error.sw.to_bytes(2)
        if command.ins == _GET_RESPONSE:
            return self._fetch(command)
        self.reset()
        answer = self._handle(apdu if command.le is not None else _with_le(command))
        response = parse_response(answer)
        assert response is not None, "a card answers with a status word"
        if not response.data:
            return answer
        self._waiting, self._sw = response.data, answer[-2:]
        if command.data or command.le is None:
            return self._more()
        if command.le not in (len(response.data), _CHUNK) or len(response.data) > _CHUNK:
            return bytes((0x6C, len(response.data) & 0xFF))
        self.reset()
        return answer

    def _fetch(self, command: Command) -> bytes:
        if not self._waiting:
            return SW.CONDITIONS_NOT_SATISFIED.to_bytes(2)
        wanted = min(len(self._waiting), _CHUNK)
        if command.le != wanted:
            return bytes((0x6C, wanted & 0xFF))
        piece, self._waiting = self._waiting[:wanted], self._waiting[wanted:]
        return piece + (self._more() if self._waiting else self._sw)

    def _more(self) -> bytes:
        return bytes((0x61, min(len(self._waiting), _CHUNK) & 0xFF))


def _with_le(command: Command) -> bytes:
    """Under T=0 Le of case 4 stays behind: ask for everything, and let it be fetched."""
    return Command(command.cla, command.ins, command.p1, command.p2, command.data, _CHUNK).encode()
