"""The broker's wiring, one TOML file read once at the start; what is allowed is in documents.

    folder = "/var/lib/ips"          where database, keys and socket lie; default after XDG
    listen = "127.0.0.1:8600"
    organisation = "Sejong Markets"
    flows = "/etc/ips/flows"             where flow files lie; default: those that are shipped

    [stores.main]
    name_ko = "세종점"
    name_en = "Sejong"
    business_number = "123-45-67890"
    currency = "KRW"
    zone = "Asia/Seoul"

    [receipts]
    listen = "127.0.0.1:8601"        where customers read e-receipts; without it nowhere
    [banks.hanbit]                       a bank that cards and transfers go to (ips.bank.wiring)
    address = "127.0.0.1:8583"

An unknown key is an error that names the path and the nearest known key.
"""

import difflib
import os
import re
import tomllib
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from ips.bank.wiring import BankConfig, OfflineConfig
from ips.rules import FLOWS_FOLDER
from protocols.money import currency

STORE_ID: Final = re.compile(r"[A-Za-z0-9]{1,8}")
"""Goes into attempt keys, which have 32 characters in all."""


KEEP_DAYS_MAX: Final = 36_500


class ConfigError(Exception):
    """The configuration cannot be used; the message names file and key."""


class StoreConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A shop."""

    name_ko: str = ""
    name_en: str = ""
    business_number: str = ""
    address: str = ""
    telephone: str = ""
    representative: str = ""
    currency: str = "KRW"
    zone: str = "Asia/Seoul"


class ReceiptsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """E-receipts for customers (ips.front.receipts)."""

    listen: str = ""
    """HOST:PORT of a door of its own; empty: there are none."""
    keep_days: int = 365
    """How long a link opens, from the day its sale came here."""


class CashReceiptsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Korean cash receipts (ips.cash_receipts)."""

    agent: str = ""
    """Address of the agent's gateway; empty: nobody sends them."""
    token_file: str = ""
    """What this broker shows the agent is on its first line."""

    def token(self) -> str:
        """Return the token. Raises: ConfigError."""
        if not self.token_file:
            return ""
        try:
            return (
                Path(self.token_file)
                .expanduser()
                .read_text(encoding="utf-8")
                .split("\n")[0]
                .strip()
            )
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"cash_receipts.token_file: cannot read {self.token_file}: {error}"
            ) from error


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it."""

    folder: str = ""
    listen: str = "127.0.0.1:8600"
    organisation: str = "Intermarket"
    flows: str = ""
    receipts: ReceiptsConfig = ReceiptsConfig()
    banks: dict[str, BankConfig] = {}
    cash_receipts: CashReceiptsConfig = CashReceiptsConfig()
    stores: dict[str, StoreConfig] = msgspec.field(
        default_factory=lambda: {"main": StoreConfig(name_ko="본점", name_en="Main store")}
    )

    def place(self) -> Path:
        """Return the folder of database, keys and socket."""
        if self.folder:
            return Path(self.folder).expanduser()
        home = os.environ.get("XDG_DATA_HOME", "")
        root = Path(home) if home else Path.home() / ".local" / "share"
        return root / "intermarket" / "broker"

    @property
    def currency(self) -> str:
        """Return what members' points are counted in where no store is named: the first store's."""
        return next(iter(self.stores.values())).currency

    def flows_folder(self) -> Path:
        """Return the folder of the flow files."""
        return Path(self.flows).expanduser() if self.flows else FLOWS_FOLDER

    def address(self) -> tuple[str, int]:
        """Return host and port to listen on. Raises: ConfigError."""
        return split_address(self.listen)

    def receipts_address(self) -> tuple[str, int] | None:
        """Return where customers read their receipts; None: nowhere. Raises: ConfigError."""
        listen = self.receipts.listen
        return split_address(listen, "receipts.listen") if listen else None


def split_address(text: str, key: str = "listen") -> tuple[str, int]:
    """Return host and port of `HOST:PORT`; port 0 is any free one. Raises: ConfigError."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ConfigError(f"{key}: {text!r} is not HOST:PORT, such as 127.0.0.1:8600")
    return host.strip("[]"), int(port)


def load(path: Path | None) -> Config:
    """Return the configuration of a file, or the defaults. Raises: ConfigError."""
    if path is None:
        return Config()
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    _check_keys(path, table, Config, "")
    for name, kind in (("receipts", ReceiptsConfig), ("cash_receipts", CashReceiptsConfig)):
        inner = table.get(name)
        if isinstance(inner, dict):
            _check_keys(path, inner, kind, f"{name}.")
    stores = table.get("stores")
    for name, store in stores.items() if isinstance(stores, dict) else ():
        if isinstance(store, dict):
            _check_keys(path, store, StoreConfig, f"stores.{name}.")
    banks = table.get("banks")
    for name, bank in banks.items() if isinstance(banks, dict) else ():
        if isinstance(bank, dict):
            _check_keys(path, bank, BankConfig, f"banks.{name}.")
            offline = bank.get("offline")
            if isinstance(offline, dict):
                _check_keys(path, offline, OfflineConfig, f"banks.{name}.offline.")
    try:
        config = msgspec.convert(table, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {error}") from error
    _check_values(path, config)
    return config


def _check_keys(path: Path, table: dict[str, Any], kind: type[msgspec.Struct], where: str) -> None:
    known = kind.__struct_fields__
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
            raise ConfigError(f"{path}: {where}{key} is not known; did you mean {where}{near[0]}?")


def _check_values(path: Path, config: Config) -> None:
    try:
        split_address(config.listen)
        config.receipts_address()
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    if not 1 <= config.receipts.keep_days <= KEEP_DAYS_MAX:
        raise ConfigError(
            f"{path}: receipts.keep_days is 1 to {KEEP_DAYS_MAX}, not {config.receipts.keep_days}"
        )
    for name, bank in config.banks.items():
        try:
            split_address(bank.address, f"banks.{name}.address")
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from error
    agent = config.cash_receipts.agent
    if agent and not agent.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        raise ConfigError(
            f"{path}: cash_receipts.agent {agent!r} is no https address: customers' numbers go there"
        )
    if not config.stores:
        raise ConfigError(f"{path}: stores: at least one store is needed, such as [stores.main]")
    for name, store in config.stores.items():
        where = f"{path}: stores.{name}"
        if not STORE_ID.fullmatch(name):
            raise ConfigError(f"{where}: a store's id is 1 to 8 letters and digits")
        try:
            currency(store.currency)
            ZoneInfo(store.zone)
        except (ValueError, ZoneInfoNotFoundError) as error:
            raise ConfigError(f"{where}: {error}") from error
