"""A purchase and its recovery, with an answer lost at every exchange, and again in the recovery.

Method: both sides are the production classes; the test plays the reader and tears. T5.
"""

import pytest

from protocols.icash.attempt import (
    PEER_LENGTH_MAX,
    details_in,
    order_reference,
    peer_of,
    purchase_reference,
)
from protocols.icash.card import IcashCard
from protocols.icash.coordinator import (
    Ask,
    InDoubt,
    NotPaid,
    Order,
    Paid,
    Place,
    prove,
    purchase,
    recover,
)
from protocols.icash.details import Details
from protocols.icash.host import Host
from protocols.icash.module import IcashModule
from protocols.iso7816 import SW, parse_response
from protocols.purse.memory import Cell
from tests.support.icash import (
    CARD,
    DETAILS,
    KRW,
    MASTERS,
    ORDER,
    SUITE,
    TODAY,
    balance,
    card,
    drive,
    module,
    total,
)
from tests.support.purses import Torn

Sides = dict[Place, IcashCard | IcashModule]
EXCHANGES = 8
"""Of a purchase without a fault: two identifications of two, and four that open and move value."""


def pair() -> Sides:
    return {Place.CARD: card(), Place.MODULE: module()}


def money(sides: Sides) -> tuple[int, int]:
    payer, shop = sides[Place.CARD], sides[Place.MODULE]
    assert isinstance(payer, IcashCard) and isinstance(shop, IcashModule)
    return balance(payer), total(shop)


def copies(sides: Sides) -> Sides:
    return {
        place: type(side)(side.personality, Cell(side.memory.read()), SUITE)  # type: ignore[arg-type]
        for place, side in sides.items()
    }


def test_a_purchase_moves_the_value_once_and_intends_before_it_asks() -> None:
    sides = pair()

    result, exchanges, intended = drive(purchase(ORDER), sides)

    assert isinstance(result, Paid)
    assert result.details == DETAILS
    assert Host(MASTERS, SUITE).is_debited(DETAILS, result.proof)
    assert (exchanges, intended) == (EXCHANGES, True)
    assert money(sides) == (700, 300)


@pytest.mark.parametrize(
    ("order", "place", "sw"),
    [
        (Order(amount=1_001, currency=KRW, reference=bytes(8), day=TODAY), Place.CARD, 0x9102),
        (Order(amount=1, currency=840, reference=bytes(8), day=TODAY), Place.CARD, 0x9104),
        (Order(amount=1, currency=KRW, reference=bytes(8), day=20310101), Place.CARD, 0x6984),
    ],
)
def test_a_refused_purchase_says_who_refused_and_moves_nothing(
    order: Order, place: Place, sw: int
) -> None:
    sides = pair()

    assert drive(purchase(order), sides)[0] == NotPaid(place, sw)
    assert money(sides) == (1_000, 0)


@pytest.mark.parametrize("done", [True, False], ids=["answer lost", "command lost"])
@pytest.mark.parametrize("at", range(1, EXCHANGES + 1))
def test_a_purchase_torn_anywhere_is_healed_whatever_is_torn_in_the_healing(
    at: int, *, done: bool
) -> None:
    """Goal: after recovery value is conserved and the result is the truth. Every second tear too."""
    sides = pair()
    result, _, _ = drive(purchase(ORDER), sides, Torn(at, done))
    if not isinstance(result, InDoubt):
        assert money(sides) == ((700, 300) if isinstance(result, Paid) else (1_000, 0))
        return

    for second in range(1, 20):
        for second_done in (True, False):
            again = copies(sides)
            healed, exchanges, _ = drive(
                recover(result.details, TODAY), again, Torn(second, second_done)
            )
            for _ in range(3):
                if isinstance(healed, InDoubt):
                    healed, _, _ = drive(recover(result.details, TODAY), again)
            assert not isinstance(healed, InDoubt), "not healed after three more meetings"
            assert money(again) == ((700, 300) if isinstance(healed, Paid) else (1_000, 0))
        if exchanges < second:
            return
    pytest.fail("the recovery does not end")


@pytest.mark.parametrize("at", range(6, EXCHANGES + 1))
def test_a_purchase_heals_after_the_shop_has_sold_to_others(at: int) -> None:
    """The module gives the purchase up for the next customer's; its S3 is taken late."""
    sides = pair()
    result, _, _ = drive(purchase(ORDER), sides, Torn(at, done=True))
    assert isinstance(result, InDoubt)
    other = card(name=b"CARD0002")
    assert isinstance(drive(purchase(ORDER), {**sides, Place.CARD: other})[0], Paid)

    healed, _, _ = drive(recover(result.details, TODAY), sides)

    assert isinstance(healed, Paid)
    assert at == EXCHANGES or Host(MASTERS, SUITE).is_debited(result.details, healed.proof)
    assert money(sides) == (700, 600)


def test_a_purchase_whose_number_another_customer_used_was_never_asked_for() -> None:
    sides = pair()
    result, _, _ = drive(purchase(ORDER), sides, Torn(6, done=False))
    assert isinstance(result, InDoubt)
    drive(purchase(ORDER), {**sides, Place.CARD: card(name=b"CARD0002")})

    healed, _, _ = drive(recover(result.details, TODAY), sides)

    assert healed == NotPaid(Place.MODULE, 0)
    assert money(sides) == (1_000, 300)


def test_a_card_that_paid_elsewhere_instead_can_never_pay_this_purchase() -> None:
    sides = pair()
    result, _, _ = drive(purchase(ORDER), sides, Torn(6, done=True))
    assert isinstance(result, InDoubt)
    drive(purchase(ORDER), {**sides, Place.MODULE: module(b"SHOP0002")})

    healed, _, _ = drive(recover(result.details, TODAY), sides)

    assert healed == NotPaid(Place.CARD, 0)
    assert money(sides) == (700, 0)


def test_recovery_asks_nothing_of_another_card() -> None:
    sides = pair()
    result, _, _ = drive(purchase(ORDER), sides, Torn(7, done=False))
    assert isinstance(result, InDoubt)
    stranger = card(name=b"STRANGER")
    before = stranger.memory.read()

    healed, _, _ = drive(recover(result.details, TODAY), {**sides, Place.CARD: stranger})

    assert healed == InDoubt(result.details, Place.CARD, "another card is in the reader")
    assert stranger.memory.read() == before
    assert result.details.card == CARD


def test_recovery_with_another_module_is_in_doubt() -> None:
    sides = pair()
    result, _, _ = drive(purchase(ORDER), sides, Torn(7, done=True))
    assert isinstance(result, InDoubt)

    healed, _, _ = drive(
        recover(result.details, TODAY), {**sides, Place.MODULE: module(b"SHOP0002")}
    )

    assert isinstance(healed, InDoubt)
    assert money(sides) == (700, 0)


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("at", range(1, EXCHANGES + 1))
def test_a_purchase_that_is_no_longer_wanted_moves_nothing_more(at: int, done: bool) -> None:
    """The sale was paid in cash meanwhile: what the card has paid is found, what it has not stays there."""
    sides = pair()
    result, _, intended = drive(purchase(ORDER), sides, Torn(at, done))
    if not isinstance(result, InDoubt):
        assert not intended or isinstance(result, Paid)
        return
    before = money(sides)

    result, _, _ = drive(recover(result.details, TODAY, wanted=False), sides)

    assert money(sides)[0] == before[0], "no card is debited for what nobody wants"
    assert isinstance(result, Paid if before[0] == 700 else NotPaid)
    assert sum(money(sides)) == 1_000


def test_a_card_that_can_no_longer_pay_ends_the_purchase() -> None:
    """Expired between the accident and the recovery: it says so and has not paid."""
    sides = pair()
    result, _, _ = drive(purchase(ORDER), sides, Torn(7, False))
    assert isinstance(result, InDoubt)

    result, _, _ = drive(recover(result.details, 20310101), sides)

    assert result == NotPaid(Place.CARD, SW.REFERENCE_NOT_USABLE)
    assert money(sides) == (1_000, 0)


def proved(details: Details, asked: IcashCard, *, answers: bool = True) -> bytes:
    dialogue = prove(details)
    try:
        step = next(dialogue)
        while True:
            assert isinstance(step, Ask)
            step = dialogue.send(parse_response(asked.handle(step.apdu)) if answers else None)
    except StopIteration as end:
        return bytes(end.value)


def test_a_card_says_again_that_it_has_paid_and_only_what_it_has() -> None:
    sides = pair()
    result, _, _ = drive(purchase(ORDER), sides)
    payer = sides[Place.CARD]
    assert isinstance(result, Paid) and isinstance(payer, IcashCard)

    assert proved(DETAILS, payer) == result.proof
    assert proved(DETAILS._replace(amount=301), payer) == b""
    assert proved(DETAILS, payer, answers=False) == b""
    assert proved(DETAILS, card(name=b"ANOTHER1")) == b""


def test_what_stands_in_the_journal_says_everything_that_recovery_asks() -> None:
    peer = peer_of(DETAILS)

    assert details_in(peer) == DETAILS and len(peer) <= PEER_LENGTH_MAX
    assert CARD.hex() in peer
    assert details_in("payer=1;pd=00") is details_in("td=zz") is details_in("") is None
    assert purchase_reference(DETAILS) == "4341524430303031-0"
    assert len(order_reference("S1-01-20260417-0001-a")) == 8
