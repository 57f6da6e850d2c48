"""What the till shows: one frozen snapshot, made by the till, drawn by any skin.

The till replaces its view after every command and every device or broker event and calls whoever
watches. A skin compares it with the last one and redraws the rows that differ; it holds no rule, asks
no question and keeps no state of the sale.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from protocols.money import KRW, Currency


class Lamp(Enum):
    """A device's state in one letter; letters and place tell, colour only helps."""

    OK = "O"
    WARN = "!"
    DOWN = "X"
    ABSENT = "-"
    """None is configured."""
    UNKNOWN = "?"
    """It does not answer; that is never "fine"."""


class Stage(Enum):
    """Where the till is."""

    CLOSED = "closed"
    """No shift is open."""
    ENTRY = "entry"
    """Taking items; an empty basket is this too."""
    SUBTOTAL = "subtotal"
    """Due and quick cash are shown; digits choose."""
    TENDER = "tender"
    """A payment is running."""
    DOUBT = "doubt"
    """Nobody knows what became of a payment: nothing else goes on until it is known or parked."""
    FIND = "find"
    """A list of found items is shown; digits pick."""
    RECALL = "recall"
    """The held baskets are shown; digits choose."""
    MEMBER = "member"
    """Members are shown whom the keyed digits fit; digits choose."""
    RETURN = "return"
    """Lines of an earlier sale are shown; digits and Enter take them back."""
    COUNT = "count"
    """The shift is being counted."""
    COUNTED = "counted"
    """Counted; expected and difference are shown; Enter closes."""
    STOPPED = "stopped"
    """The journal cannot be written: selling is stopped."""


class PaymentStep(Enum):
    """How far a payment by card has come; in this order."""

    CARD = "card"
    """Waiting for the customer's card, and reading it."""
    PIN = "pin"
    """The customer enters the PIN; passed over where none is wanted."""
    MOVING = "moving"
    """The value can move from here on: nobody stops it any more."""
    RECEIVED = "received"
    """The shop has it."""
    STORED = "stored"
    """The till writes it down."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A message of the table, its blanks filled."""

    code: str
    """Such as SCN-01; empty for a plain hint."""
    level: Literal["A", "B", "C"]
    banner: str
    """At most 76 cells."""
    short: str
    """At most 38 cells."""
    display: str = ""
    """For the customer display, at most 20 cells; empty leaves it alone."""
    money: str = ""
    """Where the money is."""
    keys: str = ""


@dataclass(frozen=True, slots=True)
class LineView:
    """One row of the basket."""

    number: int
    """From 1; 0 on a discount row that belongs to the line above."""
    name: str
    quantity: str
    price: str
    amount: str
    exempt: bool = False
    voided: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """A receipt that a customer may read on a telephone."""

    sale: str
    """Its short name on screen."""
    address: str


@dataclass(frozen=True, slots=True)
class FoundView:
    """One found item."""

    choice: int
    code: str
    name: str
    price: str


@dataclass(frozen=True, slots=True)
class HeldView:
    """One held basket."""

    choice: int
    time: str
    """HH:MM of the store, or the date where it was another day."""
    terminal: str
    """Where it was held; empty: here."""
    label: str
    total: str


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member: whose sale it is, or one to choose."""

    shown: str
    """Masked name and last digits; of a card that nobody was asked about, its last digits."""
    points: int | None
    """None where nobody was asked."""
    earns: int = 0
    """What this sale earns as it stands."""
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class ReturnView:
    """One line of an earlier sale."""

    choice: int
    name: str
    quantity: str
    """What may come back."""
    taken: str
    """What of it comes back; empty: nothing."""
    amount: str
    """What it is worth: of what comes back, or of all."""


@dataclass(frozen=True, slots=True)
class DeviceView:
    """One device on the status line and the device page."""

    role: str
    """printer, drawer, line_display, scanner."""
    label: str
    address: str
    lamp: Lamp
    sentence: str
    """What is the matter and what to do; empty when all is well."""


@dataclass(frozen=True, slots=True)
class QueueView:
    """What is on its way to the broker."""

    link: Literal["online", "offline", "sending", "refused", "alone"]
    """refused: the broker is there and takes nothing of this terminal; alone: joined no broker."""
    waiting: int = 0
    sent: int = 0
    in_doubt: int = 0
    questioned: int = 0
    owed: int = 0
    """Payments that came too late: the customers' money, to be paid back."""
    rows: tuple[tuple[str, str, str], ...] = ()
    """The newest entries of the queue page: (state, what, sentence)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentView:
    """A payment by device while it runs."""

    method: str
    """The tender's name, in the till's language."""
    key: str
    amount: int
    step: PaymentStep
    since_ns: int
    """When the step began, by the till's clock that tells the time."""
    passed: tuple[PaymentStep, ...] = ()
    """The steps behind it; one that was not wanted is missing."""
    balance: int | None = None
    """What the customer's card held before, once it has said so."""
    carded: bool = True
    """The value is on the card itself; otherwise somebody beyond the line is asked."""
    choices: tuple[str, ...] = ()
    """What the clerk is to choose from, by digit from 1: the card has several applications."""
    stoppable: bool = False
    """Esc ends it: a person is waited for and no value can have moved."""


class Purpose(Enum):
    """What somebody is asked for."""

    APPROVE = "approve"
    """To allow what the clerk may not."""
    SIGN_ON = "sign_on"
    """To work here: nobody does. No key leaves this question."""
    UNLOCK = "unlock"
    """To go on; who was here, or another. No key leaves this question."""
    HAND_OVER = "hand_over"
    """To work here instead."""


class Side(Enum):
    """What one of the two who take part in a payment last said about it."""

    UNKNOWN = "unknown"
    MOVED = "moved"
    """The customer's card: the value has left it. The shop's: it is there."""
    NOT_MOVED = "not_moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtView:
    """A payment in doubt that holds the counter: it has the whole screen."""

    said: Notice
    """What happened; level C."""
    method: str
    """The tender's name, in the till's language."""
    key: str
    amount: int
    sale: str
    """Its sale's short name on screen."""
    card: Side = Side.UNKNOWN
    balance: int | None = None
    """What the customer's card last said it holds."""
    shop: Side = Side.UNKNOWN
    carded: bool = True
    """Two cards take part; otherwise somebody beyond the line."""
    wants_card: bool = True
    """It goes on when the same card is put in again; otherwise both are there and do not tell."""
    asking: bool = False
    """The till is asking right now."""
    checks: int = 0
    """How often it has asked by itself."""
    back: bool = False
    """The shop gives a payment back: its purse pays, the customer's card is paid."""
    until_ns: int = 0
    """Until when it asks by itself, by the clock that tells the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingView:
    """Somebody is asked for: number or badge, then PIN."""

    purpose: Purpose
    what: str
    """What is to be allowed, in words; else who works here until now."""
    who: str
    """Whose PIN is asked for; empty while nobody is named."""
    said: Notice
    """What was asked, or what was wrong with the last answer; also where a takeover stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TillView:
    """Everything a skin needs."""

    lane: str
    clerk: str
    store: str
    language: Literal["ko", "en"]
    currency: Currency = KRW
    sale: str
    """The sale's short name on screen, such as 0417-0128."""
    stage: Stage
    page: Literal["sale", "menu", "queue", "devices", "help", "link"] = "sale"
    link: LinkView | None = None
    """The e-receipt that is shown on the page of this name."""
    paper: bool = True
    """The open sale's receipt comes out on paper."""
    linked: bool = False
    """The shop has e-receipts: whether there is paper can be chosen."""
    lines: tuple[LineView, ...] = ()
    selected: int = -1
    """Index into lines; -1 for none."""
    pieces: int = 0
    total: int = 0
    discount: int = 0
    net: int = 0
    vat: int = 0
    exempt: int = 0
    tendered: int = 0
    due: int = 0
    change: int = 0
    tenders: Mapping[str, str] = field(default_factory=dict)
    """Which way to pay two letters name, in the order of the policy (pos.entry)."""
    quick_cash: tuple[int, ...] = ()
    card_slots: bool = False
    """The till has slots for cards."""
    paid: tuple[tuple[str, int], ...] = ()
    """The payments that stand in the open sale: what each is called, and what it counts for."""
    split: int = 0
    """What a purse that was short has left: the e-cash key takes so much and leaves the rest due."""
    found: tuple[FoundView, ...] = ()
    returning: tuple[ReturnView, ...] = ()
    """Lines of the earlier sale, while goods come back."""
    returning_of: str = ""
    """The earlier sale's name; empty without a receipt."""
    returned: int = 0
    """What the goods that come back are worth."""
    correcting: Literal["", "void", "change"] = ""
    """A closed sale is being voided, or a payment of it changed: nothing else goes on."""
    returned_at: int = 0
    """Which of its lines is selected, from 0."""
    held: tuple[HeldView, ...] = ()
    """What can be gone on with, while it is shown."""
    member: MemberView | None = None
    """Whose sale it is."""
    members: tuple[MemberView, ...] = ()
    """Whom to choose from, while they are shown."""
    quick: tuple[str, ...] = ()
    """What the quick keys sell, Alt+1 first."""
    last_sale: str = ""
    """How the sale before this one ended: number, method."""
    last_change: int = 0
    last_balance: int | None = None
    """What the customer's card holds since, where it was paid by one alone and has said so."""
    payment: PaymentView | None = None
    """The payment that runs."""
    doubt: DoubtView | None = None
    """The payment whose result nobody knows."""
    notice: Notice | None = None
    staffed: bool = False
    """There is a staff list: people sign on, lock and hand over."""
    asking: AskingView | None = None
    """The entry line answers it, whatever else is shown."""
    devices: tuple[DeviceView, ...] = ()
    queue: QueueView = QueueView("alone")
    paper_waiting: int = 0
    """Receipts that are stored and not yet printed."""
    expected: int | None = None
    """Cash that should be there; None until counted."""
    counted: int | None = None
    training: bool = False
    """Nothing here is real."""
    switching: bool = False
    """The counter is left for the training counter, or from it."""
