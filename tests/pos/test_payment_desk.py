"""The slip of a payment: durable with the intent as far as it is known, and whole with the result.

A till that ends anywhere in between prints it. Virtual time, the till's real store, a tender of the test's.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from pos.messages import Language
from pos.press import Press
from pos.rights import Right
from pos.tenders.agreement import Ask, Desk, Mover, OverTender, Paid
from pos.tenders.registry import GROUP
from protocols.card_number import CardNumber
from protocols.facts import (
    AttemptClosed,
    AttemptOpened,
    ReceiptCopied,
    RefundClosed,
    SaleClosed,
    Slip,
    TenderVoided,
)
from protocols.outcome import Approved, Declined, Outcome, Unknown
from receipts.forms.slip import RefusedPayment
from tests.pos.conftest import Starting
from tests.support.counter_till import GOODS

MILK = GOODS.items[0].barcodes[0]
READ = Slip(number=str(CardNumber("9410110000000010")), label="HANBIT", entry="chip")
WHOLE = Slip(
    number="941011******0010",
    label="HANBIT",
    entry="chip",
    approval="30012345",
    cryptogram=bytes(8),
    cryptogram_kind="TC",
)
VOID = Slip(number="941011******0010", label="HANBIT", approval="30012399")


@dataclass
class Credit:
    """A card whose bank answers as the test says."""

    outcome: Outcome | None = None
    """None: approved."""
    whole: Slip = WHOLE
    paid: list[Paid] = field(default_factory=list)
    name: str = "credit"
    verb: str = "KX"
    right: Right = Right.PAYMENT_TAKE
    over: OverTender = OverTender.REFUSED
    mover: Mover = Mover.DEVICE

    def label(self, language: Language) -> str:
        return "Credit"

    async def take(self, ask: Ask, desk: Desk) -> Outcome:
        desk.slip(READ)
        await desk.intend("card=1")
        return self._answer(ask, desk, self.whole)

    async def resume(self, ask: Ask, peer: str, desk: Desk) -> Outcome:
        assert desk.known == READ, "what the intent knew is there again"
        return self._answer(ask, desk, self.whole)

    async def give_back(self, ask: Ask, paid: Paid, desk: Desk) -> Outcome:
        self.paid.append(paid)
        await desk.intend("original=1")
        return self._answer(ask, desk, VOID)

    async def resume_back(self, ask: Ask, peer: str, desk: Desk) -> Outcome:
        return self._answer(ask, desk, VOID)

    def _answer(self, ask: Ask, desk: Desk, slip: Slip) -> Outcome:
        if isinstance(self.outcome, Unknown):
            return self.outcome
        desk.slip(slip)
        return self.outcome or Approved(amount=ask.amount, reference=slip.approval)


@pytest.fixture
def credit(monkeypatch: pytest.MonkeyPatch) -> Iterator[Credit]:
    module = ModuleType("stranger_credit")
    module.TENDER = Credit()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "stranger_credit", module)
    yield module.TENDER


def at(start: Starting) -> Any:
    return start(tenders=[EntryPoint("credit", "stranger_credit:TENDER", GROUP)])


def facts(counter: Any, kind: type) -> list[Any]:
    return [fact for fact in counter.facts() if isinstance(fact, kind)]


async def test_slip_is_in_intent_result_and_sale(start: Starting, credit: Credit) -> None:
    counter = await at(start)
    await counter.key("0OS", MILK, "KX")
    [opened], [closed] = facts(counter, AttemptOpened), facts(counter, AttemptClosed)
    [sale] = facts(counter, SaleClosed)
    assert (opened.slip, closed.slip, sale.tenders[0].slip) == (READ, WHOLE, WHOLE)


async def test_part_payment_keeps_its_slip_over_a_sudden_end(
    start: Starting, credit: Credit
) -> None:
    """Between attempt.closed and sale.closed there may be a pulled plug."""
    counter = await at(start)
    await counter.key("0OS", MILK, "1000KX")
    counter = await at(start)
    await counter.key("CA")
    [sale] = facts(counter, SaleClosed)
    assert [tender.slip for tender in sale.tenders] == [WHOLE, None]


async def test_what_the_intent_knew_is_there_when_it_is_asked_about(
    start: Starting, credit: Credit
) -> None:
    credit.outcome = Unknown(case_id="1", code="CRD-05", reason="silent")
    counter = await at(start)
    await counter.key("0OS", MILK, "KX")
    assert facts(counter, AttemptClosed)[0].slip == READ
    credit.outcome = None
    counter = await at(start)
    await counter.key("RS")
    [sale] = facts(counter, SaleClosed)
    assert sale.tenders[0].slip == WHOLE


async def test_refusal_keeps_its_slip(start: Starting, credit: Credit) -> None:
    credit.outcome = Declined(code="CRD-05", reason="funds")
    counter = await at(start)
    await counter.key("0OS", MILK, "KX")
    [closed] = facts(counter, AttemptClosed)
    assert (closed.outcome, closed.slip) == ("declined", WHOLE)


@pytest.mark.parametrize("entries", [("1000KX", "VT"), ("KX", "RT:1", "1RL", "GB"), ("KX", "VF")])
async def test_what_goes_back_knows_the_slip_and_has_its_own(
    start: Starting, credit: Credit, entries: tuple[str, ...]
) -> None:
    counter = await at(start)
    await counter.key("0OS", MILK, *entries)
    assert [paid.slip for paid in credit.paid] == [WHOLE]
    back = [fact.back for fact in facts(counter, TenderVoided)]
    back += [tender for fact in facts(counter, RefundClosed) for tender in fact.tenders]
    assert [tender.slip for tender in back] == [VOID]


def printed(counter: Any) -> list[str]:
    return [paper.decode() for paper in counter.bench.printed]


async def test_a_payment_that_is_signed_for_brings_the_shops_copy_first(
    start: Starting, credit: Credit
) -> None:
    """Each by itself, as soon as it is approved: the customer signs while the receipt comes out."""
    credit.whole = replace(WHOLE, verified="signature")
    counter = await at(start)
    await counter.key("0OS", MILK, "1000KX")
    await counter.settle()
    assert printed(counter) == ["merchant 0 copy 0"]
    await counter.key("KX")
    await counter.settle()
    assert printed(counter)[1:] == ["merchant 0 copy 0", "sale 1 copy 0"]


async def test_a_refusal_is_printed_for_whoever_wants_it_and_again_as_a_copy(
    start: Starting, credit: Credit
) -> None:
    counter = await at(start)
    said = await counter.key("0OS", MILK, "DP")
    assert said is not None and said.code == "RPT-05"
    credit.outcome = Declined(code="CRD-05", reason="funds")
    await counter.key("KX")
    await counter.settle()
    assert printed(counter) == [], "nobody has asked for it"
    await counter.key("DP", "1DP")
    await counter.settle()
    assert printed(counter) == ["declined 1 copy 1", "declined 1 copy 2"]
    reasons = [(fact.reason, fact.copy) for fact in facts(counter, ReceiptCopied)]
    assert reasons == [("refusal", 1), ("refusal", 2)]
    [first, *_] = counter.store.database.rows("SELECT body FROM paper WHERE form = 'declined'")
    refused = msgspec.msgpack.decode(first[0], type=RefusedPayment)
    assert refused.tender.slip == WHOLE and refused.happened
    paper = counter.store.papers.newest("declined")
    told = Press(counter.till.register, columns=42).text(paper)
    assert "재발행 1" in told and "2,980" in told and "결제되지 않았습니다" in told
