"""What a way to pay is to the till.

A tender moves money, or lets the clerk move it, and answers with one of the five outcomes; it never
raises and never touches the journal. The desk that it is handed mints the attempt key and makes the
intent durable; a tender whose device can move value calls `intend` before the first byte that can.
The till refuses an outcome that moved money without it.

    take() --intend()--> attempt.opened is durable --> first byte to a card, purse or terminal
           --progress()--> the screen            unless_given_up()--> a card, a PIN, or Esc
    resume() -- after Unknown, or a till that ended in between: asks, under the same key
    give_back(), resume_back() -- the same for money that goes the other way
Source: house.md "Where the delicate things live", clerk-and-courier.md 2.3 rules 2, 5, 8b.
"""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final, Protocol, TypeVar, runtime_checkable

from devices.stripe_reader import Swipe
from pos.acquirer import Acquirer
from pos.club import Club
from pos.messages import Language
from pos.payment_terminal import Terminal
from pos.purses import Cards
from pos.rights import Right
from pos.view import PaymentStep, Side
from protocols.card_rules import CardRules
from protocols.emv.steps import PinKeys
from protocols.facts import Fact, Slip
from protocols.iso7816 import Response
from protocols.money import Money
from protocols.outcome import NotSent, Outcome
from protocols.passbook.rule import TransferRule
from protocols.pin_pad.words import EnteredForBank
from protocols.points import PointsRule
from protocols.ports import CardChannel, Clock
from protocols.secure_pin import PinSW

T = TypeVar("T")


E_CASH: Final = "e-cash"
"""The kind of cards that hold the money themselves: nobody beyond the counter is asked."""


class OverTender(Enum):
    """What happens when more is offered than is due."""

    CHANGE = "change"
    """The rest goes back to the customer in coins and notes."""
    REFUSED = "refused"


class Mover(Enum):
    """Who moves the money."""

    HAND = "hand"
    """The clerk, over the counter: there is no peer to ask and nothing to be in doubt about."""
    DEVICE = "device"
    """A card, a terminal or a network: the intent must be durable first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is to be paid with this tender."""

    amount: Money
    """What is to count toward the sale; positive, never more than what is due."""
    offered: Money
    """What the customer hands over; more than the amount only where there is change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """An earlier payment, of which money goes back."""

    attempt: str
    """Its key."""
    reference: str = ""
    """The peer's own number of it."""
    peer: str | None = None
    """What its intent said: the money goes to that very peer, such as the card that paid. None: to any
    that takes it."""
    slip: Slip | None = None
    """What its papers said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsettled:
    """An earlier attempt whose result nobody knows yet."""

    key: str
    peer: str
    """What its intent said."""
    amount: int
    day: int
    """The business date of its intent as a number, YYYYMMDD."""


@dataclass(frozen=True, slots=True)
class GivenUp:
    """The clerk would wait no longer. Nothing has moved, and nothing may any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Whose sale it is."""

    number: str
    points: int | None
    """What they had when the broker was asked; None where it was not."""
    stopped: bool
    rule: PointsRule


class Desk(Protocol):
    """What the till does for a tender."""

    @property
    def key(self) -> str:
        """Return the attempt key; durable once intended, and what peers' references derive from."""
        ...

    @property
    def day(self) -> int:
        """Return the business date as a number, YYYYMMDD."""
        ...

    @property
    def clock(self) -> Clock:
        """Return the till's clock, for deadlines."""
        ...

    @property
    def language(self) -> Language:
        """Return the till's language."""
        ...

    @property
    def cards(self) -> Cards:
        """Return where the customer's card and the shop's own are."""
        ...

    @property
    def club(self) -> Club:
        """Return whoever keeps members' points."""
        ...

    @property
    def acquirer(self) -> Acquirer:
        """Return whoever has cards and accounts approved by their banks."""
        ...

    @property
    def transfers(self) -> TransferRule | None:
        """Return how account transfers are taken; None where there is no such thing."""
        ...

    @property
    def member(self) -> Membership | None:
        """Return whose sale it is; None for nobody's, and where there are no points."""
        ...

    @property
    def wanted(self) -> bool:
        """Tell whether the money is still wanted.

        False when what it was to pay for has meanwhile been settled another way or given up: then
        what has moved is found out, and nothing may move any more.
        """
        ...

    @property
    def stripes(self) -> "Stripes":
        """Return where a swipe is waited for."""
        ...

    @property
    def moment(self) -> datetime:
        """Return the time in the store; a business day may be another."""
        ...

    @property
    def card_rules(self) -> CardRules:
        """Return which payment applications are taken, and under whose keys."""
        ...

    def token(self, size: int) -> bytes:
        """Return random bytes."""
        ...

    async def choose(self, labels: Sequence[str]) -> "int | GivenUp":
        """Have the clerk choose for the customer; from 0. Only before the intent."""
        ...

    @property
    def terminal(self) -> Terminal | None:
        """Return the stand-alone payment terminal; None where there is none."""
        ...

    async def unsettled(self) -> "Sequence[Unsettled]":
        """Return this tender's other attempts in doubt: what is sent now may take their result away."""
        ...

    def may_stop(self, stop: Callable[[], None] | None) -> None:
        """Say how the clerk's Esc reaches the peer once the intent stands: it is asked to stop, and its
        own answer tells whether it has. None: it is too late for that.
        """
        ...

    @property
    def keypads(self) -> "Keypads":
        """Return where customers enter their PIN."""
        ...

    def say(self, code: str, **blanks: str | int) -> None:
        """Tell clerk and customer something while the payment goes on."""
        ...

    def progress(self, step: PaymentStep, *, balance: int | None = None) -> None:
        """Show how far the payment has come; the same step again changes only the balance.

        `balance` is what the customer's card held before, in minor units, once it has said so.
        """
        ...

    def told(self, *, card: Side, balance: int | None, shop: Side) -> None:
        """Say what each side last said: for the receipt, or for whoever decides while nobody knows.

        `balance` is what the customer's card holds, in minor units, by its own last word.
        """
        ...

    @property
    def known(self) -> Slip | None:
        """Return the slip so far: the last that was told, after a restart the intent's own."""
        ...

    def slip(self, slip: Slip) -> None:
        """Say what the papers will say of the payment; in place of what was said before.

        What is known before the intent is durable with it; the last word is durable with the result,
        also where that is a refusal.
        """
        ...

    async def unless_given_up(self, waiting: Coroutine[Any, Any, T]) -> T | GivenUp:
        """Wait for what takes its time before value can move, a card or a PIN, unless the clerk gives up.

        What was given up is cancelled. Only before the intent: from there on Esc says that it is
        too late.
        """
        ...

    async def whose(self, card: CardChannel) -> "Tender | None":
        """Return the tender that takes this card, for one that is not yours; None: nobody knows it."""
        ...

    def keep(self, fact: Fact) -> None:
        """Journal a fact together with the attempt's result, in one transaction."""
        ...

    async def intend(self, peer: str = "") -> str:
        """Make the intent durable and return the attempt key; once an attempt.

        `peer` is what a recovery needs to ask, as name=value;...  Raises: StoreError.
        """
        ...


class Keypads(Protocol):
    """Where customers enter their PIN: it goes to the card, or enciphered to its bank, never to the till."""

    @property
    def able(self) -> bool:
        """Say whether a PIN pad would take a PIN now."""
        ...

    async def verify(self, card: CardChannel, ask: Ask, desk: Desk) -> Response | NotSent | None:
        """Have a PIN entered and given to the selected card, once.

        Returns the card's answer to VERIFY, or an answer of the keypad's own (protocols.secure_pin);
        6982 where there is no keypad. NotSent: none was entered, for a reason with a message of its
        own. None: the card's answer is lost.
        """
        ...

    async def for_bank(self, number: str, ask: Ask, desk: Desk) -> EnteredForBank | PinSW | NotSent:
        """Have a PIN entered for the bank of the card with this number, enciphered for it.

        PinSW: the customer entered none. NotSent: nobody could, for a reason with a message of its own.
        """
        ...

    async def for_chip(
        self, card: CardChannel, keys: PinKeys, number: str, ask: Ask, desk: Desk
    ) -> Response | NotSent | None:
        """Have a PIN entered at the pad, enciphered for the chip and given to it; answers as `verify`."""
        ...

    async def at_reader(self, card: CardChannel, desk: Desk) -> Response | None:
        """Have the reader's own keypad give a PIN to the chip, in clear inside one device."""
        ...


class Stripes(Protocol):
    """The reader of magnetic stripes."""

    @property
    def configured(self) -> bool:
        """Say whether there is one."""
        ...

    async def swipe(self) -> Swipe:
        """Wait for the next swipe, for as long as the caller likes."""
        ...


class Tender(Protocol):
    """A way to pay."""

    @property
    def name(self) -> str:
        """Return the name that facts, policy and payment module share, such as cash."""
        ...

    @property
    def verb(self) -> str:
        """Return the two letters that it is keyed with (pos.entry); no other word of an entry."""
        ...

    def label(self, language: Language) -> str:
        """Return what the screen and the receipt call it."""
        ...

    @property
    def right(self) -> Right:
        """Return what the clerk must be allowed."""
        ...

    @property
    def over(self) -> OverTender:
        """Return what happens with too much."""
        ...

    @property
    def mover(self) -> Mover:
        """Return who moves the money."""
        ...

    async def take(self, ask: Ask, desk: Desk) -> Outcome:
        """Take the payment. Approved may be for less than was asked, never for more."""
        ...


@runtime_checkable
class Carded(Tender, Protocol):
    """A tender that customers pay with a card of its own scheme: it is told from others by SELECT."""

    @property
    def aid(self) -> bytes:
        """Return the application that its card has."""
        ...

    @property
    def kind(self) -> str:
        """Return what is on its card: E_CASH, where that is the money itself, or another word.

        Whoever keys one of a kind means any of it: the card that is there decides which.
        """
        ...


def holds_money(tender: Tender | None) -> bool:
    """Tell whether a tender's card holds the money itself: it alone can tell what became of a payment."""
    return isinstance(tender, Carded) and tender.kind == E_CASH


@runtime_checkable
class Recognising(Tender, Protocol):
    """A tender that tells its cards from others by SELECT, and whose value is not on them."""

    def applications(self, rules: CardRules) -> Sequence[bytes]:
        """Return the applications that its cards have."""
        ...


@runtime_checkable
class Limited(Tender, Protocol):
    """A tender that knows how much of a sale it can pay."""

    def most(self, due: int, member: Membership | None) -> int:
        """Return how much is asked for where nobody names an amount; 0: all that is due."""
        ...


@runtime_checkable
class Keeping(Tender, Protocol):
    """A tender whose takings lie in a card of the shop's own, in a slot of its own."""

    async def held(self, card: CardChannel, *, clock: Clock, language: Language) -> str:
        """Return what that card says of itself, for the list of devices. Reads only; never raises."""
        ...


@runtime_checkable
class Recovering(Tender, Protocol):
    """A tender that can find out what became of an attempt in doubt."""

    async def resume(self, ask: Ask, peer: str, desk: Desk) -> Outcome:
        """Ask, and end what is still under way; never begins anything anew.

        `peer` is what the attempt's intent said. Unknown again: nothing more is known than before.
        """
        ...


@runtime_checkable
class LastOnly(Recovering, Protocol):
    """A tender whose peer says only its last result: the next one takes it away.

    Whoever has it take or give back asks about its attempts in doubt first; it refuses what would lose one.
    """

    @property
    def says_last_only(self) -> bool:
        """Say so."""
        ...


@runtime_checkable
class Refunding(Tender, Protocol):
    """A tender by whose device money can go back to the payment that it came from.

    Whatever implements it is given back by every flow that gives back: a return, a payment taken out of
    an open sale, a sale voided, a payment changed. Cash needs none: it goes back by hand.
    """

    async def give_back(self, ask: Ask, paid: Paid, desk: Desk) -> Outcome:
        """Give money of an earlier payment back, under this attempt's own key, its intent first.

        Without an intent nothing moves here and now: the record of it alone gives it back.

        Approved is for the whole amount; Declined and NotSent that nothing has gone back, nor will.
        """
        ...

    async def resume_back(self, ask: Ask, peer: str, desk: Desk) -> Outcome:
        """Find out whether money has gone back, and end what is under way; never begins anything anew.

        `peer` is what the intent of giving it back said. Unknown again: nothing more is known.
        """
        ...
