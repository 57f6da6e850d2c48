"""The real counter killed at every command of both cards, in both schemes; a unit is one command of one card."""

import tempfile
from pathlib import Path
from typing import Any

from tests.support.counter_kills import (
    CUSTOMER,
    ICASH,
    PRICE,
    PURSE,
    SHOP,
    CardTable,
    Moment,
    Shop,
    finish,
    kill_in_payment,
)

NAME = "the counter killed at every command of a card, and its clerk after it"
COMMANDS = {
    PURSE: {CUSTOMER: 6, SHOP: 5},
    ICASH: {CUSTOMER: 4, SHOP: 4},
}
"""How many a payment has."""
MATRIX = [
    (scheme, Moment(slot, nth, done=done))
    for scheme, slots in COMMANDS.items()
    for slot, most in slots.items()
    for nth in range(1, most + 1)
    for done in (False, True)
]
UNITS = len(MATRIX)
KEYS_MAX = 2
"""Enter with the card back in, and F9 where nothing had moved."""


def run(unit: int) -> dict[str, Any]:
    """Prove one unit. Raises: AssertionError."""
    scheme, moment = MATRIX[unit]
    with tempfile.TemporaryDirectory(prefix="counter") as folder, CardTable(Path(folder)) as table:
        shop = Shop(Path(folder) / "s", scheme, table).prepare()
        before = [table.holds(each) for each in (scheme.card, scheme.own)]
        try:
            kill_in_payment(shop, moment)
            keys = finish(shop, moment)
        except TimeoutError as error:
            raise AssertionError(f"{scheme.name} {moment}: {error}") from error
        finally:
            shop.close()
        after = [table.holds(each) for each in (scheme.card, scheme.own)]
        assert after == [before[0] - PRICE, before[1] + PRICE], f"{scheme.name} {moment}"
        assert len(keys) <= KEYS_MAX, f"{scheme.name} {moment}: {keys}"
    return {"scheme": scheme.name, "moment": str(moment), "keys": " ".join(keys)}
