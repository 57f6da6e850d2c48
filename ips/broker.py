"""The broker, wired: one folder, one writer, readers, keys, rules. Programs and worlds build one.

    folder/ lock  broker.sqlite  keys/  office.sock

`threads` says whether the writer has a thread of its own (a program) or commits in the caller's
(virtual time, a command that does one thing and ends).
"""

from collections.abc import Callable
from contextlib import ExitStack
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Final

from ips.bank import tcp
from ips.bank.codes import message_of
from ips.bank.desk import BankDesk
from ips.bank.exchanges import Exchanges
from ips.bank.line import BankLine, Dial
from ips.bank.records import ExchangeRow
from ips.bank.session import Speech
from ips.booking import book_record
from ips.bookkeeping import Bookkeeper
from ips.calls import Caller
from ips.cash_receipts.sender import Agent, Sender
from ips.committer import Committer
from ips.config import Config
from ips.desk import Desk
from ips.desk_books import DeskBooks, StoredJournal
from ips.keys import KeyFolder, KeyFolderError
from ips.lock import FolderLock
from ips.members import Phones
from ips.purse.evidence import ShadowKeeper
from ips.received import ReceivedKeeper
from ips.refund_policy import shipped_policy
from ips.registry import list_modules
from ips.rules import Rules
from ips.sessions import Gate, SessionMaker
from ips.shelf import Shelf
from ips.store.connection import FILE_NAME, open_reader
from ips.store.reader import Reader
from ips.store.rows import FlowRow, NonceRow
from ips.store.sqlite_store import SqliteStore
from ips.writer import InlineWriter, Writer
from protocols.iso8583.specs import SPECS
from protocols.ports import Clock, Entropy, FaultPoints
from protocols.purse.proof import Prover

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
        rules: Rules,
        points: FaultPoints,
        dial: Dial,
        close: Callable[[], None],
        agent: Agent | None,
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
        self.rules = rules
        self.prover: Prover | None = None
        listings = list_modules()
        self._received_keeper = ReceivedKeeper(listings)
        self.know_issuer()
        self.gate = Gate(reader, keys.vault, clock)
        self.session_maker = SessionMaker(
            clock=clock, entropy=entropy, identity=self.identity, vault=keys.vault
        )
        self.shelf = Shelf(reader, listings)
        self._points = points
        self._policy = shipped_policy()
        self.cash_receipt_key = b""
        self.cash_receipts: Sender | None = None
        if config.cash_receipts.agent:
            secret, self.cash_receipt_key = keys.cash_receipts(clock=clock, entropy=entropy)
            self.cash_receipts = Sender(
                agent=agent or _agent_of(config),
                secret=secret,
                stores=config.stores,
                reader=reader,
                writer=writer,
                clock=clock,
            )
        journal = StoredJournal(writer, reader)
        self.banks = BankDesk(self._lines(dial), config.banks, clock)
        self._caller = Caller(clock=clock, journal=journal, faults=points, banks=self.banks)
        self.close = close

    def know_issuer(self) -> None:
        """Check e-cash evidence under the issuer's key, if this broker has one."""
        issuer = self.keys.purse_issuer()
        if issuer is not None:
            self.prover = Prover(issuer.suite, {issuer.key_id: issuer.public})
        self.bookkeeper = Bookkeeper(
            book_record,
            self.rules,
            ShadowKeeper(self.prover),
            self._received_keeper,
            sends_cash_receipts=bool(self.config.cash_receipts.agent),
        )

    @cached_property
    def phones(self) -> Phones:
        """What finds a member by the whole telephone number; its key is made when it is first needed."""
        return Phones(self.keys.member_phones(clock=self.clock, entropy=self.entropy))

    def desk(self, nonce: NonceRow | None = None) -> Desk:
        """Return the payment desk, for one request; its nonce is stored with the first step."""
        return Desk(
            books=DeskBooks(self.writer, self.reader, self.rules, nonce),
            modules=self.shelf,
            caller=self._caller,
            policy=self._policy,
            clock=self.clock,
            faults=self._points,
        )

    def _lines(self, dial: Dial) -> dict[str, BankLine]:
        """Return a line to each bank. Raises: KeyFolderError where a bank's key is missing."""
        exchanges = Exchanges(self.writer, self.reader, self.vault, self.clock)
        lines: dict[str, BankLine] = {}
        for name, bank in self.config.banks.items():
            key = self.keys.bank_mac(name)
            if key is None:
                raise KeyFolderError(
                    f"there is no key for the messages to bank {name}; give it: "
                    f"ips-broker bank key {name} --from FILE"
                )
            speech = Speech(spec=SPECS[bank.spec], header=bank.header, mac=bank.mac, key=key)
            lines[name] = BankLine(
                name,
                bank.address,
                speech,
                dial=dial,
                exchanges=exchanges,
                clock=self.clock,
                faults=self._points,
                taken_back=self._take_back,
            )
        return lines

    async def _take_back(self, row: ExchangeRow, code: str) -> None:
        reason = f"refused afterwards: bank code {code}"
        await self.desk().take_back(row.key, code=message_of(code), reason=reason)

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
        rules: Rules,
        dial: Dial = tcp.dial,
        agent: Agent | None = None,
    ) -> "Broker":
        """Lock the folder, bring the database up to date, make missing keys, start the writer.

        `agent` stands in for the one of the configuration.

        Raises: ConfigError, FolderLockedError, StoreError, KeyFolderError, OSError; then nothing stays open.
        """
        folder = config.place()
        with ExitStack() as stack:
            stack.callback(FolderLock(folder, holder).release)
            store = SqliteStore(folder / FILE_NAME)
            stack.callback(store.close)
            store.migrate(now_ns=clock.now_ns())
            rules = _with_kept_flows(rules, store)
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
                rules=rules,
                points=points,
                dial=dial,
                close=stack.pop_all().close,
                agent=agent,
            )


def _agent_of(config: Config) -> Agent:
    """Return the agent of the configuration. Raises: ConfigError."""
    # Loaded here: it takes as long as all the rest of the program, and most brokers never need it.
    from ips.cash_receipts.agent import HttpAgent

    return HttpAgent(config.cash_receipts.agent, config.cash_receipts.token())


def _with_kept_flows(rules: Rules, store: SqliteStore) -> Rules:
    """Return rules that also know every flow that a payment here is pinned to."""
    for row in store.rows(FlowRow, "flow", "ORDER BY name, pin"):
        if rules.flow(row.name, row.pin) is None:
            rules = rules.with_flow(row.source, file=f"{row.name} {row.pin}")
    return rules
