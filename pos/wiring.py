"""Builds a till from its configuration: who talks to whom, decided in one place and visible here.

The clock, randomness and fault points come from outside (pos.host in a program, the world in a test).
"""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pos.card_lamps import CardLamps
from pos.card_slots import SlotCards
from pos.config import Config, ConfigError, default_file
from pos.devices import Devices
from pos.keypads import TillKeypads
from pos.press import Press
from pos.purses import NoCards
from pos.register import Clerk, Register, Setup
from pos.store.store import Store
from pos.store.threads import StoreInline, StoreRunner, StoreThread
from pos.tenders.registry import Registry, find_tenders
from pos.till import Till
from pos.training import open_marked
from pos.uplink import Line, Uplink
from pos.view import Notice
from protocols.address import Address, parse_address
from protocols.money import currency
from protocols.ports import Clock, Entropy, FaultPoints
from receipts.renderers.escpos import QrDrawn

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What the operating system, or a world in its place, gives the till."""

    clock: Clock
    entropy: Entropy
    faults: FaultPoints
    secret: Path | None = None
    """The host's secret; None is the file beside the machine's configuration."""
    transport: "httpx.AsyncBaseTransport | None" = None
    """What stands between till and broker; None is the network."""


class WiredTill:
    """A till with everything that runs beside it."""

    def __init__(
        self,
        till: Till,
        press: Press,
        devices: Devices,
        uplink: Uplink,
        cards: SlotCards | None,
    ) -> None:
        self.till = till
        self._cards = cards
        self.press = press
        self.devices = devices
        self.uplink = uplink
        clock = till.register.clock
        self.card_lamps = None if cards is None else CardLamps(cards, till, clock=clock)

    async def start(self) -> Notice | None:
        """Start the till, its equipment and its link.

        Raises: StoreError, and KeysError or EnrolmentError for an identity that is not whole.
        """
        notice = await self.start_here()
        await self.uplink.start()
        return notice

    async def start_here(self) -> Notice | None:
        """Start the till and its equipment; the link is the caller's to start. Raises: StoreError."""
        notice = await self.till.start()
        self.devices.start(self.till)
        return notice

    async def look_at_cards(self) -> None:
        """Open the card slots, and tell how they are from then on."""
        if self.card_lamps is not None:
            await self.card_lamps.look()

    async def examine(self) -> None:
        """Ask what only `doctor` has the time for."""
        await self.devices.examine()
        if self.card_lamps is not None:
            await self.card_lamps.examine()

    async def stop(self) -> None:
        """Stop everything; the store is closed last."""
        await self.uplink.stop()
        await self.till.stop()
        await self.devices.stop()
        if self._cards is not None:
            await self._cards.close()


def open_store(config: Config, clock: Clock) -> Callable[[], Store]:
    """Return what opens the till's store; its errors come when it is called."""
    return lambda: open_marked(config, clock)


def store_thread(config: Config, clock: Clock) -> StoreRunner:
    """Return the store in its own thread, for a screen."""
    return StoreThread(open_store(config, clock))


def store_inline(config: Config, clock: Clock) -> StoreRunner:
    """Return the store in the caller's turn, for commands. Raises: StoreError."""
    return StoreInline(open_store(config, clock)())


def setup_of(config: Config) -> Setup:
    """Return what the till is told at start."""
    store = config.store
    return Setup(
        store=store.id,
        store_name=store.name_ko if config.language == "ko" else store.name_en,
        clerk=Clerk(
            id=config.clerk.id, name=config.clerk.name or config.clerk.id, role=config.clerk.role
        ),
        zone=ZoneInfo(store.zone),
        language=config.language,
        training=config.training,
        currency=currency(store.currency),
        has_printer=bool(config.devices.printer),
        slip_apart=config.receipt.slip == "two",
        business_number=store.business_number,
        address=store.address,
        telephone=store.telephone,
        representative=store.representative,
    )


def line_of(config: Config, host: Host) -> Line:
    """Return what the till's line to its broker is made of."""
    return Line(
        url=config.broker.url,
        keys=Path(config.folder) / "keys",
        secret=secret_of(host),
        clock=host.clock,
        entropy=host.entropy,
        faults=host.faults,
        transport=host.transport,
    )


def secret_of(host: Host) -> Path:
    """Return where the host's secret is."""
    return host.secret or default_file().parent / "host.secret"


def card_address(config: Config, host: Host, text: str) -> Address:
    """Return a card's address; a purse in a folder lies in the till's, under the host's secret.

    Raises: AddressError.
    """
    address = parse_address(text)
    if address.scheme != "file":
        return address
    place = Path(config.folder) / address.place
    return Address("file", str(place), {"secret": str(secret_of(host)), **address.options})


def cards_of(config: Config, host: Host) -> SlotCards | None:
    """Return the card slots; None without the customers'. Raises: AddressError."""
    table = config.devices
    schemes = {
        name: card_address(config, host, each) for name, each in table.shop_cards.items() if each
    }
    if not table.customer_card:
        return None
    return SlotCards(
        customer=card_address(config, host, table.customer_card),
        shop=card_address(config, host, table.shop_card) if table.shop_card else None,
        teller=card_address(config, host, table.teller_card) if table.teller_card else None,
        schemes=schemes,
        clock=host.clock,
    )


def tenders_of(config: Config) -> Registry:
    """Return the ways to pay that are installed. Raises: ConfigError, TenderClashError."""
    tenders = find_tenders()
    for name in config.devices.shop_cards:
        if name not in tenders.names():
            near = difflib.get_close_matches(name, tenders.names(), n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(tenders.names())}"
            raise ConfigError(f"devices.shop_cards.{name}: no way to pay has this name; {hint}")
    return tenders


def wire(config: Config, host: Host, runner: StoreRunner) -> WiredTill:
    """Build the till. Nothing is opened before it is started.

    Raises: AddressError, ConfigError, TenderClashError.
    """
    setup = setup_of(config)
    devices = Devices(
        config.devices,
        clock=host.clock,
        language=config.language,
        store_name=setup.store_name,
        currency=setup.currency,
    )
    cards = cards_of(config, host)
    if cards is not None:
        cards.watch_swipes(devices.found_head, devices.swiped_for_chip)
    register = Register(
        setup=setup,
        clock=host.clock,
        faults=host.faults,
        runner=runner,
        tenders=tenders_of(config),
        entropy=host.entropy,
        cards=cards or NoCards(),
        keypads=TillKeypads(devices.pin_pad, config.language),
        stripes=devices.stripes,
        payment_terminal=devices.payment_terminal,
    )
    press = Press(register, columns=config.devices.paper_columns, qr=QrDrawn(config.receipt.qr))
    till = Till(
        register,
        drawer=devices.drawer,
        display=devices.display,
        printer=devices.printer,
        press=press,
    )
    uplink = Uplink(line_of(config, host), till, runner)
    return WiredTill(till, press, devices, uplink, cards)
