"""A shop that takes e-cash while everything goes wrong, from one seed, in virtual time.

The till is the real one over its real store on a file; the coordinator, the tender and the purses are the
production classes; the purses' memory is torn at single bytes. What is drawn: which customer comes; at
which exchange a command or an answer is lost, or power goes after which byte of a commit; whether the
customer then leaves, and when he comes back; before or after which append, or between which
exchanges, the till is killed; which old messages reach a purse once more, out of time.

After every sale the float equation holds: what is on the purses, and what both of two purses would log
if they gave up now, is what there was. At rest nothing is in doubt or on its way, the shop's purse
holds exactly what the journal says was received, and every sale was settled once.
"""

import asyncio
import random
from collections import Counter as Tally
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from pos.catalogue import replace_catalogue
from pos.entry import parse_entry
from pos.equipment import NoDisplay, NoDrawer
from pos.points import Point
from pos.register import Clerk, Register, Setup
from pos.rights import Role
from pos.store.store import FILE_NAME, Store
from pos.store.threads import StoreInline
from pos.store.verify import Sound, verify
from pos.tenders.registry import find_tenders
from pos.till import Till
from protocols.facts import AttemptClosed, Fact, PurseMoved, SaleClosed, decode_fact
from protocols.iso7816 import Command
from protocols.journal import decode_record
from protocols.ports import CardChannel
from protocols.purse.card import Purse
from protocols.purse.details import DETAILS_BYTES, MessageType, decode_details
from protocols.purse.image import decode_image, encode_image, first_image
from protocols.purse.memory import Cell, TwoSlotMemory, encode_slot
from protocols.purse.rules import Rules
from protocols.purse.suite import RememberingP256
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from sim.search.tearing import PowerGoneError, TornSlots
from tests.support.counter_till import GOODS
from tests.support.purses import TODAY, personality

MILK, PRICE = "8801115114154", 2_980
CUSTOMERS = 5
FIRST = 50_000_000
SIGNED = 200
"""A purse's answer longer than this is a message with its certificate."""
MOVING = (8, 9, 10, 11)
"""The exchanges ACCEPT, DEBIT, CREDIT and COMPLETE of a transfer in which nothing else went wrong."""
BESIDES = {Point.BEFORE_KICK_DRAWER, Point.AFTER_KICK_DRAWER}
"""Passed by a task of its own, beside the sale; a kill there is tests/system's, with real processes."""
TRIES = 4
"""How often a customer holds out his card before he pays cash."""
ABORT = Command(0x90, 0x5E, 0, 0).encode()


class KilledError(BaseException):
    """The till is gone; nothing of it runs on. No Exception, so that nothing can catch it."""


@dataclass
class Holder:
    """A purse, and the bytes under its memory."""

    purse: Purse
    slots: TornSlots

    def bytes(self) -> bytes:
        return self.purse.memory.read()


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

    world: "World"
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


class World:
    """The shop, its customers, and whatever happens to them."""

    configured = True

    def __init__(
        self, seed: int, folder: Path, clock: VirtualClock, rules: Rules | None = None
    ) -> None:
        self.random = random.Random(f"purse world {seed}")
        self.folder = folder
        self.clock = clock
        self.suite = RememberingP256()
        self._rules = rules
        self.shop_purse = self._holder(b"THE SHOP", 0, purse_class=1, log_slots=250)
        names = [b"CARD %03d" % number for number in range(CUSTOMERS)]
        self.customers = [self._holder(name, FIRST) for name in names]
        self.everybody = [self.shop_purse, *self.customers]
        self.present: Holder | None = None
        self.ether: list[bytes] = []
        self.faults = Faults()
        self.exchanges = 0
        self.places = 0
        self.tally: Tally[str] = Tally()
        self._killed_at: tuple[int, bytes] | None = None
        """The head of the journal when the till was killed."""
        self._store: Store | None = None
        self._till: Till | None = None

    def _holder(self, name: bytes, balance: int, **changes: int) -> Holder:
        made = personality(
            name, ceilings=(2_000_000_000, 0, 0, 0, 0), narrative_slots=60, **changes
        )
        image = first_image(balances=(balance, 0, 0, 0, 0), date=TODAY)
        slots = TornSlots(encode_slot(1, encode_image(image)), b"")
        return Holder(Purse(made, TwoSlotMemory(slots), self.suite, self._rules), slots)

    # What the till meets: card slots, fault points

    async def customer(self, *, deadline_ns: int) -> CardChannel | None:
        """Implements pos.purses.Cards: whoever stands there now."""
        return None if self.present is None else self._power(self.present)

    async def shop(self, *, deadline_ns: int) -> CardChannel | None:
        """Implements pos.purses.Cards."""
        return self._power(self.shop_purse)

    def _power(self, holder: Holder) -> Channel:
        holder.purse.power_on()
        return Channel(self, holder)

    def reach(self, point: str) -> None:
        """Implements FaultPoints, and is passed before every exchange. Raises: KilledError."""
        if point in BESIDES:
            return
        self.places += 1
        if self.places == self.faults.kill_after:
            self.tally[f"killed at {point}"] += 1
            self._killed_at = self.store.head()
            raise KilledError

    def exchange(self, holder: Holder, apdu: bytes) -> bytes | None:
        """Let one command go over the wire, with what was drawn for it."""
        self.exchanges += 1
        match self.faults.lost.pop(self.exchanges, None):
            case None:
                return self._heard(holder.purse.handle(apdu))
            case "before":
                self.tally["command lost"] += 1
            case "after":
                self.tally["answer lost"] += 1
                self._heard(holder.purse.handle(apdu))
            case int(bytes_left):
                self._tear(holder, apdu, bytes_left)
        if holder is self.present and self.faults.leaves:
            self.present = None
        return None

    def _tear(self, holder: Holder, apdu: bytes, bytes_left: int) -> None:
        holder.slots.bytes_left = bytes_left
        try:
            self._heard(holder.purse.handle(apdu))
        except PowerGoneError:
            self.tally["torn in a commit"] += 1
        holder.slots.bytes_left = None

    def _heard(self, answer: bytes) -> bytes:
        if (
            len(answer) > SIGNED
            and answer[-2:] == b"\x90\x00"
            and answer[:-2] not in self.ether[-50:]
        ):
            self.ether.append(answer[:-2])
        return answer

    # The till

    @property
    def till(self) -> Till:
        assert self._till is not None
        return self._till

    @property
    def store(self) -> Store:
        assert self._store is not None
        return self._store

    async def open(self) -> None:
        """Begin, or begin again after a kill, from what is durable."""
        self._store = Store(self.folder / FILE_NAME, clock=self.clock)
        assert self._killed_at in (None, self._store.head()), "a dead till has written"
        self._killed_at = None
        replace_catalogue(self._store.database, GOODS, now_ns=self.clock.now_ns())
        register = Register(
            setup=Setup(
                store="S1",
                store_name="한빛마트",
                clerk=Clerk(id="kim", name="김영희", role=Role.MANAGER),
                zone=ZoneInfo("Asia/Seoul"),
            ),
            clock=self.clock,
            faults=self,
            runner=StoreInline(self._store),
            tenders=find_tenders(),
            cards=self,
        )
        self._till = Till(register, drawer=NoDrawer(), display=NoDisplay())
        await self._till.start()

    async def key(self, text: str) -> None:
        """Enter something; a till that is killed over it is opened again."""
        try:
            await self.till.execute(parse_entry(text))
        except KilledError:
            self.faults.kill_after = 0
            self.store.close()
            await self.open()

    # What people do

    async def sell(self) -> None:
        """One sale, whatever it takes."""
        self.present = self.random.choice(self.customers)
        self.faults, self.exchanges, self.places = self._drawn(), 0, 0
        await self.key(MILK)
        if not self.till.register.has_sale():
            await self.key(MILK)
        for _ in range(TRIES):
            if self.till.register.has_sale() and self.present is not None:
                await self.key("EC")
        if self.till.register.has_sale():
            self.tally["settled in cash"] += 1
            await self.key("CA")
        while self.till.register.has_sale():
            await self.key("CA")
        self.faults = Faults()
        if self.random.random() < 0.4:
            self._late_messages()
        if self.random.random() < 0.1:
            self.present = self.random.choice(self.customers)
            await self.key("RS")

    def _drawn(self) -> Faults:
        """Draw what will go wrong; most of it about the exchanges that move value."""
        draw = self.random
        faults = Faults(leaves=draw.random() < 0.6)
        if draw.random() < 0.5:
            faults.lost[draw.choice((*range(1, 13), *MOVING, *MOVING, *MOVING))] = self._loss()
        while draw.random() < 0.3:
            faults.lost[draw.randrange(8, 60)] = self._loss()
        if draw.random() < 0.1:
            faults.kill_after = draw.randrange(1, 40)
        return faults

    def _loss(self) -> str | int:
        return self.random.choice(("before", "after", self.random.randrange(260)))

    def _late_messages(self) -> None:
        """Messages that somebody kept reach their purses out of time."""
        for _ in range(3):
            if not self.ether:
                return
            message = self.random.choice(self.ether[-40:])
            pd = decode_details(message[1 : 1 + DETAILS_BYTES])
            kind = MessageType(message[0])
            name = pd.payer if kind in (MessageType.REQ, MessageType.ACK) else pd.payee
            holder = next(h for h in self.everybody if h.purse.personality.name == name)
            holder.purse.selected = True
            ins, p1, day = {
                MessageType.OFFER: (0x50, 2, TODAY.to_bytes(4)),
                MessageType.REQ: (0x54, 0, TODAY.to_bytes(4)),
                MessageType.VAL: (0x52, self.random.randrange(2), b""),
                MessageType.ACK: (0x56, self.random.randrange(2), b""),
            }[kind]
            before = holder.bytes()
            answer = holder.purse.handle(Command(0x90, ins, p1, 0, message + day, 256).encode())
            self._heard(answer)
            self.tally["late message" if holder.bytes() == before else "late message obeyed"] += 1

    async def rest(self) -> None:
        """Everybody comes back, nothing goes wrong, until nothing is in doubt."""
        self.faults = Faults()
        for customer in self.customers * 2:
            self.present = customer
            await self.key("RS")
        self.present = None

    # What must hold

    def balances(self) -> list[int]:
        return [decode_image(holder.bytes()).balances[0] for holder in self.everybody]

    def in_flight(self) -> set[bytes]:
        """Return what both of two purses would have in their logs if they gave up now."""
        logs: set[tuple[bytes, bytes]] = set()
        for holder in self.everybody:
            made = holder.purse.personality
            copy = Purse(made, Cell(holder.bytes()), self.suite, self._rules)
            copy.selected = True
            copy.handle(ABORT)
            log = decode_image(copy.memory.read()).log
            logs |= {(made.name, entry[1:]) for entry in log}
        return {
            entry
            for _, entry in logs
            if {(decode_details(entry).payer, entry), (decode_details(entry).payee, entry)} <= logs
        }

    def check_float(self) -> None:
        """Assert that what is on the purses and on its way is what there was."""
        on_its_way = sum(decode_details(entry).value for entry in self.in_flight())
        assert sum(self.balances()) + on_its_way == CUSTOMERS * FIRST

    def facts(self) -> list[Fact]:
        found: list[Fact] = []
        after = 0
        while records := self.store.records(after):
            decoded = [decode_record(data) for data in records]
            found += [decode_fact(record.kind, record.body) for record in decoded]
            after = decoded[-1].sequence
        return found

    async def check_books(self, sales: int) -> None:
        """Assert, at rest, that journal and purses say the same."""
        assert isinstance(verify(self.store), Sound)
        assert await self.till.register.doubts() == []
        assert self.in_flight() == set()
        facts = self.facts()
        moved = [fact for fact in facts if isinstance(fact, PurseMoved)]
        assert len({fact.details for fact in moved}) == len(moved), "received twice"
        received = sum(decode_details(fact.details).value for fact in moved)
        shop, *customers = self.balances()
        assert shop == received, "the shop's purse is not what the journal says"
        assert sum(customers) == CUSTOMERS * FIRST - received
        approved = [
            fact
            for fact in facts
            if isinstance(fact, AttemptClosed)
            and (fact.method, fact.outcome) == ("purse", "approved")
        ]
        assert len(approved) == len(moved)
        closed = [fact for fact in facts if isinstance(fact, SaleClosed)]
        assert len(closed) == sales
        assert all(sum(t.amount for t in sale.tenders) == sale.total == PRICE for sale in closed)


async def live(world: World, sales: int) -> None:
    """Sell so often, and come to rest; the equations hold all the way."""
    await world.open()
    await world.key("50000OS")
    for _ in range(sales):
        await world.sell()
        world.check_float()
    await world.rest()
    world.check_float()
    await world.check_books(sales)
    world.store.close()


def lived(seed: int, folder: Path, sales: int, rules: Rules | None = None) -> World:
    """Run one world to its end and return it."""
    worlds = []

    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        worlds.append(World(seed, folder, clock, rules))
        await live(worlds[0], sales)

    run(story, seed=seed)
    return worlds[0]
