"""What must hold in every state: the ghost ledger (purse.md section 5).

    debited   payments whose VAL was ever sent     credited  payments whose ACK was ever sent
    G1  credited is within debited
    G2  the sum of balances is what there was, less what is debited and not credited
    G3  no balance below zero or above its ceiling
    G4  if everybody gave up now, the payments in both logs, or archived from them, would be exactly
        those debited and not credited: every loss can be claimed, and nothing else
    G5  what the issuer paid is debited and not credited, for ever
    G6  balances and what was paid never exceed what there was

Value is neither created (SP1) nor unaccounted for (SP2.1), and a purse's own log is enough (SP2.2).
"""

from dataclasses import dataclass

from protocols.purse.details import DETAILS_BYTES, MessageType, decode_details
from sim.search.universe import State, Universe


@dataclass(frozen=True, slots=True)
class Broken:
    """A property that does not hold, and how."""

    name: str
    sentence: str


class Properties:
    """Holds a universe's states against the ghost ledger."""

    def __init__(self, universe: Universe) -> None:
        self._universe = universe
        self._details: dict[int, tuple[frozenset[bytes], frozenset[bytes]]] = {}
        self._logs: dict[tuple[int, int], tuple[frozenset[bytes], frozenset[bytes], int]] = {}

    def broken_in(self, state: State) -> Broken | None:
        """Return the first property that this state breaks, or None."""
        debited, credited = self._ledger(state.ether)
        if not credited <= debited:
            return Broken("G1", f"credited without a debit: {self._names(credited - debited)}")
        in_flight = debited - credited
        balance = 0
        payers: frozenset[bytes] = frozenset()
        payees: frozenset[bytes] = frozenset()
        for index, image in enumerate(state.images):
            from_log, to_log, own = self._purse(index, image)
            if own < 0:
                return Broken("G3", f"purse {index} holds {own}")
            balance += own
            payers |= from_log
            payees |= to_log
        lost = sum(decode_details(details).value for details in in_flight)
        total = self._universe.total()
        if balance != total - lost:
            return Broken("G2", f"balances are {balance}, in flight {lost}, of {total}")
        claimable = (payers | self._archived(state, of_payer=True)) & (
            payees | self._archived(state, of_payer=False)
        )
        if claimable != in_flight:
            return Broken(
                "G4",
                f"claimable: {self._names(claimable)}; in flight: {self._names(in_flight)}",
            )
        return self._issuer(state, in_flight, balance)

    def _archived(self, state: State, *, of_payer: bool) -> frozenset[bytes]:
        """Return the payments that their payers, or payees, have claimed."""
        if not state.archive:
            return frozenset()
        universe, width = self._universe, self._universe.scope.purses
        found = set()
        for number, details in enumerate(universe.payments):
            transfer = decode_details(details)
            name = transfer.payer if of_payer else transfer.payee
            if state.archive >> (number * width + universe.names.index(name)) & 1:
                found.add(details)
        return frozenset(found)

    def _issuer(self, state: State, in_flight: frozenset[bytes], balance: int) -> Broken | None:
        if not state.paid:
            return None
        payments = self._universe.payments
        paid = {payments[n] for n in range(len(payments)) if state.paid >> n & 1}
        if not paid <= in_flight:
            return Broken("G5", f"paid back though credited: {self._names(paid - in_flight)}")
        back = sum(decode_details(details).value for details in paid)
        if balance + back > self._universe.total():
            return Broken("G6", f"balances {balance} and paid back {back}")
        return None

    def _ledger(self, ether: int) -> tuple[frozenset[bytes], frozenset[bytes]]:
        universe = self._universe
        key = ether & (universe.vals | universe.acks)
        known = self._details.get(key)
        if known is None:
            debited: set[bytes] = set()
            credited: set[bytes] = set()
            for bit, message in enumerate(universe.messages):
                if key >> bit & 1:
                    details = message[1 : 1 + DETAILS_BYTES]
                    (debited if message[0] == MessageType.VAL else credited).add(details)
            known = self._details[key] = (frozenset(debited), frozenset(credited))
        return known

    def _purse(self, index: int, image: int) -> tuple[frozenset[bytes], frozenset[bytes], int]:
        """Return what a purse would have in its log as payer and as payee, and its balance."""
        known = self._logs.get((index, image))
        if known is None:
            name = self._universe.names[index]
            given_up = self._universe.aborted(index, image)
            entries = [entry[1:] for entry in given_up.log]
            from_log = frozenset(e for e in entries if decode_details(e).payer == name)
            to_log = frozenset(e for e in entries if decode_details(e).payee == name)
            balance = self._universe.images[image].balances[0]
            known = self._logs[index, image] = (from_log, to_log, balance)
        return known

    def _names(self, payments: "frozenset[bytes] | set[bytes]") -> str:
        return ", ".join(sorted(self._universe.describe(p) for p in payments)) or "nothing"
