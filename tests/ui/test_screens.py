"""Every screen as a grid of text, at 80 x 24 and 120 x 40, in Korean and English.

The stored grids are under golden/. A changed picture fails here; UPDATE_GOLDEN=1 stores what is drawn
now, to be read before it is kept. Rows are checked to be exactly as wide as the screen in cells.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from pos.messages import Language, notice
from pos.view import (
    DoubtView,
    HeldView,
    Lamp,
    LinkView,
    PaymentStep,
    PaymentView,
    QueueView,
    ReturnView,
    Side,
    TillView,
)
from pos.view import Stage as TillStage
from tests.ui.bench_twin import BenchTwin
from tests.ui.scripted_till import (
    NOW_NS,
    ScriptedTill,
    counter_of,
    devices,
    empty_view,
    sold_view,
)
from tests.ui.stage import Stage, check_golden, on_stage

SIZES = [(80, 24), (120, 40)]
LANGUAGES: list[Language] = ["ko", "en"]


def waiting(language: Language) -> TillView:
    """No shift, nothing in the basket."""
    return replace(empty_view(language, TillStage.CLOSED), last_sale="", last_change=0)


def selling(language: Language) -> TillView:
    """A few lines, one voided, one with a discount row, long names and large figures."""
    view = sold_view(language, 6)
    lines = list(view.lines)
    lines[1] = replace(lines[1], voided=True)
    lines[2] = replace(lines[2], number=0, name="할인 10%" if language == "ko" else "Disc 10%")
    lines[4] = replace(lines[4], quantity="0.512", price="1,234,567", amount="123,456,789")
    return replace(view, lines=tuple(lines), discount=390, selected=4, training=True)


def full(language: Language) -> TillView:
    """Three hundred lines, the last one selected."""
    return sold_view(language, 300)


def subtotal(language: Language) -> TillView:
    """What is due and the quick amounts; part of it is paid."""
    view = sold_view(language)
    quick = (6_330, 7_000, 10_000, 50_000)
    return replace(view, stage=TillStage.SUBTOTAL, quick_cash=quick, tendered=5_000, due=6_330)


def out_of_paper(language: Language) -> TillView:
    """A message of level A, a lamp that warns, a receipt that waits, the broker away."""
    printer, *others = devices(language)
    sentence = notice("PRN-01", language, count=3).short
    return replace(
        sold_view(language),
        devices=(replace(printer, lamp=Lamp.WARN, sentence=sentence), *others),
        notice=notice("PRN-01", language, count=3),
        paper_waiting=3,
        queue=QueueView("offline", waiting=12),
    )


def refused(language: Language) -> TillView:
    """A message of level B with the longest text."""
    return replace(sold_view(language), notice=notice("SHF-03", language))


def stopped(language: Language) -> TillView:
    """The journal cannot be written: the takeover."""
    reason = "디스크 가득 참" if language == "ko" else "disk full"
    message = notice("JNL-01", language, reason=reason)
    return replace(sold_view(language), stage=TillStage.STOPPED, notice=message)


def queued(language: Language) -> TillView:
    """The queue page with every state."""
    rows = (
        ("보냄" if language == "ko" else "sent", "#0126", ""),
        ("대기" if language == "ko" else "waiting", "#0127", ""),
        (
            "확인필요" if language == "ko" else "questioned",
            "#0101",
            notice("NET-04", language, count=1).short,
        ),
    )
    queue = QueueView("sending", waiting=12, sent=345, in_doubt=1, questioned=1, rows=rows)
    return replace(sold_view(language), page="queue", queue=queue)


ADDRESS = "https://receipts.example.kr/r/Zk3xU8o1mB2yq0vN5tWc7A"


def linked(language: Language) -> TillView:
    """A sale without paper: its e-receipt's code where the basket was, the change beside it in the hint."""
    done = notice(
        "sale_done",
        language,
        sale="0417-0127",
        method="현금" if language == "ko" else "CASH",
        amount=15_390,
        change=2_600,
    )
    shown = LinkView(sale="0417-0127", address=ADDRESS)
    view = empty_view(language, TillStage.ENTRY)
    return replace(view, page="link", link=shown, linked=True, notice=done)


def paperless(language: Language) -> TillView:
    """The subtotal of a shop with e-receipts: the reprint key says what comes out."""
    return replace(subtotal(language), linked=True)


def quarantined(language: Language) -> TillView:
    """The queue page of a till whose journal the broker does not take."""
    reason = (
        "기록은 여기 있습니다. 계속 판매하세요. 관리자: ips-broker terminal add 뒤 ips-pos enrol"
        if language == "ko"
        else "Records are kept here. Keep selling. Manager: ips-broker terminal add, then ips-pos enrol"
    )
    queue = QueueView("refused", waiting=12, rows=(("refused", "quarantined", reason),))
    return replace(sold_view(language), page="queue", queue=queue)


def on_page(page: str) -> Callable[[Language], TillView]:
    """Return a view with this page in the right pane."""

    def view(language: Language) -> TillView:
        return replace(sold_view(language), page=page)  # type: ignore[arg-type]

    return view


def troubled(language: Language) -> TillView:
    """Every kind of device there is, and half of them want something: all of them are named."""
    printer, *others = devices(language)
    sentence = notice("PRN-01", language, count=2).banner
    many = [replace(printer, lamp=Lamp.DOWN, sentence=sentence), *others]
    many += [replace(each, lamp=Lamp.DOWN, sentence=sentence) for each in others]
    return replace(empty_view(language), page="devices", devices=(*many, printer, *others[:1]))


def counted(language: Language) -> TillView:
    """The count beside what was expected, five hundred short."""
    return replace(empty_view(language), stage=TillStage.COUNTED, counted=50_000, expected=50_500)


def paying(*passed: PaymentStep, step: PaymentStep, code: str) -> Callable[[Language], TillView]:
    """Return a view of e-cash that has come so far; the sale stays in sight."""

    def view(language: Language) -> TillView:
        sold = sold_view(language)
        payment = PaymentView(
            method="전자화폐" if language == "ko" else "E-CASH",
            key="S1-01-20260417-0128-a",
            amount=sold.total,
            step=step,
            since_ns=NOW_NS - 4_200_000_000,
            passed=passed,
            balance=None if step is PaymentStep.CARD else 42_000,
            stoppable=step in (PaymentStep.CARD, PaymentStep.PIN),
        )
        blanks = {} if code == "value_moving" else {"amount": sold.total}
        said = notice(code, language, **blanks)
        return replace(sold, stage=TillStage.TENDER, payment=payment, notice=said)

    return view


def short(language: Language) -> TillView:
    """A purse that holds less than is due: the e-cash key takes what it has."""
    said = notice("PUR-01", language, balance=8_200, short=3_130)
    return replace(sold_view(language), split=8_200, notice=said)


def recalling(language: Language) -> TillView:
    """What is held here and at another till."""
    held = (
        HeldView(1, "13:58", "", "이*자 손님" if language == "ko" else "Mrs. Lee", "8,400"),
        HeldView(2, "14:02", "02", "서울우유 1L" if language == "ko" else "Milk", "31,200"),
        HeldView(3, "04-16", "", "종량제봉투 10L 재사용 가능 묶음", "999,999,999"),
    )
    return replace(
        empty_view(language, TillStage.RECALL),
        held=held,
        quick=("종량제봉투 5L", "쇼핑백 종이", "맑은샘 생수 500ml"),
    )


def returning(language: Language) -> TillView:
    """Two lines of an earlier sale, of one of which some comes back."""
    milk, noodles = (
        ("서울우유 1L", "신라면 5입 묶음 포장") if language == "ko" else ("Milk 1L", "Noodles 5p")
    )
    return replace(
        empty_view(language, TillStage.RETURN),
        returning=(
            ReturnView(1, milk, "3", "2", "5,960"),
            ReturnView(2, noodles, "0.512", "", "123,456,789"),
        ),
        returning_of="S01-01-20260417-0126",
        returned=5_960,
        due=-5_960,
        returned_at=1,
    )


def exchanging(language: Language) -> TillView:
    """Goods for less than what came back: the rest goes to the customer."""
    sold = sold_view(language, 2)
    return replace(sold, returned=9_000, due=sold.total - 9_000)


def doubted(code: str, **known: object) -> Callable[[Language], TillView]:
    """Return a view of e-cash that nobody knows the end of."""

    def view(language: Language) -> TillView:
        sold = sold_view(language)
        doubt = DoubtView(
            said=notice(code, language),
            method="전자화폐" if language == "ko" else "E-CASH",
            key="S1-01-20260417-0128-a",
            amount=sold.total,
            sale=sold.sale,
            wants_card=code != "PUR-08",
            until_ns=NOW_NS + 281_000_000_000,
            **known,  # type: ignore[arg-type]
        )
        queue = QueueView("online", sent=127, in_doubt=1)
        said = notice(code, language)
        return replace(sold, stage=TillStage.DOUBT, doubt=doubt, notice=said, queue=queue)

    return view


def refused_in_doubt(language: Language) -> TillView:
    """What was tried beside it stands on the banner row; the till no longer asks by itself."""
    view = doubted("PUR-08", shop=Side.UNKNOWN, checks=100)(language)
    assert view.doubt is not None
    over = replace(view.doubt, until_ns=NOW_NS)
    return replace(view, doubt=over, notice=notice("PUR-25", language))


VIEWS: dict[str, Callable[[Language], TillView]] = {
    "waiting": waiting,
    "selling": selling,
    "full": full,
    "subtotal": subtotal,
    "recall": recalling,
    "return": returning,
    "exchange": exchanging,
    "out-of-paper": out_of_paper,
    "refused": refused,
    "stopped": stopped,
    "queue": queued,
    "linked": linked,
    "paperless": paperless,
    "quarantined": quarantined,
    "menu": on_page("menu"),
    "devices": on_page("devices"),
    "devices-troubled": troubled,
    "help": on_page("help"),
    "counted": counted,
    "card-wanted": paying(step=PaymentStep.CARD, code="card_wanted"),
    "pin-wanted": paying(PaymentStep.CARD, step=PaymentStep.PIN, code="pin_wanted"),
    "moving": paying(PaymentStep.CARD, step=PaymentStep.MOVING, code="value_moving"),
    "received": paying(
        PaymentStep.CARD,
        PaymentStep.PIN,
        PaymentStep.MOVING,
        step=PaymentStep.RECEIVED,
        code="value_moving",
    ),
    "short": short,
    "card-left": doubted("PUR-07", card=Side.MOVED, balance=26_610, shop=Side.NOT_MOVED, checks=3),
    "restarted": doubted("PUR-29", asking=True),
    "card-silent": doubted("PUR-07", balance=42_000, shop=Side.NOT_MOVED, checks=12),
    "other-card": doubted("PUR-27", card=Side.NOT_MOVED, balance=42_000, shop=Side.NOT_MOVED),
    "doubt-first": refused_in_doubt,
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("columns", "rows"), SIZES)
@pytest.mark.parametrize("name", VIEWS)
async def test_view_looks_as_stored(name: str, columns: int, rows: int, language: Language) -> None:
    """Nothing moves between states, nothing runs over, in either language."""
    async with on_stage(counter_of(ScriptedTill(VIEWS[name](language))), columns, rows) as stage:
        check_golden(f"{name}-{columns}x{rows}-{language}", stage)


async def _count(stage: Stage) -> None:
    await stage.press("f1")
    await stage.press("5")
    await stage.until(lambda: stage.screen.desk.form is not None)
    await stage.press("7", "enter", "3", "enter", "1", "2")


async def _card_service(stage: Stage) -> None:
    await stage.press("f1", ".")
    await stage.until(lambda: stage.screen.desk.form is not None)


async def _refund(stage: Stage) -> None:
    await _card_service(stage)
    await stage.press("4")
    await stage.until(lambda: _field(stage) == "field.receipt")
    await stage.scan("S1-01-20260417-0128")
    await stage.until(lambda: _field(stage) == "field.some")
    await stage.press("1", ".", "enter")
    await stage.until(lambda: _field(stage) == "field.reason")


def _field(stage: Stage) -> str:
    form = stage.screen.desk.form
    return "" if form is None else form.field.name


async def _find(stage: Stage) -> None:
    await stage.press("f6", "ㅅ", "ㅇ", "enter")


async def _drawer(stage: Stage) -> None:
    await stage.press("f10")


async def _price(stage: Stage) -> None:
    await stage.scan("8801115114154")
    await stage.press("2", "5", "0", "0", "f4")


async def _training(stage: Stage) -> None:
    await stage.press("ctrl+t")
    await stage.until(
        lambda: stage.screen.desk.training is not None and bool(stage.screen.desk.training.devices)
    )
    await stage.settled()


async def _training_printer(stage: Stage) -> None:
    await _training(stage)
    await stage.press("2")


SCENES: dict[str, Callable[[Stage], Awaitable[None]]] = {
    "count": _count,
    "card-service": _card_service,
    "card-refund": _refund,
    "found": _find,
    "drawer": _drawer,
    "price": _price,
    "training": _training,
    "training-printer": _training_printer,
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("columns", "rows"), SIZES)
@pytest.mark.parametrize("name", SCENES)
async def test_scene_looks_as_stored(
    name: str, columns: int, rows: int, language: Language
) -> None:
    """Pages that keys open: forms, the list of found items, the training panel."""
    till = ScriptedTill(empty_view(language))
    async with on_stage(counter_of(till, BenchTwin()), columns, rows) as stage:
        await SCENES[name](stage)
        await stage.settled()
        check_golden(f"{name}-{columns}x{rows}-{language}", stage)


@pytest.mark.parametrize(("columns", "rows"), [(10, 5), (79, 24), (80, 23), (1, 1)])
async def test_too_small_a_terminal_says_so(columns: int, rows: int) -> None:
    """A till that cannot be drawn says what it needs and takes the sale along to the next size."""
    till = ScriptedTill(sold_view("en"))
    async with on_stage(counter_of(till), columns, rows) as stage:
        assert "TOTAL" not in stage.text()
        assert stage.text().startswith("S")
        if columns >= 10:
            assert f"{columns}x{rows}\n>= 80x24\n" in stage.text()


async def test_resize_to_a_scrap_and_back_draws_the_same_picture() -> None:
    """10 x 5 and back: nothing is lost, nothing is left over."""
    till = ScriptedTill(sold_view("ko", 40))
    async with on_stage(counter_of(till)) as stage:
        before = stage.text()
        await stage.resize(10, 5)
        await stage.shows("10x5")
        await stage.resize(80, 24)
        await stage.until(lambda: stage.text() == before)
        await stage.resize(120, 40)
        await stage.shows("장치", "위 23줄")
