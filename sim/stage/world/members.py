"""Makes a shop with points: the office activates them, publishes the rule and enters members."""

from collections.abc import Mapping
from typing import Final

import msgspec

from ips.members import MemberAdd, MemberAdjust
from ips.office import DocumentPublish, ModuleChange
from protocols.documents import Policy
from protocols.points import POINTS, PointsRule
from sim.stage.world.broker import ACTOR, BrokerHere

RULE: Final = PointsRule(rate=1_000)
"""Ten per cent, so that members soon have something to spend."""


async def enter_members(broker: BrokerHere, members: Mapping[str, int]) -> None:
    """Have a broker keep these members and what they have; tills learn of the rule as they pull it."""
    await broker.do(ModuleChange(module=POINTS, verb="activate", actor=ACTOR))
    policy = msgspec.msgpack.encode(Policy(points=RULE))
    await broker.do(DocumentPublish(name="policy", body=policy, actor=ACTOR))
    for at, (number, points) in enumerate(members.items()):
        phone = f"0101234{at:04d}"
        await broker.do(MemberAdd(name=f"회원 {at}", phone=phone, number=number, actor=ACTOR))
        if points:
            deed = MemberAdjust(number=number, points=points, reason="opening", actor=ACTOR)
            await broker.do(deed)
