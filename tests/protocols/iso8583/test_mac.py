"""Codes against published vectors, and every changed byte of a message found."""

import pytest

from protocols.iso8583.mac import MacAlgorithm, MacError, code_of, seal, unseal
from protocols.iso8583.message import MalformedError, encode
from protocols.iso8583.specs import SPECS
from tests.support.iso8583 import PURCHASE, REVERSAL

KEYS = {
    MacAlgorithm.RETAIL: bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"),
    MacAlgorithm.CMAC: bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C"),
}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        # ISO/IEC 9797-1:2011 annex B, algorithm 3, padding method 2.
        (b"Now is the time for all ", "E9086230CA3BE796"),
        (b"Now is the time for it", "5A692CE64F404145"),
    ],
)
def test_retail_mac_of_the_standard(text, code):
    key = KEYS[MacAlgorithm.RETAIL]
    assert code_of(text, key, MacAlgorithm.RETAIL).hex().upper() == code


@pytest.mark.parametrize(
    ("size", "code"),
    [
        # RFC 4493 section 4, the first eight bytes of each.
        (0, "BB1D6929E9593728"),
        (16, "070A16B46B4D4144"),
        (40, "DFA66747DE9AE630"),
        (64, "51F0BEBF7E3B9D92"),
    ],
)
def test_cmac_of_rfc_4493(size, code):
    message = bytes.fromhex(
        "6BC1BEE22E409F96E93D7E117393172AAE2D8A571E03AC9C9EB76FAC45AF8E51"
        "30C81C46A35CE411E5FBC1191A0A52EFF69F2445DF4F9B17AD2B417BE66C3710"
    )
    key = KEYS[MacAlgorithm.CMAC]
    assert code_of(message[:size], key, MacAlgorithm.CMAC).hex().upper() == code


@pytest.mark.parametrize("spec", SPECS.values(), ids=list(SPECS))
@pytest.mark.parametrize("algorithm", MacAlgorithm)
@pytest.mark.parametrize("message", [PURCHASE, REVERSAL], ids=lambda m: m.mti)
def test_a_sealed_message_is_opened_and_no_other(spec, algorithm, message):
    key = KEYS[algorithm]
    data = seal(message, spec, key, algorithm)
    opened = unseal(data, spec, key, algorithm)
    assert {n: v for n, v in opened.fields.items() if n not in (64, 128)} == dict(message.fields)
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1
        with pytest.raises((MacError, MalformedError)):
            unseal(bytes(changed), spec, key, algorithm)
    with pytest.raises(MacError, match="another key"):
        unseal(data, spec, bytes(16), algorithm)


def test_a_message_without_a_code():
    spec = SPECS["ascii"]
    with pytest.raises(MacError, match="has no"):
        unseal(encode(PURCHASE, spec), spec, bytes(16), MacAlgorithm.CMAC)
