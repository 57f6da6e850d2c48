"""The ledger's words: a transfer moves a positive amount from one account to another.

One row has one debit account and one credit account, so an unbalanced entry cannot be written down
at all; an event with several legs is several transfers under one transaction. Bounds (a till, a
purse or a refund never below zero) are CHECKs of the schema (broker.md 4.1).

Account names are paths, each under its store and currency:

    till/STORE/TERMINAL   safe/STORE   courier/ID/cash   bank/ACCOUNT   purse/merchant/NAME
    receivable/acquirer/A   receivable/giro   receivable/direct-debit        refunds-payable
    points/MEMBER   points-owed/MEMBER   expense/points
    customer-credit   tax/vat   sales/GROUP   returns/GROUP   over-short/STORE   expense/STORE
    capital/float/STORE   suspense/exceptions   suspense/unmatched
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

UNMATCHED: Final = "suspense/unmatched"
"""Where money lies that belongs to an account nobody knows."""


class Bound(IntEnum):
    """What an account's balance may never do; part of the schema."""

    NONE = 0
    CREDITS_WITHIN_DEBITS = 1
    """Credits, posted and held, never exceed debits: cash in a till, value in a purse."""
    DEBITS_WITHIN_CREDITS = 2
    """Debits never exceed credits: refunds payable, store credit, issued float, points."""


class Phase(StrEnum):
    """What a transfer does."""

    POST = "post"
    HOLD = "hold"
    SETTLE = "settle"
    """Turns a hold, or a part of it, into a posting."""
    VOID = "void"
    """Gives a hold back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One movement of money between two accounts."""

    debit: str
    credit: str
    amount: int
    """Minor units, positive."""
    currency: str
    phase: Phase = Phase.POST
    hold: str = ""
    """The key of the hold that a settle or void resolves; each hold resolves once."""
    memo: str = ""
    """What it was for, as a stable word: sale, change, drop, over-short, refund."""

    def __post_init__(self) -> None:
        assert self.amount > 0, "a transfer moves a positive amount"
        assert self.debit != self.credit, "a transfer needs two accounts"


def bound_of(account: str) -> Bound:
    """Return the bound that the schema enforces on an account of this name."""
    match account.split("/"):
        case ["safe", *_] | ["courier", *_] | ["purse", *_] | ["points-owed", *_]:
            return Bound.CREDITS_WITHIN_DEBITS
        case ["refunds-payable" | "customer-credit" | "float-issued" | "points", *_]:
            return Bound.DEBITS_WITHIN_CREDITS
        case _:
            return Bound.NONE
