"""Takes the journal to the broker: one drainer per terminal, never concurrent with itself, for ever.

The outbox is no second table: it is the journal's records above the broker's high-water. One batch
is on its way at a time; its answer moves the high-water, and nothing is deleted. New sales only
append. What can happen to a batch, and what follows:

    accepted       noted durably, then the next one; questions are kept for the supervisor
    gap            sent again from where the broker stands
    busy           not before it said, and a little later than that
    silence        again after 1, 2, 5, 15, 30, 60, 60, ... s; at once on new records or a reconnect
    too large      again with half as many records
    fork, epoch closed, refused
                   a loud notice; a slow look whether a manager has mended it; selling goes on

Documents that the broker has in a newer version are pulled, verified, stored and told.
Source: clerk-and-courier.md 2.3, broker.md 3.3.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pos.broker_client import BrokerClient, Reached
from pos.broker_link import Busy, Failure, NotReached, Refused, Silent
from pos.messages import Language, notice
from pos.pushed import NotTaken, Puller, Taken, number
from pos.store.chains import Acknowledged, QuestionRow, QueueCounts
from pos.store.errors import StoreError
from pos.store.store import Store
from pos.store.threads import StoreRunner
from pos.upload import Load, load_body, next_load
from pos.view import Notice, QueueView
from protocols.batch import (
    BYTES_MAX,
    RECORDS_MAX,
    BatchAccepted,
    BatchEpochClosed,
    BatchFork,
    BatchGap,
    BatchRefused,
)
from protocols.broker import PURSE_COMMANDS
from protocols.enrolment import Certificate
from protocols.ports import Entropy, FaultPoints

BACK_OFF_SECONDS: Final = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)
JITTER: Final = 0.25
"""A wait is up to so much longer than its table says, so that a street of tills does not march."""
BUSY_SECONDS: Final = 5.0
"""Where the broker does not say when."""
MENDED_SECONDS: Final = 300.0
"""Between two looks whether a refused terminal is taken again."""
PROBE_SECONDS: Final = 60.0
"""Between two questions whether the broker is there, while there is nothing to send."""
QUESTIONS_SHOWN_MAX: Final = 20

Point = Literal["before_upload", "after_upload_sent", "after_acknowledge"]
POINTS: Final[tuple[Point, ...]] = ("before_upload", "after_upload_sent", "after_acknowledge")
"""Named places for FaultPoints, in the order in which a batch passes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """Who uploads."""

    certificate: Certificate
    identity: Ed25519PrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """Who hears of what the outbox does; each is called on the loop and returns at once."""

    queue: Callable[[QueueView], None]
    """The numbers of the queue screen, whenever one changed."""
    notice: Callable[[Notice], None]
    """NET-01, NET-03, NET-04, NET-05, each once when it begins to hold."""
    document: Callable[[str], None]
    """The name of a document whose newer version is in the store now."""
    failed: Callable[[StoreError], None]
    """The store failed under the outbox, which has ended; selling stops too."""
    commands: Callable[[int], None] = lambda newest: None
    """The number of the broker's newest command for a purse, each time it tells it; 0: there is none."""


@dataclass(frozen=True, slots=True)
class _Next:
    """Go on at once."""


@dataclass(frozen=True, slots=True)
class _Wait:
    """Wait so long; new records cut it short, unless the broker itself asked for it."""

    seconds: float
    may_be_woken: bool = True


_Step = _Next | _Wait


class Outbox:
    """The one drainer of a terminal."""

    def __init__(
        self,
        *,
        terminal: Terminal,
        store: StoreRunner,
        client: BrokerClient,
        puller: Puller,
        entropy: Entropy,
        faults: FaultPoints,
        listeners: Listeners,
        language: Language = "ko",
    ) -> None:
        self._terminal = terminal
        self._store = store
        self._client = client
        self._puller = puller
        self._entropy = entropy
        self._faults = faults
        self._listeners = listeners
        self._language = language
        self._woken = asyncio.Event()
        self._running = False
        self._failures = 0
        self._records_max = RECORDS_MAX
        self._cursor: int | None = None
        """Where the broker told us to send from, when that is not our high-water."""
        self._link: Literal["online", "offline", "sending", "refused"] = "offline"
        self._halted = ""
        self._questioned = 0
        self.view = QueueView("offline")
        """The newest numbers."""

    def wake(self) -> None:
        """Say that there are new records, or that the network is back."""
        self._woken.set()

    async def run(self) -> None:
        """Drain until cancelled, or until the store fails. One at a time."""
        assert not self._running, "one drainer per terminal, never concurrent with itself"
        self._running = True
        try:
            await self._show()
            while True:
                self._woken.clear()
                step = await self._step()
                await self._show()
                if isinstance(step, _Wait):
                    await self._rest(step)
        except StoreError as error:
            self._link = "offline"
            self._listeners.failed(error)
        finally:
            self._running = False

    async def _rest(self, wait: _Wait) -> None:
        """Wait; what is sold meanwhile is counted, and may cut the wait short."""
        loop = asyncio.get_running_loop()
        end = loop.time() + wait.seconds
        while (left := end - loop.time()) > 0:
            try:
                async with asyncio.timeout(left):
                    await self._woken.wait()
            except TimeoutError:
                return
            if wait.may_be_woken:
                return
            self._woken.clear()
            await self._show()

    async def _step(self) -> _Step:
        load = await self._store.run(self._load)
        if not load.records:
            return await self._probe()
        if self._link == "online":
            self._link = "sending"
            await self._show()
        return await self._send(load)

    def _load(self, store: Store) -> Load:
        return next_load(
            store,
            after=self._cursor,
            most=self._records_max,
            documents=self._puller.versions(store),
        )

    async def _probe(self) -> _Step:
        """Nothing to send: see whether the broker is there, and whether it has newer documents."""
        answer = await self._client.health()
        if not isinstance(answer, Reached):
            return self._lost(_asked_for(answer))
        self._found(0)
        await self._pull(answer.documents)
        return _Wait(self._jittered(PROBE_SECONDS))

    async def _send(self, load: Load) -> _Step:
        body = load_body(load, self._terminal.identity)
        if len(body) > BYTES_MAX and len(load.records) > 1:
            return self._halve(len(load.records))
        self._faults.reach("before_upload")
        answer = await self._client.post_batch(body)
        self._faults.reach("after_upload_sent")
        match answer:
            case BatchAccepted():
                return await self._accepted(load, answer)
            case BatchGap(expected=expected):
                return await self._gap(load, expected)
            case BatchFork(sequence=sequence):
                return self._halt("fork", f"#{sequence}")
            case BatchEpochClosed():
                return self._halt("epoch_closed", "")
            case BatchRefused(code="busy"):
                return self._lost(BUSY_SECONDS)
            case BatchRefused(code="too_large") if len(load.records) > 1:
                return self._halve(len(load.records))
            case BatchRefused(code=code):
                return self._halt(code, "")
            case Refused(problem=problem):
                return self._halt(problem.error, "")
            case NotReached() | Silent() | Busy():
                return self._lost(_asked_for(answer))

    async def _accepted(self, load: Load, answer: BatchAccepted) -> _Step:
        taken = await self._store.run(lambda store: store.acknowledge(answer))
        if taken is Acknowledged.DISAGREES:
            return self._halt("disagrees", "")
        self._faults.reach("after_acknowledge")
        if answer.high_water <= load.after:
            # It said yes and took nothing: going on at once would never end.
            return self._lost(None)
        self._found(len(load.records))
        chain = await self._store.run(lambda store: store.chains.current())
        self._cursor = answer.high_water if answer.high_water < chain.high_water else None
        self._records_max = min(RECORDS_MAX, 2 * self._records_max)
        await self._pull(answer.documents)
        if answer.high_water < chain.sequence:
            return _Next()
        # It has said all that a probe would ask.
        return _Wait(self._jittered(PROBE_SECONDS))

    async def _gap(self, load: Load, expected: int) -> _Step:
        """Send from where the broker stands; it may have been set back to an older copy of itself."""
        newest, _ = await self._store.run(lambda store: store.head())
        if not 1 <= expected <= newest:
            # It knows records that this till does not: the till's own folder is an older copy.
            return self._halt("older_copy", f"#{expected}")
        if expected - 1 == load.after:
            return self._lost(None)
        self._cursor = expected - 1
        return _Next()

    def _halve(self, records: int) -> _Step:
        self._records_max = max(1, records // 2)
        return _Next()

    def _found(self, sent: int) -> None:
        """The broker answers and takes this terminal."""
        if self._failures and sent:
            self._tell("NET-03", count=self.view.waiting, sent=sent)
        self._link, self._halted, self._failures = "online", "", 0

    def _lost(self, seconds: float | None) -> _Step:
        """The broker is not there, or asks for time. `seconds` is what it asked for."""
        if not self._failures:
            self._tell("NET-01", count=self.view.waiting)
        back_off = BACK_OFF_SECONDS[min(self._failures, len(BACK_OFF_SECONDS) - 1)]
        self._failures += 1
        self._link = "offline"
        if seconds is not None:
            return _Wait(self._jittered(seconds), may_be_woken=False)
        return _Wait(self._jittered(back_off))

    def _halt(self, code: str, detail: str) -> _Step:
        """The broker will not take this terminal's records as it is: say so once, look now and then."""
        self._link = "refused"
        if self._halted != code:
            self._halted = code
            self._tell("NET-05", reason=f"{code} {detail}".strip())
        return _Wait(self._jittered(MENDED_SECONDS), may_be_woken=False)

    def _jittered(self, seconds: float) -> float:
        share = int.from_bytes(self._entropy.token(2)) / 65_536
        return seconds * (1 + JITTER * share)

    async def _pull(self, offered: dict[str, str]) -> None:
        self._listeners.commands(number(offered.get(PURSE_COMMANDS, "")))
        for pulled in await self._puller.pull(offered):
            match pulled:
                case Taken(name=name):
                    self._listeners.document(name)
                case NotTaken(name=name, version=version):
                    self._tell("NET-05", reason=f"{name} {version}")

    def _tell(self, code: str, **blanks: str | int) -> None:
        self._listeners.notice(notice(code, self._language, **blanks))

    async def _show(self) -> None:
        """Publish the numbers where one has changed."""
        counts, asked = await self._store.run(_counts)
        view = QueueView(
            self._link,
            waiting=counts.waiting,
            sent=counts.sent,
            in_doubt=counts.in_doubt,
            questioned=counts.questioned,
            owed=counts.owed,
            rows=self._rows(asked),
        )
        if counts.questioned > self._questioned:
            self._tell("NET-04", count=counts.questioned)
        self._questioned = counts.questioned
        if view != self.view:
            self.view = view
            self._listeners.queue(view)

    def _rows(self, asked: Sequence[QuestionRow]) -> tuple[tuple[str, str, str], ...]:
        korean = self._language == "ko"
        remedy = _REMEDIES.get(self._halted, _REMEDY)[not korean]
        refused = [("refused", self._halted, remedy)] if self._halted else []
        questions = [
            ("questioned", f"#{row.sequence}", row.sentence_ko if korean else row.sentence_en)
            for row in asked
        ]
        return (*refused, *questions)


_REMEDY: Final = (
    "기록은 여기 있습니다. 계속 판매하세요. 관리자: ips-broker terminal add 뒤 ips-pos enrol",
    "Records are kept here. Keep selling. Manager: ips-broker terminal add, then ips-pos enrol",
)
_REMEDIES: Final = {
    "suspended": (
        "기록은 여기 있습니다. 계속 판매하세요. 관리자: ips-broker terminal resume",
        "Records are kept here. Keep selling. Manager: ips-broker terminal resume",
    ),
}
"""What to do about a refusal, in Korean and English, by its code."""


def _counts(store: Store) -> tuple[QueueCounts, list[QuestionRow]]:
    counts = store.queue()
    return counts, store.chains.questions(QUESTIONS_SHOWN_MAX) if counts.questioned else []


def _asked_for(answer: Failure) -> float | None:
    """Return the seconds that the broker asked for; None where it said nothing at all."""
    match answer:
        case Busy(retry_after_seconds=seconds):
            return seconds or BUSY_SECONDS
        case _:
            return None
