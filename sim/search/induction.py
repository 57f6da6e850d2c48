"""G7, inductively: from every state that has the invariants, reachable or not, every step keeps them.

The search shows that the invariants hold wherever one can get from the beginning, within a bound on
starts. This shows more: there is no bound on the way there. Of all states of a universe of two purses
and one transfer each way (any status, number, log, balance and ether), those that satisfy the
invariants are taken one by one, and every step from each must land among them.
"""

from dataclasses import dataclass
from itertools import combinations, product

from protocols.purse.details import MessageType, PaymentDetails, decode_details
from protocols.purse.image import NO_DETAILS, Flow, Image, Status, first_image
from sim.search.between import (
    Between,
    Betweens,
    PurseFacts,
    broken_between,
    global_invariants,
    local_invariants,
)
from sim.search.universe import CURRENCY, Scope, Universe


@dataclass(frozen=True, slots=True, kw_only=True)
class Induction:
    """What the check found."""

    universe: int
    """All combinations, most of which no purse could be in."""
    satisfying: int
    steps: int
    broken: str
    """The first step out of the invariants; empty when they are inductive."""


SCOPE = Scope(flow=Flow.ORIGINAL, starts=1, late=False, claims=False)
_BALANCES = (0, 1, 2)


def check_induction() -> Induction:
    """Check every state of the two-purse, one-start universe of the original flow."""
    universe = Universe(SCOPE)
    betweens = Betweens(universe)
    first, second = universe.names
    payments = [
        PaymentDetails(payer, payee, 1, CURRENCY, 0, 0, bytes(8)).encode()
        for payer, payee in ((first, second), (second, first))
    ]
    kinds = (MessageType.REQ, MessageType.VAL, MessageType.ACK)
    messages = list(product(kinds, payments))
    choices = [_purses(name, payments) for name in universe.names]
    everything = len(Status) * 2 * 3 * 4 * len(_BALANCES)
    ethers = [
        [messages[n] for n in range(len(messages)) if chosen >> n & 1]
        for chosen in range(1 << len(messages))
    ]
    satisfying = steps = 0
    for (one, image_one), (two, image_two) in product(*choices):
        for ether in ethers:
            world = _between(one, two, ether)
            if any(True for _ in global_invariants(world)):
                continue
            satisfying += 1
            state = universe.place((image_one, image_two), ether)
            for step in universe.after(state):
                steps += 1
                broken = broken_between(betweens.of(step.target))
                if broken is not None:
                    return Induction(
                        universe=everything**2 << len(messages),
                        satisfying=satisfying,
                        steps=steps,
                        broken=f"{step.label}: {broken.sentence}",
                    )
    return Induction(
        universe=everything**2 << len(messages), satisfying=satisfying, steps=steps, broken=""
    )


def _purses(name: bytes, payments: list[bytes]) -> list[tuple[PurseFacts, Image]]:
    """Return every state of one purse that satisfies its own invariants."""
    blank = first_image()
    logs = [chosen for size in range(3) for chosen in combinations(payments, size)]
    found = []
    for status, sequence, in_hand, log, balance in product(
        Status, (0, 1), (NO_DETAILS, *payments), logs, _BALANCES
    ):
        image = blank._replace(
            status=status,
            sequence=sequence,
            details=in_hand,
            log=tuple(b"\0" + entry for entry in log),
            balances=(balance, 0, 0, 0, 0),
        )
        details = None if in_hand == NO_DETAILS else decode_details(in_hand)
        entries = frozenset(decode_details(entry) for entry in log)
        facts = PurseFacts(name, sequence, status, details, entries, balance)
        if not any(True for _ in local_invariants(facts)):
            found.append((facts, image))
    return found


def _between(one: PurseFacts, two: PurseFacts, ether: list[tuple[MessageType, bytes]]) -> Between:
    sent = {
        kind: frozenset(decode_details(details) for other, details in ether if other is kind)
        for kind in (MessageType.REQ, MessageType.VAL, MessageType.ACK)
    }
    return Between(
        {one.name: one, two.name: two},
        sent[MessageType.REQ],
        sent[MessageType.VAL],
        sent[MessageType.ACK],
    )
