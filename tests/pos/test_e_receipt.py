"""E-receipts at the till: a link minted with the sale, on every paper of it, the same for ever (4e)."""

import io
import re

import pytest
import zxingcpp
from PIL import Image

from pos import commands
from pos.entry import parse_entry
from pos.headless import Run, Sell, answer
from pos.press import Press
from pos.store.papers import Paper, PaperState
from protocols.documents import DocumentError, Policy, body_of
from protocols.facts import ReceiptCopied, SaleClosed
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


@pytest.mark.parametrize(
    ("entry", "command"),
    [
        ("NP", commands.ChoosePaper(wanted=False)),
        ("wp", commands.ChoosePaper(wanted=True)),
        ("QR", commands.ShowLink()),
        ("128qr", commands.ShowLink(128)),
    ],
)
def test_entry(entry: str, command: commands.Command) -> None:
    assert parse_entry(entry) == command


async def test_no_paper_shows_the_link_and_keeps_the_receipt(start: Starting) -> None:
    """NP before the sale is paid: nothing is printed, the link stands until the next scan, F11 prints."""
    counter = await linked(start)
    await counter.key(MILK, "NP", "CA")
    await counter.settle()
    [token] = tokens(counter)

    view = counter.till.view
    assert counter.bench.printed == []
    assert view.page == "link" and view.link is not None and view.paper_waiting == 0
    assert view.link.address == f"https://receipts.example.kr/r/{token}"
    assert view.notice is not None and "완료" in view.notice.banner
    assert paper_of(counter).state is PaperState.KEPT

    await counter.key("RP")
    await counter.settle()
    assert counter.bench.printed == [b"sale 1 copy 1"]
    await counter.key(MILK)
    assert counter.till.view.page == "sale"


async def test_a_link_that_stands_for_paper_stands_again_after_a_restart(start: Starting) -> None:
    """The customer may still be reading it; a receipt on paper, and a sale begun, want none."""
    counter = await linked(start)
    await counter.key(MILK, "NP", "CA")
    await counter.settle()
    [token] = tokens(counter)

    again = await start()
    view = again.till.view
    assert view.page == "link" and view.link is not None
    assert view.link.address == f"https://receipts.example.kr/r/{token}"
    await again.key(MILK)
    assert again.till.view.page == "sale"

    begun = await start()
    assert begun.till.view.page == "sale" and len(begun.till.view.lines) == 1
    await begun.key("CA")
    await begun.settle()
    printed = await start()
    assert printed.till.view.page == "sale" and printed.till.view.link is None
    assert printed.till.register.last is not None
    assert printed.till.register.last.link == tokens(printed)[1]


async def test_the_choice_is_this_sales_alone_and_may_change(start: Starting) -> None:
    counter = await linked(start)
    await counter.key(MILK, "NP", "WP", "CA")
    await counter.settle()
    assert counter.bench.printed == [b"sale 1 copy 0"] and counter.till.view.page == "sale"

    await counter.key(MILK, "NP", "CA", MILK)
    assert counter.till.view.paper, "the next customer is asked anew"
    await counter.key("CA")
    await counter.settle()
    assert counter.bench.printed == [b"sale 1 copy 0", b"sale 3 copy 0"]


async def test_where_paper_is_asked_for_there_is_none_until_then(start: Starting) -> None:
    """`receipt_paper = "asked"`: no key more for a sale without paper."""
    counter = await linked(start, Policy(receipt_link="https://r.kr", receipt_paper="asked"))
    await counter.key(MILK, "CA")
    await counter.settle()
    assert counter.bench.printed == [] and counter.till.view.page == "link"

    await counter.key(MILK, "WP", "CA")
    await counter.settle()
    assert counter.bench.printed == [b"sale 2 copy 0"] and counter.till.view.page == "sale"


async def test_a_sudden_end_keeps_the_choice(start: Starting) -> None:
    counter = await linked(start)
    await counter.key(MILK, "NP")

    again = await start()
    assert not again.till.view.paper
    await again.key("CA")
    await again.settle()

    assert again.bench.printed == [] and again.till.view.page == "link"


async def test_a_till_without_a_printer_shows_every_link(start: Starting) -> None:
    counter = await linked(start, printer=False)
    await counter.key(MILK, "CA")

    assert counter.till.view.page == "link"
    said = await counter.key(MILK, "WP")
    assert said is not None and said.code == "PRN-08"


@pytest.mark.parametrize(
    ("entries", "code"),
    [((MILK, "NP"), "RPT-04"), (("QR",), "RPT-01"), (("7QR",), "RPT-02"), ((MILK, "CA", "QR"), "RPT-03")],
)  # fmt: skip
async def test_without_e_receipts_nothing_is_promised(
    start: Starting, entries: tuple[str, ...], code: str
) -> None:
    counter = await start()
    await counter.key("OS")

    said = await counter.key(*entries)

    assert said is not None and said.code == code
    assert counter.till.view.page == "sale"


async def test_no_paper_of_no_sale(start: Starting) -> None:
    counter = await linked(start)

    said = await counter.key("NP")

    assert said is not None and said.code == "PAY-01"


async def test_the_link_of_an_earlier_sale_is_shown_on_record(start: Starting) -> None:
    """Who showed it stands in the journal, as who prints a copy; an open basket stays as it is."""
    counter = await linked(start)
    await counter.key(MILK, "CA", MILK, "CA", MILK)

    said = await counter.key("1QR")

    assert said is not None and "0417-0001" in said.banner
    view = counter.till.view
    assert view.page == "link" and view.link is not None and view.link.sale == "0417-0001"
    assert view.link.address.endswith(tokens(counter)[0])
    assert ReceiptCopied(sale=1, copy=0, reason="link") in counter.facts()
    await counter.key("SL")
    assert counter.till.view.page == "sale" and counter.till.view.pieces == 1


async def test_without_a_screen(start: Starting) -> None:
    """`sell --no-paper` and `reprint --link` tell the address, for people and for programs."""
    counter = await linked(start)

    sold = await answer(counter.till, Sell(items=[MILK], tenders=["cash"], paper=False))
    [token] = tokens(counter)
    address = f"https://receipts.example.kr/r/{token}"
    assert sold.done and sold.sentence.splitlines()[-1] == address
    assert (sold.fields["link"], sold.fields["receipt"]) == (address, "kept")

    told = await answer(counter.till, Run(entries=["QR"]))
    assert (told.sentence, told.fields["link"], told.fields["sale"]) == (
        address,
        address,
        "0417-0001",
    )

    printed = await answer(counter.till, Sell(items=[MILK], tenders=["cash"]))
    assert printed.fields["receipt"] == "printed" and "\n" not in printed.sentence
    assert printed.fields["link"] == f"https://receipts.example.kr/r/{tokens(counter)[1]}"


async def test_no_paper_without_e_receipts_sells_nothing(start: Starting) -> None:
    """A promise that cannot be kept is refused before the money moves."""
    counter = await start()
    await counter.key("OS")

    refused = await answer(counter.till, Sell(items=[MILK], tenders=["cash"], paper=False))

    assert not refused.done and refused.code == "RPT-04"
    assert tokens(counter) == [] and counter.till.view.lines == ()
