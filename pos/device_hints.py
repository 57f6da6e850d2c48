"""The hint line about devices: what is newly the matter, until it is well again.

A lamp alone is easily missed, so each new trouble is said once; and a line that still says
"disconnected" beside a lamp that says well would be a lie, so it goes with the trouble.
"""

from typing import Final

from devices.drivers.printer_health import DRAWER_OPEN_MAX_NS
from devices.health import Health, Role
from pos.messages import Language, messages
from pos.till import Till
from pos.view import Notice
from protocols.ports import NANOSECONDS_PER_SECOND

NO_PAPER: Final = "PRN-01"
NO_PAPER_UNPAID: Final = "PRN-09"
"""No paper while a sale is open or nothing waits: here nobody may read that the payment is done."""


class DeviceHints:
    """Says how devices become, on the hint line of one till."""

    def __init__(self, till: Till, language: Language) -> None:
        self._till = till
        self._language = language
        self._told: dict[Role, Notice] = {}

    def changed(self, role: Role, before: Health, health: Health) -> None:
        """Say what is new; take back what is over."""
        if health.code == before.code:
            return
        told = self._told.pop(role, None)
        if told is not None:
            self._till.take_back(told)
        hint = self._hint(role, health) if health.code else None
        if hint is not None:
            self._told[role] = hint
            self._till.tell(hint)

    def _hint(self, role: Role, health: Health) -> Notice | None:
        """Return a message whose blanks can all be filled here; None when there is none."""
        register = self._till.register
        code = health.code
        if code == NO_PAPER and (register.sale.lines or not register.papers_waiting):
            code = NO_PAPER_UNPAID
        what, _, remedy = health.sentence(self._language).partition(". ")
        name = role.ko if self._language == "ko" else role.en
        known: dict[str, str | int] = {
            "count": register.papers_waiting,
            "reason": what.removeprefix(f"{name} "),
            "remedy": remedy,
            "seconds": DRAWER_OPEN_MAX_NS // NANOSECONDS_PER_SECOND,
        }
        message = messages().get(code)
        if message is None or not message.blanks.keys() <= known.keys():
            return None
        return register.say(code, **{name: known[name] for name in message.blanks})
