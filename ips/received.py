"""Value that terminals report as received in the shop's devices: kept with its proof, looked at by its module.

Called at the end of a batch's booking, in its commit. A movement has happened whatever is odd about
it: what the module of its scheme finds is asked about, and so is a proof that is missing, because
only against a proof somebody pays for it. A later report of the same movement may bring one.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from ips.books import Question
from ips.questions import question
from ips.registry import Listing, ModuleError, load
from ips.spi import Examining, Taken
from ips.store.group import Group
from ips.store.rows import OwnRow
from protocols.facts import ValueTaken
from protocols.journal import Record
from protocols.money import Money, currency

_KEEP: Final = (
    "INSERT INTO value_taken VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (method, details) "
    "DO UPDATE SET proof = excluded.proof WHERE length(proof) = 0"
)


class Asks(Protocol):
    """A store, or a reader beside it."""

    def ask(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        """Return all rows of a query. Raises: StoreError."""
        ...


def known_value(store: Asks, method: str, details: bytes) -> ValueTaken | None:
    """Return what was reported of a movement."""
    rows = store.ask(
        "SELECT device, amount, proof FROM value_taken WHERE method = ? AND details = ?",
        (method, details),
    )
    if not rows:
        return None
    [(device, amount, proof)] = rows
    return ValueTaken(method=method, device=device, amount=amount, details=details, proof=proof)


class ReceivedKeeper:
    """Keeps what was received; `modules` are those that could be loaded."""

    def __init__(self, modules: Mapping[str, Listing]) -> None:
        self._modules = modules
        self._examiners: dict[str, Examining | None] = {}

    def enter(
        self, group: Group, taken: Sequence[tuple[Record, ValueTaken]]
    ) -> list[tuple[Record, Question]]:
        """Keep facts that were booked as new, or brought a proof; return what is asked about them."""
        asked: list[tuple[Record, Question]] = []
        for record, fact in taken:
            group.changes.own.append(
                OwnRow(
                    _KEEP,
                    (
                        fact.method,
                        fact.details,
                        fact.device,
                        fact.amount,
                        record.currency,
                        fact.proof,
                        record.attempt or "",
                        group.now_ns,
                    ),
                )
            )
            asked += [(record, each) for each in self._odd(record, fact)]
        group.flush()
        return asked

    def _odd(self, record: Record, fact: ValueTaken) -> list[Question]:
        about, amount, code = fact.details.hex(), fact.amount, record.currency
        found = []
        examiner = self._examiner(fact.method)
        money = Money(fact.amount, currency(code))
        report = Taken(
            key=record.attempt or "",
            device=fact.device,
            amount=money,
            details=fact.details,
            proof=fact.proof,
        )
        if examiner is not None and (detail := examiner.examine(report)):
            found.append(
                question("value-odd", about=about, amount=amount, currency=code, detail=detail)
            )
        if not fact.proof:
            found.append(
                question(
                    "value-unproved", about=about, amount=amount, currency=code, detail=fact.method
                )
            )
        return found

    def _examiner(self, method: str) -> Examining | None:
        if method not in self._examiners:
            self._examiners[method] = self._loaded(method)
        return self._examiners[method]

    def _loaded(self, method: str) -> Examining | None:
        try:
            module = load(method, self._modules)
        except ModuleError:
            return None
        return module if isinstance(module, Examining) else None
