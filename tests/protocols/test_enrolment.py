"""Enrolment: a code read out loud, typed with mistakes, proved by both sides and never sent."""

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from protocols.enrolment import (
    ALPHABET,
    Certificate,
    EnrolmentError,
    broker_proof,
    make_code,
    open_certificate,
    sign_certificate,
    split_code,
    stretch,
    terminal_proof,
)

BROKER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))
KEY = stretch("01", "7F3K9QMW")


def certificate(**changed: object) -> Certificate:
    """Return a certificate of terminal 01."""
    made = Certificate(
        organisation="O1",
        store="S1",
        store_name_ko="한빛마트 본점",
        terminal="01",
        epoch=1,
        identity=bytes(32),
        broker=BROKER.public_key().public_bytes_raw(),
        issued_ns=1,
        expires_ns=2,
    )
    return msgspec.structs.replace(made, **changed)


@given(st.text("ABCXYZ0189-", min_size=1, max_size=8), st.binary(min_size=5, max_size=5))
def test_code_comes_back_as_it_was_made(terminal: str, random: bytes) -> None:
    """Forty bits in eight letters that nobody mistakes; a terminal's id may hold a dash."""
    found, secret = split_code(make_code(terminal, random))
    assert found == terminal and len(secret) == 8
    number = 0
    for letter in secret:
        number = number * 32 + ALPHABET.index(letter)
    assert number.to_bytes(5) == random


@pytest.mark.parametrize(
    "typed",
    ["01-7F3K-9QMW", "01-7f3k-9qmw", "  01-7F3K-9QMW\n", "01 - 7F3K - 9QMW", "01-7F3K9-QMW"],
)
def test_case_and_blanks_do_not_matter(typed: str) -> None:
    """What a person types while another reads it out."""
    assert split_code(typed) == ("01", "7F3K9QMW")


@pytest.mark.parametrize(("typed", "meant"), [("01-O1IL-LO0l", "01111001")])
def test_letters_that_look_like_digits_are_read_as_digits(typed: str, meant: str) -> None:
    """Crockford: O is 0, I and L are 1."""
    assert split_code(typed)[1] == meant


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "01",
        "7F3K-9QMW",
        "01-7F3K-9QM",
        "01-7F3K-9QMWX",
        "01-7F3K-9QMU",
        "01-7F3K-9Q.W",
        "01-일이삼사-9QMW",
    ],
)
def test_mistake_is_told_with_an_example(typed: str) -> None:
    """A missing letter, one too many, a letter that no code has."""
    with pytest.raises(EnrolmentError, match="01-7F3K-9QMW"):
        split_code(typed)


@given(st.text(max_size=40))
def test_anything_typed_is_a_code_or_an_enrolment_error(typed: str) -> None:
    """Never another exception."""
    try:
        terminal, secret = split_code(typed)
    except EnrolmentError:
        return
    assert (
        len(secret) == 8
        and all(letter in ALPHABET for letter in secret)
        and terminal == terminal.upper()
    )


def test_stretched_key_is_scrypts() -> None:
    """Against the other implementation at hand (cryptography's), with the parameters as documented."""
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    other = Scrypt(salt=b"enrol/01", length=32, n=2**14, r=8, p=1).derive(b"7F3K9QMW")
    assert other == KEY


def test_each_wrong_letter_makes_another_key_and_so_does_another_terminal() -> None:
    """A proof for one terminal is none for another."""
    keys = {stretch("01", "7F3K9QMW"), stretch("01", "7F3K9QMX"), stretch("02", "7F3K9QMW")}
    assert len(keys) == 3


def test_proofs_bind_everything_they_are_about() -> None:
    """Key, terminal, identity, nonce; certificate, nonce; and the two sides' proofs are never one."""
    asked = {"terminal": "01", "identity": bytes(32), "nonce": bytes(16)}
    proofs = [
        terminal_proof(KEY, **asked),  # type: ignore[arg-type]
        terminal_proof(bytes(32), **asked),  # type: ignore[arg-type]
        terminal_proof(KEY, **{**asked, "terminal": "02"}),  # type: ignore[arg-type]
        terminal_proof(KEY, **{**asked, "identity": b"\1" + bytes(31)}),  # type: ignore[arg-type]
        terminal_proof(KEY, **{**asked, "nonce": b"\1" + bytes(15)}),  # type: ignore[arg-type]
        broker_proof(KEY, certificate=b"c", nonce=bytes(16)),
        broker_proof(KEY, certificate=b"d", nonce=bytes(16)),
        broker_proof(KEY, certificate=b"c", nonce=b"\1" + bytes(15)),
        broker_proof(bytes(32), certificate=b"c", nonce=bytes(16)),
    ]
    assert len(set(proofs)) == len(proofs)


def test_certificate_comes_out_as_it_was_signed() -> None:
    """Pair test."""
    assert open_certificate(*sign_certificate(certificate(), BROKER)) == certificate()


def test_certificate_of_the_first_release_is_read() -> None:
    """Fields that came with defaults may be missing."""
    needed = (
        "organisation",
        "store",
        "terminal",
        "epoch",
        "identity",
        "broker",
        "issued_ns",
        "expires_ns",
    )
    data = msgspec.msgpack.encode({name: getattr(certificate(), name) for name in needed})
    assert open_certificate(data, BROKER.sign(b"certificate|" + data)).currency == "KRW"


def test_tampering_at_any_position_is_noticed() -> None:
    """Every flipped byte of the certificate and of its signature, every cut."""
    data, signature = sign_certificate(certificate(), BROKER)
    for place in range(len(data)):
        wrong = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        for bad in (wrong, data[:place]):
            with pytest.raises(EnrolmentError):
                open_certificate(bad, signature)
    for place in range(len(signature)):
        wrong = signature[:place] + bytes([signature[place] ^ 1]) + signature[place + 1 :]
        for bad in (wrong, signature[:place]):
            with pytest.raises(EnrolmentError):
                open_certificate(data, bad)


@pytest.mark.parametrize(
    ("key", "changed"),
    [
        (STRANGER, {}),
        (BROKER, {"broker": bytes(32)}),
        (BROKER, {"broker": b"short"}),
        (BROKER, {"broker": b""}),
    ],
)
def test_certificate_that_its_own_broker_key_did_not_sign_is_refused(
    key: Ed25519PrivateKey, changed: dict[str, object]
) -> None:
    """Signed by a stranger, or naming a key that is none."""
    with pytest.raises(EnrolmentError):
        open_certificate(*sign_certificate(certificate(**changed), key))


def test_signature_of_another_purpose_is_no_certificate() -> None:
    """What the broker's key signs as a document cannot stand as a certificate."""
    data = msgspec.msgpack.encode(certificate())
    for purpose in (b"", b"document|"):
        with pytest.raises(EnrolmentError):
            open_certificate(data, BROKER.sign(purpose + data))


@given(st.binary(max_size=150), st.binary(max_size=70))
def test_garbage_is_an_enrolment_error(data: bytes, signature: bytes) -> None:
    """Whatever bytes answer."""
    with pytest.raises(EnrolmentError):
        open_certificate(data, signature)
