"""Which commands of its register a virtual payment terminal takes, and which it refuses."""

from protocols.zvt.apdu import Apdu, ZvtError
from protocols.zvt.controls import Control
from protocols.zvt.messages import Order, completion, read_order, read_registration
from protocols.zvt.results import Result
from protocols.zvt.sequences import SEQUENCES
from protocols.zvt.text import CHARSET_CODES, Charset
from sim.payment_terminal_commands import IMPOSSIBLE, NOTICES, UPON, WANTS_CARD
from sim.payment_terminal_journal import Journal
from sim.payment_terminal_line import TerminalLine
from sim.payment_terminal_voice import Voice
from sim.payment_terminal_work import Phase, Work
from sim.twin import History


class Desk:
    """Where commands come in, one at a time."""

    def __init__(
        self,
        work: Work,
        *,
        line: TerminalLine,
        voice: Voice,
        journal: Journal,
        refuses_abort: bool,
        history: History,
    ) -> None:
        self._work = work
        self._line = line
        self._voice = voice
        self._journal = journal
        self._refuses_abort = refuses_abort
        self._history = history

    def asked(self, apdu: Apdu, now_ns: int) -> None:
        """Take a command, or refuse it."""
        if apdu.control not in SEQUENCES:
            self._refuse(Result.NOT_POSSIBLE, apdu, now_ns)
            return
        control = Control(apdu.control)
        sequence = SEQUENCES[control]
        self._history.add(now_ns, "asked", control.name.lower())
        if control is Control.ABORT:
            self._abort(apdu, now_ns)
        elif (self._work.phase is not Phase.IDLE or self._work.busy) and not sequence.while_busy:
            self._refuse(Result.PLEASE_WAIT, apdu, now_ns)
        elif not sequence.unregistered and not self._journal.counter("registered"):
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
        if self._refuses_abort or self._work.phase not in (Phase.CARD, Phase.PIN):
            self._refuse(Result.NOT_POSSIBLE, apdu, now_ns)
            return
        self._line.end.take(now_ns)
        self._work.fail(Result.ABORTED, now_ns)

    def _begin(self, control: Control, apdu: Apdu, now_ns: int) -> None:
        """Take a command and do it. Raises: ZvtError."""
        match control:
            case Control.REGISTRATION:
                self._register(apdu, now_ns)
            case Control.DISPLAY_TEXT:
                self._line.end.take(now_ns)
            case Control.LOG_OFF:
                with self._journal.writing():
                    self._journal.set_counter("registered", 0)
                self._line.end.take(now_ns)
            case Control.END_OF_DAY:
                self._work.take(control, now_ns)
                self._work.end_the_day(now_ns)
            case Control.SEND_TOTALS:
                self._work.take(control, now_ns)
                self._work.finish([self._voice.totals()], [], now_ns)
            case Control.REPEAT_RECEIPT:
                self._work.take(control, now_ns)
                self._work.repeat(now_ns)
            case Control.READ_CARD:
                self._work.want_card(control, Order(), now_ns)
            case control if control in WANTS_CARD:
                self._work.want_card(control, _amount_in(apdu), now_ns)
            case Control.TELEPHONIC_AUTHORISATION:
                order = _amount_in(apdu)
                self._work.take(control, now_ns, order)
                self._work.approve("payment", now_ns, approval="TEL")
            case control if control in UPON:
                order = read_order(apdu)
                self._work.take(control, now_ns, order)
                self._work.upon(control, order, now_ns)
            case control if control in IMPOSSIBLE:
                self._refuse(Result.NOT_POSSIBLE, apdu, now_ns)
            case control if not SEQUENCES[control].ends:
                self._line.end.take(now_ns)
            case _:
                self._work.take(control, now_ns)
                self._work.finish([], NOTICES.get(control, []), now_ns)

    def _register(self, apdu: Apdu, now_ns: int) -> None:
        said = read_registration(apdu.data)
        with self._journal.writing():
            self._journal.set_counter("registered", 1)
            self._journal.set_counter("config", said.config.value)
            self._journal.set_counter(
                "charset", CHARSET_CODES.get(said.charset or Charset.CP437, 0xFF)
            )
            self._journal.set_counter("currency", said.currency)
        self._work.take(Control.REGISTRATION, now_ns)
        self._work.finish([], [], now_ns, last=completion(self._voice.terminal_id, said.currency))


def _amount_in(apdu: Apdu) -> Order:
    """Return what a payment says. Raises: ZvtError where it says no amount."""
    order = read_order(apdu)
    if not order.amount:
        raise ZvtError("a payment has an amount")
    return order
