"""A customer pays by e-cash: all that is due, or a part of it; whatever the card does, it ends."""

from typing import Final

from sim.stage.soak.actors.hands import TRIES_MAX, Hands
from sim.stage.soak.dice import Dice
from sim.stage.soak.registry import Moment, Move

PART_PER_MILLE: Final = 200


async def pay(hands: Hands, dice: Dice) -> None:
    """Have it tried a few times."""
    part = hands.view.due // 20 * 10 if dice.chance(PART_PER_MILLE) else 0
    if not hands.card.may_pay() or not hands.card.step_up():
        return
    for _ in range(TRIES_MAX):
        if not await hands.has_sale() or not hands.card.present():
            break
        await hands.card.while_paying(hands.key(f"{part or ''}EC"))
        if part and await hands.has_sale():
            break
    hands.card.step_back()


MOVES: Final = (Move(name="e-cash", moment=Moment.PAYING, per_mille=400, make=pay),)
