"""A transfer and its recovery, with an answer lost at every single exchange, and again in recovery.

Method: both purses are the production class; the test plays the reader and tears. T5; threats T2-T4.
"""

import pytest

from protocols.purse.card import Purse
from protocols.purse.coordinator import (
    InDoubt,
    NotMoved,
    Slot,
    Transferred,
    recover,
    transfer,
)
from protocols.purse.image import Status, encode_image
from protocols.purse.memory import Cell
from tests.support.purses import ORDER, SUITE, TODAY, Torn, balance, drive, purse, remembers

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
