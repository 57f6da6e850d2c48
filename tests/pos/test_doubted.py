"""A payment in doubt holds the counter: what the screen says is what the cards say, until it is known
or parked by somebody who may (clerk-and-courier.md 5.1; decisions.md "A parked attempt").
"""

import asyncio
from pathlib import Path

import msgspec
import pytest

from pos import commands
from pos.loading import end_in_order
from pos.messages import notice
from pos.rights import Role
from pos.view import Side, Stage
from protocols.facts import (
    AttemptClosed,
    AttemptParked,
    SaleClosed,
    SaleVoided,
    ShiftClosed,
)
from protocols.journal import decode_record
from protocols.purse.image import Status
from receipts.forms.situation import Situation
from tests.pos.tenders.test_purse import (
    CUSTOMER_NAME,
    MILK,
    PRICE,
    SHOP_NAME,
    Counter,
    at_the_counter,
    both,
    play,
)
from tests.support.purse_slots import MemorySlots
from tests.support.purses import balance, purse, remembers
from tests.support.staff import employ

EXCHANGES = range(7, 12)
"""From START to COMPLETE."""
DEBIT = 9
LOST = 10
"""CREDIT: the value has left the card, and nobody has seen it arrive."""


async def torn(counter: Counter, slots: MemorySlots, at: int = LOST) -> None:
    """Let the customer tear the card out at this exchange of an e-cash sale."""
    paying = asyncio.create_task(counter.key("EC"))
    while at > slots.exchanges:
        await asyncio.sleep(0.005)
    slots.card = None
    await paying


def slip(counter: Counter) -> Situation:
    """Return the newest slip."""
    paper = counter.store.papers.newest("situation")
    assert paper is not None
    return msgspec.msgpack.decode(paper.body, type=Situation)


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", EXCHANGES)
def test_takeover_says_of_both_sides_only_what_is_true(tmp_path: Path, at: int, done: bool) -> None:
    """A side that has not said is unknown; one that has, has said what is in its memory."""
    slots = at_the_counter(losses={at: done})
    card, own = slots.card, slots.own
    assert card is not None and own is not None

    async def story(counter: Counter) -> None:
        await counter.key(MILK)
        await torn(counter, slots, at)
        doubt = counter.till.view.doubt
        if doubt is None:
            assert counter.till.view.stage is Stage.ENTRY
            return
        assert (doubt.said.code, doubt.amount) == ("PUR-07", PRICE)
        assert counter.till.view.stage is Stage.DOUBT and counter.till.view.queue.in_doubt == 1
        left = balance(card) == 10_000 - PRICE
        assert doubt.card in (Side.UNKNOWN, Side.MOVED if left else Side.NOT_MOVED)
        assert (doubt.card is Side.UNKNOWN) == (at == DEBIT), "only DEBIT's answer tells"
        if doubt.card is not Side.UNKNOWN:
            assert doubt.balance == balance(card)
        received = remembers(own).status == Status.EATO
        assert doubt.shop is (Side.MOVED if received else Side.NOT_MOVED)

    play(tmp_path, story, slots)


def test_nothing_else_goes_on_and_esc_closes_nothing(tmp_path: Path) -> None:
    slots = at_the_counter(losses={LOST: False})

    async def story(counter: Counter) -> None:
        await counter.key(MILK)
        await torn(counter, slots)
        facts, doubt = len(counter.facts()), counter.till.view.doubt
        for entry in (MILK, "CA", "VS", "VL", "2QT", "+1", "NS:x", "0CN", "XR", "RP"):
            said = await counter.key(entry)
            assert said is not None and said.code == "PUR-25", entry
        assert await counter.key("CL") is None
        assert counter.till.view.doubt == doubt and counter.till.view.stage is Stage.DOUBT
        assert len(counter.facts()) == facts and len(counter.till.view.lines) == 1

    play(tmp_path, story, slots)


@pytest.mark.parametrize("entry", ["RS", "EC"])
def test_same_card_again_ends_the_sale_under_its_first_key(tmp_path: Path, entry: str) -> None:
    slots = at_the_counter(losses={LOST: False})
    card = slots.card

    async def story(counter: Counter) -> None:
        await counter.key(MILK)
        await torn(counter, slots)
        slots.card = card
        said = await counter.key(entry)
        assert said is not None and said.code == "" and counter.till.view.doubt is None
        assert both(slots) == (10_000 - PRICE, PRICE)
        [sale] = counter.of(SaleClosed)
        assert [tender.attempt[-1] for tender in sale.tenders] == ["a"]

    play(tmp_path, story, slots)


def test_another_card_is_named_and_what_is_known_stays_known(tmp_path: Path) -> None:
    """PUR-27; nobody takes back what the first card said."""
    slots = at_the_counter(losses={LOST: False})

    async def story(counter: Counter) -> None:
        await counter.key(MILK)
        await torn(counter, slots)
        before = counter.till.view.doubt
        slots.card = purse(b"STRANGER", balance=10_000)
        said = await counter.key("RS")
        doubt = counter.till.view.doubt
        assert said == notice("PUR-27", "ko") and doubt is not None and before is not None
        assert (doubt.said, doubt.card, doubt.balance) == (said, before.card, before.balance)

    play(tmp_path, story, slots)


def test_restarted_till_opens_the_doubt_and_finishes_it(tmp_path: Path) -> None:
    """clerk-and-courier.md 2.3 rule 8b; before anybody was asked nothing is said to be known."""
    slots = at_the_counter(losses={LOST: False})
    card = slots.card

    async def story(counter: Counter) -> None:
        await counter.key(MILK)
        await torn(counter, slots)
        await counter.again()
        doubt = counter.till.view.doubt
        assert doubt is not None and doubt.said == counter.till.view.notice == notice(
            "PUR-29", "ko"
        )
        assert (doubt.card, doubt.balance, doubt.shop) == (Side.UNKNOWN, None, Side.UNKNOWN)
        said = await counter.key("RS")
        assert said is not None and said.code == "PUR-07"
        doubt = counter.till.view.doubt
        assert doubt is not None and doubt.said.code == "PUR-29", "no card was seen to leave"
        assert doubt.shop is Side.NOT_MOVED
        assert len([each for each in counter.of(AttemptClosed) if each.outcome == "unknown"]) == 1
        slots.card = card
        await counter.key("RS")
        assert len(counter.of(SaleClosed)) == 1 and counter.till.view.doubt is None

    play(tmp_path, story, slots)


def test_parked_by_a_supervisor_the_sale_goes_on_and_stays_in_doubt(tmp_path: Path) -> None:
    """The clerk may not; both people are in the record; the customer gets a slip; the Z says it."""
    slots = at_the_counter(losses={LOST: False})

    async def story(counter: Counter) -> None:
        counter.role = Role.CLERK
        await counter.key(MILK)
        employ(counter.store)
        await torn(counter, slots)
        await counter.again()
        await counter.key("7PN:4711")
        said = await counter.key("KT")
        asking = counter.till.view.asking
        assert said is not None and asking is not None and counter.till.view.doubt is not None
        assert counter.of(AttemptParked) == []
        said = await counter.key("3PN:8520")
        assert said is not None and said.code == "PUR-26" and counter.till.view.doubt is None
        end_in_order(counter.store)
        await counter.again()
        told = counter.till.view.notice
        assert told == notice("PUR-20", "ko", count=1), (
            "somebody's money is in doubt, and nothing holds"
        )
        [parked] = counter.of(AttemptParked)
        assert (parked.instead, parked.amount) == ("tender", PRICE)
        record = next(
            decode_record(data)
            for data in counter.store.records(0)
            if decode_record(data).kind == parked.kind
        )
        assert (record.actor, record.approver) == ("7", "3")
        assert record.attempt is not None and record.attempt.endswith("-a")
        assert (slip(counter).parked, slip(counter).attempt) == (True, record.attempt)

        assert (await counter.key("CA")).code == ""  # type: ignore[union-attr]
        said = await counter.key("50000x1,1000x2,500x1,100x4,50x1,10x3CN", "CZ:x")
        assert said is not None and said.code == "RGT-02", "a clerk alone signs no doubt off"
        assert counter.of(ShiftClosed) == []
        await counter.key("3PN:8520")
        [z] = counter.of(ShiftClosed)
        assert z.in_doubt == 1
        [signed] = [
            (each.actor, each.approver)
            for each in map(decode_record, counter.store.records(0))
            if each.kind == z.kind
        ]
        assert signed == ("7", "3")

    play(tmp_path, story, slots)


def test_parked_and_given_up_in_one_transaction(tmp_path: Path) -> None:
    """Cash that was part of it goes back; the attempt stays in doubt without a sale."""
    slots = at_the_counter(losses={LOST: False})

    async def story(counter: Counter) -> None:
        await counter.key(MILK, "1000CA")
        await torn(counter, slots)
        said = await counter.key("KV")
        assert said is not None and said.code == "" and said.money == "미확정"
        kinds = [type(fact).__name__ for fact in counter.facts()][-3:]
        assert kinds == ["AttemptParked", "AttemptClosed", "SaleVoided"]
        assert counter.of(SaleVoided) and not counter.till.register.has_sale()
        assert counter.till.view.queue.in_doubt == 1 and counter.till.view.stage is Stage.ENTRY

    play(tmp_path, story, slots)


def test_giving_up_a_sale_that_holds_e_cash_already_gives_that_back_first(tmp_path: Path) -> None:
    """Without its card the sale stays open with what stands in it, and the same command goes on."""
    slots = at_the_counter()
    card = slots.card

    async def story(counter: Counter) -> None:
        await counter.key(MILK, "1000EC")
        slots.losses = {slots.exchanges + LOST: False}
        await torn(counter, slots, slots.exchanges + LOST)
        assert counter.till.view.doubt is not None
        said = await counter.key("KV")
        assert said is not None and said.code == "RDR-02"
        assert len(counter.of(AttemptParked)) == 1 and counter.till.view.doubt is None
        assert [amount for _, amount in counter.till.view.paid] == [1_000]
        slots.card = card
        await counter.key("VS")
        assert not counter.till.register.has_sale() and len(counter.of(SaleVoided)) == 1
        for _ in range(2):
            await counter.key("RS")
        assert both(slots) == (10_000, 0) and counter.till.view.queue.owed == 0

    play(tmp_path, story, slots)


def test_parked_attempt_that_proves_paid_in_time_stands_in_its_sale(tmp_path: Path) -> None:
    """The sale was not settled otherwise yet: the e-cash key asks first, and nothing is paid twice."""
    slots = at_the_counter(losses={LOST: False})
    card = slots.card

    async def story(counter: Counter) -> None:
        await counter.key(MILK)
        await torn(counter, slots)
        await counter.key("KT")
        slots.card = card
        await counter.key("EC")
        [sale] = counter.of(SaleClosed)
        assert [tender.attempt[-1] for tender in sale.tenders] == ["a"]
        assert both(slots) == (10_000 - PRICE, PRICE)

    play(tmp_path, story, slots)


def test_another_card_may_pay_once_the_first_is_parked(tmp_path: Path) -> None:
    slots = at_the_counter(losses={LOST: False})
    other = purse(b"2ND CARD", balance=5_000)

    async def story(counter: Counter) -> None:
        await counter.key(MILK)
        await torn(counter, slots)
        slots.card = other
        assert (await counter.key("EC")).code == "PUR-27"  # type: ignore[union-attr]
        assert balance(other) == 5_000, "not before it is parked"
        await counter.key("KT", "EC")
        [sale] = counter.of(SaleClosed)
        assert [tender.attempt[-1] for tender in sale.tenders] == ["b"]
        assert balance(other) == 5_000 - PRICE and counter.till.view.queue.in_doubt == 1

    play(tmp_path, story, slots)


def test_situation_slip_says_how_it_stands(tmp_path: Path) -> None:
    slots = at_the_counter(losses={LOST: False})

    async def story(counter: Counter) -> None:
        await counter.key(MILK)
        assert (await counter.key("PS")) == notice("no_doubts", "ko")
        await torn(counter, slots)
        facts = len(counter.facts())
        assert (await counter.key("PS")) == notice("situation_printed", "ko")
        situation = slip(counter)
        assert (situation.card, situation.balance) == ("moved", 10_000 - PRICE)
        assert (situation.shop, situation.parked) == ("not_moved", False)
        assert len(counter.facts()) == facts, "looking is no fact"

    play(tmp_path, story, slots)


@pytest.mark.parametrize("command", [commands.Park("tender"), commands.Park("void")])
def test_parking_without_a_doubt_is_nothing(tmp_path: Path, command: commands.Park) -> None:
    async def story(counter: Counter) -> None:
        await counter.key(MILK)
        assert (await counter.till.execute(command)) == notice("no_doubts", "ko")
        assert len(counter.till.view.lines) == 1

    play(tmp_path, story, MemorySlots(purse(CUSTOMER_NAME), purse(SHOP_NAME)))
