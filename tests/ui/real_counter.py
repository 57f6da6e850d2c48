"""The counter's screen on the real till, with a staff list: clerk 7 has the shift open and milk in the basket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC
from pathlib import Path

from pos.keymap import load_keymap
from pos.messages import Language
from pos.purses import Cards
from pos.ui.grammar import read_entry
from pos.ui.source import Counter as Screen
from tests.pos.conftest import PassBy, StandingClock
from tests.support.counter_till import Counter, start_till
from tests.support.staff import STAFF
from tests.ui.stage import Stage, on_stage


@asynccontextmanager
async def at_the_counter(
    folder: Path,
    language: Language = "ko",
    columns: int = 80,
    rows: int = 24,
    cards: Cards | None = None,
) -> AsyncIterator[tuple[Stage, Counter]]:
    counter = await start_till(
        folder, StandingClock(), PassBy(), staff=STAFF, language=language, cards=cards
    )
    await counter.key("50.OS", "8801115114154")
    screen = Screen(
        till=counter.till,
        grammar=read_entry,
        keymap=load_keymap("kr-106"),
        clock=counter.till.register.clock,
        zone=UTC,
    )
    async with on_stage(screen, columns, rows) as stage:
        yield stage, counter
    counter.store.close()
