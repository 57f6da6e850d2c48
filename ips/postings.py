"""What a payment's steps and a sale's lines put into the ledger.

A step's transfers come from its flow's templates. A receipt is first a sum of signed legs by account
(debits positive, credits negative, together zero) and only then transfers: so an event with many
tenders and many tax groups needs no clearing account and cannot be written down unbalanced.
"""

from collections.abc import Mapping
from typing import Final

from ips.flows import Flow
from ips.ledger import Phase, Transfer
from ips.payments import PaymentMoved, PaymentRecord

SALES: Final = "{sales}"
"""Stands in a transfer for the split of a sale by group and tax; never reaches the ledger."""
RETURNS: Final = "{returns}"
"""The same for the split of a refund."""
SPLITS: Final = frozenset({SALES, RETURNS})


def transfers_of(
    flow: Flow, payment: PaymentRecord, event: PaymentMoved, *, asset: str
) -> list[Transfer]:
    """Return what a step posts; `payment` is the record before it.

    `{sales}` and `{returns}` stay as they are: the receipt splits them. `asset` is the module's own
    account, already filled in. A void gives back all that is held, and so does a settlement of
    nothing; otherwise nothing is posted for an amount of zero.
    """
    names = {
        "asset": asset,
        "sales": SALES,
        "returns": RETURNS,
        "store": payment.store,
        "terminal": payment.terminal,
        "module": payment.module,
        "key": payment.key,
    }
    transfers = []
    for name in event.post:
        posting = flow.postings[name]
        phase, amount, hold = posting.phase, event.amount, ""
        match phase:
            case Phase.HOLD:
                hold = event.hold
            case Phase.SETTLE | Phase.VOID:
                hold = payment.hold
                if not hold:
                    continue
                if phase is Phase.VOID or not amount:
                    phase, amount = Phase.VOID, payment.held
            case Phase.POST:
                pass
        if amount:
            transfers.append(
                Transfer(
                    debit=posting.debit.format_map(names),
                    credit=posting.credit.format_map(names),
                    amount=amount,
                    currency=payment.currency,
                    phase=phase,
                    hold=hold,
                    memo=posting.memo or name,
                )
            )
    return transfers


def legs_to_transfers(legs: Mapping[str, int], *, currency: str, memo: str) -> list[Transfer]:
    """Pair debits with credits in order, as few transfers as that takes: at most one fewer than legs.

    Debits are positive, credits negative; together they are zero, and no name is a placeholder.
    """
    assert sum(legs.values()) == 0, "legs balance"
    assert not any(account.startswith("{") for account in legs if legs[account]), "all is split"
    debits = [(account, amount) for account, amount in legs.items() if amount > 0]
    credits = [(account, -amount) for account, amount in legs.items() if amount < 0]
    transfers: list[Transfer] = []
    waiting = iter(credits)
    credit, left = "", 0
    for debit, amount in debits:
        while amount:
            if not left:
                credit, left = next(waiting)
            moved = min(amount, left)
            transfers.append(
                Transfer(debit=debit, credit=credit, amount=moved, currency=currency, memo=memo)
            )
            amount -= moved
            left -= moved
    return transfers
