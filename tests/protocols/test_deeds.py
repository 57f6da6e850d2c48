"""Records read as deeds: who did it, who allowed it, and how much it was about."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.deeds import KINDS, Wanted, counted, deeds_of
from protocols.facts import (
    FACTS,
    AttemptParked,
    CashMoved,
    DrawerOpened,
    Fact,
    Line,
    ReceiptCopied,
    Reduction,
    RefundClosed,
    SaleClosed,
    SaleVoided,
    ShiftOpened,
    StaffApproved,
    StaffRefused,
    StaffSigned,
    encode_fact,
)
from protocols.journal import Record, genesis
from tests.protocols.test_facts import RELEASED, struct_of


def record(fact: Fact, approver: str | None = None) -> Record:
    return Record(
        terminal="01",
        epoch=1,
        sequence=5,
        previous=genesis("01", 1),
        kind=fact.kind,
        actor="7",
        approver=approver,
        attempt=None,
        at_ns=1,
        monotonic_ns=1,
        business_date="20260417",
        currency="KRW",
        amount=900,
        references={"sale": "S1-01-20260417-0001"},
        body=encode_fact(fact),
    )


def line(**changes: object) -> Line:
    known: dict[str, object] = {"sku": "1", "name_ko": "우유", "name_en": "milk", "quantity": 2_000}
    return Line(**{**known, "unit_price": 1_000, "amount": 2_000, **changes})  # type: ignore[arg-type]


SALE = {"sale": 1, "shift": 1, "total": 5, "tenders": []}


@pytest.mark.parametrize(
    ("fact", "told"),
    [
        (DrawerOpened(shift=1, reason="잔돈"), [("no-sale", 0, "잔돈")]),
        (
            SaleVoided(sale=1, shift=1, lines=[line(voided=True), line()], total=9, reason="x"),
            [("void", 9, "x"), ("void-line", 2_000, "우유")],
        ),
        (
            SaleClosed(
                lines=[
                    line(),
                    line(voided=True, discount=100, list_price=1_200),
                    line(discount=300, sale_discount=100, approver="3"),
                    line(list_price=1_500, reason="흠집"),
                ],
                reductions=[Reduction(amount=100, percent=5), Reduction(amount=7, code="C1")],
                **SALE,
            ),
            [
                ("void-line", 2_000, "우유"),
                ("discount", 200, "우유"),
                ("price", 1_000, "우유 흠집"),
                ("discount", 100, "5%"),
                ("discount", 7, "C1"),
            ],
        ),
        (ReceiptCopied(sale=1, copy=2, reason="restart"), [("reprint", 0, "copy 2 restart")]),
        (CashMoved(shift=1, direction="in", amount=5, reason="a"), [("cash", 5, "in: a")]),
        (CashMoved(shift=1, direction="out", amount=5, reason="a"), [("cash", -5, "out: a")]),
        (
            RefundClosed(sale=1, shift=1, lines=[], total=5, tenders=[], reason="b"),
            [("refund", 5, "b")],
        ),
        (
            AttemptParked(sale=1, method="purse", amount=5, instead="void"),
            [("park", 5, "purse, then void")],
        ),
        (StaffApproved(right="shift.read"), [("override", 0, "shift.read")]),
        (StaffRefused(person="3", reason="pin", tries=3), [("refused", 0, "3: pin")]),
        (StaffSigned(act="on", person="7", role="clerk", before="3"), [("sign", 0, "on from 3")]),
        (
            StaffSigned(act="lock", person="7", role="clerk", reason="idle"),
            [("sign", 0, "lock idle")],
        ),
        (ShiftOpened(shift=1, float_amount=5, store="S1"), []),
    ],
)
def test_fact_is_read_as_what_somebody_did(fact: Fact, told: list[tuple[str, int, str]]) -> None:
    """Kind, amount, and the words of the record."""
    found = deeds_of(record(fact))

    assert [(deed.kind, deed.amount, deed.what) for deed in found] == told
    assert {(deed.actor, deed.date, deed.sale) for deed in found} <= {
        ("7", "20260417", "S1-01-20260417-0001")
    }
    assert {deed.kind for deed in found} <= set(KINDS)


def test_what_somebody_else_allowed_is_an_override_of_whatever_kind() -> None:
    """Also of a kind that is nothing to ask about otherwise; an approved line names its own."""
    [moved] = deeds_of(record(CashMoved(shift=1, direction="in", amount=5, reason="a"), "3"))
    [opened] = deeds_of(record(ShiftOpened(shift=1, float_amount=5, store="S1"), "3"))
    [off] = deeds_of(record(SaleClosed(lines=[line(discount=9, approver="1")], **SALE), "3"))

    assert (moved.kind, moved.approver, moved.override) == ("cash", "3", True)
    assert (opened.kind, opened.amount, opened.what) == ("override", 900, "shift.opened")
    assert (off.kind, off.approver, off.override) == ("discount", "1", False)


def test_only_what_is_wanted_is_taken() -> None:
    """By kind, by date, by who did or allowed it, by terminal."""
    [deed] = deeds_of(record(CashMoved(shift=1, direction="in", amount=5, reason="a"), "3"))
    takes = (
        Wanted(),
        Wanted(kinds=frozenset({"cash"})),
        Wanted(kinds=frozenset({"override"})),
        Wanted(date="20260417", person="7", terminal="01"),
        Wanted(person="3"),
    )
    leaves = (
        Wanted(kinds=frozenset({"void"})),
        Wanted(date="20260418"),
        Wanted(person="1"),
        Wanted(terminal="02"),
    )
    assert [wanted.takes(deed) for wanted in takes] == [True] * len(takes)
    assert [wanted.takes(deed) for wanted in leaves] == [False] * len(leaves)


def test_deeds_are_counted_in_one_order() -> None:
    """A line under the table."""
    [moved] = deeds_of(record(CashMoved(shift=1, direction="in", amount=5, reason="a")))
    [opened] = deeds_of(record(DrawerOpened(shift=1, reason="a")))
    assert counted([moved, opened, moved]) == "1 no-sale, 2 cash"
    assert counted([]) == "nothing"


def test_record_of_a_newer_program_is_no_deed() -> None:
    """It is kept and asked about elsewhere."""
    strange = record(DrawerOpened(shift=1, reason="a"))
    assert deeds_of(Record(**{**_fields(strange), "kind": "sale.teleported"})) == []


@pytest.mark.parametrize("kind", sorted(FACTS))
@settings(deadline=None)
@given(data=st.data())
def test_any_fact_is_read_without_an_error(kind: str, data: st.DataObject) -> None:
    """Whatever stands in it."""
    fact = data.draw(struct_of(FACTS[kind]))
    assert isinstance(fact, Fact)
    assert all(deed.kind in KINDS for deed in deeds_of(record(fact, "3")))
    assert kind in RELEASED


def _fields(of: Record) -> dict[str, object]:
    return {name: getattr(of, name) for name in Record.__struct_fields__}
