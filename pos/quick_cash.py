"""What customers hand over: the sum due, and the next sums that notes make."""

from typing import Final

from protocols.money import Currency

CHOICES_MAX: Final = 4
NOTES: Final[dict[str, tuple[int, ...]]] = {
    "KRW": (1_000, 5_000, 10_000, 50_000),
    "JPY": (1_000, 5_000, 10_000),
    "USD": (100, 500, 1_000, 2_000, 5_000),
    "EUR": (500, 1_000, 2_000, 5_000),
}
"""Minor units, smallest first; a currency that is not here offers the exact sum only."""


def quick_cash(due: int, currency: Currency) -> tuple[int, ...]:
    """Return up to CHOICES_MAX amounts, smallest first; the first is what is due.

    15,390 won: 15,390, 16,000, 20,000, 50,000.
    """
    if due <= 0:
        return ()
    rounded = {-(-due // note) * note for note in NOTES.get(currency.code, ())}
    return (due, *sorted(rounded - {due}))[:CHOICES_MAX]
