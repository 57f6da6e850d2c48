"""What printers, displays, scanners and stripe readers are told and say, in words; and TELNET's commands beside it."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from itertools import groupby
from typing import Final, Protocol

from protocols.escpos import answers, commands
from protocols.escpos.charset import Charset
from protocols.escpos.codes import COUNTRY_KOREA, RealtimeQuestion, StatusQuestion
from protocols.escpos.decode import Decoder as PrinterDecoder
from protocols.escpos.status import (
    SILENT,
    PrinterStatus,
    StatusError,
    drawer_from_byte,
    paper_from_byte,
    with_realtime,
)
from protocols.line_display.commands import Text as Cell
from protocols.line_display.decoder import Decoder as DisplayDecoder
from protocols.magnetic_stripe import StripeError
from protocols.rfc2217.words import SERVER_OFFSET, Command, Control, LineState, ModemState, Purge
from protocols.scanner import ACK, NAK, Noise, ScanFramer
from protocols.swipe import Noise as SwipeNoise
from protocols.swipe import Swiped, SwipeEvent, SwipeFramer, read_swipe
from protocols.telnet import Decoder as TelnetDecoder
from protocols.telnet import Option, Subnegotiation, Word
from protocols.trace.bank_words import BankTeller
from protocols.trace.events import Direction
from protocols.trace.naming import hexed, phrase, quoted
from protocols.trace.pad_words import PadTeller
from protocols.trace.reader_words import ReaderTeller
from protocols.trace.terminal_words import TerminalTeller

QUESTIONS_MAX: Final = answers.QUESTIONS_MAX


class _Ends(Protocol):
    """Both directions of one channel in words."""

    def to(self, data: bytes, at_ns: int) -> Iterable[str]: ...

    def come(self, data: bytes, at_ns: int) -> Iterable[str]: ...


class SerialTeller:
    """Both directions of one channel."""

    def __init__(self, protocol: str) -> None:
        """Of a protocol that is not known, bytes are told as bytes."""
        self._ends = _ENDS.get(protocol, _Bare)()

    def tell(self, direction: Direction, data: bytes, at_ns: int) -> Iterable[str]:
        """Return what is whole now."""
        ends = self._ends
        return ends.to(data, at_ns) if direction is Direction.TO else ends.come(data, at_ns)


class _Bare:
    def to(self, data: bytes, at_ns: int) -> Iterable[str]:
        return (hexed(data),)

    def come(self, data: bytes, at_ns: int) -> Iterable[str]:
        return (hexed(data),)


class _Printer(_Bare):
    def __init__(self) -> None:
        # As a Korean model is at power-on.
        self._commands = PrinterDecoder(Charset(hangul=True, country=COUNTRY_KOREA))
        self._answers = answers.AnswerDecoder()
        self._realtime: deque[RealtimeQuestion] = deque(maxlen=QUESTIONS_MAX)
        self._queued: deque[StatusQuestion | None] = deque(maxlen=QUESTIONS_MAX)

    def to(self, data: bytes, at_ns: int) -> Iterator[str]:
        text: list[str] = []
        for command in self._commands.receive(data):
            self._expect(command)
            match command:
                case commands.PrintText(text=piece):
                    text.append(piece)
                    continue
                case commands.LineFeed() if text:
                    yield f"print line {quoted(''.join(text))}"
                    text.clear()
                    continue
            if text:
                yield f"print {quoted(''.join(text))}"
                text.clear()
            yield _told(command)
        if text:
            yield f"print {quoted(''.join(text))}"

    def come(self, data: bytes, at_ns: int) -> Iterator[str]:
        for stray, run in groupby(self._answers.receive(data), _stray):
            if stray:
                yield f"no answer: {hexed(b''.join(map(_raw, run)))}"
            else:
                yield from map(self._answer, run)

    def _expect(self, command: commands.Command) -> None:
        match command:
            case commands.AskRealtime(question=question):
                self._realtime.append(question)
                self._answers.expect_realtime()
            case commands.AskStatus(question=asked):
                self._queued.append(asked)
                self._answers.expect_queued()
            case commands.AskIdentity(question=who) if who < 65:
                self._queued.append(None)
                self._answers.expect_queued()
            case commands.SetStatusBack(groups=groups) if groups:
                self._answers.expect_back()
            case _:
                pass

    def _answer(self, answer: answers.Answer) -> str:
        match answer:
            case answers.RealtimeStatus(byte=byte) if self._realtime:
                question = self._realtime.popleft()
                try:
                    known = _known(with_realtime(SILENT, question, byte))
                except StatusError:
                    return f"no status: {byte:02x}"
                return f"status: {known}"
            case answers.StatusBack(status=status):
                return f"status of itself: {_known(status)}"
            case answers.QueuedStatus(byte=byte) if self._queued:
                match self._queued.popleft():
                    case StatusQuestion.PAPER:
                        return f"status: paper {paper_from_byte(byte).value}"
                    case StatusQuestion.DRAWER:
                        return f"status: drawer {drawer_from_byte(byte).value}"
                return f"identity {byte:02x}"
            case answers.Ready():
                return "XON: ready"
            case answers.Busy():
                return "XOFF: busy"
        return phrase(answer)


class _Display(_Bare):
    def __init__(self) -> None:
        self._decoder = DisplayDecoder()

    def to(self, data: bytes, at_ns: int) -> Iterator[str]:
        for cells, run in groupby(self._decoder.receive(data), lambda heard: type(heard) is Cell):
            if cells:
                text = "".join(each.character for each in run if isinstance(each, Cell))
                yield f"write {quoted(text)}"
            else:
                yield from map(phrase, run)


class _Scanner(_Bare):
    def __init__(self) -> None:
        self._framer = ScanFramer()

    def to(self, data: bytes, at_ns: int) -> Iterator[str]:
        for byte in data:
            piece = bytes((byte,))
            yield {ACK: "ACK: taken", NAK: "NAK: not taken"}.get(piece, hexed(piece))

    def come(self, data: bytes, at_ns: int) -> Iterator[str]:
        for event in self._framer.receive(data, at_ns):
            match event:
                case Noise(size=size, why=why):
                    yield f"noise: {size} bytes, {why}"
                case scanned:
                    yield f"code {quoted(scanned.raw)}"


class _StripeReader(_Bare):
    def __init__(self) -> None:
        self._framer = SwipeFramer()

    def come(self, data: bytes, at_ns: int) -> Iterator[str]:
        # Told with the bytes that end it where a reader sends an ending: silence makes no line.
        events = self._framer.receive(data, at_ns)
        if data[-1:] in b"\x03\n\r":
            events = [*events, *self._framer.tick(self._framer.deadline_ns or at_ns)]
        yield from map(_swipe, events)


def _swipe(event: SwipeEvent) -> str:
    match event:
        case SwipeNoise(size=size, why=why):
            return f"noise: {size} bytes, {why}"
        case Swiped(tracks=tracks):
            told = " ".join(f"{each.track}{'' if each.text else ' unreadable'}" for each in tracks)
            try:
                card = read_swipe(event)
            except StripeError as error:
                return f"swipe, tracks {told or 'none'}: {error}"
            return f"swipe, tracks {told}: card {card.number}"


_ENDS: Final[dict[str, Callable[[], _Ends]]] = {
    "escpos": _Printer,
    "cd5220": _Display,
    "scanner": _Scanner,
    "swipe": _StripeReader,
    "pin_pad": PadTeller,
    "iso8583": BankTeller,
    "zvt": TerminalTeller,
    "hybrid": ReaderTeller,
}


def _told(command: commands.Command) -> str:
    match command:
        case commands.RasterImage(width_bytes=width, height=height):
            return f"raster image {8 * width} x {height} dots"
        case commands.Unknown(raw=raw):
            return f"no command: {hexed(raw)}"
    return phrase(command)


def _stray(answer: answers.Answer) -> bool:
    return isinstance(answer, answers.Stray)


def _raw(answer: answers.Answer) -> bytes:
    return answer.raw if isinstance(answer, answers.Stray) else b""


def _known(status: PrinterStatus) -> str:
    parts = [(field.name, getattr(status, field.name).value) for field in fields(status)]
    # "online online" says it twice.
    told = [
        value if name == "online" else f"{name} {value}"
        for name, value in parts
        if value != "unknown"
    ]
    return ", ".join(told).replace("_", " ")


def tell_words(data: bytes) -> Iterator[str]:
    """Return TELNET commands in words."""
    for item in TelnetDecoder().receive(data):
        match item:
            case Word(word=word, option=option):
                yield f"{word.name} {_option(option)}"
            case Subnegotiation(option=Option.COM_PORT, payload=payload) if payload:
                yield _com_port(payload)
            case Subnegotiation(option=option, payload=payload):
                yield f"{_option(option)}: {hexed(payload)}"
            case other:
                yield phrase(other)


def _option(option: int) -> str:
    known = option in tuple(Option)
    return Option(option).name.replace("_", " ") if known else f"option {option}"


def _com_port(payload: bytes) -> str:
    server = payload[0] >= SERVER_OFFSET
    number, value = payload[0] - (SERVER_OFFSET if server else 0), payload[1:]
    if number not in tuple(Command):
        return f"COM PORT {payload[0]}: {hexed(value)}"
    command = Command(number)
    said = _value(command, value)
    return f"{command.name.replace('_', ' ')}{' is' if server else ''}{' ' + said if said else ''}"


def _value(command: Command, value: bytes) -> str:
    number = int.from_bytes(value)
    match command:
        case Command.SIGNATURE:
            return quoted(value.decode("latin-1")) if value else "?"
        case Command.CONTROL if number in tuple(Control):
            return Control(number).name.replace("_", " ")
        case Command.MODEMSTATE | Command.MODEM_MASK:
            return _flags(ModemState(number & 0xF0)) if value else ""
        case Command.LINESTATE | Command.LINE_MASK:
            return _flags(LineState(number & 0xFF)) if value else ""
        case Command.PURGE if number in tuple(Purge):
            return Purge(number).name.replace("_", " ")
        case Command.PARITY if number < len(_PARITIES):
            return _PARITIES[number]
        case Command.STOPSIZE if number < len(_STOPS):
            return _STOPS[number]
        case Command.SUSPEND | Command.RESUME:
            return ""
    return str(number) if number else "?"


_PARITIES: Final = ("?", "none", "odd", "even", "mark", "space")
_STOPS: Final = ("?", "1", "2", "1.5")


def _flags(flags: ModemState | LineState) -> str:
    return " ".join(str(each.name) for each in type(flags) if each in flags) or "none"
