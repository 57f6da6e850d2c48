"""Balance, statement, load, refund, deposit: virtual purses, virtual time, the till's real store.

M12, T5, laws 1-3. Every exchange is lost once, before and after the card has obeyed, and what a kill
leaves at every append and exchange is opened anew: value is where it was or where it was to go, the
journal says so, no payment is given back beyond what was paid, and cash is booked once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from pos.messages import notice
from pos.rights import Role
from pos.store.database import Database
from pos.store.errors import StoreError
from pos.store.papers import RECEIPTS
from pos.store.store import FILE_NAME
from pos.view import Notice
from protocols.facts import (
    AttemptClosed,
    AttemptOpened,
    CashMoved,
    PurseMoved,
    RefundClosed,
    SaleClosed,
)
from protocols.purse.attempt import details_in
from protocols.purse.card import Purse
from protocols.purse.details import PurseClass, decode_details, order_reference
from protocols.purse.image import Life, Parameters
from receipts.forms.purse import PurseSlip, Statement
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from tests.pos.tenders.test_purse import (
    CUSTOMER_NAME,
    MILK,
    PRICE,
    PROVER,
    SHOP_NAME,
    Counter,
    Places,
    changed,
    play,
)
from tests.support.purse_slots import MemorySlots
from tests.support.purses import balance, purse

TELLER_NAME = b"TELLER01"
HELD = {"customer": 10_000, "shop": 5_000, "teller": 90_000}


def counter_with(
    *,
    customer: Purse | None = None,
    shop: Purse | None = None,
    teller: Purse | None = None,
    **changes: object,
) -> MemorySlots:
    """Return a customer with 10,000, a shop with 5,000 and a teller with 90,000."""
    return MemorySlots(
        customer or purse(CUSTOMER_NAME, balance=HELD["customer"]),
        shop or purse(SHOP_NAME, balance=HELD["shop"], purse_class=PurseClass.MERCHANT),
        bulk=teller or purse(TELLER_NAME, balance=HELD["teller"], purse_class=PurseClass.TELLER),
        **changes,  # type: ignore[arg-type]
    )


def held(slots: MemorySlots) -> tuple[int, int, int]:
    assert slots.card is not None and slots.own is not None and slots.bulk is not None
    return balance(slots.card), balance(slots.own), balance(slots.bulk)


async def paid_by_purse(counter: Counter) -> str:
    """Sell milk by e-cash; return the payment's key."""
    await counter.key(MILK, "EC")
    [sale] = counter.of(SaleClosed)
    return str(sale.tenders[0].attempt)


def consistent(counter: Counter) -> None:
    """What the journal claims of services is on the cards, once."""
    opened = {fact.peer: fact for fact in counter.of(AttemptOpened)}
    moved = counter.of(PurseMoved)
    assert len({fact.details for fact in moved}) == len(moved), "no transfer is told twice"
    for fact in moved:
        assert PROVER.message(fact.message).details.encode() == fact.details
        assert any(details_in(peer).encode() == fact.details for peer in opened)  # type: ignore[union-attr]
    approved = [
        each for each in counter.of(AttemptClosed) if each.outcome == "approved" and each.service
    ]
    loads = sum(each.amount for each in approved if each.service == "load")
    cash = [each for each in counter.of(CashMoved) if each.against == "e-cash"]
    assert sum(each.amount for each in cash) == loads
    refunds = sum(each.amount for each in approved if each.service == "refund")
    assert sum(each.total for each in counter.of(RefundClosed)) == refunds
    assert counter.till.register.shift.cash_in == loads


# Balance and statement


def test_balance_is_told_without_sale_or_shift_and_changes_nothing(tmp_path: Path) -> None:
    slots = counter_with()

    async def story(counter: Counter) -> None:
        before = slots.card.memory.read()  # type: ignore[union-attr]
        said = await counter.key("EB")

        assert said is not None and said.code == "" and "10,000" in said.banner
        assert CUSTOMER_NAME.decode() in said.banner and "190,000" in said.banner
        assert said.display == "잔액 10,000" and slots.exchanges == 3
        assert slots.card is not None and slots.card.memory.read() == before
        assert counter.of(AttemptOpened) == []

    play(tmp_path, story, slots)


def test_card_that_wants_a_pin_or_is_locked_tells_its_balance_all_the_same(tmp_path: Path) -> None:
    locked = changed(
        purse(CUSTOMER_NAME, balance=700, parameters=Parameters(pin_above=0)), life=Life.LOCKED
    )

    async def story(counter: Counter) -> None:
        said = await counter.key("EB")
        assert said is not None and "700" in said.banner

    play(tmp_path, story, counter_with(customer=locked))


def test_statement_is_a_paper_with_the_last_transfers(tmp_path: Path) -> None:
    async def story(counter: Counter) -> None:
        await counter.key(MILK, "EC", "500EL")
        said = await counter.key("ES")

        assert said is not None and "2" in said.banner
        paper = counter.store.papers.newest("statement")
        assert paper is not None
        shown = msgspec.msgpack.decode(paper.body, type=Statement)
        assert shown.balance == 10_000 - PRICE + 500
        assert [(row.amount, row.other) for row in shown.rows] == [
            (-PRICE, SHOP_NAME.decode()),
            (500, TELLER_NAME.decode()),
        ]

    play(tmp_path, story, counter_with())


@pytest.mark.parametrize(
    ("slots", "code"),
    [
        (counter_with(customer=purse(CUSTOMER_NAME, currencies=(840, 0, 0, 0, 0))), "PUR-17"),
        (counter_with(losses={2: True}), "RDR-03"),
    ],
)
def test_card_that_cannot_be_read_says_why(tmp_path: Path, slots: MemorySlots, code: str) -> None:
    async def story(counter: Counter) -> None:
        said = await counter.key("EB")
        assert said is not None and (said.code, said.level) == (code, "B")

    play(tmp_path, story, slots)


def test_nobody_waits_for_a_card_that_does_not_come_and_esc_ends_the_wait(tmp_path: Path) -> None:
    slots = counter_with()
    slots.card = None

    async def story(counter: Counter) -> None:
        said = await counter.key("EB")
        assert said is not None and said.code == "RDR-02"
        slots.patience_seconds = 60
        reading = asyncio.create_task(counter.key("EB"))
        await asyncio.sleep(0.5)
        await counter.key("CL")
        given_up = await reading
        assert given_up is not None and given_up.code == "PUR-22"

    play(tmp_path, story, slots)


# Load


def test_load_puts_value_on_the_card_and_cash_into_the_drawer(tmp_path: Path) -> None:
    """One key; attempt, transfer and cash in one transaction, with the slip."""
    slots = counter_with()

    async def story(counter: Counter) -> None:
        said = await counter.key("3000EL")

        assert said is not None and said.code == "" and "13,000" in said.banner
        assert held(slots) == (13_000, 5_000, 87_000)
        [opened], [closed] = counter.of(AttemptOpened), counter.of(AttemptClosed)
        assert (opened.service, closed.service, closed.outcome) == ("load", "load", "approved")
        [cash], [moved] = counter.of(CashMoved), counter.of(PurseMoved)
        assert (cash.direction, cash.amount, cash.against) == ("in", 3_000, "e-cash")
        assert (moved.payer_class, moved.payee_class, moved.own) == (
            PurseClass.TELLER,
            PurseClass.CONSUMER,
            "payer",
        )
        assert counter.till.register.shift.expected == 53_000
        paper = counter.store.papers.of_sale(counter.till.register.business_date, 1, RECEIPTS)
        assert paper is not None
        slip = msgspec.msgpack.decode(paper.body, type=PurseSlip)
        assert (slip.service, slip.amount, slip.balance) == ("load", 3_000, 13_000)
        assert slip.purse == CUSTOMER_NAME.decode() and slip.key.endswith("-0001-a")
        consistent(counter)

    play(tmp_path, story, slots)


def test_card_that_is_short_is_loaded_while_its_sale_is_open_and_then_pays(tmp_path: Path) -> None:
    """The sale keeps its number; the load has the next one; the sale after it the one after that."""
    slots = counter_with(customer=purse(CUSTOMER_NAME, balance=100))

    async def story(counter: Counter) -> None:
        short = await counter.key(MILK, "EC")
        assert short is not None and short.code == "PUR-01"
        loaded = await counter.key("5000EL")
        assert loaded is not None and loaded.code == ""
        assert counter.till.register.has_sale()
        await counter.key("EC")
        await counter.key(MILK, "CA")

        keys = [sale.tenders[0].attempt for sale in counter.of(SaleClosed)]
        assert [key.split("-")[3:] for key in keys] == [["0001", "b"], ["0003", "a"]]
        assert held(slots)[0] == 5_100 - PRICE
        consistent(counter)

    play(tmp_path, story, slots)


def test_numbers_of_loads_survive_a_restart(tmp_path: Path) -> None:
    async def story(counter: Counter) -> None:
        await counter.key("1000EL")
        await counter.again()
        await counter.key("1000EL", MILK, "CA")
        sales = [fact.sale for fact in counter.of(AttemptOpened)]
        assert sales == [1, 2] and counter.of(SaleClosed)[0].sale == 3

    play(tmp_path, story, counter_with())


# Refund


def test_refund_goes_back_to_the_card_bound_to_the_payment(tmp_path: Path) -> None:
    """M12: the transfer's reference is the payment's; the whole sale brings its goods back."""
    slots = counter_with()

    async def story(counter: Counter) -> None:
        key = await paid_by_purse(counter)
        said = await counter.key(f"EF:{key} broken")

        assert said is not None and said.code == "" and key in said.banner
        assert held(slots) == (10_000, 5_000, 90_000)
        [refund] = counter.of(RefundClosed)
        [sale] = counter.of(SaleClosed)
        assert refund.original == key.rpartition("-")[0] and refund.reason == "broken"
        assert (refund.total, refund.net, refund.vat, refund.exempt) == (
            sale.total,
            sale.net,
            sale.vat,
            sale.exempt,
        )
        assert [line.original for line in refund.lines] == [1]
        assert refund.lines[0].amount == sale.lines[0].amount
        assert (refund.tenders[0].method, refund.tenders[0].back_to) == ("purse", key)
        moved = counter.of(PurseMoved)[-1]
        assert decode_details(moved.details).reference == order_reference(key)
        assert moved.own == "payer"
        paper = counter.store.papers.newest("refund")
        assert paper is not None
        shift = counter.till.register.shift
        assert (shift.refunds, shift.by_method["purse"]) == (PRICE, 0)
        consistent(counter)

    play(tmp_path, story, slots)


def test_parts_go_back_until_all_has_and_never_more(tmp_path: Path) -> None:
    slots = counter_with()

    async def story(counter: Counter) -> None:
        key = await paid_by_purse(counter)
        above = await counter.key(f"2981EF:{key}")
        assert above is not None and above.code == "PUR-36" and "2,980" in above.banner
        for amount in (1_000, 1_980):
            said = await counter.key(f"{amount}EF:{key}")
            assert said is not None and said.code == ""
        parts = counter.of(RefundClosed)
        assert [part.total for part in parts] == [1_000, 1_980]
        for part in parts:
            assert part.net + part.vat + part.exempt == part.total and part.lines == []
        for text in (f"EF:{key}", f"1EF:{key}"):
            over = await counter.key(text)
            assert over is not None and over.code == "PUR-36"
        assert held(slots) == (10_000, 5_000, 90_000)
        consistent(counter)

    play(tmp_path, story, slots)


def test_only_a_payment_by_e_cash_of_a_closed_sale_here_is_given_back(tmp_path: Path) -> None:
    async def story(counter: Counter) -> None:
        await counter.key(MILK, "CA")
        [cash] = counter.of(SaleClosed)
        await counter.key(MILK, "1000EC", "CA")
        mixed = counter.of(SaleClosed)[1].tenders
        assert [tender.method for tender in mixed] == ["purse", "cash"]
        unknown = "S1-09-20260101-0001-a"
        for key in (cash.tenders[0].attempt, mixed[1].attempt, unknown, "nonsense"):
            said = await counter.key(f"EF:{key}")
            assert said is not None and said.code == "PUR-35", key
        assert counter.of(RefundClosed) == []
        above = await counter.key(f"1001EF:{mixed[0].attempt}")
        assert above is not None and above.code == "PUR-36"
        assert (await counter.key(f"EF:{mixed[0].attempt}")).code == ""  # type: ignore[union-attr]
        assert counter.of(RefundClosed)[0].total == 1_000

    play(tmp_path, story, counter_with())


def test_receipt_s_code_or_number_names_its_only_payment_by_e_cash(tmp_path: Path) -> None:
    """Scanned or keyed; where a sale has two such payments, their keys tell them apart."""
    slots = counter_with()

    async def story(counter: Counter) -> None:
        await counter.key(MILK, "1000EC", "CA")
        order = counter.of(SaleClosed)[0].tenders[0].attempt.rpartition("-")[0]
        for text in (f"400EF:{order}", "500EF:1 broken"):
            said = await counter.key(text)
            assert said is not None and said.code == "", text
        over = await counter.key(f"EF:{order}"), await counter.key(f"EF:{order}")
        assert [said.code for said in over if said] == ["", "PUR-36"]
        assert [refund.total for refund in counter.of(RefundClosed)] == [400, 500, 100]

        await counter.key(MILK, "1000EC", "EC")
        both = counter.of(SaleClosed)[1].tenders
        assert [tender.method for tender in both] == ["purse", "purse"]
        said = await counter.key(f"EF:{both[0].attempt.rpartition('-')[0]}")
        assert said is not None and said.code == "PUR-35"
        assert (await counter.key(f"EF:{both[1].attempt}")).code == ""  # type: ignore[union-attr]
        assert counter.of(RefundClosed)[-1].total == PRICE - 1_000
        consistent(counter)

    play(tmp_path, story, slots)


def test_refund_itself_cannot_be_refunded(tmp_path: Path) -> None:
    async def story(counter: Counter) -> None:
        key = await paid_by_purse(counter)
        await counter.key(f"EF:{key}")
        [refund] = counter.of(RefundClosed)
        again = await counter.key(f"EF:{refund.tenders[0].attempt}")
        assert again is not None and again.code == "PUR-35"

    play(tmp_path, story, counter_with())


def test_refund_in_doubt_sets_its_amount_aside_until_it_is_known(tmp_path: Path) -> None:
    """Never twice for one payment: neither while nobody knows, nor after it is found done."""
    slots = counter_with()
    card = slots.card

    async def story(counter: Counter) -> None:
        key = await paid_by_purse(counter)
        slots.losses[slots.exchanges + 10] = True
        refunding = asyncio.create_task(counter.key(f"1000EF:{key}"))
        while slots.exchanges < max(slots.losses):
            await asyncio.sleep(0.005)
        slots.card = None
        said = await refunding
        assert said is not None and (said.code, said.level) == ("PUR-41", "B")
        for text in (f"EF:{key}", f"500EF:{key}"):
            again = await counter.key(text)
            assert again is not None and again.code == "PUR-37"
        slots.card = card
        found = await counter.key("RS")
        assert found is not None and found.code == ""
        assert held(slots) == (10_000 - PRICE + 1_000, 5_000 + PRICE - 1_000, 90_000)
        rest = await counter.key(f"EF:{key}")
        assert rest is not None and rest.code == ""
        assert held(slots) == (10_000, 5_000, 90_000)
        consistent(counter)

    play(tmp_path, story, slots)


def test_the_schema_itself_refuses_more_than_was_paid(tmp_path: Path) -> None:
    async def story(counter: Counter) -> None:
        key = await paid_by_purse(counter)
        counter.store.refunds.open("r1", key, PRICE)
        with pytest.raises(StoreError, match="beyond what was paid"):
            counter.store.refunds.open("r2", key, 1)
        counter.store.refunds.close("r1", "declined")
        counter.store.refunds.open("r3", key, PRICE)
        counter.store.refunds.close("r3", "approved")
        with pytest.raises(StoreError, match="beyond what was paid"):
            counter.store.refunds.open("r4", key, 1)
        assert isinstance(counter.store.database, Database)

    play(tmp_path, story, counter_with())


# Deposit


def test_deposit_empties_the_shops_purse_or_gives_a_part(tmp_path: Path) -> None:
    slots = counter_with()

    async def story(counter: Counter) -> None:
        part = await counter.key("1000ED")
        assert part is not None and part.code == "" and "4,000" in part.banner
        rest = await counter.key("ED")
        assert rest is not None and rest.code == "" and "0" in rest.banner
        assert held(slots) == (10_000, 0, 95_000)
        nothing = await counter.key("ED")
        assert nothing is not None and nothing.code == "PUR-45"
        short = await counter.key("5ED")
        assert short is not None and short.code == "PUR-30" and "매장" in short.banner
        moved = counter.of(PurseMoved)
        assert [(fact.payer_class, fact.payee_class) for fact in moved] == [(1, 3), (1, 3)]
        assert counter.till.register.shift.expected == 50_000, "no cash in it"
        consistent(counter)

    play(tmp_path, story, slots)


# What is refused


@pytest.mark.parametrize(
    ("entry", "slots", "code"),
    [
        ("195000EL", counter_with(teller=purse(TELLER_NAME, 195_000, purse_class=3)), "PUR-31"),
        ("95000EL", counter_with(), "PUR-30"),
        ("0EL", counter_with(), "PAY-06"),
        ("9999999999EL", counter_with(), "PAY-03"),
        ("100EL", counter_with(customer=purse(CUSTOMER_NAME, expiry=20200101)), "PUR-06"),
        ("100EL", counter_with(customer=purse(CUSTOMER_NAME, issuer=77)), "PUR-10"),
        ("100EL", counter_with(customer=purse(CUSTOMER_NAME, log_slots=0)), "PUR-13"),
        (
            "100EL",
            counter_with(teller=purse(TELLER_NAME, 900, Parameters(transfer_max=9), purse_class=3)),
            "PUR-32",
        ),
        (
            "100EL",
            counter_with(
                teller=purse(TELLER_NAME, 900, Parameters(hotlist=(CUSTOMER_NAME,)), purse_class=3)
            ),
            "PUR-06",
        ),
        (
            "100ED",
            counter_with(shop=purse(SHOP_NAME, 900, Parameters(matrix=0), purse_class=1)),
            "PUR-12",
        ),
    ],
)
def test_refusal_says_why_and_moves_nothing(
    tmp_path: Path, entry: str, slots: MemorySlots, code: str
) -> None:
    before = held(slots)

    async def story(counter: Counter) -> None:
        said = await counter.key(entry)
        assert said is not None and (said.code, said.level) == (code, "B"), said
        assert said.money == notice("PUR-10", "ko").money
        assert held(slots) == before and not await counter.till.register.doubts()
        assert counter.of(CashMoved) == [] and counter.of(PurseMoved) == []
        consistent(counter)

    play(tmp_path, story, slots)


@pytest.mark.parametrize(
    ("missing", "entry", "code"),
    [
        ("card", "100EL", "RDR-02"),
        ("own", "100ED", "RDR-04"),
        ("own", "ED", "RDR-04"),
        ("bulk", "100EL", "PUR-34"),
        ("bulk", "ED", "PUR-34"),
    ],
)
def test_purse_that_is_not_there_is_named(
    tmp_path: Path, missing: str, entry: str, code: str
) -> None:
    slots = counter_with()
    setattr(slots, missing, None)

    async def story(counter: Counter) -> None:
        said = await counter.key(entry)
        assert said is not None and said.code == code
        assert counter.of(AttemptOpened) == []

    play(tmp_path, story, slots)


@pytest.mark.parametrize("entry", ["ED", "EF:S1-01-20260101-0001-a"])
def test_open_sale_is_ended_first(tmp_path: Path, entry: str) -> None:
    slots = counter_with()

    async def story(counter: Counter) -> None:
        key = await paid_by_purse(counter)
        await counter.key(MILK)
        said = await counter.key(f"EF:{key}" if entry.startswith("EF") else entry)
        assert said is not None and said.code == "PUR-38"

    play(tmp_path, story, slots)


@pytest.mark.parametrize("entry", ["EF:x", "ED"])
def test_clerk_needs_a_supervisor_to_give_value_away(tmp_path: Path, entry: str) -> None:
    async def story(counter: Counter) -> None:
        register = counter.till.register
        clerk = register.setup.clerk
        register.setup = replace(register.setup, clerk=replace(clerk, role=Role.CLERK))
        said = await counter.key(entry)
        assert said is not None and said.code.startswith("RGT-")
        loaded = await counter.key("CL", "100EL")
        assert loaded is not None and loaded.code == ""

    play(tmp_path, story, counter_with())


# Faults


EXCHANGES = range(1, 13)
SERVICES = {
    "load": ("3000EL", (13_000, 5_000, 87_000)),
    "deposit": ("3000ED", (10_000, 2_000, 93_000)),
    "refund": ("EF", (10_000, 5_000, 90_000)),
}


async def begin(counter: Counter, service: str) -> str:
    """Bring the counter to where the service can be asked for; return the entry."""
    entry, _ = SERVICES[service]
    return f"EF:{await paid_by_purse(counter)}" if service == "refund" else entry


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", EXCHANGES)
@pytest.mark.parametrize("service", SERVICES)
def test_lost_answer_anywhere_moves_once_or_not_at_all(
    tmp_path: Path, service: str, at: int, done: bool
) -> None:
    """Both cards stay: recovery within the same command ends it, or says that nothing moved."""
    slots = counter_with()
    _, after = SERVICES[service]

    async def story(counter: Counter) -> None:
        entry = await begin(counter, service)
        before = held(slots)
        slots.losses[slots.exchanges + at] = done
        said = await counter.key(entry)
        assert said is not None
        if said.code:
            assert held(slots) == before, "what was not said to be done was not done"
            assert not await counter.till.register.doubts()
            said = await counter.key(entry)
        assert said is not None and said.code == "" and held(slots) == after
        consistent(counter)

    play(tmp_path, story, slots)


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(7, 12))
@pytest.mark.parametrize("service", ["load", "refund"])
def test_card_that_leaves_is_in_doubt_until_it_comes_back(
    tmp_path: Path, service: str, at: int, done: bool
) -> None:
    slots = counter_with()
    card, (_, after) = slots.card, SERVICES[service]

    async def story(counter: Counter) -> None:
        entry = await begin(counter, service)
        before = held(slots)
        lost = slots.exchanges + at
        slots.losses[lost] = done
        serving = asyncio.create_task(counter.key(entry))
        while slots.exchanges < lost:
            await asyncio.sleep(0.005)
        slots.card = None
        said = await serving
        slots.card = card
        assert said is not None
        if await counter.till.register.doubts():
            assert said.code == {"load": "PUR-40", "refund": "PUR-41"}[service]
            assert counter.of(CashMoved) == [] and counter.of(RefundClosed) == []
            said = await counter.key("RS")
            assert said is not None and not await counter.till.register.doubts()
        if held(slots) == before:
            assert said.code in ("PUR-19", "PUR-43")
            assert counter.of(RefundClosed) == [] and counter.of(CashMoved) == []
        else:
            assert held(slots) == after and said.code == ""
        consistent(counter)

    play(tmp_path, story, slots)


def test_doubt_of_a_service_never_holds_the_counter(tmp_path: Path) -> None:
    """The next customer is served; the transfer waits for its card."""
    slots = counter_with()
    card = slots.card

    async def story(counter: Counter) -> None:
        slots.losses[10] = True
        loading = asyncio.create_task(counter.key("3000EL"))
        while slots.exchanges < 10:
            await asyncio.sleep(0.005)
        slots.card = None
        assert (await loading).code == "PUR-40"  # type: ignore[union-attr]
        sold = await counter.key(MILK, "CA")
        assert sold is not None and sold.code == ""
        slots.card = purse(b"STRANGER", balance=10)
        assert (await counter.key("RS")).code == "PUR-40"  # type: ignore[union-attr]
        slots.card = card
        assert (await counter.key("RS")).code == ""  # type: ignore[union-attr]
        assert held(slots) == (13_000, 5_000, 87_000)
        consistent(counter)

    play(tmp_path, story, slots)


def test_doubt_found_out_on_a_later_day_counts_where_its_cash_lies(tmp_path: Path) -> None:
    """The shift was closed meanwhile: the cash goes into the drawer, and the Z, of the day it comes."""
    slots = counter_with()
    card = slots.card

    async def story(counter: Counter) -> None:
        slots.losses[10] = True
        loading = asyncio.create_task(counter.key("3000EL"))
        while slots.exchanges < 10:
            await asyncio.sleep(0.005)
        slots.card = None
        await loading
        await counter.key("50000x1CN", "CZ")
        waiting = await counter.key("RS")
        assert waiting is not None and waiting.code == "SHF-01"
        await asyncio.sleep(24 * 3600)
        await counter.key("20000OS")
        slots.card = card
        said = await counter.key("RS")
        assert said is not None and said.code == ""
        register = counter.till.register
        assert register.shift.expected == 23_000
        paper = counter.store.papers.of_sale(register.business_date, 1, RECEIPTS)
        assert paper is not None and paper.form == "purse"
        sold = await counter.key(MILK, "CA")
        assert sold is not None and counter.of(SaleClosed)[0].sale == 2
        consistent(counter)

    play(tmp_path, story, slots)


def moments_of(folder: Path, service: str, losses: dict[int, bool]) -> list:
    """Serve once and remember every moment at an append and before every exchange."""
    slots, places = counter_with(), Places()

    async def story(counter: Counter) -> None:
        entry = await begin(counter, service)
        slots.losses.update({slots.exchanges + at: done for at, done in losses.items()})
        counter.places.folder, counter.places.slots = folder, slots
        slots.passed = lambda: counter.places.reach(f"exchange {slots.exchanges}")
        await counter.key(entry)
        counter.places.folder = None
        places.moments = counter.places.moments

    play(folder, story, slots)
    return places.moments


@pytest.mark.parametrize("gone", [False, True], ids=["card-stays", "card-left"])
@pytest.mark.parametrize("losses", [{}, {9: True}, {10: True}, {11: False}], ids=str)
@pytest.mark.parametrize("service", SERVICES)
def test_till_killed_at_any_moment_recovers_from_its_store(
    tmp_path: Path, service: str, losses: dict[int, bool], gone: bool
) -> None:
    moments = moments_of(tmp_path / "whole", service, losses)
    assert {"before_append_attempt", "after_append_attempt"} <= {moment.place for moment in moments}
    for number, moment in enumerate(moments):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, data in moment.store.items():
            (folder / name).write_bytes(data)
        slots = counter_with()
        assert slots.card is not None and slots.own is not None and slots.bulk is not None
        slots.card.memory.write(moment.card)
        slots.own.memory.write(moment.own)
        slots.bulk.memory.write(moment.bulk)
        run(_recovering(folder, slots, service, gone=gone))


def _recovering(
    folder: Path, slots: MemorySlots, service: str, *, gone: bool
) -> Callable[[VirtualClock, SeededEntropy], Awaitable[None]]:
    card, (entry, after) = slots.card, SERVICES[service]

    async def told(clock: VirtualClock, entropy: SeededEntropy) -> None:
        counter = await Counter(folder, clock, slots).again()
        slots.card = None if gone else card
        await counter.key("RS")
        slots.card = card
        said: Notice | None = await counter.key("RS")
        assert not await counter.till.register.doubts(), said
        if held(slots) != after:
            text = f"EF:{counter.of(SaleClosed)[0].tenders[0].attempt}" if entry == "EF" else entry
            said = await counter.key(text)
            assert said is not None and said.code == "", said
        assert held(slots) == after
        consistent(counter)
        counter.check()
        counter.store.close()

    assert (folder / FILE_NAME).exists()
    return told


# Goods that come back, paid for by e-cash


@pytest.mark.parametrize("done", [None, False, True], ids=["whole", "before", "after"])
@pytest.mark.parametrize("at", range(7, 12))
def test_goods_paid_by_e_cash_go_back_to_the_card(
    tmp_path: Path, at: int, done: bool | None
) -> None:
    """M12 in a return: the money goes back the way it came, once, whatever answer is lost."""
    slots = counter_with()

    async def story(counter: Counter) -> None:
        key = await paid_by_purse(counter)
        await counter.key(f"RT:{key}", "1RL")
        if done is not None:
            slots.losses[slots.exchanges + at] = done
        said = await counter.key("GB")
        if counter.till.register.has_sale():
            assert said is not None and said.code and held(slots)[0] == 10_000 - PRICE
            said = await counter.key("GB")
        assert said is not None and said.code == "" and held(slots) == (10_000, 5_000, 90_000)
        [refund] = counter.of(RefundClosed)
        [tender] = refund.tenders
        assert (tender.method, tender.back_to, tender.amount) == ("purse", key, PRICE)
        assert refund.lines[0].original == 1
        assert decode_details(counter.of(PurseMoved)[-1].details).reference == order_reference(key)
        over = await counter.key(f"EF:{key}")
        assert over is not None and over.code == "PUR-36"
        consistent(counter)

    play(tmp_path, story, slots)


def test_return_in_doubt_waits_for_the_card_and_never_pays_anew(tmp_path: Path) -> None:
    """Nobody knows whether it has gone back: GB again begins nothing, RS ends it in its ticket."""
    slots = counter_with()
    card = slots.card

    async def story(counter: Counter) -> None:
        key = await paid_by_purse(counter)
        await counter.key(f"RT:{key}", "1RL")
        slots.losses[slots.exchanges + 10] = True
        giving = asyncio.create_task(counter.key("GB"))
        while slots.exchanges < max(slots.losses):
            await asyncio.sleep(0.005)
        slots.card = None
        said = await giving
        assert said is not None and said.code == "PUR-41"
        again = await counter.key("GB")
        assert again is not None and again.code == "PUR-37"
        slots.card = card
        found = await counter.key("RS")
        assert found is not None and found.code == ""
        ended = await counter.key("GB")
        assert ended is not None and ended.code == "" and not counter.till.register.has_sale()
        assert held(slots) == (10_000, 5_000, 90_000)
        [refund] = counter.of(RefundClosed)
        assert refund.tenders[0].back_to == key and len(refund.tenders) == 1
        consistent(counter)

    play(tmp_path, story, slots)
