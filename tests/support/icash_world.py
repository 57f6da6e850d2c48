"""A shop that takes ICash while everything goes wrong, from one seed, in virtual time.

The till is the real one over its real store on a file; tender, coordinator, cards and module are the
production classes, their memory is torn at single bytes; the broker is real, and so is the collector.
What is drawn: which customer comes; at which exchange a command or an answer is lost, or power goes
after which byte of a commit; whether the customer then leaves, and when he comes back; before or after
which append, or between which exchanges, the till is killed; which old commands reach card or module
once more, out of time; when the journal is sent, when the module states, is paid, is cleared.

After every sale the equation holds: cards + module + what left a card and reached no module = issued,
and of the module no more is collected than is in it. At rest nothing is in doubt, the module holds what
the journal says was taken, the collector has paid all of it, once, and every loss can be paid back.
"""

import asyncio
import random
from collections import Counter as Tally
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from ips.icash import records
from ips.icash.collection import held_in
from ips.icash.desk import (
    IcashClear,
    IcashCollect,
    IcashCollected,
    IcashCommands,
    IcashIssuer,
    IcashKnown,
    IcashPay,
    IcashStatement,
)
from ips.office import perform
from pos.catalogue import replace_catalogue
from pos.entry import parse_entry
from pos.equipment import NoDisplay, NoDrawer
from pos.points import Point
from pos.register import Clerk, Register, Setup
from pos.rights import Role
from pos.store.store import Store
from pos.store.threads import StoreInline
from pos.store.verify import Sound, verify
from pos.tenders.registry import find_tenders
from pos.till import Till
from protocols.facts import AttemptClosed, Fact, SaleClosed, ValueTaken, decode_fact
from protocols.icash.attempt import details_in
from protocols.icash.card import IcashCard
from protocols.icash.details import DETAILS_BYTES, Kind, decode_details
from protocols.icash.host import Host
from protocols.icash.image import (
    CardPersonality,
    ModulePersonality,
    decode_card,
    decode_module,
    encode_card,
    encode_module,
    first_card,
    first_module,
)
from protocols.icash.keys import RememberingAesCmac
from protocols.icash.module import IcashModule
from protocols.icash.rules import CardRules, ModuleRules
from protocols.journal import decode_record
from protocols.ports import CardChannel
from protocols.purse.memory import TwoSlotMemory, encode_slot
from sim.search.tearing import PowerGoneError, TornSlots
from tests.contracts.test_till_meets_broker import Pair
from tests.support.counter_till import GOODS
from tests.support.icash import MASTERS, tell

MILK, PRICE = "8801115114154", 2_980
CUSTOMERS = 4
FIRST = 50_000_000
MODULE = b"THE SHOP"
MOVING = (6, 7, 8)
"""The exchanges INITIALIZE PSAM, DEBIT and CREDIT of a purchase in which nothing else went wrong."""
BESIDES = {Point.BEFORE_KICK_DRAWER, Point.AFTER_KICK_DRAWER}
"""Passed by a task of its own, beside the sale; a kill there is tests/system's, with real processes."""
NEVER_BACK = 2
"""How many of the customers do not come back at the end: their losses are paid back at the office."""
TRIES = 4
"""How often a customer holds out his card before he pays cash."""


class KilledError(BaseException):
    """The till is gone; nothing of it runs on. No Exception, so that nothing can catch it."""


@dataclass
class Holder:
    """A card or the module, and the bytes under its memory."""

    chip: IcashCard | IcashModule
    slots: TornSlots


@dataclass
class Faults:
    """What was drawn for one sale, by number of the exchange from its beginning."""

    lost: dict[int, str | int] = field(default_factory=dict)
    """before: the command; after: the answer; a number: power, after so many bytes of a commit."""
    leaves: bool = False
    """Whether the customer goes when his card was torn out."""
    kill_after: int = 0
    """The till is killed when it has passed so many places; 0: not at all."""


@dataclass
class Channel:
    """A powered card; dead from the first lost answer on."""

    world: "IcashWorld"
    holder: Holder
    alive: bool = True

    async def transmit(self, apdu: bytes, *, deadline_ns: int) -> bytes | None:
        await asyncio.sleep(0.01)
        self.world.reach("exchange")
        if not self.alive:
            return None
        answer = self.world.exchange(self.holder, apdu)
        self.alive = answer is not None
        return answer

    async def close(self) -> None:
        self.alive = False


class IcashWorld:
    """The shop, its customers, its collector, and whatever happens to them."""

    configured = True
    reads = True

    def keeps(self, scheme: str) -> bool:
        """The shop's module is in a slot of its own."""
        return True

    def read_stripe(self, *, failed: bool) -> None:
        """No slot here has a head."""

    def __init__(
        self,
        seed: int,
        pair: Pair,
        card_rules: CardRules | None = None,
        module_rules: ModuleRules | None = None,
    ) -> None:
        self.random = random.Random(f"icash world {seed}")
        self.pair = pair
        self.suite = RememberingAesCmac()
        self.host = Host(MASTERS, self.suite)
        self.module = self._module(module_rules)
        self.customers = [self._card(b"CARD%04d" % n, card_rules) for n in range(CUSTOMERS)]
        self.present: Holder | None = None
        self.past: list[tuple[Holder, bytes]] = []
        self.faults = Faults()
        self.exchanges = 0
        self.places = 0
        self.tally: Tally[str] = Tally()
        self._killed_at: tuple[int, bytes] | None = None
        """The head of the journal when the till was killed."""
        self._till: Till | None = None

    def _card(self, name: bytes, rules: CardRules | None) -> Holder:
        made = CardPersonality(
            card=name, key_version=1, keys=MASTERS.card_keys(name, 1), currency=410,
            ceiling=2 * FIRST, purchase_max=FIRST, expiry=20991231, record_slots=255,
        )  # fmt: skip
        slots = TornSlots(encode_slot(1, encode_card(first_card(FIRST))), b"")
        return Holder(IcashCard(made, TwoSlotMemory(slots), self.suite, rules), slots)

    def _module(self, rules: ModuleRules | None) -> Holder:
        made = ModulePersonality(
            module=MODULE, key_version=1, purchase_master=MASTERS.purchase,
            collection_key=MASTERS.collection_key(MODULE, 1), currency=410,
            open_slots=200, credited_slots=200,
        )  # fmt: skip
        slots = TornSlots(encode_slot(1, encode_module(first_module())), b"")
        return Holder(IcashModule(made, TwoSlotMemory(slots), self.suite, rules), slots)

    # What the till meets: card slots, fault points

    async def customer(self, *, deadline_ns: int) -> CardChannel | None:
        """Implements pos.purses.Cards: whoever stands there now."""
        return None if self.present is None else self._power(self.present)

    async def shop(self, *, deadline_ns: int, scheme: str = "purse") -> CardChannel | None:
        """Implements pos.purses.Cards."""
        return self._power(self.module) if scheme == "icash" else None

    def _power(self, holder: Holder) -> CardChannel:
        holder.chip.power_on()
        channel: object = Channel(self, holder)
        return channel  # type: ignore[return-value]

    def reach(self, point: str) -> None:
        """Implements FaultPoints, and is passed before every exchange. Raises: KilledError."""
        if point in BESIDES:
            return
        self.places += 1
        if self.places == self.faults.kill_after:
            self.tally[f"killed at {point}"] += 1
            self._killed_at = self.pair.store.head()
            raise KilledError

    def exchange(self, holder: Holder, apdu: bytes) -> bytes | None:
        """Let one command go over the wire, with what was drawn for it."""
        self.exchanges += 1
        self.past = [*self.past[-60:], (holder, apdu)]
        match self.faults.lost.pop(self.exchanges, None):
            case None:
                return holder.chip.handle(apdu)
            case "before":
                self.tally["command lost"] += 1
            case "after":
                self.tally["answer lost"] += 1
                holder.chip.handle(apdu)
            case int(bytes_left):
                holder.slots.bytes_left = bytes_left
                try:
                    holder.chip.handle(apdu)
                except PowerGoneError:
                    self.tally["torn in a commit"] += 1
                holder.slots.bytes_left = None
        if holder is self.present and self.faults.leaves:
            self.present = None
        return None

    # The till

    @property
    def till(self) -> Till:
        assert self._till is not None
        return self._till

    async def open(self) -> None:
        """Begin, or begin again after a kill, from what is durable."""
        store = self.pair.store
        assert self._killed_at in (None, store.head()), "a dead till has written"
        self._killed_at = None
        replace_catalogue(store.database, GOODS, now_ns=self.pair.clock.now_ns())
        register = Register(
            setup=Setup(
                store="main",
                store_name="한빛마트",
                clerk=Clerk(id="kim", name="김영희", role=Role.MANAGER),
                zone=ZoneInfo("Asia/Seoul"),
            ),
            clock=self.pair.clock,
            faults=self,
            runner=StoreInline(store),
            tenders=find_tenders(),
            cards=self,
        )
        self._till = Till(register, drawer=NoDrawer(), display=NoDisplay())
        await self._till.start()

    async def key(self, text: str) -> None:
        """Enter something; a till that is killed over it is opened again from its file."""
        try:
            await self.till.execute(parse_entry(text, tenders=self.till.view.tenders))
        except KilledError:
            self.faults.kill_after = 0
            path = self.pair.store.database.path
            self.pair.store.close()
            self.pair.store = Store(path, clock=self.pair.clock)
            await self.open()

    # What people do

    async def sell(self) -> None:
        """One sale, whatever it takes."""
        self.present = self.random.choice(self.customers)
        self.faults, self.exchanges, self.places = self._drawn(), 0, 0
        while not self.till.register.has_sale():
            await self.key(MILK)
        for _ in range(TRIES):
            if self.till.register.has_sale() and self.present is not None:
                await self.key("IC")
        if self.till.register.has_sale():
            self.tally["settled in cash"] += 1
        while self.till.register.has_sale():
            if self.till.view.doubt is not None:
                self.tally["parked"] += 1
                await self.key("KT")
            await self.key("CA")
        self.faults = Faults()
        if self.random.random() < 0.4:
            self._late_commands()
        if self.random.random() < 0.15:
            self.present = self.random.choice(self.customers)
            await self.key("RS")
        if self.random.random() < 0.1:
            await self._office()

    def _drawn(self) -> Faults:
        """Draw what will go wrong; most of it about the exchanges that move value."""
        draw = self.random
        faults = Faults(leaves=draw.random() < 0.6)
        if draw.random() < 0.5:
            faults.lost[draw.choice((*range(1, 9), *MOVING, *MOVING, *MOVING))] = self._loss()
        while draw.random() < 0.3:
            faults.lost[draw.randrange(6, 40)] = self._loss()
        if draw.random() < 0.12:
            faults.kill_after = draw.randrange(1, 30)
        return faults

    def _loss(self) -> str | int:
        return self.random.choice(("before", "after", self.random.randrange(260)))

    def _late_commands(self) -> None:
        """Commands that somebody kept reach card or module out of time, as they were."""
        for _ in range(3):
            if not self.past:
                return
            holder, apdu = self.random.choice(self.past)
            holder.chip.selected = True
            before = holder.chip.memory.read()
            holder.chip.handle(apdu)
            same = holder.chip.memory.read() == before
            self.tally["late command" if same else "late command obeyed"] += 1

    async def _office(self) -> None:
        """The journal is sent; the module states, is paid, and is told to forget what is old."""
        await self.pair.drain(30)
        before = self.random.random()
        if before < 0.7:
            await self.collect()
        if before < 0.3:
            await self.clear()
            self.tally["cleared"] += 1

    async def collect(self) -> IcashCollected:
        """Have the module state, and be paid."""
        broker = self.pair.broker
        asked = await perform(broker, IcashStatement(module=MODULE.hex(), open=200, actor="park"))
        assert isinstance(asked, IcashCommands)
        answers = self._told(asked)
        done = await perform(
            broker, IcashCollect(module=MODULE.hex(), answers=answers, actor="park")
        )
        assert isinstance(done, IcashCollected), done
        self.tally["collected"] += done.paid_now > 0
        return done

    async def clear(self, *, doubted: bool = False) -> None:
        """Have the module forget what is open, and in doubt at no till that has reported."""
        deed = IcashClear(module=MODULE.hex(), doubted=doubted, actor="park")
        done = await perform(self.pair.broker, deed)
        if isinstance(done, IcashCommands):
            self._told(done)

    def _told(self, commands: IcashCommands) -> list[bytes]:
        self.module.chip.power_on()
        return [self.module.chip.handle(bytes.fromhex(apdu)) for apdu in commands.apdus]

    async def rest(self) -> None:
        """Nothing goes wrong any more; who comes back is asked, and all that was taken is paid."""
        self.faults = Faults()
        for customer in self.customers[NEVER_BACK:] * 2:
            self.present = customer
            await self.key("RS")
        await self.key(MILK)
        await self.key("IC")
        self.present = None
        await self.pair.drain(60)
        await self.collect()
        await self.clear(doubted=True)
        await self.collect()

    # What must hold

    def on_cards(self) -> int:
        return sum(decode_card(card.chip.memory.read()).balance for card in self.customers)

    def in_module(self) -> int:
        return decode_module(self.module.chip.memory.read()).total

    def debits(self) -> set[bytes]:
        """Return every purchase that a card has paid, by its own record."""
        found = set()
        for card in self.customers:
            image = decode_card(card.chip.memory.read())
            assert len(image.records) < 255, "every debit is still remembered"
            found |= {r[1 : 1 + DETAILS_BYTES] for r in image.records if r[0] == Kind.DEBIT}
        return found

    def lost(self) -> set[bytes]:
        """Return what left a card and is not in the module: it waits for it, or was told to forget it."""
        image = decode_module(self.module.chip.memory.read())
        cleared = records.cleared(self.pair.broker.reader, MODULE.hex())
        waiting = {image.pending, *image.open} | {
            td for td, state in cleared.items() if state != "credited"
        }
        return {td for td in self.debits() & waiting if td not in image.credited}

    def check(self) -> None:
        """Assert: cards + module + lost = issued; no more is collected than the module has."""
        lost = sum(decode_details(td).amount for td in self.lost())
        assert self.on_cards() + self.in_module() + lost == CUSTOMERS * FIRST
        paid = records.paid(self.pair.broker.reader, MODULE.hex())
        assert sum(row.amount for row in paid.values()) <= self.in_module()

    def facts(self) -> list[Fact]:
        found: list[Fact] = []
        after = 0
        while more := self.pair.store.records(after):
            decoded = [decode_record(data) for data in more]
            found += [decode_fact(record.kind, record.body) for record in decoded]
            after = decoded[-1].sequence
        return found

    async def check_books(self, sales: int) -> None:
        """Assert, at rest, that journal, module and the collector's books say the same."""
        assert isinstance(verify(self.pair.store), Sound)
        for doubt in await self.till.register.doubts():
            details = details_in(doubt.fact.peer)
            gone = [card.chip.personality.card for card in self.customers[:NEVER_BACK]]  # type: ignore[union-attr]
            assert details is not None and details.card in gone, "only their cards can tell"
        facts = self.facts()
        taken = [fact for fact in facts if isinstance(fact, ValueTaken)]
        assert len({fact.details for fact in taken}) == len(taken), "taken twice"
        assert sum(fact.amount for fact in taken) == self.in_module()
        approved = [
            fact
            for fact in facts
            if isinstance(fact, AttemptClosed)
            and (fact.method, fact.outcome) == ("icash", "approved")
        ]
        assert len(approved) == len(taken)
        closed = [fact for fact in facts if isinstance(fact, SaleClosed)]
        assert len(closed) == sales + 1
        assert all(sum(t.amount for t in sale.tenders) == sale.total == PRICE for sale in closed)
        await self._check_collection(taken)

    async def _check_collection(self, taken: list[ValueTaken]) -> None:
        broker = self.pair.broker
        paid = records.paid(broker.reader, MODULE.hex())
        unproved = [fact for fact in taken if not fact.proof]
        missing = sum(fact.amount for fact in unproved)
        assert sum(row.amount for row in paid.values()) == self.in_module() - missing
        for fact in unproved:
            assert fact.details in self.debits(), "its card still proves it"
        ledger = {
            row.name: row.debits_posted - row.credits_posted for row in broker.reader.accounts()
        }
        assert ledger[held_in(MODULE.hex())] == missing
        assert ledger["bank/icash"] == self.in_module() - missing
        for td in self.lost():
            details = decode_details(td)
            card = next(c for c in self.customers if c.chip.personality.card == details.card)  # type: ignore[union-attr]
            proof = self._proof(card, td)
            deed = IcashPay(details=td, proof=proof, holder=details.card.decode(), actor="park")
            done = await perform(broker, deed)
            assert isinstance(done, IcashKnown), done
            self.tally["paid back"] += 1

    def _proof(self, card: Holder, td: bytes) -> bytes:
        assert isinstance(card.chip, IcashCard)
        card.chip.selected = True
        for back in range(255):
            record = tell(card.chip, 0x5A, p1=back).data
            if record[1 : 1 + DETAILS_BYTES] == td:
                return record[-8:]
        raise AssertionError("a debit is remembered")


async def live(world: IcashWorld, sales: int) -> None:
    """Sell so often, and come to rest; the equations hold all the way."""
    await world.pair.join()
    await perform(world.pair.broker, IcashIssuer(masters=MASTERS.encode(), actor="park"))
    await world.open()
    await world.key("50000OS")
    for _ in range(sales):
        await world.sell()
        world.check()
    await world.rest()
    world.check()
    await world.check_books(sales)
