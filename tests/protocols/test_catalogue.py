"""An item on the wire: whole numbers, known classes, nothing demanded that an old broker does not send."""

import msgspec
import pytest

from protocols.catalogue import Catalogue, Item

LEAST = {"sku": "1", "name_ko": "물", "name_en": "water", "price": 600}


def test_item_with_the_least_is_taxed_and_sold_by_the_piece() -> None:
    """What the first release demands, and what the rest then is."""
    item = msgspec.convert(LEAST, Item)
    assert (item.tax, item.unit, item.barcodes, item.group) == ("taxed", "ea", [], "")


@pytest.mark.parametrize("name", sorted(LEAST))
def test_what_is_needed_is_needed(name: str) -> None:
    """An item without number, name or price cannot be sold."""
    with pytest.raises(msgspec.ValidationError, match=name):
        msgspec.convert({key: value for key, value in LEAST.items() if key != name}, Item)


@pytest.mark.parametrize(
    "wrong",
    [
        {"price": 1.5},
        {"price": "600"},
        {"price": None},
        {"tax": "half"},
        {"unit": "box"},
        {"barcodes": "880"},
        {"barcodes": [880]},
        {"sku": 1},
    ],
)
def test_wrong_types_are_refused(wrong: dict[str, object]) -> None:
    """A fraction of a won is no price; a number is no barcode (it would lose its zeros)."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**LEAST, **wrong}, Item)


def test_catalogue_survives_both_wire_forms() -> None:
    """MessagePack for the push, JSON for people."""
    goods = Catalogue(version="v1", items=[msgspec.convert(LEAST, Item)])
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(goods), type=Catalogue) == goods
    assert msgspec.json.decode(msgspec.json.encode(goods), type=Catalogue) == goods
    assert goods.currency == "KRW"
