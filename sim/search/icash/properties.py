"""What must hold in every state of ICash: the ghost ledger.

debited    the purchases whose S3 was ever sent      loaded   the loads whose L3 was ever sent
credited   the purchases that a module's total has

G1  credited is within debited; loaded is within what the host ordered
G2  balances and totals are what there was, less what is debited and not credited, and what was loaded
G3  no balance below zero or above its ceiling
G4  the purchases that cards have a record of, and modules still have open, pending or cleared, are
    exactly those debited and not credited: every loss can be claimed, and nothing else
G5  what the issuer paid back is debited and not credited, for ever
G6  balances, totals and what was paid back never exceed what there was and was loaded
"""

from protocols.icash.details import decode_details
from protocols.icash.image import decode_card, decode_module
from sim.search.icash.world import IcashState, IcashWorld
from sim.search.properties import Broken


class IcashProperties:
    """Holds a world's states against the ghost ledger."""

    def __init__(self, world: IcashWorld) -> None:
        self._world = world

    def broken_in(self, state: IcashState) -> Broken | None:
        """Return the first property that this state breaks, or None."""
        world = self._world
        debited = self._of(state, "S3")
        credited = {p for n, p in enumerate(world.purchases) if state.credited >> n & 1}
        if not credited <= debited:
            return Broken("G1", f"credited without a debit: {self._names(credited - debited)}")
        ordered, loaded = self._of(state, "L2"), self._of(state, "L3")
        if not loaded <= ordered:
            return Broken("G1", f"loaded without an order: {self._names(loaded - ordered)}")
        in_flight = debited - credited
        held, added = self._held(state), _sum(loaded)
        there_was = world.scope.balance * world.scope.cards
        if held != there_was - _sum(in_flight) + added:
            return Broken(
                "G2",
                f"held {held}; there was {there_was}, loaded {added}, in flight {_sum(in_flight)}",
            )
        highest = max(self._balances(state))
        if highest > there_was + added:
            return Broken("G3", f"a card holds {highest}")
        claimable = world.recorded(state) & world.open_at_modules(state)
        if claimable != in_flight:
            return Broken(
                "G4", f"claimable: {self._names(claimable)}; in flight: {self._names(in_flight)}"
            )
        # Of two amounts ordered for one number of a card only one can ever load.
        numbers = {decode_details(order)._replace(amount=0) for order in ordered}
        if len(numbers) != len(ordered):
            return Broken("G5", "the host has taken two amounts for one load")
        paid = {p for n, p in enumerate(world.purchases) if state.paid >> n & 1}
        if not paid <= in_flight:
            return Broken("G5", f"paid back though credited: {self._names(paid - in_flight)}")
        if held + _sum(paid) > there_was + added:
            return Broken("G6", f"held {held} and paid back {_sum(paid)}")
        return None

    def _of(self, state: IcashState, kind: str) -> frozenset[bytes]:
        world = self._world
        return frozenset(
            message.details
            for bit, message in enumerate(world.messages)
            if message.kind == kind and state.ether >> bit & 1
        )

    def _balances(self, state: IcashState) -> list[int]:
        world = self._world
        return [
            decode_card(world.bodies[state.images[side]]).balance
            for side in range(world.scope.cards)
        ]

    def _held(self, state: IcashState) -> int:
        world = self._world
        totals = (
            decode_module(world.bodies[state.images[side]]).total
            for side in range(world.scope.cards, len(world.sides))
        )
        return sum(self._balances(state)) + sum(totals)

    def _names(self, payments: "set[bytes] | frozenset[bytes]") -> str:
        return ", ".join(sorted(self._world.describe(p) for p in payments)) or "nothing"


def _sum(payments: "set[bytes] | frozenset[bytes]") -> int:
    return sum(decode_details(payment).amount for payment in payments)
