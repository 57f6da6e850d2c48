"""A customer pays at the stand-alone terminal: a card held to it or put in, its PIN right or wrong, the red key, or nothing."""

import asyncio
from typing import Final

from sim.stage.soak.actors.hands import TRIES_MAX, Hands
from sim.stage.soak.dice import Dice
from sim.stage.soak.registry import Moment, Move
from sim.stage.world.equipment import PAYMENT_TERMINAL
from sim.twin import VerbError

CARD: Final = "0011"
PIN: Final = "4567"
STOLEN: Final = "0037"
PART_PER_MILLE: Final = 200
STOLEN_PER_MILLE: Final = 60
LEAVES_PER_MILLE: Final = 40
CANCELS_PER_MILLE: Final = 40
WRONG_PER_MILLE: Final = 100
HAND_SECONDS: Final = 3.0
PATIENCE_SECONDS: Final = 120.0
"""After so long it asks for nothing any more."""


async def pay(hands: Hands, dice: Dice) -> None:
    """Pay all that is due, or a part of it, at the terminal."""
    part = hands.view.due // 20 * 10 if dice.chance(PART_PER_MILLE) else 0
    await hands.beside(f"{part or ''}TE", _customer(hands, dice))
    await hands.asked(TRIES_MAX)


async def _customer(hands: Hands, dice: Dice) -> None:
    if dice.chance(LEAVES_PER_MILLE) or not await _asks(hands, "card"):
        return
    await asyncio.sleep(dice.seconds(HAND_SECONDS))
    if dice.chance(CANCELS_PER_MILLE):
        await _do(hands, "cancel")
        return
    card = STOLEN if dice.chance(STOLEN_PER_MILLE) else CARD
    await _do(hands, dice.among(("tap", "insert", "swipe")), card=card)
    wrong = dice.chance(WRONG_PER_MILLE)
    while await _asks(hands, "pin"):
        await asyncio.sleep(dice.seconds(HAND_SECONDS))
        await _do(hands, "enter_pin", pin="9999" if wrong else PIN)
        wrong = False


async def _asks(hands: Hands, phase: str) -> bool:
    """Wait until the terminal asks for this; False where it does not, or is beyond it."""
    over = ("bank", "telling") if phase == "pin" else ()

    def seen() -> str:
        return str(hands.equipment.state(PAYMENT_TERMINAL)["phase"])

    await hands.until(lambda: seen() in (phase, *over), PATIENCE_SECONDS)
    return seen() == phase


async def _do(hands: Hands, verb: str, **arguments: str) -> None:
    try:
        await hands.equipment.do(PAYMENT_TERMINAL, verb, **arguments)
    except VerbError:
        # Its power or its patience was over in the moment before.
        return


MOVES: Final = (Move(name="at the terminal", moment=Moment.PAYING, per_mille=200, make=pay),)
