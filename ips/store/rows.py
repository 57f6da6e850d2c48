"""The rows of the store, in the order of their columns, so that they are bound as they stand.

Named tuples, not dataclasses: the writer makes some fifty thousand of them a second, and the
database driver and the seal's encoder take tuples as they are.
"""

from typing import Literal, NamedTuple

TerminalState = Literal["pending", "active", "suspended", "quarantined", "retired"]
"""pending: a place without a key; quarantined: its journal forked; retired: gone for good."""
ModuleState = Literal["installed", "inactive", "active", "draining", "removed"]


class TerminalRow(NamedTuple):
    """A till or courier that belongs to the organisation."""

    id: str
    store: str
    state: TerminalState
    epoch: int
    """Its life now; 0 before it first enrolled."""
    program: str
    documents: str
    """JSON: the versions it said it works under."""
    reason: str
    """Why it is suspended or quarantined."""
    added_ns: int
    seen_ns: int


class LifeRow(NamedTuple):
    """One life of a terminal's journal: from an enrolment to the next."""

    terminal: str
    epoch: int
    identity: bytes
    high_water: int
    head: bytes
    enrolled_ns: int


class EnrolmentRow(NamedTuple):
    """An enrolment code: open, or used and kept for a terminal that lost the answer."""

    terminal: str
    wrapped_key: bytes
    """Empty once the code is used."""
    expires_ns: int
    tries_left: int
    admitted: bytes = b""
    """SHA-256 of the request that used it."""
    answer: bytes = b""
    """MessagePack of the EnrolmentAnswer that this request got."""


class SessionRow(NamedTuple):
    """An open session; its MAC key is wrapped by the host secret."""

    key_id: str
    terminal: str
    epoch: int
    wrapped_key: bytes
    expires_ns: int


class NonceRow(NamedTuple):
    """A nonce that was taken."""

    key_id: str
    nonce: str
    created: int


class RecordRow(NamedTuple):
    """A journal record as its terminal wrote it."""

    id: int
    terminal: str
    epoch: int
    sequence: int
    kind: str
    hash: bytes
    bytes: bytes


class BatchRow(NamedTuple):
    """The signature under which records came."""

    terminal: str
    epoch: int
    first: int
    last: int
    documents: str
    signature: bytes
    received_ns: int


class EvidenceRow(NamedTuple):
    """A signed envelope that contradicts what is stored."""

    terminal: str
    epoch: int
    sequence: int
    known_hash: bytes
    envelope: bytes
    signature: bytes
    at_ns: int


class QuestionRow(NamedTuple):
    """What the broker asks about a record that it accepted."""

    terminal: str
    epoch: int
    sequence: int
    code: str
    sentence_ko: str
    sentence_en: str
    about: str
    """The key of the payment or order, where there is one."""
    amount: int
    """What lies in suspense for it, minor units."""
    opened_ns: int


class AccountRow(NamedTuple):
    """An account and its sums."""

    id: int
    name: str
    currency: str
    bound: int
    debits_posted: int
    credits_posted: int
    debits_held: int
    credits_held: int


class TransferRow(NamedTuple):
    """A movement of money, by account ids."""

    id: int
    txn: str
    leg: int
    debit: int
    credit: int
    amount: int
    currency: str
    phase: str
    hold: str
    memo: str


class PaymentRow(NamedTuple):
    """A payment as inquiries ask for it, with the rules' own record beside."""

    key: str
    order_key: str
    module: str
    flow: str
    flow_pin: str
    store: str
    terminal: str
    business_date: str
    currency: str
    amount: int
    """Asked for."""
    state: str
    """By its flow's own name."""
    state_class: str
    """What the state means for money (ips.flows.StateClass)."""
    open: int
    """Asked for and neither paid nor refused yet."""
    paid: int
    refund_requested: int
    refunded: int
    reference: str
    reason: str
    at_ns: int
    """When it last changed."""
    due_ns: int
    """When the janitor asks about it next; 0 for never."""
    record: bytes


class FlowRow(NamedTuple):
    """A flow's text as payments are pinned to it."""

    name: str
    pin: str
    source: str


class PaymentEventRow(NamedTuple):
    """One event of a payment's life."""

    id: int
    payment: str
    number: int
    """Counts within the payment, from 1."""
    at_ns: int
    txn: str
    event: bytes


class RefundRow(NamedTuple):
    """Money asked back."""

    key: str
    payment: str
    """Empty for a refund without a known sale."""
    order_key: str
    method: str
    amount: int
    currency: str
    store: str
    terminal: str
    business_date: str
    state: str
    requested_ns: int
    due_ns: int
    """When the janitor asks about it next; 0 for never."""
    record: bytes


class SaleRow(NamedTuple):
    """A closed sale, in the rules' own form."""

    order_key: str
    business_date: str
    record: bytes


class ShiftRow(NamedTuple):
    """What a shift adds up to, in the rules' own form."""

    terminal: str
    epoch: int
    shift: int
    business_date: str
    record: bytes


class NoteRow(NamedTuple):
    """What passed between a module and its peer."""

    module: str
    key: str
    event: str
    fields: str
    """JSON."""
    at_ns: int


class DocumentRow(NamedTuple):
    """A published version of a document, signed."""

    name: str
    version: int
    valid_from_ns: int
    published_ns: int
    published_by: str
    signed: bytes


class ModuleRow(NamedTuple):
    """A payment module and whether it works."""

    name: str
    version: str
    state: ModuleState
    changed_ns: int
    changed_by: str


class AdministrationRow(NamedTuple):
    """What somebody did to the broker."""

    at_ns: int
    actor: str
    deed: str
    subject: str
    before: str
    after: str


class OutboxRow(NamedTuple):
    """A notification that is to go out."""

    topic: str
    subject: str
    body: bytes
    at_ns: int


class SealRow(NamedTuple):
    """The seal of one commit."""

    id: int
    previous: bytes
    hash: bytes
    at_ns: int
    last_record: int
    last_transfer: int
    last_event: int


class OwnRow(NamedTuple):
    """One statement on a table that a module manages itself."""

    sql: str
    values: tuple[object, ...]
