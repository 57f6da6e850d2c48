"""The whole world in one object: made once as its owner would, opened, worked, closed.

async with World(...) as world:
    await world.till().key("8801...")
    await world.equipment().do("customer", "insert", card="customer-1")
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final, Self

import msgspec

from ips.office import DocumentPublish, ModuleChange
from ips.rules import Rules
from protocols.documents import Policy
from protocols.points import POINTS
from protocols.ports import NANOSECONDS_PER_SECOND, Clock
from protocols.purse.issuing import Issuer
from sim.cards.card import Card
from sim.cash_receipt_agent import CashReceiptAgent
from sim.entropy import SeededEntropy
from sim.payment_terminal_journal import SIGNS
from sim.stage.recording import Watch
from sim.stage.world.acquirer import Acquirer
from sim.stage.world.bank_cards import (
    TRANSFERS,
    bank_cards,
    card_rules,
    issuer,
    pad_keys,
    payment_set,
)
from sim.stage.world.banks import Banks
from sim.stage.world.broker import ACTOR, BrokerHere
from sim.stage.world.equipment import PAYMENT_TERMINAL, PIN_PAD, Equipment, payment_terminal
from sim.stage.world.given import STORE, TERMINAL, Given, TillWish
from sim.stage.world.life import keep_lives
from sim.stage.world.members import RULE, enter_members
from sim.stage.world.network import Heard, Network
from sim.stage.world.purses import Purses, issue
from sim.stage.world.recorded import WatchedGround, WatchedNetwork, note_verbs
from sim.stage.world.till import TillHere
from sim.stage.world.wires import Ground, Wire

Passes = Callable[[int], Awaitable[None]]
"""Lets so many nanoseconds of the world pass."""


async def sleeps(duration_ns: int) -> None:
    """Let time pass by itself, or by a virtual clock."""
    await asyncio.sleep(duration_ns / NANOSECONDS_PER_SECOND)


TOLD_NS: Final = 10 * NANOSECONDS_PER_SECOND
LOOK_NS: Final = 20_000_000
MODULES: Final = ("card", "transfer")
"""Whose peer is a bank."""
TERMINAL_MODULE: Final = "terminal"
"""The payment module of stand-alone terminals."""
STORES: Final = {STORE: "한빛마트"}
"""Names of shops by their ids."""


class World:
    """Tills, equipment, cards, networks and a broker."""

    def __init__(
        self,
        given: Given,
        *,
        folder: Path,
        clock: Clock,
        entropy: SeededEntropy,
        rules: Rules,
        ground: Ground,
        heard: Heard = lambda *_: None,
        watch: Watch | None = None,
        wire: Wire = Wire.MEMORY,
        broker: BrokerHere | None = None,
        passes: Passes = sleeps,
    ) -> None:
        """`heard` is told of each request to the broker, `watch` sees everything on every wire;
        `wire` is how it names them. Without a `broker` one is made here. `passes` lets time pass.
        Nothing is made yet.
        """
        self.given = given
        self.clock = clock
        self.passes = passes
        self._folder = folder
        self._entropy = entropy
        self._watch = watch
        self._ground = ground if watch is None else WatchedGround(ground, watch, wire)
        self._heard = heard
        self.crashes: list[BaseException] = []
        """What was raised in a program where nobody waited for it."""
        self.broker = broker or BrokerHere(
            folder / "broker",
            clock=clock,
            entropy=entropy.fork("broker"),
            rules=rules,
            stores=STORES,
            agent=CashReceiptAgent(clock=clock) if given.agent else None,
        )
        self.tills: dict[str, TillHere] = {}
        self.banks = self.broker.banks
        if given.banks:
            self.banks = self.broker.banks = Banks(
                folder / "banks",
                clock=clock,
                entropy=entropy.fork("banks"),
                wiring=given.banks if isinstance(given.banks, Mapping) else None,
                people=given.people,
                wire=wire,
                watch=watch,
            )
        self.acquirer: Acquirer | None = None
        if given.terminal_bank:
            self.acquirer = Acquirer(
                folder / "acquirer",
                {
                    wish.terminal: self._prefix(wish.terminal)
                    for wish in given.tills
                    if PAYMENT_TERMINAL in wish.equipment
                },
                clock=clock,
                entropy=entropy.fork("acquirer"),
                people=given.people,
                wire=wire,
                watch=watch,
            )
        self._purses: Purses | None = None
        self._bank_cards: dict[str, Card] = {}

    @property
    def purses(self) -> Purses:
        """All cards."""
        assert self._purses is not None, "the world is not open"
        return self._purses

    @property
    def cards(self) -> dict[str, Card]:
        """Everything that fits into a slot, by its label."""
        return {**self.purses.cards, **self._bank_cards}

    def till(self, terminal: str = TERMINAL) -> TillHere:
        """Return a till."""
        return self.tills[terminal]

    def equipment(self, terminal: str = TERMINAL) -> Equipment:
        """Return what stands beside a till."""
        return self.tills[terminal].equipment

    def terminals(self) -> list[tuple[str, int, list[str]]]:
        """Return what each till's payment terminal has taken less what it gave back, ever, and the
        register's texts on its payments; of tills without one nothing."""
        told = []
        for name, till in self.tills.items():
            twin = payment_terminal(till.equipment)
            if twin is not None:
                entries = twin.journal.all_entries()
                net = sum(SIGNS.get(each.kind, 0) * each.amount for each in entries)
                told.append((name, net, [each.text for each in entries if each.kind == "payment"]))
        return told

    async def open(self) -> None:
        """Make everything and switch it on. Raises: OSError, StoreError."""
        keep_lives(asyncio.get_running_loop(), self.crashes.append)
        if self.banks is not None:
            await self.banks.start()
        if self.acquirer is not None:
            await self.acquirer.start()
        self.broker.start()
        if (policy := self._policy()) != Policy():
            body = msgspec.msgpack.encode(policy)
            await self.broker.do(DocumentPublish(name="policy", body=body, actor=ACTOR))
        for module in self._modules():
            await self.broker.do(ModuleChange(module=module, verb="activate", actor=ACTOR))
        issuer = await self.broker.make()
        self._purses = await issue(
            self.given.cards,
            self.given.foreign,
            broker=self.broker.broker,
            issuer=issuer,
            entropy=self._entropy.fork("cards"),
            rules=self.given.purse_rules,
        )
        self._bank_cards = bank_cards(
            {**payment_set(self.given.bank_cards), **self.given.cards.emv.cards,
             **self.given.cards.passbook.cards},
            self._entropy.fork("bank cards"),
        )  # fmt: skip
        await enter_members(self.broker, self.given.members)
        away: set[str] = set()
        for wish in self.given.tills:
            till = self.tills[wish.terminal] = TillHere(
                wish=wish,
                folder=self._folder / f"till-{wish.terminal}",
                clock=self.clock,
                entropy=self._entropy.fork(f"till {wish.terminal}"),
                network=self._network(self._prefix(wish.terminal)),
                equipment=Equipment(
                    wish.equipment,
                    ground=self._ground,
                    clock=self.clock,
                    entropy=self._entropy.fork(f"wires {wish.terminal}"),
                    cards=self.cards,
                    away=away,
                    prefix=self._prefix(wish.terminal),
                    pad=self._pad(issuer, wish),
                    acquirer=self.acquirer.options(wish.terminal) if self.acquirer else {},
                ),
                url=self.broker.url,
            )
            if self._watch is not None:
                note_verbs(till.equipment, self._watch, self._prefix(wish.terminal))
            till.folder.mkdir(parents=True)
            await till.equipment.start()
            await till.join(self.broker)
        self.broker.serve()
        for till in self.tills.values():
            await till.start()
            if self.banks is not None and till.wish.joined:
                await self._told(till)
            if till.wish.float_amount is not None:
                await till.key(f"{till.wish.float_amount}OS")

    def _prefix(self, terminal: str) -> str:
        """Return what a till's devices are named with: nothing where there is only one."""
        return f"{terminal}-" if len(self.given.tills) > 1 else ""

    async def _told(self, till: TillHere) -> None:
        """Wait a little until a till has the policy: it takes no transfers before."""
        deadline_ns = self.clock.monotonic_ns() + TOLD_NS
        register = till.wired.till.register
        while not register.policy_version and self.clock.monotonic_ns() < deadline_ns:
            await self.passes(LOOK_NS)

    def _policy(self) -> Policy:
        """Return what the office publishes for what is given."""
        # The key that tills seal numbers for comes with the policy.
        link = "https://receipts.test" if self.broker.agent is not None else ""
        has_chips = self.given.bank_cards or self.given.cards.emv.cards
        return Policy(
            receipt_link=link,
            points=RULE if self.given.members else None,
            transfers=TRANSFERS if self.banks else None,
            cards=card_rules(issuer()) if has_chips else None,
        )

    def _modules(self) -> list[str]:
        """Return the payment modules that the office activates for what is given."""
        terminals = any(PAYMENT_TERMINAL in wish.equipment for wish in self.given.tills)
        return [
            *([POINTS] if self.given.members else []),
            *(MODULES if self.banks else ()),
            *([TERMINAL_MODULE] if terminals else []),
        ]

    def _pad(self, issuer: Issuer, wish: TillWish) -> dict[str, Any]:
        """Return what a till's PIN pad was loaded with; nothing where it has none."""
        if PIN_PAD not in wish.equipment:
            return {}
        entropy = self._entropy.fork(f"pad {wish.terminal}")
        keys = {issuer.key_id: issuer.public}
        return {"issuer_keys": keys, "entropy": entropy, **pad_keys(entropy)}

    def _network(self, prefix: str) -> Network:
        if self._watch is None:
            return Network(self.broker, self._heard)
        return WatchedNetwork(self.broker, self._heard, self._watch, prefix)

    async def close(self) -> None:
        """Switch everything off; the files stay."""
        for till in self.tills.values():
            await till.stop()
            await till.equipment.stop()
        await self.broker.end()
        if self.banks is not None:
            await self.banks.stop()
        if self.acquirer is not None:
            await self.acquirer.stop()

    async def __aenter__(self) -> Self:
        try:
            await self.open()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
