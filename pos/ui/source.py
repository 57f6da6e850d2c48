"""What the screens expect of the till, and what they are given to work with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Protocol

from devices.scanner import REPEAT_WINDOW_NS
from pos.commands import Command
from pos.keymap import Keymap
from pos.ui.desk import Grammar
from pos.ui.training import Bench, Goods
from pos.view import Notice, TillView
from protocols.ports import Clock


class TillSource(Protocol):
    """The till as a skin sees it (pos.till.Till is one)."""

    @property
    def view(self) -> TillView:
        """The snapshot to draw."""
        ...

    async def execute(self, command: Command) -> Notice | None:
        """Carry a command out. The answer is also in the view."""
        ...

    def watch(self, callback: Callable[[TillView], None]) -> Callable[[], None]:
        """Call back on the loop after every change of the view; returns how to stop that."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """Everything a counter screen needs."""

    till: TillSource
    grammar: Grammar
    keymap: Keymap
    clock: Clock
    zone: tzinfo
    """The store's."""
    repeat_window_ns: int = REPEAT_WINDOW_NS
    """A scanner's code that comes again within this time is marked; 0 is never."""
    bench: Bench | None = None
    goods: tuple[Goods, ...] = field(default=())
    """What the training panel offers to scan."""
