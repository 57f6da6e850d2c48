"""An e-receipt's code on the screen: a telephone reads it, at every size where it fits, else it is said."""

from dataclasses import replace
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from pos import commands
from pos.document_file import take_document
from pos.keymap import load_keymap
from pos.messages import Language, cells
from pos.store.store import FILE_NAME, Store
from pos.ui.drawing.link import draw_code, draw_link
from pos.ui.grid import Ink, Row, row_text
from pos.view import LinkView
from pos.view import Stage as TillStage
from protocols.documents import Policy
from sim.entropy import SeededEntropy
from tests.ui.counter_program import HostClock, codes, real_counter, real_till, stock
from tests.ui.scripted_till import empty_view
from tests.ui.stage import on_stage

ADDRESS = "https://receipts.example.kr/r/Zk3xU8o1mB2yq0vN5tWc7A"
LONGEST = "https://" + "r" * 80 + "/r/Zk3xU8o1mB2yq0vN5tWc7A"
HALVES = {" ": (255, 255), "▀": (0, 255), "▄": (255, 0), "█": (0, 0)}


def drawn(address: str, width: int, height: int, language: Language = "ko") -> tuple[Row, ...]:
    view = empty_view(language, TillStage.ENTRY)
    rows = draw_code(LinkView(sale="0417-0001", address=address), view, width, height)
    assert len(rows) == height and all(cells(row_text(row)) == width for row in rows)
    return rows


def read(rows: list[str]) -> list[str]:
    """Read a picture of what the screen shows, each half of a cell a square of dots."""
    picture = Image.new("L", (len(rows[0]), 2 * len(rows)), 255)
    for y, line in enumerate(rows):
        for x, character in enumerate(line):
            upper, lower = HALVES[character]
            picture.putpixel((x, 2 * y), upper)
            picture.putpixel((x, 2 * y + 1), lower)
    large = picture.resize((8 * picture.width, 8 * picture.height), Image.Resampling.NEAREST)
    return [code.text for code in zxingcpp.read_barcodes(large)]


@pytest.mark.parametrize(
    ("address", "width", "height"),
    [(ADDRESS, 52, 19), (ADDRESS, 33, 17), (ADDRESS, 60, 34), (LONGEST, 60, 34), ("http://r.kr/r/" + "A" * 22, 52, 19)],
)  # fmt: skip
def test_a_telephone_reads_it(address: str, width: int, height: int) -> None:
    """Black on white, whatever the terminal's own colours are."""
    rows = drawn(address, width, height)

    assert {ink for row in rows for _, ink in row} == {Ink.CODE}
    assert read([row_text(row) for row in rows]) == [address]


@pytest.mark.parametrize(("width", "height"), [(32, 17), (33, 16), (20, 8), (8, 3), (1, 1)])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_where_it_does_not_fit_that_is_said(width: int, height: int, language: Language) -> None:
    """Half a code is read by nobody."""
    rows = drawn(ADDRESS, width, height, language)

    assert not any(ink is Ink.CODE for row in rows for _, ink in row)


@pytest.mark.parametrize(("width", "height"), [(24, 17), (30, 32), (24, 6)])
def test_the_address_stands_beside_it_as_text(width: int, height: int) -> None:
    link = LinkView(sale="0417-0001", address=ADDRESS)
    rows = draw_link(link, empty_view("en", TillStage.ENTRY), load_keymap("us"), width, height)

    text = [row_text(row) for row in rows]
    assert len(rows) <= height and all(cells(line) <= width for line in text)
    assert "F11" in text[-2]
    if height >= 17:
        assert ADDRESS in "".join(line.strip() for line in text)


async def test_a_sale_without_paper_is_two_keys_more_and_the_next_sale_none(tmp_path: Path) -> None:
    """5.3: subtotal, no paper, cash; the next scan takes the code away."""
    stock(tmp_path)
    with Store(tmp_path / FILE_NAME, clock=HostClock()) as store:
        take_document(store, "policy", Policy(receipt_link="https://r.example.kr"), 1)
    till = real_till(tmp_path, "en")
    till.register.entropy = SeededEntropy(1)
    till.register.setup = replace(till.register.setup, has_printer=True)
    await till.start()
    await till.execute(commands.OpenShift(0))
    async with on_stage(real_counter(till)) as stage:
        await stage.scan(codes()[0])
        await stage.press("+")
        assert "NoPaper" in stage.text()
        await stage.press("f11")
        assert "Paper" in stage.text() and "NoPaper" not in stage.text()
        await stage.press("f12")
        await stage.until(lambda: till.view.page == "link")

        link = till.view.link
        assert link is not None
        shown = [line[:52] for line in stage.grid()[1:] if set(line[:52]) <= set(HALVES)]
        assert read([line for line in shown if line.strip()]) == [link.address]

        await stage.scan(codes()[1])
        assert till.view.page == "sale" and till.view.pieces == 1
    await till.stop()
