"""RSA as EMV has it: a block as long as the modulus, raised; nothing between. And keys made of given randomness.

The format of what is signed is EMV's own (certificates). A key is made of the randomness that it is given, so one
seed makes the same keys. Source: EMV 4.4 book 2, annex A2.1 and B2.1.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

EXPONENT: Final = 65_537
BITS_MIN: Final = 512
BITS_MAX: Final = 1_984
_ROUNDS: Final = 16
"""A composite passes once in 4**16 at the very worst, and candidates here are random."""
_SMALL: Final = tuple(
    number
    for number in range(3, 2_000, 2)
    if all(number % odd for odd in range(3, 45, 2) if odd < number)
)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Whose signatures can be checked, and for whom something can be enciphered."""

    modulus: int
    exponent: int

    @property
    def size(self) -> int:
        """Return the bytes of the modulus."""
        return (self.modulus.bit_length() + 7) // 8

    def raised(self, block: bytes) -> bytes:
        """Return a block opened, or enciphered. One that is no number below the modulus wraps."""
        return pow(int.from_bytes(block), self.exponent, self.modulus).to_bytes(self.size)


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """Who signs."""

    public: PublicKey
    secret: int = field(repr=False)

    def raised(self, block: bytes) -> bytes:
        """Return a block signed, or deciphered."""
        number = pow(int.from_bytes(block), self.secret, self.public.modulus)
        return number.to_bytes(self.public.size)


def make_key(bits: int, random: Callable[[int], bytes]) -> PrivateKey:
    """Make a key of so many bits; `random` gives bytes that are never used again."""
    assert BITS_MIN <= bits <= BITS_MAX and bits % 16 == 0
    while True:
        one, other = (_prime(bits // 2, random) for _ in range(2))
        modulus = one * other
        order = (one - 1) * (other - 1)
        if one != other and order % EXPONENT and modulus.bit_length() == bits:
            return PrivateKey(PublicKey(modulus, EXPONENT), pow(EXPONENT, -1, order))


def _prime(bits: int, random: Callable[[int], bytes]) -> int:
    """Return a prime whose two highest bits are set, so that two of them make a modulus of full length."""
    highest = 0b11 << (bits - 2)
    start = int.from_bytes(random(bits // 8)) | highest | 1
    candidate = start
    while True:
        if all(candidate % small for small in _SMALL) and _passes(candidate, random):
            return candidate
        candidate += 2
        if candidate.bit_length() > bits:
            candidate = highest | 1


def _passes(candidate: int, random: Callable[[int], bytes]) -> bool:
    """Miller and Rabin's test, with bases of the candidate's own randomness."""
    odd = candidate - 1
    twos = (odd & -odd).bit_length() - 1
    odd >>= twos
    for turn in range(_ROUNDS):
        # A composite falls at the first base but once in a million; only primes see the others.
        base = 2 if turn == 0 else 2 + int.from_bytes(random(8)) % (candidate - 4)
        value = pow(base, odd, candidate)
        if value in (1, candidate - 1):
            continue
        for _ in range(twos - 1):
            value = value * value % candidate
            if value == candidate - 1:
                break
        else:
            return False
    return True
