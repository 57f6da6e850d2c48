"""The kinds of device: each builds a twin from what a plan may say, and from nothing else."""

import importlib
import inspect

import msgspec
import pytest

from sim.clock import VirtualClock
from sim.stage.kinds import KINDS, Needs
from sim.twin import Twin


@pytest.mark.parametrize("name", KINDS)
def test_kind_builds_a_twin_that_names_itself(name):
    """Goal: the table is true: module, class, and the kind's own name."""
    kind = KINDS[name]

    # What a bench brings besides books and memories, which may be in memory.
    brought = {"clock": VirtualClock()} if kind.needs in (Needs.BOOKS, Needs.MEMORY) else {}
    twin = kind.build(kind.options(), **brought)

    assert isinstance(twin, Twin)
    assert twin.device == name


@pytest.mark.parametrize("name", KINDS)
def test_options_are_arguments_of_the_twin_with_the_same_defaults(name):
    """Goal: a plan's option and the constructor's argument cannot drift apart."""
    kind = KINDS[name]
    twin = getattr(importlib.import_module(kind.module), kind.twin)
    arguments = inspect.signature(twin).parameters

    for option, value in msgspec.structs.asdict(kind.options()).items():
        assert arguments[option].default == value
