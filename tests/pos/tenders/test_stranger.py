"""A stranger's way to pay, installed by an entry point: keyed, sold with, journalled and printed like ours.

Nothing in the till knows it. It has a word, a label, a peer of its own, and evidence in its own bytes.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest

from pos.catalogue import replace_catalogue
from pos.entry import parse_entry
from pos.equipment import NoDisplay, NoDrawer
from pos.headless import Run, Sell, answer
from pos.messages import Language
from pos.press import Press
from pos.register import Clerk, Register, Setup
from pos.rights import Right, Role
from pos.store.store import FILE_NAME, Store
from pos.store.threads import StoreInline
from pos.tenders.agreement import Ask, Desk, Mover, OverTender
from pos.tenders.registry import GROUP, find_tenders
from pos.till import Till
from protocols.facts import AttemptOpened, SaleClosed, ValueTaken, decode_fact
from protocols.journal import decode_record
from protocols.outcome import Approved, Outcome
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from tests.pos.conftest import PassBy
from tests.support.counter_till import GOODS

MILK, PRICE = "8801115114154", 2_980


@dataclass(frozen=True)
class Stamps:
    """Loyalty stamps that a customer's account gives; the account is the peer."""

    account: dict[str, int] = field(default_factory=lambda: {"balance": 10_000})
    name: str = "stamps"
    verb: str = "SX"
    right: Right = Right.PAYMENT_TAKE
    over: OverTender = OverTender.REFUSED
    mover: Mover = Mover.DEVICE

    def label(self, language: Language) -> str:
        return {"ko": "스탬프", "en": "Stamps"}[language]

    async def take(self, ask: Ask, desk: Desk) -> Outcome:
        key = await desk.intend("account=1")
        self.account["balance"] -= ask.amount.minor
        desk.keep(
            ValueTaken(method=self.name, device="1", amount=ask.amount.minor, details=key.encode())
        )
        return Approved(amount=ask.amount, reference="P-1")


@pytest.fixture
def stamps() -> Iterator[Stamps]:
    module = ModuleType("stranger_stamps")
    module.TENDER = Stamps()  # type: ignore[attr-defined]
    sys.modules["stranger_stamps"] = module
    yield module.TENDER
    del sys.modules["stranger_stamps"]


def test_strangers_tender_is_keyed_sold_with_and_printed(tmp_path: Path, stamps: Stamps) -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        with Store(tmp_path / FILE_NAME, clock=clock) as store:
            replace_catalogue(store.database, GOODS, now_ns=clock.now_ns())
            entry = EntryPoint("stamps", "stranger_stamps:TENDER", GROUP)
            register = Register(
                setup=Setup(
                    store="S1",
                    store_name="한빛마트",
                    clerk=Clerk(id="kim", name="김영희", role=Role.MANAGER),
                    zone=ZoneInfo("Asia/Seoul"),
                ),
                clock=clock,
                faults=PassBy(),
                runner=StoreInline(store),
                tenders=find_tenders([entry]),
            )
            till = Till(register, drawer=NoDrawer(), display=NoDisplay())
            await till.start()
            assert till.view.tenders["SX"] == "stamps"
            await till.execute(parse_entry("0OS"))
            await till.execute(parse_entry(MILK))
            said = await till.execute(parse_entry("1000SX", tenders=till.view.tenders))
            assert said is not None and "스탬프" in said.banner
            told = await answer(till, Run(entries=["SX"]))
            assert told.done and "스탬프" in told.sentence
            told = await answer(till, Sell(items=[MILK], tenders=["stamps:980", "stamps"]))
            assert told.done, told

            facts = [decode_fact(r.kind, r.body) for r in map(decode_record, store.records(0))]
            assert len([fact for fact in facts if isinstance(fact, AttemptOpened)]) == 4
            taken = [fact.amount for fact in facts if isinstance(fact, ValueTaken)]
            assert sum(taken) == 2 * PRICE == 10_000 - stamps.account["balance"]
            assert len([fact for fact in facts if isinstance(fact, SaleClosed)]) == 2
            paper = store.papers.newest("sale")
            assert paper is not None
            assert "스탬프" in Press(register, columns=42).text(paper)
            await till.stop()

    run(story)
