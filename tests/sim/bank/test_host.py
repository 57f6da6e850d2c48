"""A bank's host: who may pay and who not, and that whatever comes twice, late or in the wrong order
moves money once (T3, T4). Books are compared after every story."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.iso8583 import mti
from protocols.iso8583.message import Message
from protocols.iso8583.original import original_of
from protocols.trace.stand_ins import is_pan
from sim.bank.books import Books
from sim.bank.host import Host
from sim.bank.people import MARKET, PeopleError, read_people
from sim.bank.pins import PinKeys
from sim.clock import VirtualClock
from tests.support import bank as b

KRW = "KRW"


class Market:
    """Both banks over one file, at noon."""

    def __init__(self, file: Path | None = None) -> None:
        self.clock = VirtualClock()
        self.books = Books(file, read_people())
        self.hosts = {
            name: Host(name, books=self.books, keys=PinKeys(), clock=self.clock)
            for name in ("hanbit", "nuri")
        }
        self.asks = b.Asks()

    def say(self, message: Message, bank: str = "hanbit") -> str:
        answer = self.hosts[bank].answer(message)
        assert answer is not None
        assert self.books.objections() == []
        return answer.text(39)

    def deposit(self, number: str = b.ACCOUNT) -> int:
        bank = self.books.people.bank_of_account(number)
        return self.books.balance(bank, f"deposit/{number}", KRW)

    def shop(self, bank: str = "hanbit") -> int:
        return self.books.balance(bank, "shop/S01", KRW)


@pytest.fixture
def market():
    made = Market()
    yield made
    assert made.books.objections() == []
    made.books.close()


def pay(market: Market, pan: str = b.DEBIT, amount: int = 1_000, **more) -> Message:
    pin = {f"f{n}": v for n, v in b.pin_of(_PINS[pan], pan).items()} if pan in _PINS else {}
    return market.asks.ask(pan=pan, amount=amount, **{**pin, **more})


_PINS = {b.DEBIT: "1234", b.POOR: "2345"}


def test_a_purchase_moves_money_within_a_bank(market):
    before = market.deposit()
    answer = market.hosts["hanbit"].answer(pay(market, amount=12_500))

    assert answer.text(39) == "00" and len(answer.text(38)) == 6 and answer.mti == "0210"
    assert (market.deposit(), market.shop()) == (before - 12_500, 12_500)


def test_a_purchase_through_the_other_bank_passes_both_clearing_accounts(market):
    before = market.deposit()
    assert market.say(pay(market, amount=700), "nuri") == "00"
    assert (market.deposit(), market.shop("nuri"), market.shop()) == (before - 700, 700, 0)
    assert market.books.balance("hanbit", "clearing/nuri", KRW) == 700


def test_a_credit_card_owes_its_issuer(market):
    assert market.say(market.asks.ask(pan=b.CREDIT, amount=400_000)) == "00"
    assert market.books.balance("doori", f"card/{b.CREDIT}", KRW) == -400_000
    assert market.say(market.asks.ask(pan=b.CREDIT, amount=500_000)) == "00"
    assert market.say(market.asks.ask(pan=b.CREDIT, amount=100_001)) == "51"


@pytest.mark.parametrize(
    ("pan", "amount", "more", "code"),
    [
        ("9900990000000000", 1_000, {}, "14"),
        (b.EXPIRED, 1_000, {}, "54"),
        (b.CREDIT, 1_000, {"f14": "2912"}, "54"),
        (b.STOLEN, 1_000, {}, "43"),
        (b.LOST, 1_000, {}, "41"),
        (b.RESTRICTED, 1_000, {}, "62"),
        (b.REFUND_ONLY, 1_000, {}, "57"),
        (b.CREDIT, 500_001, {}, "61"),
        (b.CREDIT, 1_000_001, {}, "61"),
        (b.POOR, 20_001, {}, "51"),
        (b.BUSY, 300_001, {}, "61"),
        (b.CREDIT, 0, {}, "13"),
        (b.CREDIT, 1_000, {"f3": "990000"}, "12"),
        (b.CREDIT, 1_000, {"f49": "840"}, "57"),
        (b.CREDIT, 1_000, {"f42": None}, "30"),
        (b.CREDIT, 1_000, {"f110": "XX"}, "30"),
    ],
)
def test_every_refusal(market, pan, amount, more, code):
    assert market.say(pay(market, pan, amount, **more)) == code
    assert market.shop() == 0


def test_velocity_is_of_a_day(market):
    for _ in range(3):
        assert market.say(market.asks.ask(pan=b.BUSY)) == "00"
    assert market.say(market.asks.ask(pan=b.BUSY)) == "65"
    market.clock.advance(86_400 * 10**9 + 1)
    assert market.say(market.asks.ask(pan=b.BUSY)) == "00"


@pytest.mark.parametrize("made", [b.pin_of, b.old_pin_of])
def test_a_wrong_pin_three_times_and_the_card_is_out(market, made):
    def tried(pin: str) -> str:
        more = {f"f{n}": v for n, v in made(pin, b.DEBIT).items()}
        return market.say(market.asks.ask(**more))

    assert [tried("9999"), tried("1234"), tried("9999"), tried("9999")] == ["55", "00", "55", "55"]
    assert [tried("9999"), tried("1234")] == ["75", "75"]
    assert market.shop() == 1_000


def test_no_pin_where_one_is_needed_and_one_under_a_strangers_key(market):
    assert market.say(market.asks.ask()) == "55"
    strange = b.pin_of("1234", b.DEBIT, PinKeys(aes_base=bytes(16)))
    assert market.say(market.asks.ask(**{f"f{n}": v for n, v in strange.items()})) == "55"
    other = b.pin_of("1234", b.CREDIT)
    assert market.say(market.asks.ask(**{f"f{n}": v for n, v in other.items()})) == "55"


def test_a_pin_tells_nothing_about_the_money(market):
    """Whoever guesses hears of the PIN first, of the funds only with the right one."""
    wrong = {f"f{n}": v for n, v in b.pin_of("0000", b.POOR).items()}
    assert market.say(market.asks.ask(pan=b.POOR, amount=999_999, **wrong)) == "55"
    assert market.say(pay(market, b.POOR, 999_999)) == "51"


def test_a_transfer_by_passbook_card(market):
    pin = {f"f{n}": v for n, v in b.pin_of("1234", b.ACCOUNT).items()}
    ask = market.asks.ask(pan=None, amount=5_000, f3="400000", f102=b.ACCOUNT, **pin)
    before = market.deposit()
    assert market.say(ask, "nuri") == "00"
    assert (market.deposit(), market.shop("nuri")) == (before - 5_000, 5_000)
    bare = market.asks.ask(pan=None, f3="400000", f102=b.ACCOUNT)
    assert market.say(bare) == "55"
    assert market.say(market.asks.ask(pan=None, f3="400000", f102="000")) == "14"


def test_the_same_again_gets_the_same_answer_and_moves_nothing(market):
    ask = pay(market)
    first = market.hosts["hanbit"].answer(ask)
    assert market.hosts["hanbit"].answer(ask) == first
    assert market.hosts["hanbit"].answer(ask.typed("0201")) == first
    assert market.shop() == 1_000


def test_a_reversal_undoes_once(market):
    ask, before = pay(market), market.deposit()
    assert market.say(ask) == "00"
    undo = market.asks.undo(ask)
    assert [market.say(undo), market.say(undo.typed("0421")), market.say(undo)] == ["00"] * 3
    assert (market.deposit(), market.shop()) == (before, 0)


def test_a_reversal_that_comes_first_forestalls(market):
    ask = pay(market)
    assert market.say(market.asks.undo(ask)) == "25"
    assert market.say(ask) == "94"
    assert market.say(market.asks.undo(ask)) == "25"
    assert market.shop() == 0


def test_nothing_is_undone_of_what_was_refused(market):
    ask = market.asks.ask(pan=b.STOLEN)
    assert [market.say(ask), market.say(market.asks.undo(ask))] == ["43", "25"]


def test_a_refund_and_its_reversal(market):
    before = market.deposit()
    assert market.say(pay(market, amount=3_000)) == "00"
    back = market.asks.ask(amount=1_200, f3="200000")
    assert market.say(back) == "00"
    assert (market.deposit(), market.shop()) == (before - 1_800, 1_800)
    assert market.say(market.asks.undo(back, mti.REVERSAL_REQUEST)) == "00"
    assert market.shop() == 3_000


def test_a_promise_holds_and_is_paid_in_part(market):
    promise = pay(market, b.POOR, 15_000).typed(mti.AUTHORISATION)
    assert market.say(promise) == "00" and market.shop() == 0
    assert market.say(pay(market, b.POOR, 5_001)) == "51"
    named = original_of(promise).digits()
    more = market.asks.ask(mti.ADVICE, b.POOR, 15_001, f90=named)
    paid = market.asks.ask(mti.ADVICE, b.POOR, 9_000, f90=named)
    again = market.asks.ask(mti.ADVICE, b.POOR, 9_000, f90=named)
    assert [market.say(each) for each in (more, paid, again)] == ["13", "00", "94"]
    assert market.shop() == 9_000
    assert market.say(pay(market, b.POOR, 11_000)) == "00"


def test_a_promise_given_back_holds_nothing(market):
    promise = pay(market, b.POOR, 15_000).typed(mti.AUTHORISATION)
    assert market.say(promise) == "00"
    assert market.say(market.asks.undo(promise)) == "00"
    assert market.say(pay(market, b.POOR, 20_000)) == "00"


def test_an_issuer_away_and_a_code_at_will(market):
    host = market.hosts["hanbit"]
    host.away.add("doori")
    assert market.say(market.asks.ask(pan=b.CREDIT)) == "91"
    host.away.clear()
    host.declines.append("05")
    assert [market.say(market.asks.ask(pan=b.CREDIT)) for _ in range(2)] == ["05", "00"]


def totals(market: Market, **fields) -> Message:
    market.asks.stan += 1
    stan = f"{market.asks.stan:06d}"
    known = {7: "1129235959", 11: stan, 41: "01", 42: "S01", 49: "410"}
    return Message(mti.RECONCILIATION, {**known, **{int(n[1:]): v for n, v in fields.items()}})


def test_the_days_totals(market):
    for amount in (1_000, 2_000):
        assert market.say(pay(market, amount=amount)) == "00"
    gone = pay(market, amount=500)
    assert [market.say(gone), market.say(market.asks.undo(gone))] == ["00", "00"]
    assert market.say(market.asks.ask(amount=300, f3="200000")) == "00"

    wrong = totals(market, f76="2", f88="3000")
    answer = market.hosts["hanbit"].answer(wrong)
    assert (answer.text(39), answer.text(66)) == ("95", "2")
    stated = {n: answer.text(n) for n in (74, 75, 76, 77, 86, 87, 88, 89, 97)}
    assert stated == {74: "1", 75: "0", 76: "3", 77: "1", 86: "300", 87: "0", 88: "3500", 89: "500",
                      97: "C0000000000002700"}  # fmt: skip

    right = totals(market, f74="1", f76="3", f77="1", f86="300", f88="3500", f89="500")
    assert market.say(right) == "00"
    assert market.say(right.typed("0501")) == "00"
    assert market.say(totals(market)) == "00", "the next batch is empty"


def test_everything_survives_switching_off(tmp_path):
    file = tmp_path / "banks.sqlite"
    market = Market(file)
    ask = pay(market)
    first = market.hosts["hanbit"].answer(ask)
    wrong = {f"f{n}": v for n, v in b.pin_of("0000", b.DEBIT).items()}
    assert market.say(market.asks.ask(**wrong)) == "55"
    market.books.close()

    again = Market(file)
    assert again.hosts["hanbit"].answer(ask) == first
    assert again.books.wrong_pins(b.DEBIT) == 1 and again.shop() == 1_000
    assert again.say(again.asks.undo(ask)) == "00"
    again.books.close()


def test_what_is_no_request_is_not_answered(market):
    for kind in ("0210", "0430", "0300", "1200"):
        assert market.hosts["hanbit"].answer(Message(kind, {11: "000001"})) is None


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_whatever_order_and_number_money_moves_once(data):
    """Requests, repeats and reversals shuffled: what is reversed in the end moved nothing."""
    market = Market()
    asks = [pay(market, amount=100 * (n + 1)) for n in range(3)]
    undone = data.draw(st.sets(st.integers(0, 2)))
    messages = [*asks, *asks, *(market.asks.undo(asks[n]) for n in undone)]
    for message in data.draw(st.permutations(messages)):
        market.say(message)
    kept = sum(100 * (n + 1) for n in range(3) if n not in undone)
    assert market.shop() == kept and market.books.objections() == []
    market.books.close()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x", "Expected '='"),
        ("banks = 1", "banks"),
        ('[banks.a]\nko="a"\n[cards.1]\nexpiry="3012"\ncredit=1', "no bank has its prefix"),
        ('[banks.a]\nko="a"\nprefixes=["1"]\n[cards.1]\nexpiry="3012"', "either an account"),
        (
            '[banks.a]\nko="a"\nprefixes=["1"]\n[cards.1]\nexpiry="3012"\naccount="2"',
            "no account 2",
        ),
        ('[banks.a]\nko="a"\n[accounts.1]\nholder="x"', "no bank has numbers"),
        ('[banks.a]\nko="a"\n[accounts.1]\nholder="x"\npin="12"', "regex"),
    ],
)
def test_a_bad_set_of_people_names_the_place(tmp_path, text, says):
    file = tmp_path / "people.toml"
    file.write_text(text)
    with pytest.raises(PeopleError) as caught:
        read_people(file)
    assert says in str(caught.value)
    assert str(file) in str(caught.value)


def test_shipped_people_have_numbers_that_check():
    assert all(map(is_pan, read_people(MARKET).cards))
