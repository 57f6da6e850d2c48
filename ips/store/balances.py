"""The sums of the accounts, kept by the writer: bounds are checked in memory, written once a group.

One writer owns all sums, so no row is locked and a busy account (the sales of a store) is written
once a commit, not once a transfer. The schema's CHECKs stand behind: a mistake here cannot commit.
Sums are proved against a replay of all transfers by `ips.store.audit`.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from ips.ledger import Bound, Phase, Transfer, bound_of
from ips.store.errors import ConstraintError
from ips.store.rows import AccountRow, TransferRow

ACCOUNTS_KEPT_MAX: Final = 200_000
"""Of accounts whose sums stay in memory between commits; beyond, all are read again when needed."""


class BoundError(ConstraintError):
    """A transfer would take an account past its bound, such as a purse below zero."""

    def __init__(self, account: str) -> None:
        super().__init__(f"account {account} does not hold that much")
        self.account = account


class Sources(Protocol):
    """Where sums and holds are read for the first time."""

    def account(self, name: str, currency: str) -> AccountRow | None:
        """Return an account with its sums."""
        ...

    def hold(self, key: str) -> TransferRow | None:
        """Return a hold that nobody has resolved yet."""
        ...


class _Sums:
    """An account's row in the making."""

    __slots__ = ("bound", "credits_held", "credits_posted", "debits_held", "debits_posted", "id")

    def __init__(self, row: AccountRow) -> None:
        self.id = row.id
        self.bound = row.bound
        self.debits_posted = row.debits_posted
        self.credits_posted = row.credits_posted
        self.debits_held = row.debits_held
        self.credits_held = row.credits_held

    def within(self) -> bool:
        """Return whether the bound is kept."""
        match self.bound:
            case Bound.CREDITS_WITHIN_DEBITS:
                return self.credits_posted + self.credits_held <= self.debits_posted
            case Bound.DEBITS_WITHIN_CREDITS:
                return self.debits_posted + self.debits_held <= self.credits_posted
            case _:
                return True


Key = tuple[str, str]
"""Name and currency of an account."""


class Balances:
    """All sums as of the last commit, and those of the group that is being made."""

    def __init__(self, source: Sources, last_account: int) -> None:
        self._source = source
        self._kept: dict[Key, AccountRow] = {}
        self._staged: dict[Key, _Sums] = {}
        self._holds: dict[str, TransferRow] = {}
        self._resolved: set[str] = set()
        self._last_account = last_account

    def post(self, transfers: Sequence[Transfer]) -> list[tuple[int, int]]:
        """Move the money of one transaction; return (debit, credit) account ids by transfer.

        All of it or nothing. Raises: BoundError, ConstraintError for a hold that is not there.
        """
        done: list[Transfer] = []
        try:
            for transfer in transfers:
                self._move(transfer, 1)
                done.append(transfer)
            for transfer in transfers:
                self._check(transfer)
        except ConstraintError:
            for transfer in reversed(done):
                self._move(transfer, -1)
            raise
        return [
            (self._sums(each.debit, each.currency).id, self._sums(each.credit, each.currency).id)
            for each in transfers
        ]

    def balance(self, name: str, currency: str) -> int:
        """Return debits less credits posted; of an unknown account, zero."""
        key = (name, currency)
        sums = self._staged.get(key) or self._kept.get(key) or self._source.account(*key)
        return 0 if sums is None else sums.debits_posted - sums.credits_posted

    def available(self, name: str, currency: str) -> int:
        """Return credits posted less debits, posted and held; of an unknown account, zero."""
        key = (name, currency)
        sums = self._staged.get(key) or self._kept.get(key) or self._source.account(*key)
        if sums is None:
            return 0
        return sums.credits_posted - sums.debits_posted - sums.debits_held

    def rows(self) -> dict[int, AccountRow]:
        """Return the rows of every account that the group touched."""
        return {
            sums.id: AccountRow(
                sums.id,
                name,
                currency,
                sums.bound,
                sums.debits_posted,
                sums.credits_posted,
                sums.debits_held,
                sums.credits_held,
            )
            for (name, currency), sums in self._staged.items()
        }

    def written(self) -> None:
        """The rows were written; what is asked next may be answered from memory."""
        if len(self._kept) + len(self._staged) > ACCOUNTS_KEPT_MAX:
            self._kept.clear()
        for row in self.rows().values():
            self._kept[row.name, row.currency] = row
        self._forget()

    def reset(self, last_account: int) -> None:
        """Something was taken back: whatever is asked next is read again from the store."""
        self._kept.clear()
        self._last_account = last_account
        self._forget()

    def _forget(self) -> None:
        self._staged.clear()
        self._holds.clear()
        self._resolved.clear()

    def _sums(self, name: str, currency: str) -> _Sums:
        key = (name, currency)
        sums = self._staged.get(key)
        if sums is None:
            row = self._kept.get(key) or self._source.account(name, currency)
            if row is None:
                self._last_account += 1
                row = AccountRow(self._last_account, name, currency, bound_of(name), 0, 0, 0, 0)
            sums = self._staged[key] = _Sums(row)
        return sums

    def _move(self, transfer: Transfer, sign: int) -> None:
        debit = self._sums(transfer.debit, transfer.currency)
        credit = self._sums(transfer.credit, transfer.currency)
        amount = sign * transfer.amount
        match transfer.phase:
            case Phase.POST:
                debit.debits_posted += amount
                credit.credits_posted += amount
            case Phase.HOLD:
                self._hold(transfer, sign)
                debit.debits_held += amount
                credit.credits_held += amount
            case Phase.SETTLE | Phase.VOID:
                held = sign * self._resolve(transfer, sign)
                debit.debits_held -= held
                credit.credits_held -= held
                if transfer.phase is Phase.SETTLE:
                    debit.debits_posted += amount
                    credit.credits_posted += amount

    def _hold(self, transfer: Transfer, sign: int) -> None:
        if sign < 0:
            del self._holds[transfer.hold]
            return
        if not transfer.hold or transfer.hold in self._holds or self._source.hold(transfer.hold):
            raise ConstraintError(f"a hold needs a key of its own, not {transfer.hold!r}")
        self._holds[transfer.hold] = TransferRow(
            0, "", 0, 0, 0, transfer.amount, transfer.currency, transfer.phase, transfer.hold, ""
        )

    def _resolve(self, transfer: Transfer, sign: int) -> int:
        """Return how much the hold holds."""
        held = self._holds.get(transfer.hold) or self._source.hold(transfer.hold)
        if sign < 0:
            self._resolved.discard(transfer.hold)
        elif held is None or transfer.hold in self._resolved:
            raise ConstraintError(f"there is no open hold {transfer.hold!r}")
        elif transfer.amount > held.amount:
            raise ConstraintError(f"hold {transfer.hold!r} holds less than {transfer.amount}")
        else:
            self._resolved.add(transfer.hold)
        assert held is not None
        return held.amount

    def _check(self, transfer: Transfer) -> None:
        for name in (transfer.debit, transfer.credit):
            if not self._sums(name, transfer.currency).within():
                raise BoundError(name)
