"""Pushed documents: signed once by the broker, of the shape their name demands, or nothing."""

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from protocols.catalogue import Catalogue, Item
from protocols.documents import (
    Document,
    DocumentError,
    Policy,
    catalogue_of,
    open_document,
    policy_of,
    sign_document,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))
POLICY = Policy(tenders=["cash", "card"], vat_percent=7, rights={"clerk": ["sell"]})


def document(body: object = POLICY, name: str = "policy") -> Document:
    """Return a document around a body."""
    raw = body if isinstance(body, bytes) else msgspec.msgpack.encode(body)
    return Document(name=name, version=3, valid_from_ns=5, body=msgspec.Raw(raw))


def test_document_comes_out_as_it_was_signed() -> None:
    """Pair test, down to the body."""
    got = open_document(sign_document(document(), KEY), KEY.public_key())
    assert (got.name, got.version, got.valid_from_ns) == ("policy", 3, 5)
    assert policy_of(got) == POLICY


def test_catalogue_comes_out_as_it_went_in() -> None:
    """The second kind of body."""
    goods = Catalogue(
        version="v1", items=[Item(sku="1", barcodes=["a"], name_ko="물", name_en="water", price=5)]
    )
    data = sign_document(document(goods, "catalogue"), KEY)
    assert catalogue_of(open_document(data, KEY.public_key())) == goods


def test_flipped_byte_and_cut_at_every_position_are_refused() -> None:
    """Nothing of a document can be exchanged on the way."""
    data = sign_document(document(), KEY)
    for place in range(len(data)):
        wrong = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        for bad in (wrong, data[:place]):
            with pytest.raises(DocumentError):
                open_document(bad, KEY.public_key())


def test_strangers_document_is_refused() -> None:
    """Signed well by somebody else, or for another purpose by the broker itself."""
    with pytest.raises(DocumentError, match="not signed by this broker"):
        open_document(sign_document(document(), STRANGER), KEY.public_key())
    plain = msgspec.msgpack.encode(document())
    other = msgspec.msgpack.encode(
        {"document": plain, "signature": KEY.sign(b"certificate|" + plain)}
    )
    with pytest.raises(DocumentError, match="not signed by this broker"):
        open_document(other, KEY.public_key())


@pytest.mark.parametrize(
    "body",
    [
        {"vat_percent": "ten"},
        {"tenders": "cash"},
        {"vat_percent": 1.5},
        [],
        msgspec.Raw(b"\x81\xa1z" + b"\x91" * 50_000 + b"\xc0"),
    ],
)
def test_policy_of_another_shape_names_its_version(body: object) -> None:
    """Signed, and yet nothing that a till can work under."""
    with pytest.raises(DocumentError, match="policy version 3"):
        policy_of(document(body))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"version": "v1"},
        {"version": "v1", "items": [{}]},
        {
            "version": "v1",
            "items": [{"sku": "1", "name_ko": "", "name_en": "", "price": 1, "tax": "half"}],
        },
        {
            "version": "v1",
            "items": [{"sku": "1", "name_ko": "", "name_en": "", "price": 1, "unit": "box"}],
        },
    ],
)
def test_catalogue_of_another_shape_names_its_version(body: object) -> None:
    """A tax class or a unit that nobody knows."""
    with pytest.raises(DocumentError, match="catalogue version 3"):
        catalogue_of(document(body))


def test_policy_of_the_first_release_and_of_a_later_one_are_read() -> None:
    """Nothing is demanded, and what is not known is passed over."""
    assert policy_of(document({})) == Policy()
    assert policy_of(document({"later": [1]})) == Policy()


def test_default_policy_sells_for_what_is_final_without_a_line_and_allows_nothing_risky() -> None:
    """A till without a broker's policy: decisions and clerk-and-courier.md 2.3 rule 8."""
    policy = Policy()
    assert policy.tenders == [] and policy.vat_percent == 10
    assert policy.refund_without_receipt_max == policy.price_override_max == 0
    assert policy.offline_card_per_sale == policy.offline_card_total == 0


@given(st.binary(max_size=150))
def test_garbage_is_a_document_error(data: bytes) -> None:
    """As the whole, and as the signed part."""
    for bad in (data, msgspec.msgpack.encode({"document": data, "signature": bytes(64)})):
        with pytest.raises(DocumentError):
            open_document(bad, KEY.public_key())
    signed = {"document": data, "signature": KEY.sign(b"document|" + data)}
    with pytest.raises(DocumentError):
        open_document(msgspec.msgpack.encode(signed), KEY.public_key())
