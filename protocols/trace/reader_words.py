"""What a hybrid reader is told and says, in words; what passes through it to a chip as on the chip's contacts."""

from collections.abc import Iterable
from typing import Final

from protocols.card_number import Masked
from protocols.hybrid_reader import RESET, Broken, Control, Decoder, Text
from protocols.hybrid_words import (
    APDU_T0,
    APDU_T1,
    COLD_RESET,
    PERMIT,
    POWER_OFF,
    PRESS,
    READ,
    STATUS,
    Done,
    Refused,
    Where,
    read_answer,
)
from protocols.magnetic_stripe import StripeError
from protocols.swipe import ReadTrack, Swiped, read_swipe
from protocols.trace.card_words import CardTeller
from protocols.trace.naming import hexed

_COMMANDS: Final = {
    RESET: "reset",
    STATUS: "where is the card",
    PERMIT: "let a card in",
    PRESS: "press the contacts",
    COLD_RESET: "power the chip",
    POWER_OFF: "take the power",
    **{word: f"read track {track}" for track, word in READ.items()},
}
_APDUS: Final = (APDU_T0, APDU_T1)
_CONTROLS: Final = {
    Control.ENQ: "ENQ: do it, or say it again",
    Control.ACK: "ACK: heard",
    Control.NAK: "NAK: say it again",
    Control.EOT: "EOT: called off",
}
_PLACES: Final = {
    Where.NO_CARD: "no card",
    Where.MOUTH: "a card at the mouth",
    Where.INSIDE: "a card inside",
    Where.PRESSED: "contacts pressed",
    Where.ACTIVE: "chip on",
    Where.WHOLE: "whole",
}


class ReaderTeller:
    """Both directions of one channel."""

    def __init__(self) -> None:
        self._ends = Decoder(), Decoder()
        self._chip = CardTeller()

    def to(self, data: bytes, at_ns: int) -> Iterable[str]:
        """Return what the till says."""
        return [
            self._command(each.data) if isinstance(each, Text) else _said(each)
            for each in self._ends[0].receive(data, at_ns)
        ]

    def come(self, data: bytes, at_ns: int) -> Iterable[str]:
        """Return what the reader says."""
        return [
            self._answer(each.data) if isinstance(each, Text) else _said(each)
            for each in self._ends[1].receive(data, at_ns)
        ]

    def _command(self, text: bytes) -> str:
        word, data = text[:3], text[3:]
        if word in _APDUS:
            return f"chip: {self._chip.command(data)}"
        if word in (RESET, COLD_RESET):
            self._chip = CardTeller()
        return _COMMANDS.get(word) or f"no command: {hexed(text)}"

    def _answer(self, text: bytes) -> str:
        word = b"C" + text[1:3]
        match read_answer(text):
            case Done(where=where, data=data):
                if word in _APDUS:
                    return f"chip: {self._chip.response(data)}"
                if word in READ.values():
                    return _track(word, data)
                atr = f", ATR {data.hex(' ')}" if data else ""
                return f"{_PLACES[where]}{atr}"
            case Refused(why=why) if why is not None:
                return f"not done: {why.name.replace('_', ' ').lower()}"
            case Refused():
                return f"not done: {hexed(text[3:5])}"
        return f"no answer: {hexed(text)}"


def _track(word: bytes, data: bytes) -> str:
    track = next(each for each, said in READ.items() if said == word)
    try:
        card = read_swipe(Swiped((ReadTrack(track, Masked(data.decode("latin-1"))),)))
    except StripeError as error:
        return f"track {track}: {error}"
    return f"track {track}: card {card.number}"


def _said(piece: Broken | Control) -> str:
    return f"broken: {piece.why}" if isinstance(piece, Broken) else _CONTROLS[piece]
