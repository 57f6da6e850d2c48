"""Messages to and from hosts, in words: what kind, how long, and what stands in them."""

import json
import zlib
from typing import Any, Final

import msgspec

from protocols.batch import BYTES_MAX, CONTENT_TYPE
from protocols.malformed import MALFORMED

SHOWN_MAX: Final = 160
"""Of a body; the rest is cut."""


def tell_body(content_type: str, data: bytes) -> str:
    """Return what is to be said of a body, with a blank before it; nothing of none."""
    if not data:
        return ""
    kind = content_type.partition(";")[0].strip().lower()
    try:
        if kind == CONTENT_TYPE:
            return f" batch {_batch(data)}"
        if kind.endswith("json"):
            return f" {_cut(msgspec.json.decode(data))}"
        if kind.endswith("msgpack"):
            return f" {_cut(msgspec.msgpack.decode(data))}"
    except (*MALFORMED, zlib.error, KeyError, TypeError, ValueError):
        return f" {kind}, {len(data)} bytes that cannot be read"
    return f" {kind}, {len(data)} bytes"


def _batch(data: bytes) -> str:
    inflated = zlib.decompressobj().decompress(data, 8 * BYTES_MAX)
    envelope, _ = msgspec.msgpack.decode(inflated)
    told = msgspec.msgpack.decode(envelope)
    return (
        f"of {told['terminal']}, epoch {told['epoch']}, records {told['first']} to {told['last']}"
    )


def _cut(content: Any) -> str:
    text = json.dumps(content, ensure_ascii=False, default=_bytes)
    return text if len(text) <= SHOWN_MAX else f"{text[: SHOWN_MAX - 3]}..."


def _bytes(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
