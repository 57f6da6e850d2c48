"""Tests of receipt.py against virtual equipment: `pytest plugins/example`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("receipt.py")


def run(printer, reader):
    """Run the program as its user would."""
    return subprocess.run(
        [sys.executable, str(PROGRAM), printer.path, reader.reader],
        env={**os.environ, **reader.environment},
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


def test_balance_is_printed(receipt_printer, card_reader):
    card_reader.insert(card="customer-1")

    done = run(receipt_printer, card_reader)

    assert (done.returncode, done.stderr) == (0, "")
    receipt_printer.wait_until(lambda printer: printer.state["papers"] == 1)
    assert receipt_printer.paper.split("\n")[:2] == ["CARD CUST0001", "BALANCE 50000"]


def test_no_paper_is_said_and_nothing_is_printed(receipt_printer, card_reader):
    card_reader.insert(card="customer-1")
    receipt_printer.paper_out()

    done = run(receipt_printer, card_reader)

    assert (done.returncode, done.stderr) == (1, "no paper\n")
    assert "BALANCE" not in receipt_printer.paper


def test_card_that_is_pulled_in_the_middle_prints_nothing(receipt_printer, card_reader):
    card_reader.insert(card="customer-1")
    card_reader.tear_after(count=2)

    done = run(receipt_printer, card_reader)

    assert done.returncode == 1 and done.stderr.startswith("card: ")
    assert "BALANCE" not in receipt_printer.paper


@pytest.mark.intermarket_seed(count=3)
def test_empty_reader_is_said(receipt_printer, card_reader):
    done = run(receipt_printer, card_reader)

    assert done.returncode == 1 and done.stderr.startswith("card: ")
