"""ICash at the till, headless: a card and a security module in memory, virtual time, the till's real store.

T5, P1. Every exchange is lost once, before and after its side has obeyed; what a kill leaves at every
append and exchange is opened anew. After each story value is on the card, in the module, or paid for,
and the journal says so, with the proof that the collector pays against.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pos import commands
from pos.entry import parse_entry
from pos.messages import messages, notice
from pos.purses import NoCards
from pos.store.store import FILE_NAME
from pos.store.verify import Sound, verify
from pos.tenders import icash
from pos.tenders.icash import CARD, DOUBTS, MODULE
from pos.view import Notice, PaymentStep, Side, Stage
from protocols.facts import AttemptClosed, AttemptOpened, SaleClosed, ValueTaken
from protocols.icash.attempt import details_in, order_reference, purchase_reference
from protocols.icash.card import IcashCard
from protocols.icash.details import decode_details
from protocols.icash.host import Host
from protocols.icash.image import decode_card, encode_card, encode_module
from protocols.icash.keys import Masters
from protocols.icash.module import IcashModule
from protocols.iso7816 import SW
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from tests.pos.tenders.test_purse import Counter, Moment, Places, watched
from tests.support.icash import MASTERS, SUITE, balance, card, module, total
from tests.support.purse_slots import Chip, MemorySlots
from tests.support.purses import purse

PRICE = 2_980
MILK = "8801115114154"
FIRST = 10_000
TERMS = {"ceiling": 1_000_000, "purchase_max": 1_000_000}
HOST = Host(MASTERS, SUITE)
CARD_NAME = b"CARD0001"


class IcashCounter(Counter):
    """The same till; keyed by what it offers, judged by what ICash leaves in the journal."""

    async def key(self, *texts: str) -> Notice | None:
        said = None
        for text in texts:
            said = await self.till.execute(parse_entry(text, tenders=self.till.view.tenders))
        return said

    def check(self) -> None:
        """The money equation, as far as the journal claims anything; every proof is the card's."""
        assert isinstance(verify(self.store), Sound)
        approved = [each for each in self.of(AttemptClosed) if each.outcome == "approved"]
        paid = [each.reference for each in approved if each.method == "icash"]
        assert len(set(paid)) == len(paid), "no purchase is approved twice"
        taken = self.of(ValueTaken)
        assert [purchase_reference(decode_details(fact.details)) for fact in taken] == paid
        for fact in taken:
            details = decode_details(fact.details)
            assert (fact.amount, fact.device) == (details.amount, details.module.hex())
            assert not fact.proof or HOST.is_debited(details, fact.proof)
        for sale in self.of(SaleClosed):
            assert sum(tender.amount for tender in sale.tenders) == sale.total


Story = Callable[[IcashCounter], Awaitable[None]]


def play(folder: Path, story: Story, slots: MemorySlots | None = None) -> None:
    """Run a story in virtual time, from an open shift; the equation holds afterwards."""
    slots = slots or at_the_counter()

    async def told(clock: VirtualClock, entropy: SeededEntropy) -> None:
        counter = IcashCounter(folder, clock, slots)
        await counter.again()
        await counter.key("50000OS")
        await story(counter)
        counter.check()
        counter.store.close()

    folder.mkdir(exist_ok=True)
    run(told)


def at_the_counter(**changes: object) -> MemorySlots:
    """Return a customer with 10,000 and a shop with an empty module."""
    return MemorySlots(card(FIRST, **TERMS), module(), **changes)  # type: ignore[arg-type]


def both(slots: MemorySlots) -> tuple[int, int]:
    assert isinstance(slots.card, IcashCard) and isinstance(slots.own, IcashModule)
    return balance(slots.card), total(slots.own)


PAID = (FIRST - PRICE, PRICE)


def during(slots: MemorySlots, exchange: int, **changes: object) -> None:
    """Change what is in the slots while this exchange goes on; who connects anew finds the change."""

    def passed() -> None:
        if slots.exchanges == exchange - 1:
            for name, value in changes.items():
                setattr(slots, name, value)

    slots.passed = passed


def test_card_pays_a_sale_and_the_journal_holds_what_the_collector_pays_for(tmp_path: Path) -> None:
    """Intent with both names before the module is asked; result with an SI for this very attempt."""

    async def story(counter: IcashCounter) -> None:
        said = await counter.key(MILK, "IC")

        assert said is not None and "0001" in said.banner and both(counter.slots) == PAID
        [opened], [taken] = counter.of(AttemptOpened), counter.of(ValueTaken)
        details = details_in(opened.peer)
        assert details is not None and details.encode() == taken.details
        assert HOST.is_debited(details, taken.proof)
        [sale] = counter.of(SaleClosed)
        assert details.reference == order_reference(sale.tenders[0].attempt)
        assert sale.tenders[0].reference == purchase_reference(details)
        kinds = [type(fact).__name__ for fact in counter.facts()]
        assert (
            kinds.index("AttemptOpened") < kinds.index("AttemptClosed") < kinds.index("SaleClosed")
        )
        assert kinds.index("ValueTaken") == kinds.index("AttemptClosed") + 1

    play(tmp_path, story)


def test_screen_is_told_every_step_and_the_card_s_balance(tmp_path: Path) -> None:
    async def story(counter: IcashCounter) -> None:
        await counter.key(MILK)
        views = watched(counter)
        await counter.key("IC")
        shown = [view.payment for view in views if view.payment is not None]
        assert list(dict.fromkeys(payment.step for payment in shown)) == [
            PaymentStep.CARD,
            PaymentStep.MOVING,
            PaymentStep.RECEIVED,
            PaymentStep.STORED,
        ]
        assert (shown[-1].balance, shown[-1].amount, shown[-1].method) == (FIRST, PRICE, "ICash")

    play(tmp_path, story)


def test_esc_ends_the_waiting_for_a_card_and_leaves_no_trace(tmp_path: Path) -> None:
    slots = at_the_counter(patience_seconds=10.0)
    slots.card = None

    async def story(counter: IcashCounter) -> None:
        await counter.key(MILK)
        facts = len(counter.facts())
        paying = asyncio.create_task(counter.key("IC"))
        await asyncio.sleep(1.0)
        assert await counter.till.execute(commands.Cancel()) is None
        said = await paying
        assert said is not None and said.code == "ICS-19"
        assert len(counter.facts()) == facts and counter.till.register.stage is Stage.ENTRY
        await counter.key("CA")

    play(tmp_path, story, slots)


EXCHANGES = 8
"""Of a purchase: two to find each side, INITIALIZE IEP, INITIALIZE PSAM, DEBIT IEP, CREDIT PSAM."""


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, EXCHANGES + 2))
def test_lost_answer_anywhere_pays_once_or_not_at_all(tmp_path: Path, at: int, done: bool) -> None:
    """Both stay: recovery within the same payment ends it either way, says which, and has the proof."""
    slots = at_the_counter(losses={at: done})

    async def story(counter: IcashCounter) -> None:
        await counter.key(MILK, "IC")
        if counter.till.register.has_sale():
            assert both(slots) == (FIRST, 0), "what was not said to be paid was not paid"
            await counter.key("IC")
        assert both(slots) == PAID
        assert len(counter.of(SaleClosed)) == 1 and not await counter.till.register.doubts()
        [taken] = counter.of(ValueTaken)
        assert taken.proof, "the card was there to say it again"

    play(tmp_path, story, slots)


@pytest.mark.parametrize("again", [1, 2, 4, 6, 8, 10])
@pytest.mark.parametrize("at", range(6, EXCHANGES + 1))
def test_second_loss_in_the_recovery_changes_nothing(tmp_path: Path, at: int, again: int) -> None:
    slots = at_the_counter(losses={at: True, at + again: True})

    async def story(counter: IcashCounter) -> None:
        await counter.key(MILK, "IC")
        assert not counter.till.register.has_sale(), (
            "asked as often as it takes, within the payment"
        )
        assert both(slots) == PAID and len(counter.of(ValueTaken)) == 1

    play(tmp_path, story, slots)


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(6, EXCHANGES + 1))
def test_card_that_leaves_is_in_doubt_until_it_comes_back(
    tmp_path: Path, at: int, done: bool
) -> None:
    """ICS-14 and no second attempt; the same card ends the first one under its own key."""
    slots = at_the_counter(losses={at: done})
    customer = slots.card

    async def story(counter: IcashCounter) -> None:
        during(slots, at, card=None)
        said = await counter.key(MILK, "IC")
        if counter.till.register.has_sale():
            assert said is not None and said.code in ("ICS-14", "ICS-16"), said
        slots.card = customer
        while counter.till.register.has_sale():
            await counter.key("IC")
        assert both(slots) == PAID
        assert len([fact for fact in counter.of(AttemptClosed) if fact.reference]) == 1

    play(tmp_path, story, slots)


def test_wrong_card_is_never_touched_in_recovery(tmp_path: Path) -> None:
    """Another customer's card, of either scheme: not debited, and nothing is decided."""
    slots = at_the_counter(losses={7: True})
    customer = slots.card
    strangers = (card(FIRST, b"STRANGER", **TERMS), purse(b"STRANGER", balance=FIRST))
    untouched = [stranger.memory.read() for stranger in strangers]

    async def story(counter: IcashCounter) -> None:
        during(slots, 7, card=strangers[0])
        said = await counter.key(MILK, "IC")
        assert said is not None and (said.code, said.level) == ("PUR-27", "C")
        slots.card = strangers[1]
        said = await counter.key("RS")
        assert said is not None and said.level == "C"
        slots.card = customer
        await counter.key("RS")
        assert both(slots) == PAID and not counter.till.register.has_sale()
        assert [stranger.memory.read() for stranger in strangers] == untouched

    play(tmp_path, story, slots)


@pytest.mark.parametrize(
    ("losses", "card", "balance", "shop"),
    [
        ({6: True}, Side.NOT_MOVED, FIRST, Side.NOT_MOVED),
        ({7: False}, Side.UNKNOWN, FIRST, Side.NOT_MOVED),
        ({7: True}, Side.UNKNOWN, FIRST, Side.NOT_MOVED),
        ({8: False}, Side.MOVED, FIRST - PRICE, Side.NOT_MOVED),
    ],
    ids=str,
)
def test_who_decides_sees_what_each_side_last_said(
    tmp_path: Path, losses: dict[int, bool], card: Side, balance: int, shop: Side
) -> None:
    """The card has left; the module was asked since; the takeover shows both, and goes when it is over."""
    slots = at_the_counter(losses=losses)
    customer = slots.card

    async def story(counter: IcashCounter) -> None:
        during(slots, *losses, card=None)
        await counter.key(MILK, "IC")
        doubt = counter.till.view.doubt
        assert doubt is not None and counter.till.view.stage is Stage.DOUBT
        assert (doubt.card, doubt.balance, doubt.shop) == (card, balance, shop)
        assert (doubt.method, doubt.amount, doubt.wants_card) == ("ICash", PRICE, True)
        slots.card = customer
        await counter.till.check_doubt()
        assert counter.till.view.doubt is None and both(slots) == PAID
        [sale] = counter.of(SaleClosed)
        assert sale.tenders[0].balance == FIRST - PRICE, "the receipt says what is left"

    play(tmp_path, story, slots)


def test_parked_payment_is_never_made_any_more(tmp_path: Path) -> None:
    """A supervisor set it aside, its sale is still open, the card is back: it is asked, and not debited."""
    slots = at_the_counter(losses={7: False})
    customer = slots.card

    async def story(counter: IcashCounter) -> None:
        during(slots, 7, card=None)
        await counter.key(MILK, "IC", "KT")
        slots.card = customer
        said = await counter.key("RS")
        assert said is not None and said.code == "ICS-16" and both(slots) == (FIRST, 0)
        await counter.key("IC")
        assert both(slots) == PAID and len(counter.of(AttemptOpened)) == 2

    play(tmp_path, story, slots)


def test_another_module_in_the_reader_decides_nothing(tmp_path: Path) -> None:
    """ICS-17 until the one that was paid into is back: another module knows nothing of it."""
    slots = at_the_counter(losses={8: True})
    own, other = slots.own, module(b"SHOP0002")

    async def story(counter: IcashCounter) -> None:
        during(slots, 8, own=other)
        said = await counter.key(MILK, "IC")
        assert said is not None and said.code == "ICS-17"
        slots.own = own
        await counter.key("IC")
        assert both(slots) == PAID and total(other) == 0

    play(tmp_path, story, slots)


def test_module_that_is_silent_is_asked_again_by_hand(tmp_path: Path) -> None:
    slots = at_the_counter(losses={8: True})
    own = slots.own

    async def story(counter: IcashCounter) -> None:
        during(slots, 8, own=None)
        said = await counter.key(MILK, "IC")
        assert said is not None and (said.code, said.level) == ("ICS-15", "C")
        slots.own = own
        await counter.key("IC")
        assert both(slots) == PAID

    play(tmp_path, story, slots)


def test_module_that_has_forgotten_the_purchase_says_so(tmp_path: Path) -> None:
    """ICS-18: it remembers so many only; the collection has the rest."""
    slots = at_the_counter(losses={8: True})
    assert isinstance(slots.own, IcashModule)
    slots.own = module(credited_slots=1)
    own = slots.own

    async def story(counter: IcashCounter) -> None:
        during(slots, 8, own=None)
        await counter.key(MILK, "IC", "KT", "CA")
        slots.own, slots.card = own, card(FIRST, b"CARD0002", **TERMS)
        await counter.key(MILK, "IC")
        said = await counter.key("RS")
        assert said is not None and said.code == "ICS-18"
        assert total(own) == 2 * PRICE

    play(tmp_path, story, slots)


def moments_of_a_sale(folder: Path, losses: dict[int, bool]) -> list[Moment]:
    """Sell once and remember every moment at an append and before every exchange."""
    slots = at_the_counter(losses=losses)
    found: list[Moment] = []

    async def story(counter: IcashCounter) -> None:
        await counter.key(MILK)
        counter.places.folder, counter.places.slots = folder, slots
        slots.passed = lambda: counter.places.reach(f"exchange {slots.exchanges}")
        await counter.key("IC")
        counter.places.folder = None
        found.extend(counter.places.moments)

    play(folder, story, slots)
    return found


@pytest.mark.parametrize("gone", [False, True], ids=["card-stays", "card-left"])
@pytest.mark.parametrize("losses", [{}, {6: True}, {7: True}, {8: False}], ids=str)
def test_till_killed_at_any_moment_recovers_from_its_store(
    tmp_path: Path, losses: dict[int, bool], gone: bool
) -> None:
    """What a kill leaves at each append and exchange is opened anew: both are asked, or the module
    alone, and the sale ends once."""
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
    customer = slots.card

    async def told(clock: VirtualClock, entropy: SeededEntropy) -> None:
        counter = IcashCounter(folder, clock, slots, Places())
        await counter.again()
        slots.card = None if gone else customer
        await counter.key("RS")
        slots.card = customer
        register = counter.till.register
        for _ in range(3):
            if register.has_sale():
                await counter.key("IC")
        assert both(slots) == PAID and not await register.doubts()
        assert len(counter.of(SaleClosed)) == 1
        assert (folder / FILE_NAME).exists()
        counter.check()
        counter.store.close()

    return told


@pytest.mark.parametrize("done", [False, True], ids=["card-has-not-paid", "card-has-paid"])
def test_sale_paid_another_way_leaves_what_comes_late_to_the_customer(
    tmp_path: Path, done: bool
) -> None:
    """decisions.md "A parked attempt". Cash settles the sale; then the card comes back. What it had
    paid is the customer's (PUR-21); what it had not paid stays on it: nobody debits it now."""
    slots = at_the_counter(losses={7: done})
    customer = slots.card

    async def story(counter: IcashCounter) -> None:
        during(slots, 7, card=None)
        said = await counter.key(MILK, "IC")
        assert said is not None and said.code == "ICS-14"
        assert (await counter.key("KT", "CA")).code == ""  # type: ignore[union-attr]
        slots.card = customer
        said = await counter.key("RS")
        assert said is not None and said.code == ("PUR-21" if done else "ICS-16")
        assert both(slots) == (PAID if done else (FIRST, 0))
        [sale] = counter.of(SaleClosed)
        assert [tender.method for tender in sale.tenders] == ["cash"]
        assert (await counter.key("RS")).banner == notice("no_doubts", "ko").banner  # type: ignore[union-attr]

    play(tmp_path, story, slots)


def changed(made: IcashCard, **fields: object) -> IcashCard:
    made.memory.write(encode_card(decode_card(made.memory.read())._replace(**fields)))  # type: ignore[arg-type]
    return made


def full(made: IcashModule) -> IcashModule:
    """Return a module whose every slot for what was given up is taken."""
    image = made._image()
    given_up = tuple(bytes((n + 1,)) * 39 for n in range(made.personality.open_slots))
    made.memory.write(encode_module(image._replace(open=given_up)))
    return made


def of_another_issuer(made: IcashCard | IcashModule) -> IcashCard | IcashModule:
    other = Masters(purchase=b"p" * 16, load=b"l" * 16, claim=b"i" * 16, collection=b"c" * 16)
    if isinstance(made, IcashCard):
        keys = other.card_keys(made.personality.card, 1)
        made.personality = replace(made.personality, keys=keys)
    else:
        made.personality = replace(made.personality, purchase_master=other.purchase)
    return made


@pytest.mark.parametrize(
    ("slots", "code"),
    [
        (MemorySlots(card(100, **TERMS), module()), "ICS-01"),
        (MemorySlots(card(9_000, **TERMS, expiry=20200101), module()), "ICS-02"),
        (MemorySlots(card(9_000, ceiling=9_000, purchase_max=999), module()), "ICS-03"),
        (MemorySlots(changed(card(9_000, **TERMS), number=2**32 - 1), module()), "ICS-05"),
        (MemorySlots(of_another_issuer(card(9_000, **TERMS)), module()), "ICS-06"),
        (MemorySlots(module(b"SHOP0002"), module()), "ICS-06"),
        (MemorySlots(card(9_000, **TERMS), full(module())), "ICS-09"),
        (MemorySlots(card(9_000, **TERMS), purse(b"THE SHOP", purse_class=1)), "ICS-10"),
        (MemorySlots(card(9_000, **TERMS), card(9_000, b"CARD0002")), "ICS-10"),
        (MemorySlots(card(9_000, **TERMS), None), "ICS-11"),
        (MemorySlots(None, module()), "RDR-02"),
        (NoCards(), "RDR-05"),
    ],
)  # fmt: skip
def test_refusal_has_its_sentence_and_moves_nothing(
    tmp_path: Path, slots: MemorySlots, code: str
) -> None:
    """The sale stays open, nothing is in doubt, and another tender ends it."""
    chips: list[Chip] = [
        each for each in (getattr(slots, "card", None), getattr(slots, "own", None)) if each
    ]
    before = [each.memory.read() for each in chips]

    async def story(counter: IcashCounter) -> None:
        said = await counter.key(MILK, "IC")
        assert said is not None and (said.code, said.level) == (code, "B"), said
        assert [each.memory.read() for each in chips] == before
        assert not await counter.till.register.doubts()
        await counter.key("CA")
        assert not counter.till.register.has_sale()

    play(tmp_path, story, slots)


SHOP_PURSE = b"THE SHOP"


def with_both_schemes(customer: Chip) -> MemorySlots:
    """Return a shop with a purse and a module, and this card in the one slot for customers."""
    own = purse(SHOP_PURSE, balance=0, purse_class=1)
    return MemorySlots(customer, own, others={"icash": module()})


@pytest.mark.parametrize("keyed", ["EC", "IC"])
@pytest.mark.parametrize("scheme", ["purse", "icash"])
def test_one_slot_takes_either_card_whichever_word_was_keyed(
    tmp_path: Path, keyed: str, scheme: str
) -> None:
    """Both are e-cash: the card that is there decides, and nothing of the other scheme was begun."""
    in_slot = {"purse": purse(b"CUSTOMER", balance=9_000), "icash": card(9_000, **TERMS)}[scheme]
    slots = with_both_schemes(in_slot)

    async def story(counter: IcashCounter) -> None:
        said = await counter.key(MILK, keyed)
        assert said is not None and not said.code, said
        [sale] = counter.of(SaleClosed)
        assert [tender.method for tender in sale.tenders] == [scheme]
        assert len(counter.of(AttemptOpened)) == 1
        assert len(counter.of(ValueTaken)) == (scheme == "icash")

    play(tmp_path, story, slots)


def test_where_one_scheme_is_not_offered_its_key_means_the_other(tmp_path: Path) -> None:
    """F9 is e-cash, of whatever scheme the shop takes."""

    async def story(counter: IcashCounter) -> None:
        register = counter.till.register
        register.offered = tuple(each for each in register.offered if each.name != "purse")
        await counter.key(MILK, "EC")
        assert both(counter.slots) == PAID and not register.has_sale()
        register.offered = tuple(each for each in register.offered if each.name == "cash")
        said = await counter.key(MILK, "EC")
        assert said is not None and said.code == "PAY-04"
        await counter.key("CA")

    play(tmp_path, story)


@pytest.mark.parametrize("keyed", ["EC", "IC"])
def test_where_the_shop_has_no_purse_its_key_means_the_other_scheme(
    tmp_path: Path, keyed: str
) -> None:
    """F9 on a till with a security module only: nobody is told of a purse that there never was."""

    async def story(counter: IcashCounter) -> None:
        said = await counter.key(MILK, keyed)
        assert said is not None and not said.code, said
        assert both(counter.slots) == PAID

    play(tmp_path, story, at_the_counter(lacks=frozenset({"purse"})))


@pytest.mark.parametrize("keyed", ["EC", "IC"])
def test_a_purse_where_the_shop_has_none_is_no_card_for_here(tmp_path: Path, keyed: str) -> None:
    """It is not named with a word that could not take it either."""
    slots = at_the_counter(lacks=frozenset({"purse"}))
    slots.card = purse(b"CUSTOMER", balance=9_000)

    async def story(counter: IcashCounter) -> None:
        said = await counter.key(MILK, keyed)
        assert said is not None and said.code == icash.NOT_OURS, said
        assert not counter.of(AttemptOpened)
        await counter.key("CA")

    play(tmp_path, story, slots)


def test_where_the_shop_has_no_slot_at_all_e_cash_says_so(tmp_path: Path) -> None:
    slots = at_the_counter(lacks=frozenset({"purse", "icash"}))
    slots.configured = False

    async def story(counter: IcashCounter) -> None:
        said = await counter.key(MILK, "EC")
        assert said is not None and said.code == "RDR-05"
        await counter.key("CA")

    play(tmp_path, story, slots)


def test_card_of_another_kind_is_named_with_the_word_that_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is on it is not what was asked for: the clerk decides."""
    points = replace(icash.TENDER, kind="points")
    monkeypatch.setattr(icash, "TENDER", points)
    slots = with_both_schemes(card(9_000, **TERMS))

    async def story(counter: IcashCounter) -> None:
        said = await counter.key(MILK, "EC")
        assert said is not None and (said.code, said.level) == ("RDR-06", "B")
        assert "ICash" in said.banner and "IC" in said.banner
        assert not counter.of(AttemptOpened)
        await counter.key("IC")
        assert not counter.till.register.has_sale()

    play(tmp_path, story, slots)


def test_short_card_says_balance_and_what_is_missing(tmp_path: Path) -> None:
    async def story(counter: IcashCounter) -> None:
        said = await counter.key(MILK, "IC")
        assert said is not None and "100원" in said.banner and "2,880원" in said.banner
        await counter.key("100IC", "CA")
        [sale] = counter.of(SaleClosed)
        assert [tender.method for tender in sale.tenders] == ["icash", "cash"]

    play(tmp_path, story, MemorySlots(card(100, **TERMS), module()))


@pytest.mark.parametrize("table", [CARD, MODULE], ids=["card", "module"])
def test_every_refusal_says_that_nothing_moved(table: dict[int, str]) -> None:
    for code in (*table.values(), "ICS-13", "ICS-16", "ICS-19", "RDR-06"):
        assert messages()[code].money.value == "not_moved"
    assert set(table) <= {int(sw) for sw in SW}


def test_every_doubt_says_that_nobody_knows() -> None:
    for code in ("ICS-15", *(code for code, _ in DOUBTS.values())):
        assert (messages()[code].money.value, messages()[code].level) == ("unknown", "C")


def test_proof_is_missing_only_where_the_card_left_with_it(tmp_path: Path) -> None:
    """The module credited, its answer was lost, the card is gone: paid, and the proof is to be had."""
    slots = at_the_counter(losses={8: True})

    async def story(counter: IcashCounter) -> None:
        during(slots, 8, card=None)
        await counter.key(MILK, "IC")
        [taken] = counter.of(ValueTaken)
        assert not counter.till.register.has_sale() and taken.proof == b""

    play(tmp_path, story, slots)
