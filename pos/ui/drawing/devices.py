"""The device page: every device, its lamp, where it is, and what to do when something is wrong.

Where not all of it fits, addresses give way first, then the ends of sentences: a device that is not
shown would be one that nobody tests.
"""

from dataclasses import replace

from pos.messages import cells, clip
from pos.ui.drawing.status import LAMP_INKS
from pos.ui.grid import BLANK, Ink, Row, fit, row
from pos.ui.labels import label
from pos.view import DeviceView, TillView


def draw_devices(view: TillView, width: int, height: int) -> tuple[Row, ...]:
    """Return the device page."""
    rows: list[Row] = [row(label("devices.title", view.language), Ink.STRONG), BLANK]
    if not view.devices:
        rows.append(row(clip(label("devices.none", view.language), width)))
    told = [wrapped(device.sentence, width - 2) for device in view.devices]
    room = height - 1 - len(rows) - len(told)
    while any(told) and sum(map(len, told)) > room:
        max(told, key=len).pop()
    addressed = sum(map(len, told)) + len(told) <= room
    for number, (device, lines) in enumerate(zip(view.devices, told, strict=True), start=1):
        rows.append(device_row(replace(device, label=f"{number} {device.label}"), width))
        if addressed:
            rows.append(row(clip(f"  {device.address}", width), Ink.DIM))
        rows.extend(row(f"  {line}", Ink.WARN) for line in lines)
    rows = rows[: height - 1]
    rows.extend(BLANK for _ in range(height - 1 - len(rows)))
    rows.append(row(label("back", view.language), Ink.DIM))
    return tuple(rows)


def device_row(device: DeviceView, width: int) -> Row:
    """Return one device's name and lamp."""
    name = fit(device.label, width - 3)
    return ((name, Ink.PLAIN), (f"[{device.lamp.value}]", LAMP_INKS[device.lamp]))


def wrapped(text: str, width: int) -> list[str]:
    """Return the text broken at spaces into lines of at most `width` cells."""
    lines: list[str] = []
    for word in text.split():
        if lines and cells(lines[-1]) + 1 + cells(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(clip(word, width))
    return lines
