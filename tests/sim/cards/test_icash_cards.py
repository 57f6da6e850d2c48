"""ICash cards and modules on disk: what a set wishes is what pays, torn at every byte, in either transmission."""

import shutil
from pathlib import Path

import pytest

from protocols.icash.coordinator import (
    Ask,
    Dialogue,
    InDoubt,
    Intend,
    NotPaid,
    Order,
    Paid,
    Place,
    Result,
    purchase,
    recover,
)
from protocols.icash.host import Host
from protocols.icash.keys import AesCmac
from protocols.iso7816 import SW, Command, Response, parse_response
from protocols.purse.suite import P256
from sim.cards.card import Card, TornError
from sim.cards.file import CardFileError, read_card, read_cards
from sim.cards.icash import IcashPlastic, ModulePlastic
from sim.cards.icash_file import read_masters
from sim.cards.issue import CardSetError, make_set, read_set, set_file
from sim.entropy import SeededEntropy

WISHES = read_set(set_file("shop"))
ORDER = Order(amount=3_000, currency=410, reference=b"order-01", day=WISHES.day)
GET_RESPONSE = 0xC0


def made(folder: Path, seed: int = 1) -> dict[str, Card]:
    make_set(folder, WISHES, suite=P256(), entropy=SeededEntropy(seed))
    return read_cards(folder)


def told(card: Card, apdu: bytes) -> Response | None:
    """Send a command as a reader does, GET RESPONSE under T=0 included; None when the card was torn."""
    try:
        response = parse_response(card.handle(apdu))
        assert response is not None
        if response.sw >> 8 == 0x61:
            fetch = Command(0, GET_RESPONSE, 0, 0, b"", response.sw & 0xFF).encode()
            response = parse_response(card.handle(fetch))
        elif response.sw >> 8 == 0x6C:
            return told(card, apdu[:-1] + bytes((response.sw & 0xFF,)))
    except TornError:
        return None
    return response


def play(dialogue: Dialogue, card: Card, module: Card) -> Result:
    sides = {Place.CARD: card, Place.MODULE: module}
    for side in sides.values():
        side.power_on()
    try:
        step = next(dialogue)
        while True:
            match step:
                case Ask(place, apdu):
                    step = dialogue.send(told(sides[place], apdu))
                case Intend():
                    step = dialogue.send(None)
    except StopIteration as end:
        return end.value


def held(card: Card) -> int:
    [(currency, balance)] = card.visible()["balances"].items()
    assert currency == "410"
    return balance


@pytest.mark.parametrize("label", ["icash-1", "icash-2"])
def test_card_of_a_set_pays_the_module_of_the_same_set(tmp_path: Path, label: str) -> None:
    """T=1 and T=0; what both remember is on disk, and the issuer's masters prove the debit."""
    cards = made(tmp_path)
    before = held(cards[label])

    result = play(purchase(ORDER), cards[label], cards["icash-module"])

    assert isinstance(result, Paid)
    again = read_cards(tmp_path)
    assert (held(again[label]), held(again["icash-module"])) == (before - 3_000, 3_000)
    host = Host(read_masters(tmp_path / "icash-issuer.toml"), AesCmac())
    assert host.is_debited(result.details, result.proof)


def test_card_past_its_day_is_refused(tmp_path: Path) -> None:
    cards = made(tmp_path)

    refused = play(purchase(ORDER), cards["icash-expired"], cards["icash-module"])

    assert refused == NotPaid(Place.CARD, SW.REFERENCE_NOT_USABLE)


def test_cards_of_another_issuer_do_not_pay(tmp_path: Path) -> None:
    """The module asks nothing of a card whose S1 is not under its master."""
    ours, theirs = made(tmp_path / "ours", 1), made(tmp_path / "theirs", 2)

    refused = play(purchase(ORDER), theirs["icash-1"], ours["icash-module"])

    assert refused == NotPaid(Place.MODULE, SW.SIGNATURE_WRONG)


def test_one_seed_makes_the_same_cards_and_a_folder_keeps_its_issuer(tmp_path: Path) -> None:
    made(tmp_path / "a")
    made(tmp_path / "b")
    for name in ("icash-1.toml", "icash-1.a", "icash-module.toml", "icash-issuer.toml"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    more = tmp_path / "more.toml"
    more.write_text(
        "day = 20260417\nexpiry = 20301231\nceiling = 9\n"
        '[icash.cards.late]\nname = "ICUS0009"\nbalance = 9\n'
    )

    make_set(tmp_path / "a", read_set(more), suite=P256(), entropy=SeededEntropy(3))

    cards = read_cards(tmp_path / "a")
    order = Order(amount=9, currency=410, reference=b"order-09", day=WISHES.day)
    assert isinstance(play(purchase(order), cards["late"], cards["icash-module"]), Paid)


@pytest.mark.parametrize("place", Place)
def test_power_that_leaves_at_any_byte_of_memory_loses_nothing(
    tmp_path: Path, place: Place
) -> None:
    """Files: each commit of either side is cut at every ninth byte, and brought to its end after."""
    made(tmp_path / "whole")
    doubts = 0
    for at in range(0, 420, 9):
        folder = tmp_path / str(at)
        shutil.copytree(tmp_path / "whole", folder)
        card, module = read_card(folder / "icash-1.toml"), read_card(folder / "icash-module.toml")
        (card if place is Place.CARD else module).tear_after(at)

        result = play(purchase(ORDER), card, module)
        assert isinstance(result, Paid | InDoubt)
        if isinstance(result, InDoubt):
            doubts += 1
            result = play(recover(result.details, ORDER.day), card, module)

        assert isinstance(result, Paid | NotPaid)
        paid = 3_000 if isinstance(result, Paid) else 0
        assert (held(card), held(module)) == (50_000 - paid, paid)
    assert doubts > 5, "the cuts hit commits"


def test_tester_sees_numbers_and_no_key(tmp_path: Path) -> None:
    cards = made(tmp_path)
    play(purchase(ORDER), cards["icash-1"], cards["icash-module"])

    assert cards["icash-1"].visible() == {
        "label": "icash-1", "name": "ICUS0001", "balances": {"410": 47_000}, "status": "card",
        "expiry": 20301231, "number": 1, "loads": 0, "records": 1,
    }  # fmt: skip
    assert cards["icash-module"].visible() == {
        "label": "icash-module", "name": "ISHP0001", "balances": {"410": 3_000}, "status": "idle",
        "number": 1, "open": 0,
    }  # fmt: skip
    assert isinstance(cards["icash-1"], IcashPlastic)
    assert isinstance(cards["icash-module"], ModulePlastic)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ('[icash.cards.a]\nname = "SHORT"', "name"),
        ('[icash.cards.a]\nname = "ICUS0001"\nbalance = -1', "balance"),
        ('[icash.cards.a]\nname = "ICUS0001"\ncolour = "red"', "colour"),
        ('[icash.modules.a]\nname = "ISHP0001"\nopen_slots = 256', "open_slots"),
        ('[icash.cards.a]\nname = "ICUS0001"\n[icash.cards.b]\nname = "ICUS0001"', "b?a?.*twice"),
        ('[cards.a]\nname = "CUST0001"\n[icash.modules.a]\nname = "ISHP0001"', "a label names one"),
        ("", "no card"),
    ],
)
def test_wrong_set_names_what_is_wrong(tmp_path: Path, table: str, sentence: str) -> None:
    file = tmp_path / "set.toml"
    file.write_text(f"day = 20260417\nexpiry = 20301231\nceiling = 1\n{table}\n")

    with pytest.raises(CardSetError, match=sentence):
        read_set(file)


@pytest.mark.parametrize(
    ("name", "old", "new", "sentence"),
    [
        (
            "icash-1.toml",
            'scheme = "icash"',
            'scheme = "coin"',
            "none of purse, icash, icash_module",
        ),
        ("icash-1.toml", 'claim_key = "', 'claim_key = "00', "claim_key"),
        ("icash-1.toml", "ceiling", "sealing", "sealing"),
        ("icash-module.toml", 'collection_key = "', 'collection_key = "zz', "icash-module"),
    ],
)
def test_wrong_file_names_what_is_wrong(
    tmp_path: Path, name: str, old: str, new: str, sentence: str
) -> None:
    made(tmp_path)
    file = tmp_path / name
    file.write_text(file.read_text().replace(old, new, 1))

    with pytest.raises(CardFileError, match=sentence):
        read_card(file)


def test_damaged_masters_are_named_and_not_made_anew(tmp_path: Path) -> None:
    """A second issuer in the folder would make cards that its modules refuse."""
    tmp_path.joinpath("icash-issuer.toml").write_text('purchase = "00"\n')

    with pytest.raises(CardSetError, match=r"icash-issuer\.toml"):
        made(tmp_path)
