"""A shop that takes e-cash while everything goes wrong, from one seed, in virtual time.

The world is the stage's (sim.stage.world): the real till, the real broker over its file, readers of
virtual cards, whose memory is torn at single bytes. What is drawn: which customer comes; before or
after which command a card is torn out, customer's or shop's, or at which byte of its memory, or an
answer is too late; whether the customer then leaves, and when he comes back; at which place, or between
which exchanges, the till is killed; which old messages reach a purse once more, out of time; which
requests to the broker, or answers, are lost, late, doubled or out of order; at which place the broker
is killed, and when it comes back.

After every sale the float equation holds: what is on the purses, and what both of two purses would log
if they gave up now, is what there was; and no record contradicts an earlier one. At rest nothing is in
doubt or on its way, everything was uploaded once, and journal, purses and the broker's ledger agree
(sim.stage.auditors).
"""

import asyncio
import random
from collections import Counter as Tally
from collections.abc import Callable
from dataclasses import replace

from protocols.iso7816 import Command
from protocols.purse.details import DETAILS_BYTES, MessageType, decode_details
from protocols.purse.rules import Rules
from sim.cards.card import TornError
from sim.cards.issue import CardSet, CardWish
from sim.stage.told import Finding, Told
from sim.stage.world import audit
from sim.stage.world.equipment import CUSTOMER, SHOP, SLOTS, wish
from sim.stage.world.given import Given, TillWish
from sim.stage.world.network import Passing
from sim.stage.world.rest import rest
from sim.stage.world.shop import World
from sim.stage.world.till import TillHere
from sim.stage.world.virtual import live

YOGURT, PRICE = "8800103000011", 3_480
CUSTOMERS = tuple(f"customer-{number}" for number in range(1, 6))
FIRST = 50_000_000
TODAY = 20260101
SIGNED = 200
"""A purse's answer longer than this is a message with its certificate."""
TEARS = ("tear_before", "tear_after", "tear_in")
BYTES_OF_A_SALE = 1_400
"""What a payer's purse writes to its memory for one transfer, and a little more."""
COMMANDS = (*range(1, 8), 4, 5, 5, 6)
"""The commands to one card in a transfer: most that can go wrong, goes wrong where value moves."""
LATE_MS = "6000"
"""An answer that is later than any till waits."""
TRIES = 4
"""How often a customer holds out his card before he pays cash."""
BACK_S_MAX = 900
"""How long a broker that was killed stays away."""
BAD = tuple(passing for passing in Passing if passing is not Passing.GOOD)

GIVEN = Given(
    tills=(TillWish(equipment={name: wish(name) for name in SLOTS}, float_amount=50_000),),
    cards=CardSet(
        day=TODAY,
        expiry=20991231,
        ceiling=2_000_000_000,
        cards={
            label: CardWish(name=f"CARD{index:04d}", balance=FIRST, narrative_slots=60)
            for index, label in enumerate(CUSTOMERS)
        }
        | {
            SHOP: CardWish(
                name="THE SHOP", purse_class="merchant", log_slots=250, narrative_slots=60
            )
        },
    ),
)


class Story:
    """What happens in a world, and what must hold in it."""

    def __init__(self, seed: int, world: World) -> None:
        self.random = random.Random(f"purse world {seed}")
        self.world = world
        self.told = Told()
        self.tally: Tally[str] = Tally()
        self.ether: list[bytes] = []
        self.leaves = False
        self.broker_back_ns = 0
        self.killing: asyncio.TimerHandle | None = None
        for card in world.purses.cards.values():
            card.handle = self._tapped(card.handle)  # type: ignore[method-assign]

    @property
    def till(self) -> TillHere:
        return self.world.till()

    @property
    def now_ns(self) -> int:
        return self.world.clock.monotonic_ns()

    def transfers(self) -> int:
        return self.world.purses.cards[SHOP].image().balances[0] // PRICE

    # What people do

    async def sell(self) -> None:
        """One sale, whatever it takes."""
        await self._draw()
        while not await self._has_sale():
            await self._key(YOGURT)
        for _ in range(TRIES):
            if await self._has_sale() and self._card_in(CUSTOMER):
                await self._pay()
        if await self._has_sale():
            self.tally["settled in cash"] += 1
        while await self._has_sale():
            if self.till.view.doubt is not None:
                self.tally["parked"] += 1
                await self._key("KT")
            await self._key("CA")
        await self._calm()
        if self.random.random() < 0.4:
            self._late_messages()
        if self.random.random() < 0.1:
            await self._insert(CUSTOMER, self.random.choice(CUSTOMERS))
            await self._key("RS")
        await asyncio.sleep(self.random.choice((0, 0, 1, 20, 120)))

    async def _pay(self) -> None:
        """Hold out the card; where it was torn out, it comes back in a moment, or never."""
        paying = asyncio.create_task(self._key("EC"))
        while not paying.done():
            await asyncio.wait([paying], timeout=1)
            if not self._card_in(SHOP):
                await self._insert(SHOP, SHOP)
            if not self._card_in(CUSTOMER) and not self.leaves:
                await self._insert(CUSTOMER, self.customer)
        await paying

    async def _key(self, text: str) -> None:
        """Enter something; a till that is dead, or dies over it, is switched on again."""
        await self.till.start()
        await self.till.key(text)
        if self.till.life.dead:
            self.tally[f"killed at {self.till.life.place or 'any moment'}"] += 1
        await self.till.start()

    async def _has_sale(self) -> bool:
        await self.till.start()
        return self.till.wired.till.register.has_sale()

    # What goes wrong

    async def _draw(self) -> None:
        """Draw what will go wrong with this sale."""
        draw = self.random
        self.customer = draw.choice(CUSTOMERS)
        self.leaves = draw.random() < 0.35
        for slot, label in ((CUSTOMER, self.customer), (SHOP, SHOP)):
            await self._insert(slot, label)
        if draw.random() < 0.5:
            await self._spoil(draw.choice((CUSTOMER, CUSTOMER, SHOP)))
        if draw.random() < 0.2:
            await self._spoil(draw.choice(SLOTS))
        if draw.random() < 0.12:
            self.till.life.kill_after(draw.randrange(1, 14))
        elif draw.random() < 0.08:
            moment = draw.randrange(40) / 1000
            self.killing = asyncio.get_running_loop().call_later(moment, self.till.life.kill)
        self._draw_broker()

    async def _spoil(self, slot: str) -> None:
        what = self.random.choice((*TEARS, *TEARS, "delay"))
        self.tally[what] += 1
        match what:
            case "tear_in":
                count = str(self.random.randrange(BYTES_OF_A_SALE))
            case "delay":
                await self.world.equipment().do(slot, "delay", ms=LATE_MS)
                return
            case _:
                count = str(self.random.choice(COMMANDS))
        await self.world.equipment().do(slot, what, count=count)

    async def _calm(self) -> None:
        if self.killing is not None:
            self.killing.cancel()
        for slot in SLOTS:
            await self.world.equipment().do(slot, "delay", ms="0")

    def _draw_broker(self) -> None:
        broker = self.world.broker
        if not broker.running:
            if not self.broker_back_ns:
                self.tally[f"broker killed at {broker.life.place}"] += 1
                self.broker_back_ns = self.now_ns + self.random.randrange(BACK_S_MAX) * 10**9
            elif self.now_ns > self.broker_back_ns:
                self.broker_back_ns = 0
                broker.start()
        elif self.random.random() < 0.1:
            broker.life.kill_after(self.random.randrange(1, 30))

    def _passing(self) -> Passing:
        passing = self.random.choice(BAD) if self.random.random() < 0.35 else Passing.GOOD
        self.tally[f"line: {passing.value}"] += 1
        return passing

    def _late_messages(self) -> None:
        """Messages that somebody kept reach their purses out of time."""
        purses = {card.purse.personality.name: card for card in self.world.purses.ours()}
        for _ in range(3):
            if not self.ether:
                return
            message = self.random.choice(self.ether[-40:])
            pd = decode_details(message[1 : 1 + DETAILS_BYTES])
            kind = MessageType(message[0])
            card = purses[pd.payer if kind in (MessageType.REQ, MessageType.ACK) else pd.payee]
            card.purse.selected = True
            ins, p1, day = {
                MessageType.OFFER: (0x50, 2, TODAY.to_bytes(4)),
                MessageType.REQ: (0x54, 0, TODAY.to_bytes(4)),
                MessageType.VAL: (0x52, self.random.randrange(2), b""),
                MessageType.ACK: (0x56, self.random.randrange(2), b""),
            }[kind]
            before = card.image()
            try:
                card.handle(Command(0x90, ins, p1, 0, message + day, 256).encode())
            except TornError:
                self.tally["late message torn"] += 1
            same = card.image() == before
            self.tally["late message" if same else "late message obeyed"] += 1

    def _tapped(self, handle: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
        """Keep the signed messages that pass."""

        def heard(apdu: bytes) -> bytes:
            answer = handle(apdu)
            message = answer[:-2]
            signed = len(message) > SIGNED and answer.endswith(b"\x90\x00")
            if signed and message not in self.ether[-50:]:
                self.ether.append(message)
            return answer

        return heard

    def _card_in(self, slot: str) -> str:
        return self.world.equipment().card_in(slot)

    async def _insert(self, slot: str, label: str) -> None:
        lying = self._card_in(slot)
        if lying != label:
            await self.world.equipment().do(slot, "swap" if lying else "insert", card=label)

    # What must hold

    def check_step(self) -> None:
        """Assert that no record contradicts an earlier one, and that the float holds."""
        _nothing(self.told.hear_all(self.till.records(self.told.heard)))
        _nothing(audit.value(self.world))

    def check_books(self, sales: int) -> None:
        """Assert, at rest, that journal, purses and the broker's books say the same."""
        told = self.told
        assert len(told.sales) == sales
        assert all(sale.total == PRICE and not sale.voided for sale in told.sales.values())
        received = sum(
            attempt.value
            for attempt in told.attempts.values()
            if attempt.method == "purse" and not attempt.gives_back
        ) - sum(told.repaid.values())
        assert received == self.transfers() * PRICE, "the shop's purse is not what was approved"
        _nothing(audit.at_rest(self.world))

    async def play(self, sales: int) -> None:
        """Sell so often, and come to rest; the equations hold all the way."""
        self.till.network.drawn(self._passing)
        for _ in range(sales):
            await self.sell()
            self.check_step()
        await rest(self.world)
        self.check_step()
        self.check_books(sales)


def _nothing(findings: list[Finding]) -> None:
    assert not findings, "\n".join(str(finding) for finding in findings)


def lived(seed: int, sales: int, purse_rules: Rules | None = None) -> Story:
    """Run one world to its end and return what happened in it."""

    async def story(world: World) -> Story:
        told = Story(seed, world)
        await told.play(sales)
        return told

    return live(story, given=replace(GIVEN, purse_rules=purse_rules), seed=seed)
