"""A till that sells as fast as it can and is killed at random, again and again.

The law after each kill (environment.md 14): every sale that was answered is in the journal, at most the
one after it is too, numbers have no gap, the chain is whole, and the money is the sum of the sales.
"""

import random
from dataclasses import dataclass
from pathlib import Path

from pos.host import HostClock
from pos.store.store import FILE_NAME, Store
from pos.store.verify import Sound, verify
from protocols.facts import AttemptClosed, SaleClosed, decode_fact
from protocols.journal import decode_record
from tests.support.till_forks import TillForks

GOODS = """\
sku,barcodes,name_ko,name_en,price,tax
milk,8801115114154,서울우유 1L,Seoul Milk 1L,2980,과세
ramen,8801043015929,신라면 5입,Shin Ramyun 5p,4100,과세
"""
SALE = ("8801115114154", "2*8801043015929", "20.CA")
TOTAL = 2_980 + 2 * 4_100
SALES_A_RUN = 60
KILL_MS = (30, 700)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a series of kills showed."""

    kills: int
    answered: int
    stored: int
    """Sales in the journal: those answered, and at most one more a kill."""


def sell_and_kill(folder: Path, forks: TillForks, *, kills: int, seed: int) -> Outcome:
    """Sell under random kills in a new folder. Raises: AssertionError naming the kill and the seed."""
    chance = random.Random(seed)
    folder.mkdir(parents=True)
    config = folder / "till.toml"
    config.write_text('folder = "."\n')
    (folder / "goods.csv").write_text(GOODS)
    base = ("--config", str(config))
    assert forks.run(*base, "catalogue", "import", str(folder / "goods.csv")).status == 0
    assert forks.run(*base, "shift", "open", "50000").status == 0
    script = folder / "script"
    script.write_text("VS:after a kill\n" + "\n".join(SALE * SALES_A_RUN) + "\n")
    answered = stored = killed = 0
    while killed < kills:
        run = forks.run(*base, "script", str(script), kill_after_ms=chance.uniform(*KILL_MS))
        told = sum(
            line.get("entry") == SALE[-1] and not line["notice"]["code"] for line in run.lines
        )
        killed += run.status == -9
        answered += told
        before, stored = stored, check(folder, f"kill {killed} of seed {seed}")
        more = stored - before - told
        assert more in (0, 1), f"kill {killed} of seed {seed}: {told} answered, {more} beside them"
    return Outcome(kills=killed, answered=answered, stored=stored)


def check(folder: Path, where: str) -> int:
    """Check the journal on disk. Returns how many sales it has."""
    with Store(folder / FILE_NAME, clock=HostClock()) as store:
        verdict = verify(store)
        assert isinstance(verdict, Sound), f"{where}: {verdict}"
        stored: list[bytes] = []
        while page := store.records(len(stored)):
            stored += page
    records = [decode_record(data) for data in stored]
    facts = [decode_fact(record.kind, record.body) for record in records]
    sales = [fact for fact in facts if isinstance(fact, SaleClosed)]
    paid = [fact for fact in facts if isinstance(fact, AttemptClosed)]
    keys = [record.attempt for record in records if record.kind == AttemptClosed.kind]
    assert len(keys) == len(set(keys)), f"{where}: an attempt key moved money twice"
    assert all(sale.total == TOTAL for sale in sales), f"{where}: a sale of another total"
    assert sum(fact.amount for fact in paid) == TOTAL * len(sales), (
        f"{where}: money and sales differ"
    )
    assert len({sale.sale for sale in sales}) == len(sales), f"{where}: a sale number stands twice"
    return len(sales)
