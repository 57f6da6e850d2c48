"""Payment cards on disk: made from the shipped set, read again, each what its wish says."""

import stat
from pathlib import Path

import pytest

from protocols.emv.steps import Ending
from protocols.emv.terminal import RID
from protocols.emv.transaction import pay
from protocols.purse.suite import P256
from sim.cards.card import Card
from sim.cards.emv import EmvCard, Quirk
from sim.cards.emv_file import ISSUER_FILE, read_issuer
from sim.cards.file import CardFileError, read_card, read_cards
from sim.cards.issue import CardSetError, make_set, read_set, set_file, sets
from sim.entropy import SeededEntropy
from tests.support.payment_cards import Bank, Carrier, payment, terminal

HEAD = "day = 20260417\nexpiry = 20301231\nceiling = 1\n"
SMALL = (
    HEAD
    + """
[emv.cards.one]
pan = "9900330000001019"
verified_by = ["plain_pin"]
[emv.cards.two]
pan = "9900330000001027"
transmission = "t0"
response = 1
"""
)


def made(folder: Path, seed: int = 1, text: str = SMALL) -> dict[str, Card]:
    file = folder / "set"
    folder.mkdir(exist_ok=True)
    file.write_text(text)
    make_set(folder / "cards", read_set(file), suite=P256(), entropy=SeededEntropy(seed))
    return read_cards(folder / "cards")


def test_the_shipped_set_has_a_card_for_each_quirk() -> None:
    wishes = read_set(set_file("payment"))

    assert "payment" in sets()
    assert {wish.quirk for wish in wishes.emv.cards.values()} == set(Quirk)


def test_one_seed_makes_the_same_cards_and_another_others(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        made(tmp_path / name, seed)
    for file in (tmp_path / "a/cards").iterdir():
        assert file.read_bytes() == (tmp_path / "b/cards" / file.name).read_bytes()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    same = [(tmp_path / name / "cards" / ISSUER_FILE).read_text() for name in "ac"]
    assert same[0] != same[1]


@pytest.mark.parametrize("label", ["one", "two"])
def test_a_card_from_disk_pays_and_remembers(
    tmp_path: Path, label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = made(tmp_path)[label]
    assert isinstance(card, EmvCard)
    issuer = read_issuer(tmp_path / "cards")
    monkeypatch.setattr("tests.support.payment_cards.issuer", lambda: issuer)

    finished = Carrier(card, bank=Bank()).run(
        pay(terminal(authorities=issuer.authorities(RID)), payment())
    )

    assert finished.ending is Ending.APPROVED_ONLINE
    again = read_card(tmp_path / f"cards/{label}.toml")
    assert isinstance(again, EmvCard) and again.image() == card.image()
    assert again.image().counter == again.image().last_online == 1


def test_cards_are_added_under_the_same_issuer(tmp_path: Path) -> None:
    made(tmp_path)
    before = read_issuer(tmp_path / "cards")
    made(tmp_path, 2, HEAD + '[emv.cards.three]\npan = "9900110000001031"\n')

    assert read_issuer(tmp_path / "cards") == before
    assert len(read_cards(tmp_path / "cards")) == 3


def test_what_a_tester_sees_has_no_number_key_or_pin(tmp_path: Path) -> None:
    card = made(tmp_path)["one"]
    assert isinstance(card, EmvCard)
    seen = repr(card.visible()) + repr(card.chip.personality)

    me = card.chip.personality
    assert me.pan not in seen and me.keys.cryptogram.hex() not in seen
    assert me.signer is not None and str(me.signer.secret) not in seen
    assert card.visible()["name"] == "990033..1019" and "1234" not in repr(card.visible())


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('pan = "9900330000001015"', "check digit is 9"),
        ('pan = "4111111111111111"', "pan"),
        ('pan = "9900330000001019"\npin = "12"', "pin"),
        ('pan = "9900330000001019"\nverified_by = ["dance"]', "verified_by"),
        ('pan = "9900330000001019"\nquirk = "bites"', "quirk"),
        ('pan = "9900330000001019"\ncolour = "red"', "colour"),
        ('pan = "9900330000001019"\n[emv.cards.b]\npan = "9900330000001019"', "twice"),
    ],
)
def test_wrong_set_names_what_is_wrong(tmp_path: Path, line: str, sentence: str) -> None:
    file = tmp_path / "set.toml"
    file.write_text(f"{HEAD}[emv.cards.a]\n{line}\n")

    with pytest.raises(CardSetError, match=sentence):
        read_set(file)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("sequence", "sequins", "sequins"),
        ("version = 2", "version = 9", "9"),
        ('"2.1"', '"two"', "two"),
        ('pan = "9', 'pan = 9 # "', "pan"),
    ],
)
def test_wrong_card_file_names_what_is_wrong(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    made(tmp_path)
    file = tmp_path / "cards/one.toml"
    file.write_text(file.read_text().replace(old, new, 1))

    with pytest.raises(CardFileError, match=sentence):
        read_card(file)


def test_an_issuers_file_that_is_none_says_so(tmp_path: Path) -> None:
    made(tmp_path)
    file = tmp_path / "cards" / ISSUER_FILE
    file.write_text(file.read_text().replace("digits", "fingers"))

    with pytest.raises(CardSetError, match="fingers"):
        made(tmp_path, 1, HEAD + '[emv.cards.three]\npan = "9900110000001031"\n')
