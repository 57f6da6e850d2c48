"""What every test of the till needs: a clock that stands still until told, and a store in a folder."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pos.store.store import FILE_NAME, Store
from tests.support.counter_till import Bench, Counter, Starting, start_till

MORNING_NS = 1_776_387_600_000_000_000
"""2026-04-17 10:00:00 in Seoul."""


@dataclass
class StandingClock:
    """Both readings move only when a test moves them."""

    utc_ns: int = MORNING_NS
    since_start_ns: int = 0

    def now_ns(self) -> int:
        return self.utc_ns

    def monotonic_ns(self) -> int:
        return self.since_start_ns

    def advance(self, seconds: int) -> None:
        self.utc_ns += seconds * 1_000_000_000
        self.since_start_ns += seconds * 1_000_000_000


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def store(tmp_path: Path, clock: StandingClock) -> Iterator[Store]:
    with Store(tmp_path / FILE_NAME, clock=clock) as opened:
        yield opened


class PassBy:
    """Fault points that only remember that they were reached."""

    def __init__(self) -> None:
        self.reached: list[str] = []

    def reach(self, point: str) -> None:
        self.reached.append(point)


@pytest.fixture
def places() -> PassBy:
    return PassBy()


@pytest.fixture
async def start(tmp_path: Path, clock: StandingClock, places: PassBy) -> AsyncIterator[Starting]:
    """Start a till on the folder; again and again, as after a sudden end."""
    counters: list[Counter] = []

    async def begin(bench: Bench | None = None, **options: Any) -> Counter:
        counters.append(await start_till(tmp_path, clock, places, bench, **options))
        return counters[-1]

    yield begin
    for counter in counters:
        counter.store.close()
