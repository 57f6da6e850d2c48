"""Deliberate faults: one line of a function, replaced for a while, in the running program."""

import importlib
import inspect
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from types import FunctionType


@contextmanager
def swapped(module: str, path: str, old: str, new: str) -> Iterator[None]:
    """Replace a part of a function's source for a while."""
    home = importlib.import_module(module)
    target: object = home
    for name in path.split("."):
        target = getattr(target, name)
    assert isinstance(target, FunctionType)
    source = textwrap.dedent(inspect.getsource(target))
    assert source.count(old) == 1, f"{path}: {old!r} stands there {source.count(old)} times"
    names = dict(home.__dict__)
    exec(compile(source.replace(old, new), f"<mutant of {path}>", "exec"), names)
    mutant = names[target.__name__]
    assert isinstance(mutant, FunctionType)
    original = target.__code__
    target.__code__ = mutant.__code__
    try:
        yield
    finally:
        target.__code__ = original
