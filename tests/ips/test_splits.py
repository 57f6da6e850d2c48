"""Splits: the parts of a receipt are its total, whatever the receipt says."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ips.postings import legs_to_transfers
from ips.scrub import is_luhn_valid, mask_secrets
from ips.splits import Split, part_of, returns_of, segment, split_receipt
from protocols.facts import SaleClosed
from protocols.money import Money, split_tax
from tests.ips.model import figures, line

AMOUNTS = st.integers(-10_000, 1_000_000)
LINES = st.lists(
    st.builds(
        line,
        AMOUNTS,
        group=st.sampled_from(["a", "b", "", "x/y"]),
        tax=st.sampled_from(["taxed", "exempt"]),
        voided=st.booleans(),
    ),
    max_size=8,
)


@settings(max_examples=150)
@given(lines=LINES, total=st.none() | AMOUNTS, vat=st.none() | AMOUNTS)
def test_parts_are_always_the_total(
    lines: list[object], total: int | None, vat: int | None
) -> None:
    """Facts are never refused: any figures at all still split into parts that sum to the total."""
    sums = figures(lines)  # type: ignore[arg-type]
    if total is not None:
        sums["total"] = total
    if vat is not None:
        sums["vat"] = vat
    fact = SaleClosed(sale=1, shift=1, lines=lines, tenders=[], **sums)  # type: ignore[arg-type]

    split = split_receipt(fact, "sales", 10)

    assert sum(split.parts.values()) == fact.total
    assert all(account == "tax/vat" or account.count("/") == 1 for account in split.parts)


@settings(max_examples=100)
@given(amounts=st.lists(st.integers(0, 10**6), min_size=1, max_size=6), rate=st.integers(0, 30))
def test_good_receipt_books_the_tax_it_prints(amounts: list[int], rate: int) -> None:
    """Tax is taken once per receipt, never per line."""
    lines = [line(amount, group=f"g{n}") for n, amount in enumerate(amounts)]
    printed = split_tax(Money(sum(amounts)), rate)
    fact = SaleClosed(
        sale=1,
        shift=1,
        lines=lines,
        tenders=[],
        total=sum(amounts),
        net=printed.net.minor,
        vat=printed.tax.minor,
    )

    split = split_receipt(fact, "sales", rate)

    assert split.parts["tax/vat"] == printed.tax.minor
    assert (split.lines_off, split.tax_off) == (0, "")


@given(amount=st.integers(0, 20_000))
def test_part_keeps_the_proportions_and_loses_nothing(amount: int) -> None:
    """A refund of a part takes back tax and income in the proportion they were booked."""
    parts = {"tax/vat": 909, "sales/a": 6091, "sales/b": 3000}
    split = returns_of(Split(parts=parts, groups={}))

    part = part_of(split, amount)

    assert sum(part.values()) == amount
    assert part.keys() == {"tax/vat", "returns/a", "returns/b"}


@given(legs=st.dictionaries(st.text("abcdefgh", min_size=1), st.integers(-(10**9), 10**9)))
def test_legs_become_as_few_transfers_as_it_takes(legs: dict[str, int]) -> None:
    """Accounts end where the legs say, with fewer transfers than legs."""
    legs["rest"] = legs.get("rest", 0) - sum(legs.values())

    transfers = legs_to_transfers(legs, currency="KRW", memo="x")

    moved = dict.fromkeys(legs, 0)
    for transfer in transfers:
        moved[transfer.debit] += transfer.amount
        moved[transfer.credit] -= transfer.amount
    assert moved == legs
    assert len(transfers) < max(len(legs), 2)


def test_group_names_become_one_step_of_a_path() -> None:
    """A group from a till cannot reach another account."""
    assert segment("과자") == "과자"
    assert segment("a/b") == "a-b"
    assert segment("{sales}") == "-sales-"
    assert segment("") == segment("  ") == "unassigned"
    assert len(segment("x" * 99)) == 40


def test_secrets_are_masked_and_other_numbers_stay() -> None:
    """PAN by Luhn, tracks, PIN fields; an order number stays readable."""
    text = "pan 4111 1111 1111 1111 order 20260417000123456 PIN=1234 ;5500000000000004=2912101123?"

    masked = mask_secrets(text)

    assert "411111******1111" in masked and "20260417000123456" in masked
    assert "1234 " not in masked and "2912101123" not in masked
    assert is_luhn_valid("4111111111111111") and not is_luhn_valid("4111111111111112")
