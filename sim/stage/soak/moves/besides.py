"""What is done beside selling: cash in and out of the drawer, a look into it, an X, a copy of a receipt."""

from typing import Final

from sim.stage.soak.actors.hands import Hands
from sim.stage.soak.dice import Dice
from sim.stage.soak.given import FLOAT
from sim.stage.soak.registry import Moment, Move

BESIDES: Final = (
    ("{}CI:change", 10_000, 1),
    ("{}CO:ice", 3_000, -1),
    ("{}DR:safe", 50_000, -1),
    ("NS:look", 0, 0),
    ("XR", 0, 0),
    ("RP", 0, 0),
)
"""The entry, how much of it, and which way it goes."""


async def besides(hands: Hands, dice: Dice) -> None:
    """Do one of them."""
    entry, amount, way = dice.among(BESIDES)
    if way < 0 and hands.drawer - amount < FLOAT:
        return
    if not way:
        await hands.key(entry)
    elif await hands.booked("cash.moved", entry.format(amount)):
        hands.drawer += way * amount


MOVES: Final = (Move(name="besides", moment=Moment.BETWEEN, per_mille=40, make=besides),)
