"""What a paper says, as text: the sale, the copy mark, the record that still waits, X and Z."""

from dataclasses import replace

import msgspec
import pytest

from pos.config import parse_config
from pos.press import Press
from pos.register import Register
from pos.store.errors import StoreError
from pos.store.papers import Paper
from pos.store.store import Store
from pos.store.threads import StoreInline
from pos.tenders.registry import find_tenders
from pos.wiring import setup_of
from protocols.facts import Line, SaleClosed, ShiftClosed, Tender

SALE = SaleClosed(
    sale=7,
    shift=1,
    lines=[
        Line(sku="m", name_ko="서울우유 1L", name_en="Seoul Milk", quantity=2000, unit_price=2980, amount=5960)
    ],
    total=5960,
    net=5418,
    vat=542,
    tenders=[Tender(method="cash", attempt="S1-01-20260417-0007-a", amount=5960, tendered=10000, change=4040)],
)  # fmt: skip


@pytest.fixture
def press(store: Store, clock, places, tmp_path) -> Press:
    config = parse_config(
        '[store]\nbusiness_number = "123-45-67891"\n[clerk]\nid = "kim"\nname = "김영희"',
        tmp_path / "pos.toml",
    )
    register = Register(
        setup=setup_of(config),
        clock=clock,
        faults=places,
        runner=StoreInline(store),
        tenders=find_tenders(),
        terminal="01",
        business_date="20260418",
    )
    return Press(register, columns=42)


def paper(**changes: object) -> Paper:
    made = Paper(
        form="sale",
        body=msgspec.msgpack.encode(SALE),
        actor="kim",
        business_date="20260417",
        sale=7,
        sequence=3,
        at_ns=1_776_387_600_000_000_000,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_a_receipt_shows_store_goods_tax_change_and_key(press: Press) -> None:
    """T1: everything that a return and a tax office ask for, from the stored fact alone."""
    text = press.text(paper())

    for said in ("한빛마트", "123-45-67891", "서울우유 1L", "5,960", "5,418", "542", "4,040",
                 "김영희", "S1-01-20260417-0007", "2026-04-17 10:00"):  # fmt: skip
        assert said in text
    assert "재발행" not in text


def test_a_copy_and_a_waiting_record_say_so(press: Press) -> None:
    """clerk-and-courier.md 2.3 rule 9: like the German outage rule, the paper tells."""
    press._register.offline = True

    text = press.text(paper(copy=2))

    assert "재발행" in text
    assert "전송 대기" in text


def test_the_printer_gets_the_same_in_its_own_language(press: Press) -> None:
    data = press(paper())

    assert data.startswith(b"\x1b@")
    assert "서울우유".encode("cp949") in data


def test_a_z_shows_its_number_and_an_x_hides_the_count(press: Press) -> None:
    figures = ShiftClosed(
        shift=1, z=12, store="S1", sales=1, gross=5960, net=5418, vat=542, exempt=0,
        by_method={"cash": 5960}, float_amount=50_000, expected=55_960, counted=55_000, over_short=-960,
    )  # fmt: skip
    body = msgspec.msgpack.encode(figures)

    z, x = press.text(paper(form="z", body=body)), press.text(paper(form="x", body=body))

    assert "0012" in z
    assert "55,960" in z
    assert "55,960" not in x


def test_a_paper_that_cannot_be_read_is_a_store_error(press: Press) -> None:
    with pytest.raises(StoreError, match="paper 0"):
        press.text(paper(body=b"\xc1"))
