"""Sets of cards: made from TOML, the same from one seed, private, and every card what its wish says."""

import stat
from pathlib import Path

import pytest

from protocols.iso7816 import SW, Command, parse_response
from protocols.purse.card import AID
from protocols.purse.coordinator import NotMoved, Order, Slot, Transferred, transfer
from protocols.purse.image import Life
from protocols.purse.suite import P256
from sim.cards.answers import Transmission, atr_of
from sim.cards.card import TornError
from sim.cards.file import CardFileError, read_card, read_cards
from sim.cards.issue import CardSetError, make_set, read_set, set_file, sets
from sim.cards.purse import PurseCard
from sim.cards.slots import SlotFiles, SlotMemory, TearingSlots
from sim.entropy import SeededEntropy
from tests.support.purses import drive

SUITE = P256()
WISHES = read_set(set_file("shop"))
ORDER = Order(value=5_000, currency=410, reference=b"order-01", day=WISHES.day)


def made(folder: Path, seed: int = 1) -> dict[str, PurseCard]:
    make_set(folder, WISHES, suite=SUITE, entropy=SeededEntropy(seed))
    return read_cards(folder)


def pay(payer: PurseCard, payee: PurseCard) -> Transferred | NotMoved:
    result, _, _ = drive(transfer(ORDER), {Slot.PAYER: payer.purse, Slot.PAYEE: payee.purse})
    assert isinstance(result, Transferred | NotMoved)
    return result


def test_one_seed_makes_the_same_cards_and_another_others(tmp_path: Path) -> None:
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        made(tmp_path / folder, seed)
    files = sorted(file.name for file in (tmp_path / "a").iterdir())

    assert "shop" in sets() and len(files) == 2 + 2 * len(WISHES.labels())
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert (tmp_path / "a/shop.toml").read_text() != (tmp_path / "c/shop.toml").read_text()


def test_nobody_else_may_read_a_card_or_the_issuer(tmp_path: Path) -> None:
    made(tmp_path / "cards")

    assert stat.S_IMODE((tmp_path / "cards").stat().st_mode) == 0o700
    for file in (tmp_path / "cards").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("label", ["customer-1", "customer-2", "customer-3"])
def test_customer_pays_the_shop_and_the_card_remembers(tmp_path: Path, label: str) -> None:
    cards = made(tmp_path)
    before = cards[label].image().balances[0]

    assert isinstance(pay(cards[label], cards["shop"]), Transferred)
    again = read_cards(tmp_path)
    assert again[label].image().balances[0] == before - ORDER.value
    assert again["shop"].image().balances[0] == ORDER.value


@pytest.mark.parametrize(
    ("label", "slot", "sw"),
    [
        ("expired", Slot.PAYER, SW.REFERENCE_NOT_USABLE),
        ("hotlisted", Slot.PAYEE, SW.REFERENCE_NOT_USABLE),
        ("locked", Slot.PAYER, SW.SECURITY_NOT_SATISFIED),
    ],
)
def test_card_that_is_to_be_refused_is(tmp_path: Path, label: str, slot: Slot, sw: SW) -> None:
    cards = made(tmp_path)

    assert pay(cards[label], cards["shop"]) == NotMoved(slot, sw)
    assert cards["shop"].image().balances[0] == 0


def test_set_is_made_once(tmp_path: Path) -> None:
    made(tmp_path)

    with pytest.raises(FileExistsError, match="another folder"):
        made(tmp_path)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('name = "SHORT"', "8 letters and digits"),
        ('name = "CARD0001"\nclass = "rich"', "none of consumer"),
        ('name = "CARD0001"\npin = "12"', "4 to 12 digits"),
        ('name = "CARD0001"\nbalance = -1', "balance"),
        ('name = "CARD0001"\ncolour = "red"', "colour"),
        ('name = "CARD0001"\n[cards.b]\nname = "CARD0001"', "twice"),
    ],
)
def test_wrong_set_names_what_is_wrong(tmp_path: Path, line: str, sentence: str) -> None:
    file = tmp_path / "set.toml"
    file.write_text(f"day = 20260417\nexpiry = 20301231\nceiling = 1\n[cards.a]\n{line}\n")

    with pytest.raises(CardSetError, match=sentence):
        read_set(file)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('scheme = "purse"', 'scheme = "moon"', "moon"),
        ('certificate = "', 'certificate = "00', "112"),
        ("ceilings", "sealings", "sealings"),
    ],
)
def test_wrong_card_file_names_what_is_wrong(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    made(tmp_path)
    file = tmp_path / "shop.toml"
    file.write_text(file.read_text().replace(old, new, 1))

    with pytest.raises(CardFileError, match=sentence):
        read_card(file)


def test_folder_without_cards_says_how_to_make_some(tmp_path: Path) -> None:
    with pytest.raises(CardFileError, match="ips-sim cards make"):
        read_cards(tmp_path)


def test_write_torn_at_every_byte_leaves_the_image_before(tmp_path: Path) -> None:
    """Files: the first bytes of the new record stand over the old slot; the other slot is valid."""
    card = made(tmp_path)["customer-1"]
    before = card.image()
    body = len(card.purse.memory.read()) + 12

    for at in range(body):
        card.tear_after(at)
        with pytest.raises(TornError):
            card.purse.memory.write(card.purse.memory.read())
        assert card.image() == before
    card.tear_after(body)
    card.purse.memory.write(card.purse.memory.read())
    assert card.image() == before


def test_slots_in_files_and_in_memory_keep_the_same_bytes(tmp_path: Path) -> None:
    files, memory = SlotFiles(tmp_path / "card"), SlotMemory()
    for slots in (files, memory):
        assert slots.load(0) == b""
        slots.store(0, b"long record")
        slots.store(0, b"short")
        slots.store(1, b"other")

    assert files.load(0) == memory.load(0) == b"shortrecord"
    assert files.load(1) == memory.load(1) == b"other"


def test_power_leaves_once() -> None:
    slots = TearingSlots(SlotMemory())
    slots.tear_after(7)
    slots.store(0, b"12345")
    with pytest.raises(TornError, match="2 of 5"):
        slots.store(1, b"abcde")
    slots.store(0, b"again")

    assert (slots.load(0), slots.load(1)) == (b"again", b"ab")


def test_atrs_are_those_of_the_standard() -> None:
    """Vector: ISO 7816-3 8.2; TCK makes the exclusive-or from T0 on zero."""
    t1 = atr_of(Transmission.T1, b"IPSPURSE")
    check = 0
    for byte in t1[1:]:
        check ^= byte

    assert t1[:3] == b"\x3b\x88\x01" and check == 0
    assert atr_of(Transmission.T0, b"IPSPURSE") == b"\x3b\x08IPSPURSE"


def test_card_in_turns_says_61_6c_and_forgets_at_reset(tmp_path: Path) -> None:
    card = made(tmp_path)["customer-3"]
    card.power_on()
    select = Command(0, 0xA4, 4, 0, AID).encode()

    first = parse_response(card.handle(select))
    assert first is not None and first.sw >> 8 == 0x61 and not first.data
    size = first.sw & 0xFF
    wrong = card.handle(bytes((0, 0xC0, 0, 0, size + 1)))
    assert wrong == bytes((0x6C, size))
    assert len(card.handle(bytes((0, 0xC0, 0, 0, size)))) == size + 2
    assert card.handle(select)[0] == 0x61
    card.power_on()
    assert card.handle(bytes((0, 0xC0, 0, 0, size))) == SW.CONDITIONS_NOT_SATISFIED.to_bytes(2)
    assert card.image().life == Life.ACTIVE
