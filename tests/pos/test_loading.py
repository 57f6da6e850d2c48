"""What a till does when its own store holds bytes that it cannot read: it says so, and sells nothing."""

from typing import ClassVar

import msgspec
import pytest

from pos.loading import load
from pos.store.errors import StoreError
from pos.store.journal import Draft
from pos.store.store import Store
from protocols.documents import Document, SignedDocument
from protocols.facts import ShiftOpened

WRONG_SHAPE = b"\xc1"
NO_TEXT = b"\x81\xb1receipt_footer_ko\xa1\xff"
TOO_DEEP = b"\x91" * 100_000
BROKEN = pytest.mark.parametrize(
    "broken", [WRONG_SHAPE, NO_TEXT, TOO_DEEP], ids=["shape", "text", "depth"]
)


class FromTheFuture(msgspec.Struct, frozen=True, kw_only=True):
    """A fact of a program that is newer than this one."""

    kind: ClassVar[str] = "sale.teleported"


@BROKEN
def test_an_open_sale_that_cannot_be_read_stops_selling(store: Store, broken: bytes) -> None:
    """protocols.malformed: each way in which msgspec refuses bytes is the same sentence here."""
    store.basket.add([broken])

    with pytest.raises(StoreError, match="the open sale cannot be read"):
        load(store)


@BROKEN
@pytest.mark.parametrize("where", ["envelope", "document", "body"])
def test_a_policy_that_cannot_be_read_stops_selling(
    store: Store, broken: bytes, where: str
) -> None:
    """At whatever depth of its wrapping the bytes are damaged."""
    body = broken if where == "body" else msgspec.msgpack.encode({})
    document = msgspec.msgpack.encode(
        Document(name="policy", version=1, valid_from_ns=1, body=msgspec.Raw(body))
    )
    signed = SignedDocument(
        document=broken if where == "document" else document, signature=bytes(64)
    )
    data = broken if where == "envelope" else msgspec.msgpack.encode(signed)
    store.put_document("policy", 1, data)

    with pytest.raises(StoreError, match="the policy cannot be read"):
        load(store)


def test_a_fact_of_a_newer_program_is_named_by_its_record(store: Store) -> None:
    """Whoever goes back to an older program reads which record it does not understand."""
    opened = ShiftOpened(shift=1, float_amount=0, store="S1")
    store.append(
        [
            Draft(fact=opened, actor="kim", business_date="20260417"),
            Draft(fact=FromTheFuture(), actor="kim", business_date="20260417"),
        ]
    )

    with pytest.raises(StoreError, match=r"record 2 cannot be read .*sale\.teleported"):
        load(store)
