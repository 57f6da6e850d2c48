"""What a receipt printer says of itself, asked and unasked; silence is its own answer.

    opened   DLE EOT 1, 2, 3, 4 one after the other, then GS a: from now on it tells of changes (ASB)
    then     DLE EOT 1 every 10 s as a sign of life; all four every 2 s where ASB never came

All four answers look alike, so one question is out at a time, and one that is not answered is asked
again until it is: an answer that comes late still belongs to it. Answers owed for the repeats are waited
for and dropped before the next question. Two silences in a row make the printer SILENT: nothing is known
of it any more. Where noise comes, statuses beside it are not believed.

States: CLOSED -> ASKING -> ANSWERING <-> SILENT.
Source: protocols/escpos (answers, status); Epson DLE EOT, GS a.
"""

from collections import deque
from enum import Enum
from typing import Final

from protocols.escpos.answers import (
    Answer,
    AnswerDecoder,
    Identity,
    QueuedStatus,
    RealtimeStatus,
    StatusBack,
    Stray,
    encode_answer,
)
from protocols.escpos.codes import RealtimeQuestion, StatusGroup
from protocols.escpos.commands import AskRealtime, SetStatusBack
from protocols.escpos.encode import encode
from protocols.escpos.status import (
    SILENT,
    Cover,
    Cutter,
    Fault,
    Online,
    Paper,
    PrinterStatus,
)
from protocols.escpos.status import with_realtime as with_answer
from protocols.ports import NANOSECONDS_PER_SECOND

ANSWER_TIMEOUT_NS: Final = NANOSECONDS_PER_SECOND
PATIENCE_MAX_NS: Final = 8 * NANOSECONDS_PER_SECOND
"""A printer that has answered late is given twice its time, up to this."""
MISSES_MAX: Final = 2
"""So many unanswered questions in a row, and the printer is silent."""
SILENT_INTERVAL_NS: Final = 2 * NANOSECONDS_PER_SECOND
"""How often a silent printer is asked."""
LIFE_INTERVAL_NS: Final = 10 * NANOSECONDS_PER_SECOND
POLL_INTERVAL_NS: Final = 2 * NANOSECONDS_PER_SECOND
LATE_MAX_NS: Final = 5 * NANOSECONDS_PER_SECOND
"""An answer that late is not waited for any more."""
OWED_MAX: Final = 3
"""So many answers to repeats can still be on their way within that time."""
BLOCK_TIMEOUT_NS: Final = 500_000_000
"""An answer of several bytes is complete within this."""
NOISE_NS: Final = 500_000_000
"""Beside noise, for this long, nothing is believed."""
GARBAGE_MIN: Final = 8
"""So many stray bytes since the last good answer mean a wrong line setting."""


class Presence(Enum):
    """Whether the printer answers."""

    CLOSED = "closed"
    """No link."""
    ASKING = "asking"
    """Opened a moment ago; nothing heard yet."""
    ANSWERING = "answering"
    SILENT = "silent"


class PrinterWatch:
    """Asks, listens, and knows; a pure machine."""

    def __init__(self) -> None:
        self.presence = Presence.CLOSED
        self.status: PrinterStatus = SILENT
        self.garbage_count = 0
        """Bytes that were no answer, since the watch was made."""
        self.rounds = 0
        """How often all four questions have been answered."""
        self._decoder = AnswerDecoder()
        self._queue: deque[RealtimeQuestion] = deque(maxlen=len(RealtimeQuestion))
        self._asked: RealtimeQuestion | None = None
        self._next_ask_ns = 0
        self._asked_at_ns = 0
        self._patience_ns = ANSWER_TIMEOUT_NS
        self._misses = 0
        self._owed = 0
        self._owed_until_ns = 0
        self.back_seen = False
        """It tells of changes by itself."""
        self._want_back = False
        self._block_due_ns: int | None = None
        self._noise_until_ns = 0
        self._strays_in_a_row = 0
        self._doubted = False
        """A paper was not proved, and it has not answered all questions since."""

    @property
    def able(self) -> bool:
        """Say whether it answers and nothing it said keeps it from printing."""
        status = self.status
        return (
            self.presence is Presence.ANSWERING
            and not self._doubted
            and status.online is Online.ONLINE
            and status.paper is not Paper.OUT
            and status.cover is not Cover.OPEN
            and status.cutter is not Cutter.JAMMED
            and status.fault not in (Fault.RECOVERABLE, Fault.UNRECOVERABLE)
        )

    @property
    def garbled(self) -> bool:
        """Say whether what comes is mostly garbage."""
        return self._strays_in_a_row >= GARBAGE_MIN

    @property
    def deadline_ns(self) -> int | None:
        """When there is something to ask, repeat or give up."""
        if self.presence is Presence.CLOSED:
            return None
        waits = [self._next_ask_ns]
        if self._block_due_ns is not None:
            waits.append(self._block_due_ns)
        return min(waits)

    def opened(self, now_ns: int) -> None:
        """Begin to ask; nothing is known."""
        self._forget()
        self.presence = Presence.ASKING
        self._queue.extend(RealtimeQuestion)
        self._next_ask_ns = now_ns

    def doubt(self, now_ns: int) -> None:
        """Ask everything anew, now: it may have been switched off and on, and has told nobody."""
        self._doubted = True
        self.back_seen = False
        self._begin_round()
        if self._asked is None:
            self._next_ask_ns = now_ns

    def lost(self) -> None:
        """Know nothing any more."""
        self._forget()
        self.presence = Presence.CLOSED

    def receive(self, data: bytes, now_ns: int) -> list[Answer]:
        """Take bytes; return the answers that are not about status (print-done, XON, XOFF)."""
        answers = self._decoder.receive(data)
        self._block_due_ns = now_ns + BLOCK_TIMEOUT_NS if self._decoder.unfinished else None
        return [answer for answer in answers if not self._take(answer, now_ns)]

    def ask_all(self, now_ns: int) -> None:
        """Ask all four questions anew, now; what ASB tells is not asked."""
        if self.presence is Presence.CLOSED:
            return
        waiting = tuple(self._queue)
        self._queue.extend(question for question in self._round() if question not in waiting)
        if self._asked is None:
            self._next_ask_ns = now_ns

    def tick(self, now_ns: int) -> None:
        """Give up what is due."""
        if self._block_due_ns is not None and now_ns >= self._block_due_ns:
            self._block_due_ns = None
            for stray in self._decoder.give_up():
                self._take(stray, now_ns)
            # Giving up the block gave up the questions too; these are still open.
            for _ in range(self._owed + (self._asked is not None)):
                self._decoder.expect_realtime()
        if self._owed and now_ns >= self._owed_until_ns:
            self._owed = 0

    def outgoing(self, now_ns: int) -> bytes:
        """Return the next question, when it is time for it."""
        if self.presence is Presence.CLOSED or now_ns < self._next_ask_ns:
            return b""
        if self._asked is not None:
            self._miss()
            return self._ask(self._asked, now_ns)
        data = self._switch_back_on()
        if self._owed:
            # Answers to repeated questions are still on their way.
            self._next_ask_ns = self._owed_until_ns
            return data
        if not self._queue and data:
            self._next_ask_ns = now_ns + POLL_INTERVAL_NS
            return data
        if not self._queue:
            self._begin_round()
        return data + self._ask(self._queue.popleft(), now_ns)

    def _forget(self) -> None:
        self.status = SILENT
        self._decoder = AnswerDecoder()
        self._queue.clear()
        self._asked = None
        self._patience_ns = ANSWER_TIMEOUT_NS
        self._block_due_ns = None
        self._misses = self._owed = self._strays_in_a_row = 0
        self._next_ask_ns = self._owed_until_ns = self._noise_until_ns = 0
        self.back_seen = self._want_back = self._doubted = False

    def _begin_round(self) -> None:
        self._queue.clear()
        self._queue.extend(self._round())

    def _round(self) -> tuple[RealtimeQuestion, ...]:
        """What ASB changes it says by itself: then one question is a sign of life."""
        return (RealtimeQuestion.PRINTER,) if self.back_seen else tuple(RealtimeQuestion)

    def _ask(self, question: RealtimeQuestion, now_ns: int) -> bytes:
        if self._asked is question:
            self._owed = min(self._owed + 1, OWED_MAX)
            self._owed_until_ns = now_ns + LATE_MAX_NS
        else:
            self._asked_at_ns = now_ns
        self._asked = question
        silent = self.presence is Presence.SILENT
        self._next_ask_ns = now_ns + (SILENT_INTERVAL_NS if silent else self._patience_ns)
        self._decoder.expect_realtime()
        return encode(AskRealtime(question))

    def _switch_back_on(self) -> bytes:
        if not self._want_back:
            return b""
        self._want_back = False
        self._decoder.expect_back()
        return encode(SetStatusBack(StatusGroup.ALL))

    def _miss(self) -> None:
        self._misses += 1
        if self._misses >= MISSES_MAX:
            self.presence = Presence.SILENT
            self.status = SILENT
            self.back_seen = False

    def _take(self, answer: Answer, now_ns: int) -> bool:
        """Take one answer; False if it is for somebody else."""
        match answer:
            case Stray() | QueuedStatus() | Identity():
                # Nobody asked GS r or GS I: text that happens to have their shape is noise.
                size = len(encode_answer(answer))
                self.garbage_count += size
                self._strays_in_a_row += size
                self._noise_until_ns = now_ns + NOISE_NS
            case RealtimeStatus() | StatusBack() if now_ns < self._noise_until_ns:
                self.garbage_count += len(encode_answer(answer))
            case RealtimeStatus(byte):
                self._take_status(byte, now_ns)
            case StatusBack(status):
                self.status = status
                self.back_seen = True
                self._alive()
            case _:
                return False
        return True

    def _take_late(self, now_ns: int) -> None:
        """Take an answer to nothing that is out: one owed for a repeat, or noise."""
        if not self._owed:
            self.garbage_count += 1
            return
        self._owed -= 1
        if not self._owed:
            self._next_ask_ns = now_ns

    def _take_status(self, byte: int, now_ns: int) -> None:
        if self._asked is None:
            self._take_late(now_ns)
            return
        took_ns = now_ns - self._asked_at_ns
        self._patience_ns = max(ANSWER_TIMEOUT_NS, min(2 * took_ns, PATIENCE_MAX_NS))
        before = self.status
        self.status = with_answer(before, self._asked, byte)
        self._asked = None
        self._owed_until_ns = now_ns + LATE_MAX_NS
        unsaid = self.back_seen and (self.status.online, self.status.drawer) != (
            before.online,
            before.drawer,
        )
        if unsaid or self.presence is Presence.SILENT:
            # It changed without telling, or was gone: switched off and on, it has forgotten GS a.
            self.back_seen = False
            self._want_back = True
            self._begin_round()
        self._alive()
        if self._queue:
            self._next_ask_ns = now_ns
            return
        self.rounds += 1
        self._doubted = False
        self._want_back = not self.back_seen
        self._next_ask_ns = now_ns + (LIFE_INTERVAL_NS if self.back_seen else 0)

    def _alive(self) -> None:
        self.presence = Presence.ANSWERING
        self._misses = 0
        self._strays_in_a_row = 0
