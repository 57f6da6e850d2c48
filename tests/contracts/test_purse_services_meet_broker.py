"""Loads, deposits and refunds end to end: cards, till, outbox, the broker's ledger and its float.

M9, M12. What the broker's ledger says is on the shop's purse is on the card, its float is what is on
all cards but the teller's, and its auditors find nothing: whatever exchange a card was torn at.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from ips.purse.float_audit import audit_float, float_of
from pos.card_slots import SlotCards
from pos.entry import parse_entry
from protocols.address import parse_address
from protocols.control import Verb
from protocols.facts import SaleClosed, decode_fact
from protocols.journal import decode_record
from protocols.purse.details import PurseClass
from sim.cards.purse import PurseCard
from sim.hosting.card_slot import HostedSlot
from tests.contracts.test_purse_meets_broker import MILK, PRICE, Shop, in_reader, issue, open_shop
from tests.contracts.test_till_meets_broker import Pair, play

FIRST, BULK = 50_000, 900_000
EXCHANGES = range(1, 6)
"""Of a receipt at the customer's card: SELECT, pockets, QUERY, ACCEPT, CREDIT."""


@dataclass
class Bank:
    """A shop with a teller's purse in a third reader."""

    shop: Shop
    teller: PurseCard
    slot: HostedSlot

    async def key(self, *texts: str) -> str:
        said = None
        for text in texts:
            said = await self.shop.till.execute(parse_entry(text))
        assert said is not None
        return said.code

    def held(self) -> tuple[int, int, int]:
        return (*self.shop.on_cards(), self.teller.image().balances[0])

    def ledger(self, account: str) -> int:
        return self.shop.ledger().get(account, 0)

    async def check(self) -> None:
        """The broker knows what is on the cards, what lies in the drawer, and owes what is out."""
        pair = self.shop.pair
        await pair.drain(30)
        customer, shop, teller = self.held()
        assert customer + shop + teller == FIRST + BULK, "no value is made or lost"
        reader = pair.broker.reader
        assert self.ledger(f"purse/merchant/{self.shop.own.purse.personality.name.hex()}") == shop
        assert -self.ledger("float-issued") == customer + shop
        assert float_of(reader)["KRW"]["float"] == customer + shop
        assert audit_float(reader, pair.broker.prover).findings == []
        expected = self.shop.till.register.shift.expected
        assert self.ledger("till/main/01") == expected
        assert self.ledger("clearing/purse/main") == 0
        asked = [code for (code,) in reader.ask("SELECT code FROM question ORDER BY id")]
        assert asked == []

    def paid(self) -> str:
        """Return the key of the last payment by e-cash."""
        return next(
            key
            for key, module in reversed(
                self.shop.pair.broker.reader.ask(
                    "SELECT key, module FROM payment WHERE paid > 0 ORDER BY key"
                )
            )
            if module == "purse"
        )


async def open_bank(pair: Pair) -> Bank:
    shop = await open_shop(pair)
    teller = await issue(pair, b"TELLER01", PurseClass.TELLER, BULK)
    slot = await in_reader(pair, "teller", teller)
    shop.till.register.cards = SlotCards(
        customer=parse_address("sim://customer"),
        shop=parse_address("sim://shop"),
        teller=parse_address("sim://teller"),
        clock=pair.clock,
    )
    return Bank(shop, teller, slot)


def test_a_day_of_loads_sales_refunds_and_a_deposit_balances(tmp_path: Path) -> None:
    async def story(pair: Pair) -> None:
        bank = await open_bank(pair)
        assert await bank.key("20000EL") == ""
        await bank.check()
        assert bank.ledger("bank/e-cash") == FIRST, "what was paid for the load lies in the till"

        assert await bank.key(MILK, "EC") == ""
        await bank.check()
        key = bank.paid()
        assert await bank.key(f"980EF:{key}") == ""
        await bank.check()
        [(state, paid, refunded)] = pair.broker.reader.ask(
            "SELECT state, paid, refunded FROM payment WHERE key = ?", (key,)
        )
        assert (state, paid, refunded) == ("settled", PRICE, 980)
        assert await bank.key(f"EF:{key} damaged") == ""
        await bank.check()
        [(state,)] = pair.broker.reader.ask("SELECT state FROM payment WHERE key = ?", (key,))
        assert state == "refunded"
        assert await bank.key(MILK, "EC", "ED") == ""
        await bank.check()
        assert bank.held() == (FIRST + 20_000 - PRICE, 0, BULK - 20_000 + PRICE)
        income = -sum(
            amount
            for name, amount in bank.shop.ledger().items()
            if name.startswith(("sales/", "tax/"))
        )
        back = sum(
            amount for name, amount in bank.shop.ledger().items() if name.startswith("returns/")
        )
        assert income - back == PRICE, "one of two sales went back, to the won"

    play(tmp_path, story)


@pytest.mark.parametrize("tear", ["tear_before", "tear_after"])
@pytest.mark.parametrize("entry", ["7000EL", "EF"])
def test_customers_card_torn_at_every_exchange_ends_in_books_that_agree(
    tmp_path: Path, tear: str, entry: str
) -> None:
    """The same card comes back each time; each service is done once in the end."""

    async def story(pair: Pair) -> None:
        bank = await open_bank(pair)
        for count in EXCHANGES:
            text = entry
            if entry == "EF":
                await bank.key(MILK, "EC")
                sales = [
                    fact
                    for fact in _facts(pair)
                    if isinstance(fact, SaleClosed) and fact.tenders[0].method == "purse"
                ]
                text = f"EF:{sales[-1].tenders[0].attempt}"
            before = bank.held()
            bank.shop.do(tear, count=str(count))
            serving = asyncio.create_task(bank.key(text))
            await asyncio.sleep(3)
            bank.shop.do("insert", card="card")
            code = await serving
            if await bank.shop.till.register.doubts():
                code = await bank.key("RS")
            if bank.held() == before:
                assert code, "what was said to be done is done"
                assert await bank.key(text) == ""
        await bank.check()
        moved = len(EXCHANGES) * 7_000 if entry == "7000EL" else 0
        assert bank.held() == (FIRST + moved, 0, BULK - moved)

    play(tmp_path, story)


def _facts(pair: Pair) -> list[object]:
    records = [decode_record(data) for data in pair.store.records(0)]
    return [decode_fact(record.kind, record.body) for record in records]


def test_teller_that_leaves_in_the_middle_is_found_out_when_it_is_back(tmp_path: Path) -> None:
    """A deposit in doubt: the value is in one of the till's own two purses."""

    async def story(pair: Pair) -> None:
        bank = await open_bank(pair)
        await bank.key(MILK, "EC")
        bank.slot.work(Verb(verb="tear_after", arguments={"count": "5"}))
        assert await bank.key("ED") == "PUR-42"
        bank.slot.work(Verb(verb="insert", arguments={"card": "card"}))
        assert await bank.key("RS") == ""
        await bank.check()
        assert bank.held() == (FIRST - PRICE, 0, BULK + PRICE)

    play(tmp_path, story)
