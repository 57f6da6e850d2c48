"""The issuer's commands end to end: made at the broker, given by the till, reported, kept as taken.

M8, M10. The customer's card gets them while it is in the reader for something else, the till's own
purses between two commands of the clerk; whatever is lost, late or said twice, no sale waits for them
and no value moves by them.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from ips.office import perform
from ips.purse import orders
from ips.purse.desk import (
    CardCommand,
    ClaimClear,
    ClaimOrder,
    ClaimPay,
    PurseHotlist,
    PurseKnown,
    PurseUpdate,
)
from pos.attending import LIMIT_NS, READING_NS
from pos.errands import ErrandsAtBroker
from pos.own_purses import AGAIN_NS, OwnPurses
from protocols.control import Verb
from protocols.facts import AttemptOpened, PurseClaimed, PurseCommanded, decode_fact
from protocols.iso7816 import SW
from protocols.journal import decode_record
from protocols.purse.attempt import details_in
from protocols.purse.card import AID
from protocols.purse.image import Parameters
from sim.cards.purse import PurseCard
from tests.contracts.test_purse_meets_broker import MILK, PRICE, Shop
from tests.contracts.test_purse_services_meet_broker import Bank, open_bank
from tests.contracts.test_till_meets_broker import Pair, play
from tests.support.purses import tell
from tests.support.small_broker import Wire

DAY = 20260101
FIRST = 50_000
SECOND_NS = 1_000_000_000


@dataclass
class Issuing:
    """A shop, its teller's purse, and the issuer that wants something of purses."""

    pair: Pair
    bank: Bank
    errands: ErrandsAtBroker
    own: OwnPurses
    before: int
    """Questions that were asked to open the session."""

    @property
    def shop(self) -> Shop:
        return self.bank.shop

    async def key(self, *texts: str) -> str:
        return await self.bank.key(*texts)

    async def update(self, card: PurseCard, **limits: int) -> None:
        name = card.purse.personality.name.hex()
        deed = PurseUpdate(name=name, day=DAY, actor="park", **limits)
        assert isinstance(await perform(self.pair.broker, deed), CardCommand)

    async def claim(self, card: PurseCard) -> None:
        name = card.purse.personality.name.hex()
        done = await perform(self.pair.broker, ClaimOrder(name=name, actor="park"))
        assert isinstance(done, CardCommand)

    async def clear(self, card: PurseCard) -> None:
        name = card.purse.personality.name.hex()
        done = await perform(self.pair.broker, ClaimClear(name=name, actor="park"))
        assert isinstance(done, CardCommand)

    async def contact(self) -> None:
        """Let the till hear from its broker, as its outbox does, and attend to its own purses."""
        versions = self.pair.broker.reader.document_versions()
        self.own.heard(int(versions.get("purse-commands", "0")))
        await asyncio.sleep(30)
        await self.pair.drain(30)

    def states(self) -> list[tuple[str, str]]:
        """Return what and state of each command, oldest first."""
        rows = orders.listed(self.pair.broker.reader, waiting=False)
        return [(row.what, row.state) for row in reversed(rows)]

    def questions(self) -> list[str]:
        return [code for (code,) in self.pair.broker.reader.ask("SELECT code FROM question")]

    def reported(self) -> list[PurseCommanded | PurseClaimed]:
        records = [decode_record(data) for data in self.pair.store.records(0)]
        facts = [decode_fact(record.kind, record.body) for record in records]
        return [fact for fact in facts if isinstance(fact, PurseCommanded | PurseClaimed)]

    def asked(self) -> int:
        """Return how often the broker was asked for a purse's commands."""
        return sum("/commands" in path for path in self.pair.wire.tries) - self.before


async def open_issuing(pair: Pair) -> Issuing:
    bank = await open_bank(pair)
    till = bank.shop.till
    errands = till.register.errands = ErrandsAtBroker(pair.client)
    assert await errands.wanted(b"CUSTOMER") == []
    errands.newest = 1
    return Issuing(pair, bank, errands, OwnPurses(till, errands), before=1)


def limits(card: PurseCard) -> Parameters:
    return msgspec.msgpack.decode(card.image().parameters, type=Parameters)


def test_update_reaches_a_customers_card_with_its_next_payment(tmp_path: Path) -> None:
    """Asked while the value moves, given after it, reported: the next payment is under new limits."""

    async def story(pair: Pair) -> None:
        it = await open_issuing(pair)
        await it.update(it.shop.card, transfer_max=PRICE - 1)

        assert await it.key(MILK, "EC") == "", (
            "the sale goes by the old limit, and waits for nothing"
        )
        assert limits(it.shop.card).transfer_max == PRICE - 1
        await it.contact()

        assert it.states() == [("update", "taken")] and it.questions() == []
        assert await it.key(MILK, "EC") == "PUR-16"
        await it.key("CA")
        await it.bank.check()

    play(tmp_path, story)


def test_card_over_its_limit_gets_a_better_one_and_pays(tmp_path: Path) -> None:
    """Two payments offline are allowed, the third is not: the issuer begins its count anew."""

    async def story(pair: Pair) -> None:
        it = await open_issuing(pair)
        await it.update(it.shop.card, offline_count_max=2)
        for _ in range(3):
            assert await it.key(MILK, "EC") == ""
        await pair.drain(30)
        await it.update(it.shop.card, offline_count_max=9)

        assert await it.key(MILK, "EC") == "", "refused, given new limits, and asked again"
        assert it.shop.card.image().offline_count == 1
        assert await it.key(MILK, "EC") == ""
        await it.contact()
        assert it.states() == [("update", "taken")] * 2
        await it.bank.check()

    play(tmp_path, story)


@pytest.mark.parametrize("wire", [Wire.NO_ROUTE, Wire.LOSE_REQUEST, Wire.LOSE_ANSWER, Wire.HANG_UP])
def test_sale_waits_for_no_broker(tmp_path: Path, wire: Wire) -> None:
    """Whatever the line does, a payment takes as long as without it; the command comes next time."""

    async def story(pair: Pair) -> None:
        it = await open_issuing(pair)
        it.errands.newest = 0
        begin = pair.clock.monotonic_ns()
        await it.key(MILK, "EC")
        alone = pair.clock.monotonic_ns() - begin
        it.errands.newest = 1
        await it.update(it.shop.card, transfer_max=5_000)
        it.pair.wire.state = wire

        begin = pair.clock.monotonic_ns()
        assert await it.key(MILK, "EC") == ""
        assert pair.clock.monotonic_ns() - begin == alone
        assert it.asked() == 1 and limits(it.shop.card) == Parameters()

        it.pair.wire.state = Wire.GOOD
        assert await it.key(MILK, "EC") == ""
        await it.contact()
        assert it.states() == [("update", "taken")]

    play(tmp_path, story)


def test_card_over_its_limit_and_a_broker_that_is_silent_is_refused_in_time(tmp_path: Path) -> None:
    """Exactly the second and a half, and not a moment longer; nothing moved, the till goes on."""

    async def story(pair: Pair) -> None:
        it = await open_issuing(pair)
        await it.update(it.shop.card, transfer_max=100)
        await it.key(MILK, "EC")
        it.errands.newest = 0
        begin = pair.clock.monotonic_ns()
        assert await it.key(MILK, "EC") == "PUR-16"
        alone = pair.clock.monotonic_ns() - begin
        it.errands.newest = 1
        it.pair.wire.state = Wire.LOSE_REQUEST

        begin = pair.clock.monotonic_ns()
        assert await it.key("EC") == "PUR-16"
        waited = pair.clock.monotonic_ns() - begin - alone
        assert LIMIT_NS <= waited <= LIMIT_NS + 1_000
        assert it.shop.on_cards() == (FIRST - PRICE, PRICE)

        begin = pair.clock.monotonic_ns()
        assert await it.key("CA", "EB") == ""
        assert READING_NS <= pair.clock.monotonic_ns() - begin < READING_NS + SECOND_NS

    play(tmp_path, story)


def test_nobody_is_asked_where_nothing_was_ever_ordered_or_the_line_is_down(
    tmp_path: Path,
) -> None:
    async def story(pair: Pair) -> None:
        it = await open_issuing(pair)
        await it.update(it.shop.card)
        register = it.shop.till.register
        for newest, offline, asked in ((0, False, 0), (1, True, 0), (None, True, 1), (1, False, 2)):
            it.errands.newest, register.offline = newest, offline
            assert await it.key("EB") == ""
            assert it.asked() == asked

    play(tmp_path, story)


def test_reading_a_balance_is_enough_for_all_that_waits(tmp_path: Path) -> None:
    """An update and a claim, at a counter that sells nothing; both reported, the claim archived."""

    async def story(pair: Pair) -> None:
        it = await open_issuing(pair)
        await it.update(it.shop.card, pin_above=10_000)
        await it.claim(it.shop.card)

        assert await it.key("EB") == ""
        await it.contact()

        assert it.states() == [("update", "taken"), ("claim", "taken")]
        update, claimed = it.reported()
        assert isinstance(update, PurseCommanded) and update.sw == SW.OK
        assert isinstance(claimed, PurseClaimed) and claimed.entries == []
        assert it.questions() == [] and limits(it.shop.card).pin_above == 10_000

    play(tmp_path, story)


def test_loss_is_claimed_paid_and_cleared_by_way_of_the_counter(tmp_path: Path) -> None:
    """T9, T10: the shop's purse gives up what it waited for; both logs come home, one payment back."""

    async def story(pair: Pair) -> None:
        it = await open_issuing(pair)
        lost = await lose(it)
        assert await it.key("KT", "CA") == "", "parked, and paid in cash"
        assert it.shop.on_cards() == (FIRST - PRICE, 0)
        for card in (it.shop.card, it.shop.own):
            await it.claim(card)

        assert await it.key("EB") == ""
        await it.contact()
        assert it.states() == [("claim", "taken")] * 2
        notice = it.shop.till.view.notice
        assert notice is not None and notice.code == "PUR-44"
        assert await it.shop.till.register.doubts() == [], "it can never arrive: nobody wonders"
        [(state, paid)] = pair.broker.reader.ask(
            "SELECT state, paid FROM payment WHERE module = 'purse'"
        )
        assert (state, paid) == ("void", 0)
        done = await perform(
            pair.broker, ClaimPay(details=lost, into=b"CUSTOMER".hex(), actor="park")
        )
        assert isinstance(done, PurseKnown), done
        assert await it.key(f"{PRICE}EL") == "", "a teller loads it"
        for card in (it.shop.card, it.shop.own):
            await it.clear(card)
        assert await it.key("EB") == ""
        await it.contact()

        assert [state for _, state in it.states()] == ["taken"] * 4
        assert it.shop.card.image().log == it.shop.own.image().log == ()
        assert it.questions() == []
        assert it.shop.on_cards() == (FIRST, 0)

    play(tmp_path, story)


async def lose(it: Issuing) -> bytes:
    """Let a payment's VAL be lost, and both purses give it up; return the payment details."""
    it.shop.do("tear_after", count="5")
    assert await it.key(MILK, "EC") == "PUR-07"
    [doubt] = await it.shop.till.register.doubts()
    assert isinstance(doubt.fact, AttemptOpened)
    details = details_in(doubt.fact.peer)
    assert details is not None
    it.shop.do("insert", card="card")
    return details.encode()


def test_purse_is_not_frozen_while_the_counter_waits_to_hear_of_its_payment(
    tmp_path: Path,
) -> None:
    """Its log is what the till will ask: the update is given, the claim waits until that is known."""

    async def story(pair: Pair) -> None:
        it = await open_issuing(pair)
        await lose(it)
        for card in (it.shop.card, it.shop.own):
            await it.update(card, transfer_max=40_000)
            await it.claim(card)
        await it.contact()
        assert sorted(it.states()) == [
            ("claim", "waiting"), ("claim", "waiting"), ("update", "taken"), ("update", "waiting"),
        ]  # fmt: skip

        assert await it.key("RS") == "", "it completes: no log was frozen"
        await pair.drain(30)
        assert sorted(it.states())[2:] == [("update", "taken")] * 2
        assert await it.key("EB") == ""
        await asyncio.sleep(AGAIN_NS // SECOND_NS)
        await it.contact()
        assert sorted(it.states()) == [("claim", "taken")] * 2 + [("update", "taken")] * 2
        await it.bank.check()

    play(tmp_path, story)


@pytest.mark.parametrize("tear", ["tear_before", "tear_after"])
@pytest.mark.parametrize("count", [4, 5, 6])
def test_card_torn_out_over_its_commands_has_them_the_next_time(
    tmp_path: Path, tear: str, count: int
) -> None:
    """A balance, then UPDATE, certificate, CLAIM; whichever answer is lost, both end as taken."""

    async def story(pair: Pair) -> None:
        it = await open_issuing(pair)
        await it.update(it.shop.card, transfer_max=9_000)
        await it.claim(it.shop.card)
        it.shop.do(tear, count=str(count))

        assert await it.key("EB") == "", "the balance was told before"
        if not it.shop.customer.twin.visit:
            it.shop.do("insert", card="card")
        assert await it.key("EB") == ""
        await it.contact()

        assert it.states() == [("update", "taken"), ("claim", "taken")]
        assert it.questions() == [] and limits(it.shop.card).transfer_max == 9_000
        assert await it.key(MILK, "EC") == ""
        await it.bank.check()

    play(tmp_path, story)


@pytest.mark.parametrize("tear", ["tear_before", "tear_after"])
def test_card_torn_out_over_the_update_that_was_to_let_it_pay_is_only_over_its_limit(
    tmp_path: Path, tear: str
) -> None:
    """Between the refused START and the one after it nothing can have moved."""

    async def story(pair: Pair) -> None:
        it = await open_issuing(pair)
        await it.update(it.shop.card, transfer_max=100)
        await it.key(MILK, "EC")
        await pair.drain(30)
        await it.update(it.shop.card, transfer_max=90_000)
        it.shop.do(tear, count="5")

        assert await it.key(MILK, "EC") == "PUR-16"
        assert it.shop.on_cards() == (FIRST - PRICE, PRICE)
        it.shop.do("insert", card="card")
        assert await it.key("EC") == ""
        await it.contact()

        assert it.states() == [("update", "taken")] * 2 and it.questions() == []
        await it.bank.check()

    play(tmp_path, story)


def test_stopped_purse_is_refused_as_soon_as_the_shops_purse_has_heard(tmp_path: Path) -> None:
    """PUR-06, also offline; with the limits that the shop's purse had; taken back the same way."""

    async def story(pair: Pair) -> None:
        it = await open_issuing(pair)
        await it.update(it.shop.own, transfer_max=70_000)
        await it.contact()
        stop = PurseHotlist(name=b"CUSTOMER".hex(), stop=True, actor="park")
        await perform(pair.broker, stop)
        await it.contact()

        assert limits(it.shop.own).hotlist == limits(it.bank.teller).hotlist == (b"CUSTOMER",)
        it.pair.wire.state = Wire.NO_ROUTE
        assert await it.key(MILK, "EC") == "PUR-06"
        assert await it.key("CA") == ""
        assert await it.key("5000EL") == "PUR-06"
        it.pair.wire.state = Wire.GOOD
        await perform(pair.broker, PurseHotlist(name=stop.name, stop=False, actor="park"))
        await it.contact()

        assert await it.key(MILK, "EC") == ""
        assert limits(it.shop.own).transfer_max == 70_000
        assert {state for _, state in it.states()} == {"taken"}
        await it.bank.check()

    play(tmp_path, story)


def test_own_purses_are_asked_for_once_and_not_before_there_is_something_newer(
    tmp_path: Path,
) -> None:
    async def story(pair: Pair) -> None:
        it = await open_issuing(pair)
        await it.contact()
        assert it.asked() == 0, "nothing was ever ordered"
        await it.update(it.shop.card)
        await it.contact()
        assert it.asked() == 2, "for the shop's and the teller's; neither has anything"
        await it.contact()
        assert it.asked() == 2
        await it.update(it.bank.teller, transfer_max=10)
        await it.contact()
        assert it.asked() == 4 and limits(it.bank.teller).transfer_max == 10

    play(tmp_path, story)


def test_own_purse_that_is_away_is_tried_again_a_minute_later(tmp_path: Path) -> None:
    """Not with every answer of the broker; and a question without an answer is no different."""

    async def story(pair: Pair) -> None:
        it = await open_issuing(pair)
        await it.update(it.bank.teller, transfer_max=10)
        it.bank.slot.work(Verb(verb="remove", arguments={}))
        it.own.heard(1)
        await asyncio.sleep(30)
        it.bank.slot.work(Verb(verb="insert", arguments={"card": "card"}))
        asked = it.asked()
        it.own.heard(1)
        await asyncio.sleep(1)
        assert it.asked() == asked and limits(it.bank.teller) == Parameters()
        await asyncio.sleep(AGAIN_NS // SECOND_NS)
        it.pair.wire.plan = [Wire.NO_ROUTE, Wire.NO_ROUTE]
        it.own.heard(1)
        await asyncio.sleep(AGAIN_NS // SECOND_NS + 1)
        assert limits(it.bank.teller) == Parameters()
        await it.contact()

        assert limits(it.bank.teller).transfer_max == 10 and it.states() == [("update", "taken")]

    play(tmp_path, story)


def test_clerk_goes_on_while_the_broker_is_asked_for_the_shops_purse(tmp_path: Path) -> None:
    """A silent broker: the next sale is not behind it."""

    async def story(pair: Pair) -> None:
        it = await open_issuing(pair)
        await it.update(it.shop.own)
        it.pair.wire.state = Wire.LOSE_REQUEST
        it.own.heard(1)
        await asyncio.sleep(0.5)
        it.errands.newest = 0
        begin = pair.clock.monotonic_ns()
        assert await it.key(MILK, "EC") == ""
        assert pair.clock.monotonic_ns() - begin < SECOND_NS
        await it.own.stop()

    play(tmp_path, story)


def test_command_that_was_given_twice_by_two_tills_is_taken_once(tmp_path: Path) -> None:
    """The report is lost with the till's power: the card answers that it has had it."""

    async def story(pair: Pair) -> None:
        it = await open_issuing(pair)
        await it.update(it.shop.card, transfer_max=9_000)
        [command] = await it.errands.wanted(b"CUSTOMER") or ()
        tell(it.shop.card.purse, 0, 0xA4, 4, 0, AID)
        assert it.shop.card.purse.handle(command.apdu) == b"\x90\x00"

        assert await it.key("EB") == ""
        await it.contact()

        [report] = it.reported()
        assert isinstance(report, PurseCommanded)
        assert report.sw == SW.CONDITIONS_NOT_SATISFIED
        assert it.states() == [("update", "taken")] and it.questions() == []

    play(tmp_path, story)
