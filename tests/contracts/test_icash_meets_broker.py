"""ICash end to end in virtual time: card, module, readers' bytes, till, outbox, broker's front, collector.

T5: a card and a module made under the broker's own keys pay at a real till through virtual readers; the
card is torn out at every exchange, and leaves for good. What the broker's ledger says of the module is
what is in it, and the collector pays the shop for exactly that, once.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ips.icash.collection import held_in
from ips.icash.desk import IcashCollect, IcashCollected, IcashCommands, IcashIssuer, IcashStatement
from ips.office import ModuleChange, RefundDecided, RefundNow, perform
from pos.card_slots import SlotCards
from pos.catalogue import replace_catalogue
from pos.entry import parse_entry
from pos.equipment import NoDisplay, NoDrawer
from pos.headless import Sell, answer
from pos.press import Press
from pos.register import Clerk, Register, Setup
from pos.rights import Role
from pos.store.threads import StoreInline
from pos.tenders.registry import find_tenders
from pos.till import Till
from pos.view import Notice
from protocols.address import parse_address
from protocols.control import Verb
from protocols.icash.image import CardPersonality, ModulePersonality
from sim.cards.icash import IcashPlastic, ModulePlastic, personalise_card, personalise_module
from sim.cards.slots import SlotMemory
from sim.hosting.card_slot import HostedSlot
from tests.contracts.test_purse_meets_broker import in_reader
from tests.contracts.test_till_meets_broker import Pair, play
from tests.pos.conftest import PassBy
from tests.support.counter_till import GOODS

MILK, PRICE = "8801115114154", 2_980
FIRST = 50_000
CARD, MODULE = b"CARD0001", b"SHOP0001"
CARD_EXCHANGES = range(1, 5)
"""Of a sale at the customer's card: SELECT, QUERY, INITIALIZE, DEBIT."""
MODULE_EXCHANGES = range(1, 5)
"""At the module: SELECT, QUERY, INITIALIZE, CREDIT."""
DEBIT = 4


@dataclass
class Shop:
    """A till with two virtual readers, joined to a broker that made what is in them."""

    pair: Pair
    till: Till
    customer: HostedSlot
    own: HostedSlot
    card: IcashPlastic
    module: ModulePlastic

    async def key(self, *texts: str) -> Notice | None:
        said = None
        for text in texts:
            said = await self.till.execute(parse_entry(text, tenders=self.till.view.tenders))
        return said

    def do(self, slot: HostedSlot, verb: str, **arguments: str) -> None:
        slot.work(Verb(verb=verb, arguments=arguments))

    def held(self) -> tuple[int, int]:
        return self.card.image().balance, self.module.image().total

    def ledger(self) -> dict[str, int]:
        rows = self.pair.broker.reader.accounts()
        return {row.name: row.debits_posted - row.credits_posted for row in rows}

    async def collect(self) -> IcashCollected:
        """Have the collector's commands sent to the module where it is, and the answers handed in."""
        broker = self.pair.broker
        asked = await perform(broker, IcashStatement(module=MODULE.hex(), actor="park"))
        assert isinstance(asked, IcashCommands)
        self.module.power_on()
        answers = [self.module.handle(bytes.fromhex(apdu)) for apdu in asked.apdus]
        done = await perform(broker, IcashCollect(module=MODULE.hex(), answers=answers, actor="p"))
        assert isinstance(done, IcashCollected), done
        return done

    async def check(self) -> None:
        """The broker knows what is in the module, the collector pays it, and nothing is odd."""
        _, total = self.held()
        before = self.ledger()
        assert before.get(held_in(MODULE.hex()), 0) + before.get("bank/icash", 0) == total
        done = await self.collect()
        assert (done.total, done.unreported, done.unproved, done.refused) == (total, 0, [], [])
        after = self.ledger()
        assert (after.get(held_in(MODULE.hex()), 0), after.get("bank/icash", 0)) == (0, total)
        asked = self.pair.broker.reader.ask("SELECT code FROM question ORDER BY id")
        assert [code for (code,) in asked if code.startswith("value")] == []


async def open_shop(pair: Pair) -> Shop:
    """Join the broker, make card and module under its keys, put them into readers, open the shift."""
    await pair.join()
    await perform(pair.broker, IcashIssuer(actor="park"))
    masters = pair.broker.keys.icash_masters()
    assert masters is not None
    slots = SlotMemory(), SlotMemory()
    personalise_card(slots[0], FIRST)
    personalise_module(slots[1])
    terms = {"currency": 410, "ceiling": 1_000_000, "purchase_max": 1_000_000, "expiry": 20991231}
    keys = masters.card_keys(CARD, 1)
    card = CardPersonality(card=CARD, key_version=1, keys=keys, **terms)
    module = ModulePersonality(
        module=MODULE,
        key_version=1,
        purchase_master=masters.purchase,
        collection_key=masters.collection_key(MODULE, 1),
        currency=410,
        credited_slots=100,
    )
    in_card = IcashPlastic(label="card", personality=card, slots=slots[0])
    in_module = ModulePlastic(label="module", personality=module, slots=slots[1])
    customer = await in_reader(pair, "customer", in_card)  # type: ignore[arg-type]
    own = await in_reader(pair, "module", in_module)  # type: ignore[arg-type]
    register = Register(
        setup=Setup(
            store="main",
            store_name="한빛마트",
            clerk=Clerk(id="kim", name="김영희", role=Role.MANAGER),
            zone=ZoneInfo("Asia/Seoul"),
        ),
        clock=pair.clock,
        faults=PassBy(),
        runner=StoreInline(pair.store),
        tenders=find_tenders(),
        cards=SlotCards(
            customer=parse_address("sim://customer"),
            schemes={"icash": parse_address("sim://module")},
            clock=pair.clock,
        ),
    )
    replace_catalogue(pair.store.database, GOODS, now_ns=pair.clock.now_ns())
    till = Till(register, drawer=NoDrawer(), display=NoDisplay())
    await till.start()
    shop = Shop(pair, till, customer, own, in_card, in_module)
    await shop.key("100000OS")
    return shop


def test_sale_by_icash_is_settled_and_collected(tmp_path: Path) -> None:
    """The headless request, the receipt, the journal, the batch, the booking, the collection."""

    async def story(pair: Pair) -> None:
        shop = await open_shop(pair)
        told = await answer(shop.till, Sell(items=[MILK], tenders=["icash"]))
        assert told.done, told
        register = shop.till.register
        paper = await register.runner.run(lambda store: store.papers.newest("sale"))
        assert paper is not None
        receipt = Press(register, columns=42).text(paper)
        assert "ICash" in receipt and f"{CARD.hex()}-0" in receipt
        await pair.drain(20)

        [payment] = pair.broker.reader.ask("SELECT state, paid, reference FROM payment")
        assert payment == ("settled", PRICE, f"{CARD.hex()}-0")
        assert shop.ledger()["clearing/icash/main"] == 0, "sold for what was received"
        await shop.check()
        assert (await shop.collect()).paid_now == 0, "paid once"

    play(tmp_path, story)


@pytest.mark.parametrize("tear", ["tear_before", "tear_after"])
@pytest.mark.parametrize("side", ["card", "module"])
def test_either_side_torn_at_every_exchange_ends_in_books_that_agree(
    tmp_path: Path, side: str, tear: str
) -> None:
    """The same card or module comes back each time; every sale is paid once, by ICash."""
    exchanges = CARD_EXCHANGES if side == "card" else MODULE_EXCHANGES

    async def story(pair: Pair) -> None:
        shop = await open_shop(pair)
        slot = shop.customer if side == "card" else shop.own
        for count in exchanges:
            await shop.key(MILK)
            shop.do(slot, tear, count=str(count))
            paying = asyncio.create_task(shop.key("IC"))
            await asyncio.sleep(3)
            assert not slot.twin.visit, "it was torn out"
            shop.do(slot, "insert", card="card")
            await paying
            while shop.till.register.has_sale():
                await shop.key("IC")
        await pair.drain(60)

        sales = len(exchanges)
        assert shop.held() == (FIRST - sales * PRICE, sales * PRICE)
        states: list[Any] = pair.broker.reader.ask(
            "SELECT state, count(*) FROM payment WHERE paid > 0 GROUP BY state"
        )
        assert states == [("settled", sales)]
        await shop.check()

    play(tmp_path, story)


@pytest.mark.parametrize("at_byte", [0, 7, 60])
@pytest.mark.parametrize("side", ["card", "module"])
def test_memory_torn_in_a_commit_ends_in_books_that_agree(
    tmp_path: Path, side: str, at_byte: int
) -> None:
    async def story(pair: Pair) -> None:
        shop = await open_shop(pair)
        slot = shop.customer if side == "card" else shop.own
        await shop.key(MILK)
        shop.do(slot, "tear_in", count=str(at_byte))
        paying = asyncio.create_task(shop.key("IC"))
        await asyncio.sleep(3)
        assert not slot.twin.visit, "power left it in the middle of a write"
        shop.do(slot, "insert", card="card")
        await paying
        while shop.till.register.has_sale():
            await shop.key("IC")
        await pair.drain(30)

        assert shop.held() == (FIRST - PRICE, PRICE)
        await shop.check()

    play(tmp_path, story)


def test_payment_that_comes_too_late_is_the_customers_money_and_collected_all_the_same(
    tmp_path: Path,
) -> None:
    """The card leaves after paying, cash ends the sale, the card comes back: owed, and it goes back in cash."""

    async def story(pair: Pair) -> None:
        shop = await open_shop(pair)
        await shop.key(MILK)
        shop.do(shop.customer, "tear_after", count=str(DEBIT))
        said = await shop.key("IC")
        assert said is not None and said.code == "ICS-14"
        assert shop.held() == (FIRST - PRICE, 0), "the value is on its way"
        await shop.key("KT", "CA")
        await pair.drain(20)
        shop.do(shop.customer, "insert", card="card")
        late = await shop.key("RS")
        assert late is not None and late.code == "PUR-21"
        await pair.drain(20)

        assert shop.held() == (FIRST - PRICE, PRICE)
        rows: list[Any] = pair.broker.reader.ask(
            "SELECT module, state, paid FROM payment ORDER BY module"
        )
        assert rows == [("cash", "settled", PRICE), ("icash", "owed", PRICE)]
        assert shop.ledger()["customer-credit/main"] == -PRICE
        await shop.check()
        await perform(pair.broker, ModuleChange(module="icash", verb="activate", actor="park"))
        [(key,)] = pair.broker.reader.ask("SELECT key FROM refund")
        decided = RefundDecided(key=key, verb="approve", why="it was paid twice", actor="lee")
        waits = await perform(pair.broker, decided)
        assert isinstance(waits, RefundNow) and (waits.state, waits.amount) == ("approved", PRICE)

    play(tmp_path, story)
