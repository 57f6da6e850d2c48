"""A virtual PIN pad's keys for the bank: DUKPT registers in a memory that power may leave.

    load       once, as at whoever loads pads: the initial key of this pad becomes its registers
    chip_key   a chip's PIN key, once its whole chain was checked
    encipher   the next key is taken, what is left is durable, and only then a block leaves

So no key serves twice, whatever becomes of the pad in between: a kill costs a key, never a PIN.
Source: protocols/dukpt; ISO 9564-1.
"""

from collections.abc import Mapping
from typing import Final

from protocols.des import encrypt
from protocols.dukpt import aes, tdes
from protocols.dukpt.future_keys import (
    FutureKeys,
    Scheme,
    UsedUpError,
    decode_registers,
    encode_registers,
    load,
    take,
)
from protocols.emv import tags
from protocols.emv.certificates import CertificateError, issuer_key, pin_filler_bytes, pin_key
from protocols.emv.rsa import PublicKey
from protocols.pin_block import RANDOM_BYTES, encipher_format_4, format_0
from protocols.pin_pad.words import EncipherForChip, EnteredForBank, PinBlockFormat
from protocols.ports import Entropy
from protocols.purse.memory import Memory, Slots, encode_slot

__all__ = ["BankKeys", "UsedUpError", "chip_key", "initial_key_of", "load_pad"]

_NO_DATE: Final = 0
"""A pad has no calendar; who asks it has seen to the dates."""

BASE_ID: Final = bytes.fromhex("00000001")
"""Which base key of the bank's it is."""
_SCHEMES: Final[dict[PinBlockFormat, Scheme]] = {
    PinBlockFormat.FORMAT_0: tdes.SCHEME,
    PinBlockFormat.FORMAT_4: aes.SCHEME,
}


def load_pad(slots: Slots, form: PinBlockFormat, initial_key: bytes, pad_id: bytes) -> None:
    """Load a pad's memory. Called once a pad: who loads one again lets it use its keys again."""
    slots.store(0, encode_slot(1, encode_registers(load(_SCHEMES[form], initial_key, pad_id))))


def initial_key_of(form: PinBlockFormat, base_key: bytes, number: bytes) -> tuple[bytes, bytes]:
    """Return initial key and id of the pad with this number, four bytes, under a bank's base key."""
    assert len(number) == 4
    if form is PinBlockFormat.FORMAT_4:
        pad_id = BASE_ID + number
        return aes.initial_key(base_key, pad_id), pad_id
    # The last 21 bits are the counter's.
    pad_id = tdes.pad_of(b"\xff\xff" + BASE_ID + number)
    return tdes.initial_key(base_key, pad_id), pad_id


class BankKeys:
    """The keys that one pad has left."""

    def __init__(self, form: PinBlockFormat, memory: Memory) -> None:
        """Raises: MemoryWornOutError, future_keys.ImageError."""
        self.form = form
        self._scheme = _SCHEMES[form]
        self._memory = memory
        self._registers = decode_registers(self._scheme, memory.read())

    @property
    def ksn(self) -> str:
        """The key serial number of the next block; nothing where every key was used."""
        return self._ksn(self._registers).hex().upper() if self._registers.counter else ""

    def encipher(self, pin: str, pan: str, entropy: Entropy) -> EnteredForBank:
        """Encipher a PIN under the next key. Raises: UsedUpError, OSError, TornError: nothing left."""
        ksn = self._ksn(self._registers)
        taken = take(self._scheme, self._registers)
        self._memory.write(encode_registers(taken.left))
        self._registers = taken.left
        if self.form is PinBlockFormat.FORMAT_0:
            block = encrypt(tdes.pin_key(taken.key), format_0(pin, pan))
        else:
            key = aes.working_key(taken.key, ksn, aes.Usage.PIN)
            block = encipher_format_4(pin, pan, key=key, random=entropy.token(RANDOM_BYTES))
        return EnteredForBank(self.form, ksn, block)

    def _ksn(self, registers: FutureKeys) -> bytes:
        make = tdes.ksn_of if self.form is PinBlockFormat.FORMAT_0 else aes.ksn_of
        return make(registers.pad_id, registers.counter)


def chip_key(
    purpose: EncipherForChip, authorities: Mapping[tuple[bytes, int], PublicKey]
) -> PublicKey:
    """Return the key that a PIN is enciphered under for a chip. Raises: CertificateError."""
    authority = authorities.get(purpose.authority)
    if authority is None:
        raise CertificateError("no such authority's key is here")
    digits = purpose.pan + "f" * (len(purpose.pan) % 2)
    card = {
        tags.PAN: bytes.fromhex(digits),
        tags.ISSUER_CERTIFICATE: purpose.issuer[0],
        tags.ISSUER_REMAINDER: purpose.issuer[1],
        tags.ISSUER_EXPONENT: purpose.issuer[2],
        tags.PIN_CERTIFICATE: purpose.card[0],
        tags.PIN_REMAINDER: purpose.card[1],
        tags.PIN_EXPONENT: purpose.card[2],
    }
    key = pin_key(issuer_key(authority, card, _NO_DATE), card, _NO_DATE)
    if pin_filler_bytes(key) < 0:
        raise CertificateError("its key is too short for a PIN")
    return key
