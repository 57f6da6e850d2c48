"""The moving parts of a virtual printer: power, cover, paper sensors, cutter, drawer.

Each part is what a hand or the engine last made it; the printer's status is read off them.
"""

from enum import Enum
from typing import Any

from protocols.control import Verb
from protocols.escpos.status import (
    Cover,
    Cutter,
    DrawerSense,
    Fault,
    Online,
    Paper,
    PrinterStatus,
)
from sim.paper_roll import NEAR_END_DOTS, PaperRoll
from sim.printer_verbs import number_of


class DrawerContact(Enum):
    """How the drawer's contact is wired to the printer."""

    HIGH_WHEN_OPEN = "high_when_open"
    """As most are."""
    LOW_WHEN_OPEN = "low_when_open"
    """Some makes have it the other way round."""
    UNWIRED = "unwired"
    """Nothing pulls the line: it is high for good."""


class Mechanics:
    """What can be touched."""

    def __init__(
        self, roll: PaperRoll, contact: DrawerContact = DrawerContact.HIGH_WHEN_OPEN
    ) -> None:
        self._roll = roll
        self._contact = contact
        self.powered = True
        self.cover = Cover.CLOSED
        self.cutter = Cutter.OK
        self.fault = Fault.NONE
        self._cutter_blocked = False
        self.drawer_open = False
        self.pulses = 0
        """Pulses the drawer has had, of all times."""
        self._pulses_needed = 1
        self._pulses_felt = 0
        self._drawer_jammed = False
        self._status = PrinterStatus()

    @property
    def paper(self) -> Paper:
        """What the two paper sensors say."""
        if self._roll.out:
            return Paper.OUT
        return Paper.NEAR_END if self._roll.near_end else Paper.OK

    @property
    def can_print(self) -> bool:
        """Say whether nothing holds the engine."""
        return (
            self.powered
            and self.cover is Cover.CLOSED
            and self.paper is not Paper.OUT
            and self.cutter is Cutter.OK
            and self.fault is Fault.NONE
        )

    def status(self) -> PrinterStatus:
        """Return the printer's whole status."""
        online = Online.ONLINE if self.can_print else Online.OFFLINE
        paper, drawer, last = self.paper, self._sense(), self._status
        if (
            last.online is not online
            or last.paper is not paper
            or last.cover is not self.cover
            or last.cutter is not self.cutter
            or last.fault is not self.fault
            or last.drawer is not drawer
        ):
            self._status = PrinterStatus(
                online=online,
                paper=paper,
                cover=self.cover,
                cutter=self.cutter,
                fault=self.fault,
                drawer=drawer,
            )
        return self._status

    def _sense(self) -> DrawerSense:
        match self._contact:
            case DrawerContact.HIGH_WHEN_OPEN:
                return DrawerSense.HIGH if self.drawer_open else DrawerSense.LOW
            case DrawerContact.LOW_WHEN_OPEN:
                return DrawerSense.LOW if self.drawer_open else DrawerSense.HIGH
            case DrawerContact.UNWIRED:
                return DrawerSense.HIGH

    def cut(self) -> bool:
        """Let the cutter move; False when it jams."""
        if self._cutter_blocked:
            self.cutter = Cutter.JAMMED
        return self.cutter is Cutter.OK

    def pulse(self) -> bool:
        """Let the drawer feel a pulse; True when it springs open by it."""
        self.pulses += 1
        self._pulses_felt += 1
        if self.drawer_open or self._drawer_jammed or self._pulses_felt < self._pulses_needed:
            return False
        self.drawer_open = True
        self._pulses_felt = 0
        return True

    def recover(self) -> None:
        """Do what DLE ENQ can: a recoverable fault goes; a jam needs a hand."""
        if self.fault is Fault.RECOVERABLE:
            self.fault = Fault.NONE
        if not self._cutter_blocked:
            self.cutter = Cutter.OK

    def do(self, verb: Verb) -> None:
        """Do what a hand does."""
        match verb.verb:
            case "paper_out":
                if not self._roll.out:
                    self._roll.run_out()
            case "load_paper":
                self._roll.load()
            case "near_end":
                self._roll.load(NEAR_END_DOTS - 1)
            case "short_paper":
                self._roll.load(number_of(verb, "dots", 1, NEAR_END_DOTS - 1))
            case "open_cover":
                self.cover = Cover.OPEN
            case "close_cover":
                self.cover = Cover.CLOSED
            case "jam_cutter":
                self._cutter_blocked = True
            case "clear_cutter":
                self._cutter_blocked = False
                self.cutter = Cutter.OK
            case "overheat":
                self.fault = Fault.RECOVERABLE
            case "cool_down":
                self.fault = Fault.NONE
            case "break_down":
                self.fault = Fault.UNRECOVERABLE
            case "open_drawer":
                self.drawer_open = True
            case "close_drawer":
                self.drawer_open = False
                self._pulses_felt = 0
            case "jam_drawer":
                self._drawer_jammed = True
            case "stiffen_drawer":
                self._pulses_needed = number_of(verb, "pulses", 1, 9)
            case _:
                assert verb.verb == "free_drawer"
                self._drawer_jammed = False
                self._pulses_needed = 1

    def state(self) -> dict[str, Any]:
        """Return what can be seen."""
        return {
            "power": "on" if self.powered else "off",
            "online": self.can_print,
            "paper": self.paper.value,
            "paper_left_mm": max(0, self._roll.left) // 8,
            "cover": self.cover.value,
            "cutter": self.cutter.value,
            "fault": self.fault.value,
            "drawer": "open" if self.drawer_open else "closed",
            "pulses": self.pulses,
        }
