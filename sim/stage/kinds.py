"""The kinds of device there are on a bench, and what each is built from.

A kind names its twin by module and class, so that only what a bench serves is imported. Its options
are the arguments of the twin's constructor.
"""

import importlib
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Final, Literal

import msgspec

from protocols.iso8583.framing import Header
from protocols.iso8583.mac import MacAlgorithm
from protocols.pin_pad.words import PinBlockFormat
from protocols.ports import Typeface
from sim.bank.keys import TEST_KEY
from sim.entropy import SeededEntropy
from sim.line_display import FoundIn
from sim.printer_mechanics import DrawerContact
from sim.scanner import EndingName
from sim.stripe_reader import EndingName as SwipeEnding
from sim.stripe_reader import ThirdStart
from sim.twin import Twin


class Needs(Enum):
    """What a twin is given besides its options."""

    NOTHING = "nothing"
    TYPEFACE = "typeface"
    """A font in its ROM, as a printer has; receipts own it, so the stage brings it."""
    CARDS = "cards"
    """Cards that lie beside it; the bench knows which."""
    ISSUERS = "issuers"
    """The keys of those who issued the cards it is for, and randomness of its own."""
    BOOKS = "books"
    """The time of day, and a place for what must outlive it."""
    MEMORY = "memory"
    """The same, for itself alone."""
    RECORDING = "recording"
    """A channel of a trace; the plan says which."""


class WireKind(Enum):
    """What a device is reached over."""

    PTY = "pty"
    TCP = "tcp"
    RFC2217 = "rfc2217"
    PCSC = "pcsc"
    """A reader of a private pcscd, by our own driver; it has a keypad."""
    VPCD = "vpcd"
    """The same by Debian's vpcd: slower, no keypad, listens on every interface."""
    HTTP = "http"
    """A port of loopback, for messages to a host."""


BYTE_WIRES: Final = (WireKind.PTY, WireKind.TCP, WireKind.RFC2217)
CARD_WIRES: Final = (WireKind.PCSC, WireKind.VPCD)


class NoOptions(msgspec.Struct, frozen=True):
    """A kind that cannot be set."""


class PrinterOptions(msgspec.Struct, frozen=True):
    """What a printer's model can do."""

    print_done: bool = True
    """It answers GS ( H: that a job is on paper can be proved."""
    status_back: bool = True
    """It has automatic status back."""
    realtime_kick: bool = True
    """It opens the drawer by a real-time command, past its buffer."""
    xon_xoff: bool = False
    """It stops the sender by XOFF when its buffer is full."""
    paper_dots: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """How much paper is in it, 8 dots a millimetre; left out, a full roll."""
    buffer_bytes: Annotated[int, msgspec.Meta(ge=256, le=1 << 20)] = 65_536
    """How much it takes before it prints; what comes on top is lost."""
    drawer_contact: DrawerContact = DrawerContact.HIGH_WHEN_OPEN
    """How the drawer's contact is wired."""


class LineDisplayOptions(msgspec.Struct, frozen=True):
    """How a display is met."""

    found_in: FoundIn = FoundIn.ORDER
    """How whoever had it before has left it."""


class ScannerOptions(msgspec.Struct, frozen=True):
    """How a scanner is programmed."""

    identifiers: bool = False
    """Put an AIM identifier before each code."""
    handshake: bool = False
    """Wait for 06 or 15 after each code."""
    ending: EndingName = "cr"
    """What ends a code on its wire, as the till's configuration names it."""
    sends: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1
    """How often it sends each code."""


class BankOptions(msgspec.Struct, frozen=True):
    """Which bank's host it is, and how it speaks."""

    bank: str = "hanbit"
    people: str = ""
    """A set of accounts and cards; left out, the one that comes with the program."""
    spec: Literal["ascii", "binary"] = "ascii"
    header: Header = Header.BINARY
    mac: MacAlgorithm = MacAlgorithm.CMAC
    mac_key: Annotated[str, msgspec.Meta(pattern="^([0-9A-Fa-f]{32})$")] = TEST_KEY
    file: str = ""
    """The banks' books; left out, banks.sqlite in the bench's folder. Hosts that name one file are banks
    of one market."""


class PaymentTerminalOptions(msgspec.Struct, frozen=True):
    """Which payment terminal it is, and how it speaks."""

    framing: Literal["auto", "serial", "network"] = "auto"
    """Blocks with a check, or the network's bare APDUs; auto takes what the register's first byte is of."""
    people: str = ""
    """A set of cards, as of a bank; left out, the one that comes with the program."""
    paper: Literal["lines", "block", "none"] = "lines"
    """How it has its receipts printed: line by line, as one block, or by nobody."""
    text: Literal["", "cp437", "latin-1", "cp949", "utf-8"] = ""
    """The character set that it keeps; left out, the one that the register wants."""
    container: bool = False
    """It sends a TLV container that nobody has asked for."""
    refuses_abort: bool = False
    """It goes on whatever the register wants."""
    bank_ms: Annotated[int, msgspec.Meta(ge=0, le=600_000)] = 300
    """How long its bank takes."""
    terminal_id: Annotated[int, msgspec.Meta(ge=1, le=99_999_999)] = 28_004_869
    """Its number, as its acquirer knows it."""
    bank: Annotated[str, msgspec.Meta(pattern="^([^:]+:[0-9]{1,5})?$")] = ""
    """Whom it dials, HOST:PORT, ISO 8583 as a virtual bank speaks it; left out, it decides by itself."""
    merchant: str = "S01"
    """The shop, as that bank knows it."""


class StripeOptions(msgspec.Struct, frozen=True):
    """How a stripe reader is set."""

    ending: SwipeEnding = "cr"
    """What it sends when it has said all."""
    lrc: bool = False
    """Send the LRC behind each track, and leave it to the till to check."""
    framed: bool = False
    """Put STX before a swipe and ETX behind it."""
    a_line_each: bool = False
    """End every track instead of the last."""
    third: ThirdStart = "+"
    """What track 3 begins with."""
    tracks: Literal["123", "12", "23", "2", "1"] = "123"
    """Those it has heads for."""
    cards: str = ""
    """A file of cards to swipe (sim.cards.stripes); left out, those that are shipped."""


class PinPadOptions(msgspec.Struct, frozen=True):
    """How a PIN pad enciphers for the bank."""

    pin_block: PinBlockFormat = PinBlockFormat.FORMAT_4
    """4 under AES DUKPT, or 0 under triple DES DUKPT as pads of old do."""


class SlotOptions(msgspec.Struct, frozen=True):
    """How a card slot begins."""

    inserted: str = ""
    """The card that is in at first; left out, none."""
    delay_ms: Annotated[int, msgspec.Meta(ge=0, le=60_000)] = 0
    """How late every answer is."""
    bad_contacts: Annotated[int, msgspec.Meta(ge=0, le=9)] = 0
    """How many resets after each insertion a card does not hear."""
    antenna: bool = False
    """Cards may be tapped on it, too."""


class HybridOptions(msgspec.Struct, frozen=True):
    """How a hybrid reader begins."""

    inserted: str = ""
    """The card that is in at first; left out, none."""
    delay_ms: Annotated[int, msgspec.Meta(ge=0, le=60_000)] = 0
    """How late every answer of a chip is."""
    bad_contacts: Annotated[int, msgspec.Meta(ge=0, le=9)] = 0
    """How many resets after each insertion a chip does not hear."""
    stripes: str = ""
    """A file of cards without a chip (sim.cards.stripes); left out, those that are shipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A row of the table below."""

    name: str
    module: str
    twin: str
    """The class in the module."""
    protocol: str
    """What its bytes mean, as a trace names it (sim.recorder); empty where its recording says."""
    options: type[msgspec.Struct] = NoOptions
    needs: Needs = Needs.NOTHING
    wires: tuple[WireKind, ...] = BYTE_WIRES
    """What it can be reached over; the first where a plan does not say."""

    def build(self, options: msgspec.Struct, **brought: Any) -> Twin:
        """Make a twin. Raises: ImportError when its module is not installed."""
        arguments: dict[str, Any] = msgspec.structs.asdict(options)
        if self.needs is Needs.TYPEFACE:
            arguments["typeface"] = _typeface()
        if self.needs is Needs.CARDS:
            arguments |= {"cards": {}} | brought
        if self.needs is Needs.ISSUERS:
            arguments |= {"issuer_keys": {}, "entropy": SeededEntropy(0)} | brought
        if self.needs in (Needs.RECORDING, Needs.BOOKS, Needs.MEMORY):
            arguments |= brought
        twin = getattr(importlib.import_module(self.module), self.twin)(**arguments)
        assert isinstance(twin, Twin), f"{self.module}.{self.twin} is no twin"
        return twin

    def option_names(self) -> list[str]:
        """Return what may stand in a plan's options for this kind."""
        return [field.encode_name for field in msgspec.structs.fields(self.options)]


KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind(
            name="printer",
            module="sim.printer",
            twin="PrinterTwin",
            protocol="escpos",
            options=PrinterOptions,
            needs=Needs.TYPEFACE,
        ),
        Kind(
            name="line_display",
            module="sim.line_display",
            twin="LineDisplayTwin",
            protocol="cd5220",
            options=LineDisplayOptions,
        ),
        Kind(
            name="scanner",
            module="sim.scanner",
            twin="ScannerTwin",
            protocol="scanner",
            options=ScannerOptions,
        ),
        Kind(
            name="stripe_reader",
            module="sim.stripe_reader",
            twin="StripeReaderTwin",
            protocol="swipe",
            options=StripeOptions,
        ),
        Kind(
            name="pin_pad",
            module="sim.pin_pad",
            twin="PinPadTwin",
            protocol="pin_pad",
            options=PinPadOptions,
            needs=Needs.ISSUERS,
        ),
        Kind(
            name="bank",
            module="sim.bank.twin",
            twin="BankTwin",
            protocol="iso8583",
            options=BankOptions,
            needs=Needs.BOOKS,
            wires=(WireKind.TCP,),
        ),
        Kind(
            name="payment_terminal",
            module="sim.payment_terminal",
            twin="PaymentTerminalTwin",
            protocol="zvt",
            options=PaymentTerminalOptions,
            needs=Needs.MEMORY,
        ),
        Kind(
            name="smart_card",
            module="sim.smart_card",
            twin="SmartCardTwin",
            protocol="iso7816",
            options=SlotOptions,
            needs=Needs.CARDS,
            wires=CARD_WIRES,
        ),
        Kind(
            name="host",
            module="sim.host_line",
            twin="HostTwin",
            protocol="http",
            wires=(WireKind.HTTP,),
        ),
        Kind(
            name="hybrid_reader",
            module="sim.hybrid_reader",
            twin="HybridReaderTwin",
            protocol="hybrid",
            options=HybridOptions,
            needs=Needs.CARDS,
        ),
        Kind(
            name="replay",
            module="sim.replay",
            twin="ReplayTwin",
            protocol="",
            needs=Needs.RECORDING,
            wires=(*BYTE_WIRES, *CARD_WIRES),
        ),
    )
}


def _typeface() -> Typeface:
    # By name, as the twins: a bench without a printer loads no font.
    typeface: Typeface = importlib.import_module("receipts.fonts").load_typeface()
    return typeface
