"""ICash on disk: what is written once into a card, into a security module, and at their issuer, as TOML.

    scheme = "icash"                    scheme = "icash_module"
    transmission = "t1"                 transmission = "t1"
    card = "ICUS0001"                   module = "ISHP0001"
    key_version = 1                     key_version = 1
    purchase_key = "..."                purchase_master = "..."
    load_key = "..."                    collection_key = "..."
    claim_key = "..."                   currency = 410
    currency = 410                      open_slots = 16
    ceiling = 200000                    credited_slots = 200
    purchase_max = 100000
    expiry = 20301231
    record_slots = 16

Keys are hexadecimal. The issuer's file holds the four masters: whoever has it makes money.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from protocols.icash.image import CardPersonality, ModulePersonality
from protocols.icash.keys import KEY_BYTES, CardKeys, Masters
from protocols.purse.memory import Slots
from sim.cards.answers import Transmission
from sim.cards.icash import IcashPlastic, ModulePlastic
from sim.cards.private import write_private

CARD_SCHEME: Final = "icash"
MODULE_SCHEME: Final = "icash_module"
Amount = Annotated[int, msgspec.Meta(ge=0, le=0xFFFF_FFFF)]
Slot = Annotated[int, msgspec.Meta(ge=0, le=255)]
_MASTERS: Final = ("purchase", "load", "claim", "collection")


class _CardFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    scheme: str
    card: str
    purchase_key: str
    load_key: str
    claim_key: str
    currency: int
    ceiling: Amount
    purchase_max: Amount
    expiry: int
    key_version: int = 1
    record_slots: Slot = 16
    transmission: Transmission = Transmission.T1


class _ModuleFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    scheme: str
    module: str
    purchase_master: str
    collection_key: str
    currency: int
    key_version: int = 1
    open_slots: Slot = 16
    credited_slots: Slot = 16
    transmission: Transmission = Transmission.T1


def write_card(file: Path, personality: CardPersonality, transmission: Transmission) -> None:
    """Write a card's file, for its user alone. Raises: FileExistsError; a card is made once."""
    me = personality
    _write(
        file,
        {
            "scheme": CARD_SCHEME,
            "transmission": transmission.value,
            "card": me.card.decode("ascii"),
            "key_version": me.key_version,
            "purchase_key": me.keys.purchase.hex(),
            "load_key": me.keys.load.hex(),
            "claim_key": me.keys.claim.hex(),
            "currency": me.currency,
            "ceiling": me.ceiling,
            "purchase_max": me.purchase_max,
            "expiry": me.expiry,
            "record_slots": me.record_slots,
        },
    )


def write_module(file: Path, personality: ModulePersonality, transmission: Transmission) -> None:
    """Write a module's file, for its user alone. Raises: FileExistsError; a module is made once."""
    me = personality
    _write(
        file,
        {
            "scheme": MODULE_SCHEME,
            "transmission": transmission.value,
            "module": me.module.decode("ascii"),
            "key_version": me.key_version,
            "purchase_master": me.purchase_master.hex(),
            "collection_key": me.collection_key.hex(),
            "currency": me.currency,
            "open_slots": me.open_slots,
            "credited_slots": me.credited_slots,
        },
    )


def write_masters(file: Path, masters: Masters) -> None:
    """Write the issuer's keys. Raises: FileExistsError."""
    _write(file, {name: getattr(masters, name).hex() for name in _MASTERS})


def read_masters(file: Path) -> Masters:
    """Return an issuer's keys. Raises: FileNotFoundError, OSError, ValueError."""
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    if sorted(table) != sorted(_MASTERS):
        raise ValueError(f"{file}: an issuer of ICash has the keys {', '.join(_MASTERS)}")
    try:
        return Masters(**{name: _key(table[name], name) for name in _MASTERS})
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error


def card_of(label: str, table: dict[str, Any], slots: Slots) -> IcashPlastic:
    """Return the card that a file's table describes. Raises: ValueError."""
    raw = msgspec.convert(table, _CardFile)
    personality = CardPersonality(
        card=_name(raw.card),
        key_version=raw.key_version,
        keys=CardKeys(
            purchase=_key(raw.purchase_key, "purchase_key"),
            load=_key(raw.load_key, "load_key"),
            claim=_key(raw.claim_key, "claim_key"),
        ),
        currency=raw.currency,
        ceiling=raw.ceiling,
        purchase_max=raw.purchase_max,
        expiry=raw.expiry,
        record_slots=raw.record_slots,
    )
    return IcashPlastic(
        label=label, personality=personality, slots=slots, transmission=raw.transmission
    )


def module_of(label: str, table: dict[str, Any], slots: Slots) -> ModulePlastic:
    """Return the module that a file's table describes. Raises: ValueError."""
    raw = msgspec.convert(table, _ModuleFile)
    personality = ModulePersonality(
        module=_name(raw.module),
        key_version=raw.key_version,
        purchase_master=_key(raw.purchase_master, "purchase_master"),
        collection_key=_key(raw.collection_key, "collection_key"),
        currency=raw.currency,
        open_slots=raw.open_slots,
        credited_slots=raw.credited_slots,
    )
    return ModulePlastic(
        label=label, personality=personality, slots=slots, transmission=raw.transmission
    )


def _write(file: Path, values: dict[str, str | int]) -> None:
    lines = (
        f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}"
        for name, value in values.items()
    )
    write_private(file, "\n".join(lines) + "\n")


def _name(text: str) -> bytes:
    name = text.encode("ascii")
    if len(name) != 8:
        raise ValueError(f"{text!r} is not 8 letters and digits")
    return name


def _key(text: object, what: str) -> bytes:
    key = bytes.fromhex(text) if isinstance(text, str) else b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"{what}: a key has {KEY_BYTES} bytes, in hexadecimal")
    return key
