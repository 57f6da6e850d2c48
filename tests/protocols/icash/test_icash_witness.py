"""A witness knows of a purchase what both sides have said, and no more: torn anywhere, it never says false.

Method: purchases and recoveries of the production classes, an answer lost at every exchange; what it
says is held against what is in the memories.
"""

import pytest

from protocols.icash.card import IcashCard
from protocols.icash.coordinator import Ask, Dialogue, InDoubt, Intend, Place, purchase, recover
from protocols.icash.module import IcashModule
from protocols.icash.witness import Witness
from protocols.iso7816 import parse_response
from tests.support.icash import DETAILS, ORDER, TODAY, balance, card, module, total

Sides = dict[Place, IcashCard | IcashModule]


def overheard(dialogue: Dialogue, sides: Sides, witness: Witness, lost: dict[int, bool]) -> object:
    """Play a dialogue with a witness; `lost` exchanges have no answer, obeyed or not."""
    exchanges = 0
    try:
        step = next(dialogue)
        while True:
            match step:
                case Intend(details):
                    witness.begin(details)
                    step = dialogue.send(None)
                case Ask(place, apdu):
                    exchanges += 1
                    witness.send(step)
                    answer = None
                    if lost.get(exchanges) is not False:
                        answer = parse_response(sides[place].handle(apdu))
                    if exchanges in lost:
                        answer = None
                        for side in sides.values():
                            side.power_on()
                    if answer is not None:
                        witness.hear(step, answer)
                    step = dialogue.send(answer)
    except StopIteration as end:
        return end.value


def check(witness: Witness, sides: Sides) -> None:
    payer, shop = sides[Place.CARD], sides[Place.MODULE]
    assert isinstance(payer, IcashCard) and isinstance(shop, IcashModule)
    left, came = balance(payer), total(shop)
    assert witness.paid in (None, left == 700)
    assert witness.credited in (None, came == 300)
    if witness.paid is not None and witness.balance is not None:
        assert witness.balance == left


@pytest.mark.parametrize("again", range(0, 13, 2))
@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("at", range(1, 10))
def test_what_it_says_is_true(at: int, done: bool, again: int) -> None:
    sides: Sides = {Place.CARD: card(), Place.MODULE: module()}
    witness = Witness()
    result = overheard(purchase(ORDER), sides, witness, {at: done})
    check(witness, sides)
    for lost in ({again: True}, {}):
        if isinstance(result, InDoubt):
            result = overheard(recover(result.details, TODAY), sides, witness, lost)
            check(witness, sides)


def test_purchase_that_went_well_is_known_whole() -> None:
    sides: Sides = {Place.CARD: card(), Place.MODULE: module()}
    witness = Witness()
    overheard(purchase(ORDER), sides, witness, {})

    assert (witness.paid, witness.balance, witness.credited) == (True, 700, True)


def test_another_card_says_nothing_about_it() -> None:
    sides: Sides = {Place.CARD: card(), Place.MODULE: module()}
    witness = Witness()
    overheard(purchase(ORDER), sides, witness, {7: True})
    assert (witness.paid, witness.balance, witness.credited) == (None, 1_000, False)

    sides[Place.CARD] = card(5, b"ANOTHER1")
    overheard(recover(DETAILS, TODAY), sides, witness, {})
    assert (witness.paid, witness.balance, witness.credited) == (None, 1_000, False)


def test_who_was_not_there_knows_what_it_is_told() -> None:
    """After a restart: the module alone, then the card."""
    sides: Sides = {Place.CARD: card(), Place.MODULE: module()}
    overheard(purchase(ORDER), sides, Witness(), {8: False})
    witness = Witness(details=DETAILS)

    overheard(recover(DETAILS, TODAY), sides, witness, {4: False})
    assert (witness.paid, witness.credited) == (None, False)
    overheard(recover(DETAILS, TODAY), sides, witness, {})
    assert (witness.paid, witness.balance, witness.credited) == (True, 700, True)
