"""G7: the invariants of the original flow, B1 to B16 of PRG-126 ch. 5, on one state.

Written over what a state says, not over how it was reached, so that the same predicates serve three
proofs: they hold in every reachable state; they are kept by every step from any state that has them
(the inductive check); and the refinement (sim.search.refinement) needs them. The mechanisations in
Alloy and Z/Eves found facts missing in the original; they are here as M1 to M3.

B13 to B15 speak of finiteness and of the archive and hold by construction where logs are not cleared.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from protocols.purse.details import DETAILS_BYTES, MessageType, PaymentDetails, decode_details
from protocols.purse.image import NO_DETAILS, Image, Status
from sim.search.properties import Broken
from sim.search.universe import State, Universe


@dataclass(frozen=True, slots=True)
class PurseFacts:
    """One purse, as the invariants see it."""

    name: bytes
    sequence: int
    status: int
    in_hand: PaymentDetails | None
    log: frozenset[PaymentDetails]
    balance: int


@dataclass(frozen=True, slots=True)
class Between:
    """A state of the between world: purses by name, and what is in the ether."""

    purses: dict[bytes, PurseFacts]
    reqs: frozenset[PaymentDetails]
    vals: frozenset[PaymentDetails]
    acks: frozenset[PaymentDetails]

    def in_status(self, status: Status, *, as_payer: bool) -> frozenset[PaymentDetails]:
        """Return the transfers that their payers (or payees) have in hand in this status."""
        return frozenset(
            purse.in_hand
            for purse in self.purses.values()
            if purse.status == status
            and purse.in_hand is not None
            and (purse.in_hand.payer if as_payer else purse.in_hand.payee) == purse.name
        )

    def logged(self, *, by_payer: bool) -> frozenset[PaymentDetails]:
        """Return the transfers in their payers' (or payees') logs."""
        return frozenset(
            details
            for purse in self.purses.values()
            for details in purse.log
            if (details.payer if by_payer else details.payee) == purse.name
        )


class Betweens:
    """Turns a universe's states into between-world states."""

    def __init__(self, universe: Universe) -> None:
        self._universe = universe
        self._facts: dict[tuple[int, int], PurseFacts] = {}
        self._sent: dict[int, tuple[frozenset[PaymentDetails], ...]] = {}

    def of(self, state: State) -> Between:
        """Return what the invariants speak about."""
        facts = [self._purse(index, image) for index, image in enumerate(state.images)]
        reqs, vals, acks = self._messages(state.ether)
        return Between({purse.name: purse for purse in facts}, reqs, vals, acks)

    def _purse(self, index: int, number: int) -> PurseFacts:
        known = self._facts.get((index, number))
        if known is None:
            image: Image = self._universe.images[number]
            in_hand = None if image.details == NO_DETAILS else decode_details(image.details)
            log = frozenset(decode_details(entry[1:]) for entry in image.log)
            name = self._universe.names[index]
            known = PurseFacts(name, image.sequence, image.status, in_hand, log, image.balances[0])
            self._facts[index, number] = known
        return known

    def _messages(self, ether: int) -> tuple[frozenset[PaymentDetails], ...]:
        known = self._sent.get(ether)
        if known is None:
            sent: dict[int, set[PaymentDetails]] = {kind: set() for kind in MessageType}
            for bit, message in enumerate(self._universe.messages):
                if ether >> bit & 1:
                    sent[message[0]].add(decode_details(message[1 : 1 + DETAILS_BYTES]))
            known = tuple(
                frozenset(sent[kind])
                for kind in (MessageType.REQ, MessageType.VAL, MessageType.ACK)
            )
            self._sent[ether] = known
        return known


def local_invariants(purse: PurseFacts) -> Iterator[str]:
    """Yield the purse invariants that this purse breaks (PRG-126 4.3, M1, M2)."""
    pd = purse.in_hand
    if any(purse.name not in (entry.payer, entry.payee) for entry in purse.log):
        yield "P1 a logged transfer concerns its purse"
    if pd is None:
        if purse.status in (Status.EPR, Status.EPV, Status.EPA, Status.EATO):
            yield "P0 a purse in a transfer has it in hand"
        return
    if purse.status == Status.EAFROM:
        yield "P0 an idle payer has nothing in hand"
    match purse.status:
        case Status.EPR if not (
            pd.payer == purse.name
            and pd.value <= purse.balance
            and pd.payer_sequence < purse.sequence
        ):
            yield "P2 epr: own payment, funds, number used"
        case Status.EPV if not (pd.payee == purse.name and pd.payee_sequence < purse.sequence):
            yield "P3 epv: own receipt, number used (M1)"
        case Status.EPA if not (pd.payer == purse.name and pd.payer_sequence < purse.sequence):
            yield "P4 epa: own payment, number used (M2)"
        case Status.EATO if not (pd.payee == purse.name and pd.payee_sequence < purse.sequence):
            yield "P5 eaTo: own receipt, number used"


def global_invariants(world: Between) -> Iterator[str]:
    """Yield the between-world invariants that do not hold."""
    purses = world.purses
    from_logged, to_logged = world.logged(by_payer=True), world.logged(by_payer=False)
    in_epr = world.in_status(Status.EPR, as_payer=True)
    in_epa = world.in_status(Status.EPA, as_payer=True)
    in_epv = world.in_status(Status.EPV, as_payer=False)
    if not all(pd.payee in purses for pd in world.reqs):
        yield "B1"
    if not all(_payee_used(purses, pd) for pd in world.reqs):
        yield "B2"
    if not all(_payee_used(purses, pd) and _payer_used(purses, pd) for pd in world.vals):
        yield "B3"
    if not all(_payee_used(purses, pd) and _payer_used(purses, pd) for pd in world.acks):
        yield "B4"
    if not all(_payer_used(purses, pd) for pd in from_logged):
        yield "B5"
    if not all(_payee_used(purses, pd) for pd in to_logged):
        yield "B6"
    if not all(_older_as_payer(purses[pd.payer], pd) for pd in from_logged):
        yield "B7"
    if not all(_older_as_payee(purses[pd.payee], pd) for pd in to_logged):
        yield "B8"
    if in_epr & (world.vals | world.acks):
        yield "B9"
    if world.reqs - world.acks != in_epv | to_logged:
        yield "B10"
    if not world.vals & in_epv <= in_epa | from_logged:
        yield "B11"
    if not in_epa | from_logged <= world.reqs:
        yield "B12"
    if not from_logged | to_logged <= world.reqs:
        yield "B16"
    both = (pd.payer in purses and pd.payee in purses for pd in world.vals | world.acks)
    if not all(both):
        yield "M3 val and ack: both purses authentic"
    # Not in PRG-126, where the value is in the ether's shape: a VAL exists exactly for what was paid.
    if world.vals - world.acks != (in_epa | from_logged) - world.acks:
        yield "V1"
    if not world.acks <= world.vals:
        yield "V2"


def broken_between(world: Between) -> Broken | None:
    """Return the first invariant that this state breaks, or None."""
    for purse in world.purses.values():
        for name in local_invariants(purse):
            return Broken("G7", f"{purse.name[:1].decode()}: {name}")
    for name in global_invariants(world):
        return Broken("G7", name)
    return None


def _payer_used(purses: dict[bytes, PurseFacts], pd: PaymentDetails) -> bool:
    return pd.payer in purses and pd.payer_sequence < purses[pd.payer].sequence


def _payee_used(purses: dict[bytes, PurseFacts], pd: PaymentDetails) -> bool:
    return pd.payee in purses and pd.payee_sequence < purses[pd.payee].sequence


def _older_as_payer(purse: PurseFacts, logged: PaymentDetails) -> bool:
    if purse.status not in (Status.EPR, Status.EPA) or purse.in_hand is None:
        return True
    return logged.payer_sequence < purse.in_hand.payer_sequence


def _older_as_payee(purse: PurseFacts, logged: PaymentDetails) -> bool:
    if purse.status not in (Status.EPV, Status.EATO) or purse.in_hand is None:
        return True
    return logged.payee_sequence < purse.in_hand.payee_sequence
