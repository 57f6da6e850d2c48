"""The wire between a reader's driver and a virtual card, as vpcd speaks it; both ends.

    frame            length u16 | payload                    big-endian, both directions
    reader -> card   00                power off             no answer
                     01                power on              no answer
                     02                warm reset            no answer
                     04                which ATR?            -> ATR
                     4 or more bytes   command APDU          -> response APDU
                     08, next frame    secure PIN entry      -> status word (ours: stock vpcd never asks)

The connection is the card's presence: the card dials the reader, and hanging up is pulling it out.
An empty answer is a mute card. A stream of lengths has no way to find itself again after a wrong
byte, so a frame that stays half for FRAME_GAP_NS ends the connection: `Broken`, said once, after
which nothing more is read.

States of the card's end: IDLE -> (08) PIN -> IDLE. Source: vsmartcard, virtualsmartcard/doc (vpcd);
PC/SC part 10 for the structure that follows 08.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeAlias

PAYLOAD_BYTES_MAX: Final = 0xFFFF
FRAME_GAP_NS: Final = 2_000_000_000
"""Longest silence inside a frame; both ends stand on one machine."""
COMMAND_BYTES_MIN: Final = 4
_HEAD_BYTES: Final = 2


class Control(IntEnum):
    """The payloads of one byte that a reader sends."""

    OFF = 0
    ON = 1
    RESET = 2
    ATR = 4
    PIN = 8
    """The next frame is a PIN_VERIFY structure; the reader has a keypad."""


@dataclass(frozen=True, slots=True)
class PoweredOff:
    """The reader took the power away."""


@dataclass(frozen=True, slots=True)
class PoweredOn:
    """The reader gave power: the card starts from nothing."""


@dataclass(frozen=True, slots=True)
class WarmReset:
    """The reader reset the card without taking the power."""


@dataclass(frozen=True, slots=True)
class AtrWanted:
    """The reader waits for the ATR."""


@dataclass(frozen=True, slots=True)
class CommandArrived:
    """The reader waits for the answer to a command APDU."""

    apdu: bytes


@dataclass(frozen=True, slots=True)
class PinWanted:
    """The reader's keypad shall take a PIN and give it to the card; waits for a status word."""

    structure: bytes


@dataclass(frozen=True, slots=True)
class Unknown:
    """A payload that means nothing: skipped, as its length was whole."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What the card said: an ATR or a response APDU; empty when it is mute."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """A frame stopped in the middle: hang up."""

    reason: str


CardEvent: TypeAlias = (
    PoweredOff | PoweredOn | WarmReset | AtrWanted | CommandArrived | PinWanted | Unknown | Broken
)
ReaderEvent: TypeAlias = Answer | Broken

_CONTROLS: Final[dict[int, CardEvent]] = {
    Control.OFF: PoweredOff(),
    Control.ON: PoweredOn(),
    Control.RESET: WarmReset(),
    Control.ATR: AtrWanted(),
}


def frame(payload: bytes) -> bytes:
    """Return one frame."""
    assert len(payload) <= PAYLOAD_BYTES_MAX, "a frame's length has two bytes"
    return len(payload).to_bytes(_HEAD_BYTES) + payload


class Framer:
    """Bytes in pieces of any size to whole payloads; a frame that stops in the middle is an end."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._broken = False
        self.deadline_ns: int | None = None
        """When the frame that is half here must have grown; None between frames."""

    def receive(self, data: bytes, now_ns: int) -> list[bytes]:
        """Return the payloads that are whole now."""
        if self._broken:
            return []
        self._bytes += data
        payloads = []
        while (payload := self._take()) is not None:
            payloads.append(payload)
        self.deadline_ns = now_ns + FRAME_GAP_NS if self._bytes else None
        return payloads

    def tick(self, now_ns: int) -> Broken | None:
        """Return the end, once, when a half frame has waited too long."""
        if self.deadline_ns is None or now_ns < self.deadline_ns:
            return None
        reason = f"a frame stopped after {len(self._bytes)} bytes"
        self._broken = True
        self._bytes.clear()
        self.deadline_ns = None
        return Broken(reason)

    def _take(self) -> bytes | None:
        if len(self._bytes) < _HEAD_BYTES:
            return None
        end = _HEAD_BYTES + int.from_bytes(self._bytes[:_HEAD_BYTES])
        if len(self._bytes) < end:
            return None
        payload = bytes(self._bytes[_HEAD_BYTES:end])
        del self._bytes[:end]
        return payload


class CardEnd:
    """The card's end of a connection."""

    def __init__(self) -> None:
        self._framer = Framer()
        self._outgoing = bytearray()
        self._pin_follows = False

    @property
    def deadline_ns(self) -> int | None:
        """When `tick` has something to say."""
        return self._framer.deadline_ns

    def receive(self, data: bytes, now_ns: int) -> list[CardEvent]:
        """Take bytes from the reader."""
        payloads = self._framer.receive(data, now_ns)
        return [event for payload in payloads if (event := self._event(payload)) is not None]

    def tick(self, now_ns: int) -> list[CardEvent]:
        """Give up on a half frame."""
        broken = self._framer.tick(now_ns)
        return [] if broken is None else [broken]

    def answer(self, payload: bytes) -> None:
        """Say an ATR, a response APDU, or nothing (mute)."""
        self._outgoing += frame(payload)

    def outgoing(self) -> bytes:
        """Hand over the bytes for the reader."""
        data = bytes(self._outgoing)
        self._outgoing.clear()
        return data

    def _event(self, payload: bytes) -> CardEvent | None:
        if self._pin_follows:
            self._pin_follows = False
            return PinWanted(payload)
        if payload == bytes((Control.PIN,)):
            self._pin_follows = True
            return None
        if len(payload) == 1 and payload[0] in _CONTROLS:
            return _CONTROLS[payload[0]]
        if len(payload) < COMMAND_BYTES_MIN:
            return Unknown(payload)
        return CommandArrived(payload)


class ReaderEnd:
    """The reader's end of a connection: one question at a time, answers in order."""

    def __init__(self) -> None:
        self._framer = Framer()
        self._outgoing = bytearray()

    @property
    def deadline_ns(self) -> int | None:
        """When `tick` has something to say; how long an answer may take is the caller's business."""
        return self._framer.deadline_ns

    def control(self, control: Control) -> None:
        """Say one of the controls; only ATR is answered."""
        assert control is not Control.PIN, "a PIN has its structure: enter_pin"
        self._outgoing += frame(bytes((control,)))

    def command(self, apdu: bytes) -> None:
        """Send a command APDU."""
        assert len(apdu) >= COMMAND_BYTES_MIN, "shorter is a control"
        self._outgoing += frame(apdu)

    def enter_pin(self, structure: bytes) -> None:
        """Have the keypad take a PIN."""
        self._outgoing += frame(bytes((Control.PIN,))) + frame(structure)

    def outgoing(self) -> bytes:
        """Hand over the bytes for the card."""
        data = bytes(self._outgoing)
        self._outgoing.clear()
        return data

    def receive(self, data: bytes, now_ns: int) -> list[ReaderEvent]:
        """Take bytes from the card."""
        return [Answer(payload) for payload in self._framer.receive(data, now_ns)]

    def tick(self, now_ns: int) -> list[ReaderEvent]:
        """Give up on a half frame."""
        broken = self._framer.tick(now_ns)
        return [] if broken is None else [broken]
