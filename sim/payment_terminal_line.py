"""What goes wrong on a virtual payment terminal's line by its own doing: checks, ACKs, lateness, silence."""

from collections import deque
from dataclasses import dataclass

from protocols.trace.terminal_messages import Units
from protocols.zvt.apdu import Apdu
from protocols.zvt.link import NetworkLink, SerialLink
from protocols.zvt.terminal import TerminalEnd, TerminalEvent


@dataclass(slots=True)
class LineFaults:
    """What is wrong now."""

    lost_acks: int = 0
    broken_checks: int = 0
    delay_ns: int = 0


class TerminalLine:
    """A terminal's end, and the mouth that it speaks through."""

    def __init__(self, framing: str) -> None:
        self._framing = framing
        self._serial = framing == "serial"
        self._known = framing != "auto"
        self.faults = LineFaults()
        self._start()

    def _start(self) -> None:
        self.end = TerminalEnd(SerialLink() if self._serial else NetworkLink())
        self._units = Units()
        self._units.serial = self._serial
        self._late: deque[tuple[int, bytes]] = deque()

    @property
    def serial(self) -> bool:
        """Say which line it is, as far as is known."""
        return self._serial

    @property
    def deadline_ns(self) -> int | None:
        """When something is due."""
        times = (self.end.deadline_ns, self._late[0][0] if self._late else None)
        return min((due for due in times if due is not None), default=None)

    def forget(self) -> None:
        """Be as after switching on."""
        self._start()

    def receive(self, data: bytes, now_ns: int) -> list[TerminalEvent]:
        """Take bytes; the first ones tell which line it is."""
        if not self._known and data:
            self._known = True
            if (data[0] in (0x10, 0x15)) is not self._serial:
                self._serial = not self._serial
                self._start()
        return self.end.receive(data, now_ns)

    def tick(self, now_ns: int) -> list[TerminalEvent]:
        """Do what is due on the line."""
        return self.end.tick(now_ns)

    def say(self, apdu: Apdu, now_ns: int) -> None:
        """Say something in its turn."""
        self.end.say(apdu, now_ns)

    def outgoing(self, now_ns: int) -> bytes:
        """Return what leaves now."""
        told = b"".join(self._spoiled(each) for each in self._units.receive(self.end.outgoing()))
        if self.faults.delay_ns and told:
            self._late.append((now_ns + self.faults.delay_ns, told))
            told = b""
        while self._late and self._late[0][0] <= now_ns:
            told += self._late.popleft()[1]
        return told

    def _spoiled(self, unit: bytes) -> bytes:
        faults = self.faults
        if self._serial and unit == b"\x06" and faults.lost_acks:
            faults.lost_acks -= 1
            return b""
        if self._serial and len(unit) > 1 and faults.broken_checks:
            faults.broken_checks -= 1
            return unit[:-1] + bytes((unit[-1] ^ 0x01,))
        return unit
