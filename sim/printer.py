"""A virtual ESC/POS receipt printer: paper, cover, cutter, a drawer, and every way they fail.

    bytes -> real-time commands obeyed as they arrive, answered even when offline
          -> receive buffer -> engine, at the speed of the paper -> strips -> roll (text and PNG)

The engine stands while the printer is offline: cover open, no paper, cutter jammed; what is in the
buffer waits, what is on paper stays on paper. Status goes out by DLE EOT, ASB and GS r; that a receipt
is on paper by GS ( H, when the engine comes to it. The answers can be silenced, delayed or garbled.

Source: protocols/escpos.
"""

from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from protocols.control import Event, Verb
from protocols.escpos.answers import (
    Answer,
    Busy,
    Identity,
    Printed,
    QueuedStatus,
    Ready,
    RealtimeStatus,
    StatusBack,
    encode_answer,
)
from protocols.escpos.charset import Charset
from protocols.escpos.codes import COUNTRY_KOREA, IdentityQuestion, StatusGroup, StatusQuestion
from protocols.escpos.commands import (
    AskIdentity,
    AskPrinted,
    AskRealtime,
    AskStatus,
    ClearBuffers,
    Command,
    Cut,
    Initialise,
    KickDrawer,
    KickNow,
    RealtimeCommand,
    Recover,
    SetStatusBack,
)
from protocols.escpos.decode import Decoder
from protocols.escpos.realtime import RealtimeScanner
from protocols.escpos.status import (
    PrinterStatus,
    drawer_byte,
    paper_byte,
    realtime_byte,
)
from protocols.ports import NANOSECONDS_PER_SECOND, Typeface
from sim.paper_roll import PaperRoll, Strip
from sim.print_head import PrintHead
from sim.printer_mechanics import DrawerContact, Mechanics
from sim.printer_verbs import VERBS, check_verb, number_of
from sim.printer_voice import Voice
from sim.twin import History

WIDTH_DOTS: Final = 576
"""The printable width of 80 mm paper."""
DOTS_PER_SECOND: Final = 1_200
"""150 mm a second."""
BUFFER_BYTES: Final = 65_536
FEED_TO_CUTTER_DOTS: Final = 120
CUT_NS: Final = 300_000_000
_PIECE: Final = 64
"""Bytes the engine takes out of the buffer at once."""
_NAMES: Final = {
    IdentityQuestion.FIRMWARE: "1.00",
    IdentityQuestion.MAKER: "INTERMARKET",
    IdentityQuestion.MODEL: "IM-T80K",
    IdentityQuestion.SERIAL_NUMBER: "IM0000001",
    IdentityQuestion.LANGUAGE: "KOREA CP949",
}
_REALTIME: Final = (AskRealtime, Recover, KickNow, ClearBuffers)


class PrinterTwin:
    """One printer with a drawer on it."""

    device = "printer"

    def __init__(
        self,
        typeface: Typeface,
        *,
        buffer_bytes: int = BUFFER_BYTES,
        xon_xoff: bool = False,
        print_done: bool = True,
        status_back: bool = True,
        realtime_kick: bool = True,
        paper_dots: int | None = None,
        drawer_contact: DrawerContact = DrawerContact.HIGH_WHEN_OPEN,
    ) -> None:
        self._buffer_bytes = buffer_bytes
        self._xon_xoff = xon_xoff
        self._print_done = print_done
        self._status_back = status_back
        self._realtime_kick = realtime_kick
        self._typeface = typeface
        self._free_ns = 0
        self.roll = (
            PaperRoll(WIDTH_DOTS) if paper_dots is None else PaperRoll(WIDTH_DOTS, paper_dots)
        )
        self.mechanics = Mechanics(self.roll, drawer_contact)
        self._voice = Voice()
        self._history = History()
        self._speed_percent = 100
        self._switch_on()

    @property
    def history(self) -> Sequence[Event]:
        """What happened, oldest first."""
        return self._history.events()

    @property
    def deadline_ns(self) -> int | None:
        """When the engine or an answer goes on."""
        waits = [self._voice.deadline_ns] if self._voice.deadline_ns is not None else []
        if self._working:
            waits.append(self._free_ns)
        return min(waits, default=None)

    @property
    def status(self) -> PrinterStatus:
        """What the printer knows of itself."""
        return self.mechanics.status()

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take bytes from the wire."""
        if not self.mechanics.powered:
            return
        self._wake(now_ns)
        for piece, command in self._scanner.split(data):
            self._buffer_up(piece, now_ns)
            if command is not None:
                self._obey_realtime(command, now_ns)
        self.tick(now_ns)

    def outgoing(self) -> bytes:
        """Hand over the answers that are due."""
        return self._voice.take()

    def tick(self, now_ns: int) -> None:
        """Let the engine and the voice do what is due."""
        # Work that was due earlier is done at its own time: a late tick prints no slower.
        while self._working and self._free_ns <= now_ns:
            self._work(self._free_ns)
        self._flow(now_ns)
        self._tell_changes(now_ns)
        self._voice.tick(now_ns)

    def paper_text(self) -> str:
        """Return what came out as text."""
        return self.roll.text()

    def paper_png(self) -> bytes:
        """Return what came out as a picture."""
        return self.roll.png()

    def verbs(self) -> list[Any]:
        """Return what a tester can do."""
        return list(VERBS)

    def do(self, verb: Verb, now_ns: int) -> None:
        """Carry out a verb. Raises: VerbError."""
        check_verb(verb)
        self._wake(now_ns)
        self._history.add(now_ns, verb.verb, ", ".join(verb.arguments.values()))
        match verb.verb:
            case "switch_off" | "switch_on":
                powered = verb.verb == "switch_on"
                if powered is not self.mechanics.powered:
                    self.mechanics.powered = powered
                    self._switch_on()
            case "silence_answers":
                self._voice.muted = True
            case "garble_answers":
                self._voice.garbled = True
            case "delay_answers":
                self._voice.delay_ns = number_of(verb, "ms", 0, 60_000) * 1_000_000
            case "restore_answers":
                self._voice.muted = self._voice.garbled = False
                self._voice.delay_ns = 0
            case "speed":
                self._speed_percent = number_of(verb, "percent", 1, 1_000)
            case "babble":
                self._voice.babble(number_of(verb, "bytes", 1, 4_096))
            case "busy" | "ready":
                self._say(Busy() if verb.verb == "busy" else Ready(), now_ns)
            case _:
                self.mechanics.do(verb)
        self.tick(now_ns)

    def state(self) -> dict[str, Any]:
        """Return what can be seen on the printer."""
        return self.mechanics.state() | {
            "buffered_bytes": len(self._buffer),
            "papers": self.roll.cuts,
            "lines": self.roll.lines,
            "muted": self._voice.muted,
            "garbled": self._voice.garbled,
            "delay_ms": self._voice.delay_ns // 1_000_000,
            "overrun_bytes": self._overrun,
        }

    def _switch_on(self) -> None:
        """Be as after power-on: buffers empty, automatic status off. Paper stays as it is."""
        self._scanner = RealtimeScanner()
        self._decoder = Decoder(Charset(hangul=True, country=COUNTRY_KOREA))
        self._head = PrintHead(self._typeface, WIDTH_DOTS)
        self._buffer = bytearray()
        self._pending: deque[Command | Strip] = deque()
        self._groups = StatusGroup.NONE
        self._told = self.mechanics.status()
        self._free_ns = 0
        self._overrun = 0
        self._held_off = False
        self._voice.forget()

    @property
    def _working(self) -> bool:
        """Whether the engine has something to do and can."""
        return bool(self._pending or self._buffer) and self.mechanics.can_print

    def _wake(self, now_ns: int) -> None:
        """Called before anything that may give an idle engine work: it begins now, not earlier."""
        if not self._working:
            self._free_ns = max(self._free_ns, now_ns)

    def _buffer_up(self, piece: bytes, now_ns: int) -> None:
        room = self._buffer_bytes - len(self._buffer)
        self._buffer += piece[:room]
        if len(piece) > room:
            self._overrun += len(piece) - room
            self._history.add(now_ns, "overrun", f"{len(piece) - room} bytes lost")

    def _work(self, now_ns: int) -> None:
        """Do one thing: a command, a strip of paper, or a look into the buffer."""
        if not self._pending:
            piece = bytes(self._buffer[:_PIECE])
            del self._buffer[:_PIECE]
            # Real-time commands were obeyed when they arrived.
            commands = self._decoder.receive(piece)
            self._pending.extend(c for c in commands if not isinstance(c, _REALTIME))
            self._free_ns = now_ns
            return
        head = self._pending.popleft()
        self._free_ns = now_ns
        if isinstance(head, Strip):
            self._free_ns += self._feed(head)
            return
        self._obey(head, now_ns)

    def _feed(self, strip: Strip) -> int:
        """Bring a strip to paper; return how long that takes."""
        self.roll.advance(strip)
        if self.roll.out:
            self.roll.run_out()
        dots = strip.height
        rate = DOTS_PER_SECOND * self._speed_percent // 100
        return dots * NANOSECONDS_PER_SECOND // max(1, rate)

    def _obey(self, command: Command, now_ns: int) -> None:
        match command:
            case Cut(feed_dots=None):
                self._cut(command, now_ns)
            case Cut(kind=kind, feed_dots=int(dots)):
                feed = Strip(FEED_TO_CUTTER_DOTS + dots)
                self._pending.extendleft((Cut(kind=kind), feed))
            case KickDrawer():
                self._kick(now_ns)
            case SetStatusBack(groups=groups):
                self._switch_back(groups, now_ns)
            case AskStatus(question=question):
                of_paper = question is StatusQuestion.PAPER
                byte = paper_byte(self.status) if of_paper else drawer_byte(self.status)
                self._say(QueuedStatus(byte), now_ns)
            case AskIdentity(question=identity):
                name = _NAMES.get(identity)
                self._say(QueuedStatus(0x20) if name is None else Identity(name), now_ns)
            case AskPrinted(token=token):
                if self._print_done:
                    self._say(Printed(token), now_ns)
            case Initialise():
                self._head.obey(command)
            case _:
                self._pending.extendleft(reversed(self._head.obey(command)))

    def _cut(self, command: Cut, now_ns: int) -> None:
        if not self.mechanics.cut():
            # It goes on with this very cut when the cutter is free again.
            self._pending.appendleft(command)
            self._history.add(now_ns, "cutter_jammed")
            return
        self.roll.cut()
        self._free_ns = now_ns + CUT_NS
        self._history.add(now_ns, "cut", f"paper {self.roll.cuts}")

    def _kick(self, now_ns: int) -> None:
        opened = self.mechanics.pulse()
        self._history.add(now_ns, "drawer_opened" if opened else "drawer_pulse")

    def _switch_back(self, groups: StatusGroup, now_ns: int) -> None:
        if not self._status_back:
            return
        self._groups = groups
        self._told = self.status
        if groups:
            self._say(StatusBack(self.status), now_ns)

    def _obey_realtime(self, command: RealtimeCommand, now_ns: int) -> None:
        match command:
            case AskRealtime(question=question):
                self._say(RealtimeStatus(realtime_byte(self.status, question)), now_ns)
            case KickNow():
                if self._realtime_kick:
                    self._kick(now_ns)
            case ClearBuffers():
                self._clear()
                self._history.add(now_ns, "cleared")
            case Recover(recovery=recovery):
                if recovery.name == "CLEAR":
                    self._clear()
                self.mechanics.recover()

    def _clear(self) -> None:
        self._buffer.clear()
        self._pending.clear()
        self._decoder.clear()
        self._head.clear()

    def _flow(self, now_ns: int) -> None:
        """Hold the sender off when the buffer is three quarters full, until it is a quarter full."""
        if not self._xon_xoff:
            return
        level = len(self._buffer)
        if not self._held_off and level > self._buffer_bytes * 3 // 4:
            self._held_off = True
            self._say(Busy(), now_ns)
        elif self._held_off and level < self._buffer_bytes // 4:
            self._held_off = False
            self._say(Ready(), now_ns)

    def _tell_changes(self, now_ns: int) -> None:
        status = self.status
        if status == self._told:
            return
        before, self._told = self._told, status
        self._history.add(now_ns, "status", _difference(before, status))
        if self._groups & _changed(before, status):
            self._say(StatusBack(status), now_ns)

    def _say(self, answer: Answer, now_ns: int) -> None:
        if self.mechanics.powered:
            self._voice.say(encode_answer(answer), now_ns)


def _changed(before: PrinterStatus, after: PrinterStatus) -> StatusGroup:
    groups = StatusGroup.NONE
    if before.drawer != after.drawer:
        groups |= StatusGroup.DRAWER
    if (before.online, before.cover) != (after.online, after.cover):
        groups |= StatusGroup.ONLINE
    if (before.cutter, before.fault) != (after.cutter, after.fault):
        groups |= StatusGroup.ERROR
    if before.paper != after.paper:
        groups |= StatusGroup.PAPER
    return groups


def _difference(before: PrinterStatus, after: PrinterStatus) -> str:
    names = ("online", "paper", "cover", "cutter", "fault", "drawer")
    changes = [
        f"{name} {getattr(after, name).value}"
        for name in names
        if getattr(before, name) != getattr(after, name)
    ]
    return ", ".join(changes)
