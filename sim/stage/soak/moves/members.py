"""A sale is a member's: the card is shown, points are earned, and now and then spent.

Where nobody answers about points that were asked for, it is asked again, or put aside.
"""

from typing import Final

from sim.stage.soak.actors.hands import TRIES_MAX, Hands
from sim.stage.soak.dice import Dice
from sim.stage.soak.given import MEMBERS
from sim.stage.soak.registry import Moment, Move

SCANNED_PER_MILLE: Final = 800
PART_PER_MILLE: Final = 300


async def name(hands: Hands, dice: Dice) -> None:
    """Say whose sale it is, by the scanner or by hand."""
    number = dice.among(MEMBERS)
    await hands.key(number if dice.chance(SCANNED_PER_MILLE) else f"MB:{number}")


async def spend(hands: Hands, dice: Dice) -> None:
    """Have a member pay with points, as many as there are or a part."""
    member = hands.view.member
    if member is None or not member.points:
        return
    part = dice.chance(PART_PER_MILLE) and min(member.points, hands.view.due) // 2
    await hands.key(f"{part or ''}PT")
    await hands.asked(TRIES_MAX)


MOVES: Final = (
    Move(name="member", moment=Moment.BASKET, per_mille=300, make=name),
    Move(name="points", moment=Moment.PAYING, per_mille=300, make=spend),
)
