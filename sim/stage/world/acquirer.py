"""The bank behind the stand-alone payment terminals of a world: each dials a line of its own, as a merchant of its own.

The broker is no party to it: till and terminal meet over ZVT, terminal and bank over ISO 8583, all by bytes.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from protocols.control import Verb
from protocols.ports import Clock
from protocols.serial_line import LineSettings
from sim.bank.books import Books
from sim.bank.people import People, read_people
from sim.bank.twin import BankTwin
from sim.control import Served
from sim.entropy import SeededEntropy
from sim.hosting.hosted import Hosted
from sim.hosting.memory import MemoryCarrier
from sim.hosting.tcp import TcpCarrier
from sim.payment_terminal import TERMINAL_ID
from sim.stage.recording import Watch, device_channel
from sim.stage.world.banks import HANBIT
from sim.stage.world.given import STORE
from sim.stage.world.wires import Wire as Kind
from sim.wire import Wire

NAME: Final = "terminal_bank"


class Acquirer:
    """One bank, one file of books, a line for each till's terminal."""

    def __init__(
        self,
        folder: Path,
        tills: Mapping[str, str],
        *,
        clock: Clock,
        entropy: SeededEntropy,
        people: People | None = None,
        wire: Kind = Kind.MEMORY,
        watch: Watch | None = None,
    ) -> None:
        """`tills` gives what each till's devices are named with, as in 01-printer."""
        folder.mkdir(parents=True, exist_ok=True)
        watch = watch or Watch()
        self.books = Books(folder / "bank.sqlite", people or read_people())
        self._tills = list(tills)
        self.hosts: dict[str, Served] = {}
        for till, prefix in tills.items():
            name = f"{prefix}{NAME}"
            inner = TcpCarrier() if wire.real else MemoryCarrier(name)
            hosted = Hosted(
                name=name,
                twin=BankTwin(clock=clock, books=self.books, bank=HANBIT),
                carrier=watch.carrier(inner, name, protocol="iso8583", link=wire.value),
                wire=Wire(entropy.fork(name), line=LineSettings()),
                clock=clock,
            )
            self.hosts[till] = watch.noted(hosted, device_channel(name))

    def options(self, till: str) -> dict[str, Any]:
        """Return how a till's terminal reaches it and is known there; nothing of a till that has none."""
        if till not in self.hosts:
            return {}
        return {
            "bank": self.hosts[till].address.removeprefix("tcp://"),
            "merchant": merchant_of(till),
            "terminal_id": TERMINAL_ID + self._tills.index(till),
        }

    async def start(self) -> None:
        """Open every line. Raises: OSError."""
        for host in self.hosts.values():
            await host.start()

    async def stop(self) -> None:
        """Close every line; the books stay."""
        for host in self.hosts.values():
            await host.stop()
        self.books.close()

    async def do(self, till: str, verb: str, **arguments: str) -> None:
        """Let something go wrong on a terminal's line. Raises: VerbError."""
        await self.hosts[till].do(Verb(verb=verb, arguments=arguments))

    def shop(self, till: str, currency: str = "KRW") -> int:
        """Return what it holds for the merchant of a till's terminal."""
        return self.books.balance(HANBIT, f"shop/{merchant_of(till)}", currency)


def merchant_of(till: str) -> str:
    """Return as whom a till's terminal is known to its bank."""
    return f"{STORE}-{till}"
