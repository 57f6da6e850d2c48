"""What was asked of banks, durable step by step through the broker's one writer.

    begin      the row, and with it the message's number: before the first byte
    answered   the bank's answer: before anybody is told
    reverse    nobody answered, or it is given back: before anything else is asked of that bank
    tried      a reversal or an advice is about to be sent: a crash makes the next one a repeat
    ended      the bank has accepted it

What is kept of a message has no PIN, and is wrapped by the host secret: it holds a card's number.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ips.bank import records
from ips.bank.records import ExchangeRow, SettlementRow, State
from ips.bank.session import STAN_MAX
from ips.keys import Vault
from ips.received import Asks
from ips.spi import Operation
from ips.store.group import Group
from ips.writer import Writes
from protocols.iso8583 import elements as de
from protocols.iso8583.message import Message, decode, encode
from protocols.iso8583.pin import without_pin
from protocols.iso8583.response import Response
from protocols.iso8583.specs import BINARY
from protocols.ports import NANOSECONDS_PER_SECOND, Clock

OFFLINE: Final = "offline"
"""Why an advice was approved: the bank could not be asked."""
UNASKED: Final = "not asked"
"""Why a key is declined of which no bank was asked: it never will be."""
_COUNTED: Final = (Operation.AUTHORISE, Operation.CAPTURE, Operation.REFUND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Something to be asked of a bank."""

    key: str
    bank: str
    operation: Operation
    payment: str
    merchant: str
    amount: int
    currency: str
    message: Message
    """Without number and time: it gets them with its row."""
    promise: bool = False
    """It only holds the money: totals do not count it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """Work: look at an exchange in the writer and put another in its place."""

    decide: Callable[[Group], ExchangeRow | None]

    @property
    def size(self) -> int:
        """Return the bytes that it holds while it waits."""
        return 1_024

    @property
    def is_batch(self) -> bool:
        """Online: before batches."""
        return False

    def apply(self, group: Group) -> ExchangeRow | None:
        """Decide on what is durable or about to be."""
        row = self.decide(group)
        group.flush()
        return row


class _WaitsError(Exception):
    """Something waits: not now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settle(_Change):
    """Work on a settlement."""

    def apply(self, group: Group) -> bool:  # type: ignore[override]  # it answers whether it was done
        """Do it; no where it has to wait."""
        try:
            self.decide(group)
        except _WaitsError:
            return False
        group.flush()
        return True


def totals_of(found: Mapping[tuple[str, bool], tuple[int, int]]) -> tuple[int, ...]:
    """Return the sums of fields 74 to 77 and 86 to 89: back, back undone, paid, paid undone."""

    def add(operations: tuple[str, ...], *, undone: bool) -> tuple[int, int]:
        each = [found.get((operation, undone), (0, 0)) for operation in operations]
        return sum(count for count, _ in each), sum(amount for _, amount in each)

    back, given = ("refund",), ("authorise", "capture")
    four = (add(back, undone=False), add(back, undone=True), add(given, undone=False),
            add(given, undone=True))  # fmt: skip
    return tuple(count for count, _ in four) + tuple(amount for _, amount in four)


class Exchanges:
    """The table, written by the writer and read beside it."""

    def __init__(self, writer: Writes, reader: Asks, vault: Vault, clock: Clock) -> None:
        self._writer = writer
        self._reader = reader
        self._vault = vault
        self._clock = clock

    @property
    def reader(self) -> Asks:
        """For look-ups."""
        return self._reader

    def find(self, key: str) -> ExchangeRow | None:
        """Return what was asked under a key, as it is durable now."""
        return records.find(self._reader, key)

    def message(self, row: ExchangeRow) -> Message:
        """Return what was sent, without its PIN. Raises: KeyFolderError."""
        return decode(self._vault.unwrap(f"bank {row.key}", row.kept), BINARY)

    async def begin(
        self, ask: Ask, state: State = "open", why: str = "",
        admits: Callable[[Asks], bool] = lambda _: True,
    ) -> tuple[ExchangeRow, Message] | None:  # fmt: skip
        """Make an exchange durable and return its whole message; one that is there is returned.

        None where `admits`, asked in the writer, says no.
        """
        whole: list[Message] = []

        def decide(group: Group) -> ExchangeRow | None:
            known = records.find(group.store, ask.key)
            if known is not None:
                return known
            if not admits(group.store):
                return None
            number = records.next_id(group.store)
            message = ask.message.plus(numbers(number, group.now_ns))
            kept = self._vault.wrap(f"bank {ask.key}", encode(without_pin(message), BINARY))
            operation = "promise" if ask.promise else str(ask.operation)
            row = ExchangeRow(number, ask.key, ask.bank, operation, ask.payment, ask.merchant,
                              ask.amount, ask.currency, kept, state, why=why, at_ns=group.now_ns,
                              changed_ns=group.now_ns)  # fmt: skip
            group.changes.own.append(records.insert(row))
            whole[:] = [message]
            return row

        row = await self._writer.run(_Change(decide=decide))
        if row is None:
            return None
        return row, whole[0] if whole else self.message(row)

    async def answered(self, key: str, code: str, approval: str) -> ExchangeRow:
        """Enter the bank's answer; an exchange that is being reversed stays that."""
        approved = code == Response.APPROVED
        state: State = "approved" if approved else "declined"

        def decide(group: Group) -> ExchangeRow | None:
            row = _known(group, key)
            if row.state not in ("open", "advising"):
                return row
            batch = _batch(group, row) if approved else 0
            return _put(group, row._replace(state=state, code=code, approval=approval, batch=batch))

        return await self._run(decide)

    async def reverse(
        self, key: str, why: str, admits: Callable[[Asks], bool] = lambda _: True
    ) -> ExchangeRow:
        """Enter that it must be undone; what was refused or undone stays that, and where `admits` says no."""

        def decide(group: Group) -> ExchangeRow | None:
            row = _known(group, key)
            if row.state not in ("open", "approved") or not admits(group.store):
                return row
            return _put(group, row._replace(state="reversing", why=why, tries=0))

        return await self._run(decide)

    async def tried(self, key: str) -> ExchangeRow:
        """Enter that a reversal or an advice is about to be sent once more."""
        return await self._run(lambda group: _try(group, key))

    async def reversed(self, key: str, code: str) -> ExchangeRow:
        """Enter that the bank has accepted a reversal. 00: it had approved, and that is undone."""

        def decide(group: Group) -> ExchangeRow | None:
            row = _known(group, key)
            if row.state != "reversing":
                return row
            undone = _batch(group, row) if code == Response.APPROVED else 0
            return _put(
                group,
                row._replace(
                    state="reversed", code=code, undone_batch=undone, batch=row.batch or undone
                ),
            )

        return await self._run(decide)

    async def ask_settlement(self, bank: str, merchant: str, terminal: str, currency: str) -> bool:
        """Have a shop's totals compared; no where something of that bank waits still."""

        def decide(group: Group) -> ExchangeRow | None:
            store = group.store
            busy = records.waiting(store, bank) or records.unanswered(store, bank)
            if busy or records.settlement(store, bank) is not None:
                raise _WaitsError
            found = records.sums(store, bank, merchant, currency)
            ours = ",".join(map(str, totals_of(found)))
            row = SettlementRow(0, bank, merchant, terminal, currency, ours, at_ns=group.now_ns)
            group.changes.own.append(records.ask_settlement(row))
            return None

        answer = await self._writer.run(_Settle(decide=decide))
        return bool(answer)

    async def change_settlement(self, row: SettlementRow) -> None:
        """Enter that it is asked once more, or what the bank says."""

        def decide(group: Group) -> ExchangeRow | None:
            group.changes.own.append(records.change_settlement(row))
            return None

        await self._writer.run(_Settle(decide=decide))

    async def _run(self, decide: Callable[[Group], ExchangeRow | None]) -> ExchangeRow:
        row = await self._writer.run(_Change(decide=decide))
        assert row is not None, "an exchange is never deleted"
        return row


def numbers(number: int, at_ns: int) -> dict[int, str | bytes]:
    """Return the fields that tell an exchange apart: number, times, retrieval reference."""
    at = datetime.fromtimestamp(at_ns // NANOSECONDS_PER_SECOND, UTC)
    stan = number % (STAN_MAX - 1) + 1
    return {
        de.TRANSMITTED_AT: at.strftime("%m%d%H%M%S"),
        de.STAN: f"{stan:06d}",
        de.LOCAL_TIME: at.strftime("%H%M%S"),
        de.LOCAL_DATE: at.strftime("%m%d"),
        de.RRN: f"{at.strftime('%y')[1]}{at.strftime('%j%H')}{stan:06d}",
    }


def rrn_of(row: ExchangeRow) -> str:
    """Return the retrieval reference number of an exchange: by it a bank finds what a slip is about."""
    return str(numbers(row.id, row.at_ns)[de.RRN])


def _known(group: Group, key: str) -> ExchangeRow:
    row = records.find(group.store, key)
    assert row is not None, "it was begun before"
    return row


def _put(group: Group, row: ExchangeRow) -> ExchangeRow:
    row = row._replace(changed_ns=group.now_ns)
    group.changes.own.append(records.change(row))
    return row


def _try(group: Group, key: str) -> ExchangeRow:
    row = _known(group, key)
    return _put(group, row._replace(tries=row.tries + 1))


def _batch(group: Group, row: ExchangeRow) -> int:
    if row.operation not in _COUNTED:
        return 0
    return records.open_batch(group.store, row.bank, row.merchant)
