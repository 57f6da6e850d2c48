"""A payment is taken out of an open sale, and its money goes back the way it came, once, whatever is lost.

T5; clerk-and-courier.md 2.3 rules 5 and 8b. Two virtual purses, virtual time, the till's real store.
"""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from pos.rights import Right, Role
from pos.store.papers import RECEIPTS
from pos.view import Side, Stage
from protocols.facts import (
    AttemptClosed,
    AttemptOpened,
    AttemptParked,
    PurseMoved,
    SaleClosed,
    SaleVoided,
    ShiftClosed,
    TenderVoided,
)
from protocols.purse.attempt import details_in
from protocols.purse.card import Purse
from protocols.purse.details import decode_details
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
from tests.support.purses import balance, purse

FIRST = 10_000
PAID = 1_000
"""What of the milk is paid by card."""
EXCHANGES = range(1, 13)
"""Of giving back, from finding both pockets to COMPLETE."""


def taken_out(counter: Counter) -> list[TenderVoided]:
    return counter.of(TenderVoided)


PART_PAID = (MILK, f"{PAID}EC")


async def part_paid(counter: Counter, *entries: str) -> None:
    await counter.key(*((MILK, *entries) if entries else PART_PAID))


def test_cash_is_handed_back_and_the_sale_goes_on(tmp_path: Path) -> None:
    async def story(counter: Counter) -> None:
        await part_paid(counter, f"{PAID}CA")
        said = await counter.key("VT")
        assert said is not None and said.code == "" and counter.till.view.due == PRICE
        [voided] = taken_out(counter)
        assert (voided.tender.method, voided.back.method) == ("cash", "cash")
        assert voided.back.back_to == voided.tender.attempt
        [returned] = counter.of(AttemptClosed)
        assert (returned.outcome, returned.code, returned.tendered) == (
            "declined",
            "returned",
            PAID,
        )
        await counter.key("CA")
        [sale] = counter.of(SaleClosed)
        assert [tender.amount for tender in sale.tenders] == [PRICE]
        assert counter.till.register.shift.expected == 50_000 + PRICE

    play(tmp_path, story)


def test_slip_that_came_out_again_does_not_stand_before_the_receipt_of_its_sale(
    tmp_path: Path,
) -> None:
    """F11 is for the newest of what a sale has, not for what was copied most often."""

    async def story(counter: Counter) -> None:
        await part_paid(counter)
        register = counter.till.register
        register.setup = replace(register.setup, has_printer=True)
        day = register.business_date
        await counter.key("VT", "RP", "RP")
        slip = counter.store.papers.of_sale(day, 1, RECEIPTS)
        assert slip is not None and (slip.form, slip.copy) == ("void", 2)

        await counter.key("CA", "RP")
        receipt = counter.store.papers.of_sale(day, 1, RECEIPTS)
        assert receipt is not None and (receipt.form, receipt.copy) == ("sale", 1)

    play(tmp_path, story, at_the_counter())


def test_e_cash_goes_back_to_its_card_and_another_payment_ends_the_sale(tmp_path: Path) -> None:
    slots = at_the_counter()

    async def story(counter: Counter) -> None:
        await part_paid(counter)
        said = await counter.key("VT")
        assert said is not None and said.code == "" and both(slots) == (FIRST, 0)
        paid, back = counter.of(AttemptOpened)
        assert (back.service, back.refunds) == ("void", taken_out(counter)[0].tender.attempt)
        came, went = counter.of(PurseMoved)
        assert (came.own, went.own) == ("payee", "payer")
        assert decode_details(went.details).payee == decode_details(came.details).payer
        details = details_in(back.peer)
        assert details is not None and paid.service == ""
        await counter.key("CA")
        [sale] = counter.of(SaleClosed)
        assert [tender.method for tender in sale.tenders] == ["cash"]
        shift = counter.till.register.shift
        assert (shift.by_method, shift.tender_voids, shift.refunds) == ({"cash": PRICE}, 1, 0)
        assert counter.store.papers.newest("void") is not None

    play(tmp_path, story, slots)


def test_any_of_several_payments_by_its_number(tmp_path: Path) -> None:
    slots = at_the_counter()

    async def story(counter: Counter) -> None:
        await part_paid(counter, f"{PAID}EC", "500CA")
        assert counter.till.view.paid == (("전자화폐", PAID), ("현금", 500))
        said = await counter.key("3VT")
        assert said is not None and said.code == "ENT-10"
        await counter.key("1VT")
        assert counter.till.view.paid == (("현금", 500),) and both(slots) == (FIRST, 0)
        await counter.key("VT")
        said = await counter.key("VT")
        assert said is not None and said.code == "VOI-01"

    play(tmp_path, story, slots)


def test_it_goes_to_no_other_card(tmp_path: Path) -> None:
    slots = at_the_counter()
    card, stranger = slots.card, purse(b"STRANGER", balance=500)

    async def story(counter: Counter) -> None:
        await part_paid(counter)
        slots.card = stranger
        said = await counter.key("VT")
        assert said is not None and said.code == "PUR-46" and balance(stranger) == 500
        assert counter.till.view.paid and len(counter.of(AttemptOpened)) == 1
        slots.card = card
        await counter.key("VT")
        assert both(slots) == (FIRST, 0)

    play(tmp_path, story, slots)


def test_another_way_back_is_a_supervisors(tmp_path: Path) -> None:
    """The clerk may void a payment; cash for e-cash is allowed by somebody else, and counted so."""
    slots = at_the_counter()

    async def story(counter: Counter) -> None:
        counter.role = Role.CLERK
        await counter.again()
        await part_paid(counter)
        said = await counter.key("VT:cash")
        assert said is not None and said.code.startswith("RGT") and not taken_out(counter)
        assert counter.till.register.allowed(Right.PAYMENT_VOID)
        counter.role = Role.SUPERVISOR
        await counter.again()
        await counter.key("VT:cash")
        [voided] = taken_out(counter)
        assert (voided.tender.method, voided.back.method) == ("purse", "cash")
        await counter.key("CA", "0CN", "CZ:x")
        [z] = counter.of(ShiftClosed)
        assert (z.by_method, z.tender_voids) == ({"cash": PRICE - PAID, "purse": PAID}, 1)
        assert z.expected == 50_000 + PRICE - PAID

    play(tmp_path, story, slots)


async def at_rest(counter: Counter, slots: MemorySlots) -> None:
    """Whatever happened: the payment goes back if it has not, once, and the journal says so."""
    await counter.key("RS")
    if counter.till.view.paid:
        said = await counter.key("VT")
        assert said is not None and said.code == "", said
    assert both(slots) == (FIRST, 0)
    assert len(taken_out(counter)) == 1 and not await counter.till.register.doubts()
    await counter.key("CA")
    assert len(counter.of(SaleClosed)) == 1


@pytest.mark.parametrize("leaves", [False, True], ids=["card-stays", "card-leaves"])
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", EXCHANGES)
def test_lost_answer_anywhere_gives_it_back_once(
    tmp_path: Path, at: int, done: bool, leaves: bool
) -> None:
    slots = at_the_counter()
    card = slots.card

    async def story(counter: Counter) -> None:
        await part_paid(counter)
        lost = slots.exchanges + at
        slots.losses = {lost: done}
        await (card_leaves(counter, slots, ("VT",), lost) if leaves else counter.key("VT"))
        if counter.till.view.doubt is not None:
            assert counter.till.view.doubt.back and counter.till.view.stage is Stage.DOUBT
            said = await counter.key("CA")
            assert said is not None and said.code == "PUR-25", "nothing goes on meanwhile"
        slots.card, slots.losses = card, {}
        await at_rest(counter, slots)

    play(tmp_path, story, slots)


def test_till_killed_at_any_moment_of_it_gives_it_back_once(tmp_path: Path) -> None:
    every_kill(tmp_path, PART_PAID, ("VT",), at_rest)


def test_till_killed_at_any_moment_of_voiding_the_sale_goes_on_with_it(tmp_path: Path) -> None:
    async def rest(counter: Counter, slots: MemorySlots) -> None:
        await counter.key("RS")
        if counter.till.register.has_sale():
            await counter.key("VS:x")
        assert both(slots) == (FIRST, 0) and not counter.till.register.has_sale()
        assert len(counter.of(SaleVoided)) == 1 == len(taken_out(counter))

    every_kill(tmp_path, PART_PAID, ("VS:x",), rest)


CREDIT = 10
"""The exchange after which the shop's purse has paid and the card has not got it."""


async def in_doubt(counter: Counter, slots: MemorySlots, *, done: bool = False) -> Purse:
    """Let the customer tear the card out while the payment goes back; return the card."""
    card = slots.card
    assert isinstance(card, Purse)
    await part_paid(counter)
    lost = slots.exchanges + CREDIT
    slots.losses = {lost: done}
    await card_leaves(counter, slots, ("VT",), lost)
    slots.losses = {}
    assert counter.till.view.doubt is not None
    return card


def test_takeover_says_which_way_the_money_goes(tmp_path: Path) -> None:
    slots = at_the_counter()

    async def story(counter: Counter) -> None:
        card = await in_doubt(counter, slots)
        doubt = counter.till.view.doubt
        assert doubt is not None and doubt.back and doubt.said.code == "PUR-07"
        assert (doubt.shop, doubt.amount, doubt.balance) == (Side.MOVED, PAID, None)
        assert balance(card) == FIRST - PAID
        await counter.again()
        doubt = counter.till.view.doubt
        assert doubt is not None and doubt.back and doubt.said.code == "PUR-29"
        slots.card = card
        await counter.till.check_doubt()
        assert counter.till.view.doubt is None and both(slots) == (FIRST, 0)
        assert counter.till.view.due == PRICE and len(taken_out(counter)) == 1

    play(tmp_path, story, slots)


def test_parked_the_sale_goes_on_and_the_card_gets_its_money_later(tmp_path: Path) -> None:
    slots = at_the_counter()

    async def story(counter: Counter) -> None:
        card = await in_doubt(counter, slots)
        said = await counter.key("KT")
        assert said is not None and said.code == "" and counter.till.view.doubt is None
        [parked] = counter.of(AttemptParked)
        assert parked.service == "void" and len(taken_out(counter)) == 1
        assert counter.till.view.due == PRICE and counter.till.view.queue.in_doubt == 1
        await counter.key("CA")
        await counter.again()
        slots.card = card
        await counter.key("RS")
        assert both(slots) == (FIRST, 0) and counter.till.view.queue.in_doubt == 0
        assert counter.till.view.queue.owed == 0 and len(taken_out(counter)) == 1
        assert counter.till.register.shift.by_method == {"cash": PRICE}

    play(tmp_path, story, slots)


def test_parked_and_proven_not_to_have_gone_it_is_the_customers_and_paid_back(
    tmp_path: Path,
) -> None:
    """The shop's purse was away when it was parked; it says later that it never paid."""
    slots = at_the_counter()
    card, own = slots.card, slots.own

    async def story(counter: Counter) -> None:
        await part_paid(counter)
        start = slots.exchanges + 8
        slots.losses = {start: False}
        going = asyncio.create_task(counter.key("VT"))
        while not going.done():
            if slots.exchanges >= start - 1:
                slots.own = None
            await asyncio.sleep(0.005)
        await going
        assert counter.till.view.doubt is not None
        await counter.key("KT", "CA")
        slots.own, slots.card = own, None
        said = await counter.key("RS")
        assert said is not None and counter.till.view.queue.owed == 1, said
        assert own is not None and isinstance(own, Purse) and balance(own) == PAID
        slots.card = card
        said = await counter.key("RS")
        assert said is not None and said.code == "PUR-28"
        assert both(slots) == (FIRST, 0) and counter.till.view.queue.owed == 0

    play(tmp_path, story, slots)


def test_whole_sale_with_cash_and_e_cash_is_voided_in_one_command(tmp_path: Path) -> None:
    slots = at_the_counter()

    async def story(counter: Counter) -> None:
        await part_paid(counter, f"{PAID}EC", "500CA", f"{PAID}EC")
        said = await counter.key("VS:left")
        assert said is not None and said.code == "" and both(slots) == (FIRST, 0)
        assert not counter.till.register.has_sale() and len(taken_out(counter)) == 2
        [voided] = counter.of(SaleVoided)
        assert voided.reason == "left"
        assert counter.till.register.shift.expected == 50_000

    play(tmp_path, story, slots)


def test_ticket_that_gave_money_back_for_goods_is_not_voided(tmp_path: Path) -> None:
    """What has gone back for goods would be told by nobody."""

    async def story(counter: Counter) -> None:
        await counter.key(MILK, "CA", "RT:1", "1RL")
        register = counter.till.register
        back = register.sale.returning
        assert back is not None
        given = replace(back, given=(back.ways_back()[0],))  # type: ignore[arg-type]
        register.sale = replace(register.sale, returning=given)
        said = await counter.key("VS")
        assert said is not None and said.code == "RET-06"
        register.sale = replace(register.sale, returning=back)

    play(tmp_path, story)
