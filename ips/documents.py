"""Versioned documents: published from a file, signed once, pulled by terminals with an ETag.

A policy and a staff list are TOML or JSON, a catalogue JSON (protocols.documents). A version that
was published is never changed; publishing the same content again makes no new version.
"""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ips.store.group import Group
from ips.store.rows import DocumentRow
from protocols.catalogue import ITEMS_MAX, Catalogue
from protocols.documents import (
    KINDS,
    Document,
    DocumentError,
    SignedDocument,
    body_of,
    sign_document,
)
from protocols.malformed import MALFORMED
from protocols.staff import StaffError

DOCUMENT_BYTES_MAX: Final = 32 * 1024 * 1024


class PublishError(Exception):
    """The file is not a document of this name; the message says where and what."""


def read_body(name: str, path: Path) -> bytes:
    """Return a document's body, checked, as MessagePack. Raises: PublishError."""
    if name not in KINDS:
        raise PublishError(f"{name!r} is not a document; known are {', '.join(KINDS)}")
    try:
        data = path.read_bytes()
        table = (
            tomllib.loads(data.decode()) if path.suffix == ".toml" else msgspec.json.decode(data)
        )
    except OSError as error:
        raise PublishError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, *MALFORMED) as error:
        raise PublishError(f"{path}: {error}") from error
    try:
        body = body_of(name, table)
    except (DocumentError, StaffError) as error:
        raise PublishError(f"{path}: {error}") from error
    if isinstance(body, Catalogue):
        _check_catalogue(path, body)
    return msgspec.msgpack.encode(body)


def _check_catalogue(path: Path, catalogue: Catalogue) -> None:
    if len(catalogue.items) > ITEMS_MAX:
        raise PublishError(f"{path}: {len(catalogue.items)} items, at most {ITEMS_MAX}")
    seen: dict[str, str] = {}
    for number, item in enumerate(catalogue.items, 1):
        if item.price < 0:
            raise PublishError(
                f"{path}: item {number} ({item.sku}): price {item.price} is below zero"
            )
        for code in (f"sku {item.sku}", *(f"barcode {code}" for code in item.barcodes)):
            if code in seen:
                raise PublishError(
                    f"{path}: item {number}: {code} is also that of item {seen[code]}"
                )
            seen[code] = str(number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """Work: make the next version of a document."""

    name: str
    body: bytes = field(repr=False)
    valid_from_ns: int
    actor: str
    identity: Ed25519PrivateKey = field(repr=False)

    @property
    def size(self) -> int:
        """Return the bytes that it holds while it waits."""
        return len(self.body)

    @property
    def is_batch(self) -> bool:
        """Answer with the online requests."""
        return False

    def apply(self, group: Group) -> DocumentRow:
        """Return the version that terminals will pull: a new one, or the newest if it is equal."""
        newest = group.store.document(self.name)
        if newest is not None and _body_of(newest) == self.body:
            return newest
        version = 1 if newest is None else newest.version + 1
        document = Document(
            name=self.name,
            version=version,
            valid_from_ns=self.valid_from_ns,
            body=msgspec.Raw(self.body),
        )
        signed = sign_document(document, self.identity)
        row = DocumentRow(self.name, version, self.valid_from_ns, group.now_ns, self.actor, signed)
        group.changes.documents.append(row)
        group.remember(
            self.actor,
            "document.publish",
            self.name,
            before=str(version - 1),
            after=str(version),
        )
        return row


def _body_of(row: DocumentRow) -> bytes:
    signed = msgspec.msgpack.decode(row.signed, type=SignedDocument)
    return bytes(msgspec.msgpack.decode(signed.document, type=Document).body)
