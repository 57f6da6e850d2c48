"""How a virtual payment terminal says what it does: to its register, on its display, on paper.

A result is said in one go: its status, its paper line by line or as one block where the register wants to
print it, and the end.
"""

from datetime import UTC, datetime
from typing import Final, Literal

from protocols.card_number import CardNumber, Masked
from protocols.money import CURRENCIES, Money
from protocols.ports import NANOSECONDS_PER_SECOND, Clock
from protocols.zvt.apdu import Apdu
from protocols.zvt.messages import Config, completion, lines, state, text_block
from protocols.zvt.results import State
from protocols.zvt.status import StatusInformation, hide_card, write_status
from protocols.zvt.text import CHARSET_CODES, Charset
from sim.payment_terminal_journal import Entry, Journal
from sim.payment_terminal_line import TerminalLine
from sim.payment_terminal_paper import receipt

_ZONE_HOURS: Final = 9
"""It stands in Korea."""
Paper = Literal["lines", "block", "none"]


class Voice:
    """What register and customer hear and see."""

    def __init__(
        self,
        line: TerminalLine,
        journal: Journal,
        *,
        clock: Clock,
        terminal_id: int,
        paper: Paper,
        text: str,
        container: bool,
    ) -> None:
        """`text` is a character set that it keeps whatever the register wants. Raises: ValueError for none such."""
        self.terminal_id = terminal_id
        self.roll: list[str] = []
        """What it has printed last, wherever that came out."""
        self.shown = ("", "")
        """The two lines of the display."""
        self._line = line
        self._journal = journal
        self._clock = clock
        self._paper = paper
        self._own_text = Charset(text) if text else None
        self._container = container

    def show(self, upper: str = "환영합니다", lower: str = "READY") -> None:
        """Show two lines; as they are when nothing is under way."""
        self.shown = (upper, lower)

    def state(self, told: State, now_ns: int) -> None:
        """Say how far it is, to a register that wants to hear it."""
        if Config(self._journal.counter("config")) & Config.SEND_STATES:
            self._line.say(state(told), now_ns)

    def result(self, told: list[Apdu], paper: list[str], last: Apdu | None, now_ns: int) -> None:
        """Say a result, its paper and the end."""
        for apdu in (*told, *self._printed(paper), last or completion()):
            self._line.say(apdu, now_ns)
        self.show("완료" if last is None else "종료", paper[-1] if paper else "")

    def receipt(self, entry: Entry, *, copy: bool) -> list[str]:
        """Return the paper of something that has happened."""
        return receipt(entry, self.money, terminal_id=self.terminal_id, copy=copy)

    def entry(self, entry: Entry) -> Apdu:
        """Return the status of something that has happened."""
        status = StatusInformation(
            amount=entry.amount,
            currency=entry.currency,
            trace=entry.trace,
            receipt=entry.receipt,
            turnover=entry.trace,
            date=entry.date,
            time=entry.time,
            terminal_id=self.terminal_id,
            approval=entry.approval,
            card=Masked(entry.card) if entry.card else None,
            card_type=entry.card_type,
            card_name=entry.card_name,
            text=entry.text,
            aid="F049505300010101" if self._container else "",
        )
        return write_status(status, self.charset())

    def card(self, pan: str, issuer: str) -> Apdu:
        """Return the status of a card that was read and nothing more."""
        status = StatusInformation(
            card=hide_card(CardNumber(pan)),
            card_type=10,
            card_name=issuer,
            terminal_id=self.terminal_id,
        )
        return write_status(status, self.charset())

    def totals(self) -> Apdu:
        """Return the status of what the open batch came to."""
        totals, net = self._journal.totals()
        date, time = self.day_and_time()
        status = StatusInformation(
            amount=max(0, net),
            currency=self._journal.counter("currency"),
            trace=self._journal.counter("trace"),
            date=date,
            time=time,
            terminal_id=self.terminal_id,
            totals=totals,
        )
        return write_status(status, self.charset())

    def charset(self) -> Charset:
        """Return how its text is written."""
        if self._own_text is not None:
            return self._own_text
        codes = {code: charset for charset, code in CHARSET_CODES.items()}
        return codes.get(self._journal.counter("charset", 0xFF), Charset.CP437)

    def money(self, amount: int) -> str:
        """Return an amount of its currency as people read it."""
        number = self._journal.counter("currency")
        known = next((each for each in CURRENCIES.values() if each.number == number), None)
        return f"{amount:,}" if known is None else f"{known.code} {Money(amount, known).format()}"

    def month(self) -> str:
        """Return the month, YYMM."""
        return self._local().strftime("%y%m")

    def day_and_time(self) -> tuple[int, int]:
        """Return MMDD and HHMMSS, as statuses have them."""
        now = self._local()
        return now.month * 100 + now.day, now.hour * 10_000 + now.minute * 100 + now.second

    def _local(self) -> datetime:
        seconds = self._clock.now_ns() // NANOSECONDS_PER_SECOND + _ZONE_HOURS * 3_600
        return datetime.fromtimestamp(seconds, UTC)

    def _printed(self, paper: list[str]) -> list[Apdu]:
        prints = Config(self._journal.counter("config")) & Config.REGISTER_PRINTS_PAYMENTS
        if not paper or self._paper == "none" or not prints:
            return []
        charset = self.charset()
        return lines(paper, charset) if self._paper == "lines" else [text_block(paper, charset)]
