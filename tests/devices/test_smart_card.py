"""What a card reader's state means for its lamp, and how codes, names and features are read."""

import pytest

from devices.bus.pcsc import find_feature, matching
from devices.drivers.card_reader import READER_NAMES_MAX, Code, no_reader, of_code
from devices.health import Level
from devices.smart_card import health
from protocols.ports import CardAbsent, CardMute, CardPresent, SlotDown


@pytest.mark.parametrize(
    ("state", "level", "code"),
    [
        (CardPresent(insertion=1, atr=b"\x3b\x00"), Level.OK, ""),
        (CardAbsent(), Level.OK, ""),
        (CardMute(insertion=1), Level.DOWN, "RDR-03"),
        (SlotDown(ko="없음", en="gone"), Level.DOWN, "RDR-01"),
    ],
)
def test_lamp_of_every_state(state, level, code):
    seen = health(state, "pcsc://IPS")

    assert (seen.level, seen.code) == (level, code)
    if code:
        assert "pcsc://IPS" in seen.ko and "pcsc://IPS" in seen.en


@pytest.mark.parametrize("code", [*Code, 0x80100013])
def test_every_code_has_a_sentence_in_both_languages(code):
    words = of_code(code, "send a command")

    assert words.en and words.ko != words.en


def test_missing_reader_names_those_that_are_there_but_not_without_end():
    words = no_reader("IPS", [f"Reader {number}" for number in range(20)])

    assert words.en.count("Reader ") == READER_NAMES_MAX
    assert "there is none" in no_reader("IPS", []).en


@pytest.mark.parametrize(
    ("prefix", "found"),
    [("IPS shop", "IPS shop 01 00"), ("IPS", "IPS customer 00 00"), ("IPS sho", None), ("", None)],
)
def test_reader_is_found_by_whole_words_of_its_name(prefix, found):
    names = ["IPS customer 00 00", "IPS shop 01 00", "IPS shopping 02 00"]

    assert matching(names, prefix) == found


@pytest.mark.parametrize(
    ("listing", "code"),
    [
        ("0604 42000802".replace(" ", ""), 0x42000802),
        ("0A0442000001 0604 42000802".replace(" ", ""), 0x42000802),
        ("", None),
        ("06", None),
        ("0604420008", None),
        ("06024200", None),
        ("0AFF", None),
    ],
)
def test_feature_is_read_from_its_list_whatever_is_in_it(listing, code):
    """Vector: PC/SC part 10, 2.2: tag, length 4, control code big-endian."""
    assert find_feature(bytes.fromhex(listing), 6) == code
