"""One twin on one wire on one carrier: the pump between them, and the verbs that every device has.

    carrier --received--> lane to the device --> twin.receive
    carrier <--write----- lane from the device <-- twin.outgoing
                one timer, at the earliest of the three deadlines

Whatever the twin's own verbs are, a tester can also pull the cable, mute the device, and delay, corrupt,
lose, double, reorder, split what is on the wire or mix noise into it, for good or for some bytes.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any, Final

from protocols.control import HISTORY_MAX, DeviceState, Event, Verb, VerbHelp
from protocols.ports import NANOSECONDS_PER_SECOND, Clock
from protocols.serial_line import LineSettings
from sim.faults import DELAY_NS_MAX, Faults, Passage
from sim.hosting.carrier import Carrier
from sim.hosting.dialler import Dialler
from sim.hosting.serial_cable import CABLE_VERBS, SerialCable
from sim.twin import Dialled, Dialling, History, Twin, VerbError, refuse_verb
from sim.wire import Wire

TO_DEVICE_BYTES_MAX: Final = 4_096
"""More on the way to the device and the carrier is paused, as a serial port's own buffer would."""
_OVERDUE_NS: Final = 1_000_000
"""A deadline that stays in the past is looked at again only this much later."""
_NS_PER_MS: Final = 1_000_000

WIRE_VERBS: Final = (
    VerbHelp(name="pull_cable", label_ko="케이블 뽑기", label_en="Pull the cable"),
    VerbHelp(name="plug_cable", label_ko="케이블 꽂기", label_en="Plug the cable in"),
    VerbHelp(name="mute", label_ko="응답 없음", label_en="Say and hear nothing"),
    VerbHelp(name="unmute", label_ko="응답 재개", label_en="Speak again"),
    VerbHelp(
        name="delay",
        label_ko="지연",
        label_en="Delay everything",
        arguments={"ms": "milliseconds each way, 0 to 3600000"},
    ),
    VerbHelp(
        name="corrupt",
        label_ko="데이터 손상",
        label_en="Corrupt bytes",
        arguments={"per_mille": "how many bytes of a thousand get a wrong bit, 0 to 1000"},
    ),
    VerbHelp(
        name="lose",
        label_ko="데이터 유실",
        label_en="Lose bytes",
        arguments={"per_mille": "how many bytes of a thousand are lost, 0 to 1000"},
    ),
    VerbHelp(
        name="duplicate",
        label_ko="데이터 중복",
        label_en="Send bytes twice",
        arguments={"per_mille": "how many bytes of a thousand arrive twice, 0 to 1000"},
    ),
    VerbHelp(
        name="reorder",
        label_ko="데이터 순서 바꾸기",
        label_en="Let bytes change places",
        arguments={"per_mille": "how many bytes of a thousand come behind their next, 0 to 1000"},
    ),
    VerbHelp(
        name="noise",
        label_ko="잡음 섞기",
        label_en="Mix noise in",
        arguments={
            "per_mille": "before how many bytes of a thousand a random one stands, 0 to 1000"
        },
    ),
    VerbHelp(
        name="split",
        label_ko="조각내기",
        label_en="Deliver in pieces",
        arguments={"bytes": "how long a piece is at most; 0 leaves them whole"},
    ),
    VerbHelp(
        name="clear_after",
        label_ko="조금 뒤 장애 해제",
        label_en="End the faults after some bytes",
        arguments={"bytes": "sent since now, either way; 0 is never"},
    ),
    VerbHelp(
        name="answers_only",
        label_ko="응답만 손상",
        label_en="Spoil what the device says, not what it hears",
    ),
    VerbHelp(name="clear", label_ko="장애 해제", label_en="End all faults of the wire"),
)
_RATES: Final = {
    "corrupt": "flip_ppm",
    "lose": "drop_ppm",
    "duplicate": "duplicate_ppm",
    "reorder": "reorder_ppm",
    "noise": "garbage_ppm",
}
"""Verbs that set a rate, and which."""
PIECE_BYTES_MAX: Final = 65_536
ENDS_AFTER_BYTES_MAX: Final = 1_000_000_000


class Hosted:
    """A twin that drivers can reach and a tester can work on."""

    def __init__(
        self,
        *,
        name: str,
        twin: Twin,
        carrier: Carrier,
        wire: Wire,
        clock: Clock,
        cable: SerialCable | None = None,
    ) -> None:
        """`cable` is what lies between a port server and the device, where there is one."""
        self.name = name
        self.twin = twin
        self._carrier = carrier
        self._wire = wire
        self._clock = clock
        self._cable = cable
        self._events = History()
        self._timer: asyncio.TimerHandle | None = None
        self._due_ns: int | None = None
        """What the timer stands at."""
        self._plugged = False
        self._paused = False
        self._answers_only = False
        self._dialler: Dialler | None = None
        if isinstance(twin, Dialling) and twin.host_address:
            self._dialler = Dialler(twin, clock=clock, pump=self._pump)

    @property
    def address(self) -> str:
        """What a driver opens."""
        return self._carrier.address

    async def start(self) -> None:
        """Plug the device in and begin to pump. Raises: OSError when its place is taken."""
        await self._carrier.plug(self)
        self._plugged = True
        if self._dialler is not None:
            self._dialler.start()
        self._pump()

    async def stop(self) -> None:
        """Unplug the device for good."""
        self._plugged = False
        if self._dialler is not None:
            await self._dialler.stop()
        self._set_timer(None, 0)
        await self._carrier.pull()

    def verbs(self) -> list[VerbHelp]:
        """Return what can be done to the device: its own verbs, then the wire's.

        A device's own verb takes the place of the wire's of the same name: a printer that is mute
        still hears.
        """
        own = self.twin.verbs()
        names = {each.name for each in own}
        return [*own, *(each for each in self._wire_verbs() if each.name not in names)]

    async def do(self, verb: Verb) -> None:
        """Carry out a verb. Raises: VerbError; OSError when the cable's place was taken meanwhile."""
        offered = self.verbs()
        known = next((each for each in offered if each.name == verb.verb), None)
        if known is None or set(verb.arguments) != set(known.arguments):
            raise refuse_verb(verb, offered)
        if self._cable is not None and known in CABLE_VERBS:
            self._cable.do(verb)
            self._note(verb.verb, " ".join(verb.arguments.values()))
        elif known in WIRE_VERBS:
            await self._work_wire(verb)
        else:
            self.twin.do(verb, self._clock.monotonic_ns())
        self._pump()

    def state(self) -> DeviceState:
        """Return the device as the control interface shows it."""
        faults = self._wire.faults
        wire = {
            "cable": "plugged" if self._plugged else "pulled",
            "passage": faults.passage.value,
            "delay_ms": faults.delay_ns // _NS_PER_MS,
            **{
                f"{verb}_per_mille": getattr(faults, rate) // 1_000 for verb, rate in _RATES.items()
            },
            "answers_only": self._answers_only,
            "split_bytes": faults.piece_bytes,
            "clear_after_bytes": faults.ends_after_bytes,
            "line": str(self._wire.line),
            "line_agrees": not self._wire.to_device.garbled,
            **({} if self._cable is None else self._cable.state()),
        }
        return DeviceState(
            name=self.name,
            device=self.twin.device,
            address=self.address,
            verbs=self.verbs(),
            state={**self.twin.state(), "wire": wire},
        )

    def history(self) -> Sequence[Event]:
        """Return what happened to the device and its wire, oldest first."""
        # At one instant the wire comes first: a driver opens before it is heard.
        both = [*self._events.events(), *self.twin.history]
        return sorted(both, key=attrgetter("at_ns"))[-HISTORY_MAX:]

    def received(self, data: bytes) -> None:
        """Take bytes from the carrier."""
        if self._cut():
            return
        now_ns, lane = self._clock.monotonic_ns(), self._wire.to_device
        if lane.free:
            self._work(data, now_ns)
        else:
            lane.send(data, now_ns)
            self._work(lane.arrived(now_ns), now_ns)

    def line_set(self, settings: LineSettings | None) -> None:
        """Learn how the driver has set its end of the line."""
        self._wire.driver_line(settings)
        if settings is not None:
            self._note("line_set", str(settings))

    def opened(self) -> None:
        """Learn that a driver has come."""
        self._note("opened")
        if isinstance(self.twin, Dialled):
            self.twin.opened(self._clock.monotonic_ns())

    def closed(self) -> None:
        """Learn that the driver has left."""
        self._note("closed")
        if isinstance(self.twin, Dialled):
            self.twin.closed(self._clock.monotonic_ns())

    def _wire_verbs(self) -> tuple[VerbHelp, ...]:
        return WIRE_VERBS if self._cable is None else (*WIRE_VERBS, *CABLE_VERBS)

    def _cut(self) -> bool:
        return self._cable is not None and not self._cable.plugged

    def _pump(self) -> None:
        """Move everything that is due, and be woken when more is."""
        now_ns = self._clock.monotonic_ns()
        self._work(self._wire.to_device.arrived(now_ns), now_ns)

    def _ring(self) -> None:
        self._timer = self._due_ns = None
        self._pump()

    def _work(self, arrived: bytes, now_ns: int) -> None:
        """Let the twin hear what has arrived and say what it has to, and be woken when more is due."""
        twin = self.twin
        if arrived:
            twin.receive(arrived, now_ns)
        due = twin.deadline_ns
        if due is not None and due <= now_ns:
            twin.tick(now_ns)
        if self._dialler is not None:
            self._dialler.send()
        told = self._through(twin.outgoing(), now_ns)
        if told and not self._cut():
            self._carrier.write(told)
        self._throttle()
        due, wire_due = twin.deadline_ns, self._wire.deadline_ns()
        if due is None or (wire_due is not None and wire_due < due):
            due = wire_due
        self._set_timer(due, now_ns)

    def _through(self, said: bytes, now_ns: int) -> bytes:
        """Return what reaches the driver now, of what the twin says and of what was on its way."""
        lane = self._wire.from_device
        if lane.free:
            return said if self._plugged else b""
        if said and self._plugged:
            lost = lane.send(said, now_ns)
            if lost:
                self._note("overrun", f"{lost} bytes to the driver were lost")
        return lane.arrived(now_ns)

    def _throttle(self) -> None:
        """Let a driver feel that the line is slower than it writes."""
        full = self._wire.to_device.pending() > TO_DEVICE_BYTES_MAX
        if full and not self._paused:
            self._carrier.pause()
        elif self._paused and not full:
            self._carrier.resume()
        self._paused = full

    def _set_timer(self, due_ns: int | None, now_ns: int) -> None:
        if due_ns == self._due_ns:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._due_ns = None, due_ns
        if due_ns is not None:
            wait_ns = due_ns - now_ns if due_ns > now_ns else _OVERDUE_NS
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(wait_ns / NANOSECONDS_PER_SECOND, self._ring)

    async def _work_wire(self, verb: Verb) -> None:
        faults = self._wire.faults
        match verb.verb:
            case "pull_cable":
                await self._pull()
            case "plug_cable":
                await self._plug()
            case "mute":
                self._spoil(replace(faults, passage=Passage.MUTE))
            case "unmute":
                self._spoil(replace(faults, passage=Passage.OPEN))
            case "delay":
                delay_ns = _number(verb, "ms", DELAY_NS_MAX // _NS_PER_MS) * _NS_PER_MS
                self._spoil(replace(faults, delay_ns=delay_ns))
            case "split":
                size = _number(verb, "bytes", PIECE_BYTES_MAX)
                self._spoil(replace(faults, piece_bytes=size))
            case "clear_after":
                size = _number(verb, "bytes", ENDS_AFTER_BYTES_MAX)
                self._spoil(replace(faults, ends_after_bytes=size))
            case rated if rated in _RATES:
                rate: dict[str, Any] = {_RATES[rated]: _number(verb, "per_mille", 1_000) * 1_000}
                self._spoil(replace(faults, **rate))
            case "answers_only":
                self._answers_only = True
                self._spoil(faults)
            case "clear":
                self._answers_only = False
                self._spoil(Faults())
        self._note(verb.verb, " ".join(verb.arguments.values()))

    def _spoil(self, faults: Faults) -> None:
        self._wire.spoil(faults, answers_only=self._answers_only)

    async def _pull(self) -> None:
        self._plugged = False
        self._wire.clear()
        await self._carrier.pull()

    async def _plug(self) -> None:
        if not self._plugged:
            await self._carrier.plug(self)
            self._plugged = True

    def _note(self, what: str, detail: str = "") -> None:
        self._events.add(self._clock.monotonic_ns(), what, detail)


def _number(verb: Verb, name: str, most: int) -> int:
    text = verb.arguments[name]
    if not (text.isascii() and text.isdigit() and int(text) <= most):
        raise VerbError(f"{verb.verb}: {name}={text!r}: expected a whole number from 0 to {most}")
    return int(text)
