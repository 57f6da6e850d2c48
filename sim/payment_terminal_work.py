"""What a virtual payment terminal does: one command after the other, from its register's word to its result.

    IDLE --a command that wants a card--> CARD --card--> PIN --PIN--> BANK --answer--> TELLING --> IDLE
           a command that wants none ------------------------------------------------> TELLING --> IDLE
           the end of a day -----------------------------> BANK --its totals, or silence--^

What has been approved is in its memory before the first byte that says so leaves: whatever becomes of the
line or the power then, REPEAT RECEIPT says it again. Cut off before that, nothing has happened.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from protocols.card_number import CardNumber
from protocols.ports import NANOSECONDS_PER_SECOND
from protocols.zvt.apdu import Apdu
from protocols.zvt.controls import Control
from protocols.zvt.messages import Order, aborted
from protocols.zvt.results import Result, State
from protocols.zvt.sequences import SEQUENCES
from protocols.zvt.status import StatusInformation, hide_card, show_card, write_status
from sim.payment_terminal_bank import ANSWER_NS, BankEvent, BankLine, Compared, Decided, Undecided
from sim.payment_terminal_cards import Cards, Read
from sim.payment_terminal_commands import WANTS_CARD
from sim.payment_terminal_journal import Comparison, Entry, Journal, Kind, Request, net_of
from sim.payment_terminal_line import TerminalLine
from sim.payment_terminal_paper import compared, end_of_day
from sim.payment_terminal_upon import upon as do_upon
from sim.payment_terminal_voice import Voice
from sim.twin import History, VerbError

CARD_NS: Final = 60 * NANOSECONDS_PER_SECOND
"""How long it waits for a card, and for a PIN."""
PIN_TRIES_MAX: Final = 3
_PIN_BLOCKED: Final = 75
"""A bank's own code, as in ISO 8583, field 39."""


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


class Work:
    """Cards and PINs, what a bank says of them, and what comes of it."""

    def __init__(
        self,
        *,
        line: TerminalLine,
        voice: Voice,
        cards: Cards,
        journal: Journal,
        bank: BankLine | None,
        bank_ns: int,
        history: History,
    ) -> None:
        """Without a `bank` it decides by itself, and takes `bank_ns` for it."""
        self.bank_ns = bank_ns
        self.busy = False
        """Whether it is at something that no register has asked for."""
        self.lost_results = 0
        """How many results it will say nothing of."""
        self._line = line
        self._voice = voice
        self._cards = cards
        self._journal = journal
        self._bank = bank
        self._history = history
        self.forget()

    def forget(self) -> None:
        """Be as after switching on."""
        self._phase = Phase.IDLE
        self._deal: Deal | None = None
        self._due_ns: int | None = None
        self._day: tuple[Apdu, list[str]] | None = None
        """The totals of a day that has just ended, and their paper: told when the bank has compared them."""
        self._rest()

    @property
    def phase(self) -> Phase:
        """Say where it is in a command."""
        return self._phase

    @property
    def deadline_ns(self) -> int | None:
        """When it waits no longer."""
        return self._due_ns

    def tick(self, now_ns: int) -> None:
        """Do what is due."""
        if self._due_ns is None or now_ns < self._due_ns:
            return
        self._due_ns = None
        if self._day is not None:
            self._tell_day(None, now_ns)
        elif self._phase is Phase.BANK:
            self._decide(now_ns)
        elif self._phase in (Phase.CARD, Phase.PIN):
            self.fail(Result.ABORTED, now_ns)

    # Commands

    def take(self, control: Control, now_ns: int, order: Order | None = None) -> None:
        """Take a command from the register: it is under way now."""
        self._line.end.take(now_ns)
        self._deal = Deal(control=control, order=order or Order())

    def want_card(self, control: Control, order: Order, now_ns: int) -> None:
        """Take a command that wants a card."""
        self.take(control, now_ns, order)
        self._phase, self._due_ns = Phase.CARD, now_ns + CARD_NS
        self._voice.state(State.INSERT_CARD, now_ns)
        shown = self._voice.money(order.amount) if order.amount else "카드"
        self._voice.show(shown, "카드를 대거나 꽂으세요")

    # Cards and PIN

    def present(self, read: Read, pan: str, verb: str, now_ns: int) -> None:
        """Take a card. Raises: VerbError where none is asked for."""
        if self._phase is not Phase.CARD or self._deal is None:
            raise VerbError(f"{verb}: it asks for no card now")
        self._deal.pan = pan
        self._history.add(now_ns, verb, show_card(pan))
        if self._deal.control is Control.READ_CARD:
            told = self._voice.card(pan, self._cards.issuer(pan))
            self.finish([told], [], now_ns)
        elif self._cards.wants_pin(pan, read, self._deal.control):
            self._phase, self._due_ns = Phase.PIN, now_ns + CARD_NS
            self._voice.state(State.WATCH_PIN_PAD, now_ns)
            self._voice.show(self._voice.money(self._deal.order.amount), "비밀번호를 누르세요")
        else:
            self._ask_bank("", now_ns)

    def enter_pin(self, pin: str, now_ns: int) -> None:
        """Take a PIN. Raises: VerbError where none is asked for, or none can be so long."""
        if self._phase is not Phase.PIN or self._deal is None:
            raise VerbError("enter_pin: it asks for no PIN now")
        if not (pin.isascii() and pin.isdigit() and 4 <= len(pin) <= 12):
            raise VerbError("enter_pin: a PIN is 4 to 12 digits")
        deal = self._deal
        self._history.add(now_ns, "pin_entered", "*" * len(pin))
        if self._cards.has_pin(deal.pan, pin):
            self._ask_bank(pin, now_ns)
            return
        deal.wrong_pins += 1
        if deal.wrong_pins >= PIN_TRIES_MAX:
            self._voice.state(State.PIN_BLOCKED, now_ns)
            self.fail(_PIN_BLOCKED, now_ns)
            return
        self._due_ns = now_ns + CARD_NS
        self._voice.state(State.WRONG_PIN, now_ns)
        self._voice.show("비밀번호가 틀렸습니다", f"{PIN_TRIES_MAX - deal.wrong_pins}번 남음")

    def cancel(self, now_ns: int) -> None:
        """Have the red key pressed. Raises: VerbError where it is too late for it."""
        if self._phase not in (Phase.CARD, Phase.PIN):
            raise VerbError("cancel: nothing is under way that could still be cancelled")
        self._history.add(now_ns, "cancelled")
        self.fail(Result.ABORTED, now_ns)

    # Bank

    def _ask_bank(self, pin: str, now_ns: int) -> None:
        deal, bank = self._deal, self._bank
        assert deal is not None, "a bank is asked about something"
        kind = WANTS_CARD[deal.control]
        due_ns: int | None = now_ns + self.bank_ns
        if bank is not None and kind != "reservation":
            due_ns = None
            asked = bank.ask(
                "refund" if kind == "refund" else "payment",
                pan=deal.pan,
                pin=pin,
                amount=deal.order.amount,
                currency=deal.order.currency or self._journal.counter("currency"),
                now_ns=now_ns,
            )
            if not asked:
                self.fail(Result.NO_CONNECTION, now_ns)
                return
        self._wait_for_bank(due_ns, "승인 중", now_ns)

    def _wait_for_bank(self, due_ns: int | None, shown: str, now_ns: int) -> None:
        self._phase, self._due_ns = Phase.BANK, due_ns
        self._voice.state(State.WAITING_FOR_BANK, now_ns)
        self._voice.show(shown, "PLEASE WAIT")

    def _decide(self, now_ns: int) -> None:
        deal = self._deal
        assert deal is not None, "something was asked for"
        month = self._voice.month()
        code = self._cards.judge(deal.pan, deal.control, deal.order.amount, month)
        if code:
            self.fail(code, now_ns)
        else:
            self.approve(WANTS_CARD[deal.control], now_ns)

    def heard(self, events: list[BankEvent], now_ns: int) -> None:
        """Take the bank's word, or its silence: then what was asked is being undone."""
        for event in events:
            if isinstance(event, Compared):
                self._history.add(now_ns, "compared", self.shown_comparison())
                if self._day is not None:
                    self._tell_day(event.comparison, now_ns)
                continue
            if self._deal is None or self._phase is not Phase.BANK:
                continue
            match event:
                case Decided(code=0, approval=approval, request=request):
                    self.approve(WANTS_CARD[self._deal.control], now_ns, approval, request)
                case Decided(code=code, request=request):
                    with self._journal.writing():
                        self._journal.drop(request)
                    self.fail(code, now_ns)
                case Undecided():
                    self.fail(Result.HOST_SILENT, now_ns)

    # What comes of it

    def approve(
        self, kind: Kind, now_ns: int, approval: str = "", request: Request | None = None
    ) -> None:
        """Write what was approved, and say it."""
        deal = self._deal
        assert deal is not None, "something was asked for"
        with self._journal.writing():
            trace = self._journal.next_trace()
            exchange = "" if request is None else request.name
            entry = self._journal.add(
                self._entry(deal, kind, trace, approval or f"{trace:06d}", exchange)
            )
            if request is not None:
                self._journal.drop(request)
        self._history.add(now_ns, "approved", f"{kind} {entry.receipt:04d} {entry.amount}")
        self._conclude(entry, now_ns)

    def _entry(self, deal: Deal, kind: Kind, trace: int, approval: str, exchange: str) -> Entry:
        pan, (date, time) = deal.pan, self._voice.day_and_time()
        return Entry(
            kind=kind,
            amount=deal.order.amount,
            left_over=deal.order.amount if kind in ("payment", "reservation") else 0,
            currency=deal.order.currency or self._journal.counter("currency"),
            card=hide_card(CardNumber(pan)).reveal() if pan else "",
            card_type=10 if pan else 0,
            card_name=self._cards.issuer(pan),
            approval=approval,
            text=deal.order.text,
            date=date,
            time=time,
            exchange=exchange,
            trace=trace,
        )

    def upon(self, control: Control, order: Order, now_ns: int) -> None:
        """Do something about an earlier payment."""
        done = do_upon(self._journal, control, order, self._voice.day_and_time())
        if isinstance(done, Result):
            self.fail(done, now_ns)
            return
        entry, amount = done
        if self._bank is not None:
            self._bank.look(now_ns)
        told = f"{control.name.lower()} {entry.receipt:04d} {amount}"
        self._history.add(now_ns, "approved", told)
        self._conclude(entry, now_ns)

    def repeat(self, now_ns: int) -> None:
        """Say what has happened last once more."""
        last = self._journal.last()
        if last is None:
            self.finish([], [], now_ns, last=aborted(Result.NOT_POSSIBLE))
            return
        self.finish([self._voice.entry(last)], self._voice.receipt(last, copy=True), now_ns)

    # The end of a day

    def end_the_day(self, now_ns: int) -> None:
        """Close the batch, and have the bank compare it, where there is one."""
        told = self._voice.totals()
        totals, net = self._journal.totals()
        paper = end_of_day(totals, net, self._voice.money, terminal_id=self._voice.terminal_id)
        with self._journal.writing():
            if self._bank is not None:
                self._journal.set_counter("compare", self._journal.counter("batch", 1))
            self._journal.close_batch()
        self._history.add(now_ns, "day_ended", str(net))
        if self._bank is None:
            self.finish([told], paper, now_ns)
            return
        self._day = (told, paper)
        if not self._bank.signed_on:
            self._tell_day(None, now_ns)
            return
        self._wait_for_bank(now_ns + ANSWER_NS, "마감 중", now_ns)
        self._bank.look(now_ns)

    def _tell_day(self, comparison: Comparison | None, now_ns: int) -> None:
        """Tell a day's totals, whatever the bank says of them; None: it says nothing, and is asked again later."""
        assert self._day is not None, "a day has ended"
        (told, paper), self._day = self._day, None
        self.finish([told], [*paper, *compared(comparison, self._voice.money)], now_ns)

    def shown_comparison(self) -> str:
        """Return whether the bank's totals are ours; empty where nobody has asked it yet."""
        if self._journal.comparing:
            return "waits for the bank"
        made = self._journal.comparison()
        if made is None or made.state == "agreed":
            return "" if made is None else "agrees"
        return f"differs: {net_of(made.ours)} here, {net_of(made.theirs)} at the bank"

    # Results

    def _conclude(self, entry: Entry, now_ns: int) -> None:
        self._voice.state(State.APPROVED, now_ns)
        self.finish([self._voice.entry(entry)], self._voice.receipt(entry, copy=False), now_ns)

    def fail(self, code: int, now_ns: int) -> None:
        """Say that nothing has come of it, and why."""
        self._history.add(now_ns, "failed", f"{code:02X}")
        if code != Result.ABORTED:
            self._voice.state(State.DECLINED, now_ns)
        status = StatusInformation(result=code, terminal_id=self._voice.terminal_id)
        self.finish([write_status(status)], [], now_ns, last=aborted(code))

    def finish(
        self, told: list[Apdu], paper: list[str], now_ns: int, *, last: Apdu | None = None
    ) -> None:
        """Say a result, its paper and the end; or lose it, where it is to be lost."""
        self._due_ns, self._phase = None, Phase.TELLING
        self._voice.roll = paper or self._voice.roll
        moved = self._deal is not None and SEQUENCES[self._deal.control].moves_money
        if moved and self.lost_results:
            self.lost_results -= 1
            self._history.add(now_ns, "result_lost")
            self._rest()
            return
        self._voice.result(told, paper, last, now_ns)

    def _rest(self) -> None:
        self._phase, self._deal, self._due_ns = Phase.IDLE, None, None
        self._voice.show()

    def rest_if_told(self) -> None:
        """Be free where the register has heard it all: it may speak again, and often does in the same breath."""
        if self._phase is Phase.TELLING and not self._line.end.speaking:
            self._rest()

    def leave(self) -> None:
        """Say no more of what nobody is there to hear."""
        if self._phase is Phase.TELLING:
            self._rest()
