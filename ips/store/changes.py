"""Everything that one commit adds, as rows: what a group gathers and a store writes at one go."""

from dataclasses import dataclass, field

from ips.store.rows import (
    AccountRow,
    AdministrationRow,
    BatchRow,
    DocumentRow,
    EnrolmentRow,
    EvidenceRow,
    FlowRow,
    LifeRow,
    ModuleRow,
    NonceRow,
    NoteRow,
    OutboxRow,
    OwnRow,
    PaymentEventRow,
    PaymentRow,
    QuestionRow,
    RecordRow,
    RefundRow,
    SaleRow,
    SealRow,
    SessionRow,
    ShiftRow,
    TerminalRow,
    TransferRow,
)


@dataclass(slots=True, kw_only=True)
class Changes:
    """Rows to add (lists) and rows to put in place of older ones (dicts by their key)."""

    terminals: dict[str, TerminalRow] = field(default_factory=dict)
    lives: dict[tuple[str, int], LifeRow] = field(default_factory=dict)
    enrolments: dict[str, EnrolmentRow | None] = field(default_factory=dict)
    """None: the code is gone."""
    sessions: list[SessionRow] = field(default_factory=list)
    ended_sessions: list[str] = field(default_factory=list)
    """Terminals whose sessions end."""
    nonces: list[NonceRow] = field(default_factory=list)
    forget_nonces_before: int = 0
    """UTC seconds; 0: forget none."""
    records: list[RecordRow] = field(default_factory=list)
    batches: list[BatchRow] = field(default_factory=list)
    evidence: list[EvidenceRow] = field(default_factory=list)
    questions: list[QuestionRow] = field(default_factory=list)
    accounts: dict[int, AccountRow] = field(default_factory=dict)
    transfers: list[TransferRow] = field(default_factory=list)
    flows: dict[tuple[str, str], FlowRow] = field(default_factory=dict)
    payments: dict[str, PaymentRow] = field(default_factory=dict)
    payment_events: list[PaymentEventRow] = field(default_factory=list)
    refunds: dict[str, RefundRow] = field(default_factory=dict)
    sales: dict[str, SaleRow] = field(default_factory=dict)
    shifts: dict[tuple[str, int, int], ShiftRow] = field(default_factory=dict)
    notes: list[NoteRow] = field(default_factory=list)
    documents: list[DocumentRow] = field(default_factory=list)
    modules: dict[str, ModuleRow] = field(default_factory=dict)
    administration: list[AdministrationRow] = field(default_factory=list)
    outbox: list[OutboxRow] = field(default_factory=list)
    own: list[OwnRow] = field(default_factory=list)
    """Rows of tables that a module manages itself (I7), in order."""
    seal: SealRow | None = None

    def is_empty(self) -> bool:
        """Return whether there is nothing to write."""
        return not any(getattr(self, name) for name in self.__slots__)
