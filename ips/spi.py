"""What a payment module is to the broker, and what the broker is to a module (broker.md 6).

A module moves money in one way and answers with an outcome; that is all it does. The broker owns
retries, keys, deadlines, the ledger, the flow, inquiries and notices, so a module stays small
(A7-A10). A module never raises for money, never calls another module, and never answers Approved
for what it cannot prove.

    PaymentModule   implemented by a module, called by the broker
    Context         implemented by the broker, called by a module
    Manifest        what a module says about itself, in TOML beside it: readable without importing it

    Examining       a module that looks at what terminals report of its own scheme (value.taken)

Agreement of version 1: `spi = "1"` in a manifest. A module is found in ips/modules/ or under the
entry-point group `ips.modules` (ips.registry); `ips-broker module check NAME` tries it out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal, Protocol, runtime_checkable

from ips.ledger import UNMATCHED
from protocols.iso8583.field import Value
from protocols.money import Money
from protocols.outcome import Outcome
from protocols.ports import Clock, FaultPoints

SPI_VERSION: Final = 1


class Operation(StrEnum):
    """What a module may be asked to do."""

    AUTHORISE = "authorise"
    """Move the money, or promise it, before the goods change hands."""
    CAPTURE = "capture"
    """Turn a promise, or a part of it, into money."""
    VOID = "void"
    """Give a promise back."""
    REFUND = "refund"
    """Move money back on an earlier payment."""
    INQUIRE = "inquire"
    """Say what became of a key. Never moves anything."""
    SUBMIT_BATCH = "submit_batch"
    """Send collected payments to a bank."""
    RECEIVE = "receive"
    """Understand a message or file that came in by itself."""
    RECONCILE = "reconcile"
    """Compare with the peer's books."""
    BALANCE = "balance"
    """Say what an instrument holds."""


class RefundCapability(StrEnum):
    """How a way to pay pays back (I11, I12)."""

    FULL = "full"
    """Only all of it at once."""
    PARTIAL = "partial"
    """Any part, any number of times, within what was paid."""
    NONE = "none"
    """Not at all."""
    ALTERNATIVE = "alternative"
    """Only through another way to pay, such as cash for a card."""


class Mode(StrEnum):
    """In which of the paper's models a module works, and whether it can without a line."""

    SYNC = "sync"
    DEFERRED = "deferred"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One field a module needs with a request; the counter asks for it in these words (I9)."""

    name: str
    ko: str
    en: str
    pattern: str = ""
    """A regular expression the whole value must match; empty: any text."""
    length_max: int = 64
    secret: bool = False
    """Never stored, logged or shown."""
    required: bool = True

    def schema(self) -> dict[str, object]:
        """Return this field's part of a JSON Schema."""
        schema: dict[str, object] = {
            "type": "string",
            "title": self.en,
            "maxLength": self.length_max,
        }
        if self.pattern:
            schema["pattern"] = f"^(?:{self.pattern})$"
        if self.secret:
            schema["writeOnly"] = True
        return schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Amounts a module takes, minor units of the currency; both ends included."""

    amount_min: int = 1
    amount_max: int = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a module says about itself."""

    id: str
    """Its name everywhere: in requests, tenders, accounts and commands."""
    version: str
    spi: int = SPI_VERSION
    ko: str
    en: str
    operations: frozenset[Operation]
    modes: frozenset[Mode]
    flow: str
    """The flow its payments follow unless the store's policy names another."""
    asset: str
    """The ledger account that grows when it takes money: `{store}`, `{terminal}`, `{module}`, `{holder}`."""
    holder: str = ""
    """The need that names whose account at the broker itself pays; empty: none does. Such a payment is
    declined where the account does not hold that much."""
    received: str = ""
    """The account of value that came into a device of the shop's, against `asset`; `{device}` besides.
    Empty: terminals report no such value (value.taken)."""
    refund: RefundCapability
    currencies: frozenset[str] = frozenset()
    """ISO 4217; empty: any."""
    limits: Limits = field(default_factory=Limits)
    timeout_ms: int = 30_000
    """The broker waits this long for any answer, then writes Unknown."""
    intent: bool = True
    """Whether a payment must have been announced by an attempt before it stands in a sale."""
    needs: tuple[Need, ...] = ()
    secrets: tuple[str, ...] = ()
    """Names of keys it must be given before it is active."""

    def asset_account(self, *, store: str, terminal: str, holder: str = "") -> str:
        """Return the account that grows when this module takes money at a terminal.

        Where it is a holder's and nobody says whose, suspense/unmatched.
        """
        if self.holder and not holder:
            return UNMATCHED
        return self.asset.format(store=store, terminal=terminal, module=self.id, holder=holder)

    def received_account(self, *, store: str, terminal: str, device: str) -> str:
        """Return the account of what is in a device of the shop's."""
        return self.received.format(store=store, terminal=terminal, module=self.id, device=device)

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema of `fields` in a payment request: what a form is made from."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.en,
            "type": "object",
            "properties": {need.name: need.schema() for need in self.needs},
            "required": [need.name for need in self.needs if need.required],
            "additionalProperties": False,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One thing asked of a module. The same order twice must move money once."""

    operation: Operation
    key: str
    """Idempotency key: the attempt key, or the refund's; the peer's numbers are derived from it."""
    payment: str = ""
    """Capture, void, refund, inquire: the key of the payment it is about."""
    amount: Money
    store: str
    terminal: str
    reference: str = ""
    """What the peer answered to the payment this is about."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """By the names of the manifest's needs, already checked against them."""
    final: bool = False
    """A key that cannot be asked now is never asked any more: whoever asks goes another way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankRequest:
    """What a module wants asked of a bank."""

    number: str = field(repr=False)
    """A card's or account's: it tells which bank is asked."""
    among: Literal["cards", "accounts"] = "cards"
    """By whose prefixes."""
    fields: Mapping[int, Value] = field(repr=False)
    """Of ISO 8583, what the module knows: card, PIN, chip data, entry mode."""
    promise: bool = False
    """Hold the money now, and capture it later."""
    offline: bool = False
    """Whether the shop may stand in for the bank, should it not be reached."""


class ModuleJournal(Protocol):
    """A module's own records, kept apart from all other modules' (I7)."""

    def note(self, key: str, event: str, fields: Mapping[str, str]) -> None:
        """Write down what passed under a key; scrubbed before it is stored."""
        ...

    def notes(self, key: str) -> list[tuple[str, Mapping[str, str]]]:
        """Return what was written under a key, oldest first."""
        ...


class Banks(Protocol):
    """The broker's lines to banks (ips/bank): an exchange is durable before it is sent, and undone when
    nobody answers."""

    async def perform(
        self, order: Order, request: BankRequest | None, *, deadline_ns: int
    ) -> Outcome:
        """Do what an order asks of a bank, once a key; `request` goes with AUTHORISE only."""
        ...

    def told(self, key: str) -> Mapping[str, str]:
        """Return what is known of a key's exchange besides its outcome; nothing of one never asked."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the broker gives a module."""

    clock: Clock
    journal: ModuleJournal
    faults: FaultPoints
    deadline_ns: int
    """Monotonic: the broker stops listening then, whatever the module does."""
    banks: Banks | None = None
    """None where the broker has no bank."""


class PaymentModule(Protocol):
    """A way to move money."""

    @property
    def manifest(self) -> Manifest:
        """What it says about itself; equal to its TOML file."""
        ...

    async def perform(self, order: Order, context: Context) -> Outcome:
        """Do it, once per key: a repeated order answers what happened the first time.

        Answers NotSent only when nothing can have left, Unknown whenever in doubt.
        """
        ...

    def scrub(self, transcript: str) -> str:
        """Return the text without anything secret: PAN, track, PIN block, keys."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Value that a terminal reports: it came into the shop's own device by this module's scheme."""

    key: str
    """The attempt's; empty where the record names none."""
    device: str
    amount: Money
    details: bytes
    proof: bytes


@runtime_checkable
class Examining(PaymentModule, Protocol):
    """A module whose scheme leaves value and evidence at terminals."""

    def examine(self, taken: Taken) -> str:
        """Return what is odd about a report, in English, or nothing. It has happened all the same."""
        ...
