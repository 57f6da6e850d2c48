"""Korean cash receipts: whose, for what, when one is issued unasked, and no whole number anywhere."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pos import commands
from pos.cash_receipt import asked, read_number
from pos.entry import masked, parse_entry
from pos.press import Press
from pos.sale_events import CashReceiptWanted, Goods
from pos.sale_state import Sale, SaleLine
from pos.view import Stage
from protocols.cash_receipt_agent import open_number
from protocols.documents import Policy
from protocols.facts import CashReceiptAsked, SaleClosed, Tender
from protocols.money import CURRENCIES
from protocols.purse.suite import public_key, secret_from
from tests.support.counter_till import Counter, Starting
from tests.support.staff import put_policy

RICE = "8809000000018"
"""35,000 won each."""
PHONE = "01012345678"


def receipt(counter: Counter) -> CashReceiptAsked | None:
    [*_, sale] = counter.facts()
    assert isinstance(sale, SaleClosed)
    return sale.cash_receipt


@pytest.mark.parametrize(
    ("number", "purpose", "shown"),
    [
        (PHONE, "income", "010****5678"),
        ("010-1234-5678", "income", "010****5678"),
        ("011 234 5678", "income", "011***5678"),
        ("1234567890123456", "income", "123*********3456"),
        ("154412345678901234", "income", "154***********1234"),
        ("123-45-67891", "expense", "123***7891"),
        ("010-000-1234", "self", "010-000-1234"),
        ("", "self", "010-000-1234"),
    ],
)
def test_a_number_says_whose_it_is_and_what_for(number: str, purpose: str, shown: str) -> None:
    wanted = read_number(number)

    assert (wanted.purpose, wanted.shown) == (purpose, shown)


@pytest.mark.parametrize(
    "number",
    [
        "123-45-67890",  # the last digit of a business number is a check digit
        "0101234567",
        "9001011234567",  # a resident number is nobody's to keep
        "0212345678",
        "abc",
        "12345678901234567890",
        "٠١٠١٢٣٤٥٦٧٨",
    ],
)
def test_what_is_no_such_number_is_refused_without_repeating_it(number: str) -> None:
    with pytest.raises(ValueError, match="no phone, business or card number") as refused:
        read_number(number)

    assert number not in str(refused.value)


@given(st.from_regex(r"(010[0-9]{8}|01[16789][0-9]{7,8}|[0-9]{16,19})", fullmatch=True))
def test_no_whole_number_leaves_the_entry(number: str) -> None:
    """Law 4: seven digits are left at most, and of what is shown while it is typed, four."""
    for entry in (f"CR:{number}", f"{number}CR", f"cr:{number}"):
        command = parse_entry(entry)
        assert number not in repr(command)
        assert sum(letter.isdigit() for letter in repr(command)) == 7
        assert sum(letter.isdigit() for letter in masked(entry)) == 4


async def test_a_sale_in_cash_asks_for_the_receipt_its_customer_gave_a_number_for(
    start: Starting,
) -> None:
    """Of any amount; only the masked number is in the store."""
    counter = await start()
    await counter.key("OS", RICE)

    said = await counter.key(f"CR:{PHONE}")
    await counter.key("CA")

    assert said is not None and said.banner.startswith("현금영수증 소득공제 010****5678")
    assert receipt(counter) == CashReceiptAsked(
        purpose="income", shown="010****5678", amount=35_000
    )
    assert not any(PHONE.encode() in data for data in counter.store.records(0))


async def test_from_100000_won_on_the_till_asks_and_issues_it_unasked(start: Starting) -> None:
    """The law: also where the customer wants none; the sale never waits for a number."""
    counter = await start()
    await counter.key("OS", f"3*{RICE}")

    hint = await counter.key("TL")
    done = await counter.key("CA")

    assert hint is not None and (hint.level, "물어보세요" in hint.banner) == ("A", True)
    assert done is not None and "자진발급" in done.banner
    assert receipt(counter) == CashReceiptAsked(
        purpose="self", shown="010-000-1234", amount=105_000
    )


@pytest.mark.parametrize(
    ("limit", "pays", "expected"),
    [
        ("105000", ("CA",), 105_000),
        ("105001", ("CA",), None),
        ("0", ("CA",), None),
        ("100000", ("5000CA", "CA"), 105_000),
        ("105001", ("CR", "CA"), None),
        ("100000", ("CR", "CA"), 105_000),
    ],
)
async def test_exactly_from_the_limit_on(
    start: Starting, limit: str, pays: tuple[str, ...], expected: int | None
) -> None:
    counter = await start()
    register = counter.till.register
    register.policy = type(register.policy)(cash_receipt_prompt_from=int(limit))
    await counter.key("OS", f"3*{RICE}", *pays)

    got = receipt(counter)

    assert (got.amount if got else None) == expected


@pytest.mark.parametrize(
    ("paid", "amount"),
    [
        ({"card": 95_000, "cash": 5_000}, 5_000),
        ({"cash": 60_000, "exchange": 40_000}, 60_000),
        ({"card": 100_000}, None),
    ],
)
def test_the_limit_is_of_the_sale_and_the_receipt_of_the_cash_in_it(
    paid: dict[str, int], amount: int | None
) -> None:
    """The law counts the goods; only cash has a cash receipt, also where a number was given."""
    goods = Goods(sku="tv", name_ko="TV", name_en="TV", unit_price=100_000)
    tenders = tuple(
        Tender(method=method, attempt=f"S1-01-20260417-0001-{method[0]}", amount=money)
        for method, money in paid.items()
    )
    sale = Sale(number=1, lines=(SaleLine(goods=goods, quantity=1_000),), tenders=tenders)
    wanted = CashReceiptWanted(purpose="income", shown="010****5678")

    got = [asked(sale, 100_000), asked(replace(sale, cash_receipt=wanted), 100_000)]

    assert [each and (each.purpose, each.amount) for each in got] == (
        [None, None] if amount is None else [("self", amount), ("income", amount)]
    )


async def test_the_last_number_counts_and_goes_along_with_a_held_sale(start: Starting) -> None:
    counter = await start()
    await counter.key("OS", RICE, f"CR:{PHONE}", "CR:123-45-67891", "HO", "1RC", "CA")

    assert receipt(counter) == CashReceiptAsked(
        purpose="expense", shown="123***7891", amount=35_000
    )


async def test_asking_for_one_leaves_the_subtotal_where_it_is(start: Starting) -> None:
    """The quick amounts stay: number, then the digit of the note."""
    counter = await start()
    await counter.key("OS", RICE, "TL", f"CR:{PHONE}")

    assert counter.till.view.stage is Stage.SUBTOTAL


@pytest.mark.parametrize("code", [f"CR:{PHONE}", f"{PHONE}CR", "7PN:4711"])
async def test_one_that_came_as_a_code_is_not_repeated(start: Starting, code: str) -> None:
    """A scanner's burst is a code; a message about it shows no more of it than the entry line would."""
    counter = await start()
    await counter.key("OS")

    said = await counter.till.execute(commands.Scan(code))

    assert said is not None and said.code == "ENT-03"
    assert masked(code) in said.banner
    assert PHONE not in said.banner and "4711" not in said.banner


async def test_without_goods_or_without_won_there_is_none(start: Starting) -> None:
    counter = await start()
    await counter.key("OS")
    nothing = await counter.key("CR")

    assert nothing is not None and nothing.code == "PAY-01"


async def test_another_currency_has_no_korean_cash_receipts(start: Starting) -> None:
    counter = await start(currency=CURRENCIES["USD"])
    await counter.key("OS", f"3*{RICE}")
    refused = await counter.key("CR")
    await counter.key("CA")

    assert refused is not None and refused.code == "ENT-11"
    assert receipt(counter) is None


async def test_the_paper_says_that_nothing_is_approved(start: Starting) -> None:
    counter = await start()
    await counter.key("OS", RICE, f"CR:{PHONE}", "CA")
    paper = counter.store.papers.of_sale("20260417", 1)
    assert paper is not None

    text = Press(counter.till.register, columns=42).text(paper)

    assert "현금영수증 (소득공제)" in text
    assert "010****5678" in text
    assert "승인 전" in text
    assert PHONE not in text


SECRET = secret_from(bytes(range(40)))
SEALING = Policy(cash_receipt_key=public_key(SECRET).hex())


async def sealing(start: Starting) -> Counter:
    """Start a till whose broker sends cash receipts to an agent."""
    counter = await start()
    put_policy(counter.store, SEALING)
    await counter.till.load_goods()
    await counter.key("OS")
    return counter


async def test_the_whole_number_is_sealed_for_the_broker(start: Starting, tmp_path: Path) -> None:
    """4d: the agent needs it, and nobody on the way; no file of the till has it."""
    counter = await sealing(start)
    await counter.key(RICE, f"CR:{PHONE}", "CA")
    asked_for = receipt(counter)

    assert asked_for is not None and asked_for.shown == "010****5678"
    assert open_number(asked_for.sealed, shown=asked_for.shown, secret=SECRET) == PHONE
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"010****5678" in written and PHONE.encode() not in written
    assert PHONE not in repr(parse_entry(f"CR:{PHONE}"))


async def test_it_is_sealed_anew_each_time_and_the_last_one_counts(start: Starting) -> None:
    """Two seals of one number have nothing in common; a basket that was held keeps its seal."""
    counter = await sealing(start)
    await counter.key(RICE, f"CR:{PHONE}")
    first = counter.till.register.sale.cash_receipt
    await counter.key("CR:010-9999-8888", f"CR:{PHONE}", "HO", "1RC", "CA")
    second = receipt(counter)

    assert first is not None and second is not None
    assert first.sealed != second.sealed
    assert open_number(second.sealed, shown=second.shown, secret=SECRET) == PHONE


async def test_nobodys_receipt_and_a_till_without_a_key_seal_nothing(start: Starting) -> None:
    counter = await sealing(start)
    await counter.key(RICE, RICE, RICE, "CR", "CA")
    assert receipt(counter) == CashReceiptAsked(
        purpose="self", shown="010-000-1234", amount=105_000
    )
    put_policy(counter.store, Policy())
    await counter.till.load_goods()
    await counter.key(RICE, f"CR:{PHONE}", "CA")
    assert receipt(counter) == CashReceiptAsked(
        purpose="income", shown="010****5678", amount=35_000
    )
