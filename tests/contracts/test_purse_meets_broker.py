"""E-cash end to end in virtual time: cards, readers' bytes, till, outbox, broker's front, its ledger.

T5, M9: cards made under the broker's own key pay at a real till through virtual readers; one is torn
at every exchange of a transfer, one leaves and comes back too late. What the broker's ledger says of
the shop's purse is what is on the card, and its float is what is on all of them.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ips.office import perform
from ips.purse.desk import PurseAdd, PurseIssuer
from ips.purse.float_audit import audit_float, float_of
from pos.card_slots import SlotCards
from pos.catalogue import replace_catalogue
from pos.entry import parse_entry
from pos.equipment import NoDisplay, NoDrawer
from pos.headless import Sell, answer
from pos.register import Clerk, Register, Setup
from pos.rights import Role
from pos.store.threads import StoreInline
from pos.tenders.registry import find_tenders
from pos.till import Till
from pos.view import Notice
from protocols.address import parse_address
from protocols.control import Verb
from protocols.purse.details import PurseClass
from protocols.purse.image import decode_image
from protocols.purse.issuing import Profile, make_card
from protocols.purse.suite import P256, secret_from
from sim.cards.purse import PurseCard, personalise
from sim.cards.slots import SlotMemory
from sim.hosting.card_memory import MemoryReader
from sim.hosting.card_slot import HostedSlot
from sim.smart_card import SmartCardTwin
from tests.contracts.test_till_meets_broker import Pair, play
from tests.pos.conftest import PassBy
from tests.support.counter_till import GOODS
from tests.support.purses import KRW

MILK, PRICE = "8801115114154", 2_980
EXCHANGES = range(1, 7)
"""Of a sale at the customer's card: SELECT, pockets, QUERY, START, DEBIT, COMPLETE."""


@dataclass
class Shop:
    """A till with two virtual readers, joined to a broker that issues its cards."""

    pair: Pair
    till: Till
    customer: HostedSlot
    card: PurseCard
    own: PurseCard

    async def key(self, *texts: str) -> Notice | None:
        said = None
        for text in texts:
            said = await self.till.execute(parse_entry(text))
        return said

    def do(self, verb: str, **arguments: str) -> None:
        self.customer.work(Verb(verb=verb, arguments=arguments))

    def on_cards(self) -> tuple[int, int]:
        return self.card.image().balances[0], self.own.image().balances[0]

    def ledger(self) -> dict[str, int]:
        rows = self.pair.broker.reader.accounts()
        return {row.name: row.debits_posted - row.credits_posted for row in rows}

    def check(self) -> None:
        """The broker knows what is on the cards."""
        reader, prover = self.pair.broker.reader, self.pair.broker.prover
        customer, shop = self.on_cards()
        ledger = self.ledger()
        assert ledger.get(f"purse/merchant/{self.own.purse.personality.name.hex()}", 0) == shop
        assert -ledger["float-issued"] == customer + shop == float_of(reader)["KRW"]["float"]
        assert audit_float(reader, prover).findings == []
        asked = reader.ask("SELECT code FROM question ORDER BY id")
        assert [code for (code,) in asked if code.startswith("purse")] == []


async def open_shop(pair: Pair) -> Shop:
    """Join the broker, make both cards under its key, put them into readers, open the shift."""
    await pair.join()
    await perform(pair.broker, PurseIssuer(actor="park"))
    card = await issue(pair, b"CUSTOMER", PurseClass.CONSUMER, 50_000)
    own = await issue(pair, b"THE SHOP", PurseClass.MERCHANT, 0)
    customer = await in_reader(pair, "customer", card)
    await in_reader(pair, "shop", own)
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
            shop=parse_address("sim://shop"),
            clock=pair.clock,
        ),
    )
    replace_catalogue(pair.store.database, GOODS, now_ns=pair.clock.now_ns())
    till = Till(register, drawer=NoDrawer(), display=NoDisplay())
    await till.start()
    shop = Shop(pair, till, customer, card, own)
    await shop.key("100000OS")
    return shop


async def issue(pair: Pair, name: bytes, purse_class: PurseClass, first: int) -> PurseCard:
    issuer = pair.broker.keys.purse_issuer()
    assert issuer is not None
    profile = Profile(
        name=name,
        purse_class=purse_class,
        expiry=20991231,
        currencies=(KRW, 0, 0, 0, 0),
        ceilings=(1_000_000, 0, 0, 0, 0),
        balances=(first, 0, 0, 0, 0),
        narrative_slots=100,
    )
    made = make_card(issuer, profile, secret=secret_from(pair.entropy.token(40)))
    values = {"KRW": first} if first else {}
    await perform(pair.broker, PurseAdd(certificate=made.certificate, first=values, actor="park"))
    slots = SlotMemory()
    personalise(slots, decode_image(made.image))
    return PurseCard(label=name.decode(), personality=made.personality, slots=slots, suite=P256())


async def in_reader(pair: Pair, name: str, card: PurseCard) -> HostedSlot:
    carrier = MemoryReader(name, clock=pair.clock, latency_ns=1_000_000)
    carrier.offer()
    twin = SmartCardTwin({"card": card}, inserted="card")
    host = HostedSlot(name=name, twin=twin, carrier=carrier, clock=pair.clock)
    await host.start()
    return host


def test_sale_by_purse_is_settled_and_in_the_shops_purse(tmp_path: Path) -> None:
    """The headless request, the journal, the batch, the booking, the float."""

    async def story(pair: Pair) -> None:
        shop = await open_shop(pair)
        told = await answer(shop.till, Sell(items=[MILK], tenders=["purse"]))
        assert told.done, told
        await pair.drain(20)

        [payment] = pair.broker.reader.ask("SELECT state, paid, reference FROM payment")
        assert payment[:2] == ("settled", PRICE)
        assert payment[2].startswith(b"CUSTOMER".hex())
        assert shop.ledger()["clearing/purse/main"] == 0, "sold for what was received"
        shop.check()

    play(tmp_path, story)


@pytest.mark.parametrize("tear", ["tear_before", "tear_after"])
def test_card_torn_at_every_exchange_ends_in_books_that_agree(tmp_path: Path, tear: str) -> None:
    """The same card comes back each time; every sale is paid once, by purse."""

    async def story(pair: Pair) -> None:
        shop = await open_shop(pair)
        for count in EXCHANGES:
            await shop.key(MILK)
            shop.do(tear, count=str(count))
            paying = asyncio.create_task(shop.key("EC"))
            await asyncio.sleep(3)
            assert not shop.customer.twin.visit, "the card was torn out"
            shop.do("insert", card="card")
            await paying
            while shop.till.register.has_sale():
                await shop.key("EC")
        await pair.drain(60)

        sales = len(EXCHANGES)
        assert shop.on_cards() == (50_000 - sales * PRICE, sales * PRICE)
        states: list[Any] = pair.broker.reader.ask(
            "SELECT state, count(*) FROM payment WHERE paid > 0 GROUP BY state"
        )
        assert states == [("settled", sales)]
        shop.check()

    play(tmp_path, story)


def test_transfer_that_completes_too_late_is_the_customers_money(tmp_path: Path) -> None:
    """The card leaves after paying, cash ends the sale, the card comes back: it gets it back."""

    async def story(pair: Pair) -> None:
        shop = await open_shop(pair)
        await shop.key(MILK)
        shop.do("tear_after", count="5")
        said = await shop.key("EC")
        assert said is not None and said.code == "PUR-07"
        assert shop.on_cards() == (50_000 - PRICE, 0), "the value is on its way"
        await shop.key("KT", "CA")
        await pair.drain(20)
        shop.do("insert", card="card")
        late = await shop.key("RS")
        assert late is not None and late.code == "PUR-28"
        await pair.drain(20)

        assert shop.on_cards() == (50_000, 0), "it went back to the card that paid"
        rows: list[Any] = pair.broker.reader.ask(
            "SELECT module, state, paid FROM payment ORDER BY module"
        )
        assert rows == [("cash", "settled", PRICE), ("purse", "refunded", PRICE)]
        assert shop.ledger()["customer-credit/main"] == 0
        shop.check()

    play(tmp_path, story)
