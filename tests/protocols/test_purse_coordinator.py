"""A transfer and its recovery, with an answer lost at every single exchange, and again in recovery.

Method: both purses are the production class; the test plays the reader and tears. T5; threats T2-T4.
"""

from dataclasses import replace

import pytest

from protocols.iso7816 import SW, Response
from protocols.purse.card import PIN_KEY, Purse
from protocols.purse.coordinator import (
    PIN_ENTRIES_MAX,
    EnterPin,
    InDoubt,
    NotMoved,
    Slot,
    Transferred,
    recover,
    recover_at_payer,
    transfer,
)
from protocols.purse.image import Life, Parameters, Status, encode_image
from protocols.purse.memory import Cell
from protocols.secure_pin import PinSW, pin_block
from tests.support.purses import (
    ORDER,
    PIN,
    SUITE,
    TODAY,
    Torn,
    balance,
    drive,
    purse,
    remembers,
    tell,
)

EXCHANGES = 11
"""Of a transfer without a fault: two identifications of three, and five that move value."""


def pair() -> dict[Slot, Purse]:
    return {Slot.PAYER: purse(b"CUSTOMER"), Slot.PAYEE: purse(b"THE SHOP", balance=5)}


def copies(cards: dict[Slot, Purse]) -> dict[Slot, Purse]:
    return {
        slot: Purse(card.personality, Cell(card.memory.read()), SUITE)
        for slot, card in cards.items()
    }


def test_transfer_moves_the_value_once_and_intends_before_it_starts() -> None:
    cards = pair()

    result, exchanges, intended = drive(transfer(ORDER), cards)

    assert isinstance(result, Transferred)
    assert exchanges == EXCHANGES
    assert intended
    assert (balance(cards[Slot.PAYER]), balance(cards[Slot.PAYEE])) == (700, 305)


def test_transfer_is_refused_with_the_purse_and_word_that_refused() -> None:
    cards = pair()

    result, _, _ = drive(
        transfer(ORDER.__class__(value=1_001, currency=410, reference=bytes(8), day=TODAY)), cards
    )

    assert result == NotMoved(Slot.PAYER, 0x9102)
    assert (balance(cards[Slot.PAYER]), balance(cards[Slot.PAYEE])) == (1_000, 5)


def test_a_payer_whose_ack_was_lost_hears_of_it_when_the_two_meet_again() -> None:
    """Otherwise every lost COMPLETE would take a slot of the customer's log until a visit to the issuer."""
    cards = pair()
    first, _, _ = drive(transfer(ORDER), cards, Torn(EXCHANGES, done=False))
    assert isinstance(first, Transferred)
    assert remembers(cards[Slot.PAYER]).status == Status.EPA

    second, exchanges, _ = drive(transfer(ORDER), cards)

    assert isinstance(second, Transferred)
    assert exchanges == EXCHANGES + 3
    assert remembers(cards[Slot.PAYER]).log == ()
    assert (balance(cards[Slot.PAYER]), balance(cards[Slot.PAYEE])) == (400, 605)


def test_a_payer_that_is_owed_an_answer_elsewhere_is_left_as_it_is() -> None:
    cards = pair()
    drive(transfer(ORDER), cards, Torn(EXCHANGES, done=False))
    other = {**cards, Slot.PAYEE: purse(b"ELSEHERE", balance=0)}

    assert isinstance(drive(transfer(ORDER), other)[0], Transferred)
    assert len(remembers(cards[Slot.PAYER]).log) == 1


def test_a_refused_offer_is_withdrawn_so_that_nothing_can_move_later() -> None:
    cards = {Slot.PAYER: purse(b"CUSTOMER"), Slot.PAYEE: purse(b"THE SHOP", balance=199_900)}

    result, _, _ = drive(transfer(ORDER), cards)

    assert result == NotMoved(Slot.PAYEE, 0x9101)
    assert remembers(cards[Slot.PAYER]).status == Status.EAFROM


def test_an_offer_that_could_not_be_withdrawn_is_in_doubt_until_it_is() -> None:
    cards = {Slot.PAYER: purse(b"CUSTOMER"), Slot.PAYEE: purse(b"THE SHOP", balance=199_900)}

    result, _, _ = drive(transfer(ORDER), cards, Torn(9, done=False))
    assert isinstance(result, InDoubt)
    healed, _, _ = drive(recover(result.details, TODAY), cards)

    assert isinstance(healed, NotMoved)
    assert remembers(cards[Slot.PAYER]).status == Status.EAFROM


def test_recovery_never_says_not_moved_of_what_the_payer_paid_and_the_issuer_settled() -> None:
    """The payer's narrative has the VAL although its log was cleared: somebody must look."""
    cards = pair()
    result, _, _ = drive(transfer(ORDER), cards, Torn(10, done=False))
    assert isinstance(result, InDoubt)
    for card in cards.values():
        image = remembers(card)
        settled = image._replace(status=Status.EAFROM, details=bytes(38), log=())
        card.memory.write(encode_image(settled))

    healed, _, _ = drive(recover(result.details, TODAY), cards)

    assert isinstance(healed, InDoubt)
    assert (balance(cards[Slot.PAYER]), balance(cards[Slot.PAYEE])) == (700, 5)


@pytest.mark.parametrize("done", [True, False], ids=["answer lost", "command lost"])
@pytest.mark.parametrize("at", range(1, EXCHANGES + 1))
def test_transfer_torn_anywhere_is_healed_whatever_is_torn_in_the_healing(
    at: int, *, done: bool
) -> None:
    """Goal: after recovery value is conserved and the result is the truth. Every second tear too."""
    cards = pair()
    result, _, _ = drive(transfer(ORDER), cards, Torn(at, done))
    assert sum(balance(card) for card in cards.values()) in (1_005, 705)
    if not isinstance(result, InDoubt):
        moved = isinstance(result, Transferred)
        assert balance(cards[Slot.PAYEE]) == (305 if moved else 5)
        return

    second = 0
    finished = False
    while not finished:
        second += 1
        for second_done in (True, False):
            again = copies(cards)
            healed, exchanges, _ = drive(
                recover(result.details, TODAY), again, Torn(second, second_done)
            )
            finished = exchanges < second
            rounds = 0
            while isinstance(healed, InDoubt):
                rounds += 1
                assert rounds < 4, f"not healed after {rounds} more meetings: {healed}"
                healed, _, _ = drive(recover(result.details, TODAY), again)
            moved = isinstance(healed, Transferred)
            paid, got = balance(again[Slot.PAYER]), balance(again[Slot.PAYEE])
            assert (paid, got) == ((700, 305) if moved else (1_000, 5))


def test_recovery_asks_nothing_of_another_card() -> None:
    """The wrong card is put in after a tear: it is neither debited nor credited, nor asked to."""
    cards = pair()
    result, _, _ = drive(transfer(ORDER), cards, Torn(9, done=False))
    assert isinstance(result, InDoubt)
    stranger = purse(b"STRANGER")
    before = stranger.memory.read()

    healed, _, _ = drive(recover(result.details, TODAY), {**cards, Slot.PAYER: stranger})

    assert isinstance(healed, InDoubt)
    assert stranger.memory.read() == before


WRONG = pin_block("9999")


def holder(**image: object) -> dict[Slot, Purse]:
    """Return a pair whose customer's purse wants the PIN above 100."""
    cards = pair()
    cards[Slot.PAYER] = purse(b"CUSTOMER", parameters=Parameters(pin_above=100))
    memory = cards[Slot.PAYER].memory
    memory.write(encode_image(remembers(cards[Slot.PAYER])._replace(**image)))
    return cards


class Customer:
    """Somebody at a keypad: enters these PINs one after the other, or lets the keypad say a word."""

    def __init__(self, card: Purse, *keys: bytes | int | None) -> None:
        self.card = card
        self.keys = list(keys)
        self.asked: list[EnterPin] = []

    def __call__(self, wanted: EnterPin) -> Response | None:
        self.asked.append(wanted)
        keys = self.keys.pop(0)
        if isinstance(keys, bytes):
            return tell(self.card, 0, 0x20, 0, PIN_KEY, keys)
        return None if keys is None else Response(b"", keys)


def test_a_purse_that_wants_its_pin_gets_it_before_anything_is_intended() -> None:
    cards = holder()
    customer = Customer(cards[Slot.PAYER], PIN)

    result, exchanges, _ = drive(transfer(ORDER), cards, enter_pin=customer)

    assert isinstance(result, Transferred) and exchanges == EXCHANGES
    assert customer.asked == [EnterPin(tries=3, said=0)]


def test_below_its_limit_and_beyond_its_balance_nobody_is_asked() -> None:
    """Who cannot pay is told so, and need not give a PIN first."""
    cards = holder()
    customer = Customer(cards[Slot.PAYER])

    small, _, _ = drive(transfer(replace(ORDER, value=100)), cards, enter_pin=customer)
    large, _, intended = drive(transfer(replace(ORDER, value=901)), cards, enter_pin=customer)

    assert isinstance(small, Transferred)
    assert large == NotMoved(Slot.PAYER, SW.FUNDS) and not intended
    assert customer.asked == []


def test_a_wrong_pin_is_asked_again_with_the_tries_left_and_a_short_one_too() -> None:
    cards = holder()
    customer = Customer(cards[Slot.PAYER], WRONG, PinSW.TOO_SHORT_OR_LONG, WRONG, PIN)

    assert isinstance(drive(transfer(ORDER), cards, enter_pin=customer)[0], Transferred)
    assert customer.asked == [
        EnterPin(3, 0),
        EnterPin(2, 0x63C2),
        EnterPin(2, PinSW.TOO_SHORT_OR_LONG),
        EnterPin(1, 0x63C1),
    ]
    assert remembers(cards[Slot.PAYER]).tries == 3


@pytest.mark.parametrize(
    ("keys", "word"),
    [
        ([WRONG, WRONG, WRONG], SW.PIN_BLOCKED),
        ([PinSW.CANCELLED], PinSW.CANCELLED),
        ([WRONG, PinSW.TIMEOUT], PinSW.TIMEOUT),
        ([SW.SECURITY_NOT_SATISFIED], SW.SECURITY_NOT_SATISFIED),
        ([PinSW.TOO_SHORT_OR_LONG] * PIN_ENTRIES_MAX, PinSW.TOO_SHORT_OR_LONG),
        ([0x63C0], SW.PIN_BLOCKED),
        ([None], 0),
    ],
)
def test_without_the_pin_nothing_is_intended_and_nothing_moves(
    keys: list[bytes | int | None], word: int
) -> None:
    cards = holder()
    sequence = remembers(cards[Slot.PAYER]).sequence

    result, _, intended = drive(
        transfer(ORDER), cards, enter_pin=Customer(cards[Slot.PAYER], *keys)
    )

    assert result == NotMoved(Slot.PAYER, word) and not intended
    assert remembers(cards[Slot.PAYER]).sequence == sequence
    assert (balance(cards[Slot.PAYER]), balance(cards[Slot.PAYEE])) == (1_000, 5)


def test_a_purse_whose_pin_is_blocked_is_not_asked_for_it() -> None:
    cards = holder(tries=0)
    customer = Customer(cards[Slot.PAYER])

    result, _, _ = drive(transfer(ORDER), cards, enter_pin=customer)

    assert result == NotMoved(Slot.PAYER, SW.PIN_BLOCKED) and customer.asked == []


def test_a_locked_purse_is_unlocked_by_its_pin_and_pays() -> None:
    cards = holder(life=Life.LOCKED)
    small = replace(ORDER, value=50)

    refused, _, _ = drive(
        transfer(small), cards, enter_pin=Customer(cards[Slot.PAYER], PinSW.CANCELLED)
    )
    assert refused == NotMoved(Slot.PAYER, PinSW.CANCELLED)
    assert remembers(cards[Slot.PAYER]).life == Life.LOCKED
    paid, exchanges, _ = drive(transfer(small), cards, enter_pin=Customer(cards[Slot.PAYER], PIN))

    assert isinstance(paid, Transferred) and exchanges == EXCHANGES + 1
    assert remembers(cards[Slot.PAYER]).life == Life.ACTIVE


@pytest.mark.parametrize("done", [True, False], ids=["answer lost", "command lost"])
def test_an_unlocking_that_is_lost_has_moved_nothing(*, done: bool) -> None:
    cards = holder(life=Life.LOCKED)

    result, _, intended = drive(
        transfer(ORDER), cards, Torn(7, done), enter_pin=Customer(cards[Slot.PAYER], PIN)
    )

    assert result == NotMoved(Slot.PAYER, 0) and not intended


@pytest.mark.parametrize("done", [True, False], ids=["answer lost", "command lost"])
@pytest.mark.parametrize("at", range(4, EXCHANGES + 1))
def test_payer_alone_tells_that_nothing_moved_only_where_nothing_can(
    at: int, *, done: bool
) -> None:
    """The shop pays and the customer's card has left: what was only offered is given up for good."""
    cards = pair()
    result, _, intended = drive(transfer(ORDER), cards, Torn(at, done=done))
    if not isinstance(result, InDoubt):
        assert isinstance(result, Transferred) or not intended
        return
    paid = balance(cards[Slot.PAYER]) < 1_000

    alone, _, _ = drive(recover_at_payer(result.details), {Slot.PAYER: cards[Slot.PAYER]})

    assert isinstance(alone, InDoubt if paid else NotMoved)
    again, _, _ = drive(recover_at_payer(result.details), {Slot.PAYER: cards[Slot.PAYER]})
    assert type(again) in (type(alone), InDoubt)
    healed, _, _ = drive(recover(result.details, TODAY), cards)
    assert isinstance(healed, Transferred if paid else NotMoved)
    assert balance(cards[Slot.PAYER]) + balance(cards[Slot.PAYEE]) == 1_005


def test_payer_of_another_name_is_not_asked_to_give_anything_up() -> None:
    cards = pair()
    result, _, _ = drive(transfer(ORDER), cards, Torn(8, done=True))
    assert isinstance(result, InDoubt)
    stranger = purse(b"STRANGER")
    before = stranger.memory.read()

    assert isinstance(drive(recover_at_payer(result.details), {Slot.PAYER: stranger})[0], InDoubt)
    assert stranger.memory.read() == before


def _pays(payer: Purse, payee: Purse, times: int) -> None:
    for _ in range(times):
        order = replace(ORDER, value=1)
        result, _, _ = drive(transfer(order), {Slot.PAYER: payer, Slot.PAYEE: payee})
        assert isinstance(result, Transferred)


@pytest.mark.parametrize(("later", "told"), [(9, Transferred), (10, InDoubt), (25, InDoubt)])
def test_recovery_never_says_not_moved_of_what_both_purses_have_forgotten(
    later: int, told: type
) -> None:
    """Paid and settled; ten payments later the narrative of either has room for none of it."""
    cards = pair()
    result, _, _ = drive(transfer(ORDER), cards)
    assert isinstance(result, Transferred)
    _pays(cards[Slot.PAYER], purse(b"ANOTHER "), later)
    _pays(purse(b"SOMEBODY"), cards[Slot.PAYEE], later)

    again, _, _ = drive(recover(result.details, TODAY), cards)

    assert type(again) is told


@pytest.mark.parametrize(("before", "later"), [(0, 9), (1, 9), (5, 5)])
def test_recovery_says_not_moved_while_the_narrative_would_still_have_it(
    before: int, later: int
) -> None:
    """Torn at the very start, and never paid; the narrative reaches back beyond it, or was never full."""
    cards = pair()
    other = purse(b"ANOTHER ")
    _pays(cards[Slot.PAYER], other, before)
    torn = Torn(EXCHANGES - 4, done=True)
    result, _, _ = drive(transfer(ORDER), cards, torn)
    assert isinstance(result, InDoubt)
    _pays(cards[Slot.PAYER], other, later)

    again, _, _ = drive(recover(result.details, TODAY), cards)

    assert isinstance(again, NotMoved)
