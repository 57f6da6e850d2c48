"""The demonstration shop takes cards and transfers: chip, stripe and passbook, by banks of its own (T3, T4)."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sim.entropy import SeededEntropy
from sim.host import SystemClock
from sim.stage.counter import Counter
from sim.stage.shop import Shop, serves_cards
from tests.system.test_demo_ecash import RICE, code, counter_of

pytestmark = [
    pytest.mark.system,
    pytest.mark.xdist_group("cards"),
    pytest.mark.skipif(not serves_cards(), reason="no pcscd here, or our reader driver"),
]
PATIENCE_NS = 30_000_000_000


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    opened = Shop(tmp_path / "demo", clock=SystemClock(), entropy=SeededEntropy(1), language="en")
    opened.open()
    yield opened
    opened.close()


def test_chip_stripe_and_passbook_are_approved_and_the_bank_has_the_same_sum(shop: Shop) -> None:
    """A signature, a PIN for the bank at the pad, a swipe, a transfer; then the bank's own totals."""
    till = counter_of(shop)
    assert code(till.enter("100000OS")) == ""

    shop.do("customer", "insert", card="sign")
    taken = paid(till, "CD")
    shop.do("customer", "remove")
    shop.do("customer", "insert", card="credit")
    taken += paid(till, "CD", lambda: entered(shop, "1234"))
    shop.do("customer", "remove")
    taken += paid(till, "CD", lambda: swiped(shop))
    shop.do("customer", "insert", card="passbook")
    taken += paid(till, "TR", lambda: entered(shop, "1234"))
    till.until("papers", lambda view: not view["paper_waiting"])
    till.until("the broker to have it", lambda view: not view["waiting"])
    till.end()

    assert len(set(re.findall(r"Approval +(\w+)", shop.paper()))) == 4
    told = json.loads(shop.broker("bank", "settle", "hanbit", "--json"))
    assert told["ours"] == told["theirs"] == [0, 0, 4, 0, 0, 0, taken, 0]
    settled = json.loads(shop.broker("inquire", "settled", "--json"))
    assert settled["totals"]["KRW"] == taken


def paid(till: Counter, verb: str, does: Any = None) -> int:
    """Sell one piece by this way to pay, while the customer does something; returns its price."""
    assert code(till.enter(RICE)) == ""
    due = int(till.view["due"])
    with ThreadPoolExecutor(1) as customer:
        acted = customer.submit(does or (lambda: None))
        told = till.enter(verb)
        acted.result()
    assert (code(told), till.view["lines"]) == ("", 0), told["notice"]
    return due


def entered(shop: Shop, pin: str) -> None:
    """Enter a PIN as soon as the pad wants one."""
    clock = SystemClock()
    deadline_ns = clock.monotonic_ns() + PATIENCE_NS
    while not shop.state("pin_pad")["keypad"].endswith("digits"):
        assert clock.monotonic_ns() < deadline_ns, "nobody wants a PIN"
    shop.do("pin_pad", "press", digits=pin)
    shop.do("pin_pad", "enter")


def swiped(shop: Shop) -> None:
    """Swipe a card as soon as one is waited for, by what the customer's display says."""
    clock = SystemClock()
    deadline_ns = clock.monotonic_ns() + PATIENCE_NS
    while "card" not in " ".join(map(str, shop.state("line_display").values())).lower():
        assert clock.monotonic_ns() < deadline_ns, "nobody wants a card"
    shop.do("stripe_reader", "swipe", card="bank-credit")
