"""A virtual stand-alone payment terminal: a slot, an antenna, a head for stripes, keys and two lines of display.

    register  == protocols.zvt, serial or network ==  TerminalEnd  --  cards, PIN, its own memory
                                                                   --  a bank, or its own judgement

    IDLE --a command that wants a card--> CARD --card--> PIN --PIN--> BANK --answer--> TELLING --> IDLE
           a command that wants none ------------------------------------------------> TELLING --> IDLE

What has been approved is in its memory before the first byte that says so leaves: whatever becomes of the
line or the power then, REPEAT RECEIPT says it again. Cut off before that, nothing has happened.
`framing` auto takes whichever line the register's first byte is of.
Source: protocols/zvt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, Final, Literal

from protocols.card_number import CardNumber, Masked
from protocols.control import Event, Verb, VerbHelp
from protocols.money import CURRENCIES, Money
from protocols.ports import NANOSECONDS_PER_SECOND, Clock
from protocols.zvt.apdu import Apdu, ZvtError
from protocols.zvt.controls import Control
from protocols.zvt.messages import (
    Config,
    Order,
    aborted,
    completion,
    lines,
    read_order,
    read_registration,
    state,
    text_block,
)
from protocols.zvt.results import Result, State
from protocols.zvt.sequences import SEQUENCES
from protocols.zvt.status import StatusInformation, hide_card, show_card, write_status
from protocols.zvt.terminal import Asked, TerminalEvent, Unheard
from protocols.zvt.text import CHARSET_CODES, Charset
from sim.bank.people import People, read_people
from sim.payment_terminal_bank import ANSWER_NS, BankEvent, BankLine, Compared, Decided, Undecided
from sim.payment_terminal_commands import (
    IMPOSSIBLE,
    NOTICES,
    OF_RESERVATIONS,
    UPON,
    WANTS_CARD,
)
from sim.payment_terminal_journal import Comparison, Entry, Journal, Kind, Request, net_of
from sim.payment_terminal_line import LineFaults, TerminalLine
from sim.payment_terminal_paper import compared, end_of_day, receipt
from sim.payment_terminal_verbs import COUNT_MAX, DELAY_MS_MAX, VERBS, number
from sim.twin import History, VerbError, refuse_verb

TERMINAL_ID: Final = 28_004_869
CARD_NS: Final = 60 * NANOSECONDS_PER_SECOND
"""How long it waits for a card, and for a PIN."""
PIN_TRIES_MAX: Final = 3
_NS_PER_MS: Final = 1_000_000
_ZONE_HOURS: Final = 9
"""It stands in Korea."""
Read = Literal["chip", "contactless", "stripe"]
_READS: Final[Mapping[str, Read]] = {"insert": "chip", "tap": "contactless", "swipe": "stripe"}
_PIN_BLOCKED: Final = 75
"""Bank's own codes are those of ISO 8583, field 39."""
_STATUS_CODES: Final = {"lost": 41, "stolen": 43, "restricted": 62}
_REFUND_ONLY: Final = 57
_OVER_LIMIT: Final = 61


class Phase(Enum):
    """Where it is in a command."""

    IDLE = "idle"
    CARD = "card"
    PIN = "pin"
    BANK = "bank"
    TELLING = "telling"


@dataclass(slots=True, kw_only=True)
class Deal:
    """The command under way."""

    control: Control
    order: Order
    pan: str = ""
    wrong_pins: int = 0


class PaymentTerminalTwin:
    """A payment terminal; satisfies sim.twin.Twin."""

    device = "payment_terminal"

    def __init__(
        self,
        *,
        clock: Clock,
        place: Path | None = None,
        framing: str = "auto",
        people: str = "",
        paper: Literal["lines", "block", "none"] = "lines",
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
        self._people: People = read_people(*([Path(people)] if people else []))
        self._clock = clock
        self.journal = Journal(place)
        self._line = TerminalLine(framing)
        self._paper = paper
        self._own_text = Charset(text) if text else None
        self._container = container
        self._refuses_abort = refuses_abort
        self._bank_ns = bank_ms * _NS_PER_MS
        self._id = terminal_id
        self.host_address = bank
        """Whom it dials (sim.twin.Dialling)."""
        self._bank = (
            BankLine(
                self.journal, clock=clock, merchant=merchant, terminal=f"{terminal_id:08d}"[-8:]
            )
            if bank
            else None
        )
        self._host_open = False
        self._pin = ""
        self._history = History()
        self._power = True
        self._busy = False
        self._declines: list[int] = []
        self._lost_results = 0
        self._last_roll: list[str] = []
        """What it has printed last, wherever that came out."""
        self._now_ns = 0
        self._forget()

    def _forget(self) -> None:
        """Be as after switching on."""
        self._line.forget()
        self._phase = Phase.IDLE
        self._deal: Deal | None = None
        self._day: tuple[Apdu, list[str]] | None = None
        """The totals of a day that has just ended, and their paper: told when the bank has compared them."""
        self._pin = ""
        self._due_ns: int | None = None
        self._digits = 0
        self._show("환영합니다", "READY")

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
        times = (self._line.deadline_ns, self._due_ns, host)
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
            self._decided(self._bank.tick(now_ns), now_ns)
        if self._due_ns is None or now_ns < self._due_ns:
            return
        self._due_ns = None
        if self._day is not None:
            self._tell_day(None, now_ns)
        elif self._phase is Phase.BANK:
            self._decide(now_ns)
        elif self._phase in (Phase.CARD, Phase.PIN):
            self._fail(Result.ABORTED, now_ns)

    def opened(self, now_ns: int) -> None:
        """Learn that a register has come; a serial line would not tell."""
        if not self._line.serial:
            self._line.forget()
            self._leave()

    def closed(self, now_ns: int) -> None:
        """Learn that it has left: what is under way goes on, and nobody hears of it."""
        if not self._line.serial:
            self._line.forget()
            self._leave()

    def host_opened(self, now_ns: int) -> None:
        """Learn that the bank has answered its dialling."""
        self._host_open = True
        if self._bank is not None and self._power:
            self._bank.opened(now_ns)

    def host_closed(self, now_ns: int) -> None:
        """Learn that the line to the bank is gone."""
        self._host_open = False
        if self._bank is not None:
            self._decided(self._bank.closed(now_ns), now_ns)

    def host_receive(self, data: bytes, now_ns: int) -> None:
        """Take bytes from the bank."""
        self._now_ns = now_ns
        if self._bank is not None and self._power:
            self._decided(self._bank.receive(data, now_ns), now_ns)

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
                self._present(verb, now_ns)
            case "enter_pin":
                self._enter_pin(verb, now_ns)
            case "cancel":
                if self._phase not in (Phase.CARD, Phase.PIN):
                    raise VerbError("cancel: nothing is under way that could still be cancelled")
                self._history.add(now_ns, "cancelled")
                self._fail(Result.ABORTED, now_ns)
            case _:
                self._break(verb, now_ns)

    def state(self) -> dict[str, Any]:
        """Return display and totals; of a card what its receipt shows, of a PIN nothing."""
        last = self.journal.last()
        totals, net = self.journal.totals()
        return {
            "upper": self._shown[0],
            "lower": self._shown[1],
            "phase": self._phase.value,
            "power": "on" if self._power else "off",
            "busy": self._busy,
            "registered": bool(self.journal.counter("registered")),
            "last": "" if last is None else f"{last.kind} {last.receipt:04d} {last.amount}",
            "payments": sum(count for count, _ in totals.groups.values()),
            "total": net,
            "batch": self.journal.counter("batch", 1),
            "compared": self._shown_comparison(),
            "roll": list(self._last_roll),
            "cards": [show_card(pan) for pan in self._people.cards],
        }

    # Commands

    def _heed(self, events: list[TerminalEvent], now_ns: int) -> None:
        for event in events:
            self._rest_if_told()
            match event:
                case Asked(apdu):
                    self._asked(apdu, now_ns)
                case Unheard():
                    self._history.add(now_ns, "unheard")
        self._rest_if_told()

    def _asked(self, apdu: Apdu, now_ns: int) -> None:
        if apdu.control not in SEQUENCES:
            self._refuse(Result.NOT_POSSIBLE, apdu, now_ns)
            return
        control = Control(apdu.control)
        sequence = SEQUENCES[control]
        self._history.add(now_ns, "asked", control.name.lower())
        if control is Control.ABORT:
            self._abort(apdu, now_ns)
        elif (self._phase is not Phase.IDLE or self._busy) and not sequence.while_busy:
            self._refuse(Result.PLEASE_WAIT, apdu, now_ns)
        elif not sequence.unregistered and not self.journal.counter("registered"):
            self._refuse(Result.NOT_REGISTERED, apdu, now_ns)
        else:
            try:
                self._begin(control, apdu, now_ns)
            except ZvtError as error:
                self._history.add(now_ns, "not_understood", str(error))
                self._refuse(Result.PROTOCOL_ERROR, apdu, now_ns)

    def _refuse(self, code: int, apdu: Apdu, now_ns: int) -> None:
        self._history.add(now_ns, "refused", f"{apdu.control:04X} {code:02X}")
        self._line.end.refuse(code, now_ns)

    def _abort(self, apdu: Apdu, now_ns: int) -> None:
        if self._refuses_abort or self._phase not in (Phase.CARD, Phase.PIN):
            self._refuse(Result.NOT_POSSIBLE, apdu, now_ns)
            return
        self._line.end.take(now_ns)
        self._fail(Result.ABORTED, now_ns)

    def _begin(self, control: Control, apdu: Apdu, now_ns: int) -> None:
        """Take a command and do it. Raises: ZvtError."""
        match control:
            case Control.REGISTRATION:
                self._register(apdu, now_ns)
            case Control.DISPLAY_TEXT:
                self._line.end.take(now_ns)
            case Control.LOG_OFF:
                with self.journal.writing():
                    self.journal.set_counter("registered", 0)
                self._line.end.take(now_ns)
            case Control.END_OF_DAY:
                self._take(control, now_ns)
                self._end_the_day(now_ns)
            case Control.SEND_TOTALS:
                self._take(control, now_ns)
                self._finish([self._totals_told()], [], now_ns)
            case Control.REPEAT_RECEIPT:
                self._take(control, now_ns)
                self._repeat(now_ns)
            case Control.READ_CARD:
                self._want_card(control, Order(), now_ns)
            case control if control in WANTS_CARD:
                self._want_card(control, _amount_in(apdu), now_ns)
            case Control.TELEPHONIC_AUTHORISATION:
                order = _amount_in(apdu)
                self._take(control, now_ns, order)
                self._approve("payment", now_ns, approval="TEL")
            case control if control in UPON:
                order = read_order(apdu)
                self._take(control, now_ns, order)
                self._upon(control, order, now_ns)
            case control if control in IMPOSSIBLE:
                self._refuse(Result.NOT_POSSIBLE, apdu, now_ns)
            case control if not SEQUENCES[control].ends:
                self._line.end.take(now_ns)
            case _:
                self._take(control, now_ns)
                self._finish([], NOTICES.get(control, []), now_ns)

    def _register(self, apdu: Apdu, now_ns: int) -> None:
        said = read_registration(apdu.data)
        with self.journal.writing():
            self.journal.set_counter("registered", 1)
            self.journal.set_counter("config", said.config.value)
            self.journal.set_counter(
                "charset", CHARSET_CODES.get(said.charset or Charset.CP437, 0xFF)
            )
            self.journal.set_counter("currency", said.currency)
        self._take(Control.REGISTRATION, now_ns)
        self._finish([], [], now_ns, last=completion(self._id, said.currency))

    def _take(self, control: Control, now_ns: int, order: Order | None = None) -> None:
        self._line.end.take(now_ns)
        self._deal = Deal(control=control, order=order or Order())

    def _want_card(self, control: Control, order: Order, now_ns: int) -> None:
        self._take(control, now_ns, order)
        self._phase, self._due_ns = Phase.CARD, now_ns + CARD_NS
        self._tell_state(State.INSERT_CARD, now_ns)
        self._show(self._money(order.amount) if order.amount else "카드", "카드를 대거나 꽂으세요")

    # Cards and PIN

    def _present(self, verb: Verb, now_ns: int) -> None:
        pan = self._pan(verb)
        if self._phase is not Phase.CARD or self._deal is None:
            raise VerbError(f"{verb.verb}: it asks for no card now")
        read = _READS[verb.verb]
        self._deal.pan = pan
        self._history.add(now_ns, verb.verb, show_card(pan))
        wish = self._people.cards[pan]
        if self._deal.control is Control.READ_CARD:
            self._read_card(pan, now_ns)
        elif wish.pin and read != "contactless" and self._deal.control is not Control.REFUND:
            self._phase, self._due_ns = Phase.PIN, now_ns + CARD_NS
            self._tell_state(State.WATCH_PIN_PAD, now_ns)
            self._show(self._money(self._deal.order.amount), "비밀번호를 누르세요")
        else:
            self._ask_bank(now_ns)

    def _enter_pin(self, verb: Verb, now_ns: int) -> None:
        pin = verb.arguments["pin"]
        if self._phase is not Phase.PIN or self._deal is None:
            raise VerbError("enter_pin: it asks for no PIN now")
        if not (pin.isascii() and pin.isdigit() and 4 <= len(pin) <= 12):
            raise VerbError("enter_pin: a PIN is 4 to 12 digits")
        deal = self._deal
        self._history.add(now_ns, "pin_entered", "*" * len(pin))
        if pin == self._people.cards[deal.pan].pin:
            self._pin = pin
            self._ask_bank(now_ns)
            return
        deal.wrong_pins += 1
        if deal.wrong_pins >= PIN_TRIES_MAX:
            self._tell_state(State.PIN_BLOCKED, now_ns)
            self._fail(_PIN_BLOCKED, now_ns)
            return
        self._due_ns = now_ns + CARD_NS
        self._tell_state(State.WRONG_PIN, now_ns)
        self._show("비밀번호가 틀렸습니다", f"{PIN_TRIES_MAX - deal.wrong_pins}번 남음")

    def _ask_bank(self, now_ns: int) -> None:
        deal, bank, pin = self._deal, self._bank, self._pin
        assert deal is not None, "a bank is asked about something"
        self._pin = ""
        kind = WANTS_CARD[deal.control]
        if bank is not None and kind != "reservation":
            asked = bank.ask(
                "refund" if kind == "refund" else "payment",
                pan=deal.pan,
                pin=pin,
                amount=deal.order.amount,
                currency=deal.order.currency or self.journal.counter("currency"),
                now_ns=now_ns,
            )
            if not asked:
                self._fail(Result.NO_CONNECTION, now_ns)
                return
            self._phase, self._due_ns = Phase.BANK, None
            self._tell_state(State.WAITING_FOR_BANK, now_ns)
            self._show("승인 중", "PLEASE WAIT")
            return
        self._phase, self._due_ns = Phase.BANK, now_ns + self._bank_ns
        self._tell_state(State.WAITING_FOR_BANK, now_ns)
        self._show("승인 중", "PLEASE WAIT")

    def _decide(self, now_ns: int) -> None:
        deal = self._deal
        assert deal is not None, "a bank is asked about something"
        code = self._declines.pop(0) if self._declines else self._judge(deal)
        if code:
            self._fail(code, now_ns)
        else:
            self._approve(WANTS_CARD[deal.control], now_ns)

    def _decided(self, events: list[BankEvent], now_ns: int) -> None:
        """Take the bank's word, or its silence: then what was asked is being undone."""
        for event in events:
            if isinstance(event, Compared):
                self._heard_totals(event.comparison, now_ns)
                continue
            if self._deal is None or self._phase is not Phase.BANK:
                continue
            match event:
                case Decided(code=0, approval=approval, request=request):
                    self._approve(WANTS_CARD[self._deal.control], now_ns, approval, request)
                case Decided(code=code, request=request):
                    with self.journal.writing():
                        self.journal.drop(request)
                    self._fail(code, now_ns)
                case Undecided():
                    self._fail(Result.HOST_SILENT, now_ns)

    def _judge(self, deal: Deal) -> int:
        """Return why a bank would decline; 0 where it would not. The codes are its own, as in field 39."""
        wish = self._people.cards[deal.pan]
        if deal.control is Control.REFUND:
            return 0
        if wish.status != "good":
            return _STATUS_CODES[wish.status]
        if wish.expiry < self._local().strftime("%y%m"):
            return Result.CARD_EXPIRED
        if wish.refund_only:
            return _REFUND_ONLY
        return _OVER_LIMIT if wish.sale_limit and deal.order.amount > wish.sale_limit else 0

    def _approve(
        self, kind: Kind, now_ns: int, approval: str = "", request: Request | None = None
    ) -> None:
        deal = self._deal
        assert deal is not None, "something was asked for"
        with self.journal.writing():
            trace = self.journal.next_trace()
            entry = self._entry(deal, kind, trace, approval or f"{trace:06d}")
            if request is not None:
                entry = replace(entry, exchange=request.name)
                self.journal.drop(request)
            entry = self.journal.add(entry)
        self._history.add(now_ns, "approved", f"{kind} {entry.receipt:04d} {entry.amount}")
        self._conclude(entry, now_ns)

    def _entry(self, deal: Deal, kind: Kind, trace: int, approval: str) -> Entry:
        now, pan = self._local(), deal.pan
        return Entry(
            kind=kind,
            amount=deal.order.amount,
            left_over=deal.order.amount if kind in ("payment", "reservation") else 0,
            currency=deal.order.currency or self.journal.counter("currency"),
            card=hide_card(CardNumber(pan)).reveal() if pan else "",
            card_type=10 if pan else 0,
            card_name=self._issuer(pan),
            approval=approval,
            text=deal.order.text,
            date=now.month * 100 + now.day,
            time=now.hour * 10_000 + now.minute * 100 + now.second,
            trace=trace,
        )

    def _upon(self, control: Control, order: Order, now_ns: int) -> None:
        """Do something about an earlier payment."""
        known = self.journal.find(order.receipt)
        wanted: Kind = "reservation" if control in OF_RESERVATIONS else "payment"
        if known is None or known.kind != wanted:
            self._fail(Result.REVERSAL_IMPOSSIBLE, now_ns)
            return
        whole = control in (Control.REVERSAL, Control.PRE_AUTHORISATION_REVERSAL)
        amount = known.left_over if whole else order.amount
        if control is not Control.TIP and (not known.left_over or amount > known.left_over):
            self._fail(
                Result.AMOUNT_TOO_LARGE if known.left_over else Result.ALREADY_REVERSED, now_ns
            )
            return
        if not amount:
            self._fail(Result.AMOUNT_TOO_SMALL, now_ns)
            return
        now = self._local()
        entry = replace(
            known,
            kind="payment" if control in (Control.BOOK_TOTAL, Control.TIP) else "reversal",
            amount=amount,
            left_over=amount if control is Control.BOOK_TOTAL else 0,
            text=order.text,
            date=now.month * 100 + now.day,
            time=now.hour * 10_000 + now.minute * 100 + now.second,
            trace=0,
        )
        with self.journal.writing():
            if control is Control.TIP:
                # The tip comes back with its payment: that is as much more.
                self.journal.grow(known, amount)
                entry = replace(
                    known, amount=known.amount + amount, left_over=known.left_over + amount
                )
            else:
                self.journal.take_off(
                    known, known.left_over if control is Control.BOOK_TOTAL else amount
                )
                released = wanted == "reservation" and control is not Control.BOOK_TOTAL
                entry = self.journal.add(replace(entry, kind="release") if released else entry)
                if whole and known.exchange:
                    stan, _, at = known.exchange.partition("/")
                    self.journal.keep(
                        Request(
                            stan=int(stan),
                            at=at,
                            kind="payment",
                            amount=amount,
                            currency=known.currency,
                        )
                    )
        if self._bank is not None:
            self._bank.look(now_ns)
        self._history.add(
            now_ns, "approved", f"{control.name.lower()} {entry.receipt:04d} {amount}"
        )
        self._conclude(entry, now_ns)

    def _repeat(self, now_ns: int) -> None:
        last = self.journal.last()
        if last is None:
            self._finish([], [], now_ns, last=aborted(Result.NOT_POSSIBLE))
            return
        paper = receipt(last, self._money, terminal_id=self._id, copy=True)
        self._finish([self._told(last)], paper, now_ns)

    def _end_the_day(self, now_ns: int) -> None:
        told = self._totals_told()
        totals, net = self.journal.totals()
        paper = end_of_day(totals, net, self._money, terminal_id=self._id)
        with self.journal.writing():
            if self._bank is not None:
                self.journal.set_counter("compare", self.journal.counter("batch", 1))
            self.journal.close_batch()
        self._history.add(now_ns, "day_ended", str(net))
        if self._bank is None:
            self._finish([told], paper, now_ns)
            return
        self._day, self._phase = (told, paper), Phase.BANK
        if not self._bank.signed_on:
            self._tell_day(None, now_ns)
            return
        self._due_ns = now_ns + ANSWER_NS
        self._tell_state(State.WAITING_FOR_BANK, now_ns)
        self._show("마감 중", "PLEASE WAIT")
        self._bank.look(now_ns)

    def _heard_totals(self, comparison: Comparison, now_ns: int) -> None:
        self._history.add(now_ns, "compared", self._shown_comparison())
        if self._day is not None:
            self._tell_day(comparison, now_ns)

    def _tell_day(self, comparison: Comparison | None, now_ns: int) -> None:
        """Tell a day's totals, whatever the bank says of them; None: it says nothing, and is asked again later."""
        assert self._day is not None, "a day has ended"
        (told, paper), self._day = self._day, None
        self._finish([told], [*paper, *compared(comparison, self._money)], now_ns)

    def _shown_comparison(self) -> str:
        """Return whether the bank's totals are ours; empty where nobody has asked it yet."""
        if self.journal.comparing:
            return "waits for the bank"
        made = self.journal.comparison()
        if made is None or made.state == "agreed":
            return "" if made is None else "agrees"
        return f"differs: {net_of(made.ours)} here, {net_of(made.theirs)} at the bank"

    def _totals_told(self) -> Apdu:
        totals, net = self.journal.totals()
        now = self._local()
        status = StatusInformation(
            amount=max(0, net),
            currency=self.journal.counter("currency"),
            trace=self.journal.counter("trace"),
            date=now.month * 100 + now.day,
            time=now.hour * 10_000 + now.minute * 100 + now.second,
            terminal_id=self._id,
            totals=totals,
        )
        return write_status(status, self._charset())

    def _read_card(self, pan: str, now_ns: int) -> None:
        status = StatusInformation(
            card=hide_card(CardNumber(pan)),
            card_type=10,
            card_name=self._issuer(pan),
            terminal_id=self._id,
        )
        self._finish([write_status(status, self._charset())], [], now_ns)

    # Telling

    def _conclude(self, entry: Entry, now_ns: int) -> None:
        paper = receipt(entry, self._money, terminal_id=self._id, copy=False)
        self._tell_state(State.APPROVED, now_ns)
        self._finish([self._told(entry)], paper, now_ns)

    def _told(self, entry: Entry) -> Apdu:
        status = StatusInformation(
            amount=entry.amount,
            currency=entry.currency,
            trace=entry.trace,
            receipt=entry.receipt,
            turnover=entry.trace,
            date=entry.date,
            time=entry.time,
            terminal_id=self._id,
            approval=entry.approval,
            card=Masked(entry.card) if entry.card else None,
            card_type=entry.card_type,
            card_name=entry.card_name,
            text=entry.text,
            aid="F049505300010101" if self._container else "",
        )
        return write_status(status, self._charset())

    def _fail(self, code: int, now_ns: int) -> None:
        self._history.add(now_ns, "failed", f"{code:02X}")
        if code != Result.ABORTED:
            self._tell_state(State.DECLINED, now_ns)
        status = StatusInformation(result=code, terminal_id=self._id)
        self._finish([write_status(status)], [], now_ns, last=aborted(code))

    def _finish(
        self, told: list[Apdu], paper: list[str], now_ns: int, *, last: Apdu | None = None
    ) -> None:
        """Say a result, its paper and the end."""
        self._due_ns, self._phase = None, Phase.TELLING
        self._last_roll = paper or self._last_roll
        moved = self._deal is not None and SEQUENCES[self._deal.control].moves_money
        if moved and self._lost_results:
            self._lost_results -= 1
            self._history.add(now_ns, "result_lost")
            self._rest()
            return
        for apdu in (*told, *self._printed(paper), last or completion()):
            self._line.say(apdu, now_ns)
        self._show("완료" if last is None else "종료", paper[-1] if paper else "")

    def _printed(self, paper: list[str]) -> list[Apdu]:
        prints = Config(self.journal.counter("config")) & Config.REGISTER_PRINTS_PAYMENTS
        if not paper or self._paper == "none" or not prints:
            return []
        charset = self._charset()
        return lines(paper, charset) if self._paper == "lines" else [text_block(paper, charset)]

    def _tell_state(self, told: State, now_ns: int) -> None:
        if Config(self.journal.counter("config")) & Config.SEND_STATES:
            self._line.say(state(told), now_ns)

    def _rest(self) -> None:
        self._phase, self._deal, self._due_ns = Phase.IDLE, None, None
        self._show("환영합니다", "READY")

    def _rest_if_told(self) -> None:
        """The register has heard it all: it may speak again, and often does in the same breath."""
        if self._phase is Phase.TELLING and not self._line.end.speaking:
            self._rest()

    def _leave(self) -> None:
        """Say no more of what nobody is there to hear."""
        if self._phase is Phase.TELLING:
            self._rest()

    # Things on it

    def _break(self, verb: Verb, now_ns: int) -> None:
        faults = self._line.faults
        match verb.verb:
            case "decline":
                self._declines.append(number(verb, "code", 1, 99))
            case "delay_bank":
                self._bank_ns = number(verb, "ms", 0, DELAY_MS_MAX) * _NS_PER_MS
            case "delay_answers":
                faults.delay_ns = number(verb, "ms", 0, DELAY_MS_MAX) * _NS_PER_MS
            case "lose_acks":
                faults.lost_acks = number(verb, "count", 1, COUNT_MAX)
            case "break_checks":
                faults.broken_checks = number(verb, "count", 1, COUNT_MAX)
            case "lose_results":
                self._lost_results = number(verb, "count", 1, COUNT_MAX)
            case "be_busy" | "be_free":
                self._busy = verb.verb == "be_busy"
            case "restore_answers":
                self._line.faults = LineFaults()
                self._lost_results = 0
                self._declines.clear()
            case "power_off":
                self._power = False
                self._forget()
                if self._bank is not None:
                    self._bank.closed(now_ns)
                self._show("", "")
            case _ if not self._power:
                self._power = True
                self._forget()
                if self._bank is not None and self._host_open:
                    self._bank.opened(now_ns)
            case _:
                pass
        self._history.add(now_ns, verb.verb, " ".join(verb.arguments.values()))

    def _show(self, upper: str, lower: str) -> None:
        self._shown = (upper, lower)

    def _charset(self) -> Charset:
        if self._own_text is not None:
            return self._own_text
        codes = {code: charset for charset, code in CHARSET_CODES.items()}
        return codes.get(self.journal.counter("charset", 0xFF), Charset.CP437)

    def _local(self) -> datetime:
        seconds = self._clock.now_ns() // NANOSECONDS_PER_SECOND + _ZONE_HOURS * 3_600
        return datetime.fromtimestamp(seconds, UTC)

    def _money(self, amount: int) -> str:
        number = self.journal.counter("currency")
        known = next((each for each in CURRENCIES.values() if each.number == number), None)
        return f"{amount:,}" if known is None else f"{known.code} {Money(amount, known).format()}"

    def _issuer(self, pan: str) -> str:
        bank = self._people.banks.get(self._people.bank_of_card(pan)) if pan else None
        return "" if bank is None else bank.ko

    def _pan(self, verb: Verb) -> str:
        asked = verb.arguments["card"]
        found = [pan for pan in self._people.cards if pan == asked or pan.endswith(asked)]
        if len(asked) < 4 or len(found) != 1:
            known = ", ".join(pan[-4:] for pan in self._people.cards)
            raise VerbError(f"{verb.verb}: no card ends with {asked[-4:]}; there are {known}")
        return found[0]


def _amount_in(apdu: Apdu) -> Order:
    """Return what a payment says. Raises: ZvtError where it says no amount."""
    order = read_order(apdu)
    if not order.amount:
        raise ZvtError("a payment has an amount")
    return order
