"""A catalogue in force: replaced whole or not at all, found by whatever a clerk scans or types."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pos.catalogue import (
    FOUND_MAX,
    QUERY_MAX,
    Assortment,
    load_catalogue,
    replace_catalogue,
    version_for,
)
from pos.catalogue_file import import_catalogue, read_items
from pos.catalogue_gate import CODES_MAX, FAULTS_MAX, PRICE_MAX, CatalogueError, Fault
from pos.store.database import Database
from protocols.catalogue import ITEMS_MAX, Catalogue, Item
from protocols.scale_label import STORE_RULES, join_embedded

GOODS = Path(__file__).parents[2] / "pos" / "data" / "goods.csv"


def item(sku: str = "1", name: str = "물", price: int = 500, *codes: str) -> Item:
    """Return an item for one fault at a time."""
    return Item(sku=sku, barcodes=list(codes), name_ko=name, name_en=name, price=price)


def catalogue(*items: Item, version: str = "v1") -> Catalogue:
    """Return a catalogue of these items."""
    return Catalogue(version=version, items=list(items))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Open an empty till's file."""
    opened = Database(tmp_path / "till.sqlite3")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def goods() -> Assortment:
    """Return the goods in the box."""
    return Assortment(Catalogue(version="box", items=read_items(GOODS.read_bytes())))


def test_what_was_stored_comes_back_whole(database: Database) -> None:
    """Every field of every item survives the file."""
    stored = Catalogue(version="v1", currency="KRW", items=read_items(GOODS.read_bytes()))

    replace_catalogue(database, stored, now_ns=1)

    assert load_catalogue(database) == stored


def test_before_the_first_there_is_none(database: Database) -> None:
    """A new till has no catalogue, and says so instead of an empty one."""
    assert load_catalogue(database) is None


def test_newest_catalogue_replaces_the_one_before_even_when_an_old_version_returns(
    database: Database,
) -> None:
    """A broker that takes a price list back pushes the old version again: it is in force again."""
    one, two = catalogue(item(price=1)), catalogue(item(price=2), version="v2")
    for pushed in (one, two, one):
        replace_catalogue(database, pushed, now_ns=1)

        assert load_catalogue(database) == pushed


@pytest.mark.parametrize(
    ("items", "column", "said"),
    [
        ([item(price=0)], "price", "not between"),
        ([item(price=-5)], "price", "not between"),
        ([item(price=PRICE_MAX + 1)], "price", "not between"),
        ([item("1", "물", 5, "8801234567890")], "barcodes", "should be 3"),
        ([item("1", "물", 5, "")], "barcodes", "1 to 48"),
        ([item("1", "물", 5, "a b")], "barcodes", "no barcode carries"),
        ([item("1", "물", 5, "신라면")], "barcodes", "no barcode carries"),
        ([item("1", "물", 5, "abc", "abc")], "barcodes", "twice on this line"),
        ([item("1", "물", 5, *(f"x{n}" for n in range(CODES_MAX + 1)))], "barcodes", "at most 20"),
        ([item(), item()], "sku", "already stands on line 1"),
        ([item("1", "물", 5, "abc"), item("2", "물", 5, "abc")], "barcodes", "on line 1"),
        (
            [item("1", "물", 5, "036000291452"), item("2", "불", 5, "0036000291452")],
            "barcodes",
            "1",
        ),
        ([item("abc"), item("2", "물", 5, "abc")], "barcodes", "on line 1"),
        ([item("")], "sku", "1 to 48"),
        ([item("물")], "sku", "ASCII"),
        ([item("1", "  ")], "name_ko", "empty"),
        ([item("1", "x" * 81)], "name_ko", "at most 80"),
        ([item("1", "물\x07")], "name_ko", "control"),
        ([], "", "0 items"),
    ],
)
def test_pushed_catalogue_with_a_fault_changes_nothing(
    database: Database, items: list[Item], column: str, said: str
) -> None:
    """Issue 2, must show: bad price, double code, wrong check digit: named, and nothing is stored."""
    good = catalogue(item("7"))
    replace_catalogue(database, good, now_ns=1)

    with pytest.raises(CatalogueError) as refused:
        replace_catalogue(database, catalogue(*items, version="v2"), now_ns=2)

    assert any(fault.column == column and said in fault.reason for fault in refused.value.faults)
    assert load_catalogue(database) == good


def test_sku_may_be_the_items_own_barcode(database: Database) -> None:
    """Many shops use the barcode for the number."""
    replace_catalogue(
        database, catalogue(item("4006381333931", "펜", 5, "4006381333931")), now_ns=1
    )


def test_no_more_faults_are_told_than_a_person_reads(database: Database) -> None:
    """A file of 1,000 bad prices is one problem."""
    with pytest.raises(CatalogueError) as refused:
        replace_catalogue(
            database, catalogue(*(item(str(n), price=0) for n in range(99))), now_ns=1
        )

    assert len(refused.value.faults) == FAULTS_MAX
    assert refused.value.faults[0] == Fault(1, "price", f"0 is not between 1 and {PRICE_MAX}")


def test_items_are_bounded(database: Database) -> None:
    """One over the limit is refused by number."""
    with pytest.raises(CatalogueError, match=str(ITEMS_MAX)):
        replace_catalogue(database, catalogue(*[item()] * (ITEMS_MAX + 1)), now_ns=1)


def test_each_import_of_a_day_has_its_own_version(database: Database) -> None:
    """The eleventh import of a day follows the tenth, not the first."""
    for count in range(1, 12):
        done = import_catalogue(database, GOODS.read_bytes(), date="20260417", now_ns=count)
        assert done.version == f"import-20260417-{count}"
    assert version_for(database, "20260418") == "import-20260418-1"


@pytest.mark.parametrize("code", ["8800101000013", " 8800101000013\r", "]E08800101000013", "1001"])
def test_scan_finds_by_barcode_and_by_sku(goods: Assortment, code: str) -> None:
    """With identifier, with the scanner's terminator, or keyed as a number."""
    match = goods.scan(code)
    assert match is not None and match.item.name_ko == "서울우유 1L"


@pytest.mark.parametrize("code", ["", "8800101000014", "9999", "서울우유 1L", "2000099012347"])
def test_unknown_code_is_none(goods: Assortment, code: str) -> None:
    """Nothing is guessed: one wrong digit is another article."""
    assert goods.scan(code) is None


def test_upc_is_found_however_the_scanner_sends_it() -> None:
    """UPC-A, its EAN-13 form, and UPC-E of the same article."""
    shelf = Assortment(catalogue(item("1", "x", 5, "042100005264")))
    for sent in ("042100005264", "0042100005264", "]E00042100005264", "04252614"):
        assert shelf.scan(sent) is not None, sent


def test_scale_label_carries_a_price_or_a_weight(goods: Assortment) -> None:
    """Pork belly by the kilogram: a label of 14,900 won, and one of 512 g."""
    price, weight = STORE_RULES[1], STORE_RULES[6]
    belly = next(found for found in goods.items if found.name_ko == "한돈 삼겹살 구이용 (kg)")

    priced = goods.scan(join_embedded("5", 14_900, price))
    weighed = goods.scan(join_embedded("5", 512, weight))

    assert priced is not None and (priced.item, priced.amount, priced.quantity) == (
        belly,
        14_900,
        None,
    )
    assert weighed is not None and (weighed.item, weighed.amount, weighed.quantity) == (
        belly,
        None,
        512,
    )


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("ㅅㅇㅇㅇ", "서울우유 1L"),
        ("서울ㅇㅇ", "서울우유 1L"),
        ("서ㅇ우ㅇ", "서울우유 1L"),
        ("서우", "서울우유 1L"),
        ("우유", "우유식빵 500g"),
        ("서울우유1L", "서울우유 1L"),
        ("1l 서울", "서울우유 1L"),
        ("ㅅㄹㅁ", "신라면 5입"),
        ("신라ㅁ", "신라면 5입"),
        ("ㅈㅈㄱㄱ", "제주감귤 1.5kg"),
        ("ㅈㄹㅈㅂㅌ 20", "종량제봉투 20L"),
        ("shin ram", "신라면 5입"),
        ("SEOUL MILK", "서울우유 1L"),
        ("ㄱㅇ 30", "깻잎 30장"),
        ("1001", "서울우유 1L"),
        ("8800101000013", "서울우유 1L"),
        ("01000013", "서울우유 1L"),
        ("국거리 ㅎㅇ", "한우 국거리 300g"),
    ],
)
def test_finding_puts_what_was_meant_first(goods: Assortment, typed: str, first: str) -> None:
    """F6 (clerk-and-courier.md 5.3): name, initials, mixtures, English, words in any order."""
    assert [found.name_ko for found in goods.search(typed)][:1] == [first]


def test_cluster_of_an_input_method_finds_what_its_letters_find(goods: Assortment) -> None:
    """ㄱ and ㅅ typed in a row arrive as ㄳ (감식초, 검색)."""
    assert goods.search("ㄳ") == goods.search("ㄱㅅ") != []


def test_name_that_begins_so_comes_before_one_that_has_it_inside(goods: Assortment) -> None:
    """Prefix, then word, then anywhere; within each in the catalogue's order."""
    names = [found.name_ko for found in goods.search("김")]
    begins = [name.startswith("김") for name in names]
    words = [" 김" in f" {name}" for name in names]
    assert begins[0] and not begins[-1]
    assert begins == sorted(begins, reverse=True) and words == sorted(words, reverse=True)


@pytest.mark.parametrize(
    "typed", ["", "   ", "없는물건", "ㅋㅋㅋㅋㅋ", "\n", "]E0", "(.*", "[", "\\"]
)
def test_nothing_is_found_for_nothing(goods: Assortment, typed: str) -> None:
    """No query is a pattern of the machine's own; an empty one lists nothing."""
    assert goods.search(typed) == []


def test_found_list_is_bounded_and_holds_nothing_twice(goods: Assortment) -> None:
    """One letter meets half the shop; the list stays short."""
    found = goods.search("ㅅ")
    assert len(found) == FOUND_MAX == len({one.sku for one in found})
    assert goods.search("ㅅ", most=9) == found[:9]


def test_only_the_first_characters_of_a_query_count(goods: Assortment) -> None:
    """At the limit it still finds; beyond it is cut."""
    assert goods.search("서울우유" + " " * (QUERY_MAX - 4) + "zzz") == goods.search("서울우유")


@given(st.text(st.sampled_from("서울우유신라면ㅅㅇㅇㄱ 1lLk.0(*[\\-^]"), max_size=12))
@settings(max_examples=300)
def test_every_found_item_has_every_word_and_none_that_begins_so_is_missed(
    goods: Assortment, typed: str
) -> None:
    """Against a slow and plain search: what it finds by plain words, ours finds too."""
    found = goods.search(typed)
    words = typed.lower().split()
    plain = [
        one for one in goods.items if words and all(word in one.name_ko.lower() for word in words)
    ]
    assert len(found) == FOUND_MAX or all(one in found for one in plain)


def test_quick_items_are_nine_in_order(goods: Assortment) -> None:
    """Alt+1 is the first of group quick."""
    assert [one.sku for one in goods.quick()] == list("123456789")
