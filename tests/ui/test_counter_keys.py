"""The counter driven by keys: what a clerk and a scanner do, and what the till is told."""

from dataclasses import replace

import pytest
from textual import events

from pos import commands
from pos.keymap import Binding
from pos.messages import notice
from pos.ui.desk import ENTRY_CHARACTERS_MAX
from pos.view import DoubtView, PaymentStep, PaymentView, ReturnView, TillView
from pos.view import Stage as TillStage
from tests.ui.bench_twin import BenchTwin
from tests.ui.scripted_till import (
    NOW_NS,
    BusyTill,
    ScriptedTill,
    StillClock,
    counter_of,
    empty_view,
    sold_view,
)
from tests.ui.stage import Stage, on_stage

MILK = "8801115114154"


async def test_wedge_scan_adds_a_line_and_leaves_the_entry_empty() -> None:
    """A keyboard-wedge scanner needs no mode and no key before it."""
    till = ScriptedTill(empty_view())
    async with on_stage(counter_of(till)) as stage:
        await stage.scan(MILK)

        assert till.commands == [commands.Scan(MILK)]
        await stage.shows("서울우유 1L", "*  2,980 *")
        assert stage.screen.desk.text == ""


@pytest.mark.parametrize(
    ("reads", "terminal", "method"),
    [
        (True, False, "card"),
        (True, True, "card"),
        (False, True, "terminal"),
        (False, False, "card"),
    ],
)
async def test_key_for_cards_takes_them_by_what_reads_cards_here(
    reads: bool, terminal: bool, method: str
) -> None:
    """A shop has readers at its till or a stand-alone terminal beside it; the clerk presses one key."""
    view = sold_view()
    beside = replace(view.devices[0], role="payment_terminal")
    devices = (*view.devices, beside) if terminal else view.devices
    tenders = {"CA": "cash", "CD": "card", "TE": "terminal"}
    till = ScriptedTill(replace(view, devices=devices, card_slots=reads, tenders=tenders))
    async with on_stage(counter_of(till)) as stage:
        await stage.press("f8")

        assert till.commands == [commands.Pay(method)]


@pytest.mark.parametrize(
    ("typed", "scanned"),
    [
        ("CR:", "154412345678901234"),
        ("", "CR:154412345678901234"),
        ("99", "CR:154412345678901234"),
    ],
)
async def test_cash_receipt_number_is_scanned_from_its_card_and_shown_to_nobody(
    typed: str, scanned: str
) -> None:
    """The customer's card has its number as a barcode; a programmable keyboard sends a whole entry."""
    till = ScriptedTill(sold_view())
    async with on_stage(counter_of(till)) as stage:
        await stage.press(*typed)
        await stage.scan(scanned)

        assert till.commands == [commands.CashReceipt("income", "154***********1234")]
        assert "154412345678901234" not in stage.text()


async def test_wrong_cash_receipt_number_is_not_sold_and_not_shown() -> None:
    """A card of another kind: a hint says so, without its number."""
    till = ScriptedTill(sold_view())
    async with on_stage(counter_of(till)) as stage:
        await stage.press(*"CR:")
        await stage.scan(MILK)

        await stage.shows("ENT-13")
        assert till.commands == []
        assert MILK not in stage.text()


async def test_number_times_scan_multiplies() -> None:
    """`3*` then a scan sells three (clerk-and-courier.md 5.3)."""
    till = ScriptedTill(empty_view())
    async with on_stage(counter_of(till)) as stage:
        await stage.press("3", "*")
        await stage.shows("입력> 3*", "다음 상품 3개")
        await stage.scan(MILK)

        assert till.commands == [commands.Scan(MILK, 3000)]
        assert stage.screen.desk.text == ""


async def test_keyboard_that_sends_count_and_code_as_fast_as_a_scanner_multiplies() -> None:
    """A programmable keyboard's `3*CODE` is read by the grammar, and half-typed digits stay alone."""
    till = ScriptedTill(sold_view("en"))
    async with on_stage(counter_of(till)) as stage:
        await stage.press("7")
        await stage.scan("3*8801115114154")
        assert till.commands == [commands.Scan("8801115114154", 3_000)]
        assert stage.screen.desk.text == "7"


async def test_scan_after_half_typed_digits_is_not_mixed_with_them() -> None:
    """A hand's digits and a scanner's never join into a third number."""
    till = ScriptedTill(empty_view())
    async with on_stage(counter_of(till)) as stage:
        await stage.press("1", "0")
        await stage.scan(MILK)

        assert till.commands == [commands.Scan(MILK)]
        assert stage.screen.desk.text == "10"


async def test_cash_key_takes_what_was_keyed() -> None:
    """`1 0 . F12` is four keys for 10,000 won."""
    till = ScriptedTill(sold_view())
    async with on_stage(counter_of(till)) as stage:
        await stage.press("1", "0", ".", "f12")

        assert till.commands == [commands.Pay("cash", 10_000)]


async def test_quick_cash_takes_two_keys() -> None:
    """`+ 2` pays with the second suggested amount."""
    till = ScriptedTill(sold_view())
    async with on_stage(counter_of(till)) as stage:
        await stage.press("+")
        await stage.shows(" 2                 16,000")
        await stage.press("2")
        await stage.until(lambda: len(till.commands) == 2)

        assert till.commands == [commands.Subtotal(), commands.QuickCash(2)]


@pytest.mark.parametrize("code", ["2000000000107", "4000000000000"])
async def test_scan_at_the_subtotal_never_takes_a_quick_amount(code: str) -> None:
    """A barcode that begins with 2 or 4 must add an item, not take a payment."""
    till = ScriptedTill(sold_view())
    async with on_stage(counter_of(till)) as stage:
        await stage.press("+")
        await stage.scan(code)

        assert till.commands == [commands.Subtotal(), commands.Scan(code)]


async def test_slow_scanner_at_the_subtotal_never_takes_a_quick_amount() -> None:
    """Over a slow link a scanner's keys come like a fast hand's: a second digit calls the choice off."""
    till = ScriptedTill(sold_view())
    async with on_stage(counter_of(till)) as stage:
        await stage.press("+")
        await stage.press(*"2000000000107", "enter")

        assert till.commands == [commands.Subtotal(), commands.Scan("2000000000107")]


async def test_empty_enter_does_nothing() -> None:
    """Scanners send stray Enters."""
    till = ScriptedTill(sold_view())
    async with on_stage(counter_of(till)) as stage:
        await stage.press("enter", "enter", "tab")

        assert till.commands == []


@pytest.mark.parametrize(
    ("keys", "command"),
    [
        (("-",), commands.VoidLine()),
        (("delete",), commands.VoidLast()),
        (("5", "f2"), commands.SetQuantity(5000)),
        (("1", "0", "f3"), commands.Discount(percent=10)),
        (("5", "0", "0", "f3"), commands.Discount(amount=500)),
        (("f5",), commands.Hold()),
        (("1", "2", "6", "f7"), commands.BeginReturn("126")),
        (("alt+3",), commands.Quick(3)),
        (("up",), commands.Select(-1)),
        (("pagedown",), commands.Select(8)),
        (("f12",), commands.Pay("cash")),
        (("f9",), commands.Pay("purse")),
        (("5", ".", "f9"), commands.Pay("purse", 5_000)),
        (("f11",), commands.Reprint()),
        (("1", "2", "6", "ctrl+r"), commands.Reprint(126)),
        (("escape",), commands.Cancel()),
        (("f1",), commands.Show("menu")),
        (("ctrl+n",), commands.Show("menu")),
    ],
)
async def test_key_gives_its_command(keys: tuple[str, ...], command: commands.Command) -> None:
    """The key map of clerk-and-courier.md 5.3, the second keys of F1 and F11 too."""
    till = ScriptedTill(sold_view())
    async with on_stage(counter_of(till)) as stage:
        await stage.press(*keys)

        assert till.commands == [command]


async def test_short_purse_s_balance_is_taken_with_the_same_key() -> None:
    """PUR-01 offers the split: F9 takes what the card has; an amount that was keyed stands before it."""
    till = ScriptedTill(replace(sold_view(), split=8_200))
    async with on_stage(counter_of(till)) as stage:
        await stage.press("f9")
        await stage.press("5", ".", "f9")

        assert till.commands == [commands.Pay("purse", 8_200), commands.Pay("purse", 5_000)]


def running(step: PaymentStep = PaymentStep.CARD) -> TillView:
    """Return a view of e-cash that runs."""
    payment = PaymentView(method="E-CASH", key="k", amount=11_330, step=step, since_ns=NOW_NS)
    return replace(sold_view(), stage=TillStage.TENDER, payment=payment)


async def test_esc_reaches_the_till_while_a_payment_runs_and_nothing_else_does() -> None:
    """Esc does not queue behind the payment it is to end; no key begins anything behind it."""
    till = BusyTill(sold_view())
    async with on_stage(counter_of(till)) as stage:
        stage.post("f9")
        await stage.until(lambda: till.busy)
        till.become(running())
        await stage.shows("[>] 1 카드 확인")
        stage.post("f12", "+", "-", "f10", "f1", "escape")
        await stage.until(lambda: commands.Cancel() in till.commands)
        till.free.set()
        await stage.settled()

        assert till.commands == [commands.Pay("purse"), commands.Cancel()]
        await stage.press("ctrl+c")
        await stage.shows("SYS-02")


async def test_seconds_of_a_payment_tick_by_the_screen_s_clock() -> None:
    """Only the step's row and the clock change with a second."""
    till = ScriptedTill(running(PaymentStep.MOVING))
    clock = StillClock()
    async with on_stage(replace(counter_of(till), clock=clock)) as stage:
        await stage.shows("[>] 3 이체 중         0초")
        before = stage.grid()
        clock.now += 4_000_000_000
        await stage.shows("[>] 3 이체 중         4초")
        changed = [new for old, new in zip(before, stage.grid(), strict=True) if old != new]
        assert len(changed) == 2, changed


async def test_the_discount_key_twice_is_for_the_whole_sale() -> None:
    """`1 0 F3 F3` (clerk-and-courier.md 5.3); after any other key it asks how much instead."""
    till = ScriptedTill(sold_view())
    async with on_stage(counter_of(till)) as stage:
        await stage.press("1", "0", "f3", "f3")
        assert till.commands == [
            commands.Discount(percent=10),
            commands.Discount(percent=10, whole=True, instead=True),
        ]

        await stage.press("5", "f3", "up", "f3")
        await stage.shows("%/금액")
        await stage.press("2", "0", "0", "enter")
        assert till.commands[-1] == commands.Discount(amount=200)


async def test_another_price_is_an_amount_and_a_reason() -> None:
    till = ScriptedTill(sold_view())
    async with on_stage(counter_of(till)) as stage:
        await stage.press("2", "5", "0", "0", "f4")
        await stage.shows("기한 임박")
        await stage.press("3")
        await stage.until(lambda: bool(till.commands))
        assert till.commands == [commands.SetPrice(2_500, "기한 임박")]

        await stage.press("f4")
        await stage.press("1", "0", "0", "enter", "2", "enter")
        assert till.commands[-1] == commands.SetPrice(100, "흠 있음")


async def test_a_digit_on_the_device_page_tests_that_device() -> None:
    till = ScriptedTill(replace(empty_view(), page="devices"))
    async with on_stage(counter_of(till)) as stage:
        await stage.press("2")
        await stage.until(lambda: till.commands == [commands.TestDevice(2)])


async def test_hold_is_one_key_and_recall_two() -> None:
    till = ScriptedTill(empty_view())
    async with on_stage(counter_of(till)) as stage:
        await stage.press("f5")
        assert till.commands == [commands.Recall()]
        till.become(replace(till.view, stage=TillStage.RECALL))
        await stage.press("2")
        await stage.until(lambda: len(till.commands) == 2)
        assert till.commands[-1] == commands.Recall(2)


async def test_goods_come_back_with_one_scan_and_three_keys() -> None:
    till = ScriptedTill(empty_view())
    async with on_stage(counter_of(till)) as stage:
        await stage.press("f7")
        await stage.shows("영수증")
        await stage.scan("S01-01-20260417-0126-a")
        assert till.commands == [commands.BeginReturn("S01-01-20260417-0126-a")]
        assert stage.screen.desk.form is None

        line = ReturnView(1, "서울우유 1L", "3", "", "8,940")
        till.become(replace(till.view, stage=TillStage.RETURN, returning=(line,)))
        await stage.press("enter", "enter", "f7")
        await stage.until(lambda: len(till.commands) == 4)
        enter = commands.ReturnLine()
        assert till.commands[1:] == [enter, enter, commands.GiveBack()]

        await stage.press("2", "*", "enter", "2")
        await stage.until(lambda: len(till.commands) == 6)
        assert till.commands[4:] == [commands.ReturnLine(0, 2_000), commands.ReturnLine(2)]


async def test_no_receipt_is_an_empty_answer_and_exchange_goes_back_to_the_list() -> None:
    till = ScriptedTill(empty_view())
    async with on_stage(counter_of(till)) as stage:
        await stage.press("f7", "enter")
        till.become(replace(sold_view(), returned=100))
        await stage.press("f7")
        await stage.until(lambda: len(till.commands) == 2)
        assert till.commands == [commands.BeginReturn(), commands.BeginReturn()]


@pytest.mark.parametrize("key", ["f3", "f4"])
async def test_nothing_in_the_basket_has_no_price(key: str) -> None:
    till = ScriptedTill(empty_view())
    async with on_stage(counter_of(till)) as stage:
        await stage.press(key)
        assert till.commands == []
        assert stage.screen.desk.form is None
        await stage.shows("ENT-07")


def in_doubt() -> TillView:
    """Return a view of a payment whose end nobody knows."""
    said = notice("PUR-07", "ko")
    doubt = DoubtView(said=said, method="E-CASH", key="k", amount=11_330, sale="0417-0128")
    return replace(sold_view(), stage=TillStage.DOUBT, doubt=doubt, notice=said)


@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("enter", commands.Resume()),
        ("f8", commands.Park("tender")),
        ("f7", commands.Park("void")),
        ("f11", commands.PrintSituation()),
        ("ctrl+r", commands.PrintSituation()),
    ],
)
async def test_payment_in_doubt_is_decided_with_one_key(
    key: str, command: commands.Command
) -> None:
    till = ScriptedTill(in_doubt())
    async with on_stage(counter_of(till)) as stage:
        await stage.shows("PUR-07", "[F8]")
        await stage.press(key)

        assert till.commands == [command]


async def test_payment_in_doubt_leaves_no_other_key_alive() -> None:
    """Esc closes nothing; no scan, no amount, no other payment gets through."""
    till = ScriptedTill(in_doubt())
    async with on_stage(counter_of(till)) as stage:
        before = stage.text()
        await stage.press(
            "escape", "1", "f12", "f9", "+", "-", "delete", "f1", "f10", "f2", "pageup"
        )
        await stage.scan(MILK)

        assert till.commands == [] and stage.text() == before


async def test_enter_asks_nothing_while_the_till_is_asking() -> None:
    view = in_doubt()
    assert view.doubt is not None
    till = ScriptedTill(replace(view, doubt=replace(view.doubt, asking=True)))
    async with on_stage(counter_of(till)) as stage:
        await stage.press("enter")

        assert till.commands == []


async def test_training_panel_stands_before_the_takeover() -> None:
    """Whoever practises puts the card back with it; the takeover comes back when it is closed."""
    till = ScriptedTill(in_doubt())
    async with on_stage(counter_of(till, BenchTwin())) as stage:
        await stage.press("ctrl+t")
        await stage.shows("연습 장비", "서울우유 1L")
        await stage.press("ctrl+t")
        await stage.shows("PUR-07", "[F8]")


async def test_not_understood_entry_stays_and_says_why() -> None:
    """What was keyed is not thrown away; the next key takes the message down."""
    till = ScriptedTill(sold_view())
    async with on_stage(counter_of(till)) as stage:
        await stage.press("5", "-")
        assert till.commands == []
        await stage.shows("ENT-09 입력 중인 내용이 있습니다: 5")
        assert stage.screen.desk.text == "5"

        await stage.press("escape")
        assert (stage.screen.desk.note, stage.screen.desk.text) == (None, "")


async def test_shift_opens_with_the_float_keyed_into_the_pane() -> None:
    """F1 1, the float, Enter; no modal, the basket stays."""
    till = ScriptedTill(empty_view(stage=TillStage.CLOSED))
    async with on_stage(counter_of(till)) as stage:
        await stage.press("f1")
        await stage.press("1")
        await stage.shows("> 준비금", "준비금>")
        await stage.press("5", "0", ".", "enter")

        assert till.commands[-1] == commands.OpenShift(50_000)
        assert stage.screen.desk.form is None


async def test_count_by_denomination_hides_expected_until_counted() -> None:
    """F1 5, pieces by face value, Enter; then a difference wants a reason by one digit."""
    till = ScriptedTill(empty_view("en"))
    async with on_stage(counter_of(till)) as stage:
        await stage.press("f1")
        await stage.press("5")
        await stage.shows("CLOSE: COUNT", "50,000 x")
        assert "50,500" not in stage.text()
        await stage.press("1", "enter", *["enter"] * 7)
        assert till.commands[-1] == commands.CountShift({50_000: 1})

        await stage.shows("Expected", "50,500", "-500")
        await stage.press("enter")
        await stage.shows("Choose a reason")
        await stage.press("2")
        await stage.until(lambda: isinstance(till.commands[-1], commands.CloseShift))
        assert till.commands[-1] == commands.CloseShift("Miscounted")


async def test_count_goes_back_one_denomination_with_escape() -> None:
    """A typing error is mended without starting again."""
    till = ScriptedTill(empty_view("en"))
    async with on_stage(counter_of(till)) as stage:
        await stage.press("f1")
        await stage.press("5")
        await stage.shows("CLOSE: COUNT")
        await stage.press("9", "enter", "escape", "1", "enter", *["enter"] * 7)

        assert till.commands[-1] == commands.CountShift({50_000: 1})


@pytest.mark.parametrize(
    ("entry", "keys", "command"),
    [
        ("2", ("1", "0", ".", "enter", "1"), commands.MoveCash("in", 10_000, "준비금 보충")),
        ("3", ("5", ".", "enter", "1"), commands.MoveCash("out", 5_000, "소모품 구입")),
        ("*", ("9", ".", "enter", "1"), commands.MoveCash("drop", 9_000, "돈통에 돈이 많음")),
        ("-", ("2",), commands.VoidSale("잘못 찍음")),
        (".", ("1",), commands.ReadPurse()),
        (".", ("2",), commands.ReadPurse(statement=True)),
        ("4", (), commands.ReadX()),
        ("8", (), commands.Show("queue")),
    ],
)
async def test_menu_entry_asks_and_commands(
    entry: str, keys: tuple[str, ...], command: commands.Command
) -> None:
    """Everything behind F1 by digits and keypad signs."""
    till = ScriptedTill(sold_view())
    async with on_stage(counter_of(till)) as stage:
        await stage.press("f1")
        await stage.press(entry)
        await stage.until(lambda: till.view.page != "menu")
        await stage.press(*keys)
        await stage.until(lambda: till.commands[-1] == command)


@pytest.mark.parametrize(
    ("service", "keys", "command"),
    [
        ("3", ("2", "0", ".", "enter"), commands.LoadPurse(20_000)),
        (
            "4",
            ("7", "enter", "5", "0", "0", "enter", "1"),
            commands.RefundPurse("7", 500, "흠 있음"),
        ),
        ("4", ("7", "enter", "enter", "1"), commands.RefundPurse("7", None, "흠 있음")),
        ("5", ("9", ".", "enter"), commands.DepositPurse(9_000)),
        ("5", ("enter",), commands.DepositPurse(None)),
    ],
)
async def test_service_for_a_card_is_chosen_and_asks_for_what_it_needs(
    service: str, keys: tuple[str, ...], command: commands.Command
) -> None:
    """F1 . and a number; nothing where a number may be is all of it."""
    till = ScriptedTill(sold_view())
    async with on_stage(counter_of(till)) as stage:
        await stage.press("f1", ".")
        await stage.shows("5 매장 전자화폐 예치")
        await stage.press(service)
        await stage.until(lambda: _asked(stage) != "field.service")
        await stage.press(*keys)
        await stage.until(lambda: till.commands[-1] == command)


def _asked(stage: Stage) -> str:
    form = stage.screen.desk.form
    return "" if form is None else form.field.name


async def test_receipt_is_scanned_into_the_refund_and_not_begun_as_a_return() -> None:
    till = ScriptedTill(sold_view())
    async with on_stage(counter_of(till)) as stage:
        await stage.press("f1", ".")
        await stage.shows("4 결제 환불")
        await stage.press("4")
        await stage.until(lambda: _asked(stage) == "field.receipt")
        await stage.scan("S1-01-20260417-0128")
        await stage.until(lambda: _asked(stage) == "field.some")
        await stage.press("enter", "2")
        wanted = commands.RefundPurse("S1-01-20260417-0128", None, "변심")
        await stage.until(lambda: till.commands[-1] == wanted)


async def test_menu_entry_that_is_not_usable_says_why() -> None:
    """Dim is not dumb: the message says what to do first."""
    till = ScriptedTill(sold_view("en"))
    async with on_stage(counter_of(till)) as stage:
        await stage.press("f1")
        await stage.press("5")
        await stage.shows("A sale is under way. Finish it or void it first", "SHF-03")


async def test_find_asks_for_a_name_and_a_digit_picks() -> None:
    """F6, initial consonants, Enter, digit; Hangul goes into the entry line composed."""
    till = ScriptedTill(empty_view())
    async with on_stage(counter_of(till)) as stage:
        await stage.press("f6", "ㅅ", "ㅇ", "enter")
        assert till.commands == [commands.Find("ㅅㅇ")]
        await stage.shows("1 서울우유 1L")
        await stage.press("1")
        await stage.until(lambda: till.commands[-1] == commands.Pick(1))


async def test_takeover_covers_the_screen_and_escape_does_not_close_it() -> None:
    """Level C: what happened, where the money is, which keys; Esc does nothing."""
    till = ScriptedTill(sold_view())
    async with on_stage(counter_of(till)) as stage:
        till.become(_with_notice(till, "JNL-01", reason="디스크"))
        await stage.shows(
            "!! 확인 필요  JNL-01", "안 움직임, 뒤면 미확정", "Esc 로는 닫히지 않습니다"
        )
        await stage.press("escape", "1", "f12")

        assert till.commands == []
        assert "서울우유" not in stage.text()


async def test_control_c_asks_once_and_leaves_at_the_second() -> None:
    """Leaving takes two presses and says what is still in the basket; another key stays."""
    till = ScriptedTill(sold_view("en"))
    async with on_stage(counter_of(till)) as stage:
        await stage.press("ctrl+c")
        await stage.shows("The basket holds 4 lines. Ctrl+C once more leaves")
        await stage.press("escape", "ctrl+c")
        assert stage.app._exit is False

        await stage.press("ctrl+c")
        assert stage.app._exit is True


async def test_control_c_does_not_leave_while_a_payment_runs() -> None:
    """Money in motion is never left alone."""
    view = sold_view("en")
    till = ScriptedTill(_at_stage(view, TillStage.TENDER))
    async with on_stage(counter_of(till)) as stage:
        await stage.press("ctrl+c", "ctrl+c", "ctrl+c")

        await stage.shows("A payment is running: the till cannot be left now")
        assert stage.app._exit is False


async def test_hundred_wedge_scans_back_to_back_lose_none() -> None:
    """A burst is taken whole and in order; nothing on the entry line is debounced."""
    till = ScriptedTill(empty_view())
    async with on_stage(counter_of(till)) as stage:
        for _ in range(10):
            for _ in range(10):
                stage._at += 0.1
                for character in MILK:
                    stage._post(character, 0.001)
                stage._post("enter", 0.001)
            await stage.settled()

        await stage.until(lambda: len(till.commands) == 100)
        first, again = commands.Scan(MILK), commands.Scan(MILK, reading=commands.Reading.AGAIN)
        assert till.commands == [first, *[again] * 99], "each that follows at once is marked"


def _with_notice(till: ScriptedTill, code: str, **blanks: str | int) -> TillView:
    return replace(till.view, notice=notice(code, till.view.language, **blanks))


def _at_stage(view: TillView, stage: TillStage) -> TillView:
    return replace(view, stage=stage)


async def test_stopped_till_tries_its_store_again_on_enter() -> None:
    """The way out of JNL-01 is on the screen: mend the disk, press Enter."""
    till = ScriptedTill(_at_stage(sold_view(), TillStage.STOPPED))
    async with on_stage(counter_of(till)) as stage:
        till.become(_with_notice(till, "JNL-01", reason="디스크"))
        await stage.shows("Enter 다시")
        await stage.press("enter")

        assert till.commands == [commands.Cancel()]


async def test_pasted_text_goes_into_the_entry_and_commits_nothing() -> None:
    """A new line in what is pasted must not take a payment."""
    till = ScriptedTill(sold_view())
    async with on_stage(counter_of(till)) as stage:
        stage.app.post_message(events.Paste("10\n.\n"))
        await stage.shows("입력> 10.")

        assert till.commands == []


async def test_paste_of_a_whole_file_does_not_hold_the_counter_up() -> None:
    """A quarter of a megabyte in the clipboard is one message, not half a minute of keys."""
    till = ScriptedTill(sold_view("en"))
    async with on_stage(counter_of(till)) as stage:
        pressed = 0
        take = stage.screen._intake._pressed

        def counted(binding: Binding | None, character: str | None) -> None:
            nonlocal pressed
            pressed += 1
            take(binding, character)

        stage.screen._intake._pressed = counted
        stage.app.post_message(events.Paste("8801115114154\n" * 20_000))
        await stage.shows(f"Entry too long (at most {ENTRY_CHARACTERS_MAX} characters)")

        assert pressed == ENTRY_CHARACTERS_MAX + 1
        assert till.commands == []


async def test_word_of_the_till_stands_before_what_the_desk_said() -> None:
    """A note about a wrong key must not hide for hours that the broker refuses this terminal."""
    till = ScriptedTill(empty_view("en"))
    async with on_stage(counter_of(till)) as stage:
        await stage.press("x", "+")
        await stage.shows("ENT-09")
        till.become(_with_notice(till, "NET-05", reason="suspended"))

        await stage.shows("Broker refuses this terminal (suspended)")


@pytest.mark.parametrize(
    ("key", "verb", "method"), [("f8", "CD", "card"), ("ctrl+b", "TR", "transfer")]
)
async def test_a_bank_has_one_key_for_each_way(key: str, verb: str, method: str) -> None:
    till = ScriptedTill(replace(sold_view(), tenders={"CA": "cash", verb: method}))
    async with on_stage(counter_of(till)) as stage:
        await stage.press("1", "0", "0", "0", key)

        assert till.commands == [commands.Pay(method, 1_000)]
