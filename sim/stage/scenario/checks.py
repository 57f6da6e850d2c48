"""What must be seen. In `when` a check is waited for; in `then` it is looked at once, at rest.

    { notice = "PUR-07" }                     { screen = "due", is = 0 }
    { paper = "합계", times = 1 }              { purse = "customer-1", holds = 47_020 }

Where nothing else is said, something must be seen at least once; `times` says how often exactly.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

import msgspec

from ips.store.inquiries import NAMES as INQUIRIES
from ips.store.inquiries import inquire
from protocols.facts import FACTS, decode_fact
from protocols.journal import decode_record
from protocols.trace.events import Direction
from sim.stage import auditors
from sim.stage.scenario.devices import NAMES
from sim.stage.scenario.stage import Stage, StepError
from sim.stage.scenario.steps import Step
from sim.stage.scenario.words import nanoseconds, nearest
from sim.stage.world import audit
from sim.stage.world.given import STORE
from sim.stage.world.screen import screen_of
from sim.twin import VerbError

BROKER: Final = "broker"
"""The channel to it in a trace."""
Seen = str | None
"""What is seen instead; None when all is as it must be."""


class Check(Step, frozen=True, kw_only=True):
    """The base of all checks."""

    within: str = "30 s"

    def __post_init__(self) -> None:
        nanoseconds(self.within)

    async def play(self, stage: Stage) -> None:
        """Wait until it is so. Raises: StepError."""
        await stage.until(
            lambda: self.look(stage) is None,
            nanoseconds(self.within),
            lambda: self.look(stage) or "it came and went",
        )

    def demand(self, stage: Stage) -> None:
        """Look once. Raises: StepError."""
        seen = self.look(stage)
        if seen is not None:
            raise StepError(seen)

    def look(self, stage: Stage) -> Seen:
        """Return what is seen instead of what must be."""
        raise NotImplementedError


def _counted(what: str, found: int, times: int | None) -> Seen:
    if (found > 0) if times is None else (found == times):
        return None
    wanted = "at least once" if times is None else f"{times} times"
    return f"{what}: wanted {wanted}, found {found} times"


class Notice(Check, frozen=True, kw_only=True):
    """The till has said this message of its table, at any time so far."""

    word = "notice"
    notice: str
    times: int | None = None

    def look(self, stage: Stage) -> Seen:
        """Count it."""
        codes = [heard.notice.code for heard in stage.till.heard]
        seen = _counted(f"message {self.notice}", codes.count(self.notice), self.times)
        return seen and f"{seen}; it said: {', '.join(code for code in codes if code) or 'none'}"


class Screen(Check, frozen=True, kw_only=True):
    """A field of the till's view (pos/view.py) is this, or has this text in it: due, stage, queue.waiting,
    devices.printer (its lamp), sentences.printer (what is said of it)."""

    word = "screen"
    screen: str
    is_: Any = msgspec.field(name="is", default=None)
    has: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.is_ is None) is not bool(self.has):
            raise ValueError("it needs either `is` or `has`")

    def look(self, stage: Stage) -> Seen:
        """Compare it."""
        if not stage.till.running:
            return "the till is off"
        view = msgspec.to_builtins(stage.till.view)
        devices = view.pop("devices")
        view["devices"] = {device["role"]: device["lamp"] for device in devices}
        view["sentences"] = {device["role"]: device["sentence"] for device in devices}
        view["notice"] = (view["notice"] or {}).get("code", "")
        value = _inside(view, self.screen)
        if self.has:
            there, wanted = self.has in str(value), f"without {self.has!r}"
        else:
            there, wanted = value == self.is_, f"not {self.is_!r}"
        return None if there else f"screen: {self.screen} is {value!r}, {wanted}"


class Shows(Check, frozen=True, kw_only=True):
    """The till's picture, 80 x 24, has this text in it."""

    word = "shows"
    shows: str

    def look(self, stage: Stage) -> Seen:
        """Look at the picture."""
        if not stage.till.running:
            return "the till is off"
        picture = screen_of(stage.till.view)
        return None if self.shows in picture else f"the screen has no {self.shows!r}:\n{picture}"


class Paper(Check, frozen=True, kw_only=True):
    """The printer's paper has this text on it."""

    word = "paper"
    paper: str
    times: int | None = None

    def look(self, stage: Stage) -> Seen:
        """Count it."""
        text = stage.equipment.paper()
        return _counted(f"{self.paper!r} on paper", text.count(self.paper), self.times)


class Receipts(Check, frozen=True, kw_only=True):
    """So many receipts came out; copies are those that say so."""

    word = "receipts"
    receipts: int
    copies: int = 0

    def look(self, stage: Stage) -> Seen:
        """Count them."""
        texts = [text for text in audit.papers(stage.till) if auditors.is_receipt(text)]
        copies = sum(map(auditors.is_copy, texts))
        if (len(texts) - copies, copies) == (self.receipts, self.copies):
            return None
        return (
            f"{len(texts) - copies} receipts and {copies} copies came out, "
            f"not {self.receipts} and {self.copies}"
        )


class Purse(Check, frozen=True, kw_only=True):
    """A card's purse holds this, in minor units."""

    word = "purse"
    purse: str
    holds: int

    def look(self, stage: Stage) -> Seen:
        """Look into its memory."""
        holds = stage.world.purses.cards[self.purse].image().balances[0]
        return None if holds == self.holds else f"{self.purse} holds {holds:,}, not {self.holds:,}"


class Journal(Check, frozen=True, kw_only=True):
    """The till's journal has facts of this kind (protocols/facts.py); `where` compares their fields."""

    word = "journal"
    journal: str
    where: dict[str, Any] = msgspec.field(default_factory=dict)
    times: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.journal not in FACTS:
            raise ValueError(f"no kind of fact {self.journal!r}; {nearest(self.journal, FACTS)}")

    def look(self, stage: Stage) -> Seen:
        """Count them."""
        facts = [
            msgspec.to_builtins(decode_fact(record.kind, record.body))
            for record in map(decode_record, stage.till.records())
            if record.kind == self.journal
        ]
        found = [fact for fact in facts if _fits(fact, self.where)]
        return _counted(f"{self.journal} {self.where or ''}".strip(), len(found), self.times)


class Inquiry(Check, frozen=True, kw_only=True):
    """One of the broker's four inquiries finds so many payments, and so much money."""

    word = "inquiry"
    inquiry: str
    count: int
    total: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.inquiry not in INQUIRIES:
            raise ValueError(f"no inquiry {self.inquiry!r}; {nearest(self.inquiry, INQUIRIES)}")

    def look(self, stage: Stage) -> Seen:
        """Ask."""
        answer = inquire(stage.world.broker.reader, self.inquiry)  # type: ignore[arg-type]
        total = answer.totals.get("KRW", 0)
        if answer.count == self.count and self.total in (None, total):
            return None
        wanted = f"{self.count}" + ("" if self.total is None else f" of {self.total:,}")
        return f"{self.inquiry}: {answer.count} of {total:,}, not {wanted}"


class Account(Check, frozen=True, kw_only=True):
    """An account of the broker's ledger holds this: debits less credits."""

    word = "account"
    account: str
    holds: int

    def look(self, stage: Stage) -> Seen:
        """Look it up."""
        holds = auditors.balances_of(stage.world.broker.reader).get(self.account, 0)
        return (
            None if holds == self.holds else f"{self.account} holds {holds:,}, not {self.holds:,}"
        )


class Banked(Check, frozen=True, kw_only=True):
    """The banks have so much: for the shop, or in the account of this number or behind this card; what a credit
    card owes is below zero."""

    word = "banked"
    banked: str
    """`shop`, or the number of an account or a card."""
    holds: int

    def look(self, stage: Stage) -> Seen:
        """Look into their books."""
        try:
            shop = self.banked == "shop"
            holds = stage.banks.shop(STORE) if shop else stage.banks.holds(self.banked)
        except (LookupError, VerbError) as error:
            return str(error)
        return None if holds == self.holds else f"{self.banked}: {holds:,}, not {self.holds:,}"


class Question(Check, frozen=True, kw_only=True):
    """The broker asks this about a record that it accepted (ips/questions.py)."""

    word = "question"
    question: str
    times: int | None = None

    def look(self, stage: Stage) -> Seen:
        """Count them."""
        rows = stage.world.broker.reader.ask("SELECT code FROM question ORDER BY id")
        codes = [code for (code,) in rows]
        seen = _counted(f"question {self.question}", codes.count(self.question), self.times)
        return seen and f"{seen}; it asks: {', '.join(codes) or 'nothing'}"


class State(Check, frozen=True, kw_only=True):
    """What can be seen on a device: state = "printer", of = "drawer", is = "open"."""

    word = "state"
    state: str
    of: str
    is_: Any = msgspec.field(name="is")

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_device(self.state)

    def look(self, stage: Stage) -> Seen:
        """Look at it."""
        value = _inside(stage.state(self.state), self.of)
        if value == self.is_:
            return None
        return f"{self.state}: {self.of} is {value!r}, not {self.is_!r}"


class Happened(Check, frozen=True, kw_only=True):
    """On a device or its wire this has happened (its history): happened = "printer", what = "cut"."""

    word = "happened"
    happened: str
    what: str
    detail: str = ""
    """A part of the event's detail."""
    times: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_device(self.happened)

    def look(self, stage: Stage) -> Seen:
        """Count it."""
        found = sum(
            event.what == self.what and self.detail in event.detail
            for event in stage.history(self.happened)
        )
        return _counted(f"{self.happened}: {self.what} {self.detail}".strip(), found, self.times)


class Passed(Check, frozen=True, kw_only=True):
    """On the wire of a device, or to the broker, this has passed, told in words as `ips-sim trace show`
    does: wire = "printer", has = "cut", way = "to"."""

    word = "wire"
    wire: str
    has: str
    """A part of the words."""
    way: Literal["to", "from"] | None = None
    """To the device or from it; None is either."""
    times: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_device(self.wire, *NAMES, BROKER)

    def look(self, stage: Stage) -> Seen:
        """Count it."""
        way = None if self.way is None else Direction(self.way)
        found = sum(
            row.channel.rpartition(":")[2] == self.wire
            and way in (None, row.direction)
            and self.has in row.text
            for row in stage.rows
        )
        return _counted(f"{self.wire}: {self.has!r} on the wire", found, self.times)


class Asked(Check, frozen=True, kw_only=True):
    """The till has sent its broker such a request: asked = "/v1/batches", passed = "lose_answer"."""

    word = "asked"
    asked: str
    passed: str = ""
    times: int | None = None

    def look(self, stage: Stage) -> Seen:
        """Count it."""
        found = sum(
            self.asked in request.what and self.passed in ("", request.passed)
            for request in stage.requests
        )
        return _counted(f"request {self.asked} {self.passed}".strip(), found, self.times)


CHECKS: tuple[type[Check], ...] = (
    Notice,
    Screen,
    Shows,
    Paper,
    Receipts,
    Purse,
    Journal,
    Inquiry,
    Account,
    Banked,
    Question,
    State,
    Happened,
    Passed,
    Asked,
)
"""Every check."""


def _check_device(name: str, *known: str) -> None:
    known = known or NAMES
    if name not in known:
        raise ValueError(f"no device {name!r}; {nearest(name, known)}")


def _inside(value: Any, path: str) -> Any:
    """Return what stands at a dotted path; a word where nothing does."""
    for part in path.split("."):
        if not isinstance(value, Mapping) or part not in value:
            known: Iterable[str] = value if isinstance(value, Mapping) else ()
            return f"nothing at {part!r}; {nearest(part, known)}"
        value = value[part]
    return value


def _fits(fact: Mapping[str, Any], where: Mapping[str, Any]) -> bool:
    return all(fact.get(key) == value for key, value in where.items())
