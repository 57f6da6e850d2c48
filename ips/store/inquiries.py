"""The four inquiries of the paper over payments, as pages (I14 settled, I15 open, I16, I17).

    settled           paid, less what was paid back
    open              asked for, billed or in doubt; neither paid nor refused
    refunded          paid back, refunds without a known sale included
    refund-requests   asked back and not paid back yet, somebody has to act

Settled, open and refunded together are everything that was sold. Pages go by (time, key), so a
payment that changes while somebody reads may move, but nothing is left out of a page's totals.
"""

from typing import Final

from ips.store.reader import Reader
from protocols.broker import InquiryAnswer, InquiryName, InquiryRow

PAGE_MAX: Final = 1_000
_PAYMENTS: Final = (
    "SELECT key, order_key, module, store, terminal, business_date, state, {amount} AS amount, "
    "currency, at_ns, reference, reason FROM payment WHERE {where}"
)
_REFUNDS: Final = (
    " UNION ALL SELECT key, order_key, method, store, terminal, business_date, state, amount, "
    "currency, requested_ns, '', '' FROM refund WHERE payment = '' AND state IN ({states})"
)
_SOURCES: Final[dict[InquiryName, str]] = {
    "settled": _PAYMENTS.format(amount="paid - refunded", where="paid > 0 AND paid > refunded"),
    "open": _PAYMENTS.format(amount="open", where="open > 0"),
    "refunded": _PAYMENTS.format(amount="refunded", where="refunded > 0")
    + _REFUNDS.format(states="'paid'"),
    "refund-requests": _PAYMENTS.format(amount="refund_requested", where="refund_requested > 0")
    + _REFUNDS.format(states="'requested', 'approved', 'paying', 'doubt'"),
}
NAMES: Final = tuple(_SOURCES)


def inquire(
    reader: Reader, name: InquiryName, *, store: str = "", after: str = "", limit: int = 100
) -> InquiryAnswer:
    """Return a page of an inquiry, oldest change first. `after` is a former answer's.

    Raises: ValueError for an `after` that no answer gave; StoreError.
    """
    limit = max(1, min(limit, PAGE_MAX))
    source = f"FROM ({_SOURCES[name]}) WHERE (? = '' OR store = ?)"
    totals = reader.ask(
        f"SELECT currency, sum(amount), count(*) {source} GROUP BY currency ORDER BY currency",
        (store, store),
    )
    at_ns, key = _after(after)
    found = reader.ask(
        f"SELECT * {source} AND (at_ns, key) > (?, ?) ORDER BY at_ns, key LIMIT ?",
        (store, store, at_ns, key, limit + 1),
    )
    rows = [
        InquiryRow(
            key=row[0],
            order=row[1],
            module=row[2],
            store=row[3],
            terminal=row[4],
            business_date=row[5],
            state=row[6],
            amount=row[7],
            currency=row[8],
            at_ns=row[9],
            reference=row[10],
            reason=row[11],
        )
        for row in found[:limit]
    ]
    more = len(found) > limit
    return InquiryAnswer(
        name=name,
        rows=rows,
        count=sum(count for _, _, count in totals),
        totals={currency: amount for currency, amount, _ in totals},
        after=f"{rows[-1].at_ns}.{rows[-1].key}" if more else "",
    )


def _after(text: str) -> tuple[int, str]:
    if not text:
        return -1, ""
    at_ns, dot, key = text.partition(".")
    if not dot or not at_ns.isascii() or not at_ns.isdigit() or len(at_ns) > 19:
        raise ValueError(f"after={text!r} is not from an answer of this inquiry")
    return int(at_ns), key
