"""One suite for every store: what the schema itself refuses, and what a group leaves behind."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ips.committer import Committer, Done, Failed
from ips.host import NoFaults
from ips.ledger import Phase, Transfer
from ips.store.agreement import Store
from ips.store.audit import audit_ledger, audit_seals
from ips.store.balances import BoundError
from ips.store.changes import Changes
from ips.store.errors import ConstraintError, StoreError
from ips.store.group import Group, PoisonError
from ips.store.reader import Reader
from ips.store.rows import DocumentRow, PaymentRow, TerminalRow
from ips.store.sqlite_store import SqliteStore
from protocols.documents import Document, Policy, sign_document


class SetClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.ns = 1_700_000_000_000_000_000

    def now_ns(self) -> int:
        return self.ns

    def monotonic_ns(self) -> int:
        return self.ns


class Deed:
    """Work made of a function."""

    size = 100
    is_batch = False

    def __init__(self, function) -> None:
        self._function = function

    def apply(self, group: Group):
        return self._function(group)


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path / "broker.sqlite")
    made.migrate(now_ns=1)
    yield made
    made.close()


@pytest.fixture
def committer(store: Store) -> Committer:
    return Committer(store, SetClock(), NoFaults())


def move(debit: str, credit: str, amount: int, **more: object) -> Transfer:
    return Transfer(debit=debit, credit=credit, amount=amount, currency="KRW", **more)


def do(committer: Committer, function):
    [result] = committer.commit([Deed(function)])
    match result:
        case Done(answer):
            return answer
        case Failed(error):
            raise error


def payment(key: str = "s-01-20260417-0001-a", **more: object) -> PaymentRow:
    fields = {
        "key": key,
        "order_key": "s-01-20260417-0001",
        "module": "cash",
        "flow": "sale",
        "flow_pin": "1.abc",
        "store": "s",
        "terminal": "01",
        "business_date": "20260417",
        "currency": "KRW",
        "amount": 1000,
        "state": "settled",
        "state_class": "settled",
        "open": 0,
        "paid": 1000,
        "refund_requested": 0,
        "refunded": 0,
        "reference": "",
        "reason": "",
        "at_ns": 1,
        "due_ns": 0,
        "record": b"",
    }
    return PaymentRow(**(fields | more))


def test_sums_follow_transfers_and_replay_proves_them(
    store: SqliteStore, committer: Committer
) -> None:
    """Account sums equal a replay, over posts, holds, a part settled and a hold given back."""
    do(committer, lambda g: g.book("t1", [move("safe/s", "capital/float/s", 500)]))
    do(
        committer,
        lambda g: g.book(
            "t2",
            [
                move("receivable/acquirer/a", "sales/g", 300, phase=Phase.HOLD, hold="h1"),
                move("receivable/acquirer/a", "sales/g", 200, phase=Phase.HOLD, hold="h2"),
            ],
        ),
    )
    do(
        committer,
        lambda g: g.book(
            "t3",
            [
                move("receivable/acquirer/a", "sales/g", 250, phase=Phase.SETTLE, hold="h1"),
                move("receivable/acquirer/a", "sales/g", 200, phase=Phase.VOID, hold="h2"),
            ],
        ),
    )

    account = store.account("receivable/acquirer/a", "KRW")

    assert account is not None
    assert account[4:] == (250, 0, 0, 0)
    assert audit_ledger(store).findings == []
    assert audit_seals(store).findings == []


def test_a_bounded_account_never_goes_below_zero(store: SqliteStore, committer: Committer) -> None:
    """I12: what is bounded is refused whole, in memory and by the schema; nothing of it stays."""
    do(committer, lambda g: g.book("t1", [move("safe/s", "capital/float/s", 500)]))

    with pytest.raises(PoisonError, match="does not hold that much"):
        do(
            committer,
            lambda g: g.book(
                "t2", [move("sales/x", "capital/float/s", 5), move("bank/b", "safe/s", 501)]
            ),
        )
    with pytest.raises(Exception, match="credits_within_debits"):
        store.connection.execute("UPDATE account SET credits_posted = 501 WHERE name = 'safe/s'")

    assert store.account("sales/x", "KRW") is None
    assert audit_ledger(store).findings == []


def test_within_one_transaction_only_the_end_counts(committer: Committer) -> None:
    """Money may come in by a later leg of the same transaction than it goes out."""
    do(
        committer,
        lambda g: g.book("t", [move("bank/b", "safe/s", 500), move("safe/s", "till/s/01", 500)]),
    )


@pytest.mark.parametrize(
    ("phase", "amount", "hold"),
    [
        (Phase.SETTLE, 300, "h1"),
        (Phase.VOID, 300, "h1"),
        (Phase.SETTLE, 301, "h3"),
        (Phase.SETTLE, 1, "never"),
        (Phase.HOLD, 300, "h3"),
        (Phase.HOLD, 300, ""),
    ],
)
def test_a_hold_resolves_once_and_for_no_more_than_it_holds(
    store: SqliteStore, committer: Committer, phase: Phase, amount: int, hold: str
) -> None:
    """A second capture fails even while another hold of the same accounts covers the sum."""
    a, b = "receivable/acquirer/a", "sales/g"
    holds = [move(a, b, 300, phase=Phase.HOLD, hold=key) for key in ("h1", "h2", "h3")]
    do(committer, lambda g: g.book("t1", holds))
    do(committer, lambda g: g.book("t2", [move(a, b, 300, phase=Phase.SETTLE, hold="h1")]))

    with pytest.raises(PoisonError):
        do(committer, lambda g: g.book("t3", [move(a, b, amount, phase=phase, hold=hold)]))

    assert audit_ledger(store).findings == []


def test_the_schema_resolves_a_hold_once_without_the_program(
    store: SqliteStore, committer: Committer
) -> None:
    """UNIQUE and trigger stand behind the writer's memory (the mutation that once survived)."""
    a, b = "receivable/acquirer/a", "sales/g"
    do(committer, lambda g: g.book("t1", [move(a, b, 9, phase=Phase.HOLD, hold=h) for h in "xy"]))
    do(committer, lambda g: g.book("t2", [move(a, b, 9, phase=Phase.SETTLE, hold="x")]))
    insert = "INSERT INTO transfer VALUES (?, ?, 0, 1, 2, ?, 'KRW', 'settle', ?, '')"

    with pytest.raises(Exception, match=r"UNIQUE.*hold"):
        store.connection.execute(insert, (77, "t3", 9, "x"))
    with pytest.raises(Exception, match="no such hold"):
        store.connection.execute(insert, (78, "t4", 10, "y"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE transfer SET amount = 1",
        "DELETE FROM transfer",
        "UPDATE record SET kind = 'x'",
        "DELETE FROM record",
        "DELETE FROM payment_event",
        "UPDATE payment_event SET at_ns = 0",
        "DELETE FROM seal",
        "UPDATE seal SET at_ns = 0",
        "DELETE FROM evidence",
        "DELETE FROM administration",
        "DELETE FROM account",
        "UPDATE account SET bound = 0",
    ],
)
def test_what_is_written_is_never_changed(
    store: SqliteStore, committer: Committer, statement: str
) -> None:
    """Triggers forbid UPDATE and DELETE on everything that proves something."""

    def fill(group: Group) -> None:
        group.book("t1", [move("safe/s", "capital/float/s", 500)])
        group.add_record(terminal="01", epoch=1, sequence=1, kind="k", digest=bytes(32), data=b"r")
        group.put_payment(payment())
        group.add_payment_event(payment().key, 1, "t1", b"e")
        group.remember("a", "deed", "s", before="", after="")

    do(committer, fill)
    store.connection.execute("INSERT INTO evidence VALUES (1, '01', 1, 1, x'00', x'00', x'00', 0)")

    with pytest.raises(Exception, match=r"never|keeps"):
        store.connection.execute(statement)


def test_refunds_stay_within_what_was_paid(committer: Committer) -> None:
    """I12: a refund above the payment breaks the schema, whatever the rules thought."""
    do(committer, lambda g: g.put_payment(payment(refunded=1000)))

    with pytest.raises(PoisonError, match="refunds_within_paid"):
        do(committer, lambda g: g.put_payment(payment(refunded=600, refund_requested=401)))


def test_one_poisoned_item_hurts_nobody_else(store: SqliteStore, committer: Committer) -> None:
    """A group with a bound broken, a bug and a duplicate key commits all the others."""

    def good(number: int) -> Deed:
        return Deed(
            lambda g: g.book(f"good{number}", [move("till/s/01", "sales/g", number)]) or number
        )

    def bug(group: Group) -> None:
        group.book("bug", [move("till/s/01", "sales/bug", 5)])
        raise KeyError("a bug of ours")

    works = [
        good(1),
        Deed(lambda g: g.book("p1", [move("bank/b", "safe/s", 1)])),
        good(2),
        Deed(bug),
        Deed(lambda g: g.book("good1", [move("till/s/01", "sales/g", 7)])),
        good(3),
    ]
    results = committer.commit(works)

    assert [type(each) for each in results] == [Done, Failed, Done, Failed, Failed, Done]
    till = store.account("till/s/01", "KRW")
    assert till is not None and till.debits_posted == 6
    assert store.account("sales/bug", "KRW") is None
    assert audit_ledger(store).findings == []
    assert audit_seals(store).findings == []


def test_later_work_of_a_group_sees_earlier_work(committer: Committer) -> None:
    """Within one group the second piece of work reads what the first one left."""
    row = TerminalRow("01", "s", "pending", 0, "", "{}", "", 1, 0)
    seen = []

    committer.commit(
        [
            Deed(lambda g: g.put_terminal(row)),
            Deed(lambda g: seen.append(g.terminal("01"))),
            Deed(lambda g: g.put_payment(payment())),
            Deed(lambda g: seen.append(g.payments_of("s-01-20260417-0001"))),
        ]
    )

    assert seen == [row, [payment()]]


def test_a_group_that_adds_nothing_leaves_no_seal(store: SqliteStore, committer: Committer) -> None:
    """Asking changes nothing: replays leave equal state."""
    committer.commit([Deed(lambda g: g.terminal("01"))])

    assert store.last_seal() is None


def test_the_seal_finds_a_changed_record(store: SqliteStore, committer: Committer) -> None:
    """Whoever goes round the triggers is found by the next audit."""
    for number in (1, 2, 3):
        do(
            committer,
            lambda g, n=number: g.add_record(
                terminal="01", epoch=1, sequence=n, kind="k", digest=bytes([n]) * 32, data=b"r"
            ),
        )
    assert audit_seals(store).findings == []
    store.connection.execute("DROP TRIGGER record_stays")
    store.connection.execute("UPDATE record SET hash = zeroblob(32) WHERE id = 2")

    [finding] = audit_seals(store).findings

    assert finding.where == "seal 2"


def test_a_writer_that_is_not_durable_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """synchronous below FULL would lose acknowledged work at a power cut: refused at once."""
    from ips.store import connection

    opened = connection.open_writer(tmp_path / "b.sqlite")
    opened.execute("PRAGMA synchronous = NORMAL")

    with pytest.raises(StoreError, match=r"synchronous 1"):
        connection.refuse_weak_sync(opened)
    opened.close()


def test_readers_cannot_write(store: SqliteStore, tmp_path: Path) -> None:
    """A reader beside the writer refuses every statement that changes something."""
    from ips.store.connection import open_reader

    reader = Reader(open_reader(tmp_path / "broker.sqlite"))

    with pytest.raises(StoreError, match="readonly"):
        reader.ask("DELETE FROM terminal")
    reader.close()


def test_bound_error_names_the_account(store: SqliteStore, committer: Committer) -> None:
    """Who books a fact can turn the money to the suspense account: the error says which one."""
    caught = []

    def try_it(group: Group) -> None:
        try:
            group.book("t", [move("bank/b", "purse/merchant/m", 5)])
        except BoundError as error:
            caught.append(error.account)
        group.book("t", [move("bank/b", "suspense/exceptions", 5)])

    do(committer, try_it)

    assert caught == ["purse/merchant/m"]
    assert audit_ledger(store).findings == []
    assert issubclass(BoundError, ConstraintError)


def published(version: int, body: bytes) -> DocumentRow:
    """Return a version of the policy as it lies in the store; its signature is nobody's business here."""
    document = Document(name="policy", version=version, valid_from_ns=1, body=msgspec.Raw(body))
    signed = sign_document(document, Ed25519PrivateKey.from_private_bytes(bytes(32)))
    return DocumentRow("policy", version, 1, 1, "park", signed)


def put(store: SqliteStore, row: DocumentRow) -> None:
    store.begin()
    store.write(Changes(documents=[row]))
    store.commit()


def test_the_newest_policy_is_decoded_once_and_a_newer_one_at_once(store: SqliteStore) -> None:
    """Every sale asks for it; the version is asked each time, the document only when it is another."""
    assert store.policy() == Policy()
    put(store, published(1, msgspec.msgpack.encode(Policy(vat_percent=7))))
    first = store.policy()
    assert first.vat_percent == 7
    assert store.policy() is first

    put(store, published(2, msgspec.msgpack.encode(Policy(vat_percent=8))))

    assert store.policy().vat_percent == 8


def test_a_policy_that_is_rolled_back_is_not_remembered(store: SqliteStore) -> None:
    """What was read inside a transaction that came to nothing is not what is in force."""
    store.begin()
    store.write(Changes(documents=[published(1, msgspec.msgpack.encode(Policy(vat_percent=7)))]))
    assert store.policy().vat_percent == 7
    store.rollback()

    put(store, published(1, msgspec.msgpack.encode(Policy(vat_percent=9))))

    assert store.policy().vat_percent == 9


@pytest.mark.parametrize("body", [b"\xa1x", b"\x81\xb1receipt_footer_ko\xa1\xff"])
def test_a_policy_that_cannot_be_read_is_a_store_error(store: SqliteStore, body: bytes) -> None:
    put(store, published(1, body))

    with pytest.raises(StoreError, match="policy version 1 cannot be read"):
        store.policy()


def test_no_look_up_reads_a_whole_table(store: SqliteStore) -> None:
    """Every look-up by key goes by an index: a full broker is as fast as an empty one."""
    asked: list[str] = []
    store.connection.set_trace_callback(asked.append)
    store.terminal("01")
    store.life("01", 1)
    store.enrolment("01")
    store.session("k")
    store.records("01", 1, 1, 9)
    store.questions("01", 1, 1, 9)
    store.account("till/s/01", "KRW")
    store.hold("h")
    store.payment("k")
    store.payments_of("order")
    store.payments_among({"k"}, {"order"})
    store.sales_among({"order"})
    store.payments_due(1, 10)
    store.payments_under_way("cash")
    store.payment_events("k")
    store.flow("sale", "1")
    store.refund("k")
    store.refunds_of("k")
    store.refunds_due(1, 10)
    store.sale("order")
    store.shift("01", 1, 1)
    store.notes("k")
    store.document("policy")
    store.policy()
    store.module("cash")
    store.last_seal()
    store.counters()
    store.connection.set_trace_callback(None)

    scans = {
        sql: [row[3] for row in store.ask(f"EXPLAIN QUERY PLAN {sql}") if "SCAN" in row[3]]
        for sql in asked
    }

    # The newest seal is the first row of its table read backwards; constants and what is asked for are
    # no table.
    allowed = ("SCAN CONSTANT ROW", "SCAN seal", "SCAN asked VIRTUAL TABLE INDEX 1:")
    assert len(asked) >= 27
    assert {sql: found for sql, found in scans.items() if set(found) - set(allowed)} == {}
