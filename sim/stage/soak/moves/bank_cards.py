"""A customer pays by a bank's card or passbook, with the right PIN or a wrong one.

swiped      well or badly, or not at all: bank-credit signs, bank-debit has a PIN, bank-stolen is refused
chip        in the slot, where it is torn out, mute or slow as any card; some sign, some have a PIN
passbook    in the slot alike
"""

import asyncio
from typing import Final

from sim.stage.soak.actors.hands import TRIES_MAX, Hands
from sim.stage.soak.dice import Dice
from sim.stage.soak.given import BOOKS, CHIPS
from sim.stage.soak.registry import Moment, Move
from sim.stage.world.equipment import PIN_PAD

CARDS: Final = (*("bank-credit",) * 5, *("bank-debit",) * 4, "bank-stolen")
READER: Final = "stripe_reader"
BADLY: Final = ("swipe_worn", "swipe_partly", "swipe_upside_down")
PART_PER_MILLE: Final = 200
BADLY_PER_MILLE: Final = 150
LEAVES_PER_MILLE: Final = 60
WRONG_PER_MILLE: Final = 100
SWIPE_SECONDS: Final = 2.0
PATIENCE_SECONDS: Final = 120.0
"""After so long nobody asks for a PIN any more."""


async def swipe(hands: Hands, dice: Dice) -> None:
    """Pay all that is due, or a part of it, with a card's stripe."""
    await hands.beside(f"{_part(hands, dice)}CD", _swiping(hands, dice, dice.among(CARDS)))
    await hands.asked(TRIES_MAX)


async def chip(hands: Hands, dice: Dice) -> None:
    """Pay all that is due, or a part of it, with a card's chip."""
    await _in_the_slot(hands, dice, dice.among(CHIPS), f"{_part(hands, dice)}CD")


async def transfer(hands: Hands, dice: Dice) -> None:
    """Pay all that is due, or a part of it, from an account."""
    await _in_the_slot(hands, dice, dice.among(BOOKS), f"{_part(hands, dice)}TR")


async def _in_the_slot(hands: Hands, dice: Dice, card: str, entry: str) -> None:
    if hands.card.may_pay() and hands.card.step_up(card):
        await hands.card.while_paying(hands.beside(entry, _enter_pin(hands, dice)))
        hands.card.step_back()
        await hands.asked(TRIES_MAX, card)


def _part(hands: Hands, dice: Dice) -> str:
    part = hands.view.due // 20 * 10 if dice.chance(PART_PER_MILLE) else 0
    return str(part or "")


async def _swiping(hands: Hands, dice: Dice, card: str) -> None:
    if dice.chance(LEAVES_PER_MILLE):
        return
    badly = dice.chance(BADLY_PER_MILLE)
    for verb in (*((dice.among(BADLY),) if badly else ()), "swipe"):
        await asyncio.sleep(dice.seconds(SWIPE_SECONDS))
        await hands.equipment.do(READER, verb, card=card)
    await _enter_pin(hands, dice)


async def _enter_pin(hands: Hands, dice: Dice) -> None:
    if not await hands.until(lambda: _asked(hands), PATIENCE_SECONDS):
        return
    await asyncio.sleep(dice.seconds(SWIPE_SECONDS))
    pin = "9999" if dice.chance(WRONG_PER_MILLE) else "1234"
    await hands.equipment.do(PIN_PAD, "press", digits=pin)
    await hands.equipment.do(PIN_PAD, "enter")


def _asked(hands: Hands) -> bool:
    """Say whether the pad asks for a PIN."""
    return bool(hands.equipment.state(PIN_PAD)["keypad"] != "idle")


MOVES: Final = (
    Move(name="swipe", moment=Moment.PAYING, per_mille=250, make=swipe),
    Move(name="chip", moment=Moment.PAYING, per_mille=200, make=chip),
    Move(name="transfer", moment=Moment.PAYING, per_mille=200, make=transfer),
)
