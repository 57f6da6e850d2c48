"""The outbox in virtual time: whatever the wire and the broker do, nothing is lost and nothing doubled."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pos.catalogue import load_catalogue
from pos.outbox import (
    BACK_OFF_SECONDS,
    BUSY_SECONDS,
    JITTER,
    MENDED_SECONDS,
    POINTS,
    PROBE_SECONDS,
    Listeners,
    Outbox,
    Terminal,
)
from pos.pushed import Puller
from pos.store.errors import StoreError
from pos.view import Notice, QueueView
from protocols.batch import (
    RECORDS_MAX,
    BatchAccepted,
    BatchEpochClosed,
    BatchFork,
    BatchGap,
    BatchRefused,
    Question,
)
from protocols.catalogue import Catalogue, Item
from protocols.documents import Policy
from protocols.journal import genesis
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from tests.support.joined_till import JoinedTill, till_in
from tests.support.small_broker import LossyTransport, ProblemError, SmallBroker, Wire

Story = Callable[[JoinedTill], Coroutine[Any, Any, None]]
LONG = 6 * 3600.0


class KilledError(Exception):
    """The process is gone, as far as this test is concerned."""


@dataclass
class Points:
    """Counts the named places and may end the outbox at one of them."""

    kill_at: str = ""
    reached: list[str] = field(default_factory=list)

    def reach(self, point: str) -> None:
        self.reached.append(point)
        if point == self.kill_at:
            raise KilledError(point)


@dataclass
class Heard:
    """Everything that the outbox told."""

    views: list[QueueView] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    failures: list[StoreError] = field(default_factory=list)
    commands: list[int] = field(default_factory=list)

    def codes(self) -> list[str]:
        return [notice.code for notice in self.notices]

    def listeners(self) -> Listeners:
        return Listeners(
            queue=self.views.append,
            notice=self.notices.append,
            document=self.documents.append,
            failed=self.failures.append,
            commands=self.commands.append,
        )


def make(till: JoinedTill, heard: Heard, points: Points | None = None) -> Outbox:
    """Return the outbox of an enrolled till."""
    certificate, identity = till.client._certificate, till.client._identity
    assert certificate and identity
    return Outbox(
        terminal=Terminal(certificate=certificate, identity=identity),
        store=till.runner,
        client=till.client,
        puller=Puller(
            client=till.client, store=till.runner, broker_key=certificate.broker, clock=till.clock
        ),
        entropy=till.entropy.fork("outbox"),
        faults=points or Points(),
        listeners=heard.listeners(),
        language="en",
    )


@asynccontextmanager
async def draining(till: JoinedTill, heard: Heard | None = None) -> AsyncIterator[Outbox]:
    """Run an outbox in the background."""
    outbox = make(till, heard or Heard())
    task = asyncio.create_task(outbox.run())
    try:
        yield outbox
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() or task.exception() is None, task.exception()


def play(folder: Path, story: Story, seed: int = 0) -> None:
    """Run a story of an enrolled till in virtual time."""

    async def told(clock: VirtualClock, entropy: SeededEntropy) -> None:
        with till_in(folder, clock, entropy) as till:
            await story(await till.joined())

    run(told, seed=seed)


def all_arrived(till: JoinedTill) -> bool:
    """Tell whether the broker has each record once, in order, and the till knows it."""
    return till.at_broker() == till.in_journal() and till.store.high_water() == till.store.head()[0]


def test_backlog_goes_in_batches_of_five_hundred(tmp_path: Path) -> None:
    """1,203 records are three batches, one at a time, in order."""

    async def story(till: JoinedTill) -> None:
        till.sell(1203)
        heard = Heard()
        async with draining(till, heard) as outbox:
            await asyncio.sleep(1)
            assert till.broker.batches == [RECORDS_MAX, RECORDS_MAX, 203]
            assert all_arrived(till)
            assert (outbox.view.link, outbox.view.waiting, outbox.view.sent) == ("online", 0, 1203)
        assert [v.waiting for v in heard.views if v.link != "offline"][:1] == [703]
        assert heard.codes() == []

    play(tmp_path, story)


def test_new_record_leaves_at_once(tmp_path: Path) -> None:
    """No timer between a sale and its upload: the till wakes the outbox."""

    async def story(till: JoinedTill) -> None:
        async with draining(till) as outbox:
            await asyncio.sleep(10)
            for _ in range(3):
                till.sell()
                outbox.wake()
                await asyncio.sleep(0.001)
                assert all_arrived(till)
        assert till.broker.batches == [1, 1, 1]

    play(tmp_path, story)


def test_idle_outbox_asks_once_a_minute_whether_the_broker_is_there(tmp_path: Path) -> None:
    """The lamp is true also while nobody buys."""

    async def story(till: JoinedTill) -> None:
        heard = Heard()
        async with draining(till, heard) as outbox:
            await asyncio.sleep(3600)
            probes = till.wire.tries.count("/v1/health")
            assert 3600 / (PROBE_SECONDS * (1 + JITTER)) <= probes <= 3600 / PROBE_SECONDS + 1
            till.wire.state = Wire.NO_ROUTE
            await asyncio.sleep(2 * PROBE_SECONDS)
            assert outbox.view.link == "offline" and heard.codes() == ["NET-01"]
            till.wire.state = Wire.GOOD
            await asyncio.sleep(2 * PROBE_SECONDS)
            assert outbox.view.link == "online"

    play(tmp_path, story)


def test_answer_to_a_batch_spares_the_probe(tmp_path: Path) -> None:
    """The broker has just spoken: it is asked again a minute later, not behind every sale."""

    async def story(till: JoinedTill) -> None:
        async with draining(till) as outbox:
            await asyncio.sleep(1)
            till.wire.tries.clear()
            for _ in range(20):
                till.sell()
                outbox.wake()
                await asyncio.sleep(PROBE_SECONDS / 2)
            assert all_arrived(till) and till.wire.tries.count("/v1/health") == 0
            await asyncio.sleep(2 * PROBE_SECONDS)
            assert till.wire.tries.count("/v1/health") >= 1

    play(tmp_path, story)


def test_newest_command_for_purses_is_told_with_every_answer(tmp_path: Path) -> None:
    """With a batch and with a probe; a number that is none is 0, and no document is asked for."""

    async def story(till: JoinedTill) -> None:
        heard = Heard()
        told = {"purse-commands": "7"}
        till.broker.versions = lambda: dict(told)  # type: ignore[method-assign]
        async with draining(till, heard) as outbox:
            await asyncio.sleep(1)
            assert heard.commands == [7]
            told["purse-commands"] = "8"
            till.sell()
            outbox.wake()
            await asyncio.sleep(1)
            assert heard.commands[:2] == [7, 8]
            told["purse-commands"] = "many"
            await asyncio.sleep(2 * PROBE_SECONDS)
            assert heard.commands[-1] == 0
        assert heard.documents == [] and not any("documents" in path for path in till.wire.tries)

    play(tmp_path, story)


def test_back_off_is_as_the_table_says_with_jitter_and_for_ever(tmp_path: Path) -> None:
    """1, 2, 5, 15, 30, 60, 60 ... s, each up to a quarter longer; after six hours it still tries."""

    async def story(till: JoinedTill) -> None:
        till.sell()
        till.wire.state = Wire.NO_ROUTE
        times: list[float] = []
        plain = till.client.post_batch

        async def timed(body: bytes) -> Any:
            times.append(asyncio.get_running_loop().time())
            return await plain(body)

        till.client.post_batch = timed  # type: ignore[method-assign]
        async with draining(till):
            await asyncio.sleep(LONG)
        waits = [after - before for before, after in pairwise(times)]
        steps = [*BACK_OFF_SECONDS, *[60.0] * len(waits)]
        assert len(waits) > 250
        assert all(
            step <= wait <= step * (1 + JITTER) + 1e-6
            for step, wait in zip(steps, waits, strict=False)
        )
        assert len({round(wait, 3) for wait in waits[6:]}) > 100, "jitter differs"

    play(tmp_path, story)


def test_wake_cuts_a_back_off_short_and_success_forgets_it(tmp_path: Path) -> None:
    """The cable is back: what waited is sent now; NET-01 once, NET-03 once."""

    async def story(till: JoinedTill) -> None:
        till.sell(2)
        till.wire.state = Wire.NO_ROUTE
        heard = Heard()
        async with draining(till, heard) as outbox:
            await asyncio.sleep(200)
            till.wire.state = Wire.GOOD
            outbox.wake()
            await asyncio.sleep(0.001)
            assert all_arrived(till)
        assert heard.codes() == ["NET-01", "NET-03"]

    play(tmp_path, story)


@pytest.mark.parametrize("wire", [w for w in Wire if w is not Wire.GOOD])
def test_lost_batch_is_sent_again_and_stands_once(tmp_path: Path, wire: Wire) -> None:
    """Request lost, answer lost, line cut: at the broker each record stands once."""

    async def story(till: JoinedTill) -> None:
        till.sell(5)
        till.wire.plan = [wire, wire, wire]
        async with draining(till):
            await asyncio.sleep(300)
        assert all_arrived(till)

    play(tmp_path, story)


def test_gap_is_filled_from_where_the_broker_stands(tmp_path: Path) -> None:
    """The broker was restored from yesterday: it gets again what the till still has."""

    async def story(till: JoinedTill) -> None:
        till.sell(700)
        async with draining(till) as outbox:
            await asyncio.sleep(1)
            life = ("01", 1)
            del till.broker.hashes[life][100:], till.broker.records[life][100:]
            till.sell(1)
            outbox.wake()
            await asyncio.sleep(1)
            assert all_arrived(till)
            till.sell(1)
            outbox.wake()
            await asyncio.sleep(1)
            assert all_arrived(till)
        assert till.broker.batches == [500, 200, 1, 500, 101, 1]

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (BatchFork(sequence=1, known_hash="00"), "fork"),
        (BatchEpochClosed(epoch=1), "epoch_closed"),
        (BatchRefused(code="suspended", reason="x"), "suspended"),
        (BatchRefused(code="quarantined", reason="x"), "quarantined"),
        (BatchRefused(code="signature", reason="x"), "signature"),
        (BatchRefused(code="malformed", reason="x"), "malformed"),
        (ProblemError(403, "unknown_terminal"), "unknown_terminal"),
        (BatchGap(expected=10_000), "older_copy"),
        (BatchGap(expected=0), "older_copy"),
    ],
)
def test_refusal_is_told_once_and_looked_at_again_while_selling_goes_on(
    tmp_path: Path, said: Any, reason: str
) -> None:
    """A manager may mend it; until then no storm of batches, and every sale is still stored."""

    async def story(till: JoinedTill) -> None:
        till.sell()
        till.broker.says = [said] * 3
        heard = Heard()
        async with draining(till, heard) as outbox:
            for _ in range(60):
                await asyncio.sleep(MENDED_SECONDS / 60 * 2)
                till.sell()
                outbox.wake()
            await asyncio.sleep(0.01)
            assert len(till.broker.batches) in (2, 3)
            assert heard.codes() == ["NET-05"] and reason in heard.notices[0].banner
            assert outbox.view.link == "refused"
            assert outbox.view.rows[0][:2] == ("refused", reason)
            assert "ips-broker terminal" in outbox.view.rows[0][2]
            assert (outbox.view.waiting, outbox.view.sent) == (61, 0)
            await asyncio.sleep(3 * MENDED_SECONDS)
            assert all_arrived(till)
            assert outbox.view.rows == ()
            assert outbox.view.link == "online"

    play(tmp_path, story)


@pytest.mark.parametrize(("after", "least"), [("40", 40.0), ("", BUSY_SECONDS)])
def test_busy_broker_is_not_asked_before_it_said(tmp_path: Path, after: str, least: float) -> None:
    """New sales do not cut a Retry-After short."""

    async def story(till: JoinedTill) -> None:
        till.sell()
        till.broker.says = [ProblemError(503, "busy", {"retry-after": after})]
        async with draining(till) as outbox:
            while asyncio.get_running_loop().time() < 1000 + least:
                till.sell()
                outbox.wake()
                await asyncio.sleep(0.5)
                assert len(till.broker.batches) == 1
            await asyncio.sleep(least * JITTER + 0.01)
            assert all_arrived(till)

    play(tmp_path, story)


def test_too_large_batch_is_halved_until_it_fits(tmp_path: Path) -> None:
    """A broker with a smaller limit gets smaller batches, then larger ones again."""

    async def story(till: JoinedTill) -> None:
        till.sell(500)
        till.broker.says = [BatchRefused(code="too_large", reason="x")] * 2
        async with draining(till):
            await asyncio.sleep(1)
        assert till.broker.batches == [500, 250, 125, 250, 125]
        assert all_arrived(till)

    play(tmp_path, story)


def test_single_record_that_is_too_large_stops_with_a_notice(tmp_path: Path) -> None:
    """It cannot be halved: said once, looked at again later, and gone when the broker takes it."""

    async def story(till: JoinedTill) -> None:
        till.sell()
        till.broker.says = [BatchRefused(code="too_large", reason="x")] * 2
        heard = Heard()
        async with draining(till, heard):
            await asyncio.sleep(4 * MENDED_SECONDS)
        assert heard.codes() == ["NET-05"] and till.broker.batches == [1, 1, 1]
        assert all_arrived(till)

    play(tmp_path, story)


def test_yes_that_takes_nothing_is_no_progress(tmp_path: Path) -> None:
    """A broker that says accepted and moves nothing is backed off from, not looped on."""

    async def story(till: JoinedTill) -> None:
        till.sell()
        nothing = BatchAccepted(
            accepted=0,
            duplicates=0,
            high_water=0,
            head=genesis("01", 1).hex(),
            server_time_ns=0,
        )
        till.broker.says = [nothing] * 5
        async with draining(till):
            await asyncio.sleep(30)
            assert len(till.broker.batches) <= 5
            await asyncio.sleep(300)
        assert all_arrived(till)

    play(tmp_path, story)


def test_broker_whose_chain_is_not_ours_stops_the_upload(tmp_path: Path) -> None:
    """Its head differs: nothing is marked as sent, somebody must look."""

    async def story(till: JoinedTill) -> None:
        till.sell()
        wrong = BatchAccepted(
            accepted=1, duplicates=0, high_water=1, head="00" * 32, server_time_ns=0
        )
        till.broker.says = [wrong]
        heard = Heard()
        async with draining(till, heard):
            await asyncio.sleep(1)
            assert till.store.high_water() == 0
            assert heard.codes() == ["NET-05"] and "disagrees" in heard.notices[0].banner

    play(tmp_path, story)


def test_questions_are_kept_and_told(tmp_path: Path) -> None:
    """NET-04 and the queue page: a fact is accepted, and asked about."""

    async def story(till: JoinedTill) -> None:
        till.sell(2)
        asked = Question(
            sequence=2, code="total-mismatch", sentence_ko="합계?", sentence_en="total?"
        )
        till.broker.questions = {2: [asked]}
        heard = Heard()
        async with draining(till, heard) as outbox:
            await asyncio.sleep(1)
            assert (outbox.view.questioned, outbox.view.waiting) == (1, 0)
            assert outbox.view.rows == (("questioned", "#2", "total?"),)
        assert heard.codes() == ["NET-04"]

    play(tmp_path, story)


def test_newer_documents_are_pulled_verified_and_told(tmp_path: Path) -> None:
    """Named in the answer to a batch, or in the health while idle; the next batch tells our versions."""

    async def story(till: JoinedTill) -> None:
        till.broker.publish("policy", 2, Policy(vat_percent=8))
        pushed = Catalogue(
            version="broker-7", items=[Item(sku="1", name_ko="물", name_en="water", price=5)]
        )
        heard = Heard()
        async with draining(till, heard) as outbox:
            await asyncio.sleep(1)
            assert heard.documents == ["policy"]
            till.broker.publish("catalogue", 7, pushed)
            till.sell()
            outbox.wake()
            await asyncio.sleep(1)
            assert heard.documents == ["policy", "catalogue"]
            assert load_catalogue(till.store.database) == pushed
            await asyncio.sleep(600)
        assert till.broker.seen.count("GET /v1/documents/policy") == 1
        assert Puller.versions(till.store) == {"policy": "2", "catalogue": "7"}

    play(tmp_path, story)


@pytest.mark.parametrize("fault", ["signature", "shape", "price", "name", "older"])
def test_document_that_is_not_right_leaves_the_one_before(tmp_path: Path, fault: str) -> None:
    """Refused once, not asked for again until there is a newer one; selling from the old list."""

    async def story(till: JoinedTill) -> None:
        item = Item(sku="1", name_ko="물", name_en="water", price=5)
        good = Catalogue(version="v1", items=[item])
        heard = Heard()
        async with draining(till, heard) as outbox:
            till.broker.publish("catalogue", 1, good)
            await asyncio.sleep(2 * PROBE_SECONDS)
            match fault:
                case "signature":
                    stranger = SmallBroker(clock=till.clock, entropy=till.entropy.fork("x"))
                    stranger.publish("catalogue", 2, good)
                    till.broker.documents = stranger.documents
                case "shape":
                    till.broker.publish("catalogue", 2, Policy())
                case "price":
                    bad = Item(sku="1", name_ko="물", name_en="water", price=0)
                    till.broker.publish("catalogue", 2, Catalogue(version="v2", items=[bad]))
                case "name":
                    till.broker.publish("policy", 2, Policy())
                    till.broker.documents["catalogue"] = till.broker.documents.pop("policy")
                case "older":
                    data = till.broker.documents["catalogue"][1]
                    till.broker.documents["catalogue"] = (2, data)
            outbox.wake()
            await asyncio.sleep(10 * PROBE_SECONDS)
            assert load_catalogue(till.store.database) == good
            assert heard.documents == ["catalogue"]
            assert heard.codes() == ([] if fault == "older" else ["NET-05"])
            till.broker.publish("catalogue", 3, Catalogue(version="v3", items=[item]))
            await asyncio.sleep(2 * PROBE_SECONDS)
            assert heard.documents == ["catalogue", "catalogue"]

    play(tmp_path, story)


@pytest.mark.parametrize("point", POINTS)
def test_kill_at_every_named_point_loses_and_doubles_nothing(tmp_path: Path, point: str) -> None:
    """Before the upload, between upload and acknowledgement, after it: a new process goes on."""

    async def story(till: JoinedTill) -> None:
        till.sell(3)
        points = Points(kill_at=point)
        with pytest.raises(KilledError):
            await make(till, Heard(), points).run()
        assert points.reached[-1] == point
        till.restart()
        till.sell(2)
        async with draining(till):
            await asyncio.sleep(1)
        assert all_arrived(till)

    play(tmp_path, story)


def test_every_point_is_reached_in_order(tmp_path: Path) -> None:
    """The list of points is what the outbox passes."""

    async def story(till: JoinedTill) -> None:
        till.sell()
        points = Points()
        task = asyncio.create_task(make(till, Heard(), points).run())
        await asyncio.sleep(1)
        task.cancel()
        assert points.reached == list(POINTS)

    play(tmp_path, story)


def test_two_drainers_of_one_terminal_are_a_programming_error(tmp_path: Path) -> None:
    """Parallel drains doubled sales in other tills (clerk-and-courier.md 2.2)."""

    async def story(till: JoinedTill) -> None:
        async with draining(till) as outbox:
            await asyncio.sleep(1)
            with pytest.raises(AssertionError, match="never concurrent"):
                await outbox.run()

    play(tmp_path, story)


def test_failing_store_ends_the_outbox_and_is_told(tmp_path: Path) -> None:
    """JNL-01 is the till's to show; the outbox does not spin on a broken disk."""

    async def story(till: JoinedTill) -> None:
        till.sell()
        heard = Heard()
        till.store.database._connection.execute("DROP TABLE question")
        await make(till, heard).run()
        assert len(heard.failures) == 1

    play(tmp_path, story)


@given(
    plan=st.lists(st.sampled_from(list(Wire)), max_size=30),
    sales=st.lists(st.integers(0, 40), min_size=1, max_size=8),
    kills=st.lists(st.sampled_from([*POINTS, ""]), max_size=4),
    seed=st.integers(0, 999),
)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_happens_everything_arrives_once(
    tmp_path_factory: pytest.TempPathFactory,
    plan: list[Wire],
    sales: list[int],
    kills: list[str],
    seed: int,
) -> None:
    """Losses, cuts and kills in any order, then a quiet hour: the broker's copy is the journal."""

    async def story(till: JoinedTill) -> None:
        till.wire.plan = list(plan)
        for kill in kills:
            till.sell(2)
            outbox = make(till, Heard(), Points(kill_at=kill))
            task = asyncio.create_task(outbox.run())
            await asyncio.wait([task], timeout=20)
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled():
                assert isinstance(task.exception(), KilledError)
            till.restart()
        async with draining(till) as outbox:
            for count in sales:
                till.sell(count)
                outbox.wake()
                await asyncio.sleep(7)
            await asyncio.sleep(3600)
            assert all_arrived(till)
            assert outbox.view.waiting == 0

    play(tmp_path_factory.mktemp("till"), story, seed)


def test_wire_of_the_tests_is_what_it_says(tmp_path: Path) -> None:
    """A lossy wire that lost nothing would prove nothing."""

    async def story(till: JoinedTill) -> None:
        assert isinstance(till.wire, LossyTransport)
        before = len(till.broker.seen)
        for wire, arrives in [(Wire.NO_ROUTE, 0), (Wire.LOSE_REQUEST, 0), (Wire.LOSE_ANSWER, 1)]:
            till.wire.plan = [wire]
            await till.client.health()
            before += arrives
            assert len(till.broker.seen) == before

    play(tmp_path, story)
