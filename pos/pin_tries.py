"""PINs tried at the till, counted before they are compared, and locked for longer each time.

    1st, 2nd wrong    told how many are left
    3rd               that person's PIN is not tried for 30 s; then 1 min, 2, 5, and 15 from the 7th on

The count is in the store before the PIN is compared, so a plug that is pulled buys nobody a try; the
right PIN, or a new one from the staff list, begins it anew. All of it runs in the store's own thread:
a hash takes 50 ms, and the screen does not wait for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from pos.store.errors import StoreError
from pos.store.journal import Draft
from pos.store.store import Store
from protocols.malformed import MALFORMED
from protocols.ports import NANOSECONDS_PER_SECOND
from protocols.staff import Person, pin_matches

FREE_TRIES: Final = 3
LOCK_SECONDS: Final = (30, 60, 120, 300, 900)
"""From the third wrong PIN in a row on; the last one again and again."""


class _Tries(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What the store remembers of one person."""

    pin: str = ""
    """The hash that was tried; another one in the staff list begins anew."""
    wrong: int = 0
    at_ns: int = 0
    """When the last wrong one was keyed, UTC."""


@dataclass(frozen=True, slots=True)
class Right:
    """The PIN is this person's."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """It is not; so many may be keyed before the first lock."""

    left: int


@dataclass(frozen=True, slots=True)
class Locked:
    """It was not tried, or was one too many: this person's PIN rests."""

    seconds: int


Verdict = Right | Wrong | Locked


def try_pin(
    store: Store, person: Person, pin: str, now_ns: int, lock: Callable[[int, int], Draft]
) -> Verdict:
    """Try a PIN. `lock` makes the record of a lock from (wrong in a row, seconds). Raises: StoreError."""
    before = _tries(store, person)
    if rest := _rest(before, now_ns):
        return Locked(rest)
    counted = _Tries(pin=person.pin, wrong=before.wrong + 1, at_ns=now_ns)
    _remember(store, person, counted)
    if pin_matches(pin, person.pin):
        _remember(store, person, _Tries())
        return Right()
    seconds = _lock_seconds(counted.wrong)
    if not seconds:
        return Wrong(FREE_TRIES - counted.wrong)
    store.append([lock(counted.wrong, seconds)])
    return Locked(seconds)


def _lock_seconds(wrong: int) -> int:
    if wrong < FREE_TRIES:
        return 0
    return LOCK_SECONDS[min(wrong - FREE_TRIES, len(LOCK_SECONDS) - 1)]


def _rest(tries: _Tries, now_ns: int) -> int:
    """Return for how many seconds more no PIN is tried; a clock that was set back makes it no longer."""
    seconds = _lock_seconds(tries.wrong)
    passed_ns = now_ns - tries.at_ns
    left_ns = seconds * NANOSECONDS_PER_SECOND - max(passed_ns, 0)
    return max(0, -(-left_ns // NANOSECONDS_PER_SECOND))


def _tries(store: Store, person: Person) -> _Tries:
    kept = store.setting(_name(person))
    if kept is None:
        return _Tries()
    try:
        tries = _DECODER.decode(kept)
    except MALFORMED as error:
        raise StoreError(f"the count of wrong PINs cannot be read: {error}") from error
    return tries if tries.pin == person.pin else _Tries()


def _remember(store: Store, person: Person, tries: _Tries) -> None:
    store.set_setting(_name(person), msgspec.msgpack.encode(tries))


def _name(person: Person) -> str:
    return f"pin-tries-{person.number}"


_DECODER: Final = msgspec.msgpack.Decoder(_Tries)
