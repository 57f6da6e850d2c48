"""The menu behind F1: digits and keypad signs, no letters (clerk-and-courier.md 5.3).

Places are for good: 7 inquiries is kept free for the broker.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pos import commands
from pos.commands import Command
from pos.ui import forms
from pos.ui.forms import Form
from pos.view import Stage, TillView
from protocols.money import Money


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """One line of the menu."""

    key: str
    name: str
    """Its label (pos.ui.labels)."""
    choose: Callable[[TillView], Form | Command]
    stages: frozenset[Stage]
    """Where it can be used; elsewhere it is drawn dim and answers with a message."""


_ALL: Final = frozenset(Stage)
_OPEN: Final = frozenset(
    {Stage.ENTRY, Stage.SUBTOTAL, Stage.FIND, Stage.RECALL, Stage.MEMBER, Stage.RETURN}
)


def _void(view: TillView) -> Form:
    """Ask what is voided: of the open sale, or with none of one that is closed."""
    if not view.lines:
        return forms.correct()
    paid = (f"{name} {Money(amount, view.currency).format()}" for name, amount in view.paid)
    return forms.void(tuple(paid))


MENU: Final = (
    MenuEntry("1", "menu.open", lambda _: forms.open_shift(), frozenset({Stage.CLOSED})),
    MenuEntry("2", "menu.in", lambda _: forms.cash_in(), _OPEN),
    MenuEntry("3", "menu.out", lambda _: forms.cash_out(), _OPEN),
    MenuEntry("4", "menu.x", lambda _: commands.ReadX(), _OPEN),
    MenuEntry("5", "menu.close", lambda view: forms.count_cash(view.currency), _OPEN),
    MenuEntry("6", "menu.hand_over", lambda _: commands.SignOn(), _ALL),
    MenuEntry(".", "menu.ecash", lambda _: forms.card_service(), _OPEN),
    MenuEntry("8", "menu.queue", lambda _: commands.Show("queue"), _ALL),
    MenuEntry("9", "menu.devices", lambda _: commands.Show("devices"), _ALL),
    MenuEntry("0", "menu.lock", lambda _: commands.Lock(), _ALL),
    MenuEntry("/", "menu.off", lambda _: commands.SignOff(), _ALL),
    MenuEntry("+", "menu.train", lambda _: commands.Train(), _ALL),
    MenuEntry("*", "menu.drop", lambda _: forms.cash_drop(), _OPEN),
    MenuEntry("-", "menu.void", _void, _OPEN),
)


def menu_entry(key: str) -> MenuEntry | None:
    """Return the entry of a key; None when there is none."""
    return next((entry for entry in MENU if entry.key == key), None)


def usable(entry: MenuEntry, view: TillView) -> bool:
    """Tell whether an entry can be chosen now; counting and voiding have their own conditions."""
    if entry.name == "menu.close" and view.lines:
        return False
    if entry.name in ("menu.hand_over", "menu.off", "menu.lock") and not view.staffed:
        return False
    return view.stage in entry.stages
