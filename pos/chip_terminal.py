"""The till as an EMV terminal: what its policy and its equipment make of it, and one payment at it.

A PIN pad enciphers for the bank and for the chip; a reader's keypad gives a PIN in clear to the card in it,
and to nobody else. Without either there is a signature. Nothing is approved by the till itself: the floor
limit is zero, and every payment is asked of its bank.
Source: EMV 4.4 book 4, annex A; protocols.emv.terminal.
"""

import zlib
from typing import Final

from pos.tenders.agreement import Ask, Desk
from protocols.card_rules import CardRules
from protocols.emv.bits import Capability, Tvr
from protocols.emv.rsa import PublicKey
from protocols.emv.terminal import ATTENDED_ONLINE_ONLY, Application, Payment, Terminal

_ALWAYS: Final = Capability.CHIP | Capability.SIGNATURE | Capability.NO_CVM
_AUTHENTICATION: Final = Capability.SDA | Capability.DDA | Capability.CDA
"""Of the card, by the till; without any authority's key that is left to the bank."""


def terminal_of(rules: CardRules, *, pad: bool, keypad: bool, stripe: bool) -> Terminal:
    """Return the terminal: `pad` is its PIN pad, `keypad` the reader's own, `stripe` its other reader."""
    capabilities = _ALWAYS | (_AUTHENTICATION if rules.keys else Capability(0))
    if pad:
        capabilities |= Capability.ONLINE_PIN | Capability.ENCIPHERED_PIN
    if keypad:
        capabilities |= Capability.PLAINTEXT_PIN
    if stripe:
        capabilities |= Capability.STRIPE
    return Terminal(
        applications=tuple(
            Application(
                aid=bytes.fromhex(each.aid),
                label=each.label,
                denial=Tvr(int(each.denial, 16)),
                default=Tvr(int(each.default, 16)),
            )
            for each in rules.applications
        ),
        authorities={
            (bytes.fromhex(key.rid), key.index): PublicKey(int(key.modulus, 16), key.exponent)
            for key in rules.keys
        },
        capabilities=capabilities,
        country=rules.country,
        kind=ATTENDED_ONLINE_ONLY,
    )


def payment_of(ask: Ask, desk: Desk) -> Payment:
    """Return one payment; its number at the terminal is derived from the attempt key."""
    moment, currency = desk.moment, ask.amount.currency
    return Payment(
        amount=ask.amount.minor,
        currency=currency.number,
        exponent=currency.exponent,
        date=int(f"{moment:%Y%m%d}"),
        time=int(f"{moment:%H%M%S}"),
        number=zlib.crc32(desk.key.encode()) % 100_000_000,
        unpredictable=desk.token(4),
        forced_online=True,
    )
