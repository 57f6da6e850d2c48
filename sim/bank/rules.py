"""Whether a card may do this, in the order in which an issuer asks. Pure."""

from dataclasses import dataclass

from protocols.iso8583.response import Response
from sim.bank.people import CardWish


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What somebody wants of a card, and what is known of it."""

    amount: int
    month: str
    """YYMM when it is used."""
    refund: bool
    status: str
    expiry: str
    """YYMM as the terminal sent it; empty where it did not."""
    with_pin: bool
    wrong_pins: int
    pin_tries: int
    spent: int
    count: int
    """What was paid on it within a day."""
    available: int


_STATUS = {"lost": Response.LOST, "stolen": Response.STOLEN, "restricted": Response.RESTRICTED}


def judge(card: CardWish, use: Use) -> Response:
    """Return the answer but for the PIN itself, which is compared when everything before it is right."""
    if use.status in _STATUS:
        return _STATUS[use.status]
    if card.expiry < use.month or (use.expiry and use.expiry != card.expiry):
        return Response.EXPIRED
    if use.wrong_pins >= use.pin_tries:
        return Response.PIN_TRIES
    if use.refund:
        return Response.APPROVED
    if card.refund_only:
        return Response.NOT_PERMITTED
    if card.pin_needed and not use.with_pin:
        return Response.WRONG_PIN
    return _afford(card, use)


def _afford(card: CardWish, use: Use) -> Response:
    if card.sale_limit and use.amount > card.sale_limit:
        return Response.LIMIT
    if card.day_limit and use.spent + use.amount > card.day_limit:
        return Response.LIMIT
    if card.day_count and use.count >= card.day_count:
        return Response.TOO_OFTEN
    return Response.APPROVED if use.amount <= use.available else Response.FUNDS
