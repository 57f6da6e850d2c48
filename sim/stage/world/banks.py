"""The banks of a world: hosts behind lines in memory, over one file of books; the broker dials them."""

from pathlib import Path
from typing import Final

import msgspec

from ips.bank.wiring import BankConfig
from protocols.control import Verb
from protocols.ports import ByteLink, Clock
from protocols.serial_line import LineSettings
from sim.bank.books import Books
from sim.bank.people import read_people
from sim.bank.twin import BankTwin
from sim.entropy import SeededEntropy
from sim.hosting.hosted import Hosted
from sim.hosting.memory import MemoryCarrier
from sim.wire import Wire

HANBIT: Final = "hanbit"


class Banks:
    """All banks' hosts. Satisfies no agreement: the broker meets them by bytes alone."""

    def __init__(
        self,
        folder: Path,
        *,
        clock: Clock,
        entropy: SeededEntropy,
        wiring: dict[str, dict[str, object]] | None = None,
    ) -> None:
        """`wiring` is what stands under [banks] in the broker's configuration, but for addresses."""
        folder.mkdir(parents=True, exist_ok=True)
        wished = wiring or {HANBIT: {"cards": ["9900"], "accounts": ["110", "220"]}}
        self.wiring = {
            name: msgspec.convert({"address": f"{name}:8583", **each}, BankConfig)
            for name, each in wished.items()
        }
        self.books = Books(folder / "banks.sqlite", read_people())
        self._carriers = {name: MemoryCarrier(f"bank-{name}") for name in self.wiring}
        self.hosts = {
            name: Hosted(
                name=name,
                twin=BankTwin(clock=clock, books=self.books, bank=name),
                carrier=carrier,
                wire=Wire(entropy.fork(name), line=LineSettings()),
                clock=clock,
            )
            for name, carrier in self._carriers.items()
        }

    async def start(self) -> None:
        """Open every host. Raises: OSError."""
        for host in self.hosts.values():
            await host.start()

    async def stop(self) -> None:
        """Close every host; their books stay."""
        for host in self.hosts.values():
            await host.stop()
        self.books.close()

    async def dial(self, address: str) -> ByteLink:
        """Dial a bank. Raises: LinkDownError."""
        return self._carriers[address.partition(":")[0]].dial()

    async def do(self, verb: str, bank: str = HANBIT, **arguments: str) -> None:
        """Let something go wrong. Raises: VerbError."""
        await self.hosts[bank].do(Verb(verb=verb, arguments=arguments))

    def shop(self, merchant: str, currency: str = "KRW") -> int:
        """Return what all banks have for a shop."""
        name = f"shop/{merchant}"
        return sum(self.books.balance(bank, name, currency) for bank in self.hosts)

    def objections(self) -> list[str]:
        """Return what is wrong with the banks' books."""
        return self.books.objections()
