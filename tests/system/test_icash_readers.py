"""ICash over stock pcscd, pyscard and real sockets, at a real till: two readers, one accident, one payment.

Method: the card and the module are virtual, everything between them and the journal is not. The card is
pulled at the worst moment, debited and silent; with the same card back the payment ends under its own
key.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pos.card_slots import SlotCards
from pos.catalogue import replace_catalogue
from pos.entry import parse_entry
from pos.equipment import NoDisplay, NoDrawer
from pos.register import Clerk, Register, Setup
from pos.rights import Role
from pos.store.store import FILE_NAME, Store
from pos.store.threads import StoreInline
from pos.tenders.registry import find_tenders
from pos.till import Till
from protocols.address import Address, parse_address
from protocols.control import Verb
from protocols.facts import AttemptClosed, ValueTaken, decode_fact
from protocols.journal import decode_record
from protocols.purse.suite import P256
from sim.cards.card import Card
from sim.cards.file import read_cards
from sim.cards.issue import make_set, read_set, set_file
from sim.entropy import SeededEntropy
from sim.hosting.card_slot import HostedSlot
from sim.hosting.card_socket import ReaderCarrier
from sim.hosting.pcscd import PrivateDaemon
from sim.smart_card import SmartCardTwin
from tests.pos.conftest import PassBy
from tests.support.card_bench import CLOCK, until
from tests.support.counter_till import GOODS

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("cards")]

MILK, PRICE, FIRST = "8801115114154", 2_980, 50_000
DEBIT = "4"
"""Which of a sale's commands to the card: SELECT, QUERY, INITIALIZE, DEBIT."""


@asynccontextmanager
async def hosted(
    daemon: PrivateDaemon, reader: str, cards: dict[str, Card], inserted: str
) -> AsyncIterator[tuple[HostedSlot, Address]]:
    """Serve a slot in a reader of the daemon."""
    carrier = ReaderCarrier(daemon.dial(reader), reader=reader, daemon=daemon.client_socket)
    twin = SmartCardTwin(cards, inserted=inserted)
    host = HostedSlot(name=reader, twin=twin, carrier=carrier, clock=CLOCK)
    await host.start()
    try:
        yield host, parse_address(carrier.address)
    finally:
        await host.stop()


async def test_sale_by_icash_survives_a_card_that_is_pulled_when_it_has_paid(
    card_daemon: PrivateDaemon, tmp_path: Path
) -> None:
    make_set(tmp_path / "cards", read_set(set_file("shop")), suite=P256(), entropy=SeededEntropy(1))
    cards = read_cards(tmp_path / "cards")
    async with (
        hosted(card_daemon, "IPS customer", cards, "icash-1") as (customer, at_customer),
        hosted(card_daemon, "IPS shop", cards, "icash-module") as (_, at_module),
    ):
        slots = SlotCards(customer=at_customer, schemes={"icash": at_module}, clock=CLOCK)
        with Store(tmp_path / FILE_NAME, clock=CLOCK) as store:
            till = await till_with(store, slots)

            async def key(*texts: str) -> str:
                said = None
                for text in texts:
                    said = await till.execute(parse_entry(text, tenders=till.view.tenders))
                return "" if said is None else said.code

            await key("0OS", MILK, "IC")
            assert held(cards) == (FIRST - PRICE, PRICE) and not till.register.has_sale()

            await key(MILK)
            customer.work(Verb(verb="tear_after", arguments={"count": DEBIT}))
            paying = asyncio.create_task(key("IC"))
            await until(lambda: not customer.twin.visit)
            assert held(cards) == (FIRST - 2 * PRICE, PRICE), "it has left the card and not arrived"
            customer.work(Verb(verb="insert", arguments={"card": "icash-1"}))
            await paying
            while till.register.has_sale():
                await key("IC")

            assert held(cards) == (FIRST - 2 * PRICE, 2 * PRICE)
            facts = [decode_fact(r.kind, r.body) for r in map(decode_record, store.records(0))]
            taken = [fact for fact in facts if isinstance(fact, ValueTaken)]
            approved = [
                fact
                for fact in facts
                if isinstance(fact, AttemptClosed) and fact.outcome == "approved"
            ]
            assert len(taken) == len(approved) == 2 and all(fact.proof for fact in taken)
            await till.stop()
        await slots.close()


async def till_with(store: Store, cards: SlotCards) -> Till:
    replace_catalogue(store.database, GOODS, now_ns=CLOCK.now_ns())
    register = Register(
        setup=Setup(
            store="S1",
            store_name="한빛마트",
            clerk=Clerk(id="kim", name="김영희", role=Role.MANAGER),
            zone=ZoneInfo("Asia/Seoul"),
        ),
        clock=CLOCK,
        faults=PassBy(),
        runner=StoreInline(store),
        tenders=find_tenders(),
        cards=cards,
    )
    till = Till(register, drawer=NoDrawer(), display=NoDisplay())
    await till.start()
    return till


def held(cards: dict[str, Card]) -> tuple[int, int]:
    """Return what is on the card and in the module."""
    return tuple(  # type: ignore[return-value]
        cards[label].visible()["balances"]["410"] for label in ("icash-1", "icash-module")
    )
