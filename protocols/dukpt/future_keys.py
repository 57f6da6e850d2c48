"""What a PIN pad keeps: one future key for each bit of its counter, and how the next is taken.

    load      registers[i] = derive(initial key, 1 << i); counter 1; the initial key is forgotten
    take      counter's lowest one is bit b: registers[b] is this transaction's key. From it every
              register below b is filled anew; it is erased; the counter goes on
    counter   with as many ones as are allowed, no lower bit may be added: it jumps to the next value
              that has fewer; past its last bit the pad is used up

This is the method of ANSI X9.24-1:2009 A.2 and X9.24-3:2017 6.6 in one; the schemes differ in how many
bits there are and how a key is derived.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

COUNTER_BYTES: Final = 4


class UsedUpError(Exception):
    """The pad has no key left: it goes back to be loaded anew."""


class ImageError(ValueError):
    """These bytes are no registers of this scheme."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """How keys are derived, and how many there are."""

    bits: int
    """Of the counter."""
    ones_max: int
    """More ones than this never stand in a counter: it bounds the work of whoever derives anew."""
    id_bytes: int
    """Of what tells the pad: the KSN without its counter."""
    derive: Callable[[bytes, bytes, int], bytes]
    """From a key, the pad's id and a counter: the next key on the way to that counter."""

    def path(self, initial_key: bytes, pad_id: bytes, counter: int) -> bytes:
        """Return a transaction's key from the initial key, as a bank derives it."""
        assert 0 < counter < 1 << self.bits
        key, so_far = initial_key, 0
        for bit in reversed(range(self.bits)):
            if counter >> bit & 1:
                so_far |= 1 << bit
                key = self.derive(key, pad_id, so_far)
        return key

    def following(self, counter: int) -> int:
        """Return the counter after this one; 0 where none is left."""
        step = counter & -counter if counter.bit_count() >= self.ones_max else 1
        following = counter + step
        while following.bit_count() > self.ones_max:
            following += following & -following
        return following if following < 1 << self.bits else 0


@dataclass(frozen=True, slots=True)
class FutureKeys:
    """A pad's registers; a value: taking a key gives the next registers."""

    pad_id: bytes
    counter: int
    """Of the next transaction; 0: used up."""
    keys: tuple[bytes, ...] = field(repr=False)
    """By bit; empty where erased."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One transaction's key, and what the pad keeps from now on."""

    counter: int
    key: bytes = field(repr=False)
    left: FutureKeys


def load(scheme: Scheme, initial_key: bytes, pad_id: bytes) -> FutureKeys:
    """Return the registers of a pad that is loaded now."""
    assert len(pad_id) == scheme.id_bytes
    keys = tuple(scheme.derive(initial_key, pad_id, 1 << bit) for bit in range(scheme.bits))
    return FutureKeys(pad_id, 1, keys)


def take(scheme: Scheme, registers: FutureKeys) -> Taken:
    """Take the next transaction's key; keep what is left before anything is said. Raises: UsedUpError."""
    counter = registers.counter
    if counter == 0:
        raise UsedUpError("every key of this PIN pad was used")
    lowest = (counter & -counter).bit_length() - 1
    key = registers.keys[lowest]
    assert key, "a register whose bit comes next is filled"
    following = scheme.following(counter)
    keys = list(registers.keys)
    keys[lowest] = b""
    if counter.bit_count() < scheme.ones_max:
        for bit in range(lowest):
            keys[bit] = scheme.derive(key, registers.pad_id, counter | 1 << bit)
    return Taken(counter, key, FutureKeys(registers.pad_id, following, tuple(keys)))


def encode_registers(registers: FutureKeys) -> bytes:
    """Return registers as they are kept: counter, then each key behind its length."""
    image = registers.counter.to_bytes(COUNTER_BYTES) + registers.pad_id
    return image + b"".join(bytes((len(key),)) + key for key in registers.keys)


def decode_registers(scheme: Scheme, image: bytes) -> FutureKeys:
    """Return registers that were kept. Raises: ImageError."""
    start = COUNTER_BYTES + scheme.id_bytes
    keys: list[bytes] = []
    rest = image[start:]
    while rest:
        keys.append(rest[1 : 1 + rest[0]])
        if len(keys[-1]) != rest[0]:
            raise ImageError("a key is cut off")
        rest = rest[1 + rest[0] :]
    counter = int.from_bytes(image[:COUNTER_BYTES])
    if len(keys) != scheme.bits or counter >> scheme.bits:
        raise ImageError("no registers of this scheme")
    return FutureKeys(image[COUNTER_BYTES:start], counter, tuple(keys))
