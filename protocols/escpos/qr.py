"""The modules of a QR code, as a printer draws them for GS ( k: byte mode, versions 1 to 15.

    data bits -> blocks with Reed-Solomon check bytes, interleaved -> zigzag into the free modules ->
    the best of eight masks -> format and version bits

A matrix is a tuple of rows of bools, dark is True, without the quiet zone of QUIET_ZONE modules.
Source: ISO/IEC 18004:2015; the clause stands at each step.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final

from protocols.escpos.codes import Correction

QUIET_ZONE: Final = 4
"""Modules of white paper on each side (5.3.8)."""
VERSION_MAX: Final = 15
"""A larger symbol does not fit on a receipt with modules that scan well."""

Matrix = tuple[tuple[bool, ...], ...]
_Grid = list[list[bool | None]]

# Table 9: check bytes a block and number of blocks, by version, levels L M Q H.
_CHECK_BYTES: Final = {
    Correction.L: (7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22),
    Correction.M: (10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24),
    Correction.Q: (13, 22, 18, 26, 18, 24, 18, 22, 20, 24, 28, 26, 24, 20, 30),
    Correction.H: (17, 28, 22, 16, 22, 28, 26, 26, 24, 28, 24, 28, 22, 24, 24),
}
_BLOCKS: Final = {
    Correction.L: (1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6),
    Correction.M: (1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10),
    Correction.Q: (1, 1, 2, 2, 4, 4, 6, 6, 8, 8, 8, 10, 12, 16, 12),
    Correction.H: (1, 1, 2, 4, 4, 4, 5, 6, 8, 8, 11, 11, 16, 16, 18),
}
_LEVEL_BITS: Final = {Correction.L: 1, Correction.M: 0, Correction.Q: 3, Correction.H: 2}
_MASKS: Final[tuple[Callable[[int, int], int], ...]] = (
    lambda r, c: (r + c) % 2,
    lambda r, c: r % 2,
    lambda r, c: c % 3,
    lambda r, c: (r + c) % 3,
    lambda r, c: (r // 2 + c // 3) % 2,
    lambda r, c: r * c % 2 + r * c % 3,
    lambda r, c: (r * c % 2 + r * c % 3) % 2,
    lambda r, c: ((r + c) % 2 + r * c % 3) % 2,
)
"""7.8.2: a module is inverted where the expression is zero."""


def qr_matrix(content: bytes, correction: Correction) -> Matrix:
    """Return the smallest symbol that holds the content. Raises: ValueError when none does."""
    version = _version_for(len(content), correction)
    words = _interleaved(_data_words(content, version, correction), version, correction)
    grid = _function_patterns(version)
    free = [[module is None for module in row] for row in grid]
    _place(grid, words)
    candidates = [_masked(grid, free, mask, version, correction) for mask in range(len(_MASKS))]
    return min(candidates, key=_penalty)


def qr_size(content: bytes, correction: Correction) -> int:
    """Return how many modules wide and high the symbol is, without making it. Raises: ValueError."""
    return _size(_version_for(len(content), correction))


def _size(version: int) -> int:
    return 17 + 4 * version


def _word_count(version: int) -> int:
    """Return how many bytes fit: all modules less the function patterns (table 1)."""
    modules = (16 * version + 128) * version + 64
    if version >= 2:
        aligned = version // 7 + 2
        modules -= (25 * aligned - 10) * aligned - 55
    if version >= 7:
        modules -= 36
    return modules // 8


def _capacity(version: int, correction: Correction) -> int:
    return _word_count(version) - (
        _CHECK_BYTES[correction][version - 1] * _BLOCKS[correction][version - 1]
    )


def _length_bits(version: int) -> int:
    return 8 if version < 10 else 16


def _version_for(size: int, correction: Correction) -> int:
    for version in range(1, VERSION_MAX + 1):
        if 4 + _length_bits(version) + 8 * size <= 8 * _capacity(version, correction):
            return version
    raise ValueError(f"{size} bytes do not fit a QR code of version {VERSION_MAX}")


def _data_words(content: bytes, version: int, correction: Correction) -> bytes:
    """Byte mode 0100, length, bytes, terminator, then EC 11 by turns (7.4.5, 7.4.10)."""
    capacity = _capacity(version, correction)
    size_bits = _length_bits(version)
    bits = (0b0100 << size_bits | len(content)) << 8 * len(content)
    bits |= int.from_bytes(content, "big")
    used = 4 + size_bits + 8 * len(content)
    terminated = min(used + 4, 8 * capacity)
    padded = -(-terminated // 8) * 8
    words = (bits << (padded - used)).to_bytes(padded // 8, "big")
    return (words + b"\xec\x11" * capacity)[:capacity]


def _field_tables() -> tuple[list[int], list[int]]:
    """Return powers and logarithms of GF(256) under x^8 + x^4 + x^3 + x^2 + 1 (7.5.2)."""
    powers, logarithms, value = [0] * 255, [0] * 256, 1
    for exponent in range(255):
        powers[exponent], logarithms[value] = value, exponent
        value <<= 1
        if value > 255:
            value ^= 0x11D
    return powers, logarithms


_POWERS, _LOGARITHMS = _field_tables()


def _times(left: int, right: int) -> int:
    if not left or not right:
        return 0
    return _POWERS[(_LOGARITHMS[left] + _LOGARITHMS[right]) % 255]


def _check_bytes(block: bytes, count: int) -> bytes:
    """Return the remainder by the generator (x - 1)(x - 2)(x - 4)... of Reed and Solomon."""
    generator = [1]
    for exponent in range(count):
        shifted = [*generator, 0]
        for place, coefficient in enumerate(generator):
            shifted[place + 1] ^= _times(coefficient, _POWERS[exponent])
        generator = shifted
    remainder = list(block) + [0] * count
    for place in range(len(block)):
        factor = remainder[place]
        for offset, coefficient in enumerate(generator):
            remainder[place + offset] ^= _times(coefficient, factor)
    return bytes(remainder[len(block) :])


def _interleaved(words: bytes, version: int, correction: Correction) -> bytes:
    """Split into blocks, the later ones a byte longer, and take them in turn (7.6)."""
    count = _BLOCKS[correction][version - 1]
    short, longer = divmod(len(words), count)
    blocks, start = [], 0
    for index in range(count):
        size = short + (index >= count - longer)
        blocks.append(words[start : start + size])
        start += size
    checks = [_check_bytes(block, _CHECK_BYTES[correction][version - 1]) for block in blocks]
    return bytes(
        row[place]
        for rows in (blocks, checks)
        for place in range(max(map(len, rows)))
        for row in rows
        if place < len(row)
    )


def _alignment_places(version: int) -> list[int]:
    """Return the centres of the alignment patterns (annex E)."""
    if version == 1:
        return []
    count = version // 7 + 2
    last = _size(version) - 7
    step = -(-(last - 6) // (count - 1) // 2) * 2
    return [6, *sorted(last - step * index for index in range(count - 1))]


def _function_patterns(version: int) -> _Grid:
    """Return the grid with finders, timing and alignment set, room for format kept, data None."""
    size = _size(version)
    grid: _Grid = [[None] * size for _ in range(size)]
    for index in range(size):
        grid[6][index] = grid[index][6] = index % 2 == 0
    for row, column in ((3, 3), (3, size - 4), (size - 4, 3)):
        _stamp(grid, row, column, 4, dark=(0, 1, 3))
    places = _alignment_places(version)
    corners = {(6, 6), (6, size - 7), (size - 7, 6)}
    for row in places:
        for column in places:
            if (row, column) not in corners:
                _stamp(grid, row, column, 2, dark=(0, 2))
    for row, column, _ in _format_places(size):
        grid[row][column] = False
    grid[size - 8][8] = True
    if version >= 7:
        for row, column, _ in _version_places(size):
            grid[row][column] = False
    return grid


def _stamp(grid: _Grid, row: int, column: int, reach: int, *, dark: tuple[int, ...]) -> None:
    """Draw rings around a centre, the dark ones at the given distances (6.3.3, 6.3.6)."""
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            if 0 <= row + down < len(grid) and 0 <= column + right < len(grid):
                grid[row + down][column + right] = max(abs(down), abs(right)) in dark


def _format_places(size: int) -> Iterator[tuple[int, int, int]]:
    """Yield (row, column, bit) of both copies of the format bits (figure 25)."""
    for bit in range(15):
        row = bit if bit < 6 else bit + 1 if bit < 8 else size - 15 + bit
        yield row, 8, bit
        column = size - 1 - bit if bit < 8 else 7 if bit == 8 else 14 - bit
        yield 8, column, bit


def _version_places(size: int) -> Iterator[tuple[int, int, int]]:
    """Yield (row, column, bit) of both copies of the version bits (7.10)."""
    for bit in range(18):
        near, far = bit // 3, size - 11 + bit % 3
        yield near, far, bit
        yield far, near, bit


def _place(grid: _Grid, words: bytes) -> None:
    """Fill the free modules in columns of two from the right, up and down by turns (7.7.3)."""
    size, bit = len(grid), 0
    upward = True
    for right in (column for column in range(size - 1, 0, -2)):
        # The vertical timing pattern is a column of its own.
        column = right if right > 6 else right - 1
        for step in range(size):
            row = size - 1 - step if upward else step
            for across in (column, column - 1):
                if grid[row][across] is None:
                    # Behind the last byte up to seven remainder bits stay light.
                    byte = words[bit // 8] if bit < 8 * len(words) else 0
                    grid[row][across] = bool(byte >> (7 - bit % 8) & 1)
                    bit += 1
        upward = not upward


def _remainder(value: int, generator: int, bits: int) -> int:
    """Return value shifted by `bits` with its BCH check bits behind it (annexes C and D)."""
    rest = value << bits
    while rest.bit_length() > bits:
        rest ^= generator << (rest.bit_length() - bits - 1)
    return value << bits | rest


def _masked(
    grid: _Grid, free: list[list[bool]], mask: int, version: int, correction: Correction
) -> Matrix:
    size, inverts = len(grid), _MASKS[mask]
    modules = [
        [bool(grid[r][c]) ^ (free[r][c] and inverts(r, c) == 0) for c in range(size)]
        for r in range(size)
    ]
    bits = _remainder(_LEVEL_BITS[correction] << 3 | mask, 0b10100110111, 10) ^ 0b101010000010010
    for row, column, bit in _format_places(size):
        modules[row][column] = bool(bits >> bit & 1)
    modules[size - 8][8] = True
    if version >= 7:
        bits = _remainder(version, 0b1111100100101, 12)
        for row, column, bit in _version_places(size):
            modules[row][column] = bool(bits >> bit & 1)
    return tuple(map(tuple, modules))


def _penalty(matrix: Matrix) -> int:
    """Score how hard a symbol is to read (7.8.3); lower is better."""
    lines = [
        "".join("1" if module else "0" for module in line)
        for line in (*matrix, *zip(*matrix, strict=True))
    ]
    runs = sum(
        len(run) - 2
        for line in lines
        for run in line.replace("01", "0 1").replace("10", "1 0").split()
        if len(run) >= 5
    )
    finders = sum(
        40
        for line in lines
        for start in range(len(line) - 10)
        if line[start : start + 11] in ("10111010000", "00001011101")
    )
    squares = sum(
        3
        for above, below in pairwise(matrix)
        for column in range(len(matrix) - 1)
        if len({*above[column : column + 2], *below[column : column + 2]}) == 1
    )
    dark = sum(map(sum, matrix))
    balance = abs(20 * dark - 10 * len(matrix) ** 2) // len(matrix) ** 2 * 10
    return runs + finders + squares + balance
