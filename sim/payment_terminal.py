"""A virtual stand-alone payment terminal: a slot, an antenna, a head for stripes, keys and two lines of display.

    register  == protocols.zvt, serial or network ==  line, desk, work, voice  --  cards, PIN, its own memory
                                                                               --  a bank, or its own judgement

`framing` auto takes whichever line the register's first byte is of.
Source: protocols/zvt.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from protocols.control import Event, Verb, VerbHelp
from protocols.ports import Clock
from protocols.zvt.terminal import Asked, TerminalEvent, Unheard
from sim.payment_terminal_bank import BankLine
from sim.payment_terminal_cards import Cards, Read
from sim.payment_terminal_desk import Desk
from sim.payment_terminal_journal import Journal
from sim.payment_terminal_line import LineFaults, TerminalLine
from sim.payment_terminal_verbs import COUNT_MAX, DELAY_MS_MAX, VERBS, number
from sim.payment_terminal_voice import Paper, Voice
from sim.payment_terminal_work import Work
from sim.twin import History, refuse_verb

TERMINAL_ID: Final = 28_004_869
_NS_PER_MS: Final = 1_000_000
_READS: Final[Mapping[str, Read]] = {"insert": "chip", "tap": "contactless", "swipe": "stripe"}


class PaymentTerminalTwin:
    """A payment terminal; satisfies sim.twin.Twin, sim.twin.Dialled and sim.twin.Dialling."""

    device = "payment_terminal"

    def __init__(
        self,
        *,
        clock: Clock,
        place: Path | None = None,
        framing: str = "auto",
        people: str = "",
        paper: Paper = "lines",
        text: str = "",
        container: bool = False,
        refuses_abort: bool = False,
        bank_ms: int = 300,
        terminal_id: int = TERMINAL_ID,
        bank: str = "",
        merchant: str = "S01",
    ) -> None:
        """`place` is its memory; None: it has none that outlives it. `text`: a character set that it keeps
        whatever the register wants. `bank`: whom it dials, HOST:PORT; else it decides by itself. Raises: PeopleError, sqlite3.Error, ValueError for a character set.
        """
        self.journal = Journal(place)
        self.host_address = bank
        """Whom it dials (sim.twin.Dialling)."""
        self._cards = Cards(people)
        self._line = TerminalLine(framing)
        self.voice = Voice(
            self._line,
            self.journal,
            clock=clock,
            terminal_id=terminal_id,
            paper=paper,
            text=text,
            container=container,
        )
        self._bank = (
            BankLine(
                self.journal, clock=clock, merchant=merchant, terminal=f"{terminal_id:08d}"[-8:]
            )
            if bank
            else None
        )
        self._history = History()
        self._work = Work(
            line=self._line,
            voice=self.voice,
            cards=self._cards,
            journal=self.journal,
            bank=self._bank,
            bank_ns=bank_ms * _NS_PER_MS,
            history=self._history,
        )
        self._desk = Desk(
            self._work,
            line=self._line,
            voice=self.voice,
            journal=self.journal,
            refuses_abort=refuses_abort,
            history=self._history,
        )
        self._host_open = False
        self._power = True
        self._now_ns = 0

    def _forget(self) -> None:
        """Be as after switching on."""
        self._line.forget()
        self._work.forget()

    # Twin

    @property
    def history(self) -> Sequence[Event]:
        """What happened, oldest first."""
        return self._history.events()

    @property
    def deadline_ns(self) -> int | None:
        """When something is due."""
        if not self._power:
            return None
        host = None if self._bank is None else self._bank.deadline_ns
        times = (self._line.deadline_ns, self._work.deadline_ns, host)
        return min((due for due in times if due is not None), default=None)

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take bytes from the register."""
        if self._power:
            self._now_ns = now_ns
            self._heed(self._line.receive(data, now_ns), now_ns)

    def outgoing(self) -> bytes:
        """Hand over the bytes for the register."""
        return self._line.outgoing(self._now_ns) if self._power else b""

    def tick(self, now_ns: int) -> None:
        """Do what is due."""
        if not self._power:
            return
        self._now_ns = now_ns
        self._heed(self._line.tick(now_ns), now_ns)
        if self._bank is not None:
            self._work.heard(self._bank.tick(now_ns), now_ns)
        self._work.tick(now_ns)

    def opened(self, now_ns: int) -> None:
        """Learn that a register has come; a serial line would not tell."""
        self._begin_anew()

    def closed(self, now_ns: int) -> None:
        """Learn that it has left: what is under way goes on, and nobody hears of it."""
        self._begin_anew()

    def _begin_anew(self) -> None:
        if not self._line.serial:
            self._line.forget()
            self._work.leave()

    def host_opened(self, now_ns: int) -> None:
        """Learn that the bank has answered its dialling."""
        self._host_open = True
        if self._bank is not None and self._power:
            self._bank.opened(now_ns)

    def host_closed(self, now_ns: int) -> None:
        """Learn that the line to the bank is gone."""
        self._host_open = False
        if self._bank is not None:
            self._work.heard(self._bank.closed(now_ns), now_ns)

    def host_receive(self, data: bytes, now_ns: int) -> None:
        """Take bytes from the bank."""
        self._now_ns = now_ns
        if self._bank is not None and self._power:
            self._work.heard(self._bank.receive(data, now_ns), now_ns)

    def host_outgoing(self) -> bytes:
        """Hand over the bytes for the bank."""
        return b"" if self._bank is None or not self._power else self._bank.outgoing()

    def verbs(self) -> list[VerbHelp]:
        """Return what a tester can do."""
        return list(VERBS)

    def do(self, verb: Verb, now_ns: int) -> None:
        """Hold a card to it, press keys, let something go wrong. Raises: VerbError."""
        known = next((each for each in VERBS if each.name == verb.verb), None)
        if known is None or set(known.arguments) != set(verb.arguments):
            raise refuse_verb(verb, VERBS)
        self._now_ns = now_ns
        match verb.verb:
            case "insert" | "tap" | "swipe":
                pan = self._cards.named(verb)
                self._work.present(_READS[verb.verb], pan, verb.verb, now_ns)
            case "enter_pin":
                self._work.enter_pin(verb.arguments["pin"], now_ns)
            case "cancel":
                self._work.cancel(now_ns)
            case _:
                self._break(verb, now_ns)

    def state(self) -> dict[str, Any]:
        """Return display and totals; of a card what its receipt shows, of a PIN nothing."""
        last = self.journal.last()
        totals, net = self.journal.totals()
        upper, lower = self.voice.shown
        return {
            "upper": upper,
            "lower": lower,
            "phase": self._work.phase.value,
            "power": "on" if self._power else "off",
            "busy": self._work.busy,
            "registered": bool(self.journal.counter("registered")),
            "last": "" if last is None else f"{last.kind} {last.receipt:04d} {last.amount}",
            "payments": sum(count for count, _ in totals.groups.values()),
            "total": net,
            "batch": self.journal.counter("batch", 1),
            "compared": self._work.shown_comparison(),
            "roll": list(self.voice.roll),
            "cards": self._cards.shown(),
        }

    def _heed(self, events: list[TerminalEvent], now_ns: int) -> None:
        for event in events:
            self._work.rest_if_told()
            match event:
                case Asked(apdu):
                    self._desk.asked(apdu, now_ns)
                case Unheard():
                    self._history.add(now_ns, "unheard")
        self._work.rest_if_told()

    # Things on it

    def _break(self, verb: Verb, now_ns: int) -> None:
        faults = self._line.faults
        match verb.verb:
            case "decline":
                self._cards.declines.append(number(verb, "code", 1, 99))
            case "delay_bank":
                self._work.bank_ns = number(verb, "ms", 0, DELAY_MS_MAX) * _NS_PER_MS
            case "delay_answers":
                faults.delay_ns = number(verb, "ms", 0, DELAY_MS_MAX) * _NS_PER_MS
            case "lose_acks":
                faults.lost_acks = number(verb, "count", 1, COUNT_MAX)
            case "break_checks":
                faults.broken_checks = number(verb, "count", 1, COUNT_MAX)
            case "lose_results":
                self._work.lost_results = number(verb, "count", 1, COUNT_MAX)
            case "be_busy" | "be_free":
                self._work.busy = verb.verb == "be_busy"
            case "restore_answers":
                self._line.faults = LineFaults()
                self._work.lost_results = 0
                self._cards.declines.clear()
            case "power_off":
                self._switch_off(now_ns)
            case _ if not self._power:
                self._switch_on(now_ns)
            case _:
                pass
        self._history.add(now_ns, verb.verb, " ".join(verb.arguments.values()))

    def _switch_off(self, now_ns: int) -> None:
        self._power = False
        self._forget()
        if self._bank is not None:
            self._bank.closed(now_ns)
        self.voice.show("", "")

    def _switch_on(self, now_ns: int) -> None:
        self._power = True
        self._forget()
        if self._bank is not None and self._host_open:
            self._bank.opened(now_ns)
