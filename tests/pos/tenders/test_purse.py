"""E-cash at the till, headless: two virtual purses in memory, virtual time, the till's real store.

T5, P1. Every exchange is lost once, before and after the card has obeyed; what a kill leaves at every
append and exchange is opened anew. After each story value is where it was or where it was to go,
and the journal says so.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pos import commands
from pos.catalogue import replace_catalogue
from pos.entry import parse_entry
from pos.equipment import NoDisplay, NoDrawer
from pos.messages import messages, notice
from pos.purse_refusals import CUSTOMER, SHOP, explain
from pos.purses import NoCards, Witness
from pos.register import Clerk, Register, Setup
from pos.rights import Role
from pos.store.store import FILE_NAME, Store
from pos.store.threads import StoreInline
from pos.store.verify import Sound, verify
from pos.tenders.registry import find_tenders
from pos.till import Till
from pos.view import Notice, PaymentStep, Stage, TillView
from protocols.facts import (
    AttemptClosed,
    AttemptOpened,
    Fact,
    PurseMoved,
    SaleClosed,
    decode_fact,
)
from protocols.iso7816 import SW
from protocols.journal import decode_record
from protocols.money import KRW, Money
from protocols.outcome import Declined
from protocols.purse.attempt import details_in
from protocols.purse.card import Purse
from protocols.purse.coordinator import NotMoved, Slot
from protocols.purse.details import MessageType, order_reference
from protocols.purse.image import Life, Parameters, encode_image
from protocols.purse.issuing import Issuer
from protocols.purse.proof import Prover, transfer_reference
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from tests.support.counter_till import GOODS
from tests.support.purse_slots import MemorySlots
from tests.support.purses import ISSUER, SUITE, balance, purse, remembers

PRICE = 2_980
MILK = "8801115114154"
PROVER = Prover(SUITE, {1: Issuer(secret=ISSUER, suite=SUITE).public})
CUSTOMER_NAME, SHOP_NAME = b"CUSTOMER", b"THE SHOP"


@dataclass(frozen=True)
class Moment:
    """What a kill at this moment leaves: the store's files and what both cards remember."""

    place: str
    store: dict[str, bytes]
    card: bytes
    own: bytes
    bulk: bytes
    """Of the teller's purse; empty where there is none."""


@dataclass
class Places:
    """Fault points that do nothing, or remember what a kill there would leave."""

    folder: Path | None = None
    slots: MemorySlots | None = None
    moments: list[Moment] = field(default_factory=list)

    def reach(self, point: str) -> None:
        if self.folder is None:
            return
        slots = self.slots
        assert slots is not None and slots.card is not None and slots.own is not None
        files = {path.name: path.read_bytes() for path in self.folder.glob(f"{FILE_NAME}*")}
        bulk = b"" if slots.bulk is None else slots.bulk.memory.read()
        cards = slots.card.memory.read(), slots.own.memory.read(), bulk
        self.moments.append(Moment(str(point), files, *cards))


@dataclass
class Counter:
    """A till on a folder, with two purses; `again` builds it anew from what is durable."""

    folder: Path
    clock: VirtualClock
    slots: MemorySlots
    places: Places = field(default_factory=Places)
    role: Role = Role.MANAGER
    _till: Till | None = None
    _store: Store | None = None

    @property
    def till(self) -> Till:
        assert self._till is not None
        return self._till

    @property
    def store(self) -> Store:
        assert self._store is not None
        return self._store

    async def again(self) -> "Counter":
        if self._store is not None:
            self._store.close()
        self._store = Store(self.folder / FILE_NAME, clock=self.clock)
        replace_catalogue(self._store.database, GOODS, now_ns=self.clock.now_ns())
        setup = Setup(
            store="S1",
            store_name="한빛마트",
            clerk=Clerk(id="kim", name="김영희", role=self.role),
            zone=ZoneInfo("Asia/Seoul"),
        )
        register = Register(
            setup=setup,
            clock=self.clock,
            faults=self.places,
            runner=StoreInline(self._store),
            tenders=find_tenders(),
            cards=self.slots,
        )
        self._till = Till(register, drawer=NoDrawer(), display=NoDisplay())
        await self._till.start()
        return self

    async def key(self, *texts: str) -> Notice | None:
        said = None
        for text in texts:
            said = await self.till.execute(parse_entry(text))
        return said

    def facts(self) -> list[Fact]:
        records = [decode_record(data) for data in self.store.records(0)]
        return [decode_fact(record.kind, record.body) for record in records]

    def of(self, kind: type) -> list:
        return [fact for fact in self.facts() if isinstance(fact, kind)]

    def check(self) -> None:
        """The money equation, as far as the journal claims anything."""
        assert isinstance(verify(self.store), Sound)
        approved = [each for each in self.of(AttemptClosed) if each.outcome == "approved"]
        assert len({each.reference for each in approved if each.reference}) == len(
            [each for each in approved if each.reference]
        ), "no transfer is approved twice"
        moved = self.of(PurseMoved)
        assert len(moved) == len([each for each in approved if each.method == "purse"])
        for fact in moved:
            proof = PROVER.message(fact.message)
            assert proof.details.encode() == fact.details
        for sale in self.of(SaleClosed):
            assert sum(tender.amount for tender in sale.tenders) == sale.total


Story = Callable[[Counter], Awaitable[None]]


def play(folder: Path, story: Story, slots: MemorySlots | None = None) -> None:
    """Run a story in virtual time, from an open shift; the equation holds afterwards."""
    slots = slots or at_the_counter()

    async def told(clock: VirtualClock, entropy: SeededEntropy) -> None:
        counter = await Counter(folder, clock, slots).again()
        await counter.key("50000OS")
        await story(counter)
        counter.check()
        counter.store.close()

    folder.mkdir(exist_ok=True)
    run(told)


def at_the_counter(**changes: object) -> MemorySlots:
    """Return a customer with 10,000 and a shop with nothing."""
    card = purse(CUSTOMER_NAME, balance=10_000)
    return MemorySlots(card, purse(SHOP_NAME, balance=0, purse_class=1), **changes)  # type: ignore[arg-type]


def both(slots: MemorySlots) -> tuple[int, int]:
    assert slots.card is not None and slots.own is not None
    return balance(slots.card), balance(slots.own)


def test_purse_pays_a_sale_and_the_journal_holds_the_evidence(tmp_path: Path) -> None:
    """Intent before START with both names, result with a verifiable VAL for this very attempt."""

    async def story(counter: Counter) -> None:
        said = await counter.key(MILK, "EC")

        assert said is not None and "0001" in said.banner and both(counter.slots) == (7_020, PRICE)
        [opened], [moved] = counter.of(AttemptOpened), counter.of(PurseMoved)
        details = details_in(opened.peer)
        assert details is not None and details.encode() == moved.details
        assert details.payer.hex() in opened.peer and details.payee.hex() in opened.peer
        [sale] = counter.of(SaleClosed)
        assert details.reference == order_reference(sale.tenders[0].attempt)
        assert sale.tenders[0].reference == transfer_reference(details)
        assert sale.tenders[0].balance == 10_000 - PRICE, "for the receipt"
        assert (moved.payer_class, moved.payee_class) == (0, 1)
        assert PROVER.message(moved.message).kind is MessageType.VAL
        kinds = [type(fact).__name__ for fact in counter.facts()]
        assert kinds.index("AttemptOpened") < kinds.index("AttemptClosed")

    play(tmp_path, story)


def watched(counter: Counter) -> list[TillView]:
    """Return a list that fills with every view the till shows from now on."""
    views: list[TillView] = []
    counter.till.watch(views.append)
    return views


def test_screen_is_told_every_step_and_the_card_s_balance(tmp_path: Path) -> None:
    """Steps come in order, each with the time it began; the sale stays in sight; then it is over."""
    slots = at_the_counter(patience_seconds=10.0)
    card, slots.card = slots.card, None

    async def story(counter: Counter) -> None:
        await counter.key(MILK)
        views = watched(counter)
        paying = asyncio.create_task(counter.key("EC"))
        await asyncio.sleep(3.0)
        waiting = counter.till.view
        assert waiting.stage is Stage.TENDER and waiting.payment is not None
        assert (waiting.payment.step, waiting.payment.stoppable) == (PaymentStep.CARD, True)
        assert waiting.notice == notice("card_wanted", "ko", amount=PRICE)
        assert waiting.payment.since_ns <= counter.clock.now_ns() - 2_900_000_000
        slots.card = card
        await paying
        shown = [view.payment for view in views if view.payment is not None]
        steps = list(dict.fromkeys(payment.step for payment in shown))
        assert steps == [
            PaymentStep.CARD,
            PaymentStep.MOVING,
            PaymentStep.RECEIVED,
            PaymentStep.STORED,
        ]
        assert shown[-1].balance == 10_000 and shown[-1].amount == PRICE
        assert shown[-1].passed == (PaymentStep.CARD, PaymentStep.MOVING, PaymentStep.RECEIVED)
        assert not any(
            payment.stoppable for payment in shown if payment.step is not PaymentStep.CARD
        )
        assert all(view.lines for view in views if view.payment is not None)
        assert views[-1].payment is None and views[-1].stage is Stage.ENTRY

    play(tmp_path, story, slots)


def test_esc_ends_the_waiting_for_a_card_and_leaves_no_trace(tmp_path: Path) -> None:
    """Nothing was intended, so nothing is journalled; the sale goes on with another tender."""
    slots = at_the_counter(patience_seconds=10.0)
    slots.card = None

    async def story(counter: Counter) -> None:
        await counter.key(MILK)
        facts = len(counter.facts())
        paying = asyncio.create_task(counter.key("EC"))
        await asyncio.sleep(1.0)
        assert await counter.till.execute(commands.Cancel()) is None
        said = await paying
        assert said is not None and said.code == "PUR-22" and counter.till.view.payment is None
        assert len(counter.facts()) == facts and counter.till.register.stage is Stage.ENTRY
        await counter.key("CA")
        assert not counter.till.register.has_sale()

    play(tmp_path, story, slots)


@pytest.mark.parametrize("exchange", range(7, 11))
def test_esc_once_value_can_move_says_so_and_ends_nothing(tmp_path: Path, exchange: int) -> None:
    slots = at_the_counter()

    async def story(counter: Counter) -> None:
        await counter.key(MILK)
        paying = asyncio.create_task(counter.key("EC"))
        while slots.exchanges < exchange:
            await asyncio.sleep(0.001)
        said = await counter.till.execute(commands.Cancel())
        assert said is not None and said.code == "PUR-23"
        await paying
        assert both(slots) == (10_000 - PRICE, PRICE) and len(counter.of(SaleClosed)) == 1

    play(tmp_path, story, slots)


EXCHANGES = 13
"""Of a transfer: six to find both pockets, START, ACCEPT, DEBIT, CREDIT, COMPLETE, and two to spare."""


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, EXCHANGES))
def test_lost_answer_anywhere_pays_once_or_not_at_all(tmp_path: Path, at: int, done: bool) -> None:
    """Both cards stay: recovery within the same payment ends it either way, and says which."""
    slots = at_the_counter(losses={at: done})

    async def story(counter: Counter) -> None:
        await counter.key(MILK, "EC")
        if counter.till.register.has_sale():
            assert both(slots) == (10_000, 0), "what was not said to be paid was not paid"
            await counter.key("EC")
        assert both(slots) == (10_000 - PRICE, PRICE)
        assert len(counter.of(SaleClosed)) == 1 and not await counter.till.register.doubts()

    play(tmp_path, story, slots)


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(7, 12))
def test_card_that_leaves_is_in_doubt_until_it_comes_back(
    tmp_path: Path, at: int, done: bool
) -> None:
    """PUR-07 and no second attempt; the same card ends the first one under its own key."""
    slots = at_the_counter(losses={at: done})
    card = slots.card

    async def story(counter: Counter) -> None:
        await counter.key(MILK)
        paying = asyncio.create_task(counter.key("EC"))
        while at > slots.exchanges:
            await asyncio.sleep(0.005)
        slots.card = None
        said = await paying
        if counter.till.register.has_sale():
            assert said is not None and said.code in ("PUR-07", "PUR-19")
        slots.card = card
        while counter.till.register.has_sale():
            await counter.key("EC")
        assert both(slots) == (10_000 - PRICE, PRICE)
        keys = [fact.reference for fact in counter.of(AttemptClosed) if fact.reference]
        assert len(keys) == 1

    play(tmp_path, story, slots)


def test_wrong_card_is_never_touched_in_recovery(tmp_path: Path) -> None:
    """Another customer's card in the slot: not debited, not asked to give anything up."""
    slots = at_the_counter(losses={10: True})
    card, stranger = slots.card, purse(b"STRANGER", balance=10_000)
    untouched = stranger.memory.read()

    async def story(counter: Counter) -> None:
        await counter.key(MILK)
        paying = asyncio.create_task(counter.key("EC"))
        while slots.exchanges < 9:
            await asyncio.sleep(0.005)
        slots.card = stranger
        said = await paying
        if counter.till.register.has_sale():
            assert said is not None and said.code == "PUR-27" and said.level == "C"
            assert counter.till.view.doubt is not None and counter.till.view.doubt.said == said
            slots.card = card
            await counter.key("RS")
        assert stranger.memory.read() == untouched
        assert balance(card) + balance(slots.own) == 10_000  # type: ignore[arg-type]

    play(tmp_path, story, slots)


def moments_of_a_sale(folder: Path, losses: dict[int, bool]) -> list[Moment]:
    """Sell once and remember every moment at an append and before every exchange."""
    slots = at_the_counter(losses=losses)
    places = Places()

    async def story(counter: Counter) -> None:
        await counter.key(MILK)
        counter.places.folder, counter.places.slots = folder, slots
        slots.passed = lambda: counter.places.reach(f"exchange {slots.exchanges}")
        await counter.key("EC")
        counter.places.folder = None
        places.moments = counter.places.moments

    play(folder, story, slots)
    return places.moments


@pytest.mark.parametrize("gone", [False, True], ids=["card-stays", "card-left"])
@pytest.mark.parametrize("losses", [{}, {9: True}, {10: True}, {11: False}], ids=str)
def test_till_killed_at_any_moment_recovers_from_its_store(
    tmp_path: Path, losses: dict[int, bool], gone: bool
) -> None:
    """What a kill leaves at each append and exchange is opened anew: both purses are asked, or the
    shop's alone, and the sale ends once."""
    moments = moments_of_a_sale(tmp_path / "whole", losses)
    assert {"before_append_attempt", "after_append_attempt", "after_append_sale"} <= {
        moment.place for moment in moments
    }
    for number, moment in enumerate(moments):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, data in moment.store.items():
            (folder / name).write_bytes(data)
        slots = at_the_counter()
        assert slots.card is not None and slots.own is not None
        slots.card.memory.write(moment.card)
        slots.own.memory.write(moment.own)
        run(_recovering(folder, slots, gone=gone))


def _recovering(
    folder: Path, slots: MemorySlots, *, gone: bool
) -> Callable[[VirtualClock, SeededEntropy], Awaitable[None]]:
    card = slots.card

    async def told(clock: VirtualClock, entropy: SeededEntropy) -> None:
        counter = await Counter(folder, clock, slots).again()
        slots.card = None if gone else card
        await counter.key("RS")
        slots.card = card
        register = counter.till.register
        for _ in range(3):
            if register.has_sale():
                await counter.key("EC")
        assert both(slots) == (10_000 - PRICE, PRICE) and not await register.doubts()
        assert len(counter.of(SaleClosed)) == 1
        counter.check()
        counter.store.close()

    return told


def test_sale_paid_another_way_leaves_what_comes_late_to_the_customer(tmp_path: Path) -> None:
    """decisions.md "A parked attempt": cash settles the sale, then the purse proves paid: PUR-28."""
    slots = at_the_counter(losses={10: True})

    async def story(counter: Counter) -> None:
        await counter.key(MILK)
        paying = asyncio.create_task(counter.key("EC"))
        while slots.exchanges < 9:
            await asyncio.sleep(0.005)
        slots.own, own = None, slots.own
        said = await paying
        assert said is not None and said.code == "PUR-08"
        assert (await counter.key("CA")).code == "PUR-25"  # type: ignore[union-attr]
        assert (await counter.key("KT")).code == "PUR-26"  # type: ignore[union-attr]
        assert (await counter.key("CA")).code == ""  # type: ignore[union-attr]
        slots.own = own
        assert (await counter.key("RS")).code == "PUR-28"  # type: ignore[union-attr]
        assert both(slots) == (10_000, 0), "it went back to the card that paid"
        [sale] = counter.of(SaleClosed)
        assert [tender.method for tender in sale.tenders] == ["cash"]
        assert (await counter.key("RS")).banner == notice("no_doubts", "ko").banner  # type: ignore[union-attr]

    play(tmp_path, story, slots)


def changed(card: Purse, **fields: object) -> Purse:
    card.memory.write(encode_image(remembers(card)._replace(**fields)))
    return card


@pytest.mark.parametrize(
    ("slots", "code"),
    [
        (MemorySlots(purse(CUSTOMER_NAME, balance=100), purse(SHOP_NAME)), "PUR-01"),
        (MemorySlots(changed(purse(CUSTOMER_NAME, 9_000), life=Life.LOCKED), purse(SHOP_NAME)), "PUR-03"),
        (MemorySlots(purse(CUSTOMER_NAME, 9_000, Parameters(pin_above=0)), purse(SHOP_NAME)), "PUR-04"),
        (MemorySlots(purse(CUSTOMER_NAME, 9_000, expiry=20200101), purse(SHOP_NAME)), "PUR-06"),
        (MemorySlots(purse(CUSTOMER_NAME, 9_000, issuer=ISSUER + 1), purse(SHOP_NAME)), "PUR-10"),
        (MemorySlots(purse(CUSTOMER_NAME, 9_000, log_slots=0), purse(SHOP_NAME)), "PUR-13"),
        (MemorySlots(purse(CUSTOMER_NAME, 9_000), purse(SHOP_NAME, log_slots=0)), "PUR-14"),
        (MemorySlots(purse(CUSTOMER_NAME, 9_000), purse(SHOP_NAME, balance=199_999)), "PUR-15"),
        (MemorySlots(purse(CUSTOMER_NAME, 9_000, Parameters(transfer_max=9)), purse(SHOP_NAME)), "PUR-16"),
        (MemorySlots(purse(CUSTOMER_NAME, currencies=(840, 0, 0, 0, 0)), purse(SHOP_NAME)), "PUR-17"),
        (MemorySlots(changed(purse(CUSTOMER_NAME, 9_000), sequence=2**32 - 1), purse(SHOP_NAME)), "PUR-18"),
        (MemorySlots(purse(SHOP_NAME, 9_000), purse(SHOP_NAME)), "PUR-11"),
        (MemorySlots(purse(CUSTOMER_NAME), purse(SHOP_NAME, 0, Parameters(matrix=0))), "PUR-01"),
        (MemorySlots(purse(CUSTOMER_NAME, 9_000), purse(SHOP_NAME, 0, Parameters(matrix=0))), "PUR-12"),
        (MemorySlots(purse(CUSTOMER_NAME, 9_000), purse(SHOP_NAME, 0, Parameters(hotlist=(CUSTOMER_NAME,)))), "PUR-06"),
        (MemorySlots(None, purse(SHOP_NAME)), "RDR-02"),
        (MemorySlots(purse(CUSTOMER_NAME), None), "RDR-04"),
        (NoCards(), "RDR-05"),
    ],
)  # fmt: skip
def test_refusal_has_its_sentence_and_moves_nothing(
    tmp_path: Path, slots: MemorySlots, code: str
) -> None:
    """The sale stays open, nothing is in doubt, and another tender ends it."""
    purses = [each for each in (getattr(slots, "card", None), getattr(slots, "own", None)) if each]
    before = [balance(each) for each in purses]

    async def story(counter: Counter) -> None:
        said = await counter.key(MILK, "EC")
        assert said is not None and (said.code, said.level) == (code, "B"), said
        assert [balance(each) for each in purses] == before
        assert not await counter.till.register.doubts()
        await counter.key("CA")
        assert not counter.till.register.has_sale()

    play(tmp_path, story, slots)


def test_short_purse_says_balance_and_what_is_missing(tmp_path: Path) -> None:
    async def story(counter: Counter) -> None:
        said = await counter.key(MILK, "EC")
        assert said is not None and "100원" in said.banner and "2,880원" in said.banner
        assert counter.till.view.split == 100, "the e-cash key takes what the card has"
        await counter.key("SL")
        assert counter.till.view.split == 0, "another command takes the offer away"
        await counter.key("100EC", "CA")
        [sale] = counter.of(SaleClosed)
        assert [tender.method for tender in sale.tenders] == ["purse", "cash"]

    play(tmp_path, story, MemorySlots(purse(CUSTOMER_NAME, balance=100), purse(SHOP_NAME)))


@pytest.mark.parametrize("slot", Slot)
@pytest.mark.parametrize("word", [0, 0x6F00, 0xFFFF, 0x63C0, *map(int, SW)])
def test_every_status_word_has_a_message_with_all_its_blanks(slot: Slot, word: int) -> None:
    """Whatever a card answers, a clerk reads a sentence that says that nothing moved."""
    outcome = explain(NotMoved(slot, word), Witness(), Money(1_000, KRW), intended=False)

    said = notice(outcome.code, "en", **outcome.blanks)
    assert messages()[outcome.code].money.value == "not_moved" and said.level == "B"
    assert isinstance(outcome, Declined) is bool(word)
    assert set(CUSTOMER.values()) | set(SHOP.values()) <= messages().keys()


def test_resume_is_allowed_before_the_shift_is_opened(tmp_path: Path) -> None:
    """A till that died yesterday may ask at once."""

    async def story(counter: Counter) -> None:
        assert await counter.till.execute(commands.Resume()) is not None

    play(tmp_path, story)
