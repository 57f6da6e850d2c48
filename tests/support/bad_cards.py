"""Every card that a clerk may be handed and cannot be paid with, and the message that says so.

The cards are the production class; a fresh pair each time, because a test looks at what became of them.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from protocols.purse.card import Purse
from protocols.purse.image import Life, Parameters, encode_image
from tests.support.purse_slots import MemorySlots
from tests.support.purses import ISSUER, purse, remembers

CUSTOMER, SHOP = b"CUSTOMER", b"THE SHOP"
WRONG = ["9753", "8642", "7531"]
Make = Callable[[], MemorySlots]


class GarbageCard(Purse):
    """A card that answers anything with noise, seeded."""

    def handle(self, apdu: bytes) -> bytes:
        """Answer with bytes that mean nothing."""
        noise = random.Random(apdu)
        return noise.randbytes(noise.randrange(2, 60))


@dataclass(frozen=True)
class Bad:
    """What is handed over, and what the clerk reads."""

    make: Make
    code: str


def slots(
    card: Purse | None,
    shop: Purse | None = None,
    keys: list[str] | None = None,
    *,
    without_shop: bool = False,
) -> MemorySlots:
    own = None if without_shop else shop or purse(SHOP, balance=0, purse_class=1)
    made = MemorySlots(card, own)
    made.keys = list(keys) if keys is not None else None
    return made


def customer(
    balance: int = 9_000, parameters: Parameters | None = None, **changes: object
) -> Purse:
    return purse(CUSTOMER, balance, parameters, **changes)


def changed(card: Purse, **fields: object) -> Purse:
    card.memory.write(encode_image(remembers(card)._replace(**fields)))
    return card


def garbage() -> Purse:
    card = customer()
    return GarbageCard(card.personality, card.memory, card.suite)


PIN_ALWAYS = Parameters(pin_above=0)
BAD: dict[str, Bad] = {
    "absent": Bad(lambda: slots(None), "RDR-02"),
    "not-ours": Bad(lambda: slots(customer(issuer=ISSUER + 1)), "PUR-10"),
    "expired": Bad(lambda: slots(customer(expiry=20200101)), "PUR-06"),
    "hotlisted": Bad(
        lambda: slots(
            customer(),
            purse(SHOP, 0, Parameters(hotlist=(CUSTOMER,)), purse_class=1),
        ),
        "PUR-06",
    ),
    "locked": Bad(lambda: slots(changed(customer(), life=Life.LOCKED)), "PUR-03"),
    "short": Bad(lambda: slots(customer(balance=100)), "PUR-01"),
    "no-keypad": Bad(lambda: slots(customer(parameters=PIN_ALWAYS)), "PUR-04"),
    "wrong-pin": Bad(lambda: slots(customer(parameters=PIN_ALWAYS), keys=WRONG), "PUR-05"),
    "log-full": Bad(lambda: slots(customer(log_slots=0)), "PUR-13"),
    "shop-log-full": Bad(
        lambda: slots(customer(), purse(SHOP, 0, log_slots=0, purse_class=1)), "PUR-14"
    ),
    "shop-full": Bad(lambda: slots(customer(), purse(SHOP, 199_999, purse_class=1)), "PUR-15"),
    "over-limit": Bad(lambda: slots(customer(parameters=Parameters(transfer_max=9))), "PUR-16"),
    "other-currency": Bad(lambda: slots(customer(currencies=(840, 0, 0, 0, 0))), "PUR-17"),
    "worn-out": Bad(lambda: slots(changed(customer(), sequence=2**32 - 1)), "PUR-18"),
    "wrong-kind": Bad(
        lambda: slots(customer(), purse(SHOP, 0, Parameters(matrix=0), purse_class=1)), "PUR-12"
    ),
    "garbage": Bad(lambda: slots(garbage()), "PUR-11"),
    "shop-silent": Bad(lambda: slots(customer(), without_shop=True), "RDR-04"),
}
