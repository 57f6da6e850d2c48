"""The broker, wired: one folder, one writer, readers, keys, rules. Programs and worlds build one.

    folder/ lock  broker.sqlite  keys/  office.sock

`threads` says whether the writer has a thread of its own (a program) or commits in the caller's
(virtual time, a command that does one thing and ends).
"""

from collections.abc import Callable
from contextlib import ExitStack
from enum import Enum
from pathlib import Path
from typing import Final

from ips.bookkeeping import Book, Bookkeeper, Practice
from ips.committer import Committer
from ips.config import Config
from ips.keys import KeyFolder
from ips.lock import FolderLock
from ips.sessions import Gate, SessionMaker
from ips.store.connection import FILE_NAME, open_reader
from ips.store.reader import Reader
from ips.store.sqlite_store import SqliteStore
from ips.writer import InlineWriter, Writer
from protocols.ports import Clock, Entropy, FaultPoints

KEYS_NAME: Final = "keys"


class Threads(Enum):
    """Where the writer works."""

    OWN = "own"
    INLINE = "inline"


class Broker:
    """Everything that serves terminals and the office. Build with `Broker.open`."""

    def __init__(
        self,
        *,
        config: Config,
        folder: Path,
        clock: Clock,
        entropy: Entropy,
        keys: KeyFolder,
        reader: Reader,
        writer: Writer | InlineWriter,
        book: Book,
        practice: Practice,
        close: Callable[[], None],
    ) -> None:
        self.config = config
        self.folder = folder
        self.clock = clock
        self.entropy = entropy
        self.keys = keys
        self.vault = keys.vault
        self.identity = keys.identity()
        self.reader = reader
        self.writer = writer
        self.practice = practice
        self.bookkeeper = Bookkeeper(book, practice)
        self.gate = Gate(reader, keys.vault, clock)
        self.session_maker = SessionMaker(
            clock=clock, entropy=entropy, identity=self.identity, vault=keys.vault
        )
        self.close = close

    @classmethod
    def open(
        cls,
        config: Config,
        *,
        holder: str,
        clock: Clock,
        entropy: Entropy,
        points: FaultPoints,
        threads: Threads,
        book: Book,
        practice: Practice,
    ) -> "Broker":
        """Lock the folder, bring the database up to date, make missing keys, start the writer.

        Raises: FolderLockedError, StoreError, KeyFolderError, OSError; then nothing stays open.
        """
        folder = config.place()
        with ExitStack() as stack:
            stack.callback(FolderLock(folder, holder).release)
            store = SqliteStore(folder / FILE_NAME)
            stack.callback(store.close)
            store.migrate(now_ns=clock.now_ns())
            keys = KeyFolder.init(folder / KEYS_NAME, clock=clock, entropy=entropy)
            reader = Reader(open_reader(folder / FILE_NAME))
            stack.callback(reader.close)
            committer = Committer(store, clock, points)
            writer: Writer | InlineWriter = InlineWriter(committer)
            if threads is Threads.OWN:
                writer = Writer(committer, points)
                stack.callback(writer.close)
            return cls(
                config=config,
                folder=folder,
                clock=clock,
                entropy=entropy,
                keys=keys,
                reader=reader,
                writer=writer,
                book=book,
                practice=practice,
                close=stack.pop_all().close,
            )
