"""A real counter on a terminal that is killed at a command of a card or at a named place, and its clerk after it.

Two cards in the readers of a private pcscd, answered in a thread of the test; the counter is `ips-pos` on a
pseudo-terminal. The clerk reads the screen and presses what it offers, and each key is counted.
"""

import asyncio
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final
from zoneinfo import ZoneInfo

from pos.catalogue import replace_catalogue
from pos.entry import parse_entry
from pos.equipment import NoDisplay, NoDrawer
from pos.host import HostClock, NoFaults
from pos.register import Clerk, Register, Setup
from pos.rights import Role
from pos.store.store import FILE_NAME, Store
from pos.store.threads import StoreInline
from pos.tenders.registry import find_tenders
from pos.till import Till
from protocols.control import Verb
from protocols.documents import Policy
from protocols.facts import AttemptClosed, Fact, SaleClosed, decode_fact
from protocols.journal import decode_record
from protocols.purse.suite import P256
from sim.cards.card import Card
from sim.cards.file import read_cards
from sim.cards.issue import make_set, read_set, set_file
from sim.entropy import SeededEntropy
from sim.host import SystemClock
from sim.hosting.card_slot import HostedSlot
from sim.hosting.card_socket import ReaderCarrier
from sim.hosting.pcscd import PrivateDaemon, ReaderPlan
from sim.smart_card import SmartCardTwin
from tests.support.counter_till import GOODS
from tests.support.staff import put_policy
from tests.ui.terminal import FRAME_END, Terminal

MILK: Final = "8801115114154"
PRICE: Final = 2_980
KEYS: Final = {
    "Enter": b"\r",
    "F1": b"\x1bOP",
    "F7": b"\x1b[18~",
    "F8": b"\x1b[19~",
    "F9": b"\x1b[20~",
    "F12": b"\x1b[24~",
}
PATIENCE_S: Final = 40.0
STILL_S: Final = 0.15
CUSTOMER, SHOP = "customer", "shop"


@dataclass(frozen=True, slots=True)
class Scheme:
    """One kind of e-cash: whose cards, and where the configuration has the shop's."""

    name: str
    card: str
    own: str
    key: str


PURSE: Final = Scheme("purse", "customer-1", "shop", "shop_card")
ICASH: Final = Scheme("icash", "icash-1", "icash-module", "shop_cards.icash")


@dataclass(frozen=True, slots=True)
class Moment:
    """A command of one of the two cards, counted from the payment's begin."""

    slot: str
    nth: int
    done: bool
    """The card has carried it out; its answer reaches nobody."""

    def __str__(self) -> str:
        return f"{self.slot}-{self.nth}-{'after' if self.done else 'before'}"


class Killing:
    """Ends a process at a moment."""

    def __init__(self) -> None:
        self._moment: Moment | None = None
        self._pid = 0
        self._heard = 0
        self.struck = threading.Event()

    def arm(self, moment: Moment, pid: int) -> None:
        """Begin to count."""
        self.struck.clear()
        self._moment, self._pid, self._heard = moment, pid, 0

    def around(self, slot: str, handle: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
        """Return what a card answers with from now on."""

        def answer(apdu: bytes) -> bytes:
            moment = self._moment
            if moment is None or moment.slot != slot:
                return handle(apdu)
            self._heard += 1
            if self._heard != moment.nth:
                return handle(apdu)
            self._moment = None
            said = handle(apdu) if moment.done else b"\x6f\x00"
            os.kill(self._pid, signal.SIGKILL)
            self.struck.set()
            return said

        return answer


class CardTable:
    """Cards, two readers and their daemon. Use as a context."""

    def __init__(self, folder: Path) -> None:
        self._clock = SystemClock()
        cards = folder / "cards"
        make_set(cards, read_set(set_file("shop")), suite=P256(), entropy=SeededEntropy(1))
        self.cards: dict[str, Card] = read_cards(cards)
        self.killing = Killing()
        for scheme in (PURSE, ICASH):
            for slot, name in ((CUSTOMER, scheme.card), (SHOP, scheme.own)):
                card: Any = self.cards[name]
                card.handle = self.killing.around(slot, card.handle)
        plans = tuple(ReaderPlan(name=f"IPS {slot}") for slot in (CUSTOMER, SHOP))
        self._daemon = PrivateDaemon(folder / "pcscd", plans, clock=self._clock)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._hosts: dict[str, HostedSlot] = {}
        self.addresses: dict[str, str] = {}

    def __enter__(self) -> "CardTable":
        self._daemon.start()
        self._thread.start()
        for slot in (CUSTOMER, SHOP):
            self._run(self._host(slot))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for host in self._hosts.values():
            self._run(host.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()
        self._daemon.stop()

    async def _host(self, slot: str) -> None:
        name = f"IPS {slot}"
        carrier = ReaderCarrier(
            self._daemon.dial(name), reader=name, daemon=self._daemon.client_socket
        )
        host = HostedSlot(
            name=slot, twin=SmartCardTwin(self.cards), carrier=carrier, clock=self._clock
        )
        await host.start()
        self._hosts[slot], self.addresses[slot] = host, carrier.address

    def insert(self, slot: str, card: str) -> None:
        """Put a card in; whatever was there comes out."""
        if self._hosts[slot].twin.inserted != card:
            self.remove(slot)
            self._run(self._hosts[slot].do(Verb(verb="insert", arguments={"card": card})))

    def remove(self, slot: str) -> None:
        """Take a card out, if there is one."""
        if self._hosts[slot].twin.inserted:
            self._run(self._hosts[slot].do(Verb(verb="remove", arguments={})))

    def holds(self, card: str) -> int:
        """Return a card's won."""
        return int(self.cards[card].visible()["balances"]["410"])

    def _run(self, work: Coroutine[Any, Any, Any]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)


@dataclass
class Shop:
    """One till's folder, milk in its basket, and the counter that is opened on it again and again."""

    folder: Path
    scheme: Scheme = PURSE
    table: CardTable | None = None
    keys: list[str] = field(default_factory=list)
    """What was pressed since the last restart."""
    _screen: Terminal | None = None

    def prepare(self) -> "Shop":
        """Stock it, open the shift, scan milk; and end in order."""
        self.folder.mkdir(parents=True)
        with Store(self.folder / FILE_NAME, clock=HostClock()) as store:
            replace_catalogue(store.database, GOODS, now_ns=HostClock().now_ns())
            put_policy(store, Policy(tenders=["cash", self.scheme.name]))
        asyncio.run(self._begin())
        lines = ['folder = "."', 'language = "en"', "[devices]"]
        if self.table is not None:
            lines.append(f'customer_card = "{self.table.addresses[CUSTOMER]}"')
            lines.append(f'{self.scheme.key} = "{self.table.addresses[SHOP]}"')
        (self.folder / "pos.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return self

    async def _begin(self) -> None:
        register = Register(
            setup=Setup(
                store="S1",
                store_name="Hanbit Mart",
                clerk=Clerk(id="kim", name="Y.KIM", role=Role.MANAGER),
                zone=ZoneInfo("Asia/Seoul"),
            ),
            clock=HostClock(),
            faults=NoFaults(),
            runner=StoreInline(Store(self.folder / FILE_NAME, clock=HostClock())),
            tenders=find_tenders(),
        )
        till = Till(register, drawer=NoDrawer(), display=NoDisplay())
        await till.start()
        for entry in ("50.OS", MILK):
            await till.execute(parse_entry(entry))
        await till.stop()

    @property
    def screen(self) -> Terminal:
        assert self._screen is not None, "the counter is not open"
        return self._screen

    def open(self, fault: str = "") -> None:
        """Start the counter."""
        self.keys.clear()
        extra = {"HOME": str(self.folder)} | ({"FAULT": fault} if fault else {})
        config = str(self.folder / "pos.toml")
        self._screen = Terminal(["-m", "pos.cli", "--config", config], extra=extra)
        self.wait(lambda text: "Lane 01" in text and "^C=Exit" in text, "the counter")

    def died(self) -> None:
        """Wait for its sudden end, and put the terminal away."""
        assert self.screen.process.wait(PATIENCE_S) == -signal.SIGKILL
        self.close()

    def close(self) -> None:
        """Put the terminal away, whatever runs on it."""
        if self._screen is not None:
            self._screen.__exit__(None, None, None)
            self._screen = None

    def text(self) -> str:
        """Return what is on the screen now."""
        return self.screen.text()

    def wait(self, shown: Callable[[str], bool], what: str) -> str:
        """Read until a finished picture is so; return it. Raises: TimeoutError with the picture."""
        end = time.monotonic() + PATIENCE_S
        screen = self.screen
        while time.monotonic() < end:
            # A change of the whole picture comes in several frames: it has to stand still.
            still = not screen.read(STILL_S) and screen.output.endswith(FRAME_END)
            if still and shown(screen.text()):
                return screen.text()
            if still and screen.process.poll() is not None:
                break
        raise TimeoutError(f"{what} never came:\n{screen.text()}")

    def press(self, key: str, *, digits: str = "") -> None:
        """Press a key that the screen offers, after digits; both are counted."""
        assert re.search(rf"\b{key}(?!\d)", self.text()), f"{key} is not offered:\n{self.text()}"
        self.keys += [*digits, key]
        self.screen.send(digits.encode() + KEYS[key])

    def facts(self) -> list[Fact]:
        """Return what the journal holds."""
        with Store(self.folder / FILE_NAME, clock=HostClock()) as store:
            records = map(decode_record, store.records(0))
            return [decode_fact(each.kind, each.body) for each in records]

    def sale(self) -> SaleClosed:
        """Return the one sale; every attempt has its end, and what was paid is what it costs."""
        facts = self.facts()
        [sale] = [fact for fact in facts if isinstance(fact, SaleClosed)]
        assert sum(each.amount for each in sale.tenders) == sale.total == PRICE
        paid = [each for each in facts if isinstance(each, AttemptClosed) and not each.repays]
        approved = [each for each in paid if each.outcome == "approved" and not each.late]
        assert sum(each.amount for each in approved) == PRICE
        return sale


def is_closed(text: str) -> bool:
    """Tell whether the screen says that the sale has ended."""
    return "0 pcs" in text and "Last" in text


def is_doubt(text: str) -> bool:
    """Tell whether a payment in doubt has the screen."""
    return "!! ATTENTION" in text


def is_asked(text: str) -> bool:
    """Tell whether it has, and the till has asked by itself at least once."""
    return is_doubt(text) and re.search(r"Checking by itself \.\.\. \d", text) is not None


def is_selling(text: str) -> bool:
    """Tell whether the basket is there and can be paid."""
    return "1 pcs" in text and not is_doubt(text)


def kill_in_payment(shop: Shop, moment: Moment) -> None:
    """Take e-cash, and let the counter die at a moment."""
    table = shop.table
    assert table is not None
    table.insert(CUSTOMER, shop.scheme.card)
    table.insert(SHOP, shop.scheme.own)
    shop.open()
    shop.wait(lambda text: is_selling(text) and "CRD:O" in text, "the readers")
    table.killing.arm(moment, shop.screen.process.pid)
    shop.press("F9")
    while not table.killing.struck.wait(0.05):
        shop.screen.read(0)
        assert shop.screen.process.poll() is None and not is_closed(shop.text()), (
            f"{moment} is no moment of this payment:\n{shop.text()}"
        )
    shop.died()


def finish(shop: Shop, moment: Moment) -> list[str]:
    """Restart with the customer's card out, read the screen, press what it offers; return the keys.

    Raises: AssertionError where the screen is not true.
    """
    table = shop.table
    assert table is not None
    customer, own = shop.scheme.card, shop.scheme.own
    table.remove(CUSTOMER)
    held, taken = table.holds(customer), table.holds(own)
    shop.open()
    text = shop.wait(
        lambda text: is_closed(text) or is_asked(text) or is_selling(text), "an answer"
    )
    if is_asked(text):
        # Nobody knows, and the screen says so: what it costs, under which key, what can be done.
        for needed in ("[ UNKNOWN ]", f"{PRICE:,}", "Key  S1-01-", "[Enter]", "[F8]", "[F7]"):
            assert needed in text, f"{moment}: no {needed} in\n{text}"
        assert "received\n" not in text, f"{moment}: what is received is not in doubt\n{text}"
        table.insert(CUSTOMER, customer)
        shop.press("Enter")
        text = shop.wait(lambda text: is_closed(text) or is_selling(text), "the end of the doubt")
    if is_selling(text):
        # Nothing moved, and nothing is said to have: the card is as it was.
        assert table.holds(customer) == held, text
        assert "UNKNOWN" not in text
        table.insert(CUSTOMER, customer)
        shop.press("F9")
        shop.wait(is_closed, "the end of the sale")
    keys = list(shop.keys)
    shop.close()
    assert shop.sale().tenders[0].method == shop.scheme.name
    assert table.holds(own) >= taken
    return keys
