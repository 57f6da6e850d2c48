"""Make the pictures of the documents from the programs themselves: docs/pictures/*.png.

    python tools/pictures.py

A shop is opened in a folder of its own, the counter runs on a real pseudo-terminal, goods are scanned by
the virtual scanner, and what a terminal would show is drawn with the receipts' own typeface; the receipt
is what the virtual printer has on its paper.
"""

import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw

sys.path.insert(0, str(Path(__file__).parents[1]))

import pyte
import pyte.screens

from receipts.fonts import load_typeface
from sim.host import SystemClock
from sim.stage.shop import Shop
from tests.ui.terminal import Terminal

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
CELL = (12, 24)
_COLOURS = {
    "default": (222, 222, 222), "black": (30, 30, 30), "red": (240, 90, 90),
    "green": (120, 210, 120), "brown": (230, 200, 90), "blue": (110, 160, 250),
    "magenta": (220, 130, 220), "cyan": (100, 210, 220), "white": (240, 240, 240),
}  # fmt: skip
_GROUND = (24, 26, 32)
BASKET = ("8800101000013", "8800101000020", "8800102000043", "8800100000014")


def draw(screen: pyte.Screen) -> Image.Image:
    """Return the screen as a picture, a glyph a cell."""
    typeface = load_typeface()
    size = (screen.columns * CELL[0] + 24, screen.lines * CELL[1] + 24)
    picture = Image.new("RGB", size, _GROUND)
    pen = ImageDraw.Draw(picture)
    for row in range(screen.lines):
        for column in range(screen.columns):
            char = screen.buffer[row][column]
            ink, ground = _colour(char.fg, bright=char.bold), _colour(char.bg, ground=True)
            if char.reverse:
                ink, ground = ground, ink
            left, top = 12 + column * CELL[0], 12 + row * CELL[1]
            if ground != _GROUND:
                wide = 2 if char.data and typeface.cell(char.data)[0] > CELL[0] else 1
                pen.rectangle((left, top, left + wide * CELL[0] - 1, top + CELL[1] - 1), ground)
            if char.data.strip():
                _glyph(picture, typeface, char.data, left, top, ink)
    return picture


def _glyph(picture: Image.Image, typeface, letter: str, left: int, top: int, ink) -> None:
    width, _ = typeface.cell(letter)
    for y, bits in enumerate(typeface.rows(letter)):
        for x in range(width):
            if bits >> (width - 1 - x) & 1:
                picture.putpixel((left + x, top + y), ink)


def _colour(name: str, *, ground: bool = False, bright: bool = False) -> tuple[int, int, int]:
    if name == "default":
        return _GROUND if ground else ((255, 255, 255) if bright else _COLOURS["default"])
    plain = name.removeprefix("bright")
    if plain in _COLOURS:
        return _COLOURS[plain]
    return (int(name[:2], 16), int(name[2:4], 16), int(name[4:], 16))


def main() -> None:
    """Make every picture."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        shop = Shop(Path(folder), clock=SystemClock(), language="ko")
        try:
            shop.open()
            shop.till("shift", "open", "200000")
            _counter(shop)
            _receipt(shop)
        finally:
            shop.close()


def _counter(shop: Shop) -> None:
    config = str(shop.places.till_config)
    with Terminal(["-m", "pos.cli", "--config", config], columns=80, rows=24) as terminal:
        terminal.until("프린O", "스캔O")
        for code in BASKET:
            shop.do("scanner", "scan", code=code)
        terminal.until("4점")
        terminal.drain(0.5)
        draw(terminal.screen).save(PICTURES / "counter.png", optimize=True)
        terminal.send(b"10.")
        terminal.send(b"\x1b[24~")
        terminal.until("거스름")
        terminal.drain(1.0)
        terminal.send(b"\x03\x03")
        terminal.ended()


def _receipt(shop: Shop) -> None:
    (PICTURES / "receipt.png").write_bytes(shop.picture())


if __name__ == "__main__":
    main()
