"""Versioned documents that the broker pushes to its terminals: policy, catalogue, staff, hotlist.

A document is signed once by the broker and pulled by version (GET /v1/documents/NAME). The terminal
keeps the newest that verifies; each journal record names the versions it was made under. A till
without a broker imports the same documents from files: unsigned, as version 0, so that the first one
of a broker is newer.

    Document { name, version, valid_from_ns, body }   signed: "document|" | msgpack
"""

import difflib
from typing import Annotated, Any, Final, Literal, get_args, get_origin

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from protocols.card_rules import CardRules
from protocols.catalogue import Catalogue
from protocols.malformed import MALFORMED
from protocols.passbook.rule import TransferRule
from protocols.points import PointsRule
from protocols.receipt_link import BASE_PATTERN
from protocols.staff import Staff, StaffError, check_staff


class DocumentError(ValueError):
    """Not a document of this broker, or not of the shape its name demands."""


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One version of one document."""

    name: str
    """policy, catalogue, staff, hotlist."""
    version: int
    """Counts up; from 1."""
    valid_from_ns: int
    body: msgspec.Raw
    """MessagePack of Policy, Catalogue or Staff, by name."""


class SignedDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What travels and what the terminal stores (MessagePack)."""

    document: bytes
    signature: bytes


class Coupon(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a printed coupon is worth; each counts once in a sale."""

    code: str
    """As its barcode has it."""
    name_ko: str
    name_en: str
    percent: int = 0
    """Off the sale, 0 to 100; or:"""
    amount: int = 0
    """Minor units off the sale."""
    minimum: int = 0
    """What the goods must cost at least."""
    valid_from: str = ""
    """YYYYMMDD, the business date; empty: no bound."""
    valid_until: str = ""
    """YYYYMMDD, included."""


class Policy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What this store allows. Amounts in minor units of the store's currency."""

    tenders: list[str] = []
    """Which ways to pay the till offers, in the order of its keys; none named: all that it has."""
    vat_percent: int = 10
    cash_receipt_prompt_from: int = 100_000
    """Sales of so much, paid in cash, get a Korean cash receipt though nobody asks; 0: none do."""
    drawer_alarm_seconds: int = 40
    price_override_max: int = 0
    """How much a clerk alone may take off a line by another price; above, a supervisor allows it."""
    discount_percent_max: int = 10
    """How much a clerk alone may take off a line or a sale, in per cent of it."""
    coupons: list[Coupon] = []
    refund_without_receipt_max: int = 0
    refund_days_max: int = 30
    offline_card_per_sale: int = 0
    offline_card_total: int = 0
    offline_card_count: int = 0
    drawer_shared: bool = True
    """Several people may work one after the other at a drawer; else at their own shift alone."""
    lock_idle_minutes: int = 0
    """The till locks itself when nothing was done for so long; 0: never."""
    rights: dict[str, list[str]] = {}
    """Rights by role; what is not named here is the built-in table's."""
    points: PointsRule | None = None
    """How members earn and spend points; none: there is no such thing here."""
    transfers: TransferRule | None = None
    """How account transfers by passbook are taken; none: there is no such thing here."""
    cards: CardRules | None = None
    """Which payment applications the till takes, and under whose keys; none: those of the virtual banks."""
    receipt_footer_ko: str = ""
    receipt_footer_en: str = ""
    receipt_link: Annotated[str, msgspec.Meta(pattern=f"^({BASE_PATTERN})?$")] = ""
    """Where customers read their e-receipts, such as https://receipts.example.kr; empty: there are none."""
    cash_receipt_key: Annotated[str, msgspec.Meta(pattern="^(0[23][0-9a-f]{64})?$")] = ""
    """What tills seal the numbers of cash receipts for: the broker fills it in where it has an agent."""
    receipt_paper: Literal["always", "asked"] = "always"
    """Where there are e-receipts: paper unless the customer wants none, or only if the customer asks."""


def sign_document(document: Document, key: Ed25519PrivateKey) -> bytes:
    """Return the bytes that travel."""
    data = msgspec.msgpack.encode(document)
    signed = SignedDocument(document=data, signature=key.sign(b"document|" + data))
    return msgspec.msgpack.encode(signed)


def open_document(data: bytes, key: Ed25519PublicKey) -> Document:
    """Verify and decode. Raises: DocumentError."""
    try:
        signed = msgspec.msgpack.decode(data, type=SignedDocument)
        key.verify(signed.signature, b"document|" + signed.document)
        return msgspec.msgpack.decode(signed.document, type=Document)
    except InvalidSignature:
        raise DocumentError("the document is not signed by this broker") from None
    except MALFORMED as error:
        raise DocumentError(f"not a document: {error}") from error


def stored_document(data: bytes) -> Document:
    """Decode what was verified when it was stored. Raises: DocumentError."""
    try:
        signed = msgspec.msgpack.decode(data, type=SignedDocument)
        return msgspec.msgpack.decode(signed.document, type=Document)
    except MALFORMED as error:
        raise DocumentError(f"not a document: {error}") from error


KINDS: Final[dict[str, type[msgspec.Struct]]] = {
    "policy": Policy,
    "catalogue": Catalogue,
    "staff": Staff,
}
"""What a body is, by its document's name."""


_HINTS: Final = {
    "$.receipt_link": "receipt_link is an address such as https://receipts.example.kr, at most 88 "
    "characters, without ? and #: it goes into QR codes"
}
"""What a text has to look like, where a pattern says it to programs alone."""


def body_of(name: str, table: Any) -> msgspec.Struct:
    """Return a body from what a person wrote in a file (TOML, JSON); a wrong key is named.

    Raises: DocumentError, StaffError.
    """
    kind = KINDS[name]
    _refuse_unknown_keys(table, kind, "")
    try:
        body = msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        hint = next((hint for place, hint in _HINTS.items() if place in str(error)), None)
        raise DocumentError(hint or str(error)) from error
    if isinstance(body, Staff):
        check_staff(body)
    return body


def _refuse_unknown_keys(table: Any, kind: type[msgspec.Struct], place: str) -> None:
    known = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    for key, value in table.items() if isinstance(table, dict) else ():
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.0)[0]
            raise DocumentError(f"{place}{key} is not known; did you mean {near}?")
        inner = get_args(known[key])
        if isinstance(value, dict):
            for each in inner:
                if isinstance(each, type) and issubclass(each, msgspec.Struct):
                    _refuse_unknown_keys(value, each, f"{key}.")
        if get_origin(known[key]) is list and isinstance(value, list):
            for number, row in enumerate(value, 1):
                if isinstance(inner[0], type) and issubclass(inner[0], msgspec.Struct):
                    _refuse_unknown_keys(row, inner[0], f"{key} {number}: ")


_STAFF: Final = msgspec.msgpack.Decoder(Staff)
_POLICY: Final = msgspec.msgpack.Decoder(Policy)
_CATALOGUE: Final = msgspec.msgpack.Decoder(Catalogue)


def policy_of(document: Document) -> Policy:
    """Decode the body of a policy document. Raises: DocumentError."""
    try:
        return _POLICY.decode(document.body)
    except MALFORMED as error:
        raise DocumentError(f"policy version {document.version}: {error}") from error


def catalogue_of(document: Document) -> Catalogue:
    """Decode the body of a catalogue document; its prices are not judged. Raises: DocumentError."""
    try:
        return _CATALOGUE.decode(document.body)
    except MALFORMED as error:
        raise DocumentError(f"catalogue version {document.version}: {error}") from error


def staff_of(document: Document) -> Staff:
    """Decode and check the body of a staff document. Raises: DocumentError."""
    try:
        staff = _STAFF.decode(document.body)
        check_staff(staff)
    except (*MALFORMED, StaffError) as error:
        raise DocumentError(f"staff version {document.version}: {error}") from error
    return staff
