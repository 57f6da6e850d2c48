"""The payment desk: intent, call, result; one call a key; silence is found by inquiry (I4, 3.2)."""

import asyncio
from dataclasses import dataclass, field

import pytest

from ips.booking import book_command
from ips.books import Booking
from ips.calls import Caller
from ips.commands import Close, Release
from ips.conformance import MemoryJournal
from ips.desk import Desk
from ips.modules.cash import Cash
from ips.modules.chaos import Chaos, Fault
from ips.payments import PaymentMoved, PaymentOpened
from ips.refund_policy import parse_refund_policy, shipped_policy
from ips.spi import PaymentModule
from protocols.broker import PaymentAnswer, PaymentRequest, Problem, RefundRequest
from tests.ips.model import NOON_NS, MemoryBooks, MemoryWriter, StandingClock

KEY = "S1-01-20260417-0001-a"


class KilledError(BaseException):
    """Stands for the end of the process: nothing may catch it."""


@dataclass
class Points:
    """Stops at one named point, once."""

    stop_at: str = ""
    reached: list[str] = field(default_factory=list)

    def reach(self, point: str) -> None:
        self.reached.append(point)
        if point == self.stop_at:
            self.stop_at = ""
            raise KilledError(point)


@dataclass
class World:
    """A desk over books in memory, with the chaos module's peer on the other side."""

    books: MemoryBooks
    module: PaymentModule
    clock: StandingClock = field(default_factory=StandingClock)
    points: Points = field(default_factory=Points)

    def desk(self) -> Desk:
        """Return a desk as after a restart: nothing in memory but modules."""
        caller = Caller(clock=self.clock, journal=MemoryJournal(), faults=self.points)
        return Desk(
            books=MemoryWriter(self.books),
            modules={self.module.manifest.id: self.module, "cash": Cash()},
            caller=caller,
            policy=shipped_policy(),
            clock=self.clock,
            faults=self.points,
        )

    @property
    def peer_moved(self) -> dict[str, int]:
        assert isinstance(self.module, Chaos)
        return self.module.peer.moved

    def say(self, command: Close | Release) -> Booking:
        booking = book_command(self.books.payments[KEY], command, self.books)
        assert isinstance(booking, Booking)
        return self.books.take(booking)


@pytest.fixture
def world(books: MemoryBooks) -> World:
    return World(books, Chaos())


def request(**changes: object) -> PaymentRequest:
    plain: dict[str, object] = {
        "key": KEY,
        "module": "chaos",
        "amount": 7000,
        "store": "S1",
        "terminal": "01",
    }
    return PaymentRequest(**(plain | changes))  # type: ignore[arg-type]


def answered(answer: PaymentAnswer | Problem) -> PaymentAnswer:
    assert isinstance(answer, PaymentAnswer), answer
    return answer


@pytest.mark.parametrize(
    ("outcome", "named", "state", "amount"),
    [
        ("approved", "approved", "approved", 7000),
        ("partial", "approved", "approved", 3500),
        ("declined", "declined", "refused", 0),
        ("pending", "pending", "pending", 0),
        ("unknown", "unknown", "doubt", 0),
        ("not_sent", "not_sent", "unsent", 0),
    ],
)
async def test_each_outcome_reaches_the_terminal(
    world: World, outcome: str, named: str, state: str, amount: int
) -> None:
    """I6: the terminal is told exactly one of five."""
    answer = answered(await world.desk().pay(request(fields={"outcome": outcome})))

    assert (answer.outcome, answer.state, answer.amount) == (named, state, amount)
    events = world.books.events
    assert isinstance(events[0], PaymentOpened) and isinstance(events[1], PaymentMoved)


async def test_same_key_again_is_answered_and_not_called_again(world: World) -> None:
    """medusa #16681: a retry is never a second charge."""
    first = await world.desk().pay(request())
    again = await world.desk().pay(request())

    assert first == again
    assert isinstance(world.module, Chaos) and world.module.peer.calls == 1
    assert world.peer_moved == {KEY: 7000}


async def test_same_key_for_something_else_is_refused(world: World) -> None:
    """A key means one payment for ever."""
    await world.desk().pay(request())

    other = await world.desk().pay(request(amount=8000))

    assert isinstance(other, Problem) and other.error == "key-reused"
    assert world.peer_moved == {KEY: 7000}


async def test_two_at_once_with_one_key_call_once(world: World) -> None:
    """The writer decides who is first; the other is told to ask again."""
    desk = world.desk()

    both = await asyncio.gather(desk.pay(request()), desk.pay(request()))

    assert isinstance(world.module, Chaos) and world.module.peer.calls == 1
    assert {answered(each).outcome for each in both} <= {"approved", "pending"}


async def test_not_sent_may_be_asked_again_under_the_same_key(world: World) -> None:
    """NotSent: nothing left, so the same key is safe; its answer is the module's again."""
    await world.desk().pay(request(fields={"outcome": "not_sent"}))

    answer = answered(await world.desk().pay(request()))

    assert (answer.outcome, world.peer_moved) == ("approved", {KEY: 7000})


@pytest.mark.parametrize(
    ("point", "outcome", "expected"),
    [
        ("desk.intent", "approved", "unsent"),
        ("module.call", "approved", "unsent"),
        ("module.chaos.lost", "lost", "approved"),
        ("module.answered", "approved", "approved"),
        ("module.answered", "declined", "refused"),
        ("desk.result", "approved", "approved"),
    ],
)
async def test_killed_at_each_point_the_janitor_finds_the_truth(
    world: World, point: str, outcome: str, expected: str
) -> None:
    """I4: whatever the crash, the books end as the peer's, by inquiry and never by a second call."""
    world.points.stop_at = point
    with pytest.raises(KilledError):
        await world.desk().pay(request(fields={"outcome": outcome}))

    desk = world.desk()
    world.clock.advance(39.999)
    assert await desk.recover(limit=10) == 0 or point == "desk.result"
    world.clock.advance(0.001)
    await desk.recover(limit=10)

    payment = world.books.payments[KEY]
    assert payment.state == expected
    assert payment.authorised == world.peer_moved.get(KEY, 0)


async def test_silent_module_is_unknown_and_asked_on_schedule(world: World) -> None:
    """Unknown is never answered by trying again: 10 s, 30 s, 2 min, 10 min, then daily."""
    asked = {"unknown": 0}
    assert isinstance(world.module, Chaos)
    await world.desk().pay(request(fields={"outcome": "unknown"}))
    for delay in (10, 30, 120, 600, 86_400, 86_400):
        world.clock.advance(delay - 0.001)
        assert await world.desk().recover(limit=10) == 0
        world.clock.advance(0.001)
        assert await world.desk().recover(limit=10) == 1
        asked["unknown"] += 1

    assert world.module.peer.calls == 1 + asked["unknown"]
    assert world.peer_moved == {}


@pytest.mark.parametrize("fault", [Fault.RAISES, Fault.OVER_APPROVES])
async def test_module_that_breaks_its_contract_is_unknown(books: MemoryBooks, fault: Fault) -> None:
    """An exception, or more than was asked for, is an outcome nobody can trust."""
    world = World(books, Chaos(fault))

    answer = answered(await world.desk().pay(request()))

    assert (answer.outcome, books.payments[KEY].paid) == ("unknown", 0)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"module": "moon"}, "unknown-module"),
        ({"amount": 0}, "amount"),
        ({"amount": 10**13}, "amount"),
        ({"currency": "KRX"}, "currency"),
        ({"key": ""}, "key"),
        ({"key": "k" * 65}, "key"),
        ({"fields": {"outcom": "x"}}, "field"),
        ({"fields": {"outcome": "explode"}}, "field"),
        ({"flow": "nosuch"}, "unknown-flow"),
    ],
)
async def test_bad_request_is_a_problem_before_anything_is_written(
    world: World, changes: dict[str, object], error: str
) -> None:
    """Bad input: a stable code and a sentence, and nothing in the books."""
    answer = await world.desk().pay(request(**changes))

    assert isinstance(answer, Problem) and answer.error == error
    assert world.books.payments == {}


def back(key: str, amount: int, actor: str = "kim", reason: str = "broken") -> RefundRequest:
    return RefundRequest(key=key, payment=KEY, amount=amount, reason=reason, actor=actor)


async def settled(world: World) -> Desk:
    desk = world.desk()
    await desk.pay(request())
    world.say(Close(at_ns=NOON_NS, amount=7000))
    return desk


async def test_refund_needs_another_persons_word_then_is_paid(world: World) -> None:
    """I12, I17: requested, approved by somebody else, paid by the module."""
    desk = await settled(world)

    asked = answered(await desk.request_refund(back("r1", 3000)))
    assert (asked.outcome, asked.state) == ("pending", "requested")
    same = await desk.approve_refund("r1", actor="kim", why="me too")
    assert isinstance(same, Problem) and same.error == "same-person"
    paid = answered(await desk.approve_refund("r1", actor="lee", why="seen it"))

    assert (paid.outcome, paid.amount) == ("approved", 3000)
    assert isinstance(world.module, Chaos) and world.module.peer.refunded == {KEY: 3000}
    assert world.books.payments[KEY].refunded == 3000
    assert world.books.balance("refunds-payable/S1", "KRW") == 0


async def test_refunds_asked_at_once_never_promise_more_than_was_paid(world: World) -> None:
    """I12: decided in the writer, so of five that would overrun two are told what is left."""
    desk = await settled(world)

    answers = await asyncio.gather(*(desk.request_refund(back(f"r{n}", 2000)) for n in range(5)))

    refused = [answer for answer in answers if isinstance(answer, Problem)]
    assert [problem.error for problem in refused] == ["refundable", "refundable"]
    assert world.books.payments[KEY].refund_requested == 6000


async def test_rejected_refund_gives_the_room_back(world: World) -> None:
    """I17: what was rejected can be asked again."""
    desk = await settled(world)
    await desk.request_refund(back("r1", 7000))

    nothing = await desk.reject_refund("r1", actor="lee", why=" ")
    rejected = answered(await desk.reject_refund("r1", actor="lee", why="used"))

    assert isinstance(nothing, Problem) and nothing.error == "no-reason"
    assert rejected.outcome == "declined"
    assert world.books.payments[KEY].refund_requested == 0
    assert world.books.balance("refunds-payable/S1", "KRW") == 0
    assert answered(await desk.request_refund(back("r2", 7000))).outcome == "pending"


async def test_refund_killed_while_paying_is_asked_about_and_paid_once(world: World) -> None:
    """A refund is money too: intent, call, result, and the janitor in between."""
    desk = await settled(world)
    await desk.request_refund(back("r1", 3000))
    world.points.stop_at = "module.answered"
    with pytest.raises(KilledError):
        await desk.approve_refund("r1", actor="lee", why="seen it")
    assert world.books.refunds["r1"].state == "paying"

    world.clock.advance(40)
    await world.desk().recover(limit=10)

    assert world.books.refunds["r1"].state == "paid"
    assert isinstance(world.module, Chaos) and world.module.peer.refunded == {KEY: 3000}


async def test_refund_that_never_left_can_be_paid_again_under_its_key(world: World) -> None:
    """Killed before the call: the inquiry says nothing was sent, and the approval stands."""
    desk = await settled(world)
    await desk.request_refund(back("r1", 3000))
    world.points.stop_at = "desk.refund"
    with pytest.raises(KilledError):
        await desk.approve_refund("r1", actor="lee", why="seen it")

    world.clock.advance(40)
    await world.desk().recover(limit=10)
    assert world.books.refunds["r1"].state == "approved"

    paid = answered(await world.desk().pay_refund("r1"))
    assert (paid.outcome, world.books.payments[KEY].refunded) == ("approved", 3000)


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (back("r1", 7001), "refundable"),
        (back("r1", 0), "refundable"),
        (back("r1", 100, reason=" "), "no-reason"),
        (RefundRequest(key="r", payment="x", amount=1, reason="y", actor="kim"), "unknown-payment"),
        (
            RefundRequest(key="r", payment=KEY, amount=1, currency="USD", reason="y", actor="kim"),
            "currency",
        ),
    ],
)
async def test_refund_that_cannot_be_is_a_problem(
    world: World, ask: RefundRequest, error: str
) -> None:
    """I12: what no policy can allow."""
    desk = await settled(world)

    answer = await desk.request_refund(ask)

    assert isinstance(answer, Problem) and answer.error == error
    assert world.books.refunds == {}


async def test_refund_of_what_is_not_settled_is_refused(world: World) -> None:
    """Nothing was paid yet: a void, not a refund."""
    await world.desk().pay(request())

    answer = await world.desk().request_refund(back("r1", 100))

    assert isinstance(answer, Problem) and answer.error == "not-settled"


async def test_old_payment_is_refunded_as_the_policy_says(world: World) -> None:
    """I12: age decides; beyond a year the shipped policy forbids."""
    desk = await settled(world)
    world.clock.advance(366 * 86_400)

    answer = await desk.request_refund(back("r1", 100))

    assert isinstance(answer, Problem) and answer.error == "refund-forbidden"


async def test_owed_money_is_approved_and_paid_back(world: World) -> None:
    """A parked attempt that was paid goes back by the rail it came on."""
    desk = world.desk()
    await desk.pay(request())
    world.say(Release(at_ns=NOON_NS))
    assert world.books.balance("customer-credit/S1", "KRW") == -7000

    paid = answered(await desk.approve_refund(f"{KEY}/repay", actor="lee", why="voided sale"))

    assert paid.outcome == "approved"
    assert world.books.payments[KEY].state == "refunded"
    assert world.books.balance("customer-credit/S1", "KRW") == 0


async def test_cash_refund_below_the_limit_is_paid_at_once(world: World) -> None:
    """The shipped policy: small cash within a month needs nobody else."""
    desk = world.desk()
    await desk.pay(request(module="cash"))
    world.say(Close(at_ns=NOON_NS, amount=7000))

    paid = answered(await desk.request_refund(back("r1", 7000)))

    assert (paid.outcome, paid.state) == ("approved", "paid")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1 to 200 tables"),
        ("[[rules]]", "unknown key 'rules'; did you mean 'rule'"),
        ('[[rule]]\nname="a"\ndecid="allow"', "rule 1: unknown key 'decid'; did you mean 'decide'"),
        ('[[rule]]\nname="a"\ndecide="maybe"', "rule 1"),
        ("[[rule", "not TOML"),
    ],
)
def test_bad_refund_policy_names_rule_and_nearest(text: str, message: str) -> None:
    """Bad input: one clear error."""
    with pytest.raises(ValueError, match=r"refunds\.toml") as caught:
        parse_refund_policy(text, file="refunds.toml")
    assert message in str(caught.value)


def test_limits_of_the_policy_are_included() -> None:
    """Exactly at the limit is inside, one above is not."""
    policy = shipped_policy()

    def verdict(amount: int, age_days: int) -> str:
        return policy.judge(method="cash", reason="x", amount=amount, age_days=age_days)[0].value

    assert [verdict(50_000, 30), verdict(50_001, 30), verdict(50_000, 31)] == [
        "allow",
        "approve",
        "approve",
    ]
    assert [verdict(1, 365), verdict(1, 366)] == ["approve", "forbid"]
