"""What the till expects of a stand-alone payment terminal. devices.payment_terminal is one."""

from collections.abc import Callable
from typing import Protocol

from devices.payment_terminal import TerminalResult
from protocols.zvt.messages import Order
from protocols.zvt.results import State


class Terminal(Protocol):
    """A terminal that reads the card and asks its bank itself."""

    @property
    def terminal_id(self) -> int:
        """Return who it says it is; 0 before it has."""
        ...

    async def pay(self, order: Order, *, on_state: Callable[[State], None] = ...) -> TerminalResult:
        """Have a customer pay."""
        ...

    async def reverse(
        self, order: Order, *, on_state: Callable[[State], None] = ...
    ) -> TerminalResult:
        """Undo the payment with the order's receipt, whole."""
        ...

    async def refund(
        self, order: Order, *, on_state: Callable[[State], None] = ...
    ) -> TerminalResult:
        """Give an amount to whatever card is shown to it."""
        ...

    async def last_result(self) -> TerminalResult:
        """Have it say its last result again; nothing moves."""
        ...

    async def end_of_day(self) -> TerminalResult:
        """Have it close its batch; the status has the totals."""
        ...

    def abort(self) -> None:
        """Ask it to stop what it is at; the command's own result tells whether it has."""
        ...
