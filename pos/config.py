"""The till's configuration: wiring only, read once at start into frozen values.

Where things are (folder, devices, broker) and who stands here (store, clerk, language). What the
store allows is policy, and comes as a versioned document (decisions.md "Configuration"). An unknown
key is an error that names the file, the key and the nearest known one. Every key has a default, so
that a till without any file sells.

    ~/.config/intermarket/pos.toml                the file, where --config names no other
    ~/.local/share/intermarket/pos                the folder, where the file names no other
Source: XDG Base Directory Specification 0.8.
"""

import difflib
import os
import re
import tomllib
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from pos.rights import Role
from protocols.address import AddressError, parse_address
from protocols.money import CURRENCIES

PAPER_COLUMNS: Final = (32, 42, 48)
DRAWER_PULSES_MAX: Final = 5
SCANNER_REPEAT_MS_MAX: Final = 10_000


class ConfigError(Exception):
    """The configuration cannot be used: which file, which key, what is wrong, what to write."""


class Struct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of all tables of the file."""


class StoreTable(Struct, frozen=True, kw_only=True):
    """[store] Whose goods these are; after enrolment the broker's certificate says it."""

    id: str = "S1"
    """At most 8 letters and digits: it stands in every attempt key."""
    name_ko: str = "한빛마트"
    name_en: str = "Hanbit Mart"
    business_number: str = ""
    address: str = ""
    telephone: str = ""
    representative: str = ""
    zone: str = "Asia/Seoul"
    """IANA."""
    currency: str = "KRW"


class ClerkTable(Struct, frozen=True, kw_only=True):
    """[clerk] Who works here."""

    id: str = "clerk"
    name: str = ""
    role: Role = Role.MANAGER


class DevicesTable(Struct, frozen=True, kw_only=True):
    """[devices] Addresses; an empty one is no such device."""

    printer: str = ""
    line_display: str = ""
    scanner: str = ""
    drawer: Literal["printer", "none"] = "printer"
    """The drawer hangs off the printer, or there is none."""
    paper_columns: int = 42
    """32 for 58 mm paper, 42 or 48 for 80 mm."""
    printer_proof: Literal["gsh", "status", "assume"] = "gsh"
    """How a paper is known to be out: GS ( H, the status after it, or not at all."""
    drawer_pin: Literal[2, 5] = 2
    """Of the printer's connector: which of the two pulses opens this drawer."""
    drawer_contact: Literal["open_is_high", "open_is_low", "none"] = "open_is_high"
    drawer_pulses: int = 3
    """How many are tried while the contact says "shut"; 1 to 5."""
    scanner_ending: Literal["cr", "lf", "cr_lf", "tab", "stx_etx", "silence"] = "cr"
    """What ends a code on a serial scanner's wire; all but silence are understood under each other."""
    scanner_handshake: Literal["none", "ack_nak"] = "none"
    customer_card: str = ""
    """The reader that customers put their purse into, such as pcsc://IPS%20customer."""
    shop_card: str = ""
    """Where the shop's own purse is. E-cash is taken where both are named."""
    stripe_reader: str = ""
    """A serial reader of magnetic stripes."""
    pin_pad: str = ""
    """Where customers enter the PIN of a purse; without one, on the reader's own keypad."""
    payment_terminal: str = ""
    """A stand-alone payment terminal (ZVT), such as tcp://192.0.2.7:20007 or serial:///dev/ttyS1?baud=115200."""
    payment_terminal_line: Literal["auto", "serial", "network"] = "auto"
    """serial: blocks with a check; network: bare APDUs; auto: network where the address is tcp://."""
    payment_terminal_text: Literal["cp437", "latin-1", "cp949", "utf-8"] = "cp437"
    """In which character set it writes, where that is not the UTF-8 that it is asked for."""
    payment_terminal_password: str = "000000"  # noqa: S105 - as terminals come
    """Six digits that it wants of its register."""
    teller_card: str = ""
    """Where a teller's purse is: it loads customers' cards and takes the shop's deposits."""
    shop_cards: dict[str, str] = {}
    """Where the shop's own card of another scheme is, such as its security module, by the name of
    its tender; a scheme that is not named has its card in the slot `shop_card`."""
    scanner_repeat_ms: int = 500
    """The same code again within this time is sold with a notice; 0 to 10,000, 0 is never."""


class ReceiptTable(Struct, frozen=True, kw_only=True):
    """[receipt] How papers come out."""

    slip: Literal["one", "two"] = "one"
    """Receipt and payment slip on one sheet, or on two."""
    qr: Literal["printer", "picture"] = "printer"
    """QR codes are the printer's own, or pictures, for a printer that has none."""


class BrokerTable(Struct, frozen=True, kw_only=True):
    """[broker] Where it is; empty is alone."""

    url: str = ""


class Config(Struct, frozen=True, kw_only=True):
    """The whole file."""

    language: Literal["ko", "en"] = "ko"
    folder: str = ""
    """The till's folder; relative to the file. One program at a time works in it."""
    terminal: str = "01"
    """The till's name until it has joined a broker: at most 8 letters and digits."""
    training: bool = False
    """Nothing of it is real (pos.training); the same as --training."""
    keymap: str = "kr-106"
    store: StoreTable = StoreTable()
    clerk: ClerkTable = ClerkTable()
    devices: DevicesTable = DevicesTable()
    receipt: ReceiptTable = ReceiptTable()
    broker: BrokerTable = BrokerTable()


def default_file() -> Path:
    """Return where the file is looked for."""
    return _xdg("XDG_CONFIG_HOME", ".config") / "intermarket" / "pos.toml"


def default_folder() -> Path:
    """Return where the till keeps its store when the file names no folder."""
    return _xdg("XDG_DATA_HOME", ".local/share") / "intermarket" / "pos"


def load_config(file: Path | None) -> Config:
    """Read a file; without a name the default one, which need not exist. Raises: ConfigError."""
    path = file or default_file()
    if file is None and not path.exists():
        return parse_config("", path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    return parse_config(text, path)


def parse_config(text: str, path: Path) -> Config:
    """Decode a file's text; `path` is for messages and relative folders. Raises: ConfigError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
    _check_keys(table, Config, path, "")
    try:
        config = msgspec.convert(table, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {error}") from error
    _check_values(config, path)
    folder = path.parent / config.folder if config.folder else default_folder()
    return msgspec.structs.replace(config, folder=str(folder))


def _xdg(variable: str, default: str) -> Path:
    named = os.environ.get(variable, "")
    # The specification: a relative path is to be ignored.
    return Path(named) if named.startswith("/") else Path.home() / default


def _check_keys(table: dict[str, object], kind: type[Struct], path: Path, prefix: str) -> None:
    known = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    for key, value in table.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
            hint = f"did you mean {prefix}{near[0]}?" if near else f"there are {', '.join(known)}"
            raise ConfigError(f"{path}: unknown key {prefix}{key}; {hint}")
        inner = known[key]
        if isinstance(value, dict) and isinstance(inner, type) and issubclass(inner, Struct):
            _check_keys(value, inner, path, f"{prefix}{key}.")


_NAME: Final = re.compile(r"[A-Za-z0-9]{1,8}", re.ASCII)


def _check_values(config: Config, path: Path) -> None:
    for key, name in (("store.id", config.store.id), ("terminal", config.terminal)):
        if not _NAME.fullmatch(name):
            raise ConfigError(f"{path}: {key} is 1 to 8 letters and digits, not {name!r}")
    if config.store.currency not in CURRENCIES:
        raise ConfigError(f"{path}: store.currency {config.store.currency!r} is not in ISO 4217")
    try:
        ZoneInfo(config.store.zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError(
            f"{path}: store.zone {config.store.zone!r} is no IANA zone such as Asia/Seoul"
        ) from error
    if config.devices.paper_columns not in PAPER_COLUMNS:
        raise ConfigError(
            f"{path}: devices.paper_columns is 32, 42 or 48, not {config.devices.paper_columns}"
        )
    for key, least, most in (
        ("drawer_pulses", 1, DRAWER_PULSES_MAX),
        ("scanner_repeat_ms", 0, SCANNER_REPEAT_MS_MAX),
    ):
        number: int = getattr(config.devices, key)
        if not least <= number <= most:
            raise ConfigError(f"{path}: devices.{key} is {least} to {most}, not {number}")
    if not re.fullmatch(r"[0-9]{6}", config.devices.payment_terminal_password, re.ASCII):
        raise ConfigError(f"{path}: devices.payment_terminal_password is six digits")
    for key in (
        "printer",
        "line_display",
        "scanner",
        "stripe_reader",
        "pin_pad",
        "payment_terminal",
        "customer_card",
        "shop_card",
        "teller_card",
    ):
        _check_address(getattr(config.devices, key), f"devices.{key}", path)
    for scheme, address in config.devices.shop_cards.items():
        _check_address(address, f"devices.shop_cards.{scheme}", path)


def _check_address(address: str, key: str, path: Path) -> None:
    try:
        if address:
            parse_address(address)
    except AddressError as error:
        raise ConfigError(f"{path}: {key}: {error}") from error
