"""A virtual PIN pad's keys for the bank: DUKPT registers in a memory that power may leave.

    load       once, as at whoever loads pads: the initial key of this pad becomes its registers
    encipher   the next key is taken, what is left is durable, and only then a block leaves

So no key serves twice, whatever becomes of the pad in between: a kill costs a key, never a PIN.
Source: protocols/dukpt; ISO 9564-1.
"""

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
from protocols.pin_block import RANDOM_BYTES, encipher_format_4, format_0
from protocols.pin_pad.words import EnteredForBank, PinBlockFormat
from protocols.ports import Entropy
from protocols.purse.memory import Memory, Slots, encode_slot

__all__ = ["BankKeys", "UsedUpError", "load_pad"]

_SCHEMES: Final[dict[PinBlockFormat, Scheme]] = {
    PinBlockFormat.FORMAT_0: tdes.SCHEME,
    PinBlockFormat.FORMAT_4: aes.SCHEME,
}


def load_pad(slots: Slots, form: PinBlockFormat, initial_key: bytes, pad_id: bytes) -> None:
    """Load a pad's memory. Called once a pad: who loads one again lets it use its keys again."""
    slots.store(0, encode_slot(1, encode_registers(load(_SCHEMES[form], initial_key, pad_id))))


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
