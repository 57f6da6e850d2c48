"""Accounts in double entry, PIN tries, what was asked and answered: one SQLite file, as durable as a bank.

A transfer moves a positive amount from one account of a bank to another of the same bank; what goes
from bank to bank passes a clearing account in both, and the two mirror each other. A customer's
deposit is what his bank owes: credits less debits. On a credit card it is the other way round.

    deposit/NUMBER     a customer's account         shop/MERCHANT     a shop's takings
    card/PAN           what is owed on a card       clearing/BANK     between two banks
    cash               what customers paid in

An exchange is known by who asked and how he numbered it, so the same request is answered the same:
also after the twin was switched off and on. Source: devices.md 4; decisions.md "Twins that check".
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from protocols.iso8583.message import Message, decode, encode
from protocols.iso8583.specs import ASCII
from sim.bank.people import People

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS transfer (
    id INTEGER PRIMARY KEY,
    bank TEXT NOT NULL,
    txn TEXT NOT NULL,
    debit TEXT NOT NULL,
    credit TEXT NOT NULL CHECK (credit <> debit),
    amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS account (
    bank TEXT NOT NULL,
    name TEXT NOT NULL,
    currency TEXT NOT NULL,
    debits INTEGER NOT NULL DEFAULT 0,
    credits INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (bank, name, currency)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS posted AFTER INSERT ON transfer BEGIN
    INSERT INTO account VALUES (NEW.bank, NEW.debit, NEW.currency, NEW.amount, 0)
        ON CONFLICT DO UPDATE SET debits = debits + NEW.amount;
    INSERT INTO account VALUES (NEW.bank, NEW.credit, NEW.currency, 0, NEW.amount)
        ON CONFLICT DO UPDATE SET credits = credits + NEW.amount;
END;
CREATE TRIGGER IF NOT EXISTS transfer_stays BEFORE UPDATE ON transfer
BEGIN SELECT RAISE(ABORT, 'a transfer is never changed'); END;
CREATE TABLE IF NOT EXISTS chip_counter (
    who TEXT NOT NULL,
    kind TEXT NOT NULL,
    counter INTEGER NOT NULL,
    PRIMARY KEY (who, kind, counter)
) STRICT;
CREATE TABLE IF NOT EXISTS wrong_pins (who TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS card_status (pan TEXT PRIMARY KEY, status TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS exchange (
    id INTEGER PRIMARY KEY,
    host TEXT NOT NULL,
    name TEXT NOT NULL,
    at_ns INTEGER NOT NULL,
    merchant TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('purchase', 'refund', 'promise', 'other')),
    state TEXT NOT NULL CHECK (state IN ('approved', 'declined', 'undone', 'forestalled')),
    bank TEXT NOT NULL DEFAULT '',
    account TEXT NOT NULL DEFAULT '',
    amount INTEGER NOT NULL DEFAULT 0,
    currency TEXT NOT NULL DEFAULT '',
    answer BLOB NOT NULL,
    batch INTEGER NOT NULL DEFAULT 0,
    undone_batch INTEGER NOT NULL DEFAULT 0,
    UNIQUE (host, name)
) STRICT;
CREATE INDEX IF NOT EXISTS exchange_by_account ON exchange (account, at_ns);
CREATE TABLE IF NOT EXISTS batch (
    host TEXT NOT NULL,
    merchant TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (host, merchant)
) STRICT, WITHOUT ROWID;
"""


class Exchange(NamedTuple):
    """One request and what became of it."""

    id: int
    host: str
    name: str
    """Type, terminal, STAN, date and time, as `name_of` makes it."""
    at_ns: int
    merchant: str
    kind: str
    """purchase, refund, promise (an authorisation that is not paid yet), other."""
    state: str
    """forestalled: its reversal came before it did."""
    bank: str
    """Whose customer."""
    account: str
    amount: int
    currency: str
    answer: bytes
    batch: int = 0
    undone_batch: int = 0

    def message(self) -> Message:
        """Return what was answered."""
        return decode(self.answer, ASCII)


class Totals(NamedTuple):
    """What a shop's batch adds up to, in the words of fields 74 to 89."""

    credits: int = 0
    credits_undone: int = 0
    debits: int = 0
    debits_undone: int = 0
    credits_amount: int = 0
    credits_undone_amount: int = 0
    debits_amount: int = 0
    debits_undone_amount: int = 0

    @property
    def net(self) -> int:
        """What the shop gets."""
        given = self.credits_amount - self.credits_undone_amount
        return self.debits_amount - self.debits_undone_amount - given


class Books:
    """The file. Every method but the look-ups belongs inside `writing`."""

    def __init__(self, file: Path | None, people: People) -> None:
        """Open or make the file; None keeps it in memory, for a bench of minutes. New accounts are
        paid in from `cash`."""
        self.people = people
        self._database = sqlite3.connect(":memory:" if file is None else file, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.executescript(_SCHEMA)
        with self.writing():
            for number, account in people.accounts.items():
                self._open(number, account.balance, account.currency)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Commit everything of the block, or nothing."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def _open(self, number: str, balance: int, currency: str) -> None:
        bank, name = self.people.bank_of_account(number), f"deposit/{number}"
        known = self._row("SELECT 1 FROM account WHERE (bank, name) = (?, ?)", bank, name)
        if balance and known is None:
            self.post(bank, "opening", "cash", name, balance, currency)

    def post(
        self, bank: str, txn: str, debit: str, credit: str, amount: int, currency: str
    ) -> None:
        """Move money within a bank."""
        self._database.execute(
            "INSERT INTO transfer (bank, txn, debit, credit, amount, currency) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (bank, txn, debit, credit, amount, currency),
        )

    def pay(self, txn: str, payer: tuple[str, str], payee: tuple[str, str], amount: int,
            currency: str) -> None:  # fmt: skip
        """Move money between accounts (bank, name) of one bank or two."""
        (from_bank, from_name), (to_bank, to_name) = payer, payee
        if from_bank == to_bank:
            self.post(from_bank, txn, from_name, to_name, amount, currency)
            return
        self.post(from_bank, txn, from_name, f"clearing/{to_bank}", amount, currency)
        self.post(to_bank, txn, f"clearing/{from_bank}", to_name, amount, currency)

    def balance(self, bank: str, name: str, currency: str) -> int:
        """Return credits less debits: of a deposit, what is in it."""
        row = self._row(
            "SELECT credits - debits FROM account WHERE (bank, name, currency) = (?, ?, ?)",
            bank, name, currency,
        )  # fmt: skip
        return row[0] if row else 0

    def promised(self, account: str, currency: str) -> int:
        """Return what is promised from an account and not paid yet."""
        return int(self._row(
            "SELECT coalesce(sum(amount), 0) FROM exchange WHERE account = ? AND currency = ? "
            "AND kind = 'promise' AND state = 'approved'", account, currency,
        )[0])  # fmt: skip

    def spent_since(self, account: str, currency: str, since_ns: int) -> tuple[int, int]:
        """Return (amount, count) of what was paid or promised from an account since then."""
        row = self._row(
            "SELECT coalesce(sum(amount), 0), count(*) FROM exchange WHERE account = ? "
            "AND currency = ? AND at_ns >= ? AND kind IN ('purchase', 'promise') "
            "AND state = 'approved'", account, currency, since_ns,
        )  # fmt: skip
        return row[0], row[1]

    def wrong_pins(self, who: str) -> int:
        """Return how often in a row a PIN was wrong."""
        row = self._row("SELECT count FROM wrong_pins WHERE who = ?", who)
        return row[0] if row else 0

    def count_pin(self, who: str, *, wrong: bool) -> None:
        """Count a wrong PIN, or forget the wrong ones."""
        count = self.wrong_pins(who) + 1 if wrong else 0
        self._database.execute("INSERT OR REPLACE INTO wrong_pins VALUES (?, ?)", (who, count))

    def counter(self, who: str, kind: str) -> int:
        """Return the highest counter that a chip has said; 0 before the first."""
        row = self._row(
            "SELECT max(counter) FROM chip_counter WHERE (who, kind) = (?, ?)", who, kind
        )
        return row[0] or 0

    def has_counted(self, who: str, kind: str, counter: int) -> bool:
        """Say whether a chip has said this counter before."""
        sql = "SELECT 1 FROM chip_counter WHERE (who, kind, counter) = (?, ?, ?)"
        return self._row(sql, who, kind, counter) is not None

    def count(self, who: str, kind: str, counter: int) -> None:
        """Remember what a chip has said."""
        self._database.execute("INSERT INTO chip_counter VALUES (?, ?, ?)", (who, kind, counter))

    def status(self, pan: str) -> str:
        """Return a card's status: what was said of it last, else as it was issued."""
        row = self._row("SELECT status FROM card_status WHERE pan = ?", pan)
        return row[0] if row else self.people.cards[pan].status

    def set_status(self, pan: str, status: str) -> None:
        """Say something of a card."""
        self._database.execute("INSERT OR REPLACE INTO card_status VALUES (?, ?)", (pan, status))

    def exchange(self, host: str, name: str) -> Exchange | None:
        """Return what was asked under a name."""
        row = self._row("SELECT * FROM exchange WHERE (host, name) = (?, ?)", host, name)
        return Exchange._make(row) if row else None

    def remember(self, exchange: Exchange) -> None:
        """Enter an exchange with its answer; its batch is the shop's open one."""
        batch = self.batch(exchange.host, exchange.merchant)
        self._database.execute(
            "INSERT INTO exchange (host, name, at_ns, merchant, kind, state, bank, account, "
            "amount, currency, answer, batch) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*exchange[1:12], batch),
        )

    def undo(self, exchange: Exchange) -> None:
        """Enter that an exchange counts no more."""
        self._database.execute(
            "UPDATE exchange SET state = 'undone', undone_batch = ? WHERE id = ?",
            (self.batch(exchange.host, exchange.merchant), exchange.id),
        )

    def redeem(self, promise: Exchange) -> None:
        """Enter that a promise is paid: nothing is held for it any more."""
        self._database.execute("UPDATE exchange SET kind = 'other' WHERE id = ?", (promise.id,))

    def batch(self, host: str, merchant: str) -> int:
        """Return the number of a shop's open batch, from 1."""
        row = self._row("SELECT number FROM batch WHERE (host, merchant) = (?, ?)", host, merchant)
        return row[0] if row else 1

    def close_batch(self, host: str, merchant: str) -> None:
        """Begin a shop's next batch."""
        number = self.batch(host, merchant) + 1
        self._database.execute(
            "INSERT OR REPLACE INTO batch VALUES (?, ?, ?)", (host, merchant, number)
        )

    def totals(self, host: str, merchant: str, currency: str, batch: int = 0) -> Totals:
        """Return what a shop's batch adds up to; 0 is the open one."""
        number = batch or self.batch(host, merchant)
        found: dict[tuple[str, bool], tuple[int, int]] = {}
        for column, undone in (("batch", False), ("undone_batch", True)):
            rows = self._database.execute(
                f"SELECT kind, count(*), sum(amount) FROM exchange WHERE {column} = ? "  # noqa: S608  our own words
                "AND (host, merchant, currency) = (?, ?, ?) AND state IN ('approved', 'undone') "
                "GROUP BY kind",
                (number, host, merchant, currency),
            )
            found |= {(kind, undone): (count, amount) for kind, count, amount in rows}
        credit, credit_undone, debit, debit_undone = (
            found.get(key, (0, 0))
            for key in (
                ("refund", False), ("refund", True), ("purchase", False), ("purchase", True)
            )
        )  # fmt: skip
        numbers, amounts = zip(credit, credit_undone, debit, debit_undone, strict=True)
        return Totals(*numbers, *amounts)

    def accounts(self) -> dict[tuple[str, str, str], int]:
        """Return credits less debits of every account by (bank, name, currency)."""
        rows = self._database.execute("SELECT bank, name, currency, credits - debits FROM account")
        return {(bank, name, currency): balance for bank, name, currency, balance in rows}

    def objections(self) -> list[str]:
        """Return what is wrong with the books; nothing, as long as they are right."""
        found: list[str] = []
        sums: dict[tuple[str, str], int] = {}
        accounts = self.accounts()
        for (bank, name, currency), balance in accounts.items():
            sums[bank, currency] = sums.get((bank, currency), 0) + balance
            if name.startswith("clearing/"):
                other = name.removeprefix("clearing/")
                mirror = accounts.get((other, f"clearing/{bank}", currency), 0)
                if mirror != -balance:
                    found.append(f"{bank} and {other} disagree: {balance} and {mirror}")
        found += [f"{bank} is out of balance by {off}" for (bank, _), off in sums.items() if off]
        return found

    def _row(self, sql: str, *values: str | int) -> Any:
        return self._database.execute(sql, values).fetchone()


def name_of(message: Message, mti: str = "") -> str:
    """Return what an exchange is known by: type as first said, terminal, number, date and time."""
    first = f"{(mti or message.mti)[:3]}0"
    return f"{first}/{message.text(41)}/{message.text(11)}/{message.text(7)}"


def packed(message: Message) -> bytes:
    """Return an answer as the books keep it: in the variant whose totals are the narrower."""
    return encode(message, ASCII)
