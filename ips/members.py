"""Members of the points programme: who they are, what they have, and what the office does about them.

    member add      a new card's number, a masked name, a keyed mark of the telephone
    member adjust   points given or taken by hand, with a reason; logged with who did it
    member stop     a lost card: it still earns, and nothing can be spent with it
    look_up         for a till: one member by card or telephone, several by its last four digits

What a member has is an account of the ledger (ips.booking_points), never a number here.
Source: clerk-and-courier.md 1.2 (Customer: "personal data masked"), 2.3.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from ips.booking_points import EXPENSE, account_of, credit, owed_by
from ips.ledger import Transfer
from ips.purse.records import Asks
from ips.store.balances import BoundError
from ips.store.group import Group
from ips.store.rows import OwnRow
from protocols.broker import MEMBERS_MAX, Member, MemberAnswer
from protocols.members import (
    NAME_CHARACTERS_MAX,
    TAIL_DIGITS,
    Named,
    is_number,
    masked_name,
    number_of,
    read_named,
    shown_as,
)

if TYPE_CHECKING:
    from ips.broker import Broker

ADJUSTED_MAX: Final = 10_000_000
"""Points given or taken by hand at one time."""
REASON_MAX: Final = 200
_SERIALS: Final = 100_000_000


class MemberRow(NamedTuple):
    """A member as the store keeps one."""

    number: str
    name: str
    """Masked."""
    tail: str
    """The last four digits of the telephone; empty where none is known."""
    phone: bytes
    """Its mark."""
    state: str
    added_ns: int


_COLUMNS: Final = ", ".join(MemberRow._fields)


class MemberAdd(msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="member.add"):
    """Enter a member."""

    name: str
    phone: str = ""
    number: str = ""
    """Of a card that is printed already; empty: a free one is drawn."""
    actor: str


class MemberAdjust(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="member.adjust"
):
    """Give a member points, or take some."""

    number: str
    points: int
    """Negative: taken."""
    reason: str
    actor: str


class MemberStop(msgspec.Struct, frozen=True, kw_only=True, tag_field="deed", tag="member.stop"):
    """Let nobody spend a member's points, or let it be again."""

    number: str
    stop: bool
    reason: str = ""
    actor: str


MemberDeed = MemberAdd | MemberAdjust | MemberStop


class MemberNow(msgspec.Struct, frozen=True, kw_only=True, tag_field="done", tag="member"):
    """The member as he is now."""

    number: str
    shown: str
    points: int
    state: str


class MemberNot(msgspec.Struct, frozen=True, kw_only=True, tag_field="done", tag="member_not"):
    """Nothing changed."""

    reason: str
    hint: str = ""


MemberDone = MemberNow | MemberNot


class Phones:
    """Marks telephone numbers: the same number gives the same mark, and no mark gives a number away."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def mark(self, digits: str) -> bytes:
        """Return HMAC-SHA-256 of a number under the broker's own key."""
        return hmac.new(self._key, b"phone|" + digits.encode(), hashlib.sha256).digest()


def find_member(store: Asks, number: str) -> MemberRow | None:
    """Return a member by the card's number."""
    found = store.ask(
        f"SELECT {_COLUMNS} FROM member WHERE number = ?",  # noqa: S608  our own words
        (number,),
    )
    return MemberRow._make(found[0]) if found else None


def members(store: Asks) -> list[MemberRow]:
    """Return all members, by number."""
    found = store.ask(f"SELECT {_COLUMNS} FROM member ORDER BY number")  # noqa: S608  our own words
    return [MemberRow._make(row) for row in found]


def look_up(reader: Asks, named: Named, *, phones: Phones, currency: str) -> MemberAnswer:
    """Return who it may be, with what they may spend now."""
    column, value = {
        "number": ("number", named.text),
        "phone": ("phone", phones.mark(named.text)),
        "tail": ("tail", named.text),
    }[named.by]
    found = reader.ask(
        f"SELECT {_COLUMNS} FROM member WHERE {column} = ? ORDER BY number LIMIT ?",  # noqa: S608  our own words
        (value, MEMBERS_MAX),
    )
    return MemberAnswer(members=[_shown(reader, MemberRow._make(row), currency) for row in found])


def points_of(reader: Asks, number: str, currency: str) -> int:
    """Return what a member may spend now; negative, what is owed."""
    [[points]] = reader.ask(
        "SELECT coalesce(sum(credits_posted - debits_posted - debits_held), 0) FROM account"
        " WHERE name IN (?, ?) AND currency = ?",
        (account_of(number), owed_by(number), currency),
    )
    return int(points)


def _shown(reader: Asks, row: MemberRow, currency: str) -> Member:
    return Member(
        number=row.number,
        shown=shown_as(row.name, row.tail),
        points=points_of(reader, row.number, currency),
        stopped=row.state == "stopped",
    )


async def perform_member(broker: "Broker", deed: MemberDeed) -> MemberDone:
    """Do it; what is answered is durable. Raises: BusyError, PoisonError, StoreError."""
    work = _Work(deed=deed, broker=broker, token=broker.entropy.token(16))
    return await broker.writer.run(work)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """A deed on its way through the writer."""

    deed: MemberDeed
    broker: "Broker"
    token: bytes

    @property
    def size(self) -> int:
        """Return the bytes that it holds while it waits."""
        return 1_024

    @property
    def is_batch(self) -> bool:
        """Before batches."""
        return False

    def apply(self, group: Group) -> MemberDone:
        """Do it in the group."""
        group.flush()
        match self.deed:
            case MemberAdd():
                return self._add(group, self.deed)
            case MemberAdjust():
                return self._adjust(group, self.deed)
            case MemberStop():
                return self._stop(group, self.deed)

    def _add(self, group: Group, deed: MemberAdd) -> MemberDone:
        name = masked_name(deed.name)
        if not name or len(name) > NAME_CHARACTERS_MAX or not name.isprintable():
            return MemberNot(reason=f"a name has 1 to {NAME_CHARACTERS_MAX} letters")
        tail, phone = "", b""
        if deed.phone:
            try:
                named = read_named(deed.phone)
            except ValueError:
                named = Named("tail", "")
            if named.by != "phone":
                return MemberNot(reason="that is no mobile number", hint="--phone 010-1234-5678")
            tail, phone = named.text[-TAIL_DIGITS:], self.broker.phones.mark(named.text)
            if known := group.store.ask("SELECT number FROM member WHERE phone = ?", (phone,)):
                return MemberNot(reason=f"this telephone is member {known[0][0]}'s")
        number = self._number(group, deed.number)
        if isinstance(number, MemberNot):
            return number
        row = MemberRow(number, name, tail, phone, "active", group.now_ns)
        marks = ", ".join("?" for _ in row)
        statement = f"INSERT INTO member ({_COLUMNS}) VALUES ({marks})"  # noqa: S608  our own words
        group.changes.own.append(OwnRow(statement, tuple(row)))
        group.remember(deed.actor, "member.add", number, before="", after=shown_as(name, tail))
        return MemberNow(number=number, shown=shown_as(name, tail), points=0, state="active")

    def _number(self, group: Group, printed: str) -> str | MemberNot:
        if printed:
            number = printed.upper() if printed[:1] in "Mm" else f"M{printed}"
            if not is_number(number):
                return MemberNot(reason=f"{printed} is no card's number: its check digit is wrong")
            if find_member(group.store, number) is not None:
                return MemberNot(reason=f"card {number} is another member's")
            return number
        serial = int.from_bytes(self.token) % _SERIALS
        while find_member(group.store, number_of(serial)) is not None:
            serial = (serial + 1) % _SERIALS
        return number_of(serial)

    def _adjust(self, group: Group, deed: MemberAdjust) -> MemberDone:
        row = find_member(group.store, deed.number)
        if row is None:
            return _unknown(deed.number)
        reason = deed.reason.strip()[:REASON_MAX]
        if not reason:
            return MemberNot(reason="points are given or taken for a reason", hint="--reason TEXT")
        if not 0 < abs(deed.points) <= ADJUSTED_MAX:
            return MemberNot(reason=f"from 1 to {ADJUSTED_MAX:,} points at one time")
        currency = self.broker.config.currency
        account = account_of(deed.number)
        transfers: list[Transfer] = []

        def move(debit: str, credited: str, amount: int, memo: str) -> None:
            if amount:
                transfers.append(
                    Transfer(
                        debit=debit, credit=credited, amount=amount, currency=currency, memo=memo
                    )
                )

        if deed.points > 0:
            owed = group.balance(owed_by(deed.number), currency)
            credit(move, deed.number, deed.points, owed=owed, memo="points-adjust")
        else:
            move(account, EXPENSE, -deed.points, "points-adjust")
        before = self._points(group, deed.number)
        try:
            group.book(f"{account}/{self.token.hex()}", transfers)
        except BoundError:
            has = group.available(account, currency)
            return MemberNot(reason=f"member {deed.number} has only {has:,} points to take")
        after = self._points(group, deed.number)
        told = f"{after} ({reason})"
        group.remember(deed.actor, "member.adjust", deed.number, before=str(before), after=told)
        return _now(row, after)

    def _stop(self, group: Group, deed: MemberStop) -> MemberDone:
        row = find_member(group.store, deed.number)
        if row is None:
            return _unknown(deed.number)
        state = "stopped" if deed.stop else "active"
        statement = "UPDATE member SET state = ? WHERE number = ?"
        group.changes.own.append(OwnRow(statement, (state, deed.number)))
        after = f"{state} ({deed.reason})" if deed.reason else state
        group.remember(deed.actor, "member.stop", deed.number, before=row.state, after=after)
        return _now(row._replace(state=state), self._points(group, deed.number))

    def _points(self, group: Group, number: str) -> int:
        currency = self.broker.config.currency
        owed = group.balance(owed_by(number), currency)
        return group.available(account_of(number), currency) - owed


def _unknown(number: str) -> MemberNot:
    hint = "`ips-broker member list` shows all"
    return MemberNot(reason=f"there is no member {number}", hint=hint)


def _now(row: MemberRow, points: int) -> MemberNow:
    shown = shown_as(row.name, row.tail)
    return MemberNow(number=row.number, shown=shown, points=points, state=row.state)
