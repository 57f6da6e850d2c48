"""Keys and cryptograms, against published vectors and an implementation that shares no code with ours.

Expected values are of pyemv 1.5 (its documentation, and computed with it for our own data).
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.emv import tags
from protocols.emv.cryptograms import (
    Cvr,
    Version,
    covered,
    cryptogram,
    decipher_script,
    encipher_script,
    issuer_data,
    response_1,
    response_2,
    results_of,
    script_command,
    version_of,
)
from protocols.emv.issuer import (
    BlockApplication,
    ChangePin,
    Field55Error,
    decode_field_55,
    encode_field_55,
    examine,
    respond,
)
from protocols.emv.keys import CardKeys, card_key, session_key
from protocols.secure_pin import pin_block
from protocols.tlv import encode_tlv, find_tlv

MASTER = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
PAN = "9990490000000018"
DATA = {
    tags.AMOUNT: bytes.fromhex("000000002000"),
    tags.AMOUNT_OTHER: bytes(6),
    tags.TERMINAL_COUNTRY: bytes.fromhex("0410"),
    tags.TVR: bytes.fromhex("0000008000"),
    tags.CURRENCY: bytes.fromhex("0410"),
    tags.DATE: bytes.fromhex("261129"),
    tags.TRANSACTION_TYPE: b"\0",
    tags.UNPREDICTABLE: bytes.fromhex("3804823E"),
    tags.AIP: bytes.fromhex("5800"),
    tags.ATC: bytes.fromhex("001C"),
    tags.ISSUER_DATA: bytes.fromhex("06010203A00000"),
}
COUNTER = DATA[tags.ATC]
ASKED = bytes.fromhex("FB2EE3ED6DEDCCC4")
KEYS = CardKeys(MASTER, MASTER, MASTER)
SENT = DATA | {tags.CRYPTOGRAM: ASKED, tags.CRYPTOGRAM_INFORMATION: b"\x80"}


@pytest.mark.parametrize(
    ("pan", "sequence", "key"),
    [
        ("12345678901234567", 1, "73AD54688CEF2934B0979857E3C719F1"),
        ("99012345678901234", 45, "67F8292358083E5EA7AB7FDA58D53B6B"),
        (PAN, 1, "251C91B9E5DA8AA11A8CCD8A02C10BFD"),
    ],
)
def test_card_keys_by_option_a(pan: str, sequence: int, key: str) -> None:
    assert card_key(MASTER, pan, sequence).hex().upper() == key.upper()


def test_common_session_key() -> None:
    assert session_key(MASTER, bytes.fromhex("001C000000000000")).hex().upper() == (
        "E9FB384AF807B940FEDCEA613461B0C4"
    )


def test_cryptogram_of_a_payment() -> None:
    text = covered(DATA)
    assert text is not None

    assert cryptogram(card_key(MASTER, PAN, 1), COUNTER, text) == ASKED


def test_answers_of_the_issuer_by_both_methods() -> None:
    key = card_key(MASTER, PAN, 1)

    assert response_1(key, COUNTER, ASKED, b"00").hex() == "ecbf9a3b291a0b5e"
    assert response_2(key, COUNTER, ASKED, bytes.fromhex("00800000")).hex() == "038f37db"
    more = response_2(key, COUNTER, ASKED, bytes.fromhex("00800000"), b"12345678")
    assert more.hex() == "8ceb543d"


def test_script_that_changes_a_pin() -> None:
    key = card_key(MASTER, PAN, 1)
    secret = encipher_script(key, ASKED, pin_block("4321"))

    command = script_command(key, COUNTER, ASKED, bytes.fromhex("84240002"), secret)

    assert command.hex() == "8424000218" + "de39ecec788afbc4fe6fb6407c2919f8" + "3bf8d4290d9cddcc"
    assert decipher_script(key, ASKED, secret) == pin_block("4321")


def test_the_issuer_knows_its_card() -> None:
    said = examine(KEYS, SENT, pan=PAN, sequence=1)

    assert said is not None and said.genuine
    assert (said.counter, said.version) == (0x1C, Version.STATUS_UPDATE)
    assert said.results == Cvr.SECOND_NOT_ASKED | Cvr.FIRST_ARQC


@pytest.mark.parametrize("tag", sorted(DATA))
def test_one_bit_of_what_is_covered_makes_it_false(tag: int) -> None:
    value = bytearray(SENT[tag])
    value[-1] ^= 1
    said = examine(KEYS, SENT | {tag: bytes(value)}, pan=PAN, sequence=1)

    assert said is None or not said.genuine


def test_another_card_or_sequence_makes_it_false() -> None:
    for pan, sequence in (("9990490000000026", 1), (PAN, 2)):
        said = examine(KEYS, SENT, pan=pan, sequence=sequence)
        assert said is not None and not said.genuine


@pytest.mark.parametrize("tag", [*sorted(DATA), tags.CRYPTOGRAM, tags.CRYPTOGRAM_INFORMATION])
def test_what_is_not_whole_is_not_examined(tag: int) -> None:
    without = {each: value for each, value in SENT.items() if each != tag}

    assert examine(KEYS, without, pan=PAN, sequence=1) is None
    assert examine(KEYS, SENT | {tag: SENT[tag] + b"\0"}, pan=PAN, sequence=1) is None


def test_field_55_comes_back_and_says_nothing_else() -> None:
    field = encode_field_55(SENT | {tags.PAN: b"\x99" * 8, tags.TRACK_2: b"\x99" * 19})

    assert decode_field_55(field) == SENT


@pytest.mark.parametrize(
    "field",
    [
        b"\x9f",
        b"\x95\x05\0\0",
        encode_tlv(0x95, bytes(5)) * 2,
        b"\0" * 256,
        b"\x95\x84\xff\xff\xff\xff",
    ],
)
def test_a_field_that_is_none(field: bytes) -> None:
    with pytest.raises(Field55Error):
        decode_field_55(field)


@given(st.binary(max_size=300))
def test_garbage_is_a_field_or_none(garbage: bytes) -> None:
    try:
        data = decode_field_55(garbage)
    except Field55Error:
        return
    assert examine(KEYS, data, pan=PAN, sequence=0) is None


def test_answer_has_the_proof_and_the_orders() -> None:
    said = examine(KEYS, SENT, pan=PAN, sequence=1)
    assert said is not None
    answer = respond(
        KEYS, SENT, said, pan=PAN, sequence=1, approve=True,
        orders=[BlockApplication(), ChangePin("4321")],
    )  # fmt: skip

    assert find_tlv(answer, tags.ISSUER_AUTHENTICATION) == bytes.fromhex("038f37db" + "00800000")
    assert bytes.fromhex(
        "8424000218de39ecec788afbc4fe6fb6407c2919f83bf8d4290d9cddcc"
    ) in answer and "4321" not in repr(ChangePin("4321"))


def test_keys_are_in_no_repr() -> None:
    assert repr(KEYS) == "CardKeys()"


@given(st.integers(0, 0xFF_FFFF), st.sampled_from(Version))
def test_issuer_data_come_back(results: int, version: Version) -> None:
    data = issuer_data(version, Cvr(results))

    assert version_of(data) is version and results_of(data) == results


@pytest.mark.parametrize("data", [b"", bytes(7), bytes.fromhex("06020203A00000"), bytes(32)])
def test_issuer_data_of_others_are_not_ours(data: bytes) -> None:
    assert version_of(data) is None
