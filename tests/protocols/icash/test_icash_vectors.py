"""Known answers: the key tree and every signature, against a CMAC of our own and fixed hexadecimal.

Method: AES-CMAC is written out here after RFC 4493 from the block cipher alone and held against that
RFC's examples; with it, and with pinned values, every signature of the scheme is computed apart.
"""

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from protocols.icash.details import decode_details
from protocols.icash.host import Host
from protocols.icash.keys import Purpose, cmac, diversify
from protocols.iso7816 import Command
from tests.support.icash import (
    CARD,
    DETAILS,
    KRW,
    MASTERS,
    MODULE,
    SUITE,
    TODAY,
    card,
    module,
    tell,
)

RFC_KEY = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
RFC_TEXT = bytes.fromhex(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)


def by_hand(key: bytes, text: bytes) -> bytes:
    """Compute AES-CMAC from single blocks (RFC 4493, 2.3 and 2.4)."""

    def cipher(block: bytes) -> bytes:
        return Cipher(AES(key), ECB()).encryptor().update(block)

    def doubled(block: bytes) -> bytes:
        shifted = int.from_bytes(block) << 1
        return ((shifted ^ 0x87) & (1 << 128) - 1 if shifted >> 128 else shifted).to_bytes(16)

    first = doubled(cipher(bytes(16)))
    blocks = [text[n : n + 16] for n in range(0, len(text), 16)] or [b""]
    last = blocks.pop()
    if len(last) == 16:
        mask = first
    else:
        last, mask = (last + b"\x80").ljust(16, b"\0"), doubled(first)
    state = bytes(16)
    for block in [*blocks, bytes(a ^ b for a, b in zip(last, mask, strict=True))]:
        state = cipher(bytes(a ^ b for a, b in zip(state, block, strict=True)))
    return state


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (0, "bb1d6929e95937287fa37d129b756746"),
        (16, "070a16b46b4d4144f79bdd9dd04a287c"),
        (40, "dfa66747de9ae63030ca32611497c827"),
        (64, "51f0bebf7e3b9d92fc49741779363cfe"),
    ],
)
def test_cmac_gives_the_examples_of_rfc_4493(length: int, expected: str) -> None:
    assert cmac(RFC_KEY, RFC_TEXT[:length]).hex() == expected
    assert by_hand(RFC_KEY, RFC_TEXT[:length]).hex() == expected


def test_transaction_details_are_39_bytes_in_order() -> None:
    encoded = DETAILS.encode()

    assert encoded.hex() == (
        "43415244303030310153484f50303030310000012c019a0000000000000000"
        "6f726465722d3031"
    )  # fmt: skip
    assert decode_details(encoded) == DETAILS


KP = by_hand(MASTERS.purchase, b"ICKP" + CARD + b"\1")
KL = by_hand(MASTERS.load, b"ICKL" + CARD + b"\1")
KI = by_hand(MASTERS.claim, b"ICKI" + CARD + b"\1")
KC = by_hand(MASTERS.collection, b"ICKC" + MODULE + b"\1")


def test_the_key_tree_has_these_leaves() -> None:
    keys = MASTERS.card_keys(CARD, 1)

    assert (keys.purchase, keys.load, keys.claim) == (KP, KL, KI)
    assert MASTERS.collection_key(MODULE, 1) == KC
    assert diversify(MASTERS.purchase, Purpose.PURCHASE, CARD, 2) != KP
    assert [key.hex() for key in (KP, KL, KI, KC)] == KEYS


KEYS = [
    "3d3a6002655aae5c0c3a946e6cdfb0e2",
    "1cdb24f3eef3a0158b3929599ae4f8e7",
    "4829b8832b633d3349bcda89832d2e71",
    "3625346cb086489a514a5dae616e648a",
]
S1, S2, S3, SI = "df52ad8120deb7bf", "50fec7ee00f132f3", "3f1b006be3f81764", "f07df2b89b76a735"
L1, L2, L3 = "3c737b990a6b3f60", "f50258f9cb550211", "6979a953a1ccad5a"
ST, SC = "faf1adefb2e22eea", "8557166bed93ad24"


def test_a_purchase_carries_these_signatures() -> None:
    payer, shop = card(), module()
    encoded = DETAILS.encode()
    terms = (1_000).to_bytes(4) + (20301231).to_bytes(4)
    opening = MODULE + bytes(4) + (300).to_bytes(4) + KRW.to_bytes(2) + b"order-01"

    opened = tell(payer, 0x50, opening + TODAY.to_bytes(4), p1=1).data
    assert opened == bytes(4) + terms + by_hand(KP, b"IC1" + encoded + terms)[:8]
    assert opened[-8:].hex() == S1

    right = tell(shop, 0x70, encoded + terms + TODAY.to_bytes(4) + opened[-8:]).data
    assert right == by_hand(KP, b"IC2" + encoded)[:8]
    assert right.hex() == S2

    paid = tell(payer, 0x54, right).data
    assert paid == by_hand(KP, b"IC3" + encoded)[:8] + by_hand(KI, b"ICI" + encoded)[:8]
    assert (paid[:8].hex(), paid[8:].hex()) == (S3, SI)
    assert tell(payer, 0x5A).data == b"\1" + encoded + paid

    assert tell(shop, 0x72, encoded + paid[:8]).ok
    assert Host(MASTERS, SUITE).is_debited(DETAILS, paid[8:])
    assert not Host(MASTERS, SUITE).is_debited(DETAILS._replace(amount=301), paid[8:])


def test_a_load_carries_these_signatures_and_may_be_sent_again() -> None:
    holder, host = card(), Host(MASTERS, SUITE)
    details = DETAILS._replace(module=b"HOST0001", amount=500, module_number=7)
    terms = (1_000).to_bytes(4) + (20301231).to_bytes(4)
    opening = (
        b"HOST0001" + (7).to_bytes(4) + (500).to_bytes(4) + KRW.to_bytes(2) + b"order-01"
        + TODAY.to_bytes(4)
    )  # fmt: skip

    opened = tell(holder, 0x50, opening).data
    assert opened[-8:] == by_hand(KL, b"ICa" + details.encode() + terms)[:8]
    assert opened[-8:].hex() == L1
    assert host.is_opened(details, 1_000, 20301231, opened[-8:])

    order = host.load(details)
    assert order == Command(0x90, 0x52, 0, 0, bytes.fromhex(L2), 256).encode()
    loaded = holder.handle(order)
    assert loaded[:-2].hex() == L3
    assert host.is_loaded(details, loaded[:-2])

    tell(holder, 0x50, opening)
    assert holder.handle(order)[-2:] == b"\x69\x88", "the load's number is used"
    assert tell(holder, 0x5A).data == b"\2" + details.encode() + loaded[:-2] + bytes(8)


def test_a_statement_and_a_clear_carry_these_signatures() -> None:
    shop, host = module(), Host(MASTERS, SUITE)
    answer = tell(shop, 0x7A, b"nonce-01").data

    assert answer[-8:] == by_hand(KC, b"ICT" + b"nonce-01" + answer[:-8])[:8]
    assert answer[-8:].hex() == ST
    assert host.statement(MODULE, 1, b"nonce-01", answer) == (0, 0, 0, answer[13:45])
    assert host.statement(MODULE, 1, b"nonce-02", answer) is None
    assert host.statement(MODULE, 1, b"nonce-01", answer[1:]) is None
    assert host.clear(DETAILS, 1)[-8:].hex() == SC
