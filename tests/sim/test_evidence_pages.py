"""The pages of evidence say what the suites say: every row, every fault, and the figures of a sample.

Method: the page's tables are read; names must be those of ROWS and FAULTS, in their order; rows that
are searched in a moment are searched again, and every figure of them must be the page's. T5.
"""

import re
from pathlib import Path

import pytest

from sim.search.explore import explore, search
from sim.search.faults import FAULTS, Fault
from sim.search.icash.faults import ICASH_FAULTS, IcashFault
from sim.search.icash.properties import IcashProperties
from sim.search.icash.world import IcashWorld
from sim.search.universe import Universe
from sim.stage.verify import INDUCTION, NAIVE_MEMORY, REFINED, REFINEMENT, ROWS, TEARS
from sim.stage.verify_icash import ICASH_NAIVE_MEMORY, ICASH_ROWS, ICASH_TEARS
from tests.support.clocks import StepClock

DOCS = Path(__file__).parents[2] / "docs"
QUICK_STATES = 3_000


def table(marker: str, page: str = "purse-evidence.md") -> list[list[str]]:
    """Return the cells of a marked table, without its heading."""
    text = (DOCS / page).read_text()
    block = re.search(f"<!-- {marker} -->\n(.*?)<!-- end -->", text, re.DOTALL)
    assert block is not None
    lines = block.group(1).splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def number(cell: str) -> int:
    return int(cell.replace(",", ""))


def test_the_page_has_every_row_of_the_suite_and_no_violation() -> None:
    refined = [f"{ROWS[n][0]}: {REFINEMENT}" for n in REFINED]

    assert [row[0] for row in table("rows")] == [
        *(name for name, _ in ROWS),
        *refined,
        INDUCTION,
        TEARS,
    ]
    assert {row[4] for row in table("rows")} == {"0"}


def test_the_page_has_every_seeded_fault_and_says_which_are_harmless() -> None:
    naive, *faults = table("faults")

    assert f"fault: {naive[0]}" == NAIVE_MEMORY
    assert [row[0] for row in faults] == [fault.name for fault in FAULTS]
    for row, fault in zip(faults, FAULTS, strict=True):
        assert row[1].startswith("not found") == bool(fault.harmless)
        assert fault.harmless in row[1]


QUICK = [row[0] for row in table("rows") if row[0] in dict(ROWS) and number(row[1]) < QUICK_STATES]


@pytest.mark.parametrize("name", QUICK)
def test_the_figures_of_a_quick_row_are_measured_again(name: str) -> None:
    scope = dict(ROWS)[name]
    _, states, transitions, depth, _, _ = next(row for row in table("rows") if row[0] == name)

    report = explore(Universe(scope), clock=StepClock())

    assert (report.states, report.transitions) == (number(states), number(transitions))
    assert report.depth == int(depth)


@pytest.mark.parametrize("fault", [f for f in FAULTS if not f.harmless][::4], ids=lambda f: f.name)
def test_the_figures_of_a_fault_are_measured_again(fault: Fault) -> None:
    _, found, depth, states = next(row for row in table("faults") if row[0] == fault.name)

    report = explore(Universe(fault.scope, fault.rules(), fault.issuer()), clock=StepClock())

    assert report.first is not None
    assert (report.first.broken.name, len(report.first.steps)) == (found, int(depth))
    assert report.states == number(states)


def test_the_second_scheme_has_its_page() -> None:
    rows = table("rows", "icash-evidence.md")
    naive, *faults = table("faults", "icash-evidence.md")

    assert [row[0] for row in rows] == [*(name for name, _ in ICASH_ROWS), ICASH_TEARS]
    assert {row[4] for row in rows} == {"0"}
    assert f"fault: {naive[0]}" == ICASH_NAIVE_MEMORY
    assert [row[0] for row in faults] == [fault.name for fault in ICASH_FAULTS]


@pytest.mark.parametrize("fault", ICASH_FAULTS, ids=lambda fault: fault.name)
def test_the_figures_of_a_fault_of_the_second_scheme_are_measured_again(fault: IcashFault) -> None:
    rows = table("faults", "icash-evidence.md")
    _, found, depth, states = next(row for row in rows if row[0] == fault.name)
    world = IcashWorld(fault.scope, fault.card(), fault.module(), fault.issuer())

    report = search(world, IcashProperties(world), clock=StepClock())

    assert report.first is not None
    assert (report.first.broken.name, len(report.first.steps)) == (found, int(depth))
    assert report.states == number(states)
