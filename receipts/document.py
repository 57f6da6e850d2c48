"""A receipt before it meets paper: blocks from top to bottom, the same for every renderer.

    Text Columns Rule Feed Barcode Qr Image Cut

A document knows no columns, dots or bytes; `layout` breaks it for a paper width and the renderers
write that. Opening the drawer is no part of a receipt: the till does it.
"""

from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Final, Literal

from protocols.escpos.bars import bar_widths
from protocols.escpos.codes import QR_BYTES_MAX, Align, CutKind, Symbology

Language = Literal["ko", "en"]
DOTS_PER_COLUMN: Final = 12
IMAGE_ROWS_MAX: Final = 1_000
"""125 mm of paper: a logo or a signature, not a poster."""


class PaperWidth(IntEnum):
    """Columns of 12-dot characters."""

    NARROW = 32
    """58 mm paper, 384 dots."""
    STANDARD = 42
    """80 mm paper on printers of 512 dots: what most till printers call 42 columns."""
    WIDE = 48
    """80 mm paper, 576 dots."""

    @property
    def dots(self) -> int:
        """Printable dots of a row."""
        return self * DOTS_PER_COLUMN


class Size(Enum):
    """Character magnification: (width, height)."""

    NORMAL = (1, 1)
    TALL = (1, 2)
    WIDE = (2, 1)
    LARGE = (2, 2)

    @property
    def width(self) -> int:
        """How many columns a narrow character takes."""
        return self.value[0]

    @property
    def height(self) -> int:
        """How many lines high it is."""
        return self.value[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A paragraph; wraps at spaces, never inside a wide character."""

    text: str
    align: Align = Align.LEFT
    bold: bool = False
    size: Size = Size.NORMAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One cell of a row."""

    text: str
    width: int | None = None
    """Columns it takes at least; None for the one that takes what is left."""
    align: Align = Align.RIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """A row. What does not fit goes onto lines of its own: a figure is never cut."""

    columns: tuple[Column, ...]
    """At most one without a width."""
    bold: bool = False
    size: Size = Size.NORMAL

    def __post_init__(self) -> None:
        if sum(column.width is None for column in self.columns) > 1:
            raise ValueError("only one column of a row can take what is left")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A line across the paper."""

    character: Literal["-", "="] = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Empty lines."""

    lines: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Barcode:
    """A bar code in the middle, its content readable below.

    Raises: ValueError for a content the symbology cannot carry. One too long for the paper becomes
    a QR code.
    """

    symbology: Symbology
    content: str

    def __post_init__(self) -> None:
        bar_widths(self.symbology, self.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Qr:
    """A QR code in the middle."""

    content: str

    def __post_init__(self) -> None:
        size = len(self.content.encode())
        if not self.content.isprintable() or not 0 < size <= QR_BYTES_MAX:
            raise ValueError(f"a QR code holds 1 to {QR_BYTES_MAX} printable bytes, not {size}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture in the middle; rows are padded to whole bytes, 1 is black."""

    width: int
    height: int
    dots: bytes
    description: str = ""
    """What it shows, for whoever cannot see it."""

    def __post_init__(self) -> None:
        if not 0 < self.height <= IMAGE_ROWS_MAX or self.width <= 0:
            raise ValueError(f"an image is 1 to {IMAGE_ROWS_MAX} rows high, and not empty")
        if len(self.dots) != self.row_bytes * self.height:
            raise ValueError("an image has its rows padded to whole bytes")

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return -(-self.width // 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The end of a sheet."""

    kind: CutKind = CutKind.PARTIAL


Block = Text | Columns | Rule | Feed | Barcode | Qr | Image | Cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Blocks from top to bottom."""

    title: str
    """What it is, for a window's title or a file's: not printed."""
    language: Language
    blocks: tuple[Block, ...] = field(default=())
