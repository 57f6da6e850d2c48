"""The one grammar: every verb, every wrong entry, and no text that escapes with another error."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pos import commands
from pos.commands import Command
from pos.entry import ENTRY_MAX, TENDER_VERBS, WORDS, EntryError, masked, parse_entry
from pos.tenders.registry import find_tenders
from protocols.money import CURRENCIES, KRW


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("8801115114154", commands.Scan("8801115114154")),
        (" 8801115114154\r", commands.Scan("8801115114154")),
        ("3*8801115114154", commands.Scan("8801115114154", 3_000)),
        ("0.512*2100017", commands.Scan("2100017", 512)),
        ("1.5*77", commands.Scan("77", 1_500)),
        ("MILK-1L", commands.Scan("MILK-1L")),
        ("BANANACA", commands.Scan("BANANACA")),
        ("2QT", commands.SetQuantity(2_000)),
        ("0.25qt", commands.SetQuantity(250)),
        ("-", commands.VoidLine()),
        ("VL", commands.VoidLine()),
        ("VD", commands.VoidLast()),
        ("vd", commands.VoidLast()),
        ("VS", commands.VoidSale()),
        ("VS:손님이 떠남", commands.VoidSale("손님이 떠남")),
        ("+", commands.Subtotal()),
        ("TL", commands.Subtotal()),
        ("+2", commands.QuickCash(2)),
        ("3QC", commands.QuickCash(3)),
        ("CA", commands.Pay("cash")),
        ("10000CA", commands.Pay("cash", 10_000)),
        ("10.CA", commands.Pay("cash", 10_000)),
        ("1..CA", commands.Pay("cash", 1_000_000)),
        ("5000CD", commands.Pay("card", 5_000)),
        ("EC", commands.Pay("purse")),
        ("TR", commands.Pay("transfer")),
        ("EB", commands.ReadPurse()),
        ("ES", commands.ReadPurse(statement=True)),
        ("20.EL", commands.LoadPurse(20_000)),
        ("ED", commands.DepositPurse()),
        ("5000ED", commands.DepositPurse(5_000)),
        ("EF:S1-01-20260417-0128-a", commands.RefundPurse("S1-01-20260417-0128-a")),
        ("5.EF:S1-1-a 깨짐", commands.RefundPurse("S1-1-a", 5_000, "깨짐")),
        ("EF", commands.Scan("EF")),
        ("EL", commands.Scan("EL")),
        ("?ㅅㅇㅇㅇ", commands.Find("ㅅㅇㅇㅇ")),
        ("ㅅㅇㅇㅇFI", commands.Find("ㅅㅇㅇㅇ")),
        ("신라면 5FI", commands.Find("신라면 5")),
        ("?", commands.Find("")),
        ("#2", commands.Pick(2)),
        ("2PK", commands.Pick(2)),
        ("OS", commands.OpenShift(0)),
        ("50.OS", commands.OpenShift(50_000)),
        ("50000x2,1000x7CN", commands.CountShift({50_000: 2, 1_000: 7})),
        ("500x1,500x2CN", commands.CountShift({500: 3})),
        ("0CN", commands.CountShift({})),
        ("CZ", commands.CloseShift()),
        ("CZ:거스름 실수", commands.CloseShift("거스름 실수")),
        ("XR", commands.ReadX()),
        ("30.CI:coins", commands.MoveCash("in", 30_000, "coins")),
        ("5000CO:퀵 배송", commands.MoveCash("out", 5_000, "퀵 배송")),
        ("100000DR:safe", commands.MoveCash("drop", 100_000, "safe")),
        ("NS:change", commands.OpenDrawer("change")),
        ("RP", commands.Reprint()),
        ("127RP", commands.Reprint(127)),
        ("UP", commands.Select(-1)),
        ("5DN", commands.Select(5)),
        ("QU", commands.Show("queue")),
        ("CL", commands.Cancel()),
    ],
)
def test_an_entry_means_its_command(text: str, command: Command) -> None:
    assert parse_entry(text) == command


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "ENT-02"),
        ("   ", "ENT-02"),
        ("3*", "ENT-02"),
        ("*8801", "ENT-01"),
        ("x*8801", "ENT-01"),
        ("1.2345*88", "ENT-01"),
        ("88 01", "ENT-02"),
        ("우유", "ENT-02"),
        ("+two", "ENT-01"),
        ("#", "ENT-01"),
        ("10000y2CN", "ENT-01"),
        ("1.5CA", "ENT-01"),
        ("9" * (ENTRY_MAX + 1), "ENT-06"),
    ],
)
def test_a_wrong_entry_says_what_is_wrong(text: str, code: str) -> None:
    with pytest.raises(EntryError) as caught:
        parse_entry(text)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("text", "amount"), [("12.5CA", 1_250), ("12CA", 1_200), (".05CA", 5), ("12.CA", 1_200)]
)
def test_a_currency_with_cents_has_a_decimal_point(text: str, amount: int) -> None:
    assert parse_entry(text, CURRENCIES["USD"]) == commands.Pay("cash", amount)


def test_too_many_decimals_are_refused() -> None:
    with pytest.raises(EntryError):
        parse_entry("1.234CA", CURRENCIES["USD"])


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=20) | st.text("0123456789.*+-#?:,xCAVDSTLOSCNRP ㅅ", max_size=20),
    st.sampled_from([KRW, CURRENCIES["USD"], CURRENCIES["KWD"]]),
)
def test_any_text_is_a_command_or_an_entry_error(text: str, currency) -> None:
    """Garbage from a broken keyboard or wedge ends in a message, never in a traceback."""
    try:
        parse_entry(text, currency)
    except EntryError as error:
        assert error.code.startswith("ENT-")


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("PT", commands.Pay("points")),
        ("500pt", commands.Pay("points", 500)),
        ("1.PT", commands.Pay("points", 1_000)),
        ("PT:why", commands.Scan("PT:why")),
        ("XPT", commands.Scan("XPT")),
        ("CA", commands.Pay("cash")),
    ],
)
def test_a_tender_that_is_installed_is_keyed_by_its_own_word(text: str, command: Command) -> None:
    """A stranger's way to pay needs no line here; what reads like a code stays one."""
    assert parse_entry(text, tenders={"PT": "points", "CA": "points"}) == command


def test_a_word_that_no_tender_has_is_a_code() -> None:
    assert parse_entry("500SX") == commands.Scan("500SX")


def test_our_own_tenders_have_the_trades_words() -> None:
    """And every word of the grammar is known as taken."""
    for tender in find_tenders([]).offered():
        assert TENDER_VERBS.get(tender.verb, tender.name) == tender.name
    for word in WORDS:
        assert not isinstance(parse_entry(f"5{word}:x" if word == "CI" else word), commands.Pay)
    assert not WORDS & TENDER_VERBS.keys()


@pytest.mark.parametrize(
    ("keyed", "shown"),
    [
        ("7ㅔㅜ:4711", "7ㅔㅜ:***"),
        ("ㅖㅜ:4711", "ㅖㅜ:***"),
        ("ㅊㄱ:01012345678", "ㅊㄱ:*******5678"),
        ("01012345678ㅊㄲ", "*******5678ㅊㄲ"),
    ],
)
def test_a_secret_keyed_in_hangul_mode_is_no_entry_and_hidden_all_the_same(
    keyed: str, shown: str
) -> None:
    """PN and CR on their keys; with the shift key too."""
    assert masked(keyed) == shown
    with pytest.raises(EntryError) as told:
        parse_entry(keyed)
    assert "4711" not in str(told.value) and "1234" not in str(told.value)
