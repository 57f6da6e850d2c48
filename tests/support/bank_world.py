"""A broker and a bank in virtual time: the production broker on a file, the bank's host behind a memory line."""

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path

from ips.office import ModuleChange
from ips.rules import load_rules
from protocols.broker import PaymentRequest, RefundRequest
from sim.bank.twin import BankTwin
from sim.cards.passbook import PassbookCard
from sim.clock import run
from sim.entropy import SeededEntropy
from sim.stage.world.banks import Banks
from sim.stage.world.broker import BrokerHere
from sim.stage.world.life import KilledError, keep_lives
from tests.support import bank as b
from tests.support.passbooks import passbook, signed_order

RULES = load_rules()


class BankWorld:
    """Both programs; `await world.pay()` asks as a till does."""

    def __init__(self, folder: Path, clock, wiring=None) -> None:
        self.clock = clock
        self.banks = Banks(folder / "banks", clock=clock, entropy=SeededEntropy(1), wiring=wiring)
        self.here = BrokerHere(
            folder / "broker", clock=clock, entropy=SeededEntropy(2), rules=RULES,
            stores={"S01": "x"}, banks=self.banks,
        )  # fmt: skip
        self._number = 0
        self.books: dict[str, PassbookCard] = {}

    async def open(self) -> None:
        self.crashes = []
        keep_lives(asyncio.get_running_loop(), self.crashes.append)
        await self.banks.start()
        self.here.start()
        for module in ("card", "transfer"):
            await self.here.do(ModuleChange(module=module, verb="activate", actor="t"))
        await asyncio.sleep(1)

    async def close(self) -> None:
        await self.here.end()
        await self.banks.stop()

    @property
    def broker(self):
        return self.here.broker

    @property
    def twin(self) -> BankTwin:
        return self.banks.hosts["hanbit"].twin

    async def do(self, verb: str, bank: str = "hanbit", **arguments: str) -> None:
        await self.banks.do(verb, bank, **arguments)

    async def run(self, work):
        """Have the broker do something; None when it dies of it."""
        try:
            return await asyncio.shield(self.here.life.run(work, name="asked"))
        except (KilledError, asyncio.CancelledError):
            return None

    def key(self) -> str:
        self._number += 1
        return f"S01-01-20260101-{self._number:04d}-a"

    def request(self, pan: str = b.CREDIT, amount: int = 1_000, key: str = "", **fields: str):
        return PaymentRequest(
            key=key or self.key(), module="card", amount=amount, store="S01", terminal="01",
            fields={"pan": pan, "entry": "chip", **fields},
        )  # fmt: skip

    async def pay(self, pan: str = b.CREDIT, amount: int = 1_000, key: str = "", **fields: str):
        return await self.run(self.broker.desk().pay(self.request(pan, amount, key, **fields)))

    async def transfer(self, account: str = b.ACCOUNT, amount: int = 1_000, pin: str = "1234",
                       card: PassbookCard | None = None, ordered: int = 0, **changes: object):  # fmt: skip
        """Transfer as a till does; `ordered` and `changes` are of the order that the passbook signs."""
        key, book = self.key(), card or self.books.setdefault(account, passbook(account=account))
        fields = {
            "account": account,
            "signed_order": signed_order(book, key, ordered or amount, **changes),
        }
        if pin:
            objects = bytes.fromhex(b.pin_of(pin, account)[110])
            fields |= {"pin_block": objects[3:19].hex().upper(), "ksn": objects[-12:].hex().upper()}
        asked = PaymentRequest(key=key, module="transfer", amount=amount, store="S01",
                               terminal="01", fields=fields)  # fmt: skip
        return await self.run(self.broker.desk().pay(asked))

    async def look(self, key: str):
        return await self.broker.desk().look(key)

    async def refund(self, payment: str, amount: int, key: str):
        asked = RefundRequest(
            key=key, payment=payment, amount=amount, reason="changed_mind", actor="t"
        )
        return await self.run(self.broker.desk().request_refund(asked))

    def shop(self) -> int:
        """What the banks have for the shop."""
        return self.banks.shop("S01")

    def rows(self) -> dict[str, str]:
        """What the broker knows of every exchange: key to state."""
        found = self.broker.reader.ask("SELECT key, state FROM bank_exchange ORDER BY id")
        return dict(found)

    def words(self) -> list[str]:
        return [event.what for event in self.twin.history]

    def agree(self) -> None:
        """The broker's exchanges and the bank's books are one."""
        assert self.banks.objections() == [] and self.crashes == []
        found = self.broker.reader.ask(
            "SELECT operation, sum(amount) FROM bank_exchange WHERE state = 'approved' "
            "AND operation IN ('authorise', 'capture', 'refund') GROUP BY operation"
        )
        sums = dict(found)
        paid = sums.get("authorise", 0) + sums.get("capture", 0) - sums.get("refund", 0)
        assert paid == self.shop(), self.rows()


@asynccontextmanager
async def bank_world(folder: Path, clock, wiring=None):
    world = BankWorld(folder, clock, wiring)
    try:
        await world.open()
        yield world
    finally:
        await world.close()


def story(tmp_path, wiring=None):
    """Run a story in a world of its own; broker and bank agree at its end."""

    def decorate(told):
        async def whole(clock, entropy):
            async with bank_world(tmp_path, clock, wiring) as world:
                await told(world)
                await asyncio.sleep(200)
                world.agree()
                # The end of the day: whatever went wrong, both have the same totals.
                settled = await world.run(world.broker.banks.settle("hanbit", "S01", "01", "KRW"))
                assert settled.agreed and settled.ours == settled.theirs, settled

        run(whole)

    return decorate
