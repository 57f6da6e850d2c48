"""Enciphered PINs, opened under the bank's half of the keys.

8 bytes, a KSN of 10     format 0 under triple DES DUKPT
8 bytes, no KSN          format 0 under a fixed triple DES key
16 bytes, a KSN of 12    format 4 under AES DUKPT
"""

from dataclasses import dataclass, field

from protocols.des import decrypt
from protocols.dukpt import aes, tdes
from protocols.iso8583.pin import EncipheredPin
from protocols.pin_block import PinBlockError, decipher_format_4, pin_of_format_0


@dataclass(frozen=True, slots=True, kw_only=True)
class PinKeys:
    """What PIN pads' keys were derived from."""

    aes_base: bytes = field(default=bytes.fromhex("FEDCBA9876543210F1F1F1F1F1F1F1F1"), repr=False)
    """X9.24-3's own test key."""
    tdes_base: bytes = field(default=bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), repr=False)
    """X9.24-1's own test key."""
    fixed: bytes = field(default=bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), repr=False)

    def open(self, pin: EncipheredPin, pan: str) -> str:
        """Return the PIN. Raises: PinBlockError when it is under another key or for another card."""
        match len(pin.block), len(pin.ksn):
            case 16, 12 if aes.valid_ksn(pin.ksn):
                first = aes.initial_key(self.aes_base, pin.ksn[: aes.ID_BYTES])
                key = aes.transaction_key(first, pin.ksn)
                key = aes.working_key(key, pin.ksn, aes.Usage.PIN)
                return decipher_format_4(pin.block, pan, key=key)
            case 8, 10 if tdes.valid_ksn(pin.ksn):
                first = tdes.initial_key(self.tdes_base, tdes.pad_of(pin.ksn))
                key = tdes.pin_key(tdes.transaction_key(first, pin.ksn))
                return pin_of_format_0(decrypt(key, pin.block), pan)
            case 8, 0:
                return pin_of_format_0(decrypt(self.fixed, pin.block), pan)
            case _:
                raise PinBlockError("a PIN block of another length than its key serial number's")
