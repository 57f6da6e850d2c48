"""The whole picture: which drawing goes into which part of the screen, at the size the part has.

status                                                  clock
basket                       | pane            | side (120 columns)
entry
banner                       (takeover instead of the three above when money is unknown)
rule (tall terminals)
keys
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from pos.keymap import Keymap
from pos.ui.desk import Desk, taken
from pos.ui.drawing.basket import draw_basket
from pos.ui.drawing.devices import draw_devices
from pos.ui.drawing.doubt import choices, draw_doubt
from pos.ui.drawing.entry import draw_banner, draw_entry
from pos.ui.drawing.found import draw_found
from pos.ui.drawing.held import draw_held
from pos.ui.drawing.keys import draw_keys
from pos.ui.drawing.link import draw_code, draw_link
from pos.ui.drawing.members import draw_members
from pos.ui.drawing.money import draw_money
from pos.ui.drawing.pages import (
    draw_asking,
    draw_counted,
    draw_form,
    draw_help,
    draw_menu,
    draw_training,
)
from pos.ui.drawing.payment import draw_payment
from pos.ui.drawing.queue import draw_queue
from pos.ui.drawing.returned import draw_returned
from pos.ui.drawing.side import draw_side
from pos.ui.drawing.status import draw_status
from pos.ui.drawing.takeover import asked_rows, draw_takeover
from pos.ui.drawing.too_small import draw_too_small
from pos.ui.grid import PANEL_MARGIN, Row, panel
from pos.view import Stage, TillView

SMALL: Final = "small"
"""The part that stands alone on a terminal too small for the others."""
PARTS: Final = ("status", "basket", "pane", "side", "takeover", "entry", "banner", "keys", SMALL)
"""Everything that is drawn from till and desk; the clock ticks by itself."""


class Part(Protocol):
    """A rectangle of the screen."""

    @property
    def extent(self) -> tuple[int, int]:
        """Return its width and height in cells; nothing while it is not shown."""
        ...

    def show(self, rows: Sequence[Row]) -> None:
        """Show these rows in it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that a picture is drawn from."""

    view: TillView
    desk: Desk
    keymap: Keymap
    top: int
    """The first line of the basket's window."""
    now_ns: int
    """The screen's clock, for what counts seconds."""


def paint(parts: Mapping[str, Part], scene: Scene) -> None:
    """Draw every part that is shown."""
    for name, part in parts.items():
        width, height = part.extent
        if width and height:
            part.show(draw_part(name, scene, width, height))


def draw_part(name: str, scene: Scene, width: int, height: int) -> tuple[Row, ...]:
    """Return the rows of one part."""
    view, desk, keymap = scene.view, scene.desk, scene.keymap
    match name:
        case "status":
            return draw_status(view, width)
        case "basket" if view.page == "link" and view.link is not None:
            return draw_code(view.link, view, width, height)
        case "basket":
            return draw_basket(view, scene.top, width, height)
        case "pane":
            content = draw_pane(scene, width - PANEL_MARGIN, height - 2)
            return panel(content, width, height)
        case "side":
            return panel(draw_side(view, width - PANEL_MARGIN, height - 2), width, height)
        case "takeover":
            return _draw_taken(scene, width, height)
        case "entry":
            return draw_entry(view, desk, width, scene.now_ns)
        case "banner":
            return draw_banner(view, desk, width)
        case "keys":
            return draw_keys(view, desk, keymap, width)
        case _:
            return draw_too_small(view.language, width, height)


def _draw_taken(scene: Scene, width: int, height: int) -> tuple[Row, ...]:
    view, answer = scene.view, scene.desk.answer
    note = taken(scene.desk, view)
    if note is None:
        return ()
    if view.doubt is None:
        return draw_takeover(view, note, answer, width, height)
    if view.asking is not None:
        below = asked_rows(view, view.asking, answer, width)
    else:
        below = choices(view.doubt, scene.keymap, view.language, width, scene.now_ns)
    return draw_doubt(view, view.doubt, below, width, height)


def draw_pane(scene: Scene, width: int, height: int) -> tuple[Row, ...]:
    """Return what the right pane shows: who is asked for, form, training, payment, list, page, money."""
    view, desk, keymap = scene.view, scene.desk, scene.keymap
    if view.asking is not None:
        return draw_asking(view, view.asking, desk.answer, width, height)
    if desk.form is not None:
        return draw_form(view, desk.form, width, height)
    if desk.training is not None:
        return draw_training(view, desk.training, width, height)
    if view.payment is not None:
        return draw_payment(view, view.payment, width, height, scene.now_ns)
    match view.page, view.stage:
        case "menu", _:
            return draw_menu(view, keymap, width, height)
        case "queue", _:
            return draw_queue(view, width, height)
        case "devices", _:
            return draw_devices(view, width, height)
        case "link", _ if view.link is not None:
            return draw_link(view.link, view, keymap, width, height)
        case "help", _:
            return draw_help(view, keymap, width, height)
        case _, Stage.COUNTED:
            return draw_counted(view, width, height)
        case _, Stage.FIND:
            return draw_found(view, width, height)
        case _, Stage.RECALL:
            return draw_held(view, width, height)
        case _, Stage.MEMBER:
            return draw_members(view, width, height)
        case _, Stage.RETURN:
            return draw_returned(view, width, height)
        case _:
            return draw_money(view, width, height)
