"""How often somebody may ask: a bucket for each peer and one for all, filled again with time.

No guess finds a token of 128 bits; this is for whoever asks so often that tills would wait. An IPv6
peer is its /64, which is what one customer has.
"""

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from protocols.ports import NANOSECONDS_PER_SECOND

PEERS_MAX: Final = 4_096
"""The one that has asked least recently is forgotten first: its bucket is full again anyway."""


@dataclass(slots=True)
class _Bucket:
    left: float
    at_ns: int


class Allowance:
    """`burst` at once, and `per_second` in the long run; for everybody together `together` times that."""

    def __init__(self, *, per_second: int, burst: int, together: int) -> None:
        self._per_second = per_second
        self._burst = burst
        self._together = together
        self._peers: OrderedDict[str, _Bucket] = OrderedDict()
        self._all = _Bucket(burst * together, 0)

    def take(self, peer: str, now_ns: int) -> int:
        """Count one question; return 0 where it may be answered, else after how many seconds."""
        name = _named(peer)
        bucket = self._peers.setdefault(name, _Bucket(self._burst, now_ns))
        self._peers.move_to_end(name)
        if len(self._peers) > PEERS_MAX:
            self._peers.popitem(last=False)
        # A peer that asks too often takes nothing from the others.
        mine = _take(bucket, self._per_second, self._burst, now_ns)
        if mine:
            return mine
        return _take(
            self._all, self._per_second * self._together, self._burst * self._together, now_ns
        )


def _take(bucket: _Bucket, per_second: int, burst: int, now_ns: int) -> int:
    passed = max(0, now_ns - bucket.at_ns) / NANOSECONDS_PER_SECOND
    bucket.left = min(burst, bucket.left + passed * per_second)
    bucket.at_ns = now_ns
    if bucket.left >= 1:
        bucket.left -= 1
        return 0
    return max(1, round((1 - bucket.left) / per_second + 0.5))


def _named(peer: str) -> str:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer
    if address.version == 6 and not address.is_loopback:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
