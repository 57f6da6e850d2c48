"""Certificates: a chain of a real test card, and chains of our own made and broken.

The real one is of a public test card under a public test key (RID A000000004, index F1), as recorded in
the tests of openemv/emv-utils.
"""

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.emv import tags
from protocols.emv.bits import Kind
from protocols.emv.certificates import (
    CertificateError,
    card_key,
    check_combined,
    check_dynamic,
    check_static,
    combined_data,
    enciphered_pin,
    issuer_key,
    pin_filler_bytes,
    pin_key,
)
from protocols.emv.personalising import (
    certify_card,
    certify_issuer,
    certify_pin_key,
    sign_dynamic,
    sign_static,
)
from protocols.emv.rsa import PrivateKey, PublicKey, make_key

AUTHORITY_F1 = PublicKey(
    int(
        "A0DCF4BDE19C3546B4B6F0414D174DDE294AABBB828C5A834D73AAE27C99B0B053A90278007239B6459FF0BB"
        "CD7B4B9C6C50AC02CE91368DA1BD21AAEADBC65347337D89B68F5C99A09D05BE02DD1F8C5BA20E2F13FB2A27"
        "C41D3F85CAD5CF6668E75851EC66EDBF98851FD4E42C44C1D59F5984703B27D5B9F21B8FA0D93279FBBF69E0"
        "90642909C9EA27F898959541AA6757F5F624104F6E1D3A9532F2A6E51515AEAD1B43B3D7835088A2FAFA7BE7",
        16,
    ),
    3,
)
REAL = {
    tags.PAN: bytes.fromhex("5413330089020011"),
    tags.ISSUER_CERTIFICATE: bytes.fromhex(
        "3312205B0EFA6715BA18134BB2168A9CA250D268853506D925DD72B2A2E0CF107518DE182F0089B255B7D70A"
        "189D90859E741E7D79BB5D36339B16D9B1508DDBC35E2A3008B923E14417A42E86D3AD0A1AD6DBB394E7BC0B"
        "A812F3D4971412DE4997C8B34BA93F3CE0F5AE27E0A052DB57CD7595C467E831041AC2DBEC91E2EC8D27D4EA"
        "BAA31322B769415B550B8B18E3B05B32CAE7813AB21D8F3B2BFF3741C6AD967AE694800F5B24A20EF78013E4"
    ),
    tags.ISSUER_EXPONENT: b"\x03",
    tags.CARD_CERTIFICATE: bytes.fromhex(
        "1BA49B6A034309AA5212D5D39EA0861983E295DFD0052FB0543E3743E4DF5D0CD44FC3FABBC163727C2E3F64"
        "ACD670E4B8F1D5C5A6F9C42D6A02AD24F1D9220661D78489FC89D3D2F017AE0EE080D43F620B863C25470AE8"
        "C2632FDA6421D424C29E21653CC56BBBA65F851EBAF1F8C7"
    ),
    tags.CARD_EXPONENT: b"\x03",
    tags.CARD_REMAINDER: bytes.fromhex("0000000000000006600000000000000000000000000000000055"),
}
REAL_ISSUER = (
    "99903295DA9DFA7CB84E664E6500E48A5A1D2EDD3F460BE4AD52066435A644C5A803AE5B829C31B21E81889869BF"
    "98D73D9A126F222AC762298808EA0AFB94B33D8FE26AF363FAEACC3B1557CF31F7CCC996E430EA74F6936993C37F"
    "638538C075039AD3A8BAF26E44D25FADD3524107"
)
REAL_CARD = (
    "90" + "00" * 12 + "120000" + "00" * 14 + "4800" + "00" * 15 + "10"
    "80" + "00" * 11 + "01980000" + "00" * 13 + "066000" + "00" * 15 + "55"
)
REAL_SIGNATURE = bytes.fromhex(
    "7B9F22B297CCEAD536B87C449EEE744C6971AA0EBDD6B611C88E30FFF0A671CC6D6AC45A5555311E30C466863817"
    "EA0AA3D13B54BEA6849976592DFC73DED0BB958D506DF7180FAA7A1FD0540859C0E539035BAB64CE8891353DDD30"
    "08A0B446"
)
PAN = "9990490000000018"
STATIC = b"what the issuer vouches for" + b"\x5c\x00"


def random(seed: str) -> Callable[[int], bytes]:
    turn = iter(range(10**9))
    return lambda size: hashlib.shake_256(f"{seed} {next(turn)}".encode()).digest(size)


AUTHORITY = make_key(1408, random("authority"))
ISSUER = make_key(1152, random("issuer"))
CARD = make_key(1024, random("card"))
MADE = (
    {tags.PAN: bytes.fromhex(PAN)}
    | certify_issuer(AUTHORITY, ISSUER.public, "999049", "1230")
    | certify_card(ISSUER, CARD.public, PAN, "1230", STATIC)
    | certify_pin_key(ISSUER, CARD.public, PAN, "1230")
    | sign_static(ISSUER, b"\xda\xc0", STATIC)
)


def test_chain_of_a_real_test_card() -> None:
    issuer = issuer_key(AUTHORITY_F1, REAL, 202505)
    assert f"{issuer.modulus:X}" == REAL_ISSUER and issuer.exponent == 3
    # Its static data are not in the recording: what is opened of its certificate is all but the hash.
    with pytest.raises(CertificateError, match="changed"):
        card_key(issuer, REAL, b"", 202505)


def test_signature_of_a_real_test_card() -> None:
    key = PublicKey(int(REAL_CARD, 16), 3)
    told = bytes.fromhex("8B55633B")

    number = check_dynamic(key, REAL_SIGNATURE, told)

    assert number == bytes.fromhex("537EB5E03CC433C8")
    with pytest.raises(CertificateError, match="changed"):
        check_dynamic(key, REAL_SIGNATURE, bytes.fromhex("8B55633C"))
    with pytest.raises(CertificateError):
        check_dynamic(key, REAL_SIGNATURE[:-1] + b"\x47", told)


def test_chain_of_our_own() -> None:
    issuer = issuer_key(AUTHORITY.public, MADE, 203012)

    assert issuer == ISSUER.public
    assert card_key(issuer, MADE, STATIC, 203012) == CARD.public
    assert pin_key(issuer, MADE, 203012) == CARD.public
    assert check_static(issuer, MADE[tags.STATIC_SIGNATURE], STATIC) == b"\xda\xc0"


def test_certificates_expire_with_their_month() -> None:
    with pytest.raises(CertificateError, match="expired"):
        issuer_key(AUTHORITY.public, MADE, 203101)
    with pytest.raises(CertificateError, match="expired"):
        card_key(ISSUER.public, MADE, STATIC, 203101)


def test_another_cards_certificate_is_not_this_cards() -> None:
    other = MADE | {tags.PAN: bytes.fromhex("9990490000000026")}
    with pytest.raises(CertificateError, match="another card's"):
        card_key(ISSUER.public, other, STATIC, 202612)
    foreign = MADE | {tags.PAN: bytes.fromhex("9990510000000018")}
    with pytest.raises(CertificateError, match="other cards"):
        issuer_key(AUTHORITY.public, foreign, 202612)


@pytest.mark.parametrize(
    "tag",
    [tags.ISSUER_CERTIFICATE, tags.ISSUER_EXPONENT, tags.CARD_CERTIFICATE, tags.CARD_EXPONENT],
)
def test_what_is_missing_or_changed_certifies_nothing(tag: int) -> None:
    changed = bytearray(MADE[tag])
    changed[-1] ^= 1
    broken = (
        {each: value for each, value in MADE.items() if each != tag},
        MADE | {tag: bytes(changed)},
    )
    for card in broken:
        with pytest.raises(CertificateError):
            card_key(issuer_key(AUTHORITY.public, card, 202612), card, STATIC, 202612)


def test_changed_static_data_are_found_by_both_ways() -> None:
    with pytest.raises(CertificateError, match="changed"):
        card_key(ISSUER.public, MADE, STATIC + b"\0", 202612)
    with pytest.raises(CertificateError, match="changed"):
        check_static(ISSUER.public, MADE[tags.STATIC_SIGNATURE], STATIC[1:])


def test_cryptogram_is_signed_with_the_payment() -> None:
    data = combined_data(b"12345678", Kind.TC, b"cryptogr", b"passed")
    signature = sign_dynamic(CARD, data, b"challenge")

    said = check_combined(CARD.public, signature, b"challenge", b"passed")

    assert (said.information, said.cryptogram, said.number) == (0x40, b"cryptogr", b"12345678")
    for challenge, passed in ((b"other", b"passed"), (b"challenge", b"another payment")):
        with pytest.raises(CertificateError):
            check_combined(CARD.public, signature, challenge, passed)


def test_an_enciphered_pin_is_opened_by_its_card_alone() -> None:
    block, challenge = bytes.fromhex("241234FFFFFFFFFF"), b"challeng"
    body = enciphered_pin(CARD.public, block, challenge, bytes(pin_filler_bytes(CARD.public)))

    assert CARD.raised(body)[:17] == b"\x7f" + block + challenge
    assert len(body) == 128 and block not in body


@given(st.binary(min_size=128, max_size=128))
def test_garbage_is_no_signature(garbage: bytes) -> None:
    with pytest.raises(CertificateError):
        check_dynamic(CARD.public, garbage, b"")


@pytest.mark.parametrize("size", [0, 1, 127, 129])
def test_a_signature_of_another_length_is_none(size: int) -> None:
    with pytest.raises(CertificateError):
        check_dynamic(CARD.public, bytes(size), b"")


def test_keys_come_of_their_randomness_and_tell_nothing() -> None:
    again: PrivateKey = make_key(768, random("again"))

    assert again == make_key(768, random("again")) != make_key(768, random("other"))
    assert again.public.modulus.bit_length() == 768 and str(again.secret) not in repr(again)
    assert again.public.raised(again.raised(b"\x2a".rjust(96, b"\0")))[-1] == 0x2A
