"""A thousand sales at the real counter, at full speed, with everything going wrong (step 4, must show)."""

from pathlib import Path

import pytest

from pos.host import HostClock
from sim.stage.shop import Shop
from tests.support.scripted_clerk import ScriptedClerk

SALES = 1_000
SEED = 1998
MEMORY_MAX = 16 * 1024 * 1024
"""What the till may hold more after all these sales: the store's page cache and the queue page."""


@pytest.mark.system
def test_a_thousand_sales_lose_and_double_nothing(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop", clock=HostClock(), language="en")
    shop.open()
    try:
        told = ScriptedClerk(shop, seed=SEED, sales=SALES).work()
    finally:
        shop.close()
    print(f"seed {SEED}: {told.figures()}")
    assert told.sales == SALES
    assert told.memory[-1] - told.memory[0] < MEMORY_MAX, told.figures()
