"""The till's memory between two commands, and the only way from it to the store.

Everything here that matters is also on disk: `load` rebuilds it from the store alone, at start and
after a failure. `append` makes facts durable first and then lets the figures follow.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from pos.acquirer import Acquirer, NoAcquirer
from pos.catalogue import Assortment
from pos.club import Club, NoClub
from pos.doubted import Doubted, look
from pos.elsewhere import Elsewhere, NowhereElse
from pos.errands import Errands, NoErrands
from pos.keypads import TillKeypads
from pos.last_sale import LastSale
from pos.loading import PROGRAM, GoodsInForce, Recovery, load, load_goods
from pos.messages import Language, notice
from pos.payment_terminal import Terminal
from pos.points import Around
from pos.purses import Cards, NoCards
from pos.rights import NotAllowedError, Right, Role, may
from pos.sale import Refusal
from pos.sale_events import Event, encode_events
from pos.sale_state import Sale, evolve, replay
from pos.shift import Shift
from pos.shift import evolve as evolve_shift
from pos.store.chains import QueueCounts
from pos.store.held import HeldBasket
from pos.store.journal import Doubt, Draft, Ending
from pos.store.papers import Form, Paper, PaperState
from pos.store.store import Store
from pos.store.threads import StoreRunner
from pos.swiping import Stripes
from pos.tenders.agreement import Keypads, Membership, Tender
from pos.tenders.registry import Registry
from pos.view import LinkView, Notice, PaymentView, Stage
from protocols.broker import Member
from protocols.catalogue import Item
from protocols.documents import Policy
from protocols.enrolment import Certificate
from protocols.facts import EXCHANGE, Fact, StaffApproved
from protocols.journal import Record
from protocols.money import KRW, Currency, currency
from protocols.ports import Clock, Entropy, FaultPoints
from protocols.receipt_link import mint
from protocols.staff import Person, Staff


@dataclass(frozen=True, slots=True, kw_only=True)
class Clerk:
    """Who works at the till."""

    id: str
    name: str
    role: Role


NOBODY: Final = Clerk(id=PROGRAM, name="", role=Role.TRAINER)
"""While nobody is signed on."""


@dataclass(slots=True, kw_only=True)
class Approval:
    """Somebody lets the clerk do one thing; its records name them."""

    person: Person
    right: Right
    recorded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What the till is told once, at start."""

    store: str
    store_name: str
    clerk: Clerk
    zone: ZoneInfo
    language: Language = "ko"
    training: bool = False
    """Nothing that happens here is real."""
    currency: Currency = KRW
    has_printer: bool = False
    slip_apart: bool = False
    """What devices took for a sale comes out as a paper of its own, after the receipt."""
    business_number: str = ""
    """The store's registration number, as receipts show it."""
    address: str = ""
    telephone: str = ""
    representative: str = ""


def certified(setup: Setup, certificate: Certificate) -> Setup:
    """Return the setup as the broker has certified it: whose store, which money, which zone."""
    named = certificate.store_name_ko if setup.language == "ko" else certificate.store_name_en
    return replace(
        setup,
        store=certificate.store,
        store_name=named or setup.store_name,
        business_number=certificate.business_number or setup.business_number,
        zone=ZoneInfo(certificate.zone),
        currency=currency(certificate.currency),
    )


@dataclass(slots=True, kw_only=True)
class Register:
    """The state of a till; pos.till and its parts are the only ones that change it."""

    setup: Setup
    clock: Clock
    faults: FaultPoints
    runner: StoreRunner
    tenders: Registry
    entropy: Entropy | None = None
    """What the links of e-receipts are made of; None: no sale gets one."""
    terminal: str = ""
    assortment: Assortment | None = None
    policy: Policy = field(default_factory=Policy)
    policy_version: int = 0
    offered: tuple[Tender, ...] = ()
    """The ways to pay, in the order of the policy."""
    verbs: dict[str, str] = field(default_factory=dict)
    """Which of them two letters name."""
    staff: Staff = field(default_factory=Staff)
    staff_version: int = 0
    signed: Person | None = None
    """Who is signed on, of the staff list."""
    locked: bool = False
    switching: bool = False
    """Somebody goes over to the training counter, or back from it."""
    approval: Approval | None = None
    """Of the command that is carried out now."""
    shift: Shift = field(default_factory=Shift)
    business_date: str = ""
    """Of the open shift; of the last one when none is open."""
    sale: Sale = field(default_factory=Sale)
    next_sale: int = 1
    stage: Stage = Stage.CLOSED
    selected: int = -1
    """Index into the sale's lines."""
    found: tuple[Item, ...] = ()
    returned_at: int = 0
    """Which line of the earlier sale is selected while goods come back, from 0."""
    held: tuple[HeldBasket, ...] = ()
    """The held baskets that are shown to choose from."""
    last: LastSale | None = None
    """How the ticket before this one ended."""
    approvals: dict[str, str] = field(default_factory=dict)
    """The tax office's numbers of cash receipts, by sales' full names, as far as copies asked for them."""
    shown_link: LinkView | None = None
    """The e-receipt that is shown."""
    payment: PaymentView | None = None
    """The payment by device that runs."""
    doubted: Doubted | None = None
    """The payment in doubt that holds the counter."""
    split: int = 0
    """What the purse that was short just now can pay; forgotten with the next command."""
    counts: QueueCounts = field(
        default_factory=lambda: QueueCounts(waiting=0, sent=0, in_doubt=0, questioned=0)
    )
    papers_waiting: int = 0
    cards: Cards = field(default_factory=NoCards)
    keypads: Keypads = field(default_factory=TillKeypads)
    """Where the customer's purse and the shop's are."""
    stripes: Stripes = field(default_factory=lambda: Stripes(configured=False))
    """Where a payment waits for a swipe."""
    payment_terminal: Terminal | None = None
    """A stand-alone payment terminal; None: there is none."""
    elsewhere: Elsewhere = field(default_factory=NowhereElse)
    """The store's other tills, as far as the broker knows them."""
    club: Club = field(default_factory=NoClub)
    """Whoever keeps members and their points."""
    acquirer: Acquirer = field(default_factory=NoAcquirer)
    """Whoever has cards and accounts approved."""
    members: tuple[Member, ...] = ()
    """Members that are shown to choose from."""
    errands: Errands = field(default_factory=NoErrands)
    """What the issuer of e-cash wants of purses."""
    offline: bool = False
    """The broker is not there now: a receipt says that its record still waits."""

    @property
    def at_work(self) -> bool:
        """Tell whether somebody answers for what is done now."""
        return not self.staff.people or (self.signed is not None and not self.locked)

    @property
    def clerk(self) -> Clerk:
        """Return who is signed on; without a staff list, who the configuration says."""
        if not self.staff.people:
            return self.setup.clerk
        if self.signed is None:
            return NOBODY
        return Clerk(id=self.signed.id, name=self.signed.name, role=Role(self.signed.role))

    @property
    def language(self) -> Language:
        """Return the language of screen and messages: of who is signed on, or the till's."""
        match self.signed:
            case Person(language=("ko" | "en") as language):
                return language
            case _:
                return self.setup.language

    def name_of(self, identity: str) -> str:
        """Return the name of whom a record names."""
        if identity == self.setup.clerk.id:
            return self.setup.clerk.name
        person = self.staff.by_id(identity)
        return identity if person is None else person.name

    def sells(self, code: str) -> bool:
        """Tell whether a code is one of the catalogue."""
        return self.assortment is not None and self.assortment.scan(code) is not None

    def say(self, code: str, /, **blanks: str | int) -> Notice:
        """Return a message in the till's language."""
        return notice(code, self.language, **blanks)

    @property
    def cash_receipt_from(self) -> int:
        """Return from which total on a Korean sale in cash gets a cash receipt unasked; 0: none does."""
        korean = self.setup.currency == KRW
        return self.policy.cash_receipt_prompt_from if korean else 0

    @property
    def linked(self) -> bool:
        """Tell whether sales get an e-receipt here."""
        return (
            self.entropy is not None and bool(self.policy.receipt_link) and not self.setup.training
        )

    def new_link(self) -> str:
        """Return the token of one more e-receipt; empty where the shop has none."""
        return mint(self.entropy) if self.linked and self.entropy is not None else ""

    def explain(self, refusal: Refusal) -> Notice:
        """Return a refusal as a message."""
        return self.say(refusal.code, **refusal.blanks)

    def allowed(self, right: Right) -> bool:
        """Tell whether the clerk has a right, or whoever approves what is done now."""
        if not self.at_work:
            return False
        if self.role_may(self.clerk.role, right):
            return True
        return self.approval is not None and self.role_may(self.approval.person.role, right)

    def role_may(self, role: str, right: Right) -> bool:
        """Tell whether a role has a right, by the store's policy or the table that ships."""
        named = self.policy.rights.get(role)
        return right.value in named if named is not None else may(Role(role), right)

    def demand(self, right: Right) -> None:
        """Refuse what the clerk has no right to, before it begins. Raises: NotAllowedError."""
        if not self.allowed(right):
            raise NotAllowedError(right)

    def membership(self) -> Membership | None:
        """Return whose sale it is; None for nobody's, and where there are no points."""
        member, rule = self.sale.member, self.policy.points
        if member is None or rule is None:
            return None
        return Membership(
            number=member.number, points=member.points, stopped=member.stopped, rule=rule
        )

    def tender(self, name: str) -> Tender | None:
        """Return a way to pay that this till offers."""
        return next((tender for tender in self.offered if tender.name == name), None)

    def method(self, name: str) -> str:
        """Return what a way to pay is called; a name that no tender has stays as it is."""
        if name == EXCHANGE:
            return {"ko": "교환", "en": "EXCHANGE"}[self.language]
        tender = self.tenders.tender(name)
        return name if tender is None else tender.label(self.language)

    def has_sale(self) -> bool:
        """Tell whether a sale is open."""
        return self.sale.number > 0

    def sale_name(self, number: int) -> str:
        """Return a sale's short name on screen, such as 0417-0128."""
        return f"{self.business_date[4:]}-{number:04d}"

    def order(self, number: int, date: str = "") -> str:
        """Return a sale's full name, the attempt keys' common part."""
        return f"{self.setup.store}-{self.terminal}-{date or self.business_date}-{number:04d}"

    def draft(self, fact: Fact, *, amount: int, attempt: str | None = None) -> Draft:
        """Return a record to be, by this clerk and under the versions in force."""
        references = {"store": self.setup.store}
        number = getattr(fact, "sale", 0)
        if number:
            references["sale"] = self.order(number)
        if self.sale.number and self.sale.catalogue:
            references["catalogue"] = self.sale.catalogue
        if self.policy_version:
            references["policy"] = str(self.policy_version)
        if self.staff_version:
            references["staff"] = str(self.staff_version)
        return Draft(
            fact=fact,
            actor=self.clerk.id,
            approver=None if self.approval is None else self.approval.person.id,
            attempt=attempt,
            business_date=self.business_date,
            currency=self.setup.currency.code,
            amount=amount,
            references=references,
        )

    def unrecorded(self) -> list[Draft]:
        """Return the record of an approval that no other record names yet."""
        if self.approval is None or self.approval.recorded:
            return []
        fact = StaffApproved(right=self.approval.right.value, sale=self.sale.number)
        return [self.draft(fact, amount=0)]

    def paper(
        self,
        form: Form,
        shown: msgspec.Struct,
        *,
        sale: int = 0,
        copy: int = 0,
        kept: bool = False,
    ) -> Paper:
        """Return the paper that shows a fact or a slip; `kept`, or without a printer, it is for later."""
        return Paper(
            form=form,
            body=msgspec.msgpack.encode(shown),
            actor=self.clerk.id,
            business_date=self.business_date,
            sale=sale,
            copy=copy,
            state=PaperState.WAITING if self.setup.has_printer and not kept else PaperState.KEPT,
        )

    async def append(
        self,
        drafts: list[Draft],
        around: Around,
        *,
        papers: list[Paper] | None = None,
        ending: Ending = Ending.KEEP_BASKET,
        events: list[Event] | None = None,
        within: Callable[[Store], None] | None = None,
    ) -> list[Record]:
        """Make facts durable, with papers and basket events, and let the figures follow.

        `within` is carried out in the same transaction. An approval that no fact names is one.

        Raises: StoreError, and nothing happened.
        """
        drafts = drafts or self.unrecorded()

        def step(store: Store) -> tuple[list[Record], QueueCounts, int]:
            with store.database.transaction():
                records = store.append(drafts, papers=papers or (), ending=ending)
                store.basket.add(encode_events(events or ()))
                if within is not None:
                    within(store)
            return records, store.queue(), store.papers.waiting()

        self.faults.reach(around.before)
        records, self.counts, self.papers_waiting = await self.runner.run(step)
        self.faults.reach(around.after)
        if self.approval is not None:
            self.approval.recorded = True
        for draft in drafts:
            self.shift = evolve_shift(self.shift, draft.fact, draft.business_date, draft.actor)
        if ending is Ending.CLEAR_BASKET:
            # A service may have taken the number after this sale's meanwhile.
            self.next_sale = max(self.next_sale, self.sale.number + 1)
            self.sale, self.selected = Sale(), -1
        self.sale = reduce(evolve, events or (), self.sale)
        return records

    async def print_paper(self, paper: Paper) -> None:
        """Queue a paper that no record is made for. Raises: StoreError."""

        def step(store: Store) -> int:
            with store.database.transaction():
                store.papers.add(replace(paper, at_ns=self.clock.now_ns()))
            return store.papers.waiting()

        self.papers_waiting = await self.runner.run(step)

    async def keep(self, events: list[Event], around: Around) -> None:
        """Make events of the open sale durable, then let the sale follow. Raises: StoreError."""
        if self.unrecorded():
            await self.append([], around, events=events)
            return
        stored = encode_events(events)
        self.faults.reach(around.before)
        await self.runner.run(lambda store: store.basket.add(stored))
        self.faults.reach(around.after)
        self.sale = reduce(evolve, events, self.sale)

    async def recount(self) -> None:
        """Ask the store what is sent, waiting, in doubt and questioned. Raises: StoreError."""
        self.counts = await self.runner.run(Store.queue)

    async def load(self) -> Recovery | None:
        """Rebuild everything from the store. Returns what was found after a sudden end.

        Raises: StoreError, also for a journal whose newest part is broken.
        """
        loaded = await self.runner.run(load)
        self.terminal = loaded.terminal
        if loaded.certificate is not None:
            self.setup = certified(self.setup, loaded.certificate)
        self._take(loaded.goods)
        self.signed, self.locked = loaded.signed, loaded.locked
        self.shift = loaded.shift
        self.business_date = loaded.business_date
        self.sale = replay(loaded.events)
        self.next_sale = loaded.last_sale + 1
        self.last = loaded.last
        self.counts, self.papers_waiting = loaded.counts, loaded.papers_waiting
        self.selected = len(self.sale.lines) - 1
        self.found, self.held, self.members, self.doubted = (), (), (), None
        self.stage = self.resting_stage()
        await look(self)
        return loaded.recovery

    async def doubts(self) -> list[Doubt]:
        """Return the attempts whose result nobody knows. Raises: StoreError."""
        return await self.runner.run(lambda store: store.journal.doubts())

    async def owed(self) -> list[Doubt]:
        """Return the payments that came too late and were not paid back. Raises: StoreError."""
        if not self.counts.owed:
            return []
        return await self.runner.run(lambda store: store.journal.owed())

    async def load_goods(self) -> None:
        """Take catalogue, policy and staff in force anew. Raises: StoreError."""
        self._take(await self.runner.run(load_goods))

    def resting_stage(self) -> Stage:
        """Return the stage that the facts alone imply."""
        if not self.shift.number:
            return Stage.CLOSED
        if self.sale.voiding:
            return Stage.RETURN
        return Stage.ENTRY if self.shift.counted is None else Stage.COUNTED

    def _take(self, goods: GoodsInForce) -> None:
        self.assortment = goods.assortment
        self.policy, self.policy_version = goods.policy, goods.policy_version
        self.offered = self.tenders.offered(self.policy.tenders)
        self.verbs = {tender.verb: tender.name for tender in self.offered}
        self.staff, self.staff_version = goods.staff, goods.staff_version
