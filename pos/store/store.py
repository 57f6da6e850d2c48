"""The till's store as its users see it: one file, plain and synchronous.

Programs run it in one owned thread, a world under virtual time runs it inline (pos.store.threads).
Every method may raise StoreError; whoever meets one stops selling.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from pos.store.basket import Basket
from pos.store.chains import Acknowledged, Chains, Identity, QueueCounts
from pos.store.database import Database
from pos.store.documents import Documents
from pos.store.held import HeldBaskets
from pos.store.journal import RECORDS_READ_MAX, Draft, Ending, Journal
from pos.store.papers import Paper, Papers
from pos.store.refunds import Refunds
from pos.store.sales import Sales
from protocols.batch import BatchAccepted
from protocols.journal import Record
from protocols.ports import Clock

FILE_NAME: Final = "till.sqlite3"


class Store:
    """Journal, open sale, papers, documents and identity of one till."""

    def __init__(self, path: Path, *, clock: Clock, terminal: str = "01") -> None:
        """Open or make the file. `terminal` names a new store until it joins a broker."""
        self.database = Database(path)
        self.chains = Chains(self.database)
        self.journal = Journal(self.database, clock)
        self.basket = Basket(self.database)
        self.sales = Sales(self.database)
        self.held = HeldBaskets(self.database)
        self.papers = Papers(self.database)
        self.refunds = Refunds(self.database)
        self.documents = Documents(self.database)
        if self.chains.is_empty():
            self.chains.begin(terminal, 1)

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(
        self,
        drafts: Sequence[Draft],
        *,
        papers: Sequence[Paper] = (),
        ending: Ending = Ending.KEEP_BASKET,
    ) -> list[Record]:
        """Make facts durable in one transaction with their papers and the end of the open sale."""
        return self.journal.append(drafts, papers, ending)

    def records(self, after: int, limit: int = RECORDS_READ_MAX) -> list[bytes]:
        """Return the bytes of the written chain's records above a sequence number, in order."""
        return self.journal.records(after, limit)

    def head(self) -> tuple[int, bytes]:
        """Return (sequence, hash) of the newest record; (0, the genesis hash) before the first."""
        chain = self.chains.current()
        return chain.sequence, chain.head

    def high_water(self) -> int:
        """Return the sequence up to which the broker has said that all is durable there."""
        return self.chains.current().high_water

    def acknowledge(self, answer: BatchAccepted) -> Acknowledged:
        """Note what the broker has and asks; DISAGREES when its head of our chain is not ours."""
        return self.chains.acknowledge(answer)

    def queue(self) -> QueueCounts:
        """Return what is sent, waiting, in doubt and questioned."""
        return self.chains.counts()

    def put_document(self, name: str, version: int, data: bytes) -> None:
        """Keep the newest version of a document."""
        self.documents.put(name, version, data)

    def document(self, name: str) -> tuple[int, bytes] | None:
        """Return (version, data) of a document, or None."""
        return self.documents.get(name)

    def identity(self) -> Identity:
        """Return who this terminal is."""
        chain = self.chains.current()
        return Identity(
            terminal=chain.terminal,
            epoch=chain.epoch,
            certificate=self.setting("certificate") or b"",
            signature=self.setting("certificate-signature") or b"",
        )

    def set_identity(self, identity: Identity) -> None:
        """Be this terminal from now on: the same name continues its chain, another begins one."""
        with self.database.transaction():
            self.chains.begin(identity.terminal, identity.epoch)
            self.set_setting("certificate", identity.certificate)
            self.set_setting("certificate-signature", identity.signature)

    def set_setting(self, name: str, value: bytes) -> None:
        """Keep a small named value."""
        with self.database.transaction():
            self.database.execute(
                "INSERT INTO setting (name, value) VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (name, value),
            )

    def setting(self, name: str) -> bytes | None:
        """Return a named value, or None."""
        row = self.database.row("SELECT value FROM setting WHERE name = ?", (name,))
        return row[0] if row is not None and isinstance(row[0], bytes) else None
