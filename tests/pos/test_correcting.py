"""A sale that was closed in this shift is voided whole, or a payment of it replaced; once, whatever is lost.

T1, T5; clerk-and-courier.md 1.2 (Tender), 2.3. Two virtual purses, virtual time, the till's real store.
"""

from pathlib import Path

import pytest

from pos.headless import Change, Run, answer
from pos.rights import Role
from pos.view import Stage
from protocols.facts import (
    AttemptOpened,
    AttemptParked,
    RefundClosed,
    SaleClosed,
    ShiftClosed,
    TenderChanged,
)
from tests.pos.tenders.test_purse import (
    MILK,
    PRICE,
    Counter,
    at_the_counter,
    both,
    play,
)
from tests.support.ecash_counter import card_leaves, every_kill
from tests.support.purse_slots import MemorySlots
from tests.support.purses import purse

FIRST = 10_000
FLOAT = 50_000
EXCHANGES = range(1, 13)
BEFORE, AFTER = (FIRST, 0), (FIRST - PRICE, PRICE)
"""Of card and shop: the sale is paid in cash, by card."""


def changes(counter: Counter) -> list[TenderChanged]:
    return counter.of(TenderChanged)


def drawer(counter: Counter) -> int:
    return counter.till.register.shift.expected


def test_cash_becomes_e_cash_and_the_drawer_pays_it_back(tmp_path: Path) -> None:
    slots = at_the_counter()

    async def story(counter: Counter) -> None:
        await counter.key(MILK, "CA")
        said = await counter.key("CT")
        assert said is not None and said.code == "" and counter.till.view.due == PRICE
        assert counter.till.view.correcting == "change"
        said = await counter.key("EC")
        assert said is not None and said.code == "" and both(slots) == AFTER
        [changed] = changes(counter)
        [sale] = counter.of(SaleClosed)
        assert changed.tender.attempt == changed.back.back_to == sale.tenders[0].attempt
        order = changed.original
        keys = [changed.tender.attempt, changed.taken[0].attempt, changed.back.attempt]
        assert keys == [f"{order}-{letter}" for letter in "abc"], "no letter comes twice"
        assert drawer(counter) == FLOAT and not counter.till.register.has_sale()
        assert counter.store.papers.newest("change") is not None
        await counter.key(MILK, "CA")
        assert [fact.sale for fact in counter.of(SaleClosed)] == [1, 2]
        await counter.key(f"{FLOAT + PRICE}x1CN", "CZ")
        [z] = counter.of(ShiftClosed)
        assert z.by_method == {"cash": PRICE, "purse": PRICE}
        assert (z.tender_changes, z.gross, z.refunds, z.over_short) == (1, 2 * PRICE, 0, 0)

    play(tmp_path, story, slots)


def test_e_cash_becomes_cash_and_the_card_has_it_back(tmp_path: Path) -> None:
    slots = at_the_counter()

    async def story(counter: Counter) -> None:
        await counter.key(MILK, "EC", "CT:1 mistake")
        said = await counter.key("5.CA")
        assert said is not None and said.code == "" and both(slots) == BEFORE
        [changed] = changes(counter)
        assert (changed.reason, changed.taken[0].change) == ("mistake", 5_000 - PRICE)
        assert drawer(counter) == FLOAT + PRICE
        assert counter.till.register.shift.by_method["purse"] == 0

    play(tmp_path, story, slots)


def test_cash_that_comes_in_by_a_change_is_asked_for_a_cash_receipt(tmp_path: Path) -> None:
    """Issue 5 (4d): for whoever names a number, and unasked from the policy's sum on."""
    slots = at_the_counter()

    async def story(counter: Counter) -> None:
        await counter.key(MILK, "EC", "CT", "CR:01012345678", "CA")
        [changed] = changes(counter)
        wanted = changed.cash_receipt
        assert wanted is not None and (wanted.purpose, wanted.amount) == ("income", PRICE)
        assert wanted.shown == "010****5678"
        await counter.key("CT", "EC")
        assert changes(counter)[1].cash_receipt is None

    play(tmp_path, story, slots)


def test_goods_that_come_back_afterwards_are_paid_to_the_new_payment(tmp_path: Path) -> None:
    slots = at_the_counter()

    async def story(counter: Counter) -> None:
        await counter.key(MILK, "CA", "CT", "EC")
        await counter.key("RT:1", "1RL", "GB")
        [refund] = counter.of(RefundClosed)
        assert [each.method for each in refund.tenders] == ["purse"]
        assert both(slots) == BEFORE and drawer(counter) == FLOAT

    play(tmp_path, story, slots)


def test_it_is_changed_back_and_no_key_comes_twice(tmp_path: Path) -> None:
    slots = at_the_counter()

    async def story(counter: Counter) -> None:
        await counter.key(MILK, "CA", "CT", "EC", "CT", "CA", "CT", "EC")
        assert len(changes(counter)) == 3 and both(slots) == AFTER and drawer(counter) == FLOAT
        keys = [key.attempt for fact in changes(counter) for key in (fact.back, *fact.taken)]
        assert len(set(keys)) == len(keys) == 6

    play(tmp_path, story, slots)


def test_split_payment_wants_its_number_and_nothing_else_goes_on(tmp_path: Path) -> None:
    slots = at_the_counter()

    async def story(counter: Counter) -> None:
        await counter.key(MILK, "1000CA", "EC")
        said = await counter.key("CT")
        assert said is not None and said.code == "VOI-08"
        await counter.key("1CT")
        assert counter.till.view.due == 1_000
        for entry in (MILK, "VS", "HO", "RT:1", "0CN", "NS:x", "10DS"):
            said = await counter.key(entry)
            assert said is not None and said.code == "VOI-07", entry
        said = await counter.key("CA")
        assert said is not None and said.code == "VOI-10"
        assert await counter.key("CL") is None and not counter.till.register.has_sale()
        assert not changes(counter)
        await counter.key(MILK, "CA")
        assert counter.of(SaleClosed)[-1].sale == 2

    play(tmp_path, story, slots)


def test_only_this_tills_sales_of_this_shift_and_only_by_a_supervisor(tmp_path: Path) -> None:
    async def story(counter: Counter) -> None:
        await counter.key(MILK, "CA", f"{FLOAT + PRICE}x1CN", "CZ", "50.OS")
        for entry in ("CT", "VF", "CT:1", "VF:1"):
            said = await counter.key(entry)
            assert said is not None and said.code == "VOI-03", entry
        said = await counter.key("VF:77")
        assert said is not None and said.code == "RET-01"
        await counter.key(MILK, "CA")
        counter.role = Role.CLERK
        await counter.again()
        for entry in ("CT", "VF"):
            said = await counter.key(entry)
            assert said is not None and said.code.startswith("RGT"), entry

    play(tmp_path, story)


def test_new_payment_that_is_refused_leaves_everything_as_it_was(tmp_path: Path) -> None:
    slots = at_the_counter()

    async def story(counter: Counter) -> None:
        await counter.key(MILK, "CA", "CT")
        slots.card = purse(b"POORCARD", balance=5)
        said = await counter.key("EC")
        assert said is not None and said.code == "PUR-01"
        assert await counter.key("CL") is None
        assert not changes(counter) and drawer(counter) == FLOAT + PRICE

    play(tmp_path, story, slots)


def test_old_card_away_both_stand_on_the_screen_and_the_new_one_can_be_undone(
    tmp_path: Path,
) -> None:
    slots = at_the_counter()
    card = slots.card

    async def story(counter: Counter) -> None:
        await counter.key(MILK, "EC", "CT")
        slots.card = None
        said = await counter.key("CA")
        assert said is not None and said.code == "RDR-02"
        await counter.again()
        said = counter.till.view.notice
        assert said is not None and said.code == "VOI-06" and counter.till.view.due == 0
        await counter.key("VT")
        assert counter.till.view.due == PRICE
        assert await counter.key("CL") is None
        assert not changes(counter) and both(counter.slots.__class__(card, slots.own)) == AFTER
        assert drawer(counter) == FLOAT
        slots.card = card
        await counter.key("CT", "CA")
        assert both(slots) == BEFORE and len(changes(counter)) == 1

    play(tmp_path, story, slots)


def test_closed_sale_is_voided_whole_and_never_comes_back_twice(tmp_path: Path) -> None:
    slots = at_the_counter()

    async def story(counter: Counter) -> None:
        await counter.key(MILK, "1000CA", "EC")
        said = await counter.key("VF:- mistake")
        assert said is not None and said.code == "" and both(slots) == BEFORE
        [undone] = counter.of(RefundClosed)
        assert undone.void and undone.total == PRICE and undone.reason == "mistake"
        assert {each.method for each in undone.tenders} == {"cash", "purse"}
        assert drawer(counter) == FLOAT
        for entry, code in (("VF", "VOI-04"), ("RT:1", "RET-08"), ("CT:1", "RET-08")):
            said = await counter.key(entry)
            assert said is not None and said.code == code, entry
        shift = counter.till.register.shift
        assert (shift.undone, shift.refunds) == (1, PRICE)

    play(tmp_path, story, slots)


def test_half_voided_sale_is_on_the_screen_and_goes_on(tmp_path: Path) -> None:
    slots = at_the_counter()
    card = slots.card

    async def story(counter: Counter) -> None:
        await counter.key(MILK, "EC")
        slots.card = None
        said = await counter.key("VF")
        assert said is not None and said.code == "RDR-02"
        await counter.again()
        view = counter.till.view
        assert view.stage is Stage.RETURN and view.correcting == "void"
        assert view.notice is not None and view.notice.code == "VOI-09"
        said = await counter.key(MILK)
        assert said is not None and said.code == "VOI-09"
        slots.card = card
        await counter.key("RL")
        assert both(slots) == BEFORE and len(counter.of(RefundClosed)) == 1

    play(tmp_path, story, slots)


def test_void_that_moved_nothing_is_left_and_its_number_is_not_used_again(
    tmp_path: Path,
) -> None:
    slots = at_the_counter()

    async def story(counter: Counter) -> None:
        await counter.key(MILK, "EC")
        slots.losses = {slots.exchanges + 8: False}
        await counter.key("VF")
        slots.losses = {}
        if counter.till.register.has_sale():
            assert await counter.key("RE") is None
        await counter.key(MILK, "CA", "VF:1")
        keys = [record.attempt for record in _records(counter) if record.kind == "attempt.opened"]
        assert len(set(keys)) == len(keys) and both(slots) == BEFORE

    play(tmp_path, story, slots)


def _records(counter: Counter) -> list:
    from protocols.journal import decode_record

    return [decode_record(data) for data in counter.store.records(0)]


CASES = {
    "cash to e-cash": ((MILK, "CA"), ("CT", "EC"), AFTER),
    "e-cash to cash": ((MILK, "EC"), ("CT", "CA"), BEFORE),
    "void": ((MILK, "EC"), ("VF",), BEFORE),
}


async def finished(counter: Counter, slots: MemorySlots, case: str) -> None:
    """Go on as the screen says until it is done: nothing stands twice, nothing is lost."""
    entries, after = CASES[case][1], CASES[case][2]
    for _ in range(3):
        await counter.key("RS")
        view = counter.till.view
        if view.correcting == "void" or (view.correcting and not view.due):
            await counter.key("GB")
        elif view.correcting:
            await counter.key(entries[1])
        elif not changes(counter) and not counter.of(RefundClosed):
            await counter.key(*entries)
    assert not counter.till.register.has_sale() and not await counter.till.register.doubts()
    assert both(slots) == after and counter.till.view.queue.owed == 0
    assert len(changes(counter)) + len(counter.of(RefundClosed)) == 1
    in_drawer = PRICE if case == "e-cash to cash" else 0
    assert drawer(counter) == FLOAT + in_drawer


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("leaves", [False, True], ids=["card-stays", "card-leaves"])
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", EXCHANGES)
def test_lost_answer_anywhere(tmp_path: Path, at: int, done: bool, leaves: bool, case: str) -> None:
    slots = at_the_counter()
    card = slots.card

    async def story(counter: Counter) -> None:
        await counter.key(*CASES[case][0])
        lost = slots.exchanges + at
        slots.losses = {lost: done}
        entries = CASES[case][1]
        await (card_leaves(counter, slots, entries, lost) if leaves else counter.key(*entries))
        slots.card, slots.losses = card, {}
        await finished(counter, slots, case)

    play(tmp_path, story, slots)


@pytest.mark.parametrize("case", CASES)
def test_till_killed_at_any_moment(tmp_path: Path, case: str) -> None:
    async def rest(counter: Counter, slots: MemorySlots) -> None:
        view, register = counter.till.view, counter.till.register
        half = bool(register.sale.tenders) or register.sale.voiding
        told = view.notice is not None and view.notice.code in ("VOI-06", "VOI-07", "VOI-09")
        assert not half or told or view.doubt is not None, "what is half done is on the screen"
        await finished(counter, slots, case)

    before, entries, _ = CASES[case]
    every_kill(tmp_path, before, entries, rest)


@pytest.mark.parametrize("case", ["e-cash to cash", "void"])
def test_parked_on_its_way_back_the_ticket_ends_and_the_card_gets_it_later(
    tmp_path: Path, case: str
) -> None:
    slots = at_the_counter()
    card = slots.card

    async def story(counter: Counter) -> None:
        await counter.key(*CASES[case][0])
        lost = slots.exchanges + 10
        slots.losses = {lost: False}
        await card_leaves(counter, slots, CASES[case][1], lost)
        slots.losses = {}
        doubt = counter.till.view.doubt
        assert doubt is not None and doubt.back
        await counter.key("KT")
        assert not counter.till.register.has_sale() and counter.till.view.doubt is None
        assert len(counter.of(AttemptParked)) == 1
        slots.card = card
        await finished(counter, slots, case)
        opened = [fact for fact in counter.of(AttemptOpened) if fact.service == "void"]
        assert len(opened) == 1

    play(tmp_path, story, slots)


def test_without_a_screen_a_change_is_one_request_and_leaves_nothing_half_open(
    tmp_path: Path,
) -> None:
    slots = at_the_counter()

    async def story(counter: Counter) -> None:
        await counter.key(MILK, "CA")
        slots.card = purse(b"POORCARD", balance=5)
        told = await answer(counter.till, Change(tenders=["purse"]))
        assert (told.done, told.code) == (False, "PUR-01")
        assert not counter.till.register.has_sale() and not changes(counter)
        told = await answer(counter.till, Change(sale="9", tenders=["purse"]))
        assert (told.done, told.code) == (False, "RET-01")
        slots.card = purse(b"CUSTOMER", balance=FIRST)
        told = await answer(counter.till, Change(sale="1", tenders=["purse:1000", "purse"]))
        assert told.done, told.sentence
        [changed] = changes(counter)
        assert [each.amount for each in changed.taken] == [1_000, PRICE - 1_000]
        told = await answer(counter.till, Run(entries=["VF:1 rung up twice"]))
        assert told.done and both(slots) == BEFORE

    play(tmp_path, story, slots)
