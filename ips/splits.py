"""How a receipt's total is split over income groups and tax, so that the parts are the total exactly.

Tax is taken once per receipt, as it is printed (clerk-and-courier.md 1.2), never per line; the net is
then spread over the groups by what was sold in each. Pure arithmetic over facts: whatever the
figures are, the parts sum to the total, and what is odd comes back as a complaint.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from protocols.facts import Line, RefundClosed, SaleClosed
from protocols.money import Money, allocate, split_tax

TAX: Final = "tax/vat"
UNASSIGNED: Final = "unassigned"
"""The group of goods that name none, and of receipts whose figures do not fit their lines."""
GROUP_LENGTH_MAX: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A receipt's total by account; the parts sum to the total."""

    parts: dict[str, int]
    groups: dict[str, int]
    """Sold by group, tax included."""
    lines_off: int = 0
    """Lines less total: not zero when the lines do not make the total."""
    tax_off: str = ""
    """What does not fit in net, VAT and exempt; empty when all fits."""


def split_receipt(
    fact: SaleClosed | RefundClosed, income: Literal["sales", "returns"], vat_percent: int
) -> Split:
    """Split a receipt's total over income/GROUP and tax/vat."""
    taxed, exempt = _by_group(fact.lines, "taxed"), _by_group(fact.lines, "exempt")
    taxed_sum, exempt_sum = sum(taxed.values()), sum(exempt.values())
    lines_off = taxed_sum + exempt_sum - fact.total
    tax_off = _tax_complaint(fact, taxed_sum, exempt_sum, vat_percent)
    groups = dict(taxed)
    for group, amount in exempt.items():
        groups[group] = groups.get(group, 0) + amount

    sums = fact.net + fact.vat + fact.exempt == fact.total
    fits = sums and taxed_sum == fact.net + fact.vat and exempt_sum == fact.exempt
    plain = fact.total >= 0 and fact.net >= 0 and _spreadable(taxed) and _spreadable(exempt)
    if fits and plain:
        vat = fact.vat
    elif lines_off == 0 and plain:
        vat = split_tax(Money(taxed_sum), vat_percent).tax.minor
    else:
        vat = fact.vat if sums and 0 <= fact.vat <= fact.total else 0
        parts = {TAX: vat, f"{income}/{UNASSIGNED}": fact.total - vat}
        return Split(parts=parts, groups=groups, lines_off=lines_off, tax_off=tax_off)
    return Split(
        parts=_spread(income, taxed, exempt, taxed_sum, vat),
        groups=groups,
        lines_off=lines_off,
        tax_off=tax_off,
    )


def part_of(split: Split, amount: int) -> dict[str, int]:
    """Return the split of a part of the total, in the same proportions; of all, the split itself."""
    total = sum(split.parts.values())
    if amount == total or total <= 0 or any(part < 0 for part in split.parts.values()):
        rest = amount - total
        return split.parts if not rest else {**split.parts, "suspense/exceptions": rest}
    shares = allocate(Money(amount), list(split.parts.values()))
    return {name: share.minor for name, share in zip(split.parts, shares, strict=True)}


def returns_of(split: Split) -> Split:
    """Return a sale's split as that of its return: sales/GROUP becomes returns/GROUP."""
    parts: dict[str, int] = {}
    for account, amount in split.parts.items():
        name = account.replace("sales/", "returns/", 1) if account.startswith("sales/") else account
        parts[name] = parts.get(name, 0) + amount
    return Split(parts=parts, groups=split.groups)


def _spread(
    income: str, taxed: dict[str, int], exempt: dict[str, int], taxed_sum: int, vat: int
) -> dict[str, int]:
    parts = {TAX: vat}
    if len(taxed) == 1:
        parts[f"{income}/{next(iter(taxed))}"] = taxed_sum - vat
    elif taxed_sum:
        shares = allocate(Money(taxed_sum - vat), list(taxed.values()))
        for group, share in zip(taxed, shares, strict=True):
            parts[f"{income}/{group}"] = share.minor
    for group, amount in exempt.items():
        account = f"{income}/{group}"
        parts[account] = parts.get(account, 0) + amount
    return parts


def _spreadable(groups: dict[str, int]) -> bool:
    return all(amount >= 0 for amount in groups.values())


def _by_group(lines: Sequence[Line], tax: str) -> dict[str, int]:
    groups: dict[str, int] = {}
    for line in lines:
        if line.tax == tax and not line.voided:
            group = segment(line.group)
            groups[group] = groups.get(group, 0) + line.amount
    return groups


def segment(text: str) -> str:
    """Return a text as one step of an account's path: no slash, no control character, bounded."""
    if text.isalnum() and len(text) <= GROUP_LENGTH_MAX:
        return text
    kept = "".join("-" if c in "/{}" or not c.isprintable() else c for c in text)
    return kept.strip()[:GROUP_LENGTH_MAX] or UNASSIGNED


def _tax_complaint(
    fact: SaleClosed | RefundClosed, taxed_sum: int, exempt_sum: int, vat_percent: int
) -> str:
    if fact.net + fact.vat + fact.exempt != fact.total:
        return f"{fact.net} + {fact.vat} + {fact.exempt} is not {fact.total}"
    if exempt_sum != fact.exempt:
        return f"exempt {fact.exempt}, lines say {exempt_sum}"
    expected = split_tax(Money(taxed_sum), vat_percent).tax.minor
    if fact.vat != expected:
        return f"VAT {fact.vat}, {vat_percent} % of the lines is {expected}"
    return ""
