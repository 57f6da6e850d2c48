"""A card's keys from its issuer's, and the keys of one transaction.

    master keys of an issuer   AC (cryptograms), SMI and SMC (scripts: whole, secret)
    a card's                   option A: triple DES of number and sequence number, and of its complement
    a transaction's            common session key: triple DES of R with F0, with 0F in its third byte
                               AC: R = counter 000000000000     scripts: R = the cryptogram asked with

Source: EMV 4.4 book 2, A1.3.1 and A1.4.1.
"""

from dataclasses import dataclass, field
from typing import Final

from protocols.des import KEY_BYTES, encrypt, odd_parity, xor

ATC_BYTES: Final = 2


@dataclass(frozen=True, slots=True)
class CardKeys:
    """The three keys of an issuer, or of one of its cards."""

    cryptogram: bytes = field(repr=False)
    integrity: bytes = field(repr=False)
    secrecy: bytes = field(repr=False)

    def of_card(self, pan: str, sequence: int) -> "CardKeys":
        """Return a card's keys from its issuer's."""
        return CardKeys(
            card_key(self.cryptogram, pan, sequence),
            card_key(self.integrity, pan, sequence),
            card_key(self.secrecy, pan, sequence),
        )


def card_key(master: bytes, pan: str, sequence: int) -> bytes:
    """Return a card's key from its issuer's, by option A."""
    assert len(master) == KEY_BYTES and pan.isdigit() and 0 <= sequence <= 99
    data = bytes.fromhex(f"{pan}{sequence:02}"[-16:].zfill(16))
    return odd_parity(encrypt(master, data + xor(data, b"\xff" * len(data))))


def session_key(key: bytes, diversifier: bytes) -> bytes:
    """Return the common session key under eight bytes that are of one transaction only."""
    assert len(diversifier) == 8
    halves = (diversifier[:2] + byte + diversifier[3:] for byte in (b"\xf0", b"\x0f"))
    return odd_parity(encrypt(key, b"".join(halves)))


def cryptogram_key(key: bytes, counter: bytes) -> bytes:
    """Return the key of one transaction's cryptograms, by the card's transaction counter."""
    assert len(counter) == ATC_BYTES
    return session_key(key, counter + bytes(6))
