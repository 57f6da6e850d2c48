"""Messages between terminals and hosts with test values in them.

    JSON, MessagePack   what stands under a name of NAMES is blotted out; numbers of cards anywhere
    text                numbers of cards and tracks
    a signed batch      read to its records; left out whole if anything in it would have to go,
                        since a changed one would be another terminal's forgery
    anything else       left out: what cannot be read cannot be vouched for

A message in which nothing was secret keeps every byte.
"""

import zlib
from typing import Any, Final

import msgspec

from protocols.batch import BYTES_MAX, CONTENT_TYPE
from protocols.malformed import MALFORMED
from protocols.trace.stand_ins import StandIns, is_pan

NAMES: Final = frozenset(
    (
        *("pin", "pan", "track1", "track2", "cvv", "password", "token", "secret", "private"),
        *("pin_block", "account", "signed_order"),
    )
)
"""Names under which a secret may stand, whatever it looks like."""
_JSON: Final = ("application/json", "application/problem+json")
_MSGPACK: Final = ("application/msgpack", "application/x-msgpack", "application/vnd.msgpack")
_INFLATED_MAX: Final = 8 * BYTES_MAX
_DEPTH_MAX: Final = 32


def swap_body(stand_ins: StandIns, content_type: str, data: bytes) -> bytes | None:
    """Return a message without secrets; None when it cannot be kept."""
    kind = content_type.partition(";")[0].strip().lower()
    if not data:
        return b""
    try:
        if kind in _JSON:
            return _again(stand_ins, data, msgspec.json.decode(data), msgspec.json.encode)
        if kind in _MSGPACK:
            return _again(stand_ins, data, msgspec.msgpack.decode(data), msgspec.msgpack.encode)
        if kind == CONTENT_TYPE:
            return data if _harmless(stand_ins, _inside(data)) else None
        if kind.startswith("text/"):
            return stand_ins.text(data)
    except (*MALFORMED, zlib.error, ValueError):
        pass
    return None


def _again(stand_ins: StandIns, data: bytes, content: Any, encode: Any) -> bytes:
    swapped = _swap(stand_ins, content, "", 0)
    if swapped == content:
        return data
    encoded: bytes = encode(swapped)
    return encoded


def _inside(data: bytes) -> Any:
    """Return what stands in a deflated batch, its records opened."""
    inflated = zlib.decompressobj().decompress(data, _INFLATED_MAX)
    envelope, signature = msgspec.msgpack.decode(inflated, type=tuple[bytes, bytes])
    opened = msgspec.msgpack.decode(envelope, type=dict[str, Any])
    records = msgspec.convert(opened.get("records"), list[bytes])
    opened["records"] = [msgspec.msgpack.decode(each) for each in records]
    return [opened, signature]


def _harmless(stand_ins: StandIns, content: Any) -> bool:
    swapped: bool = _swap(stand_ins, content, "", 0) == content
    return swapped


def _swap(stand_ins: StandIns, value: Any, name: str, depth: int) -> Any:
    if depth > _DEPTH_MAX:
        raise ValueError("nested too deep")
    match value:
        case dict():
            return {
                key: _swap(stand_ins, each, str(key).lower(), depth + 1)
                for key, each in value.items()
            }
        case list():
            return [_swap(stand_ins, each, name, depth + 1) for each in value]
        case str() if name in NAMES:
            return "x" * len(value)
        case bytes() if name in NAMES:
            return bytes(len(value))
        case str():
            return stand_ins.text(value.encode()).decode()
        case int() if not isinstance(value, bool) and is_pan(str(value)):
            return int(stand_ins.pan(str(value)))
    return value
