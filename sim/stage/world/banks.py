"""The banks of a world: hosts over one file of books, each behind a line of its own; the broker dials them.

hanbit, nuri    as in `ips-sim up --preset bank`; who has an account or a card is in sim/bank/sets/market.toml
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from ips.bank import tcp
from ips.bank.wiring import BankConfig
from protocols.control import DeviceState, Event, Verb
from protocols.ports import ByteLink, Clock
from protocols.serial_line import LineSettings
from sim.bank.books import Books
from sim.bank.people import People, read_people
from sim.bank.twin import BankTwin
from sim.control import Served
from sim.entropy import SeededEntropy
from sim.hosting.carrier import Carrier
from sim.hosting.hosted import Hosted
from sim.hosting.memory import MemoryCarrier
from sim.hosting.tcp import TcpCarrier
from sim.stage.recording import Watch, device_channel
from sim.stage.world.wires import Wire as Kind
from sim.twin import VerbError
from sim.wire import Wire

HANBIT: Final = "hanbit"
BANKS: Final = (HANBIT, "nuri")
WIRING: Final[Mapping[str, Mapping[str, Any]]] = {
    HANBIT: {"cards": ["9900"], "accounts": ["1", "2"]},
    "nuri": {"cards": ["990022"], "accounts": ["220"], "spec": "binary", "mac": "retail"},
}
"""What stands under [banks] of a broker, but for addresses: hanbit takes everything, nuri its own."""


class Banks:
    """All banks' hosts. Satisfies no agreement: the broker meets them by bytes alone."""

    def __init__(
        self,
        folder: Path,
        *,
        clock: Clock,
        entropy: SeededEntropy,
        wiring: Mapping[str, Mapping[str, Any]] | None = None,
        people: People | None = None,
        wire: Kind = Kind.MEMORY,
        watch: Watch | None = None,
    ) -> None:
        """`wiring` is what stands under [banks] in the broker's configuration, but for addresses; `wire`
        tells whether they are dialled in memory or over TCP."""
        folder.mkdir(parents=True, exist_ok=True)
        self._wished = wiring or {HANBIT: WIRING[HANBIT]}
        self._real = wire.real
        self.books = Books(folder / "banks.sqlite", people or read_people())
        self._carriers: dict[str, MemoryCarrier | TcpCarrier] = {
            name: TcpCarrier() if wire.real else MemoryCarrier(f"bank-{name}")
            for name in self._wished
        }
        self.hosts: dict[str, Served] = {
            name: self._host(name, clock, entropy.fork(name), watch or Watch(), wire)
            for name in self._wished
        }

    def _host(
        self, name: str, clock: Clock, entropy: SeededEntropy, watch: Watch, wire: Kind
    ) -> Served:
        speech = self.wiring[name]
        carrier: Carrier = watch.carrier(
            self._carriers[name], name, protocol="iso8583", link=wire.value
        )
        hosted = Hosted(
            name=name,
            twin=BankTwin(
                clock=clock,
                books=self.books,
                bank=name,
                spec=speech.spec,
                header=speech.header,
                mac=speech.mac,
            ),
            carrier=carrier,
            wire=Wire(entropy, line=LineSettings()),
            clock=clock,
        )
        return watch.noted(hosted, device_channel(name))

    @property
    def wiring(self) -> dict[str, BankConfig]:
        """What stands under [banks] in the broker's configuration; over TCP, once they are started."""
        return {
            name: msgspec.convert({"address": self._address(name), **each}, BankConfig)
            for name, each in self._wished.items()
        }

    def _address(self, name: str) -> str:
        carrier = self._carriers[name]
        return (
            f"{name}:8583"
            if isinstance(carrier, MemoryCarrier)
            else carrier.address.removeprefix("tcp://")
        )

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
        carrier = self._carriers.get(address.partition(":")[0])
        if isinstance(carrier, MemoryCarrier):
            return carrier.dial()
        return await tcp.dial(address)

    async def do(self, verb: str, bank: str = HANBIT, /, **arguments: str) -> None:
        """Let something go wrong. Raises: VerbError."""
        await self._served(bank).do(Verb(verb=verb, arguments=arguments))

    def state(self, bank: str) -> dict[str, Any]:
        """Return what a bank's operator sees. Raises: VerbError."""
        seen: DeviceState = self._served(bank).state()
        return seen.state

    def history(self, bank: str) -> Sequence[Event]:
        """Return what happened at a bank, oldest first. Raises: VerbError."""
        return self._served(bank).history()

    def shop(self, merchant: str, currency: str = "KRW") -> int:
        """Return what all banks have for a shop."""
        name = f"shop/{merchant}"
        return sum(self.books.balance(bank, name, currency) for bank in self.hosts)

    def holds(self, number: str, currency: str = "KRW") -> int:
        """Return what is in an account, or below zero what a credit card owes. Raises: LookupError."""
        people = self.books.people
        card = people.cards.get(number)
        account = card.account if card else number
        if account in people.accounts:
            bank = people.bank_of_account(account)
            return self.books.balance(bank, f"deposit/{account}", currency)
        if card is None:
            raise LookupError(f"no bank has {number}")
        return self.books.balance(people.bank_of_card(number), f"card/{number}", currency)

    def objections(self) -> list[str]:
        """Return what is wrong with the banks' books."""
        return self.books.objections()

    def _served(self, bank: str) -> Served:
        served = self.hosts.get(bank)
        if served is None:
            raise VerbError(f"no bank {bank} here; there are: {', '.join(self.hosts)}")
        return served
