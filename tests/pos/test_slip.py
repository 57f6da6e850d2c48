"""Receipt and payment slip on one sheet or two: a setting, and nothing else of the sale changes."""

from dataclasses import replace
from pathlib import Path

import pytest

from pos.config import parse_config
from pos.press import Press
from pos.store.papers import PaperState
from pos.wiring import setup_of
from protocols.facts import ReceiptCopied, SaleClosed
from tests.pos.tenders.test_purse import MILK, Counter, play


def forms(counter: Counter) -> list[str]:
    """Return the papers of the till, in the order in which they come out."""
    rows = counter.store.database.rows("SELECT form FROM paper ORDER BY number")
    return [str(form) for (form,) in rows]


def apart(counter: Counter) -> None:
    register = counter.till.register
    register.setup = replace(register.setup, slip_apart=True)


@pytest.mark.parametrize(("text", "two"), [("", False), ("[receipt]\nslip = 'two'", True)])
def test_it_is_a_setting(tmp_path: Path, text: str, two: bool) -> None:
    assert setup_of(parse_config(text, tmp_path / "pos.toml")).slip_apart is two


@pytest.mark.parametrize(
    ("two", "entry", "papers"),
    [
        (False, "EC", ["sale"]),
        (True, "EC", ["sale", "slip"]),
        (True, "CA", ["sale"]),
    ],
)
def test_two_sheets_where_a_device_took_money(
    tmp_path: Path, two: bool, entry: str, papers: list[str]
) -> None:
    """Cash has no slip: nobody approves it."""

    async def story(counter: Counter) -> None:
        if two:
            apart(counter)
        await counter.key(MILK, entry)

        assert forms(counter) == papers

    play(tmp_path, story)


def test_the_slip_tells_how_to_find_the_payment_and_no_goods(tmp_path: Path) -> None:
    """Part cash, part e-cash: the receipt has both, the slip what the purse paid."""

    async def story(counter: Counter) -> None:
        apart(counter)
        await counter.key(MILK, "1000CA", "EC")
        [sale] = counter.of(SaleClosed)
        by_purse = next(tender for tender in sale.tenders if tender.method == "purse")
        paper = counter.store.papers.newest("slip")
        assert paper is not None

        text = Press(counter.till.register, columns=42).text(paper)

        assert "결제 전표" in text
        assert "1,980" in text and by_purse.attempt in text
        assert by_purse.reference in "".join(text.split())
        assert "서울우유" not in text and "현금" not in text and "재발행" not in text

    play(tmp_path, story)


def test_one_that_a_sudden_end_caught_is_a_copy_and_on_record(tmp_path: Path) -> None:
    async def story(counter: Counter) -> None:
        apart(counter)
        await counter.key(MILK, "EC")
        paper = counter.store.papers.newest("slip")
        assert paper is not None
        counter.store.papers.move(paper.number, PaperState.SENDING)

        await counter.again()

        assert counter.of(ReceiptCopied) == [ReceiptCopied(sale=1, copy=1, reason="slip restart")]

    play(tmp_path, story)
