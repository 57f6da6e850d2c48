"""A purchase with chip data, 19 fields, encoded and decoded, beside pyiso8583 on the very same bytes.

Both sides take turns in short rounds, and the best round of each counts: a busy machine slows both.
"""

import gc
import time
from collections.abc import Callable
from typing import Any

import iso8583 as peer
from iso8583.specs import default_ascii

from protocols.iso8583.message import decode, encode
from protocols.iso8583.specs import ASCII
from tests.support.iso8583 import PURCHASE

ROUNDS = 60
MESSAGES = 400
ENCODE_GOAL = 3.0
DECODE_GOAL = 2.0


def _side_by_side(ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[float, float]:
    """Return messages a second of both."""
    best = [float("inf"), float("inf")]
    gc.collect()
    gc.disable()
    try:
        for _ in range(ROUNDS):
            for side, work in enumerate((ours, theirs)):
                began = time.perf_counter()
                for _ in range(MESSAGES):
                    work()
                best[side] = min(best[side], time.perf_counter() - began)
    finally:
        gc.enable()
    return MESSAGES / best[0], MESSAGES / best[1]


def measure() -> list[dict[str, Any]]:
    """Return how many times as fast as pyiso8583."""
    data = encode(PURCHASE, ASCII)
    document, _ = peer.decode(data, default_ascii)
    written, _ = peer.encode(document, default_ascii)
    assert bytes(written) == data, "the same message"
    encoding = _side_by_side(
        lambda: encode(PURCHASE, ASCII), lambda: peer.encode(document, default_ascii)
    )
    decoding = _side_by_side(lambda: decode(data, ASCII), lambda: peer.decode(data, default_ascii))
    return [
        {
            "name": f"iso8583_{what}_ratio",
            "value": round(ours / theirs, 2),
            "unit": "times",
            "goal": goal,
            "met": ours / theirs >= goal,
            "against": f"pyiso8583: {theirs:,.0f} messages/s, ours {ours:,.0f}",
            "ratio": round(ours / theirs, 2),
        }
        for what, goal, (ours, theirs) in (
            ("encode", ENCODE_GOAL, encoding),
            ("decode", DECODE_GOAL, decoding),
        )
    ]
