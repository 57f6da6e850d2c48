"""E-receipts at the till: a link minted with the sale, on every paper of it, the same for ever (4e)."""

import io
import re

import pytest
import zxingcpp
from PIL import Image

from pos.press import Press
from pos.store.papers import Paper, PaperState
from protocols.documents import DocumentError, Policy, body_of
from protocols.facts import SaleClosed
from protocols.receipt_link import is_token
from receipts.fonts import load_typeface
from receipts.renderers.escpos import QrDrawn
from sim.printer import PrinterTwin
from tests.support.counter_till import Counter, Starting
from tests.support.staff import put_policy

MILK = "8801115114154"
POLICY = Policy(receipt_link="https://receipts.example.kr")


async def linked(start: Starting, policy: Policy = POLICY, **options: object) -> Counter:
    """Start a till whose policy says where e-receipts are."""
    counter = await start(**options)
    put_policy(counter.store, policy)
    await counter.till.load_goods()
    await counter.key("OS")
    return counter


def tokens(counter: Counter) -> list[str]:
    return [fact.link for fact in counter.facts() if isinstance(fact, SaleClosed)]


def paper_of(counter: Counter, sale: int = 1) -> Paper:
    paper = counter.store.papers.of_sale("20260417", sale)
    assert paper is not None
    return paper


def codes(counter: Counter, *, qr: QrDrawn = QrDrawn.PRINTER, columns: int = 48) -> list[str]:
    """Print a receipt on the virtual printer and read its picture as a telephone does."""
    job = Press(counter.till.register, columns=columns, qr=qr)(paper_of(counter))
    printer = PrinterTwin(load_typeface())
    now_ns = 0
    for start in range(0, len(job), 512):
        printer.receive(job[start : start + 512], now_ns)
        while (due := printer.deadline_ns) is not None:
            now_ns = due
            printer.tick(now_ns)
    picture = Image.open(io.BytesIO(printer.paper_png())).convert("L")
    return [code.text for code in zxingcpp.read_barcodes(picture)]


async def test_without_an_address_no_sale_has_a_link(start: Starting) -> None:
    """Off until the policy says where: nothing is drawn, nothing printed."""
    counter = await start()
    await counter.key("OS", MILK, "CA")

    assert tokens(counter) == [""]
    assert codes(counter) == ["S1-01-20260417-0001-a"]


@pytest.mark.parametrize("qr", QrDrawn)
@pytest.mark.parametrize("columns", [32, 42, 48])
async def test_a_telephone_reads_the_link_from_the_paper(
    start: Starting, qr: QrDrawn, columns: int
) -> None:
    """The printer's own code, or a picture for a printer that has none; offline, before any upload."""
    counter = await linked(start)
    await counter.key(MILK, "CA")
    [token] = tokens(counter)

    assert is_token(token)
    assert codes(counter, qr=qr, columns=columns) == [
        f"https://receipts.example.kr/r/{token}",
        "S1-01-20260417-0001-a",
    ]


async def test_each_sale_has_its_own_and_nothing_of_the_sale_is_in_it(start: Starting) -> None:
    counter = await linked(start)
    await counter.key(MILK, "CA", MILK, "CA", MILK, "CA")

    assert len({*tokens(counter)}) == 3
    for token in tokens(counter):
        assert "20260417" not in token and len(token) == 22


async def test_copies_and_a_restart_keep_the_link(start: Starting) -> None:
    """It is the record's: a reprint days later, after any end, names the same page."""
    counter = await linked(start)
    await counter.key(MILK, "CA")
    await counter.settle()
    [token] = tokens(counter)
    counter.store.papers.move(paper_of(counter).number, PaperState.SENDING)

    again = await start()
    await again.key("RP")
    await again.settle()

    assert paper_of(again).copy == 2
    text = Press(again.till.register, columns=42).text(paper_of(again))
    assert token in re.sub(r"\s", "", text)
    await again.key(MILK, "CA")
    assert tokens(again)[0] == token and tokens(again)[1] not in ("", token)


async def test_a_training_sale_has_none(start: Starting) -> None:
    """No broker ever hears of it."""
    counter = await linked(start, training=True)
    await counter.key(MILK, "CA")

    assert tokens(counter) == [""]


async def test_gift_receipts_name_no_link(start: Starting) -> None:
    """The page has prices."""
    counter = await linked(start)
    await counter.key(MILK, "CA", "GR")
    await counter.settle()
    paper = counter.store.papers.newest("gift")
    assert paper is not None

    assert "/r/" not in Press(counter.till.register, columns=42).text(paper)


@pytest.mark.parametrize(
    "address",
    ["receipts.example.kr", "ftp://x", "https://", "https://x/?a", "https://x#", "https://한빛.kr", "https://" + "x" * 81],
)  # fmt: skip
def test_an_address_that_would_print_a_dead_link_is_refused(address: str) -> None:
    with pytest.raises(DocumentError, match="receipt_link"):
        body_of("policy", {"receipt_link": address})


@pytest.mark.parametrize(
    "address", ["", "https://r.kr", "http://10.0.0.5:8601/shop", "https://r.kr/"]
)
def test_addresses_that_are_taken(address: str) -> None:
    body = body_of("policy", {"receipt_link": address})
    assert isinstance(body, Policy) and body.receipt_link == address
