"""The shadow ledger: what each purse should hold, from what was reported; and what is suspect of it.

    balance = first value + received - paid - lost and claimed by both - in flight

Lost: both purses have claimed it, so the payer has paid and the payee never got it. In flight: the
payer has claimed it and the payee's word is missing. What a purse did between two reports is not
seen, so a balance is what the issuer knows, not what the card says.
"""

from dataclasses import dataclass
from typing import Final

from ips.purse.records import Asks

_POCKETS: Final = """
WITH loss AS (
    SELECT pd, payer, currency, value, count(*) = 2 AS on_both, max(name = payer) AS by_payer
    FROM purse_claim WHERE pd NOT IN (SELECT pd FROM purse_move)
    GROUP BY pd, payer, currency, value
), leg AS (
    SELECT name, currency, value AS gained, 0 AS lost, 0 AS flight, 0 AS paid FROM purse_first
    UNION ALL SELECT payee, currency, value, 0, 0, 0 FROM purse_move
    UNION ALL SELECT payer, currency, -value, 0, 0, 0 FROM purse_move
    UNION ALL SELECT payer, currency, 0, value, 0, 0 FROM loss WHERE on_both
    UNION ALL SELECT payer, currency, 0, 0, value, 0 FROM loss WHERE by_payer AND NOT on_both
    UNION ALL SELECT lower(hex(substr(pd, 1, 8))), currency, 0, 0, 0, value FROM purse_paid
)
SELECT leg.name, leg.currency, coalesce(purse.class, 0), coalesce(purse.made_ns, 0) > 0,
    sum(leg.gained), sum(leg.lost), sum(leg.flight), sum(leg.paid)
FROM leg LEFT JOIN purse ON purse.name = leg.name
GROUP BY leg.name, leg.currency ORDER BY leg.name, leg.currency
"""
_GAINED: Final = """
SELECT currency, sum(value) FROM (
    SELECT currency, value FROM purse_first WHERE name = ?1
    UNION ALL SELECT currency, value FROM purse_move WHERE payee = ?1
    UNION ALL SELECT currency, -value FROM purse_move WHERE payer = ?1
) GROUP BY currency ORDER BY currency
"""
_USES: Final = """
SELECT (SELECT count(*) FROM purse_move WHERE payer = ?1 AND payer_sequence = ?2)
    + (SELECT count(*) FROM purse_move WHERE payee = ?1 AND payee_sequence = ?2)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """One pocket of one purse as the issuer knows it."""

    name: str
    currency: str
    purse_class: int
    made: bool
    """Whether it was made here: of any other purse the issuer cannot know what it was given."""
    gained: int
    """First value and received, less paid."""
    lost: int
    """Claimed by both purses, paid back or not; left the purse and never arrived."""
    in_flight: int
    """Claimed by the payer alone."""
    paid: int
    """Of what was lost: paid back."""

    @property
    def balance(self) -> int:
        """Return what the purse should hold."""
        return self.gained - self.lost - self.in_flight


def pockets(store: Asks) -> list[Shadow]:
    """Return every pocket of every purse, by name and currency."""
    return [
        Shadow(
            name=name,
            currency=currency,
            purse_class=purse_class,
            made=bool(made),
            gained=gained,
            lost=lost,
            in_flight=flight,
            paid=paid,
        )
        for name, currency, purse_class, made, gained, lost, flight, paid in store.ask(_POCKETS)
    ]


def gained(store: Asks, name: str) -> dict[str, int]:
    """Return what one purse was given less what it paid, by currency."""
    return dict(store.ask(_GAINED, (name,)))


def uses(store: Asks, name: str, number: int) -> int:
    """Return in how many transfers a purse appears under one of its sequence numbers.

    It uses one number a transfer, as payer or as payee: twice is a clone, or a broken card.
    """
    return int(store.ask(_USES, (name, number))[0][0])
