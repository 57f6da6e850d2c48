"""The table of errors, row by row (clerk-and-courier.md 5.5): the real till in exactly that situation.

Each row that exists is brought about with twins, and the screen is held to say what happened, where the
money is and what to do, in Korean and English, at 80 x 24 and 120 x 40; then every key that the message
names is pressed, each in a situation of its own, and has to do what it says. A row that is to come names
the step that brings it.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from devices.drivers import printer_health
from pos.messages import BANNER_CELLS, Language, cells, messages, notice
from pos.till import Till
from pos.view import Notice, QueueView
from pos.view import Stage as TillStage
from protocols.batch import Question
from protocols.facts import (
    AttemptParked,
    Fact,
    SaleClosed,
    SaleVoided,
    ShiftClosed,
    decode_fact,
)
from protocols.journal import decode_record
from tests.support.bad_cards import PIN_ALWAYS, changed, customer, slots
from tests.support.bad_cards import Life as CardLife
from tests.support.purse_slots import MemorySlots
from tests.support.small_broker import Wire
from tests.ui.real_counter import at_the_counter
from tests.ui.stage import Stage, check_golden
from tests.ui.wired_counter import Wired, wired_counter

LANGUAGES: list[Language] = ["ko", "en"]
SIZES = [(80, 24), (120, 40)]
LOST = 10
"""CREDIT: the value has left the card."""
MILK, UNKNOWN_CODE = "8801115114154", "8801234567893"
SUPERVISOR = ("3", "enter", "8", "5", "2", "0", "enter")
MONEY = {
    "": {"ko": "", "en": ""},
    "not_moved": {"ko": "안 움직임", "en": "not moved"},
    "moved": {"ko": "이동 완료", "en": "moved"},
    "unknown": {"ko": "미확정", "en": "UNKNOWN"},
    "stored": {"ko": "저장됨", "en": "stored"},
    "before_or_unknown": {
        "ko": "이체 전이면 안 움직임, 뒤면 미확정",
        "en": "not moved before a transfer, else UNKNOWN",
    },
}
NAMED = re.compile(r"F\d{1,2}(?: \d)?|Enter|Esc|Ctrl\+C")
"""A key, as a message names it."""


@dataclass
class Here:
    """A counter in some situation."""

    stage: Stage
    till: Till
    facts: Callable[[], list[Fact]]
    displayed: Callable[[], str]
    cards: MemorySlots = field(default_factory=lambda: slots(None))
    beside: Wired | None = None

    @property
    def shop(self) -> Wired:
        assert self.beside is not None, "this counter was not wired"
        return self.beside

    def of(self, kind: type[Fact]) -> list[Fact]:
        return [fact for fact in self.facts() if isinstance(fact, kind)]

    async def happens(self, kind: type[Fact]) -> None:
        await self.stage.until(lambda: bool(self.of(kind)))

    async def says(self, code: str) -> None:
        def said() -> bool:
            view = self.till.view
            doubt = view.doubt is not None and view.doubt.said.code == code
            return doubt or (view.notice is not None and view.notice.code == code)

        await self.stage.until(said)
        await self.stage.still()


Situation = Callable[[Path, Language], AbstractAsyncContextManager[Here]]
Pressed = Callable[[Here], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the table."""

    level: str
    money: str
    bring: Situation
    keys: dict[str, Pressed]
    golden: bool = True
    """False: its pictures are kept by another test of this situation."""


@asynccontextmanager
async def with_cards(
    folder: Path, language: Language, cards: MemorySlots, code: str, *, torn: bool = False
) -> AsyncIterator[Here]:
    """F9 with these cards; `torn`: the customer tears it out in the middle."""
    async with at_the_counter(folder, language, cards=cards) as (stage, counter):
        here = Here(stage, counter.till, counter.facts, lambda: "".join(counter.bench.told), cards)  # type: ignore[arg-type]
        cards.losses |= {LOST: False} if torn else {}
        stage.post("f9")
        if torn:
            await stage.until(lambda: cards.exchanges >= LOST)
            cards.card = None
        await here.says(code)
        yield here


@asynccontextmanager
async def at_the_shop(
    folder: Path, language: Language, *, joined: bool = False, card_slots: bool = False
) -> AsyncIterator[Here]:
    """Let the counter be wired to its twins."""
    async with wired_counter(folder, language, joined=joined, card_slots=card_slots) as shop:

        def facts() -> list[Fact]:
            records = map(decode_record, shop.store.records(0))
            return [decode_fact(record.kind, record.body) for record in records]

        def displayed() -> str:
            return str(shop.equipment.state("line_display"))

        yield Here(shop.stage, shop.wired.till, facts, displayed, beside=shop)


async def quiet(here: Here) -> None:
    """Wait until nothing is printed and nothing sent any more: the pictures are comparable."""

    def rests() -> bool:
        view = here.till.view
        sent = view.queue.link == "alone" or (
            view.queue.link == "online" and not view.queue.waiting
        )
        return sent and not view.paper_waiting

    await here.stage.until(rests)
    await here.stage.still()


# --- What brings each row about --------------------------------------------------------------------
@asynccontextmanager
async def reader_silent(folder: Path, language: Language) -> AsyncIterator[Here]:
    """A reader is configured and not there."""
    async with at_the_shop(folder, language, card_slots=True) as here:
        await here.shop.wired.look_at_cards()
        await here.says("RDR-01")
        yield here


def no_card(folder: Path, language: Language) -> AbstractAsyncContextManager[Here]:
    return with_cards(folder, language, slots(None), "RDR-02")


def unreadable(folder: Path, language: Language) -> AbstractAsyncContextManager[Here]:
    cards = slots(customer())
    cards.losses = {1: False, 2: False, 3: False}
    return with_cards(folder, language, cards, "RDR-03")


def short(folder: Path, language: Language) -> AbstractAsyncContextManager[Here]:
    return with_cards(folder, language, slots(customer(balance=100)), "PUR-01")


@asynccontextmanager
async def wrong_pin(folder: Path, language: Language) -> AsyncIterator[Here]:
    """The first PIN is wrong; the customer thinks, and knows it."""
    cards = slots(customer(parameters=PIN_ALWAYS), keys=["9753", "1234"])
    known, entries = asyncio.Event(), 0

    async def think() -> None:
        nonlocal entries
        entries += 1
        if entries > 1:
            await known.wait()

    cards.thinking = think
    async with with_cards(folder, language, cards, "PUR-02") as here:
        yield here
        known.set()
        await here.happens(SaleClosed)


def locked(folder: Path, language: Language) -> AbstractAsyncContextManager[Here]:
    return with_cards(folder, language, slots(changed(customer(), life=CardLife.LOCKED)), "PUR-03")


def pulled_out(folder: Path, language: Language) -> AbstractAsyncContextManager[Here]:
    return with_cards(folder, language, slots(customer()), "PUR-07", torn=True)


@asynccontextmanager
async def result_unknown(folder: Path, language: Language) -> AsyncIterator[Here]:
    """The shop's own purse falls silent in the middle: its card has slipped out."""
    cards = slots(customer())
    own, card = cards.own, cards.card
    cards.passed = lambda: setattr(cards, "own", None) if cards.exchanges >= LOST - 2 else None
    cards.losses = {LOST: True}
    async with with_cards(folder, language, cards, "PUR-08") as here:
        cards.passed = lambda: None
        cards.own, cards.card = own, card
        yield here


@asynccontextmanager
async def paper_out(folder: Path, language: Language) -> AsyncIterator[Here]:
    """A receipt waits behind an open cover; closed, there is no paper either."""
    async with at_the_shop(folder, language) as here:
        do = here.shop.equipment.do
        await do("printer", "open_cover")
        await here.says("PRN-02")
        await here.shop.key("CA")
        await here.stage.until(lambda: here.till.view.paper_waiting == 1)
        await do("printer", "paper_out")
        await do("printer", "close_cover")
        await here.says("PRN-01")
        yield here


@asynccontextmanager
async def cover_open(folder: Path, language: Language) -> AsyncIterator[Here]:
    async with at_the_shop(folder, language) as here:
        await here.shop.equipment.do("printer", "open_cover")
        await here.says("PRN-02")
        yield here


@asynccontextmanager
async def printer_gone(folder: Path, language: Language) -> AsyncIterator[Here]:
    async with at_the_shop(folder, language) as here:
        await here.shop.equipment.do("printer", "pull_cable")
        await here.says("PRN-03")
        yield here


@asynccontextmanager
async def broker_gone(folder: Path, language: Language) -> AsyncIterator[Here]:
    """It was there; something is sold, and nothing gets through."""
    async with at_the_shop(folder, language, joined=True) as here:
        await here.stage.until(lambda: here.till.view.queue.link == "online")
        here.shop.line.state = Wire.NO_ROUTE
        await here.shop.key("NS:잔돈")
        await here.says("NET-01")
        yield here


@asynccontextmanager
async def broker_back(folder: Path, language: Language) -> AsyncIterator[Here]:
    async with broker_gone(folder, language) as here:
        here.shop.line.state = Wire.GOOD
        here.shop.wired.till.appended()
        await here.says("NET-03")
        await quiet(here)
        yield here


@asynccontextmanager
async def questioned(folder: Path, language: Language) -> AsyncIterator[Here]:
    async with at_the_shop(folder, language, joined=True) as here:
        await here.stage.until(lambda: here.till.view.queue.link == "online")
        asked = Question(
            sequence=1, code="odd", sentence_ko="왜 열었습니까", sentence_en="why was it opened"
        )
        here.shop.broker.questions = {n: [asked] for n in range(1, 20)}
        await here.shop.key("CA")
        await here.says("NET-04")
        await quiet(here)
        yield here


@asynccontextmanager
async def drawer_open(folder: Path, language: Language) -> AsyncIterator[Here]:
    """Nobody pushed it shut after the last sale; half a minute is a moment here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(printer_health, "DRAWER_OPEN_MAX_NS", 200_000_000)
        async with at_the_shop(folder, language) as here:
            await here.shop.key("CA")
            await here.says("DRW-01")
            await quiet(here)
            yield here


@asynccontextmanager
async def unknown_code(folder: Path, language: Language) -> AsyncIterator[Here]:
    async with at_the_shop(folder, language) as here:
        await here.shop.equipment.do("scanner", "scan", code=UNKNOWN_CODE)
        await here.says("SCN-01")
        yield here


@asynccontextmanager
async def disk_gone(folder: Path, language: Language) -> AsyncIterator[Here]:
    async with at_the_shop(folder, language) as here:
        here.shop.break_disk(broken=True)
        await here.stage.scan(MILK)
        await here.says("JNL-01")
        yield here


# --- What the keys do ------------------------------------------------------------------------------
async def cash(here: Here) -> None:
    await here.stage.press("f12")
    await here.happens(SaleClosed)


async def back_to_the_sale(here: Here) -> None:
    await here.stage.press("escape")
    assert here.till.view.notice is None and len(here.till.view.lines) == 1
    assert here.till.view.stage is TillStage.ENTRY


async def e_cash_again(here: Here) -> None:
    here.cards.losses, here.cards.card = {}, customer()
    await here.stage.press("f9")
    await here.happens(SaleClosed)


async def what_it_has(here: Here) -> None:
    """F9 takes what the card has, F12 the rest."""
    await here.stage.press("f9")
    await here.stage.until(lambda: here.till.view.due == 2_880)
    await cash(here)


async def resume(here: Here) -> None:
    if here.cards.card is None:
        channel = here.cards.channels[-1] if here.cards.channels else None
        assert channel is not None
        here.cards.card = next(
            each.purse for each in reversed(here.cards.channels) if each.purse is not here.cards.own
        )
    await here.stage.press("enter")
    await here.happens(SaleClosed)


async def approved(here: Here, key: str) -> None:
    """Press what a supervisor has to allow; he does."""
    await here.stage.press(key)
    await here.stage.until(lambda: here.till.view.asking is not None)
    await here.stage.press(*SUPERVISOR)


async def pay_otherwise(here: Here) -> None:
    await approved(here, "f8")
    await here.happens(AttemptParked)
    await here.stage.settled()
    await cash(here)


async def give_up(here: Here) -> None:
    await approved(here, "f7")
    await here.happens(SaleVoided)
    assert here.till.view.doubt is None and not here.till.view.lines


async def situation_slip(here: Here) -> None:
    await here.stage.press("f11")
    await here.stage.until(lambda: "print" in here.displayed())
    assert here.till.view.doubt is not None


def page(digit: str, *texts: str) -> Pressed:
    """Return a look at a page of the menu."""

    async def pressed(here: Here) -> None:
        await here.stage.press("f1")
        await here.stage.press(digit)
        await here.stage.shows(*texts)

    return pressed


devices = page("9", "장치")
queue = page("8", "대기함")


async def reprinted(here: Here) -> None:
    """A copy waits behind the receipt; both come out when there is paper."""
    await here.stage.press("f11")
    await here.stage.until(lambda: here.till.view.paper_waiting == 2)
    await here.shop.equipment.do("printer", "load_paper")
    await here.stage.until(lambda: here.till.view.paper_waiting == 0)
    assert here.shop.equipment.paper().count("재발행") == 1


async def signed_off(here: Here) -> None:
    """The queue page shows it; the Z asks for a supervisor, and with it the question is settled."""
    await queue(here)
    await here.stage.shows("왜 열었습니까")
    await here.stage.press("escape")
    await here.shop.key("50000x1,1000x2,500x1,100x4,50x1,10x3CN")
    await here.stage.press(
        "1", "enter"
    ) if here.till.view.counted != here.till.view.expected else None
    await here.stage.press("enter")
    await here.stage.until(lambda: here.till.view.asking is not None)
    assert here.of(ShiftClosed) == []
    await here.stage.press(*SUPERVISOR)
    await here.happens(ShiftClosed)
    [z] = here.of(ShiftClosed)
    assert isinstance(z, ShiftClosed) and z.questioned == 1
    assert here.shop.store.queue().questioned == 0


async def found(here: Here) -> None:
    await here.stage.press("f6", "ㅅ", "ㅇ", "enter")
    await here.stage.shows("서울우유")
    await here.stage.press("1")
    await here.stage.until(lambda: here.till.view.pieces == 2)


async def mended(here: Here) -> None:
    """Enter on a disk that is still broken changes nothing; on a mended one it goes on."""
    await here.stage.press("enter")
    await here.says("JNL-01")
    here.shop.break_disk(broken=False)
    await here.stage.press("enter")
    await here.stage.until(lambda: here.till.view.stage is TillStage.ENTRY)
    assert here.till.view.pieces == 1
    await cash(here)


async def left(here: Here) -> None:
    await here.stage.press("ctrl+c")
    await here.stage.until(lambda: not here.stage.app.is_running or here.stage.app._exit)
    here.shop.break_disk(broken=False)


DOUBT: dict[str, Pressed] = {
    "Enter": resume,
    "F8": pay_otherwise,
    "F7": give_up,
    "F11": situation_slip,
}
TO_COME = {"CRD-05": "step 5: cards", "NET-02": "step 5: cards, offline limits"}
ROWS: dict[str, Row] = {
    "RDR-01": Row(
        level="A", money="not_moved", bring=reader_silent, keys={"F12": cash, "F1 9": devices}
    ),
    "RDR-02": Row(
        level="B",
        money="not_moved",
        bring=no_card,
        keys={"F9": e_cash_again, "F12": cash, "Esc": back_to_the_sale},
        golden=False,
    ),
    "RDR-03": Row(
        level="B",
        money="not_moved",
        bring=unreadable,
        keys={"F9": e_cash_again, "F12": cash, "Esc": back_to_the_sale},
    ),
    "PUR-01": Row(
        level="B",
        money="not_moved",
        bring=short,
        keys={"F9": what_it_has, "F12": cash, "Esc": back_to_the_sale},
        golden=False,
    ),
    "PUR-02": Row(level="B", money="not_moved", bring=wrong_pin, keys={}),
    "PUR-03": Row(
        level="B",
        money="not_moved",
        bring=locked,
        keys={"F12": cash, "Esc": back_to_the_sale},
        golden=False,
    ),
    "PUR-07": Row(level="C", money="unknown", bring=pulled_out, keys=DOUBT, golden=False),
    "PUR-08": Row(level="C", money="unknown", bring=result_unknown, keys=DOUBT),
    "PRN-01": Row(level="A", money="moved", bring=paper_out, keys={"F11": reprinted}),
    "PRN-02": Row(level="A", money="", bring=cover_open, keys={}),
    "PRN-03": Row(level="A", money="stored", bring=printer_gone, keys={"F1 9": devices}),
    "NET-01": Row(level="A", money="stored", bring=broker_gone, keys={"F1 8": queue}),
    "NET-03": Row(level="A", money="stored", bring=broker_back, keys={}),
    "NET-04": Row(level="B", money="stored", bring=questioned, keys={"F1 8": signed_off}),
    "DRW-01": Row(level="A", money="", bring=drawer_open, keys={}),
    "SCN-01": Row(level="A", money="", bring=unknown_code, keys={"F6": found}),
    "JNL-01": Row(
        level="C",
        money="before_or_unknown",
        bring=disk_gone,
        keys={"Enter": mended, "Ctrl+C": left},
    ),
}
TABLE = [
    *("RDR-01", "RDR-02", "RDR-03", "PUR-01", "PUR-02", "PUR-03", "PUR-07", "PUR-08", "CRD-05"),
    *("PRN-01", "PRN-02", "PRN-03", "NET-01", "NET-02", "NET-03", "NET-04", "DRW-01", "SCN-01"),
    "JNL-01",
]
"""The rows of clerk-and-courier.md 5.5, in its order."""


def test_every_row_of_the_table_is_walked_or_says_when() -> None:
    assert sorted([*ROWS, *TO_COME]) == sorted(TABLE)
    assert all(code in messages() for code in TABLE)


@pytest.mark.parametrize("code", ROWS)
def test_every_key_that_a_message_names_is_pressed(code: str) -> None:
    for wording in messages()[code].wordings.values():
        assert set(NAMED.findall(wording.keys)) <= ROWS[code].keys.keys()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", ROWS)
async def test_screen_says_what_happened_where_the_money_is_and_what_to_do(
    tmp_path: Path, code: str, language: Language
) -> None:
    row = ROWS[code]
    async with row.bring(tmp_path, language) as here:
        view = here.till.view
        said = view.notice if view.doubt is None else view.doubt.said
        assert said is not None
        assert (said.level, said.money) == (row.level, MONEY[row.money][language])
        assert "offline" not in said.display.lower() and "오프라인" not in said.display
        if said.display:
            assert said.display in here.displayed()
        for columns, rows in SIZES:
            await here.stage.resize(columns, rows)
            _shown(here.stage.text(), said)
            if row.golden:
                check_golden(f"error-{code}-{columns}x{rows}-{language}", here.stage)


def _shown(text: str, said: Notice) -> None:
    """Hold the screen to a message: whole, and nothing of it cut off."""
    assert cells(said.banner) <= BANNER_CELLS and said.banner in text
    assert said.money in text
    if said.level == "C":
        assert said.code in text
        assert all(key in text for key in NAMED.findall(said.keys))
    else:
        assert said.keys in text


PRESSED = [(code, key) for code, row in ROWS.items() for key in row.keys]


@pytest.mark.parametrize(("code", "key"), PRESSED, ids=[f"{code}-{key}" for code, key in PRESSED])
async def test_key_does_what_the_message_says(tmp_path: Path, code: str, key: str) -> None:
    row = ROWS[code]
    async with row.bring(tmp_path, "ko") as here:
        await row.keys[key](here)


async def test_payment_in_the_middle_of_which_the_disk_breaks_is_found_out_at_the_purses(
    tmp_path: Path,
) -> None:
    """JNL-01 after a transfer: the intent stands, so Enter on a mended disk asks both purses."""
    cards = slots(customer())
    async with at_the_counter(tmp_path, cards=cards) as (stage, counter):
        break_ = counter.store.database.execute
        cards.passed = lambda: break_("PRAGMA query_only = 1") if cards.exchanges == LOST else None
        await stage.press("f9")
        await stage.shows("JNL-01", "뒤면 미확정")
        break_("PRAGMA query_only = 0")
        cards.passed = lambda: None
        await stage.press("enter")
        await stage.shows("PUR-29", "미확정")
        await stage.press("enter")
        await stage.until(lambda: any(isinstance(fact, SaleClosed) for fact in counter.facts()))


async def test_broker_that_is_back_is_never_called_unreachable(tmp_path: Path) -> None:
    """NET-01 goes with its cause, also where there is nothing to send."""
    async with at_the_shop(tmp_path, "ko") as here:
        uplink = here.shop.wired.uplink
        uplink._notice(notice("NET-01", "ko", count=0))
        await here.stage.shows("NET-01")
        uplink._queue(QueueView("offline"))
        await here.stage.shows("NET-01", "[오프라인]")
        uplink._queue(QueueView("online"))
        await here.stage.shows("[온라인]")
        assert here.till.view.notice is None
