"""Members and points through till, journal, network and broker: no point is made, lost or spent twice.

Goal: whatever the network or a kill does, each member has in the ledger what the journals say; points of
a sale that went another way are the member's again by themselves; a till without a line earns and spends
nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import msgspec
import pytest

from ips.members import MemberAdd, MemberAdjust
from ips.office import DocumentPublish, ModuleChange
from pos.headless import MisuseError, Sell, answer, check
from pos.points import Point
from pos.view import Stage
from protocols.documents import Policy
from protocols.facts import RefundClosed, SaleClosed, TenderChanged, decode_fact
from protocols.journal import decode_record
from protocols.points import PointsRule
from sim.stage import auditors
from sim.stage.world import audit
from sim.stage.world.given import Given, TillWish
from sim.stage.world.network import Passing
from sim.stage.world.rest import rest
from sim.stage.world.shop import World
from sim.stage.world.till import TillHere
from sim.stage.world.virtual import live

BAG, PRICE = "8800100000014", 130
MEMBER, NAMESAKE = "M123456782", "M000000018"
PHONE = "010-1234-5678"
HAS = 1_000
RULE = PointsRule(rate=1_000)
TWO = replace(Given(), tills=(TillWish(terminal="01"), TillWish(terminal="02", equipment={})))


def points_live(
    story: Callable[[World], Awaitable[None]], given: Given | None = None, rule: PointsRule = RULE
) -> None:
    """Live a story in a shop with points, ten per cent, and a member who has a thousand of them."""

    async def whole(world: World) -> None:
        office = world.broker.do
        await office(ModuleChange(module="points", verb="activate", actor="park"))
        policy = msgspec.msgpack.encode(Policy(points=rule))
        await office(DocumentPublish(name="policy", body=policy, actor="park"))
        await office(MemberAdd(name="김영수", phone=PHONE, number=MEMBER, actor="park"))
        await office(MemberAdd(name="이민지", phone="01999995678", number=NAMESAKE, actor="park"))
        await office(MemberAdjust(number=MEMBER, points=HAS, reason="opening", actor="park"))
        await asyncio.sleep(120)
        assert world.till("01").wired.till.register.policy.points is not None
        await story(world)

    live(whole, given=given or Given())


def sales(till: TillHere) -> list[SaleClosed]:
    facts = [decode_fact(r.kind, r.body) for r in map(decode_record, till.records())]
    return [fact for fact in facts if isinstance(fact, SaleClosed)]


def refunds(till: TillHere) -> list[RefundClosed]:
    facts = [decode_fact(r.kind, r.body) for r in map(decode_record, till.records())]
    return [fact for fact in facts if isinstance(fact, RefundClosed)]


def changes(till: TillHere) -> list[TenderChanged]:
    facts = [decode_fact(r.kind, r.body) for r in map(decode_record, till.records())]
    return [fact for fact in facts if isinstance(fact, TenderChanged)]


def earned(till: TillHere) -> int:
    """What the sales of a till earned."""
    return sum(sale.points.amount for sale in sales(till) if sale.points is not None)


async def at_rest(world: World, *asked: str) -> None:
    await rest(world)
    assert [str(found) for found in audit.at_rest(world, asked)] == []


def has(world: World, member: str = MEMBER) -> int:
    rows = {row.name: row for row in world.broker.reader.accounts()}
    points, owed = rows.get(f"points/{member}"), rows.get(f"points-owed/{member}")
    free = 0 if points is None else points.credits_posted - points.debits_posted
    return free - (0 if owed is None else owed.debits_posted - owed.credits_posted)


def questions(world: World) -> list[str]:
    return [code for (code,) in world.broker.reader.ask("SELECT code FROM question ORDER BY id")]


async def keyed(till: TillHere, *entries: str) -> str:
    """Key entries; return the code of what the last one was answered with."""
    said = None
    for entry in entries:
        said = await till.key(entry)
    return "" if said is None else said.code


@pytest.mark.parametrize("named", [MEMBER, f"MB:{PHONE}", "01012345678MB", "123456782MB"])
def test_sale_of_a_member_earns(named: str) -> None:
    """By card, telephone or keyed number; the paper and the ledger have the same points."""

    async def story(world: World) -> None:
        till = world.till()
        assert await keyed(till, named, f"10*{BAG}") == ""
        member = till.view.member
        assert member is not None
        assert (member.shown, member.points, member.earns) == ("김*수 (5678)", HAS, 130)
        await till.key("CA")
        await at_rest(world)
        [sale] = sales(till)
        assert sale.customer == MEMBER and sale.points is not None
        assert (sale.points.amount, sale.points.balance) == (130, HAS + 130)
        assert has(world) == HAS + 130
        assert questions(world) == []
        paper = audit.papers(till)[-1]
        assert "김*수 (5678)" in paper and "1,130" in paper
        kept = b"".join(till.records()) + paper.encode()
        for secret in ("01012345678", PHONE, "김영수", "12345678"):
            assert secret.encode() not in kept.replace(MEMBER.encode(), b"")

    points_live(story)


def test_four_digits_of_two_members_are_chosen_from() -> None:
    async def story(world: World) -> None:
        till = world.till()
        await keyed(till, BAG, "5678MB")
        assert till.view.stage is Stage.MEMBER
        assert [each.shown for each in till.view.members] == ["이*지 (5678)", "김*수 (5678)"]
        assert await keyed(till, "3MB") == "ENT-10"
        await keyed(till, "2MB")
        assert till.view.member is not None and till.view.member.points == HAS
        assert till.view.stage is Stage.ENTRY and not till.view.members
        assert await keyed(till, "0000MB") == "MBR-01"
        assert till.view.member is not None, "who was not found takes nobody away"
        await keyed(till, "MB", "CA")
        await at_rest(world)
        assert sales(till)[0].customer == "" and has(world) == HAS

    points_live(story)


def test_points_pay_for_a_sale_and_what_is_left_by_cash() -> None:
    """As many as there are; what points pay earns nothing."""

    async def story(world: World) -> None:
        till = world.till()
        await keyed(till, MEMBER, f"10*{BAG}")
        said = await till.key("PT")
        assert said is not None and said.code == "" and till.view.due == 10 * PRICE - HAS
        assert till.view.member is not None and till.view.member.points == 0
        await till.key("CA")
        await at_rest(world)
        [sale] = sales(till)
        assert [(each.method, each.amount) for each in sale.tenders] == [
            ("points", HAS),
            ("cash", 300),
        ]
        assert sale.points is not None and sale.points.amount == 30
        assert has(world) == 30
        assert questions(world) == []

    points_live(story)


def test_too_many_points_are_told_and_the_sale_stands() -> None:
    async def story(world: World) -> None:
        till = world.till()
        assert await keyed(till, f"10*{BAG}", "PT") == "PTS-05"
        assert await keyed(till, MEMBER, "1200PT") == "PTS-01"
        # Another till has spent them meanwhile.
        second = world.till("02")
        await keyed(second, MEMBER, f"7*{BAG}", "PT")
        assert await keyed(till, "PT") == "PTS-02"
        assert till.view.due == 10 * PRICE
        await till.key("CA")
        await at_rest(world)
        assert has(world) == HAS - 7 * PRICE + 130

    points_live(story, TWO)


def test_points_are_spent_from_a_minimum_in_steps() -> None:
    async def story(world: World) -> None:
        till = world.till()
        await keyed(till, MEMBER, f"7*{BAG}")
        assert await keyed(till, "50PT") == "PTS-06"
        assert await keyed(till, "150PT") == "PTS-06"
        await keyed(till, "PT")
        assert till.view.due == 10
        await till.key("CA")
        await at_rest(world)

    points_live(story, rule=PointsRule(rate=1_000, spend_from=100, spend_step=100))


@pytest.mark.parametrize(
    "passing", [Passing.LOSE_ANSWER, Passing.HANG_UP, Passing.STRAY, Passing.LOSE_REQUEST]
)
def test_lost_answer_is_asked_for_under_the_same_key(passing: Passing) -> None:
    """The counter waits for it; the points are spent once, whatever arrived when."""

    async def story(world: World) -> None:
        till = world.till()
        await keyed(till, MEMBER, f"5*{BAG}")
        await asyncio.sleep(10)
        till.network.next(passing)
        assert await keyed(till, "PT") == "PTS-07"
        assert till.view.doubt is not None and not till.view.doubt.carded
        assert await keyed(till, "CA") == "PUR-25"
        await till.key("RS")
        assert till.view.doubt is None
        await at_rest(world)
        [sale] = sales(till)
        assert [each.method for each in sale.tenders] == ["points"]
        assert has(world) == HAS - 5 * PRICE

    points_live(story)


def test_request_that_arrives_twice_spends_once() -> None:
    async def story(world: World) -> None:
        till = world.till()
        await keyed(till, MEMBER, f"5*{BAG}")
        await asyncio.sleep(10)
        till.network.next(Passing.TWICE)
        await keyed(till, "PT")
        await at_rest(world)
        assert has(world) == HAS - 5 * PRICE

    points_live(story)


@pytest.mark.parametrize("instead", ["KT", "KV"])
@pytest.mark.parametrize("passing", [Passing.LOSE_ANSWER, Passing.STRAY, Passing.LOSE_REQUEST])
def test_parked_points_are_the_members_again(passing: Passing, instead: str) -> None:
    """Another payment, or no sale: nothing of it is owed or asked, the hold is gone by itself."""

    async def story(world: World) -> None:
        till = world.till()
        await keyed(till, MEMBER, f"5*{BAG}")
        await asyncio.sleep(10)
        till.network.next(passing)
        await keyed(till, "PT")
        await till.key(instead)
        if instead == "KT":
            await till.key("CA")
        await till.key("RS")
        await at_rest(world)
        assert has(world) == HAS + (65 if instead == "KT" else 0)

    points_live(story)


def test_without_a_broker_a_card_earns_and_nothing_is_spent() -> None:
    """The record earns when it comes; a telephone cannot be looked up, because no till keeps one."""

    async def story(world: World) -> None:
        till = world.till()
        till.network.always(Passing.NO_ROUTE)
        await till.key(BAG)
        await till.key("CA")
        await asyncio.sleep(60)
        assert await keyed(till, f"10*{BAG}", "5678MB") == "MBR-02"
        assert await keyed(till, MEMBER) == ""
        member = till.view.member
        assert member is not None and (member.shown, member.points) == ("*6782", None)
        assert await keyed(till, "PT") == "PTS-03"
        await till.key("CA")
        await at_rest(world)
        sale = sales(till)[-1]
        assert sale.points is not None and (sale.points.amount, sale.points.balance) == (130, None)
        assert has(world) == HAS + 130

    points_live(story)


def test_broker_that_dies_in_the_middle_of_spending() -> None:
    """Before the intent, between intent and result, after the result: the same key finds it."""

    async def story(world: World) -> None:
        till = world.till()
        spent = 0
        for point in ("desk.intent", "module.call", "module.answered", "desk.result"):
            await asyncio.sleep(30)
            await keyed(till, MEMBER, BAG)
            await asyncio.sleep(10)
            world.broker.kill_at(point)
            said = await till.key("PT")
            assert said is not None and said.code == "PTS-07", point
            world.broker.start()
            for _ in range(10):
                await till.key("RS")
                if till.view.doubt is None:
                    break
                await asyncio.sleep(20)
            if till.view.lines:
                # Nothing was held before the broker fell: it says so, and a new key may be tried.
                await till.key("PT")
            assert not till.view.lines, point
            spent += PRICE
        await at_rest(world)
        assert has(world) == HAS - spent

    points_live(story)


@pytest.mark.parametrize("point", [Point.BEFORE_APPEND_ATTEMPT, Point.AFTER_APPEND_ATTEMPT])
@pytest.mark.parametrize("nth", [1, 2])
def test_till_that_dies_in_the_middle_of_spending(point: Point, nth: int) -> None:
    """Before and after the intent, and the sale after the answer: what it finds is what was."""

    async def story(world: World) -> None:
        till = world.till()
        await keyed(till, MEMBER, f"10*{BAG}")
        await asyncio.sleep(10)
        till.life.kill_at(point, nth)
        await till.key("PT")
        assert not till.running
        await till.start()
        member = till.view.member
        assert member is not None and member.shown == "김*수 (5678)"
        await till.key("RS")
        if till.view.due == 10 * PRICE:
            await till.key("PT")
        assert till.view.due == 10 * PRICE - HAS
        await till.key("CA")
        await at_rest(world)
        assert has(world) == 30

    points_live(story)


@pytest.mark.parametrize("entry", ["VT", "VS"])
def test_points_are_taken_out_of_a_sale_that_stays_open_or_is_given_up(entry: str) -> None:
    """By the record alone: the member has them again, also without a broker."""

    async def story(world: World) -> None:
        till = world.till()
        await keyed(till, MEMBER, f"10*{BAG}", "PT")
        await asyncio.sleep(10)
        till.network.always(Passing.NO_ROUTE)
        await till.key(entry)
        if entry == "VT":
            assert till.view.due == 10 * PRICE
            assert till.view.member is not None and till.view.member.points == HAS
            await till.key("CA")
        assert not till.view.lines
        await at_rest(world)
        assert has(world) == HAS + (130 if entry == "VT" else 0)
        assert questions(world) == []

    points_live(story)


def test_points_of_a_closed_sale_become_cash_and_are_the_members_again() -> None:
    """What the goods earned stays; only the way they were paid is another."""

    async def story(world: World) -> None:
        till = world.till()
        await keyed(till, MEMBER, f"5*{BAG}", "PT")
        assert len(sales(till)) == 1 and has(world) == HAS - 5 * PRICE
        assert await keyed(till, "CT", "CA") == ""
        await at_rest(world)
        [changed] = changes(till)
        ways = [each.method for each in (changed.tender, changed.back, *changed.taken)]
        assert ways == ["points", "points", "cash"]
        assert has(world) == HAS + earned(till) and questions(world) == []

    points_live(story)


@pytest.mark.parametrize("named", ["before", "now", "not"])
def test_cash_of_a_closed_sale_becomes_points(named: str) -> None:
    """Its member's, or whoever is named now; a sale that was nobody's has nobody's points."""

    async def story(world: World) -> None:
        till = world.till()
        if named == "before":
            await keyed(till, MEMBER)
        await keyed(till, f"5*{BAG}", "CA", "CT")
        if named != "before":
            assert await keyed(till, "PT") == "PTS-05"
            await keyed(till, MEMBER if named == "now" else "CL")
        if named == "not":
            assert not till.view.member
            return
        assert till.view.member is not None and await keyed(till, "PT") == ""
        await at_rest(world)
        [changed] = changes(till)
        assert [each.method for each in (changed.back, *changed.taken)] == ["cash", "points"]
        assert has(world) == HAS - 5 * PRICE + earned(till) and questions(world) == []

    points_live(story)


@pytest.mark.parametrize("passing", [Passing.LOSE_ANSWER, Passing.LOSE_REQUEST])
def test_points_that_replace_cash_are_asked_about_under_their_key(passing: Passing) -> None:
    async def story(world: World) -> None:
        till = world.till()
        await keyed(till, MEMBER, f"5*{BAG}", "CA", "CT")
        await asyncio.sleep(20)
        till.network.next(passing)
        await keyed(till, "PT")
        assert till.view.doubt is not None
        await keyed(till, "RS")
        assert await keyed(till, "GB") == "", "and the cash goes back"
        await at_rest(world)
        assert len(changes(till)) == 1 and has(world) == HAS - 5 * PRICE + earned(till)

    points_live(story)


def test_member_goes_with_a_held_basket() -> None:
    async def story(world: World) -> None:
        await keyed(world.till("01"), MEMBER, f"10*{BAG}", "HO")
        await asyncio.sleep(10)
        second = world.till("02")
        await keyed(second, "RC", "1RC")
        assert second.view.member is not None and second.view.member.shown == "김*수 (5678)"
        await second.key("CA")
        await at_rest(world)
        assert has(world) == HAS + 130

    points_live(story, TWO)


def test_card_alone_begins_a_sale_and_taking_it_off_ends_it() -> None:
    """The number is still free; a sale of nothing is not voided."""

    async def story(world: World) -> None:
        till = world.till()
        await till.key(MEMBER)
        assert till.wired.till.register.has_sale()
        await till.key("MB")
        assert not till.wired.till.register.has_sale()
        assert await keyed(till, "MB") == "MBR-03"
        await keyed(till, BAG, "CA")
        await at_rest(world)
        assert sales(till)[0].sale == 1

    points_live(story)


def test_goods_that_come_back_take_their_points_and_give_the_spent_ones() -> None:
    """In parts, at another till; in the end everything is as before."""

    async def story(world: World) -> None:
        till = world.till("01")
        await keyed(till, MEMBER, f"10*{BAG}", "650PT", "CA")
        await asyncio.sleep(10)
        [sale] = sales(till)
        receipt = sale.tenders[0].attempt
        assert sale.points is not None and sale.points.amount == 65
        second = world.till("02")
        for pieces in ("3", "7"):
            await keyed(second, f"RT:{receipt}", f"{pieces}*RL", "GB")
            assert not second.view.returning and not second.view.returned
        await at_rest(world)
        back = refunds(second)
        assert [each.customer for each in back] == [MEMBER, MEMBER]
        assert [each.points.amount for each in back if each.points] == [20, 45]
        assert [(t.method, t.amount) for each in back for t in each.tenders] == [
            ("points", 390),
            ("points", 260),
            ("cash", 650),
        ]
        assert has(world) == HAS
        assert questions(world) == []

    points_live(story, TWO)


def test_goods_come_back_without_a_broker() -> None:
    """The record gives and takes the points when it comes."""

    async def story(world: World) -> None:
        till = world.till()
        await keyed(till, MEMBER, f"10*{BAG}", "650PT", "CA")
        await asyncio.sleep(10)
        till.network.always(Passing.NO_ROUTE)
        await keyed(till, "RT:1", "1RL", "GB")
        [back] = refunds(till)
        assert back.points is not None and back.points.amount == 65
        await at_rest(world)
        assert has(world) == HAS
        assert questions(world) == []

    points_live(story)


def test_points_that_were_spent_again_are_owed_when_the_goods_come_back() -> None:
    async def story(world: World) -> None:
        till = world.till()
        await keyed(till, MEMBER, f"100*{BAG}", "CA")
        await asyncio.sleep(10)
        await keyed(till, MEMBER, f"20*{BAG}", "2300PT", "CA")
        await asyncio.sleep(10)
        assert has(world) == 30
        await keyed(till, "RT:1", "1RL", "GB")
        await at_rest(world)
        assert has(world) == -1_300 + 30

    points_live(story)


def test_z_counts_members_and_points() -> None:
    async def story(world: World) -> None:
        till = world.till()
        await keyed(till, MEMBER, f"10*{BAG}", "CA")
        await keyed(till, BAG, "CA")
        await asyncio.sleep(10)
        await keyed(till, "RT:1", "1RL", "GB")
        shift = till.wired.till.register.shift
        assert (shift.members, shift.points_earned, shift.points_back) == (1, 130, 130)
        await at_rest(world)
        await keyed(till, f"{shift.expected // 10}x1CN")
        counted = f"10x{shift.expected // 10}CN"
        await keyed(till, counted, "CZ")
        await at_rest(world)
        assert "shift-totals" not in questions(world)

    points_live(story)


def test_shop_without_points_says_so() -> None:
    async def story(world: World) -> None:
        till = world.till()
        assert await keyed(till, BAG, MEMBER) == "PTS-09"
        assert await keyed(till, "PT") == "PTS-05"
        await till.key("CA")
        await at_rest(world)

    live(story)


@pytest.mark.parametrize(
    ("named", "done", "code"),
    [(MEMBER, True, ""), (PHONE, True, ""), ("5678", False, "MBR-05"), ("0000", False, "MBR-01")],
)
def test_sale_without_a_screen_is_a_members(named: str, done: bool, code: str) -> None:
    """`ips-pos sell --member`: whoever is not named by one number is not guessed; nothing stays open."""

    async def story(world: World) -> None:
        till = world.till()
        told = await answer(
            till.wired.till, Sell(items=[BAG], tenders=["points", "cash"], member=named)
        )
        assert (told.done, told.code) == (done, code)
        assert not till.view.lines
        await at_rest(world)
        assert has(world) == HAS - (PRICE if done else 0)

    points_live(story)


@pytest.mark.parametrize("named", ["1", "x", "02-123-4567"])
def test_what_is_no_member_is_misuse(named: str) -> None:
    with pytest.raises(MisuseError):
        check(Sell(items=[BAG], tenders=["cash"], member=named))


def test_auditor_of_points_finds_what_is_made_lost_or_held() -> None:
    """A check that cannot fail is none."""

    async def story(world: World) -> None:
        till = world.till()
        reader = world.broker.reader
        await keyed(till, MEMBER, f"10*{BAG}", "PT")
        told, _ = audit.told_by(world)
        [held] = auditors.points(told, reader)
        assert held.where == f"member {MEMBER}" and "1,000 are held" in held.what
        await till.key("CA")
        await at_rest(world)
        for wrong in (-1, 1):
            told, _ = audit.told_by(world)
            told.points[MEMBER] += wrong
            [found] = auditors.points(told, reader)
            assert f"journals and office make {30 + wrong:,}" in found.what

    points_live(story)


@pytest.mark.parametrize(
    ("entries", "has_then"),
    [
        pytest.param(("500PT", "VT", "CA"), HAS + 130, id="points back: not spent"),
        pytest.param(("500PT", "VT:cash", "CA"), HAS - 500 + 130, id="cash back: spent"),
        pytest.param(
            ("500PT", "CA", "1CT", "CA"), HAS + 80, id="changed: points back, 50 less earned"
        ),
        pytest.param(("500PT", "CA", "VF"), HAS, id="voided"),
    ],
)
def test_points_that_go_back_or_not_are_told_alike_by_journal_and_ledger(
    entries: tuple[str, ...], has_then: int
) -> None:
    """A payment by points that is paid out in cash has spent them; the auditors know that too."""

    async def story(world: World) -> None:
        assert await keyed(world.till(), MEMBER, f"10*{BAG}", *entries) == ""
        await at_rest(world)
        assert has(world) == has_then
        assert questions(world) == []

    points_live(story)


def test_exchange_lays_each_part_against_the_payment_that_it_names() -> None:
    """Points, e-cash and cash paid; goods come back for a dearer bag: all the points come back."""

    async def story(world: World) -> None:
        await world.equipment().do("customer", "insert", card="customer-1")
        entries = (MEMBER, f"10*{BAG}", "300PT", "70EC", "CA", "RT:1", "1RL", BAG, "GB")
        assert await keyed(world.till(), *entries) == ""
        await at_rest(world)
        assert has(world) == HAS
        assert questions(world) == []

    points_live(story)
