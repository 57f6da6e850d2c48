"""Row 1: lane, clerk, sale number, link and queue, lamps. The clock is a part of its own.

80   01호기 김영희  #0417-0128 [온라인] 대기 0     프린O 돈통- 표시O 스캔O
80   01호기 김영희  #0417-0128 [온라인] 대기 0     카드O 프린O 돈통- 스캔O    with card slots
120  the store's name beside the lane
"""

from typing import Final

from pos.ui.grid import Ink, Row, Span, fit
from pos.ui.labels import label
from pos.view import DeviceView, Lamp, Purpose, TillView

LAMPS: Final = {
    "card": ("customer_card", "shop_card", "stripe_reader"),
    "printer": ("printer",),
    "drawer": ("drawer",),
    "line_display": ("line_display",),
    "scanner": ("scanner",),
}
"""The lamps on the status line, in their places, and whose they are; a missing one shows as absent.

The customers' slot and the shop's purse have one lamp: without either there is no e-cash.
"""
QUEUE_SHOWN_MAX: Final = 99
"""More is shown as 99+; the queue page has the figure."""
_LINK_WIDTH: Final = 20
_LINK_INKS: Final = {"offline": Ink.WARN, "refused": Ink.ALERT}
_LAMPS_WIDTH: Final = 24

LAMP_INKS: Final = {
    Lamp.OK: Ink.GOOD,
    Lamp.WARN: Ink.WARN,
    Lamp.DOWN: Ink.ALERT,
    Lamp.ABSENT: Ink.DIM,
    Lamp.UNKNOWN: Ink.WARN,
}


def draw_status(view: TillView, width: int) -> tuple[Row, ...]:
    """Return the status line without the clock; `width` leaves room for it."""
    link = _link(view)
    left_width = width - _LINK_WIDTH - _LAMPS_WIDTH
    spans: list[Span] = [
        (fit(_left(view, left_width), left_width), Ink.PLAIN),
        (fit(link[0], _LINK_WIDTH), link[1]),
        *_lamps(view),
    ]
    return (tuple(spans),)


def _left(view: TillView, width: int) -> str:
    lane = fit(label("lane", view.language, view.lane), 7).rstrip()
    store = f" {fit(view.store, 20).rstrip()}" if width > 50 else ""
    away = view.asking is not None and view.asking.purpose is Purpose.UNLOCK
    name = label("asking.unlock", view.language) if away else view.clerk or "-"
    clerk = fit(name, 20 if width > 50 else 6).rstrip()
    mark = (
        f" *{label('training', view.language)}*"
        if view.training
        else f"  #{view.sale}" * bool(view.sale)
    )
    return f" {lane}{store} {clerk}{mark}"


def _link(view: TillView) -> Span:
    queue, language = view.queue, view.language
    if queue.questioned or queue.in_doubt:
        return (
            f"{label('link.questioned', language)} {queue.questioned + queue.in_doubt}",
            Ink.ALERT,
        )
    word = label(f"link.{queue.link}", language)
    if queue.link == "sending":
        return f"{word} {_bounded(queue.waiting)}", Ink.PLAIN
    ink = _LINK_INKS.get(queue.link, Ink.PLAIN)
    return f"{word} {label('queue', language)} {_bounded(queue.waiting)}", ink


def _bounded(count: int) -> str:
    return str(count) if count <= QUEUE_SHOWN_MAX else f"{QUEUE_SHOWN_MAX}+"


def _lamps(view: TillView) -> list[Span]:
    spans: list[Span] = []
    # There is room for four: a till with card slots gives the customer display's away.
    left_out = "line_display" if view.card_slots else "card"
    for name, roles in LAMPS.items():
        if name == left_out:
            continue
        lamp = lamp_of(view.devices, roles)
        word = label(f"lamp.{name}", view.language)
        spans.append((word.removesuffix(":") if view.language == "ko" else word, Ink.PLAIN))
        spans.append((lamp.value, LAMP_INKS[lamp]))
        spans.append((" ", Ink.PLAIN))
    return spans


def lamp_of(devices: tuple[DeviceView, ...], roles: tuple[str, ...]) -> Lamp:
    """Return the worst lamp of these roles' devices; none configured is absent."""
    worst = (Lamp.DOWN, Lamp.UNKNOWN, Lamp.WARN, Lamp.OK, Lamp.ABSENT)
    found = {device.lamp for device in devices if device.role in roles}
    return next((lamp for lamp in worst if lamp in found), Lamp.ABSENT)
