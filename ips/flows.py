"""Flows: the life cycle of a payment as data, one TOML file each, checked before it is used.

A flow is a table of states and of what each command does in them. Commands, events and guards are
the broker's own closed vocabularies; states, transitions, deadlines and what a step posts to the
ledger are the file's. One decider (ips.payments) interprets them all, so editing a file changes
what the same sale does, and no module branches on a flow's name.

    name, version, model      synchronous (the paper's 4.2 first model, I4) or deferred (I5)
    initial                   the state of a payment that was only asked for
    [inquiry]                 after_s = [10, 30, 120, 600], then_s = 86400: when silence is asked
    [states.NAME]             class, ko, en, ignore = [commands], due = { after_s, run }
    [states.NAME.on]          command = { to, emit, when = [guards], post = [postings] } or a list of
                              such, the first whose guards hold
    [postings.NAME]           debit, credit, phase (post, hold, settle, void), memo

A payment is pinned to the flow it began under: `Flow.pin` is the file's version with a digest of
its text, so an edit without a new number is a new pin too. Source: decisions.md "Payment".
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ips.ledger import Phase


class Model(StrEnum):
    """The paper's two models of paying (4.2)."""

    SYNCHRONOUS = "synchronous"
    """Confirmed before the goods change hands."""
    DEFERRED = "deferred"
    """Collected at the purchase, processed at any later time."""


class StateClass(StrEnum):
    """What a state means to whoever asks about money; the inquiries are over these."""

    OPEN = "open"
    """Asked for, promised or billed; not here yet."""
    DOUBT = "doubt"
    """May or may not have been paid; somebody has to ask."""
    SETTLED = "settled"
    """Paid."""
    OWED = "owed"
    """Paid, but nothing was bought with it: to be paid back."""
    REFUSED = "refused"
    """Not paid, and it was said why."""
    VOID = "void"
    """Given up before it was paid."""
    RETURNED = "returned"
    """Paid or claimed, and taken back by the payer's bank."""
    REFUNDED = "refunded"
    """Paid, and all of it paid back."""

    @property
    def final(self) -> bool:
        """Whether a payment may rest here for ever."""
        return self not in (StateClass.OPEN, StateClass.DOUBT, StateClass.OWED)


class Verb(StrEnum):
    """What can be said to a payment: the names of commands in a flow file."""

    ASK = "ask"
    """Ask the module (again): only where nothing can have been sent, or asking twice moves nothing."""
    APPROVED = "approved"
    DECLINED = "declined"
    PENDING = "pending"
    UNKNOWN = "unknown"
    NOT_SENT = "not_sent"
    CLOSE = "close"
    """The sale was closed with this payment among its tenders."""
    PARK = "park"
    """The sale was settled another way."""
    RELEASE = "release"
    """The sale was given up."""
    SUBMIT = "submit"
    """Sent to the bank in a batch."""
    RETURN = "return"
    """The payer's bank took it back."""
    VOID = "void"
    """Cancelled before settlement."""
    EXPIRE = "expire"
    """The state's deadline has passed."""
    REFUND_REQUEST = "refund_request"
    REFUND_REJECT = "refund_reject"
    REFUND_PAY = "refund_pay"


class EventName(StrEnum):
    """What can happen to a payment; each has one fixed meaning for its sums (ips.payments.evolve)."""

    ASKED = "asked"
    APPROVED = "approved"
    """authorised = amount."""
    PENDED = "pended"
    DOUBTED = "doubted"
    """One more inquiry is due."""
    REFUSED = "refused"
    BILLED = "billed"
    """Goods were given for it; it is still to be paid."""
    SUBMITTED = "submitted"
    SETTLED = "settled"
    """paid = amount."""
    VOIDED = "voided"
    PARKED = "parked"
    OWED = "owed"
    """paid = refund_requested = amount: the customer's money."""
    RETURNED = "returned"
    """paid = 0."""
    REFUND_REQUESTED = "refund_requested"
    REFUND_REJECTED = "refund_rejected"
    REFUND_PAID = "refund_paid"


class Guard(StrEnum):
    """Conditions a transition may name."""

    WITHIN_AMOUNT = "within_amount"
    """The amount is at most what was asked for."""
    WHOLE_AMOUNT = "whole_amount"
    """The amount is exactly what was asked for."""
    REFUNDABLE = "refundable"
    """The amount is at most paid - refunded - already requested."""
    WITHIN_REQUESTED = "within_requested"
    """The amount is at most what is requested back."""
    UNREFUNDED = "unrefunded"
    """Nothing was refunded or asked back."""
    PAYS_ALL = "pays_all"
    """After this, everything that was paid is refunded."""


class DueRun(StrEnum):
    """What the janitor does when a state's deadline passes."""

    INQUIRE = "inquire"
    EXPIRE = "expire"
    VOID = "void"
    """Have the module undo it, until it says that it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A state's deadline."""

    after_s: int
    """Seconds after the state was entered, at least 1; an inquiry repeats by the flow's schedule."""
    run: DueRun


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A state of a flow."""

    name: str
    state_class: StateClass
    ko: str
    en: str
    due: Due | None = None
    ignore: frozenset[Verb] = frozenset()
    """Commands that say nothing new here: repeats, and answers that come too late to matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """What one command does in one state."""

    to: str
    emit: EventName
    when: tuple[Guard, ...] = ()
    post: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A template of a ledger transfer; `{...}` are filled from the payment."""

    name: str
    debit: str
    credit: str
    phase: Phase = Phase.POST
    memo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """When a silent peer is asked: after each of `after_s`, then every `then_s`."""

    after_s: tuple[int, ...] = (10, 30, 120, 600)
    then_s: int = 86_400

    def delay_s(self, asked: int) -> int:
        """Return the seconds to wait before the next inquiry when `asked` were made."""
        return self.after_s[asked] if asked < len(self.after_s) else self.then_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A checked flow. Build with ips.flow_files, never by hand."""

    name: str
    version: int
    digest: str
    """The first 12 hex digits of SHA-256 of the file's text."""
    source: str
    """The file's text: stored with the first payment that is pinned to it."""
    model: Model
    ko: str
    en: str
    initial: str
    inquiry: Inquiry
    states: Mapping[str, State]
    cells: Mapping[tuple[str, Verb], tuple[Transition, ...]]
    """By (state, command): the alternatives, tried in order."""
    postings: Mapping[str, Posting]

    @property
    def pin(self) -> str:
        """Return what a payment keeps of its flow's version, such as `1.9f86d081884c`."""
        return f"{self.version}.{self.digest}"


PLACEHOLDERS: Final = frozenset({"asset", "sales", "returns", "store", "terminal", "module", "key"})
"""What a posting's account may name in braces: asset is the module's own account (its manifest),
sales and returns are split by the receipt's lines, the rest is the payment's."""


def digest_of(source: str) -> str:
    """Return the digest that pins a flow's text."""
    return hashlib.sha256(source.encode()).hexdigest()[:12]
