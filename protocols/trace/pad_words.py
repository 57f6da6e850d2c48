"""What a PIN pad is told and says, in words. What is sealed is told as that, and nothing of it."""

from collections.abc import Callable, Iterable

from protocols.pin_pad.codec import WordError, decode_answer, decode_command
from protocols.pin_pad.frames import Broken, Controlled, Frame, FrameReader, Read, Refused
from protocols.pin_pad.words import (
    Confirm,
    EncipherForBank,
    Entered,
    EnteredForBank,
    EnteredForChip,
    EnterPin,
)
from protocols.trace.naming import phrase


class PadTeller:
    """Both directions of one channel."""

    def __init__(self) -> None:
        self._readers = FrameReader(), FrameReader()

    def to(self, data: bytes, at_ns: int) -> Iterable[str]:
        """Return what the till says."""
        return _told(self._readers[0], data, at_ns, _command)

    def come(self, data: bytes, at_ns: int) -> Iterable[str]:
        """Return what the pad says."""
        return _told(self._readers[1], data, at_ns, _answer)


def _told(
    reader: FrameReader, data: bytes, at_ns: int, word: Callable[[bytes], str]
) -> Iterable[str]:
    noise, found = reader.noise_count, list[Read]()
    reader.receive(data, at_ns, found.append)
    told = [_said(read, word) for read in found]
    return told if found or reader.noise_count == noise else ["noise"]


def _said(read: Read, word: Callable[[bytes], str]) -> str:
    match read:
        case Frame(number, text):
            return f"{number}: {word(text)}"
        case Controlled(control, number):
            return f"{control.name} {number}"
        case Refused():
            return "NAK: say it again"
        case Broken():
            return "a broken frame"


def _command(text: bytes) -> str:
    try:
        _, command = decode_command(text)
    except WordError as error:
        return f"no command: {error}"
    match command:
        case EnterPin():
            whose = "the bank" if isinstance(command.purpose, EncipherForBank) else "a card"
            return (
                f"enter PIN for {command.amount}, {command.digits_min} to {command.digits_max} "
                f"digits within {command.seconds} s, sealed for {whose}"
            )
        case Confirm():
            return f"confirm {command.amount} within {command.seconds} s"
        case _:
            return phrase(command)


def _answer(text: bytes) -> str:
    try:
        _, answer = decode_answer(text)
    except WordError as error:
        return f"no answer: {error}"
    match answer:
        case Entered() | EnteredForChip():
            return "entered, sealed"
        case EnteredForBank(form, ksn):
            return f"entered, a block of format {form.value} under key {ksn.hex().upper()}"
        case _:
            return phrase(answer)
