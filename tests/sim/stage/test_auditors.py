"""An auditor that cannot object is none: each is shown a shop that is well, and what it must find."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from ips.purse.shadow import Shadow
from ips.store.rows import PaymentRow, QuestionRow
from protocols.facts import (
    AttemptClosed,
    AttemptOpened,
    CashMoved,
    Fact,
    PurseMoved,
    SaleClosed,
    SaleVoided,
    ShiftClosed,
    ShiftOpened,
    Tender,
)
from protocols.journal import Record, encode_record, genesis
from protocols.purse.details import PaymentDetails
from sim.stage import auditors
from sim.stage.auditors import BankTotals, PurseTold
from sim.stage.told import Finding, Told, read_journal

SHOP, CARD = b"THE SHOP", b"CUSTOMER"
PAPERS = Path(__file__).parents[2] / "receipts" / "golden"
"""What a till prints, in every form."""
RECEIPTS = {
    "bank-refund", "bank-sale", "cash-receipt", "e-cash", "linked", "marked", "member", "member-refund",
    "refund", "sale",
}  # fmt: skip
WITHOUT_KEY = {"e-receipt", "purse-statement", "z"}
"""Papers of no one payment, and a page that is no paper."""
DETAILS = PaymentDetails(CARD, SHOP, 700, 410, 5, 9, b"order-01").encode()


def order(sale: int) -> str:
    return f"main-01-20260417-{sale:04d}"


def record(fact: Fact, attempt: str | None = None) -> bytes:
    number = getattr(fact, "sale", 0)
    references = {"sale": order(number)} if number else {}
    return encode_record(
        Record(
            terminal="01",
            epoch=1,
            sequence=1,
            previous=genesis("01", 1),
            kind=fact.kind,
            actor="kim",
            attempt=attempt,
            at_ns=1,
            monotonic_ns=1,
            business_date="20260417",
            references=references,
            body=msgspec.Raw(msgspec.msgpack.encode(fact)),
        )
    )


def opened(sale: int, letter: str = "a", amount: int = 700, method: str = "purse") -> bytes:
    fact = AttemptOpened(sale=sale, method=method, amount=amount)
    return record(fact, f"{order(sale)}-{letter}")


def answered(
    sale: int, outcome: Any, letter: str = "a", amount: int = 700, method: str = "purse"
) -> bytes:
    fact = AttemptClosed(sale=sale, method=method, outcome=outcome, amount=amount)
    return record(fact, f"{order(sale)}-{letter}")


def moved(sale: int, letter: str = "a", details: bytes = DETAILS) -> bytes:
    return record(PurseMoved(details=details, own="payee"), f"{order(sale)}-{letter}")


def sold(sale: int, *tenders: tuple[str, str, int], total: int = 700) -> bytes:
    held = [
        Tender(method=method, attempt=f"{order(sale)}-{letter}", amount=amount)
        for letter, method, amount in tenders
    ]
    return record(SaleClosed(sale=sale, shift=1, lines=[], total=total, tenders=held))


SHIFT = record(ShiftOpened(shift=1, float_amount=1_000, store="main"))
BY_PURSE = [opened(1), answered(1, "approved"), moved(1), sold(1, ("a", "purse", 700))]
BY_CASH = [answered(2, "approved", method="cash"), sold(2, ("a", "cash", 700))]
LATE = [
    opened(3),
    answered(3, "unknown"),
    answered(3, "approved", "b", method="cash"),
    sold(3, ("b", "cash", 700)),
    answered(3, "approved"),
    moved(3, "a", PaymentDetails(CARD, SHOP, 700, 410, 6, 10, b"order-03").encode()),
]
WELL = [SHIFT, *BY_PURSE, *BY_CASH, *LATE]


def told(*records: bytes) -> Told:
    heard, findings = read_journal(records)
    assert findings == []
    return heard


def where(findings: list[Finding]) -> list[str]:
    assert all(finding.money for finding in findings), "each says where the money is"
    return [finding.where for finding in findings]


def test_a_shop_that_is_well_has_no_finding() -> None:
    shop = told(*WELL)

    assert auditors.settled(shop) == []
    assert shop.late() == {f"{order(3)}-a": 700}
    assert auditors.drawers(shop, {"01": 2_400}) == []
    assert auditors.receipts(shop, [f"... {order(n)}-a ..." for n in (1, 2, 3)]) == []
    purses = [PurseTold(name=SHOP, balance=1_400, shop=True), PurseTold(name=CARD, balance=600)]
    assert auditors.purses(shop, purses, issued=2_000) == []


@pytest.mark.parametrize(
    ("more", "auditor"),
    [
        ([opened(1)], "keys"),
        ([answered(1, "approved")], "keys"),
        ([answered(1, "declined")], "keys"),
        ([opened(4), answered(4, "declined"), answered(4, "approved")], "keys"),
        ([opened(4, amount=600), answered(4, "approved")], "keys"),
        ([opened(4), answered(4, "approved"), moved(4)], "keys"),
        ([sold(1, ("a", "purse", 700))], "sales"),
        ([record(SaleVoided(sale=1, shift=1, lines=[], total=700))], "sales"),
        ([sold(4, ("a", "cash", 700))], "sales"),
        ([answered(4, "approved", method="cash"), sold(4, ("a", "cash", 700), total=600)], "sales"),
        ([sold(4, ("a", "cash", 0), total=600)], "sales"),
    ],
)
def test_a_journal_that_contradicts_itself_is_found_at_that_record(
    more: list[bytes], auditor: str
) -> None:
    shop = told(*WELL)

    findings = shop.hear_all(more)

    assert auditor in {finding.auditor for finding in findings}
    assert all(finding.money for finding in findings)


def test_an_attempt_in_doubt_is_found() -> None:
    assert where(auditors.settled(told(*WELL, opened(4)))) == [f"attempt {order(4)}-a"]
    assert where(auditors.settled(told(*WELL, opened(4), answered(4, "unknown")))) != []
    assert auditors.settled(told(*WELL, opened(4), answered(4, "declined"))) == []


def test_a_drawer_that_is_not_what_was_put_in_is_found() -> None:
    out = record(CashMoved(shift=1, direction="out", amount=400, reason="ice"))
    closed = record(
        ShiftClosed(
            shift=1, z=1, store="main", sales=3, gross=2_100, net=0, vat=0, exempt=0,
            by_method={}, float_amount=1_000, expected=2_000, counted=2_000, over_short=0,
        )
    )  # fmt: skip

    assert auditors.drawers(told(*WELL, out), {"01": 2_000}) == []
    assert where(auditors.drawers(told(*WELL, out), {"01": 2_400})) == ["drawer of terminal 01"]
    assert auditors.drawers(told(*WELL, out, closed), {"01": 0}) == []


def test_a_receipt_without_a_sale_and_a_sale_without_a_receipt_are_found() -> None:
    shop = told(SHIFT, *BY_PURSE, *BY_CASH)
    one, two, ghost = (f"영수증\n거래 {order(n)}-a\n" for n in (1, 2, 9))

    assert auditors.receipts(shop, [one], waiting=[order(2)]) == []
    assert where(auditors.receipts(shop, [one])) == [f"receipt of {order(2)}"]
    assert where(auditors.receipts(shop, [one, two, ghost])) == [f"receipt of {order(9)}"]
    assert where(auditors.receipts(shop, [one, one, two])) == [f"receipt of {order(1)}"]
    slip = f"SITUATION Key {order(1)}-a This is no receipt"
    assert auditors.receipts(shop, [slip, one, two]) == []
    assert where(auditors.receipts(shop, [slip, two])) == [f"receipt of {order(1)}"]
    assert auditors.receipts(shop, [one, f"*** 재발행 1 ***\n{one}", two]) == []


def printed() -> dict[str, list[str]]:
    """Return every paper that shows a key, by its form."""
    papers: dict[str, list[str]] = {}
    for path in sorted(PAPERS.glob("*.txt")):
        form = path.stem.rsplit("-", 2)[0]
        if form not in WITHOUT_KEY:
            papers.setdefault(form, []).append(path.read_text(encoding="utf-8"))
    return papers


def test_every_receipt_passes_for_one_and_no_other_paper_does() -> None:
    passing = {form for form, texts in printed().items() if any(map(auditors.is_receipt, texts))}

    assert passing == RECEIPTS
    assert all(auditors.is_receipt(text) for form in RECEIPTS for text in printed()[form])


@pytest.mark.parametrize("form", sorted(printed().keys() - RECEIPTS))
def test_no_half_of_a_slip_that_the_end_of_the_roll_tore_off_passes_for_a_receipt(
    form: str,
) -> None:
    """That it is no receipt may stand at its end only: it is known by its title, wherever it was torn."""
    for slip in printed()[form]:
        lines = slip.splitlines(keepends=True)
        halves = ["".join(lines[:end]) for end in range(1, len(lines) + 1)]
        assert [half for half in halves if auditors.is_receipt(half)] == []


def test_a_slip_that_was_torn_off_beside_its_sales_receipt_is_no_second_original() -> None:
    shop = told(SHIFT, *BY_PURSE)
    one = f"영수증\n거래 {order(1)}-b\n"
    torn = f"PAYMENT VOIDED\nE-cash 700\nKey {order(1)}-a\n"

    assert auditors.receipts(shop, [torn, one]) == []
    assert where(auditors.receipts(shop, [torn])) == [f"receipt of {order(1)}"]
    assert where(auditors.receipts(shop, [torn, one, one])) == [f"receipt of {order(1)}"]


def test_value_that_is_made_or_lost_is_found() -> None:
    shop = told(SHIFT, *BY_PURSE)
    own = PurseTold(name=SHOP, balance=700, shop=True)

    def found(card: int, on_its_way: int = 0, own: PurseTold = own) -> list[Finding]:
        held = [own, PurseTold(name=CARD, balance=card)]
        return auditors.purses(shop, held, issued=2_000, on_its_way=on_its_way)

    assert found(1_300) == found(1_200, on_its_way=100) == []
    assert "100 are nowhere" in str(found(1_200)[0])
    assert "50 came from nowhere" in str(found(1_350)[0])
    richer = PurseTold(name=SHOP, balance=800, shop=True)
    assert where(found(1_200, own=richer)) == [f"shop's purse {SHOP.hex()}"]


@pytest.mark.parametrize(
    ("by_card", "theirs", "found"),
    [
        (700, 700, []),
        (700, 690, ["settlement with hanbit", "the tills' Zs"]),
        (690, 700, ["the tills' Zs"]),
        (0, 0, ["settlement with hanbit"]),
    ],
)
def test_totals_of_a_day_that_part_are_found(by_card: int, theirs: int, found: list[str]) -> None:
    closed = ShiftClosed(
        shift=1, z=1, store="main", sales=1, gross=700, net=700, vat=0, exempt=0,
        by_method={"card": by_card, "cash": 5}, float_amount=0, expected=5, counted=5, over_short=0,
    )  # fmt: skip
    ours = (0, 0, 1, 0, 0, 0, 700, 0)
    said = BankTotals(
        bank="hanbit", agreed=theirs == 700, ours=ours, theirs=(0, 0, 1, 0, 0, 0, theirs, 0)
    )
    heard = told(record(closed))
    assert where(auditors.totals(heard, [said])) == found


def test_money_that_is_owed_to_customers_is_in_no_z_and_in_the_banks_totals() -> None:
    late = [
        opened(3, method="card"),
        answered(3, "unknown", method="card"),
        answered(3, "approved", "b", method="cash"),
        sold(3, ("b", "cash", 700)),
        answered(3, "approved", method="card"),
    ]
    ours = (0, 0, 1, 0, 0, 0, 700, 0)
    said = BankTotals(bank="hanbit", agreed=True, ours=ours, theirs=ours)
    assert auditors.totals(told(*late), [said]) == []
    assert where(auditors.totals(told(*late[:-1]), [said])) == ["the tills' Zs"]


@pytest.mark.parametrize("stored", [[b"a"], [b"a", b"c"], [b"a", b"b", b"b"], []])
def test_records_that_the_broker_has_otherwise_are_found(stored: list[bytes]) -> None:
    assert auditors.uploads("01", [b"a", b"b"], [b"a", b"b"]) == []
    assert len(auditors.uploads("01", [b"a", b"b"], stored)) == 1


def test_a_purse_of_which_the_issuer_knows_otherwise_is_found() -> None:
    card = PurseTold(name=CARD, balance=600)

    def known(balance: int) -> list[Shadow]:
        return [
            Shadow(
                name=CARD.hex(), currency="KRW", purse_class=0, made=True,
                gained=balance, lost=0, in_flight=0, paid=0,
            )
        ]  # fmt: skip

    assert auditors.shadows([card], known(600)) == []
    assert where(auditors.shadows([card], known(601))) == [f"purse {CARD.hex()}"]
    assert where(auditors.shadows([card], [])) == [f"purse {CARD.hex()}"]


def payment(key: str, state_class: str, paid: int = 700) -> PaymentRow:
    return PaymentRow(
        key=key, order_key=key[:-2], module="purse", flow="sale", flow_pin="", store="main",
        terminal="01", business_date="20260417", currency="KRW", amount=700, state=state_class,
        state_class=state_class, open=0, paid=paid, refund_requested=0, refunded=0, reference="",
        reason="", at_ns=0, due_ns=0, record=b"",
    )  # fmt: skip


ROWS = {
    f"{order(1)}-a": "settled",
    f"{order(2)}-a": "settled",
    f"{order(3)}-a": "owed",
    f"{order(3)}-b": "settled",
}


@pytest.mark.parametrize(
    ("key", "state_class", "paid"),
    [
        (f"{order(1)}-a", "settled", 600),
        (f"{order(1)}-a", "owed", 700),
        (f"{order(3)}-a", "settled", 700),
        (f"{order(9)}-a", "settled", 700),
        (f"{order(1)}-a", "", 0),
    ],
)
def test_what_the_broker_says_otherwise_of_a_payment_is_found(
    key: str, state_class: str, paid: int
) -> None:
    shop = told(*WELL)
    rows = {name: payment(name, kind) for name, kind in ROWS.items()}
    assert auditors.payments(shop, rows.values()) == []

    if state_class:
        rows[key] = payment(key, state_class, paid)
    else:
        del rows[key]

    assert where(auditors.payments(shop, rows.values())) != []


def asked(code: str, about: str) -> QuestionRow:
    return QuestionRow("01", 1, 5, code, "", "why", about, 700, 0)


def test_a_question_without_a_reason_and_late_money_without_a_question_are_found() -> None:
    shop = told(*WELL)
    late, well = f"{order(3)}-a", f"{order(1)}-a"
    reason = asked("duplicate-payment", late)

    assert auditors.questions(shop, [reason]) == []
    assert auditors.questions(shop, [reason, asked("clock", "")], also={"clock"}) == []
    assert where(auditors.questions(shop, [])) == [f"attempt {late}"]
    assert where(auditors.questions(shop, [reason, reason])) == [f"attempt {late}"]
    assert len(auditors.questions(shop, [reason, asked("duplicate-payment", well)])) == 1
    assert len(auditors.questions(shop, [reason, asked("not-booked", late)])) == 1


BALANCES = {
    "sales/grocery": -1_900,
    "tax/vat": -200,
    "customer-credit/main": -700,
    "clearing/purse/main": 0,
    "float-issued": -2_000,
    "till/main/01": 2_100,
    f"purse/merchant/{SHOP.hex()}": 1_400,
    "safe/main": 300,
}


@pytest.mark.parametrize("account", sorted(BALANCES))
def test_an_account_that_is_not_what_happened_is_found(account: str) -> None:
    drop = record(CashMoved(shift=1, direction="drop", amount=300, reason="evening"))
    shop = told(*WELL, drop)
    own = [PurseTold(name=SHOP, balance=1_400, shop=True)]
    assert auditors.ledger(shop, BALANCES, issued=2_000, shops=own) == []

    wrong = BALANCES | {account: BALANCES[account] + 1}
    found = auditors.ledger(shop, wrong, issued=2_000, shops=own)

    assert len(found) == 1
