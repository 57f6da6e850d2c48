"""The broker in this program: its real front, rules and store on a file, killed and started again.

A request runs in the broker's own life: a till that is killed while it waits does not break off what
the broker does, and a broker that is killed answers nobody.
"""

import asyncio
from pathlib import Path
from typing import Final

import httpx

from ips.bank import tcp
from ips.broker import KEYS_NAME, Broker, Threads
from ips.cash_receipts.agent import HttpAgent
from ips.cash_receipts.sender import Sender
from ips.config import CashReceiptsConfig, Config, StoreConfig
from ips.front.app import build_app
from ips.front.server import RECOVER_SECONDS
from ips.janitor import ROUND_MAX
from ips.keys import KeyFolder
from ips.office import CodeMade, Deed, TerminalAdd, perform
from ips.purse.desk import PurseIssuer
from ips.rules import Rules
from ips.store.reader import Reader
from protocols.ports import Clock, Entropy
from protocols.purse.issuing import Issuer
from protocols.purse.proof import Prover
from sim.bank.keys import TEST_KEY
from sim.cash_receipt_agent import CashReceiptAgent
from sim.stage.world.agent import URL as AGENT_URL
from sim.stage.world.agent import AgentLine
from sim.stage.world.asgi import App, ask
from sim.stage.world.banks import Banks
from sim.stage.world.life import KilledError, Life

URL: Final = "http://broker.test"
ACTOR: Final = "park"
"""Who works at the office."""


class BrokerHere(httpx.AsyncBaseTransport):
    """A broker under the caller's clock, and the way to its front door."""

    url = URL

    def __init__(
        self,
        folder: Path,
        *,
        clock: Clock,
        entropy: Entropy,
        rules: Rules,
        stores: dict[str, str],
        banks: Banks | None = None,
        agent: CashReceiptAgent | None = None,
    ) -> None:
        """`stores` are names of shops by their ids. Nothing is opened yet."""
        self.banks = banks
        self._place = folder
        self._stores = {
            store: StoreConfig(name_ko=name, name_en=name, business_number="123-45-67890")
            for store, name in stores.items()
        }
        self.agent = agent
        self._clock = clock
        self._entropy = entropy
        self._rules = rules
        self._broker: Broker | None = None
        self._app: App | None = None
        self.life = Life()
        self.look_seconds = RECOVER_SECONDS
        """Between two looks at what did not end."""

    @property
    def config(self) -> Config:
        """Its configuration; of banks that are dialled over TCP, once they are started."""
        return Config(
            folder=str(self._place),
            banks=self.banks.wiring if self.banks else {},
            stores=self._stores,
            cash_receipts=CashReceiptsConfig(agent="" if self.agent is None else AGENT_URL),
        )

    @property
    def running(self) -> bool:
        """Say whether it serves."""
        return self._broker is not None and not self.life.dead

    @property
    def broker(self) -> Broker:
        """The broker itself, for the office and the auditors."""
        assert self._broker is not None, "the broker is down"
        return self._broker

    @property
    def reader(self) -> Reader:
        """Its database, to read."""
        return self.broker.reader

    @property
    def prover(self) -> Prover | None:
        """What checks the evidence of e-cash."""
        return self.broker.prover

    def start(self) -> None:
        """Serve, from what is durable; harmless when it does already. Raises: StoreError."""
        if self.running:
            return
        self._let_go()
        self.life = Life()
        if self.banks is not None:
            self._agree_on_keys(self.banks)
        self._broker = Broker.open(
            self.config,
            holder="world",
            clock=self._clock,
            entropy=self._entropy,
            points=self.life,
            threads=Threads.INLINE,
            rules=self._rules,
            dial=self.banks.dial if self.banks else tcp.dial,
            agent=None
            if self.agent is None
            else HttpAgent(AGENT_URL, self.agent.token, AgentLine(self.agent)),
        )
        self._app = build_app(self._broker)
        self.life.run(self._janitor(self._broker), name="janitor")
        self.life.run(self._broker.banks.run(), name="banks")
        if self._broker.cash_receipts is not None:
            self.life.run(self._send(self._broker.cash_receipts), name="cash receipts")

    def _agree_on_keys(self, banks: Banks) -> None:
        """Have the key of each bank's messages, as after a visit there."""
        folder = self.config.place() / KEYS_NAME
        keys = KeyFolder.init(folder, clock=self._clock, entropy=self._entropy)
        for name in banks.wiring:
            if keys.bank_mac(name) is None:
                keys.keep_bank_mac(name, bytes.fromhex(TEST_KEY), clock=self._clock)

    def stop(self) -> None:
        """Be away, as for maintenance; harmless twice."""
        self.life.kill()
        self._let_go()

    def kill(self) -> None:
        """End as by a power cut: what is not committed was never there."""
        self.stop()

    def kill_at(self, point: str, nth: int = 1) -> None:
        """End so when a place (ips/points.py) is reached for the nth time from now on."""
        self.life.kill_at(point, nth)

    def spare(self) -> None:
        """Be killed nowhere any more."""
        self.life.spare()

    def serve(self) -> None:
        """Be open for tills: everything was made. Raises: OSError where it cannot be."""

    async def end(self) -> None:
        """Be away for good."""
        self.stop()
        await self.life.gone()

    async def do(self, deed: Deed) -> None:
        """Have the office do something."""
        await perform(self.broker, deed)

    async def make(self) -> Issuer:
        """Be an issuer of e-cash; returns its key."""
        await perform(self.broker, PurseIssuer(actor=ACTOR))
        issuer = self.broker.keys.purse_issuer()
        assert issuer is not None, "the office has just made it"
        return issuer

    async def code(self, terminal: str, store: str) -> str:
        """Return a code by which a terminal joins."""
        made = await perform(self.broker, TerminalAdd(terminal=terminal, store=store, actor=ACTOR))
        assert isinstance(made, CodeMade), made
        return made.code

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request. Raises: httpx.ConnectError while it is down, ReadError when it dies."""
        if not self.running or self._app is None:
            raise httpx.ConnectError("connection refused: the broker is down")
        serving = self.life.run(ask(self._app, request), name="request")
        try:
            return await asyncio.shield(serving)
        except KilledError:
            raise httpx.ReadError("the broker's connection was reset") from None
        except asyncio.CancelledError:
            if serving.cancelled():
                raise httpx.ReadError("the broker's connection was reset") from None
            raise

    async def _janitor(self, broker: Broker) -> None:
        """Look again at what did not end, as the served broker does."""
        while True:
            looked = await broker.desk().recover(limit=ROUND_MAX)
            await asyncio.sleep(0 if looked == ROUND_MAX else self.look_seconds)

    async def _send(self, sender: Sender) -> None:
        """Take cash receipts to the agent, as the served broker does."""
        while True:
            looked = await sender.round()
            await asyncio.sleep(0 if looked else RECOVER_SECONDS)

    def _let_go(self) -> None:
        """Close files and locks; SQLite takes back what was not committed."""
        broker, self._broker, self._app = self._broker, None, None
        if broker is not None:
            broker.close()
