"""The issuer's and the collector's side: cards and modules made, loads ordered, debits claimed.

A load is idempotent: its number is the card's own, so the same order may be sent until its L3 comes and
loads once. A claim is paid only when the card shows the debit (SI) and the module's purchase was
cleared: neither side alone can get money, and what was cleared can no longer be credited. Pure: keys
are arguments, books are the caller's.
"""

from protocols.icash.details import (
    Details,
    Kind,
    claim_text,
    clear_text,
    opening_text,
    order_text,
    receipt_text,
    statement_text,
)
from protocols.icash.keys import MAC_BYTES, Masters, Purpose, Suite, same
from protocols.iso7816 import Command


class Host:
    """Signs and checks with the masters."""

    def __init__(self, masters: Masters, suite: Suite) -> None:
        self._masters = masters
        self._suite = suite

    def is_opened(self, details: Details, balance: int, expiry: int, signature: bytes) -> bool:
        """Return whether L1 is the card's: it wants to be loaded with exactly this."""
        text = opening_text(Kind.LOAD, details.encode(), balance, expiry)
        return same(self._suite.mac(self._load_key(details), text), signature)

    def load(self, details: Details) -> bytes:
        """Return the CREDIT IEP with L2. One amount for each number of a card, ever: it may be resent."""
        order = self._suite.mac(self._load_key(details), order_text(Kind.LOAD, details.encode()))
        return Command(0x90, 0x52, 0, 0, order, 256).encode()

    def is_loaded(self, details: Details, signature: bytes) -> bool:
        """Return whether L3 is the card's: it has the load."""
        text = receipt_text(Kind.LOAD, details.encode())
        return same(self._suite.mac(self._load_key(details), text), signature)

    def is_debited(self, details: Details, signature: bytes) -> bool:
        """Return whether SI is the card's: it has paid this purchase."""
        key = self._suite.derive(
            self._masters.claim, Purpose.CLAIM, details.card, details.key_version
        )
        return same(self._suite.mac(key, claim_text(details.encode())), signature)

    def clear(self, details: Details, module_version: int) -> bytes:
        """Return the CLEAR with SC for one open purchase of a module."""
        encoded = details.encode()
        signature = self._suite.mac(
            self._collection_key(details.module, module_version), clear_text(encoded)
        )
        return Command(0x90, 0x7E, 0, 0, encoded + signature).encode()

    def statement(
        self, module: bytes, module_version: int, nonce: bytes, answer: bytes
    ) -> tuple[int, int, int, bytes] | None:
        """Return (number, total, open purchases, their image) of a module's statement, if it is one."""
        body, signature = answer[:-MAC_BYTES], answer[-MAC_BYTES:]
        if len(body) != 4 + 8 + 1 + 32:
            return None
        key = self._collection_key(module, module_version)
        if not same(self._suite.mac(key, statement_text(nonce, body)), signature):
            return None
        return int.from_bytes(body[:4]), int.from_bytes(body[4:12]), body[12], body[13:]

    def _load_key(self, details: Details) -> bytes:
        return self._suite.derive(
            self._masters.load, Purpose.LOAD, details.card, details.key_version
        )

    def _collection_key(self, module: bytes, version: int) -> bytes:
        return self._suite.derive(self._masters.collection, Purpose.COLLECTION, module, version)
