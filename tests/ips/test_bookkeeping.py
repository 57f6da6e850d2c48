"""Records that come in one batch are booked as those that come one by one."""

from pathlib import Path

import pytest

from ips.rules import load_rules
from protocols.facts import ShiftClosed
from tests.support.purse_scheme import Scheme


@pytest.mark.parametrize("batches", [1, 2])
def test_shift_that_is_closed_in_the_batch_of_its_sales_finds_its_cash(
    tmp_path: Path, batches: int
) -> None:
    """A till that was cut off uploads sales and Z together: the ledger counts each won once."""
    scheme = Scheme(tmp_path, load_rules())
    terminal = scheme.terminal
    terminal.open_shift(100_000)
    terminal.sell(1, 11_000)
    if batches == 2:
        scheme.upload()
    terminal.append(
        ShiftClosed(
            shift=1,
            z=1,
            store="main",
            sales=1,
            gross=11_000,
            net=10_000,
            vat=1_000,
            exempt=0,
            by_method={"cash": 11_000},
            float_amount=100_000,
            expected=111_000,
            counted=111_000,
            over_short=0,
        )
    )
    scheme.upload()

    held = {
        row.name: row.debits_posted - row.credits_posted for row in scheme.broker.reader.accounts()
    }
    assert scheme.questions() == []
    assert (held["till/main/01"], held["safe/main"]) == (0, 11_000)
