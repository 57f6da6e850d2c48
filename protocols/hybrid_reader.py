"""The wire of a motorised hybrid reader of 1997: a stripe and a chip behind one serial line. Both ends.

    host                                reader
    DLE STX | text | DLE ETX | BCC  ->
                                    <-  DLE ACK        the command is whole; DLE NAK: say it again
    DLE ENQ                         ->                 now do it
                                    <-  DLE STX | text | DLE ETX | BCC

A DLE in a text is sent twice; BCC is the exclusive-or of the text, DLE once, and ETX. Whoever misses the
answer or gets a broken one says DLE ENQ again, and the reader says the same answer again without doing
anything: nothing is ever done twice by asking. DLE EOT calls a command off that is not being done yet;
the host says it wherever it gives up, and a reader that hears a broken command forgets the one before.

DLE ACK does not say to what. So a command that failed is never followed by another of its kind, whose
answer could be told from the late one of the first by nothing: the next is a reset.

    C cc data      command: two characters, and what belongs to it
    P cc rr data   done: where the card is, or what the chip said
    N cc ee        not done, and why

    host    IDLE -> SENT (waits for ACK) -> ASKED (waits for the answer) -> IDLE
    reader  IDLE -> READY (has a command, waits for ENQ) -> BUSY (does it) -> IDLE (keeps its answer)

Source: OMRON 3S4YR series, interface specification rev. A0 to A4 (1997-1999), RS-232 text protocol.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

STX: Final = 0x02
ETX: Final = 0x03
EOT: Final = 0x04
ENQ: Final = 0x05
ACK: Final = 0x06
DLE: Final = 0x10
NAK: Final = 0x15
RESET: Final = b"C00"
"""Initial reset: the first command, and the one after every failure."""
TEXT_BYTES_MAX: Final = 600
"""Of one text; a T=0 command and its answer take half of it."""
GAP_NS: Final = 5_000_000_000
"""Longest silence inside a text."""
ACK_NS: Final = 5_020_000_000
"""How long the host waits for DLE ACK or NAK."""
ANSWER_NS: Final = 20_000_000_000
"""How long it waits for the answer: the motor may be slow, and 1,200 baud are."""
TRIES_MAX: Final = 3
"""How often a command is said, and how often its answer is asked for."""


class Control(Enum):
    """What is said without a text."""

    EOT = EOT
    ENQ = ENQ
    ACK = ACK
    NAK = NAK


@dataclass(frozen=True, slots=True)
class Text:
    """A whole text with a good check."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """A text that is none; `why` in a few words."""

    why: str


Piece = Text | Broken | Control


class Failure(Enum):
    """Why a command has no answer."""

    UNHEARD = "the reader never took the command"
    """It was not done: it is done at DLE ENQ, and none was said."""
    LOST = "no answer came, and it may have been done"


@dataclass(frozen=True, slots=True)
class Answered:
    """What a command came to."""

    answer: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """A command came to nothing."""

    why: Failure


@dataclass(frozen=True, slots=True)
class Execute:
    """The reader is to do this now, and to say the answer once it has."""

    command: bytes


def bcc(text: bytes) -> int:
    """Return the check of a text: the exclusive-or of it and ETX."""
    check = ETX
    for byte in text:
        check ^= byte
    return check


def frame(text: bytes) -> bytes:
    """Return a text as it is sent."""
    assert 0 < len(text) <= TEXT_BYTES_MAX, "a text is a command or an answer"
    doubled = text.replace(b"\x10", b"\x10\x10")
    return bytes((DLE, STX)) + doubled + bytes((DLE, ETX, bcc(text)))


def say(control: Control) -> bytes:
    """Return a control as it is sent."""
    return bytes((DLE, control.value))


class Decoder:
    """Bytes in pieces of any size to texts and controls; what stands between them is skipped."""

    def __init__(self) -> None:
        self._text = bytearray()
        self._inside = False
        self._after_dle = False
        self._check_due = False
        self.deadline_ns: int | None = None
        """When a text that is begun is given up; None while none is."""

    def receive(self, data: bytes, now_ns: int) -> list[Piece]:
        """Take bytes."""
        pieces = self.tick(now_ns)
        for byte in data:
            pieces += self._take(byte)
        self.deadline_ns = now_ns + GAP_NS if self._inside or self._check_due else None
        return pieces

    def tick(self, now_ns: int) -> list[Piece]:
        """Give up a text that has stopped in the middle."""
        if self.deadline_ns is None or now_ns < self.deadline_ns:
            return []
        self._begin(inside=False)
        self.deadline_ns = None
        return [Broken("it stopped in the middle")]

    def _begin(self, *, inside: bool) -> None:
        self._text.clear()
        self._inside, self._after_dle, self._check_due = inside, False, False

    def _take(self, byte: int) -> list[Piece]:
        if self._check_due:
            text, good = bytes(self._text), byte == bcc(bytes(self._text))
            self._begin(inside=False)
            return [Text(text) if good and text else Broken("its check is wrong")]
        if not self._after_dle:
            return self._plain(byte)
        self._after_dle = False
        if byte == STX:
            # A text that begins inside another: the end of that one is lost, and so is it.
            broken = [Broken("another began in the middle")] if self._inside else []
            self._begin(inside=True)
            return [*broken]
        if self._inside:
            return self._escaped(byte)
        return [Control(byte)] if byte in {each.value for each in Control} else []

    def _plain(self, byte: int) -> list[Piece]:
        if byte == DLE:
            self._after_dle = True
        elif self._inside:
            return self._add(byte)
        return []

    def _escaped(self, byte: int) -> list[Piece]:
        """Take what follows a DLE inside a text: itself, the end, or what cannot be."""
        match byte:
            case 0x10:
                return self._add(byte)
            case 0x03:
                self._inside, self._check_due = False, True
                return []
            case _:
                self._begin(inside=False)
                return [Broken("a DLE in it is followed by what cannot be")]

    def _add(self, byte: int) -> list[Piece]:
        if len(self._text) >= TEXT_BYTES_MAX:
            self._begin(inside=False)
            return [Broken(f"it is longer than {TEXT_BYTES_MAX} bytes")]
        self._text.append(byte)
        return []


class HostEnd:
    """The host's end: one command at a time, and its answer, asked for again but never done again.

    After a failure the only command is RESET, until it was answered.
    """

    def __init__(self) -> None:
        self._decoder = Decoder()
        self._outgoing = bytearray()
        self._command = b""
        self._asked = False
        self._tries = 0
        self._due_ns: int | None = None
        self._in_doubt = False

    @property
    def busy(self) -> bool:
        """Say whether a command is under way."""
        return bool(self._command)

    @property
    def deadline_ns(self) -> int | None:
        """When silence means something."""
        times = (self._due_ns, self._decoder.deadline_ns)
        return min((due for due in times if due is not None), default=None)

    def send(self, command: bytes, now_ns: int) -> None:
        """Say a command; `receive` or `tick` tell what it came to."""
        assert not self.busy, "one command at a time"
        assert command == RESET or not self._in_doubt, "what failed is followed by a reset"
        self._command, self._asked, self._tries = command, False, 0
        self._try(now_ns)

    def call_off(self) -> None:
        """Forget the command under way; the reader forgets it too unless it is at it already."""
        if self.busy:
            self._outgoing += say(Control.EOT)
            self._end()

    def receive(self, data: bytes, now_ns: int) -> list[Answered | Failed]:
        """Take bytes from the reader."""
        told: list[Answered | Failed] = []
        for piece in self._decoder.receive(data, now_ns):
            told += self._heed(piece, now_ns)
        return told + self._late(now_ns)

    def tick(self, now_ns: int) -> list[Answered | Failed]:
        """Say again what was not heard, ask again for what did not come, or give up."""
        told: list[Answered | Failed] = []
        for piece in self._decoder.tick(now_ns):
            told += self._heed(piece, now_ns)
        return told + self._late(now_ns)

    def outgoing(self) -> bytes:
        """Hand over the bytes for the reader."""
        data = bytes(self._outgoing)
        self._outgoing.clear()
        return data

    def _heed(self, piece: Piece, now_ns: int) -> list[Answered | Failed]:
        if not self.busy:
            return []
        match piece:
            case Control.ACK if not self._asked:
                self._asked, self._tries = True, 0
                return self._again(now_ns)
            case Control.NAK if not self._asked:
                return self._again(now_ns)
            case Text(data=data) if self._asked and data[1:3] == self._command[1:3]:
                self._end()
                self._in_doubt = False
                return [Answered(data)]
            case Broken() if self._asked:
                return self._again(now_ns)
            case _:
                # An answer to what was called off, a doubled ACK: not for this command.
                return []

    def _late(self, now_ns: int) -> list[Answered | Failed]:
        if self._due_ns is None or now_ns < self._due_ns:
            return []
        return self._again(now_ns)

    def _again(self, now_ns: int) -> list[Answered | Failed]:
        if self._tries < TRIES_MAX:
            self._try(now_ns)
            return []
        why = Failure.LOST if self._asked else Failure.UNHEARD
        self._outgoing[:] = say(Control.EOT)
        self._end()
        self._in_doubt = True
        return [Failed(why)]

    def _try(self, now_ns: int) -> None:
        self._tries += 1
        self._outgoing += say(Control.ENQ) if self._asked else frame(self._command)
        self._due_ns = now_ns + (ANSWER_NS if self._asked else ACK_NS)

    def _end(self) -> None:
        self._command, self._due_ns = b"", None


class ReaderEnd:
    """The reader's end: does a command once, and says its answer as often as it is asked for."""

    def __init__(self) -> None:
        self._decoder = Decoder()
        self._outgoing = bytearray()
        self._command = b""
        self._doing = False
        self._answer = b""

    @property
    def deadline_ns(self) -> int | None:
        """When half a text is given up."""
        return self._decoder.deadline_ns

    def receive(self, data: bytes, now_ns: int) -> list[Execute]:
        """Take bytes from the host; what is to be done is answered by `answer`."""
        told: list[Execute] = []
        for piece in self._decoder.receive(data, now_ns):
            told += self._heed(piece)
        return told

    def tick(self, now_ns: int) -> None:
        """Say that half a text was not understood."""
        for piece in self._decoder.tick(now_ns):
            self._heed(piece)

    def answer(self, answer: bytes) -> None:
        """Say what a command came to, and keep it."""
        assert self._doing, "only what is done is answered"
        self._doing, self._answer = False, answer
        self._outgoing += frame(answer)

    def outgoing(self) -> bytes:
        """Hand over the bytes for the host."""
        data = bytes(self._outgoing)
        self._outgoing.clear()
        return data

    def _heed(self, piece: Piece) -> list[Execute]:
        match piece:
            case Broken() if not self._doing:
                # Whoever says another command does not mean the one before any more.
                self._command = b""
                self._outgoing += say(Control.NAK)
            case Text(data=data) if not self._doing:
                self._command = data
                self._outgoing += say(Control.ACK)
            case Control.EOT if not self._doing:
                self._command = b""
            case Control.ENQ if self._command and not self._doing:
                command, self._command = self._command, b""
                self._doing, self._answer = True, b""
                return [Execute(command)]
            case Control.ENQ if self._answer and not self._doing:
                self._outgoing += frame(self._answer)
            case _:
                # While it is at something it hears nothing; its answer will come.
                pass
        return []
