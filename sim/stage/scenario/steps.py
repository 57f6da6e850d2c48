"""The steps of a scenario: each a word with typed arguments, and what it does to the world.

    { key = "EC", says = "PUR-07" }      the first key is the word, the others are its arguments

A class is a word; its docstring is the language's reference (docs/scenarios.md), its fields are the
arguments. A step that breaks something says so: shrinking takes such steps out.
"""

import asyncio
from typing import ClassVar, Literal

import msgspec

from ips.office import TerminalChange
from ips.points import BankPoint, DeskPoint
from ips.points import Point as BrokerPoint
from pos.points import Point as TillPoint
from pos.view import Notice
from sim.stage.scenario.stage import Stage, StepError
from sim.stage.scenario.words import nanoseconds, nearest
from sim.stage.world.broker import ACTOR
from sim.stage.world.equipment import CUSTOMER, PIN_PAD
from sim.stage.world.network import Passing
from sim.stage.world.till import Disk as TillDisk


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of all steps."""

    word: ClassVar[str] = ""
    breaks: ClassVar[bool] = False
    """Whether it lets something go wrong."""

    @property
    def is_fault(self) -> bool:
        """Say whether this very step lets something go wrong."""
        return self.breaks

    async def play(self, stage: Stage) -> None:
        """Do it. Raises: StepError, UnrestError, OSError, VerbError."""
        raise NotImplementedError


class Key(Step, frozen=True, kw_only=True):
    """The clerk keys an entry (the grammar of ips-pos) and waits for the answer."""

    word = "key"
    key: str
    says: str | None = None
    """The code that the till must answer with; "" is an answer without one, "*" is any."""
    within: str = "60 s"

    def __post_init__(self) -> None:
        nanoseconds(self.within)

    async def play(self, stage: Stage) -> None:
        """Do it."""
        await Begin(begin=self.key).play(stage)
        await _said(stage, self.key, self.says, self.within)


class Begin(Step, frozen=True, kw_only=True):
    """The clerk keys an entry and does not wait: what follows happens while the till works on it."""

    word = "begin"
    begin: str

    async def play(self, stage: Stage) -> None:
        """Do it."""
        if stage.begun is not None and not stage.begun.done():
            raise StepError(f"{stage.begun_as} is still being worked on: wait for its answer first")
        if not stage.till.running:
            raise StepError(f"{self.begin}: the till is off")
        stage.begun = asyncio.create_task(stage.till.key(self.begin), name=f"entry {self.begin}")
        stage.begun_as = self.begin


class Answer(Step, frozen=True, kw_only=True):
    """The till answers what was begun, with this code; "" is an answer without one, "*" is any."""

    word = "answer"
    answer: str
    within: str = "60 s"

    def __post_init__(self) -> None:
        nanoseconds(self.within)

    async def play(self, stage: Stage) -> None:
        """Do it."""
        await _said(stage, stage.begun_as, self.answer, self.within)


async def _said(stage: Stage, entry: str, says: str | None, within: str) -> None:
    answer = await stage.answered(nanoseconds(within))
    if says not in (None, "*", _code(answer)):
        told = "it died" if answer is None and not stage.till.running else _words(answer)
        raise StepError(f"{entry}: the till was to answer {says or 'without a code'!r}; {told}")


def _code(answer: Notice | None) -> str:
    return "" if answer is None else answer.code


def _words(answer: Notice | None) -> str:
    if answer is None:
        return "it answered nothing"
    return f"it answered {answer.code} {answer.banner}".strip()


class Scan(Step, frozen=True, kw_only=True):
    """The clerk closes the drawer, holds goods before the scanner, and looks whether the till took them."""

    word = "scan"
    scan: str | list[str]
    times: int = 1
    within: str = "10 s"

    def __post_init__(self) -> None:
        nanoseconds(self.within)
        if not 1 <= self.times <= 1_000:
            raise ValueError("times is 1 to 1000")

    async def play(self, stage: Stage) -> None:
        """Do it."""
        await _close_drawer(stage)
        codes = [self.scan] if isinstance(self.scan, str) else self.scan
        for code in codes * self.times:
            before = (stage.till.view.pieces, len(stage.till.heard))
            await stage.equipment.do("scanner", "scan", code=code)
            await stage.until(
                lambda before=before: (  # type: ignore[misc]
                    (stage.till.view.pieces, len(stage.till.heard)) != before
                ),
                nanoseconds(self.within),
                lambda code=code: f"{code} was scanned and the till took no notice",  # type: ignore[misc]
            )


class Wait(Step, frozen=True, kw_only=True):
    """Time passes: 10 s, 8 h. On a real wire it is skipped, not waited for."""

    word = "wait"
    wait: str

    def __post_init__(self) -> None:
        nanoseconds(self.wait)

    async def play(self, stage: Stage) -> None:
        """Do it."""
        await stage.world.passes(nanoseconds(self.wait))


class Finish(Step, frozen=True, kw_only=True):
    """The clerk brings the open sale to its end, whatever goes wrong, if one is open: holds out for the
    card some times, and takes cash when it will not do."""

    word = "finish"
    finish: Literal["cash", "purse"]
    card: str = "customer-1"
    tries: int = 3

    async def play(self, stage: Stage) -> None:
        """Do it."""
        for _ in range(self.tries if self.finish == "purse" else 0):
            if await _is_open(stage):
                await _show(stage, self.card)
                await stage.till.key("EC")
        while await _is_open(stage):
            await stage.till.key("CA")


class Sell(Step, frozen=True, kw_only=True):
    """The clerk sells goods, whatever goes wrong: scans them or keys their codes until they stand in the
    basket, then as with finish."""

    word = "sell"
    sell: list[str]
    by: Literal["cash", "purse"] = "cash"
    card: str = "customer-1"
    tries: int = 3

    async def play(self, stage: Stage) -> None:
        """Do it."""
        await _close_drawer(stage)
        have = len(stage.till.view.lines) if await _is_open(stage) else 0
        for code in self.sell[have:]:
            await self._take(stage, code)
        await Finish(finish=self.by, card=self.card, tries=self.tries).play(stage)

    async def _take(self, stage: Stage, code: str) -> None:
        """Bring one piece into the basket: by scanner, else by hand."""
        before = len(stage.till.view.lines) if await _is_open(stage) else 0
        await stage.equipment.do("scanner", "scan", code=code)
        await asyncio.sleep(0.5)
        for _ in range(3):
            if await _is_open(stage) and len(stage.till.view.lines) > before:
                return
            await stage.till.key(code)


async def _is_open(stage: Stage) -> bool:
    """Say whether a sale is open; a till that is off is switched on for it."""
    if not stage.till.running:
        await stage.start_till()
    return bool(stage.till.view.lines)


async def _close_drawer(stage: Stage) -> None:
    printer = "printer" in stage.equipment.devices
    if printer and stage.equipment.state("printer")["drawer"] == "open":
        await stage.equipment.do("printer", "close_drawer")


async def _show(stage: Stage, card: str) -> None:
    """The customer holds out the card, wherever it is now."""
    there = stage.equipment.card_in(CUSTOMER)
    if there == card:
        return
    await stage.equipment.do(CUSTOMER, "swap" if there else "insert", card=card)


class Present(Step, frozen=True, kw_only=True):
    """The customer holds out a card, once the till wants one or has answered: one with a chip goes into the slot,
    one that has only a stripe through the stripe reader."""

    word = "present"
    present: str
    within: str = "30 s"

    def __post_init__(self) -> None:
        nanoseconds(self.within)

    async def play(self, stage: Stage) -> None:
        """Do it."""
        await stage.until(
            lambda: (
                stage.begun is None or stage.begun.done() or stage.till.view.payment is not None
            ),
            nanoseconds(self.within),
            lambda: "the till wants no card",
        )
        if self.present in stage.world.cards:
            await _show(stage, self.present)
        else:
            await stage.equipment.do("stripe_reader", "swipe", card=self.present)


class Pin(Step, frozen=True, kw_only=True):
    """The customer enters a PIN once it is asked for, at the PIN pad or at the reader's own keypad; where the till
    answers without asking for one, nobody enters any."""

    word = "pin"
    pin: str
    within: str = "30 s"

    def __post_init__(self) -> None:
        nanoseconds(self.within)

    async def play(self, stage: Stage) -> None:
        """Do it."""
        await stage.until(
            lambda: bool(_keypads(stage)) or stage.begun is None or stage.begun.done(),
            nanoseconds(self.within),
            lambda: "no PIN was asked for, and no answer came",
        )
        for keypad in _keypads(stage)[:1]:
            await stage.equipment.do(keypad, "press", digits=self.pin)
            await stage.equipment.do(keypad, "enter")


def _keypads(stage: Stage) -> list[str]:
    """Return the devices that wait for digits."""
    keypads = [each for each in (PIN_PAD, CUSTOMER) if each in stage.equipment.devices]
    return [each for each in keypads if "digits" in stage.equipment.state(each)["keypad"]]


class Till(Step, frozen=True, kw_only=True):
    """The till's program: kill (at once, or at a named place of pos/points.py), start, stop."""

    word = "till"
    till: Literal["kill", "start", "stop"]
    at: str = ""
    """The place; what follows goes on until it comes there."""
    nth: int = 1

    def __post_init__(self) -> None:
        _check_place(self.at, self.till, [*TillPoint])

    @property
    def is_fault(self) -> bool:
        """Say whether this very step lets something go wrong."""
        return self.till != "start"

    async def play(self, stage: Stage) -> None:
        """Do it."""
        match self.till:
            case "kill" if self.at:
                stage.till.life.kill_at(self.at, self.nth)
            case "kill":
                await stage.till.kill()
            case "stop":
                await stage.till.stop()
            case "start":
                await stage.start_till()


class Broker(Step, frozen=True, kw_only=True):
    """The broker: kill (at once, or at a named place of ips/points.py), start, stop."""

    word = "broker"
    broker: Literal["kill", "start", "stop"]
    at: str = ""
    """The place; what follows goes on until it comes there."""
    nth: int = 1

    def __post_init__(self) -> None:
        _check_place(self.at, self.broker, [*BrokerPoint, *DeskPoint, *BankPoint])

    @property
    def is_fault(self) -> bool:
        """Say whether this very step lets something go wrong."""
        return self.broker != "start"

    async def play(self, stage: Stage) -> None:
        """Do it."""
        broker = stage.world.broker
        match self.broker:
            case "kill" if self.at:
                broker.kill_at(self.at, self.nth)
            case "kill":
                broker.kill()
            case "stop":
                broker.stop()
            case "start":
                broker.start()


def _check_place(place: str, verb: str, known: list[str]) -> None:
    if place and verb != "kill":
        raise ValueError(f"at: only a kill has a place, {verb} has none")
    if place and place not in known:
        raise ValueError(f"at: no place {place!r}; {nearest(place, known)}")


class Network(Step, frozen=True, kw_only=True):
    """How requests to the broker pass from now on: good, no_route, lose_request, lose_answer, hang_up,
    twice, late, stray (it arrives when its sender has given it up)."""

    word = "network"
    network: Literal[
        "good", "no_route", "lose_request", "lose_answer", "hang_up", "twice", "late", "stray"
    ]
    count: int = 0
    """Only the next so many; 0 is from now on."""
    by: str = "1 s"
    """How late a late answer is."""

    def __post_init__(self) -> None:
        nanoseconds(self.by)

    @property
    def is_fault(self) -> bool:
        """Say whether this very step lets something go wrong."""
        return self.network != "good"

    async def play(self, stage: Stage) -> None:
        """Do it."""
        network, passing = stage.till.network, Passing(self.network)
        network.late_ns = nanoseconds(self.by)
        if self.count:
            network.next(passing, self.count)
        else:
            network.always(passing)


class Disk(Step, frozen=True, kw_only=True):
    """The till's disk: full (no room for another page), read_only (as after an error), free again."""

    word = "disk"
    disk: Literal["full", "read_only", "free"]

    @property
    def is_fault(self) -> bool:
        """Say whether this very step lets something go wrong."""
        return self.disk != "free"

    async def play(self, stage: Stage) -> None:
        """Do it."""
        stage.till.set_disk(TillDisk(self.disk))


class Office(Step, frozen=True, kw_only=True):
    """The broker's office: suspend this terminal, resume it."""

    word = "office"
    office: Literal["suspend", "resume"]

    @property
    def is_fault(self) -> bool:
        """Say whether this very step lets something go wrong."""
        return self.office == "suspend"

    async def play(self, stage: Stage) -> None:
        """Do it."""
        terminal = stage.till.wish.terminal
        state: Literal["active", "suspended"] = (
            "suspended" if self.office == "suspend" else "active"
        )
        await stage.world.broker.do(
            TerminalChange(terminal=terminal, state=state, reason="lost", actor=ACTOR)
        )


STEPS: tuple[type[Step], ...] = (
    Scan,
    Key,
    Begin,
    Answer,
    Sell,
    Finish,
    Present,
    Pin,
    Wait,
    Till,
    Broker,
    Network,
    Disk,
    Office,
)
"""Every step that is no device's own verb and no check."""
