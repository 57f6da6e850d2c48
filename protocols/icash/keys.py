"""The key tree and the MAC: AES-128-CMAC, the leftmost 8 bytes.

A card holds three leaves of the tree; a module holds a master and derives the leaf of a card it meets.
Source: NIST SP 800-38B; RFC 4493; the diversification is ours (protocols.icash).
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Protocol

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.constant_time import bytes_eq

KEY_BYTES: Final = 16
MAC_BYTES: Final = 8


class Purpose(Enum):
    """What a key may be used for; the label it is derived under."""

    PURCHASE = b"ICKP"
    LOAD = b"ICKL"
    CLAIM = b"ICKI"
    COLLECTION = b"ICKC"


def cmac(key: bytes, text: bytes) -> bytes:
    """Return the whole AES-CMAC, 16 bytes."""
    machine = CMAC(AES(key))
    machine.update(text)
    return machine.finalize()


def check_value(key: bytes) -> str:
    """Return six hexadecimal digits by which people compare a key without seeing it."""
    return cmac(key, bytes(KEY_BYTES))[:3].hex().upper()


def diversify(master: bytes, purpose: Purpose, owner: bytes, version: int) -> bytes:
    """Return the key of one card or module under a master."""
    assert len(master) == KEY_BYTES
    assert len(owner) == 8
    return cmac(master, purpose.value + owner + bytes((version,)))


class Suite(Protocol):
    """Signs, checks and derives; a search remembers answers, a card computes them."""

    def mac(self, key: bytes, text: bytes) -> bytes:
        """Return the 8 bytes of a signature."""
        ...

    def derive(self, master: bytes, purpose: Purpose, owner: bytes, version: int) -> bytes:
        """Return a leaf of the key tree."""
        ...


class AesCmac:
    """The suite itself."""

    def mac(self, key: bytes, text: bytes) -> bytes:
        """Return the leftmost 8 bytes of the CMAC."""
        return cmac(key, text)[:MAC_BYTES]

    def derive(self, master: bytes, purpose: Purpose, owner: bytes, version: int) -> bytes:
        """Return a leaf of the key tree."""
        return diversify(master, purpose, owner, version)


class RememberingAesCmac(AesCmac):
    """The same suite with a memory. For searches only."""

    def __init__(self) -> None:
        self._macs: dict[tuple[bytes, bytes], bytes] = {}
        self._keys: dict[tuple[bytes, Purpose, bytes, int], bytes] = {}

    def mac(self, key: bytes, text: bytes) -> bytes:
        """Return a signature, from memory where possible."""
        known = self._macs.get((key, text))
        if known is None:
            known = self._macs[key, text] = super().mac(key, text)
        return known

    def derive(self, master: bytes, purpose: Purpose, owner: bytes, version: int) -> bytes:
        """Return a leaf of the key tree, from memory where possible."""
        question = (master, purpose, owner, version)
        known = self._keys.get(question)
        if known is None:
            known = self._keys[question] = super().derive(*question)
        return known


def same(expected: bytes, given: bytes) -> bool:
    """Compare signatures in a time that does not tell where they differ."""
    return bytes_eq(expected, given)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardKeys:
    """The leaves that one card holds."""

    purchase: bytes = field(repr=False)
    load: bytes = field(repr=False)
    claim: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Masters:
    """The roots of the tree, at the issuer."""

    purchase: bytes = field(repr=False)
    load: bytes = field(repr=False)
    claim: bytes = field(repr=False)
    collection: bytes = field(repr=False)

    def card_keys(self, card: bytes, version: int) -> CardKeys:
        """Return what is written into a card when it is made."""
        return CardKeys(
            purchase=diversify(self.purchase, Purpose.PURCHASE, card, version),
            load=diversify(self.load, Purpose.LOAD, card, version),
            claim=diversify(self.claim, Purpose.CLAIM, card, version),
        )

    def named(self) -> tuple[tuple[str, bytes], ...]:
        """Return the four with their names, in the order in which they are kept."""
        return (
            ("purchase", self.purchase),
            ("load", self.load),
            ("claim", self.claim),
            ("collection", self.collection),
        )

    def encode(self) -> bytes:
        """Return the four in one, 64 bytes."""
        return b"".join(key for _, key in self.named())

    def collection_key(self, module: bytes, version: int) -> bytes:
        """Return what is written into a module, beside the purchase master."""
        return diversify(self.collection, Purpose.COLLECTION, module, version)


MASTERS_BYTES: Final = 4 * KEY_BYTES


def decode_masters(data: bytes) -> Masters:
    """Return the masters of 64 bytes."""
    assert len(data) == MASTERS_BYTES, "four keys of sixteen bytes"
    keys = [data[at : at + KEY_BYTES] for at in range(0, MASTERS_BYTES, KEY_BYTES)]
    return Masters(purchase=keys[0], load=keys[1], claim=keys[2], collection=keys[3])
