"""Policy and staff of a till alone, from a file: the documents that a broker would push.

They are kept unsigned as version 0, so that the first one of a broker is newer; a till that has joined
one takes them from there alone.
Source: decisions.md "Configuration".
"""

import tomllib
from pathlib import Path

import msgspec

from pos.store.store import Store
from protocols.documents import Document, DocumentError, SignedDocument, body_of
from protocols.malformed import MALFORMED
from protocols.staff import StaffError


class DocumentFileError(Exception):
    """The file is no document of this name; nothing was taken. The message says where and what."""


def read_document(name: str, file: Path) -> msgspec.Struct:
    """Return what a TOML or JSON file says. Raises: DocumentFileError, OSError."""
    data = file.read_bytes()
    try:
        toml = file.suffix == ".toml"
        table = tomllib.loads(data.decode()) if toml else msgspec.json.decode(data)
        return body_of(name, table)
    except (tomllib.TOMLDecodeError, DocumentError, StaffError, *MALFORMED) as error:
        raise DocumentFileError(f"{file}: {error}") from error


def take_document(store: Store, name: str, body: msgspec.Struct, now_ns: int) -> None:
    """Put a document in force. Raises: DocumentFileError after enrolment, StoreError."""
    if store.identity().certificate:
        raise DocumentFileError(
            f"this till has joined a broker and takes its {name} from there: "
            f"ips-broker {'staff publish' if name == 'staff' else f'document publish {name}'} FILE"
        )
    raw = msgspec.Raw(msgspec.msgpack.encode(body))
    document = Document(name=name, version=0, valid_from_ns=now_ns, body=raw)
    unsigned = SignedDocument(document=msgspec.msgpack.encode(document), signature=b"")
    store.put_document(name, 0, msgspec.msgpack.encode(unsigned))
