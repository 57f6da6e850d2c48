"""An item of the catalogue, and the versioned document that carries all of them.

Item = sku, barcodes, names (ko, en), price, tax class, unit, group. Sale lines keep price and
catalogue version (decisions.md "Catalogue").
"""

from typing import Literal

import msgspec

from protocols.facts import TaxClass

ITEMS_MAX = 100_000


class Item(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something a store sells."""

    sku: str
    barcodes: list[str] = []
    """All codes that mean this item, each with its check digit; the first is printed."""
    name_ko: str
    name_en: str
    price: int
    """Minor units, tax included, for one unit."""
    tax: TaxClass = "taxed"
    unit: Literal["ea", "kg", "g", "l", "m"] = "ea"
    group: str = ""


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """All items of a store under one version."""

    version: str
    """Who issued it and when, such as "import-20260417-1" or the broker's number."""
    currency: str = "KRW"
    items: list[Item]
