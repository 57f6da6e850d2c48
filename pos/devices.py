"""The till's equipment as configured: drivers made, watched, and turned into what the till expects.

A device's health becomes a lamp and a sentence on the screen; a scanner's code becomes a command.
Devices that are not configured show the lamp ABSENT and are never waited for.
"""

import asyncio
from typing import Final

from devices.bus import open_link
from devices.health import NOT_OPENED, Health, Level, Role
from devices.line_display import LineDisplay
from devices.payment_terminal import PaymentTerminal
from devices.pin_pad import PinPad
from devices.printer import (
    Kicked,
    NotKicked,
    NotPrinted,
    Opened,
    Printed,
    StillClosed,
    Unsure,
)
from devices.printer import Printer as EscPosPrinter
from devices.scanner import Scan, SerialScanner
from devices.stripe_reader import StripeReader, Swipe
from pos.config import DevicesTable
from pos.device_hints import DeviceHints
from pos.device_setup import ending, handshake, printer_options, repeat_window_ns
from pos.equipment import Came, Display, Drawer, Kick, NoDisplay, NoDrawer, Printer
from pos.messages import Language
from pos.scanning import Scanning
from pos.shift import business_date
from pos.swiping import Stripes, Swiping
from pos.till import Till
from pos.view import DeviceView, Lamp
from protocols.address import Address, parse_address
from protocols.money import KRW, Currency
from protocols.pin_pad.words import Language as PadLanguage
from protocols.pin_pad.words import Show
from protocols.ports import Clock
from protocols.stripe_rules import Chip
from protocols.zvt.text import Charset

STOP_NS: Final = 3_000_000_000
"""How long a device may take to send its last bytes and close."""
PROOF_NS: Final = 3_000_000_000
"""How long `doctor` waits for the proof of a paper without a dot on it."""
SETTLE_SECONDS: Final = 8.0
"""How long `doctor` waits for every device to say something."""

LAMPS: Final = {
    Level.OK: Lamp.OK,
    Level.WARN: Lamp.WARN,
    Level.DOWN: Lamp.DOWN,
    Level.UNKNOWN: Lamp.UNKNOWN,
}

_UNPROVED: Final[dict[Language, str]] = {
    "ko": "상태는 답하지만 출력 완료(GS ( H)를 답하지 않습니다. 설정 [devices]에 "
    'printer_proof = "status" 를 적으세요',
    "en": "it tells its status and never answers GS ( H: every receipt would be unsure. Write "
    'printer_proof = "status" under [devices]',
}


_ROLES: Final = tuple(
    role for role in Role if role not in (Role.HYBRID_READER, Role.PAYMENT_TERMINAL)
)
"""Without a reader that is a card slot to the till: its lamp is the slot's (pos.card_lamps). A payment
terminal has a lamp where there is one."""

_WELCOME: Final[dict[Language, str]] = {"ko": "어서 오세요", "en": "Welcome"}


class PrinterPort:
    """The printer as the till expects it."""

    def __init__(self, printer: EscPosPrinter) -> None:
        self._printer = printer

    async def print_job(self, data: bytes, *, job: int, deadline_ns: int) -> Came:
        """Print one paper, before the monotonic deadline."""
        match await self._printer.print_job(data, job=job, deadline_ns=deadline_ns):
            case Printed():
                return Came.OUT
            case NotPrinted():
                return Came.NOT_OUT
            case Unsure():
                return Came.UNSURE


class DrawerPort:
    """The drawer on the printer as the till expects it."""

    def __init__(self, printer: EscPosPrinter) -> None:
        self._printer = printer

    async def kick(self, *, deadline_ns: int) -> Kick:
        """Open it, before the monotonic deadline."""
        match await self._printer.kick_drawer(deadline_ns=deadline_ns):
            case Opened() | Kicked():
                return Kick.OPENED
            case StillClosed() | NotKicked():
                return Kick.STUCK


class Devices:
    """All equipment of one till."""

    def __init__(
        self,
        table: DevicesTable,
        *,
        clock: Clock,
        language: Language,
        store_name: str = "",
        currency: Currency = KRW,
    ) -> None:
        """Make the drivers; nothing is opened yet. Raises: AddressError."""
        self._store_name = store_name
        self._clock = clock
        self._language = language
        self._table = table
        self._unproved = False
        self._till: Till | None = None
        self._scanning: Scanning | None = None
        self._swiping: Swiping | None = None
        self._hints: DeviceHints | None = None
        self._healths: dict[Role, tuple[str, Health]] = {}
        self._settled = asyncio.Event()
        self._printer = self._make_printer(table.printer)
        self.printer: Printer | None = None
        self.drawer: Drawer = NoDrawer()
        if self._printer is not None:
            self.printer = PrinterPort(self._printer)
            self.drawer = DrawerPort(self._printer) if table.drawer == "printer" else NoDrawer()
        self._line_display = self._make_display(table.line_display)
        self.display: Display = self._line_display or NoDisplay()
        self._scanner = self._make_scanner(table.scanner)
        self._stripe_reader = self._make_stripe_reader(table.stripe_reader)
        self.stripes = Stripes(configured=bool(table.stripe_reader))
        self.pin_pad = self._make_pad(table.pin_pad)
        self.payment_terminal = self._make_terminal(table.payment_terminal, currency)

    def start(self, till: Till) -> None:
        """Begin to open everything and tell the till how it is."""
        self._till = till
        self._hints = DeviceHints(till, self._language)
        self._scanning = Scanning(till, self._language)
        self._swiping = Swiping(
            till,
            self._language,
            today=self._today,
            stripes=self.stripes,
            due=lambda: till.register.sale.due > 0,
        )
        for role in dict.fromkeys((*_ROLES, *self._healths)):
            self._show(role)
        if self._printer is not None:
            self._printer.start()
        if self._line_display is not None:
            self._line_display.start()
        if self._scanner is not None:
            self._scanner.start()
        if self._stripe_reader is not None:
            self._stripe_reader.start()
        if self.pin_pad is not None:
            self.pin_pad.start()
        if self.payment_terminal is not None:
            self.payment_terminal.start()

    async def settled(self) -> None:
        """Wait until every device has said how it is, or SETTLE_SECONDS."""
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                while any(health is NOT_OPENED for _, health in self._healths.values()):
                    self._settled.clear()
                    await self._settled.wait()
        except TimeoutError:
            return

    async def examine(self) -> None:
        """Ask what only `doctor` has the time for; what is found stands beside the lamp."""
        if self._printer is None or self._table.printer_proof != "gsh" or not self._printer.ready:
            return
        deadline_ns = self._clock.monotonic_ns() + PROOF_NS
        self._unproved = not await self._printer.can_prove(deadline_ns=deadline_ns)
        self._show(Role.PRINTER)

    async def stop(self) -> None:
        """Close everything."""
        self._till = self._scanning = self._swiping = self._hints = None
        deadline_ns = self._clock.monotonic_ns() + STOP_NS
        for device in (
            self.payment_terminal,
            self.pin_pad,
            self._stripe_reader,
            self._scanner,
            self._line_display,
            self._printer,
        ):
            if device is not None:
                await device.stop(deadline_ns=deadline_ns)

    def _make_printer(self, address: str) -> EscPosPrinter | None:
        if not address:
            return None
        return EscPosPrinter(
            address=self._known(Role.PRINTER, address),
            open_link=open_link,
            clock=self._clock,
            on_health=lambda health: self._changed(Role.PRINTER, health),
            on_drawer=self._drawer_changed,
            options=printer_options(self._table),
        )

    def _make_display(self, address: str) -> LineDisplay | None:
        if not address:
            return None
        return LineDisplay(
            address=self._known(Role.LINE_DISPLAY, address),
            open_link=open_link,
            clock=self._clock,
            on_health=lambda health: self._changed(Role.LINE_DISPLAY, health),
        )

    def _make_scanner(self, address: str) -> SerialScanner | None:
        if not address:
            return None
        return SerialScanner(
            address=self._known(Role.SCANNER, address),
            open_link=open_link,
            clock=self._clock,
            on_scan=self._scanned,
            on_noise=self._noise,
            on_health=lambda health: self._changed(Role.SCANNER, health),
            ending=ending(self._table),
            handshake=handshake(self._table),
            repeat_window_ns=repeat_window_ns(self._table),
        )

    def _make_stripe_reader(self, address: str) -> StripeReader | None:
        if not address:
            return None
        return StripeReader(
            address=self._known(Role.STRIPE_READER, address),
            open_link=open_link,
            clock=self._clock,
            on_swipe=self._swiped,
            on_noise=self._swipe_noise,
            on_health=lambda health: self._changed(Role.STRIPE_READER, health),
        )

    def _make_pad(self, address: str) -> PinPad | None:
        if not address:
            return None
        return PinPad(
            address=self._known(Role.PIN_PAD, address),
            open_link=open_link,
            clock=self._clock,
            on_health=lambda health: self._changed(Role.PIN_PAD, health),
            idle=Show(PadLanguage(self._language), self._store_name, _WELCOME[self._language]),
        )

    def _make_terminal(self, address: str, currency: Currency) -> PaymentTerminal | None:
        if not address:
            return None
        table, known = self._table, self._known(Role.PAYMENT_TERMINAL, address)
        line = table.payment_terminal_line
        return PaymentTerminal(
            address=known,
            open_link=open_link,
            clock=self._clock,
            serial=known.scheme != "tcp" if line == "auto" else line == "serial",
            currency=currency.number,
            columns=table.paper_columns,
            password=int(table.payment_terminal_password),
            charset=Charset(table.payment_terminal_text),
            on_health=lambda health: self._changed(Role.PAYMENT_TERMINAL, health),
        )

    def _known(self, role: Role, address: str) -> Address:
        self._healths[role] = (address, NOT_OPENED)
        return parse_address(address)

    def _changed(self, role: Role, health: Health) -> None:
        address, before = self._healths[role]
        self._healths[role] = (address, health)
        self._settled.set()
        self._show(role)
        if self._hints is not None:
            self._hints.changed(role, before, health)

    def _drawer_changed(self, health: Health) -> None:
        """Show the drawer that hangs off the printer."""
        if not isinstance(self.drawer, NoDrawer):
            address, _ = self._healths[Role.PRINTER]
            _, before = self._healths.get(Role.DRAWER, (address, NOT_OPENED))
            self._healths[Role.DRAWER] = (address, health)
            self._show(Role.DRAWER)
            if self._hints is not None:
                self._hints.changed(Role.DRAWER, before, health)

    def _show(self, role: Role) -> None:
        if self._till is None:
            return
        address, health = self._healths.get(role, ("", None))
        lamp = Lamp.ABSENT if health is None else LAMPS[health.level]
        sentence = "" if health is None else health.sentence(self._language)
        if role is Role.PRINTER and self._unproved and not sentence:
            lamp, sentence = Lamp.WARN, _UNPROVED[self._language]
        self._till.set_device(
            DeviceView(
                role=role.word,
                label=role.ko if self._language == "ko" else role.en,
                address=address,
                lamp=lamp,
                sentence=sentence,
            )
        )

    def _scanned(self, scan: Scan) -> None:
        if self._scanning is not None:
            self._scanning.scanned(scan)

    def _noise(self, in_a_row: int) -> None:
        if self._scanning is not None:
            self._scanning.noise(in_a_row)

    def _swiped(self, swipe: Swipe) -> None:
        if self._swiping is not None:
            self._swiping.swiped(swipe)

    def found_head(self) -> None:
        """Learn that the customers' card slot reads stripes, too."""
        self.stripes.configured = True

    def swiped_for_chip(self, swipe: Swipe) -> None:
        """Take the stripe of a card whose chip was tried in a slot, and did not answer."""
        if self._swiping is not None:
            self._swiping.swiped(swipe, Chip.FAILED)

    def _swipe_noise(self, in_a_row: int) -> None:
        if self._swiping is not None:
            self._swiping.noise(in_a_row)

    def _today(self) -> str:
        assert self._till is not None, "swipes are told to a till"
        return business_date(self._clock.now_ns(), self._till.register.setup.zone)
