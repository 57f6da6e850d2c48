"""Reading scenarios: rows, parameters, and errors that name file, line and the nearest known word."""

from pathlib import Path

import pytest

from sim.stage.scenario.devices import DeviceStep
from sim.stage.scenario.language import Scenario, parse_scenarios
from sim.stage.scenario.steps import Key
from sim.stage.scenario.words import ScenarioError, nanoseconds

FILE = Path("x.toml")


def read(text: str) -> list[Scenario]:
    return parse_scenarios('about = "x"\n' + text, FILE)


def test_rows_and_sweep_multiply_and_values_keep_their_kind() -> None:
    scenarios = read(
        'rows = [{ card = "a" }, { card = "b" }]\nsweep = { n = [1, 2] }\n'
        'when = [{ customer = "tear_after", count = "$n" }, { key = "${card}-${n}" }]\n'
    )
    assert [scenario.label for scenario in scenarios] == [
        "x [card=a, n=1]", "x [card=a, n=2]", "x [card=b, n=1]", "x [card=b, n=2]",
    ]  # fmt: skip
    torn, key = (placed.step for placed in scenarios[3].when)
    assert torn == DeviceStep(device="customer", verb="tear_after", arguments={"count": "2"})
    assert key == Key(key="b-2")


def test_given_changes_only_what_it_names() -> None:
    [scenario] = read(
        "given.cards.customer-1 = { balance = 7 }\n"
        "given.cards.odd = { balance = 1, foreign = true }\n"
        'given.scanner = { absent = true }\ngiven.till = { printer_proof = "status" }\n'
        'given.shift = "closed"\nwhen = []\n'
    )
    cards = scenario.given.cards.cards
    assert (cards["customer-1"].balance, cards["customer-1"].pin) == (7, "1234")
    assert scenario.given.foreign == {"odd"}
    [till] = scenario.given.tills
    assert "scanner" not in till.equipment and "printer" in till.equipment
    assert till.devices == {"printer_proof": "status"} and till.float_amount is None


def test_payment_cards_are_the_shipped_ones_but_for_what_is_written() -> None:
    [scenario] = read(
        "given.cards.passbook-1 = { tries = 1 }\ngiven.cards.credit-1 = {}\n"
        "given.banks = {}\nwhen = []\n"
    )
    cards = scenario.given.cards
    assert (cards.passbook.cards["passbook-1"].tries, cards.passbook.cards["passbook-1"].pin) == (
        1, "1234",
    )  # fmt: skip
    assert list(cards.emv.cards) == ["credit-1"] and "credit-1" not in cards.cards
    assert scenario.given.banks == {"hanbit": {"cards": ["9900"], "accounts": ["1", "2"]}}
    [till] = scenario.given.tills
    assert "pin_pad" in till.equipment, "who takes cards has one"
    [plain] = read("when = []\n")
    assert plain.given.banks is False and "pin_pad" not in plain.given.tills[0].equipment


WRONG = [
    ('when = [\n  { key = "EC" },\n  { kye = "EC" },\n]', 4, "did you mean 'key'"),
    ('when = [{ kei = "EC" }]', 2, "no step or twin 'kei'"),
    ('when = [{ printr = "paper_out" }]', 2, "did you mean 'printer'"),
    ('when = [{ printer = "paper_uot" }]', 2, "did you mean 'paper_out'"),
    ('when = [{ customer = "insert", crad = "a" }]', 2, "did you mean 'card'"),
    ('when = [{ customer = "insert" }]', 2, "card is missing"),
    ('when = [{ key = "EC", syas = "X" }]', 2, "did you mean 'says'"),
    ('when = [{ key = "EC", within = "soon" }]', 2, "is no time"),
    ("when = [{ key = 3 }]", 2, "Expected `str`"),
    ('when = [{ till = "kill", at = "after_apend_sale" }]', 2, "did you mean 'after_append_sale'"),
    ('when = [{ till = "start", at = "after_append_sale" }]', 2, "only a kill has a place"),
    ('when = [{ journal = "sale.close" }]', 2, "did you mean 'sale.closed'"),
    ('when = [{ inquiry = "setled", count = 1 }]', 2, "did you mean 'settled'"),
    ('when = [{ happened = "printr", what = "cut" }]', 2, "did you mean 'printer'"),
    ('when = [{ network = "lose" }]', 2, "Invalid enum value"),
    ('when = []\nthen = [\n  { receipts = 1 },\n  { key = "CA" },\n]', 5, "then has checks only"),
    ('when = []\nfaults = [{ at = "x", printer = "paper_out" }]', 3, "is no time"),
    ('when = []\nstorm = { faults = 2, kinds = ["paper"] }', 3, "did you mean 'paper_out'"),
    ("when = []\nstorm = { faults = 0 }", 3, "faults is 1 to"),
    ("given.printr = {}\nwhen = []", 2, "did you mean 'printer'"),
    ("given.printer = { options = { print_don = true } }\nwhen = []", 2, "did you mean 'print_done'"),
    ("given.cards.a = { balanse = 1 }\nwhen = []", 2, "did you mean 'balance'"),
    ('given.cards.a = { pin = "x" }\nwhen = []', 2, "pin: 4 to 12 digits"),
    ("given.banks.hanbti = {}\nwhen = []", 2, "did you mean 'hanbit'"),
    ("given.banks.hanbit = { ofline = {} }\nwhen = []", 2, "did you mean 'offline'"),
    ("given.banks.hanbit = { acquirer = 5 }\nwhen = []", 2, "Expected `str`"),
    ("given.cards.passbook-1 = { blockd = true }\nwhen = []", 2, "did you mean 'blocked'"),
    ('when = [{ hanbit = "lose_answer", count = 1 }]', 2, "did you mean 'lose_answers'"),
    ('when = [{ hanbit = "decline" }]', 2, "code is missing"),
    ('when = [{ broker = "kill", at = "bank.tel" }]', 2, "did you mean 'bank.tell'"),
    ("given.till = { printer_prof = 1 }\nwhen = []", 2, "did you mean 'printer_proof'"),
    ('given.till = { printer = "tcp://1" }\nwhen = []', 2, "given.till has no 'printer'"),
    ('when = [{ key = "$cuont" }]\nsweep = { count = [1] }', 2, "did you mean 'count'"),
    ("when = []\nsweep = { count = [1] }", 3, "stands nowhere"),
    ("when = []\nrows = [{ a = 1 },\n  { b = 1 }]", 4, "rows differ"),
    ("when = []\nthne = []", 3, "did you mean 'then'"),
    ("seed = 1", 1, "a scenario needs `when`"),
    ('when = [{ key = "EC ]', 2, "Unterminated string"),
    ('when = []\nseed = "a"', 3, "Expected `int`"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "words"), WRONG, ids=[each[2] for each in WRONG])
def test_what_is_wrong_names_file_line_and_the_nearest_word(
    text: str, line: int, words: str
) -> None:
    with pytest.raises(ScenarioError) as wrong:
        read(text)
    assert str(wrong.value).startswith(f"x.toml:{line}: ")
    assert words in str(wrong.value)


def test_times_are_read_as_people_write_them() -> None:
    assert [nanoseconds(text) // 1_000_000 for text in ("5 ms", "2s", "3 min", "1 h", "1 d")] == [
        5, 2_000, 180_000, 3_600_000, 86_400_000,
    ]  # fmt: skip
