"""Gift receipts: a paper without a price, on record with who asked, by whose code goods are exchanged."""

import re

import pytest

from pos import commands
from pos.entry import parse_entry
from pos.press import Press
from pos.store.papers import PaperState
from protocols.facts import ReceiptCopied
from tests.support.counter_till import Bench, Counter, Starting

MILK = "8801115114154"


def gift_text(counter: Counter) -> str:
    paper = counter.store.papers.newest("gift")
    assert paper is not None
    return Press(counter.till.register, columns=42).text(paper)


@pytest.mark.parametrize(
    ("entry", "command"),
    [
        ("GR", commands.Reprint(what="gift")),
        ("128gr", commands.Reprint(128, "gift")),
        ("RP", commands.Reprint()),
    ],
)
def test_entry(entry: str, command: commands.Command) -> None:
    assert parse_entry(entry) == command


async def test_a_gift_receipt_has_the_goods_and_no_price(start: Starting) -> None:
    counter = await start()
    await counter.key("OS", f"2*{MILK}", "CA")

    said = await counter.key("GR")
    await counter.settle()

    assert said is not None and "선물 교환증" in said.banner
    assert counter.bench.printed == [b"sale 1 copy 0", b"gift 1 copy 1"]
    text = gift_text(counter)
    assert re.search(r"서울우유 1L +2\n", text)
    assert "S1-01-20260417-0001" in text
    assert "2,980" not in text and "5,960" not in text and "현금" not in text
    assert "재발행" not in text


async def test_each_is_on_record_and_from_the_second_on_marked(start: Starting) -> None:
    """Who prints gift receipts all day is found; the receipt's own copies are counted apart."""
    counter = await start()
    await counter.key("OS", MILK, "CA", MILK, "CA")

    await counter.key("1GR", "1GR", "1RP", "GR")

    copied = [fact for fact in counter.facts() if isinstance(fact, ReceiptCopied)]
    assert copied == [
        ReceiptCopied(sale=1, copy=1, reason="gift"),
        ReceiptCopied(sale=1, copy=2, reason="gift"),
        ReceiptCopied(sale=1, copy=1),
        ReceiptCopied(sale=2, copy=1, reason="gift"),
    ]
    second = counter.store.papers.of_sale("20260417", 1, ("gift",))
    assert second is not None
    assert "재발행 1" in Press(counter.till.register, columns=42).text(second)


async def test_goods_come_back_by_its_code(start: Starting) -> None:
    """Whoever was given it exchanges it; the code is the one a scanner reads from the paper."""
    counter = await start()
    await counter.key("OS", MILK, "CA", "GR")
    [code] = re.findall(r"\[QR (\S+)\]", gift_text(counter))

    await counter.key(code)

    back = counter.till.register.sale.returning
    assert back is not None and back.original == "S1-01-20260417-0001"


@pytest.mark.parametrize(("entries", "code"), [(("GR",), "RPT-01"), (("7GR",), "RPT-02")])
async def test_of_no_sale_there_is_none(
    start: Starting, entries: tuple[str, ...], code: str
) -> None:
    counter = await start()
    await counter.key("OS")

    said = await counter.key(*entries)

    assert said is not None and said.code == code


async def test_without_a_printer_there_is_none(start: Starting) -> None:
    counter = await start(printer=False)
    await counter.key("OS", MILK, "CA")

    said = await counter.key("GR")

    assert said is not None and said.code == "PRN-08"
    assert counter.store.papers.newest("gift") is None


async def test_one_that_a_sudden_end_caught_comes_again_as_the_next(start: Starting) -> None:
    """It may have come out: so the one that comes is on record, and marked."""
    counter = await start(Bench())
    await counter.key("OS", MILK, "CA")
    await counter.settle()
    await counter.key("GR")
    await counter.settle()
    paper = counter.store.papers.newest("gift")
    assert paper is not None
    counter.store.papers.move(paper.number, PaperState.SENDING)

    again = await start()

    assert ReceiptCopied(sale=1, copy=2, reason="gift restart") in again.facts()
    assert "재발행 1" in gift_text(again)
