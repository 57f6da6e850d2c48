"""Any history of a shop leaves the books right: Hypothesis over booking, payments and refunds.

Once in memory, with many histories; once with every booking also written to the real store, whose
schema has to accept it and come to the same balances and payments.
"""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from hypothesis import settings
from hypothesis.stateful import invariant

from ips.bookkeeping import Clerk
from ips.books import Booking
from ips.committer import Committer, Done
from ips.payments import PaymentRecord
from ips.store.group import Group
from ips.store.sqlite_store import SqliteStore
from tests.ips.campaign import Shop, rules
from tests.ips.model import MemoryBooks, StandingClock


class NoPoints:
    """Lets every point pass."""

    def reach(self, point: str) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class Put:
    """One booking on its way into the store."""

    booking: Booking
    size: int = 0
    is_batch: bool = False

    def apply(self, group: Group) -> None:
        """Put it in, money first; a broken bound raises."""
        clerk = Clerk(group, rules())
        clerk.put(self.booking)
        clerk.finish()


@dataclass
class StoredBooks(MemoryBooks):
    """Books in memory that write every booking to a real store as well."""

    folder: tempfile.TemporaryDirectory[str] = field(
        default_factory=lambda: tempfile.TemporaryDirectory(prefix="ips")
    )

    def __post_init__(self) -> None:
        self.store = SqliteStore(Path(self.folder.name) / "broker.sqlite")
        self.store.migrate(now_ns=0)
        self.committer = Committer(self.store, StandingClock(), NoPoints())

    def take(self, booking: Booking) -> Booking:
        super().take(booking)
        (result,) = self.committer.commit([Put(booking)])
        assert isinstance(result, Done), result
        return booking


class StoredShop(Shop):
    """The same shop, kept in both."""

    def make_books(self) -> MemoryBooks:
        self.stored = StoredBooks(rules())
        return self.stored

    def teardown(self) -> None:
        self.stored.store.close()
        self.stored.folder.cleanup()

    @invariant()
    def store_agrees_with_memory(self) -> None:
        for name, currency in self.stored.debits.keys() | self.stored.credits.keys():
            row = self.stored.store.account(name, currency)
            assert row is not None
            posted = row.debits_posted - row.credits_posted
            assert posted == self.stored.balance(name, currency), name
        for key, payment in self.stored.payments.items():
            kept = self.stored.store.payment(key)
            assert kept is not None
            assert msgspec.msgpack.decode(kept.record, type=PaymentRecord) == payment


TestShop = Shop.TestCase
TestShop.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)

TestStoredShop = StoredShop.TestCase
TestStoredShop.settings = settings(max_examples=8, stateful_step_count=20, deadline=None)
