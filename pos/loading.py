"""What the till knows when it starts: everything from the store, nothing from memory.

The shift is replayed from the facts since its opening, the basket from its events. A till that did
not end in order finds its mark: then the newest records are checked, papers that may have come out
are sent again as copies, and the journal says so.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Final, TypeVar

from pos.catalogue import Assortment, load_catalogue
from pos.last_sale import LastSale, last_in
from pos.sale_events import Event, decode_events
from pos.shift import Shift, evolve
from pos.store.chains import Identity, QueueCounts
from pos.store.errors import StoreError
from pos.store.journal import Draft
from pos.store.papers import RECEIPTS, PaperState
from pos.store.store import Store
from pos.store.verify import Broken, verify_tail
from protocols.documents import Document, Policy, policy_of, staff_of, stored_document
from protocols.enrolment import Certificate, EnrolmentError, open_certificate
from protocols.facts import (
    Fact,
    FactError,
    ReceiptCopied,
    ShiftClosed,
    ShiftOpened,
    StaffSigned,
    TerminalNoted,
    decode_fact,
)
from protocols.journal import Record
from protocols.malformed import MALFORMED
from protocols.staff import Person, Staff

RUNNING: Final = "running"
"""The setting that says that the till has not ended in order."""
TRAINING: Final = "training"
"""The setting that says that nothing in this journal is real (pos.training)."""
PROGRAM: Final = "till"
"""The actor of what the program does by itself."""
_RESTART: Final = dict.fromkeys(RECEIPTS, "restart") | {
    "gift": "gift restart",
    "slip": "slip restart",
    "merchant": "merchant restart",
    "declined": "refusal restart",
}
"""Why a receipt is copied, by its form."""
RESTART_RECORDS_MAX: Final = 1_000
"""How many of the newest records are checked after a sudden end; the rest is `journal verify`'s."""


Body = TypeVar("Body")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What was found after an end that was no end."""

    records: int
    """How many of the newest records were checked, and are whole."""
    lines: int
    """Of the open sale."""
    papers: int
    """Papers that may have come out and will come out again as copies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsInForce:
    """What is sold, and under which rules."""

    assortment: Assortment | None
    policy: Policy
    policy_version: int
    staff: Staff
    staff_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """All that a till remembers."""

    terminal: str
    certificate: Certificate | None
    """Whose terminal this is; None while it is alone."""
    shift: Shift
    business_date: str
    events: list[Event] = field(default_factory=list)
    last_sale: int
    last: LastSale | None
    """How the newest ticket of the shift ended."""
    counts: QueueCounts
    papers_waiting: int
    goods: GoodsInForce
    signed: Person | None
    """Who is signed on."""
    locked: bool
    recovery: Recovery | None


def load(store: Store) -> Loaded:
    """Read everything, put right what a sudden end left, and mark the till as running.

    Raises: StoreError, also for a journal whose newest part is broken.
    """
    # A paper is still "sending" after an orderly end when its printer did not answer in time.
    sudden = store.setting(RUNNING) == b"1" or bool(store.papers.in_sending())
    recovery = _recover(store) if sudden else None
    store.set_setting(RUNNING, b"1")
    shift, date, last = _shift(store)
    identity = store.identity()
    goods = load_goods(store)
    signed, locked = _signed(store, goods.staff)
    return Loaded(
        terminal=identity.terminal,
        certificate=_certificate(identity),
        shift=shift,
        business_date=date,
        events=_events(store),
        last_sale=store.journal.last_sale_number(date),
        last=last,
        counts=store.queue(),
        papers_waiting=store.papers.waiting(),
        goods=goods,
        signed=signed,
        locked=locked,
        recovery=recovery,
    )


def load_goods(store: Store) -> GoodsInForce:
    """Read catalogue, policy and staff in force. Raises: StoreError."""
    catalogue = load_catalogue(store.database)
    policy, policy_version = _in_force(store, "policy", policy_of, Policy())
    staff, staff_version = _in_force(store, "staff", staff_of, Staff())
    return GoodsInForce(
        assortment=None if catalogue is None else Assortment(catalogue),
        policy=policy,
        policy_version=policy_version,
        staff=staff,
        staff_version=staff_version,
    )


def end_in_order(store: Store) -> None:
    """Take the mark away: the next start finds nothing to put right. Raises: StoreError."""
    store.set_setting(RUNNING, b"0")


def _recover(store: Store) -> Recovery:
    verdict = verify_tail(store, RESTART_RECORDS_MAX)
    if isinstance(verdict, Broken):
        raise StoreError(
            f"{store.database.path}: record {verdict.sequence} is not what was written "
            f"({verdict.reason}); keep the file as it is and call support"
        )
    again = store.papers.in_sending()
    lines = len(decode_events(store.basket.events()))
    detail = {
        "basket_events": str(lines),
        "papers_again": ",".join(str(paper.number) for paper in again),
    }
    copies = [
        Draft(
            fact=ReceiptCopied(sale=paper.sale, copy=paper.copy + 1, reason=_RESTART[paper.form]),
            actor=PROGRAM,
            business_date=paper.business_date,
        )
        for paper in again
        if paper.form in _RESTART
    ]
    with store.database.transaction():
        for paper in again:
            store.papers.send_again_as_copy(paper.number)
        note = TerminalNoted(note="restart", detail=detail)
        date = shift_of(store)[1]
        store.append([*copies, Draft(fact=note, actor=PROGRAM, business_date=date)])
    return Recovery(records=verdict.records, lines=lines, papers=len(again))


def shift_of(store: Store) -> tuple[Shift, str]:
    """Return the shift as its facts have it, and the business date that it belongs to.

    Raises: StoreError, also for a fact that this program cannot read.
    """
    shift, date, _ = _shift(store)
    return shift, date


def _shift(store: Store) -> tuple[Shift, str, LastSale | None]:
    newest = store.journal.newest(ShiftClosed.kind)
    z = _fact(store, newest) if newest else None
    last_z = z.z if isinstance(z, ShiftClosed) else 0
    start = Shift(last_z=last_z, training=store.setting(TRAINING) == b"1")
    facts: list[tuple[Fact, str, str]] = [
        (_fact(store, record), record.business_date, record.actor)
        for record in store.journal.since_newest(ShiftOpened.kind)
    ]
    shift = reduce(lambda state, fact: evolve(state, *fact), facts, start)
    date = facts[0][1] if facts else ""
    last = last_in([fact for fact, _, _ in facts]) if shift.number else None
    if last is not None:
        paper = store.papers.of_sale(date, last.number)
        kept = paper is not None and not paper.copy and paper.state is PaperState.KEPT
        last = replace(last, unprinted=kept)
    return shift, date, last


def _signed(store: Store, staff: Staff) -> tuple[Person | None, bool]:
    """Return who is signed on, and whether the till is locked; nobody who is no longer of the staff."""
    newest = store.journal.newest(StaffSigned.kind)
    fact = None if newest is None else _fact(store, newest)
    if not isinstance(fact, StaffSigned) or fact.act == "off":
        return None, False
    person = staff.by_id(fact.person)
    if person is None or not (person.active and person.pin):
        return None, False
    return person, fact.act == "lock"


def _fact(store: Store, record: Record) -> Fact:
    try:
        return decode_fact(record.kind, record.body)
    except FactError as error:
        raise StoreError(
            f"{store.database.path}: record {record.sequence} cannot be read ({error}); keep the "
            "file as it is and call support"
        ) from error


def _certificate(identity: Identity) -> Certificate | None:
    if not identity.certificate:
        return None
    try:
        return open_certificate(identity.certificate, identity.signature)
    except EnrolmentError as error:
        raise StoreError(f"the stored certificate is not whole: {error}; enrol again") from error


def _events(store: Store) -> list[Event]:
    try:
        return decode_events(store.basket.events())
    except MALFORMED as error:
        raise StoreError(f"{store.database.path}: the open sale cannot be read: {error}") from error


def _in_force(
    store: Store, name: str, body_of: Callable[[Document], Body], without: Body
) -> tuple[Body, int]:
    """Return the newest document of a name; it was verified when it came."""
    kept = store.document(name)
    if kept is None:
        return without, 0
    try:
        document = stored_document(kept[1])
        return body_of(document), document.version
    except (*MALFORMED, ValueError) as error:
        raise StoreError(f"{store.database.path}: the {name} cannot be read: {error}") from error
