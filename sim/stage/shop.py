"""A whole shop in one folder: broker, virtual equipment, a till's folder that has joined the broker.

    DIR/broker/   broker.toml, database, keys        DIR/till/    till.toml, journal, keys
    DIR/cards/    the customers' cards, where there is a card reader
    DIR/banks/    two banks and a card issuer: their books
    DIR/*.log     what the programs said             the equipment lives on ptys it chooses

The first opening makes everything as a shop owner would, with the programs' own commands: the
terminal's place, its enrolment by code, the catalogue. Later openings find it made. Broker, banks and
equipment are processes of their own (sim.stage.children); none outlives this one.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from protocols.control import Endpoint
from protocols.ports import Clock, Entropy
from sim.bank.keys import TEST_KEY
from sim.control_client import Bench
from sim.hosting.pcscd import find_daemon, find_driver
from sim.stage.children import Child, call
from sim.stage.shop_banks import (
    BANKS,
    KEY_FILE,
    MODULES,
    banks_plan,
    banks_table,
    cards_policy,
    make_bank_cards,
)
from sim.stage.shop_cards import make_customers

STORE: Final = "S01"
TERMINAL: Final = "01"
_BROKER: Final = """# The broker of the demonstration shop; written at each opening.
folder = {folder}
organisation = "Intermarket demo"

[stores.{store}]
name_ko = "한빛마트 본점"
name_en = "Hanbit Mart"
business_number = "123-45-67890"

{banks}"""
ROLES: Final = {
    "printer": "printer",
    "line_display": "line_display",
    "scanner": "scanner",
    "stripe_reader": "stripe_reader",
    "pin_pad": "pin_pad",
    "customer": "customer_card",
}
"""Devices of the equipment that a till has an address for, and its key in the configuration."""
_FOR_CARDS: Final = """
[devices.stripe_reader]
wire = "pty"
line = { baud = 9600 }

[devices.pin_pad]
wire = "pty"
line = { baud = 9600 }
"""
_SLOT: Final = """
[devices.customer]
kind = "smart_card"
cards = {cards}
"""
PRESETS: Final = Path(__file__).parent / "presets"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where everything of a shop lies."""

    root: Path

    @property
    def broker(self) -> Path:
        """The broker's folder."""
        return self.root / "broker"

    @property
    def till(self) -> Path:
        """The till's folder."""
        return self.root / "till"

    @property
    def cards(self) -> Path:
        """The customers' cards."""
        return self.root / "cards"

    @property
    def banks(self) -> Path:
        """The banks' folder."""
        return self.root / "banks"

    @property
    def till_config(self) -> Path:
        """The till's wiring: written anew at each opening, because ptys have new names."""
        return self.till / "till.toml"

    @property
    def broker_config(self) -> Path:
        """The broker's wiring."""
        return self.broker / "broker.toml"


def serves_cards() -> bool:
    """Say whether this machine has what a virtual card reader stands on: pcscd and our driver."""
    return find_daemon() is not None and find_driver() is not None


class Shop:
    """The running shop around a counter."""

    def __init__(
        self, root: Path, *, clock: Clock, language: str = "ko", entropy: Entropy | None = None
    ) -> None:
        """With `entropy` the shop takes e-cash, where this machine can serve a card reader."""
        self.places = Places(root=root.resolve())
        self.language = language
        self._entropy = entropy if serves_cards() else None
        self._clock = clock
        self._broker: Child | None = None
        self._banks: Child | None = None
        self._bench: Child | None = None
        self._works: Bench | None = None
        self.broker_url = ""
        self.endpoint: Endpoint | None = None

    def open(self) -> None:
        """Start everything; at the first time, make it. Raises: ChildError."""
        for folder in (self.places.broker, self.places.till, self.places.banks):
            folder.mkdir(parents=True, exist_ok=True)
        self._start_banks()
        made = (self.places.till / ".made").exists()
        if not made:
            for bank in BANKS:
                self.broker("bank", "key", bank, "--from", str(self.places.banks / KEY_FILE))
        self.start_broker()
        self._write_till_config()
        if not made:
            self._make_till()
            (self.places.till / ".made").touch()
        if self._entropy is not None and not self.places.cards.exists():
            self._make_cards(self._entropy)
        self._bench = self._child("equipment", "sim.stage.cli", "up", *self._equipment())
        self.endpoint = msgspec.convert(self._bench.announcement(), Endpoint)
        self._write_till_config()

    def close(self) -> None:
        """End everything that was started."""
        if self._works is not None:
            self._works.close()
        for child in (self._bench, self._broker, self._banks):
            if child is not None:
                child.end()

    def _start_banks(self) -> None:
        """Start the banks, and write down for the broker where they are. Raises: ChildError."""
        plan = self.places.banks / "banks.toml"
        plan.write_text(banks_plan(), encoding="utf-8")
        folder = ["--folder", str(self.places.banks)]
        (self.places.banks / KEY_FILE).write_text(TEST_KEY, encoding="ascii")
        self._banks = self._child("banks", "sim.stage.cli", "up", str(plan), *folder)
        hosts = msgspec.convert(self._banks.announcement(), Endpoint).devices
        text = _BROKER.format(
            folder=json.dumps(str(self.places.broker)), store=STORE, banks=banks_table(hosts)
        )
        self.places.broker_config.write_text(text, encoding="utf-8")

    def start_broker(self) -> None:
        """Start the broker where it was, or on a port it chooses. Raises: ChildError."""
        listen = self.broker_url.removeprefix("http://") or "127.0.0.1:0"
        config = str(self.places.broker_config)
        self._broker = self._child(
            "broker", "ips.cli", "serve", "--config", config, "--listen", listen
        )
        self.broker_url = str(self._broker.announcement()["url"])

    def kill_broker(self) -> None:
        """Take the broker away as a power cut would."""
        assert self._broker is not None, "no broker runs"
        self._broker.kill()
        self._broker = None

    def broker(self, *arguments: str) -> str:
        """Run an `ips-broker` command and return what it printed. Raises: ChildError."""
        return call(["ips.cli", *arguments, "--config", str(self.places.broker_config)])

    def till(self, *arguments: str, text: str = "") -> str:
        """Run an `ips-pos` command and return what it printed. Raises: ChildError."""
        return call(["pos.cli", "--config", str(self.places.till_config), *arguments], text=text)

    def do(self, device: str, verb: str, **arguments: str) -> dict[str, Any]:
        """Do something to a device; returns its state. Raises: BenchError."""
        return self._control().device(device).do(verb, **arguments)

    def state(self, device: str) -> dict[str, Any]:
        """Return what can be seen on a device. Raises: BenchError."""
        return self._control().device(device).look().state

    def paper(self) -> str:
        """Return everything the printer has printed, as text."""
        return self._control().device("printer").paper()

    def picture(self) -> bytes:
        """Return everything the printer has printed as a PNG, dot for dot."""
        return self._control().device("printer").picture()

    def _control(self) -> Bench:
        if self._works is None:
            assert self.endpoint is not None, "the shop is closed"
            self._works = Bench(self.endpoint)
        return self._works

    def _child(self, name: str, *arguments: str) -> Child:
        log = self.places.root / f"{name}.log"
        return Child(name, arguments, log=log, clock=self._clock)

    def _equipment(self) -> list[str]:
        """Return what the bench serves: a counter, with a slot for customers' cards if it can."""
        folder = ["--folder", str(self.places.root / "equipment")]
        plan = (PRESETS / "counter.toml").read_text(encoding="utf-8") + _FOR_CARDS
        if self._entropy is not None:
            plan += _SLOT.format(cards=json.dumps(str(self.places.cards)))
        file = self.places.root / "equipment.toml"
        file.write_text(plan, encoding="utf-8")
        return [str(file), *folder]

    def _write_till_config(self) -> None:
        devices = {} if self.endpoint is None else self.endpoint.devices
        purse = ['shop_card = "file://purse"'] if self._entropy is not None else []
        lines = [
            "# Written at each opening of the demonstration shop.",
            f"folder = {json.dumps(str(self.places.till))}",
            f'terminal = "{TERMINAL}"',
            f'language = "{self.language}"',
            "[clerk]",
            'id = "kim"',
            'name = "김영희"' if self.language == "ko" else 'name = "Y.KIM"',
            "[store]",
            f'id = "{STORE}"',
            'name_ko = "한빛마트 본점"',
            'name_en = "Hanbit Mart"',
            'business_number = "123-45-67890"',
            "[broker]",
            f'url = "{self.broker_url}"',
            "[devices]",
            "paper_columns = 48",
            *(
                f"{key} = {json.dumps(devices[role])}"
                for role, key in ROLES.items()
                if role in devices
            ),
            *purse,
        ]
        self.places.till_config.write_text("\n".join(lines) + "\n")

    def _make_cards(self, entropy: Entropy) -> None:
        """Make the issuer of e-cash, the shop's purse in the till's folder, and the customers' cards of all kinds."""
        self.broker("purse", "issuer")
        request = self.till("purse", "make").splitlines()[0]
        answer = json.loads(self.broker("purse", "certify", request, "--json"))["answer"]
        self.till("purse", "install", answer)
        # Under another name until all are there: half a set would stay so for ever.
        made = self.places.cards.with_name("cards.being-made")
        shutil.rmtree(made, ignore_errors=True)
        make_customers(made, self.broker, entropy)
        make_bank_cards(made, entropy)
        made.rename(self.places.cards)
        policy = self.places.broker / "policy.toml"
        policy.write_text(cards_policy(self.places.cards), encoding="utf-8")
        self.broker("document", "publish", "policy", str(policy))

    def _make_till(self) -> None:
        added = json.loads(self.broker("terminal", "add", TERMINAL, "--store", STORE, "--json"))
        self.till("enrol", added["code"])
        for module in MODULES:
            self.broker("module", "activate", module)
        goods = Path(__file__).parents[2] / "pos" / "data" / "goods.csv"
        self.till("catalogue", "import", str(goods))
