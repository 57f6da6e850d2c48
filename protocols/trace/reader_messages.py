"""A hybrid reader's line without its secrets, in a stream that arrives in pieces.

    CF0 CF1, and their answers    as on a card's own contacts (protocols.trace.apdus): PIN blocks, numbers, tracks
    C61 to C63's answers          a track with a stand-in's number; what is no whole track is zeros
    the other words we know       as they are: places, an ATR, reasons
    what is no such word          zeros behind its first three characters

Each text is told when it is whole, with a check that fits again; a broken one, and noise, as zeros of that
length: what cannot be read cannot be vouched for. Source: protocols.hybrid_reader, protocols.hybrid_words.
"""

import re
from typing import Final

from protocols.hybrid_reader import RESET, Broken, Control, Decoder, Text, frame, say
from protocols.hybrid_words import (
    APDU_T0,
    APDU_T1,
    COLD_RESET,
    PERMIT,
    POWER_OFF,
    PRESS,
    READ,
    STATUS,
)
from protocols.magnetic_stripe import StripeError, read_track
from protocols.trace.apdus import swap_command, swap_response
from protocols.trace.stand_ins import StandIns
from protocols.trace.text import Piece

_WORD_BYTES: Final = 3
_CODE_BYTES: Final = 5
"""Of an answer: its letter, the command's two characters, where or why."""
_APDUS: Final = (APDU_T0, APDU_T1)
_PLAIN: Final = (RESET, STATUS, PERMIT, PRESS, COLD_RESET, POWER_OFF)


class ReaderSwap:
    """One direction of a stream; as protocols.trace.text.TextSwap."""

    holds = False
    """What is not whole is no secret that a later byte may complete: it is not told at all."""

    def __init__(self, stand_ins: StandIns) -> None:
        self._stand_ins = stand_ins
        self._decoder = Decoder()
        self._untold = 0
        """Bytes since the last thing that was told."""

    def take(self, at_ns: int, data: bytes) -> list[Piece]:
        """Take a piece and return what is whole."""
        told = b""
        for byte in data:
            self._untold += 1
            for piece in self._decoder.receive(bytes((byte,)), at_ns):
                told += self._told(piece)
        return [(at_ns, told)] if told else []

    def flush(self) -> list[Piece]:
        """Return nothing: half a text is not told."""
        return []

    def _told(self, piece: Text | Broken | Control) -> bytes:
        """Return a piece, behind zeros for the noise that was before it."""
        untold, self._untold = self._untold, 0
        match piece:
            case Control():
                said = say(piece)
                return bytes(untold - len(said)) + said
            case Text(data=data):
                # A check or a byte like DLE may come or go with the secret.
                return bytes(max(0, untold - len(frame(data)))) + frame(self._swapped(data))
            case Broken():
                return bytes(untold)

    def _swapped(self, text: bytes) -> bytes:
        word, data = b"C" + text[1:_WORD_BYTES], text[_WORD_BYTES:]
        match text[:1]:
            case b"C" if word in _APDUS:
                return word + swap_command(self._stand_ins, data)
            case b"C" if word in (*_PLAIN, *READ.values()):
                return word + bytes(len(data))
            case b"P" | b"N" if len(text) >= _CODE_BYTES and word in (
                *_APDUS,
                *_PLAIN,
                *READ.values(),
            ):
                return text[:_CODE_BYTES] + self._answered(word, text[_CODE_BYTES:])
        return text[:_WORD_BYTES] + bytes(len(data))

    def _answered(self, word: bytes, data: bytes) -> bytes:
        if word in _APDUS:
            return swap_response(self._stand_ins, data)
        if word == COLD_RESET:
            return data
        if word in READ.values():
            track = next(each for each, said in READ.items() if said == word)
            try:
                read_track(data.decode("latin-1"), track)
            except StripeError:
                return re.sub(rb"[0-9A-Za-z]", b"0", data)
            return self._stand_ins.text(data)
        return bytes(len(data))
