"""DES, against published vectors: FIPS 81 and SP 800-67 blocks, ISO 9797-1 annex examples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.des import (
    decrypt,
    decrypt_cbc,
    encrypt,
    encrypt_cbc,
    odd_parity,
    pad,
    retail_mac,
    xor,
)


def test_single_des_of_fips_81() -> None:
    key = bytes.fromhex("0123456789ABCDEF")
    plain = b"Now is the time for all "

    cipher = "3FA40E8A984D48156A271787AB8883F9893D51EC4B563B53"
    assert encrypt(key, plain).hex().upper() == cipher
    assert decrypt(key, bytes.fromhex(cipher)) == plain


def test_triple_des_of_sp_800_67() -> None:
    key = bytes.fromhex("0123456789ABCDEF23456789ABCDEF01456789ABCDEF0123")
    plain = b"The qufck brown fox jump"

    cipher = "A826FD8CE53B855FCCE21C8112256FE668D5C05DD9B6B900"
    assert encrypt(key, plain).hex().upper() == cipher


def test_retail_mac_of_iso_9797_1_annex_b() -> None:
    """Algorithm 3, padding method 2, data string 1."""
    key = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")

    assert retail_mac(key, b"Now is the time for all ").hex().upper() == "E9086230CA3BE796"


@given(st.binary(min_size=16, max_size=16), st.binary(max_size=40))
def test_what_is_encrypted_comes_back(key: bytes, text: bytes) -> None:
    padded = pad(text)

    assert len(padded) % 8 == 0 and padded[: len(text)] == text
    assert decrypt(key, encrypt(key, padded)) == padded
    assert decrypt_cbc(key, encrypt_cbc(key, padded)) == padded


@given(st.binary(max_size=32))
def test_parity_is_odd_and_changes_the_lowest_bits_only(key: bytes) -> None:
    made = odd_parity(key)

    assert all(byte.bit_count() % 2 for byte in made)
    assert all(one >> 1 == other >> 1 for one, other in zip(made, key, strict=True))


def test_half_a_block_is_a_mistake_of_ours() -> None:
    with pytest.raises(AssertionError):
        encrypt(bytes(16), bytes(7))
    with pytest.raises(ValueError, match="shorter"):
        xor(b"ab", b"a")
