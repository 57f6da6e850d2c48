"""HPKE: the vector of RFC 9180, an independent implementation both ways, and everything tampered with."""

import pytest
from cryptography.hazmat.primitives import hpke as theirs
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols import hpke
from protocols.hpke import ENCAPSULATED_BYTES, TAG_BYTES, SealError, seal, unseal
from protocols.purse.suite import public_key, secret_from

SUITE = theirs.Suite(theirs.KEM.P256, theirs.KDF.HKDF_SHA256, theirs.AEAD.AES_128_GCM)
SECRET = secret_from(b"holder".ljust(40, b"\0"))
EPHEMERAL = secret_from(b"ephemeral".ljust(40, b"\0"))
TEXT, INFO = b"eight by", b"what both know"
SEALED = seal(TEXT, to=public_key(SECRET), info=INFO, ephemeral=EPHEMERAL)


def test_key_and_nonce_are_those_of_the_standard() -> None:
    """Vector: RFC 9180 A.3.1, base mode of this suite."""
    secret = 0xF3CE7FDAE57E1A310D87F1EBBDE6F328BE0A99CDBCADF4D6589CF29DE4B8FFD2
    encapsulated = bytes.fromhex(
        "04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac98536d7b61a1af4b78e5b7f951c09"
        "00be863c403ce65c9bfcb9382657222d18c4"
    )
    own = ec.derive_private_key(secret, ec.SECP256R1())
    shared = own.exchange(ec.ECDH(), hpke._point(encapsulated))
    context = encapsulated + hpke._encoded(own.public_key())

    key, nonce = hpke._schedule(shared, context, b"Ode on a Grecian Urn")

    assert key.hex() == "868c066ef58aae6dc589b6cfdd18f97e"
    assert nonce.hex() == "4e0bc5018beba4bf004cca59"


def test_an_independent_implementation_opens_what_we_seal_and_the_other_way_round() -> None:
    own = ec.derive_private_key(SECRET, ec.SECP256R1())

    assert SUITE.decrypt(SEALED, own, INFO) == TEXT
    assert unseal(SUITE.encrypt(TEXT, own.public_key(), INFO), secret=SECRET, info=INFO) == TEXT


def test_sealed_text_has_its_length_and_follows_from_the_ephemeral_key() -> None:
    """Deterministic in its arguments, so that a world replays."""
    assert len(SEALED) == ENCAPSULATED_BYTES + len(TEXT) + TAG_BYTES
    assert seal(TEXT, to=public_key(SECRET), info=INFO, ephemeral=EPHEMERAL) == SEALED
    other = seal(TEXT, to=public_key(SECRET), info=INFO, ephemeral=EPHEMERAL + 1)
    assert not {SEALED[:65], SEALED[65:]} & {other[:65], other[65:]}


@pytest.mark.parametrize("at", range(len(SEALED)))
def test_one_changed_byte_anywhere_is_noticed(at: int) -> None:
    wrong = bytearray(SEALED)
    wrong[at] ^= 0x01

    with pytest.raises(SealError):
        unseal(bytes(wrong), secret=SECRET, info=INFO)


def test_another_key_another_info_and_a_piece_open_nothing() -> None:
    for secret, info, sealed in (
        (SECRET + 1, INFO, SEALED),
        (SECRET, INFO + b"!", SEALED),
        (SECRET, INFO, SEALED[:-1]),
        (SECRET, INFO, SEALED[:40]),
        (SECRET, INFO, b""),
    ):
        with pytest.raises(SealError):
            unseal(sealed, secret=secret, info=info)


def test_nothing_is_sealed_for_what_is_no_point() -> None:
    with pytest.raises(SealError):
        seal(TEXT, to=b"\x02" + b"\xff" * 32, info=INFO, ephemeral=EPHEMERAL)


@given(
    text=st.binary(max_size=64),
    info=st.binary(max_size=64),
    seed=st.binary(min_size=40, max_size=40),
)
@settings(max_examples=40)
def test_whatever_is_sealed_comes_back(text: bytes, info: bytes, seed: bytes) -> None:
    sealed = seal(text, to=public_key(SECRET), info=info, ephemeral=secret_from(seed))

    assert unseal(sealed, secret=SECRET, info=info) == text


@given(st.binary(max_size=200))
def test_garbage_is_refused(garbage: bytes) -> None:
    with pytest.raises(SealError):
        unseal(garbage, secret=SECRET, info=INFO)
