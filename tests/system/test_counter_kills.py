"""SIGKILL to the real counter, in the middle of taking money, and the keys of its clerk after it (step 4, must show).

Killed at a place of a cash payment or at a command of a card, the customer's card taken out in the fright:
the counter is opened again on a terminal. The screen must be true, the clerk presses what it offers, and
the keys are counted. The whole matrix of commands is `python -m tests.prove --campaign counter_kills`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from protocols.facts import AttemptClosed, AttemptParked
from sim.stage.shop import serves_cards
from tests.support.counter_kills import (
    CUSTOMER,
    ICASH,
    PRICE,
    PURSE,
    SHOP,
    CardTable,
    Moment,
    Scheme,
    finish,
    is_asked,
    is_closed,
    is_selling,
    kill_in_payment,
)
from tests.support.counter_kills import (
    Shop as Till,
)

pytestmark = pytest.mark.system
needs_cards = [
    pytest.mark.xdist_group("cards"),
    pytest.mark.skipif(not serves_cards(), reason="no pcscd here, or our reader driver"),
]


@pytest.fixture
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CardTable]:
    """Lay out new cards: one that was owed an answer before has two commands more."""
    with CardTable(tmp_path_factory.mktemp("t")) as made:
        yield made


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Till]:
    made = Till(tmp_path / "s")
    yield made
    made.close()


@pytest.mark.parametrize(
    ("place", "shown", "keys"),
    [
        ("before_append_sale", ("1 pcs", "*  2,980 *"), ["1", "0", "0", "0", "0", "F12"]),
        ("after_append_sale", ("0 pcs", "-0001 CASH", "change            7,020"), []),
    ],
)
def test_cash_is_taken_or_not_and_the_screen_says_which(
    till: Till, place: str, shown: tuple[str, ...], keys: list[str]
) -> None:
    """The drawer never opened before it was durable; afterwards the change is still on the screen."""
    till.prepare()
    till.open(fault=place)
    till.press("F12", digits="10000")
    while till.screen.process.poll() is None:
        till.screen.read(0.05)
    till.died()

    till.open()
    text = till.wait(lambda text: is_closed(text) or is_selling(text), "the sale")
    assert all(each in text for each in shown), text
    assert "JNL-02" in text, "a sudden end is told"
    if keys:
        till.press("F12", digits="10000")
        till.wait(is_closed, "the end of the sale")
    assert till.keys == keys
    till.close()
    [tender] = till.sale().tenders
    assert (tender.method, tender.tendered, tender.change) == ("cash", 10_000, 7_020)


@pytest.mark.parametrize(
    ("place", "due"), [("before_append_attempt", PRICE), ("after_append_attempt", PRICE - 1_000)]
)
def test_part_of_a_sale_in_cash_is_there_or_not_and_one_key_takes_the_rest(
    till: Till, place: str, due: int
) -> None:
    till.prepare()
    till.open(fault=place)
    till.press("F12", digits="1000")
    while till.screen.process.poll() is None:
        till.screen.read(0.05)
    till.died()

    till.open()
    paid = due != PRICE
    till.wait(lambda text: is_selling(text) and (f"{due:,}" in text), "what is due")
    assert ("Still due" in till.text()) is paid
    till.press("F12")
    till.wait(is_closed, "the end of the sale")
    assert till.keys == ["F12"]
    till.close()
    assert [each.amount for each in till.sale().tenders] == ([1_000, due] if paid else [PRICE])


MOMENTS = [
    # (scheme, moment, the keys after it)
    (PURSE, Moment(CUSTOMER, 3, done=True), ["F9"]),  # QUERY: nothing is intended
    (PURSE, Moment(CUSTOMER, 4, done=True), ["F9"]),  # START: offered, never asked for
    (PURSE, Moment(SHOP, 4, done=True), ["Enter"]),  # REQ made: it goes on
    (PURSE, Moment(CUSTOMER, 5, done=True), ["Enter"]),  # VAL: the value has left the card
    (PURSE, Moment(SHOP, 5, done=True), []),  # CREDIT: the shop has it
    (PURSE, Moment(CUSTOMER, 6, done=False), []),  # the receipt never reached the card
    (ICASH, Moment(CUSTOMER, 4, done=True), ["Enter"]),  # the card has paid
    (ICASH, Moment(SHOP, 4, done=True), []),  # the module has it
]


@pytest.mark.parametrize(
    ("scheme", "moment", "keys"),
    MOMENTS,
    ids=[f"{scheme.name}-{moment}" for scheme, moment, _ in MOMENTS],
)
class TestECash:
    """Both cards in readers of a real pcscd."""

    pytestmark = needs_cards

    def test_screen_is_true_and_the_clerk_finishes_in_the_keys_it_shows(
        self, till: Till, table: CardTable, scheme: Scheme, moment: Moment, keys: list[str]
    ) -> None:
        till.scheme, till.table = scheme, table
        before = [table.holds(each) for each in (scheme.card, scheme.own)]
        kill_in_payment(till.prepare(), moment)

        assert finish(till, moment) == keys

        after = [table.holds(each) for each in (scheme.card, scheme.own)]
        assert after == [before[0] - PRICE, before[1] + PRICE], "taken once, and it is there"


class TestCustomerIsGone:
    """The card never comes back to this sale; a day later it does."""

    pytestmark = needs_cards

    def test_two_keys_take_cash_and_three_give_the_late_money_back(
        self, till: Till, table: CardTable
    ) -> None:
        till.table = table
        before = [table.holds(each) for each in (PURSE.card, PURSE.own)]
        kill_in_payment(till.prepare(), Moment(CUSTOMER, 5, done=True))
        table.remove(CUSTOMER)
        till.open()
        till.wait(is_asked, "the takeover")

        till.press("F8")
        till.wait(lambda text: is_selling(text) and "PUR-26" in text, "the sale")
        assert "UNKNOWN" in till.text() and "[QUESTION] 1" in till.text()
        till.press("F12")
        till.wait(is_closed, "the end of the sale")
        assert till.keys == ["F8", "F12"]
        [tender] = till.sale().tenders
        assert tender.method == "cash"
        assert any(isinstance(fact, AttemptParked) for fact in till.facts())

        till.keys.clear()
        table.insert(CUSTOMER, PURSE.card)
        till.press("F1")
        till.wait(lambda text: "MENU" in text, "the menu")
        till.screen.send(b"8")
        till.wait(lambda text: "In doubt" in text, "the queue")
        till.press("Enter")
        till.wait(lambda text: "went back to the same card" in text, "the late money")
        till.close()

        assert [table.holds(each) for each in (PURSE.card, PURSE.own)] == before
        assert sum(isinstance(f, AttemptClosed) and bool(f.repays) for f in till.facts()) == 1
