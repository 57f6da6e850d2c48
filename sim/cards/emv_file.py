"""EMV cards on disk, and the file of who issued them: what is written once, as TOML.

    scheme = "emv"                         emv-issuer.toml
    transmission = "t1"                    index = 1                        of the authority's key
    pan = "9900330000000101"               digits = "9900"                  its cards' numbers begin so
    records = { "2.1" = "70..." }          authority = { modulus = "..", secret = ".." }
    keys = ["..", "..", ".."]              issuer = { modulus = "..", secret = ".." }
    signer = { modulus, secret }           keys = ["..", "..", ".."]        cryptograms, scripts whole, secret
    ...

Bytes and keys are hexadecimal. Whoever has the issuer's file makes cards.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from protocols.emv.bits import Aip
from protocols.emv.cryptograms import Version
from protocols.emv.keys import CardKeys
from protocols.emv.rsa import EXPONENT, PrivateKey, PublicKey
from protocols.purse.memory import Slots
from sim.cards.answers import Transmission
from sim.cards.emv import EmvCard, EmvPersonality, Quirk
from sim.cards.private import write_private

SCHEME: Final = "emv"
ISSUER_FILE: Final = "emv-issuer.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmvIssuer:
    """An authority, and the issuer of all cards of a folder under it."""

    index: int
    digits: str
    authority: PrivateKey
    issuer: PrivateKey
    keys: CardKeys
    """Masters; a card's are derived."""

    def authorities(self, rid: bytes) -> dict[tuple[bytes, int], PublicKey]:
        """Return what a terminal is given."""
        return {(rid, self.index): self.authority.public}


class _Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    modulus: str
    secret: str


class _IssuerFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    index: int
    digits: str
    authority: _Key
    issuer: _Key
    keys: tuple[str, str, str]


class _CardFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    scheme: str
    pan: str
    sequence: int
    expiry: int
    aid: str
    label: str
    priority: int
    aip: int
    afl: str
    pdol: str
    cdol_1: str
    cdol_2: str
    ddol: str
    version: int
    keys: tuple[str, str, str]
    records: dict[str, str]
    signer: _Key | None = None
    opener: _Key | None = None
    directory: bool = True
    quirk: Quirk = Quirk.NONE
    transmission: Transmission = Transmission.T1


def read_issuer(folder: Path) -> EmvIssuer:
    """Return who issued a folder's EMV cards. Raises: FileNotFoundError, OSError, ValueError."""
    file = folder / ISSUER_FILE
    text = file.read_text(encoding="utf-8")
    try:
        raw = msgspec.convert(tomllib.loads(text), _IssuerFile)
        return EmvIssuer(
            index=raw.index,
            digits=raw.digits,
            authority=_key(raw.authority),
            issuer=_key(raw.issuer),
            keys=_keys(raw.keys),
        )
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error


def write_issuer(folder: Path, issuer: EmvIssuer) -> None:
    """Write an issuer's file, for its user alone. Raises: FileExistsError."""
    lines = [
        f"index = {issuer.index}",
        f'digits = "{issuer.digits}"',
        f"authority = {_written(issuer.authority)}",
        f"issuer = {_written(issuer.issuer)}",
        f"keys = {_written_keys(issuer.keys)}",
    ]
    write_private(folder / ISSUER_FILE, "\n".join(lines) + "\n")


def write_emv(file: Path, personality: EmvPersonality, transmission: Transmission) -> None:
    """Write a card's file, for its user alone. Raises: FileExistsError; a card is made once."""
    me = personality
    lines = [
        f'scheme = "{SCHEME}"',
        f'transmission = "{transmission.value}"',
        f'pan = "{me.pan}"',
        f"sequence = {me.sequence}",
        f"expiry = {me.expiry}",
        f'aid = "{me.aid.hex()}"',
        f'label = "{me.label}"',
        f"priority = {me.priority}",
        f"aip = {int(me.aip)}",
        f'afl = "{me.afl.hex()}"',
        f'pdol = "{me.pdol.hex()}"',
        f'cdol_1 = "{me.cdol_1.hex()}"',
        f'cdol_2 = "{me.cdol_2.hex()}"',
        f'ddol = "{me.ddol.hex()}"',
        f"version = {int(me.version)}",
        f"keys = {_written_keys(me.keys)}",
        f"directory = {str(me.directory).lower()}",
        f'quirk = "{me.quirk.value}"',
    ]
    if me.signer is not None:
        lines.append(f"signer = {_written(me.signer)}")
    if me.opener is not None:
        lines.append(f"opener = {_written(me.opener)}")
    lines.append("[records]")
    lines += [
        f'"{sfi}.{number}" = "{record.hex()}"' for (sfi, number), record in me.records.items()
    ]
    write_private(file, "\n".join(lines) + "\n")


def emv_of(label: str, table: dict[str, Any], slots: Slots) -> EmvCard:
    """Return the card that a file's table describes. Raises: ValueError."""
    raw = msgspec.convert(table, _CardFile)
    return EmvCard(
        label=label, personality=_personality(raw), slots=slots, transmission=raw.transmission
    )


def _personality(raw: _CardFile) -> EmvPersonality:
    """Raises: ValueError."""
    records = {}
    for name, record in raw.records.items():
        sfi, _, number = name.partition(".")
        records[int(sfi), int(number)] = bytes.fromhex(record)
    return EmvPersonality(
        pan=raw.pan,
        sequence=raw.sequence,
        expiry=raw.expiry,
        aid=bytes.fromhex(raw.aid),
        label=raw.label,
        priority=raw.priority,
        aip=Aip(raw.aip),
        afl=bytes.fromhex(raw.afl),
        records=records,
        pdol=bytes.fromhex(raw.pdol),
        cdol_1=bytes.fromhex(raw.cdol_1),
        cdol_2=bytes.fromhex(raw.cdol_2),
        ddol=bytes.fromhex(raw.ddol),
        version=Version(raw.version),
        keys=_keys(raw.keys),
        signer=None if raw.signer is None else _key(raw.signer),
        opener=None if raw.opener is None else _key(raw.opener),
        directory=raw.directory,
        quirk=raw.quirk,
    )


def _key(raw: _Key) -> PrivateKey:
    return PrivateKey(PublicKey(int(raw.modulus, 16), EXPONENT), int(raw.secret, 16))


def _keys(raw: tuple[str, str, str]) -> CardKeys:
    return CardKeys(*(bytes.fromhex(each) for each in raw))


def _written(key: PrivateKey) -> str:
    return f'{{ modulus = "{key.public.modulus:x}", secret = "{key.secret:x}" }}'


def _written_keys(keys: CardKeys) -> str:
    each = (keys.cryptogram, keys.integrity, keys.secrecy)
    return "[" + ", ".join(f'"{key.hex()}"' for key in each) + "]"
