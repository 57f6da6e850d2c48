"""Enters the members of a shop with points, and what they have at first."""

from collections.abc import Mapping
from typing import Final

from ips.members import MemberAdd, MemberAdjust
from protocols.points import PointsRule
from sim.stage.world.broker import ACTOR, BrokerHere

RULE: Final = PointsRule(rate=1_000)
"""Ten per cent, so that members soon have something to spend."""


async def enter_members(broker: BrokerHere, members: Mapping[str, int]) -> None:
    """Have a broker keep these members and what they have."""
    for at, (number, points) in enumerate(members.items()):
        phone = f"0101234{at:04d}"
        await broker.do(MemberAdd(name=f"회원 {at}", phone=phone, number=number, actor=ACTOR))
        if points:
            deed = MemberAdjust(number=number, points=points, reason="opening", actor=ACTOR)
            await broker.do(deed)
