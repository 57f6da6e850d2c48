"""A payment by a card's stripe: a PIN for the bank, or a signature, as its service code says; then the bank.

    PIN, if wanted -> intent durable -> authorise, once

Nothing of the stripe is kept: number and track go to the broker with this one request.
Source: ISO/IEC 7813:2006 7.2 (service code); devices.md 4 (fields 14, 35, 52).
"""

from typing import Final

from pos.card_presenting import Stripe
from pos.tenders.agreement import Ask, Desk
from pos.view import PaymentStep
from protocols.facts import Slip, SlipEntry, SlipVerified
from protocols.magnetic_stripe import Expiry, Track, TrackData
from protocols.outcome import NotSent, Outcome
from protocols.pin_pad.words import EnteredForBank
from protocols.secure_pin import PinSW

_TRIES: Final = 3
"""How often too few digits are asked for again."""
CANCELLED: Final = "CRD-56"
NO_PIN: Final = "CRD-57"


async def pay_by_stripe(stripe: Stripe, ask: Ask, desk: Desk, method: str) -> Outcome:
    """Have the card's bank approve it."""
    card = stripe.card
    pin: EnteredForBank | None = None
    verified: SlipVerified = "signature"
    if card.service is not None and card.service.wants_pin:
        entered = await _pin(card, ask, desk)
        if isinstance(entered, NotSent):
            return entered
        pin, verified = entered, "online_pin"
    entry: SlipEntry = "fallback" if stripe.fallback else "stripe"
    desk.slip(Slip(number=str(card.number), entry=entry, verified=verified))
    key = await desk.intend()
    desk.progress(PaymentStep.MOVING)
    return await desk.acquirer.authorise(
        key=key, method=method, amount=ask.amount, fields=_fields(card, entry, pin)
    )


async def _pin(card: TrackData, ask: Ask, desk: Desk) -> EnteredForBank | NotSent:
    desk.progress(PaymentStep.PIN)
    for _ in range(_TRIES):
        entered = await desk.keypads.for_bank(card.number.reveal(), ask, desk)
        match entered:
            case EnteredForBank() | NotSent():
                return entered
            case PinSW.TOO_SHORT_OR_LONG:
                desk.say("PIN-06")
            case PinSW.CANCELLED:
                return NotSent(code=CANCELLED, reason="the customer cancelled the PIN")
            case _:
                break
    return NotSent(code=NO_PIN, reason="no PIN was entered in time")


def _fields(card: TrackData, entry: str, pin: EnteredForBank | None) -> dict[str, str]:
    """Return what the card module is told (ips/modules/card.toml)."""
    fields = {"pan": card.number.reveal(), "entry": entry}
    if card.expiry is not None:
        fields["expiry"] = _yymm(card.expiry)
    if card.track is Track.TWO and not card.country:
        fields["track2"] = card.text.reveal().strip(";?")
    if pin is not None:
        fields |= {"pin_block": pin.block.hex().upper(), "ksn": pin.ksn.hex().upper()}
    return fields


def _yymm(expiry: Expiry) -> str:
    return f"{expiry.year % 100:02}{expiry.month:02}"
