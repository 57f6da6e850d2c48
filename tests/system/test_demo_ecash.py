"""The demonstration shop takes e-cash over a real pcscd: cards of its own broker, a purse in the till.

T5: a person puts a card in, the till is told to take e-cash; the books are what is on the cards.
"""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import pos
from sim.entropy import SeededEntropy
from sim.host import SystemClock
from sim.stage.counter import Counter
from sim.stage.shop import Shop, serves_cards
from sim.stage.shop_cards import CUSTOMERS, STRANGER

pytestmark = [
    pytest.mark.system,
    pytest.mark.xdist_group("cards"),
    pytest.mark.skipif(not serves_cards(), reason="no pcscd here, or our reader driver"),
]


def dear() -> str:
    """Return the barcode of something that costs more than the short card holds."""
    with (Path(pos.__file__).parent / "data" / "goods.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["barcodes"] and row["unit"] == "ea" and 3_000 < int(row["price"]) < 9_000:
                return row["barcodes"].split()[0]
    raise AssertionError("there are goods of every price")


RICE = dear()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    opened = Shop(tmp_path / "demo", clock=SystemClock(), entropy=SeededEntropy(1))
    opened.open()
    yield opened
    opened.close()


def counter_of(shop: Shop) -> Counter:
    log = shop.places.root / "till.log"
    return Counter(shop.places.till_config, log=log, clock=SystemClock())


def code(told: dict) -> str:
    notice = told["notice"]
    return "" if notice is None else str(notice["code"])


def test_demo_takes_e_cash_and_the_float_agrees(shop: Shop) -> None:
    """A card of another issuer, a short one, one that pays; then one is torn out and put back."""
    till = counter_of(shop)
    assert code(till.enter("100000OS")) == ""
    assert code(till.enter(RICE)) == ""
    for card, said in ((STRANGER, "PUR-10"), ("short", "PUR-01")):
        shop.do("customer", "insert", card=card)
        assert code(till.enter("EC")) == said
        shop.do("customer", "remove")
    shop.do("customer", "insert", card="customer")
    assert code(till.enter("EC")) == "" and till.view["lines"] == 0

    till.enter(RICE)
    shop.do("customer", "tear_after", count="5")
    assert code(till.enter("EC")) == "PUR-07" and till.view["stage"] == "doubt"
    shop.do("customer", "insert", card="customer")
    assert code(till.enter("RS")) == "" and till.view["lines"] == 0
    till.until("the broker to have it", lambda view: not view["waiting"])
    till.end()

    audited = json.loads(shop.broker("audit", "float", "--json"))
    first = sum(wish.first for wish in CUSTOMERS.values())
    assert audited["findings"] == [] and str(first) in json.dumps(audited)


def test_issuer_s_commands_reach_the_customer_s_card_and_the_till_s_purse(shop: Shop) -> None:
    """M8, M10: a limit with the next payment, a better one in the middle of a refused one, a stop."""
    customer = CUSTOMERS["customer"].name.encode().hex()
    till = counter_of(shop)
    till.enter("100000OS")
    shop.do("customer", "insert", card="customer")
    _update(shop, customer, "--transfer-max", "100")
    _contact(till)

    till.enter(RICE)
    assert code(till.enter("EC")) == "", "paid under the limits it had"
    till.enter(RICE)
    assert code(till.enter("EC")) == "PUR-16"
    _update(shop, customer)
    assert code(till.enter("EC")) == "", "it waited at the broker for the card to be refused"

    shop.broker("purse", "hotlist", "add", customer, "--reason", "lost")
    _contact(till)
    _until_taken(shop)
    till.enter(RICE)
    assert code(till.enter("EC")) == "PUR-06"
    till.enter("CA")
    till.until("the broker to have it", lambda view: not view["waiting"])
    till.end()
    states = [row["state"] for row in json.loads(shop.broker("purse", "commands", "--json"))]
    assert states == ["taken"] * 3
    assert json.loads(shop.broker("audit", "float", "--json"))["findings"] == []


def test_command_without_a_screen_gives_its_purse_what_waits_before_it_ends(shop: Shop) -> None:
    purses = json.loads(shop.broker("purse", "list", "--json"))
    [own] = [row["purse"] for row in purses if row["class"] == "merchant"]
    _update(shop, own, "--transfer-max", "100")

    shop.till("shift", "open", "0")

    [row] = json.loads(shop.broker("purse", "commands", "--json"))
    assert (row["state"], row["answer"], row["terminal"]) == ("taken", "9000", "01")


def _update(shop: Shop, name: str, *limits: str) -> None:
    shop.broker("purse", "update", name, "--day", "20260101", *limits)


def _contact(till: Counter) -> None:
    """Let the till hear from its broker: a sale in cash goes there at once."""
    till.enter(RICE)
    till.enter("CA")
    till.until("the broker to have it", lambda view: not view["waiting"])


def _until_taken(shop: Shop) -> None:
    clock = SystemClock()
    deadline_ns = clock.monotonic_ns() + 20_000_000_000
    while json.loads(shop.broker("purse", "commands", "--waiting", "--json")):
        assert clock.monotonic_ns() < deadline_ns, "the till's own purse never heard"


def test_demo_opens_again_with_the_cards_as_they_were(shop: Shop, tmp_path: Path) -> None:
    till = counter_of(shop)
    till.enter("100000OS")
    till.enter(RICE)
    shop.do("customer", "insert", card="customer")
    till.enter("EC")
    till.end()
    held = shop.do("customer", "unmute")["seen"]
    shop.close()

    again = Shop(tmp_path / "demo", clock=SystemClock(), entropy=SeededEntropy(2))
    again.open()
    try:
        assert again.do("customer", "insert", card="customer")["seen"] == held
    finally:
        again.close()
