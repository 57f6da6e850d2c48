"""The symbols a printer draws, against two libraries that share no code with ours.

Method: python-barcode and qrcode (both come with python-escpos) draw the same contents; ours must be
the same module for module.
"""

import barcode
import pytest
import qrcode
from barcode.codex import Code39
from hypothesis import given, settings
from hypothesis import strategies as st
from qrcode.util import MODE_8BIT_BYTE, QRData

from protocols.escpos.bars import bar_widths, ean_digits
from protocols.escpos.codes import Correction, Symbology
from protocols.escpos.qr import VERSION_MAX, Matrix, qr_matrix
from protocols.escpos.symbol_content import barcode_content_bytes, read_barcode_content


def modules(widths: tuple[int, ...]) -> str:
    """Return a symbol as the library writes it: 1 is a dark module."""
    return "".join("10"[place % 2] * width for place, width in enumerate(widths))


@given(st.text("0123456789", min_size=12, max_size=12))
def test_ean13_is_the_librarys(digits: str) -> None:
    """Module for module, with the check digit added."""
    (theirs,) = barcode.get("ean13", digits).build()

    assert modules(bar_widths(Symbology.EAN13, digits)) == theirs.replace("G", "1")


@given(st.text("0123456789", min_size=7, max_size=7))
def test_ean8_is_the_librarys(digits: str) -> None:
    """The short form."""
    (theirs,) = barcode.get("ean8", digits).build()

    assert modules(bar_widths(Symbology.EAN8, digits)) == theirs.replace("G", "1")


@given(st.text("ABCXYZ019 $%+-./", min_size=1, max_size=20))
def test_code39_is_the_librarys(content: str) -> None:
    """Letters, digits and signs; the stars are added."""
    (theirs,) = Code39(content, add_checksum=False).build()

    assert modules(bar_widths(Symbology.CODE39, content)) == theirs


@pytest.mark.parametrize(
    "content",
    ["S001-01-20260417-0128-a", "A1", "{B", "ABC{x", "123456", "12345", "2026-04-17", "~ !"],
)
def test_code128_reads_as_the_librarys(content: str) -> None:
    """Where both choose the same code sets the symbols are equal."""
    (theirs,) = barcode.get("code128", content).build()
    ours = modules(bar_widths(Symbology.CODE128, content))

    assert ours == theirs or len(ours) <= len(theirs)


@pytest.mark.parametrize("content", ["S001-01-20260417-0128-a", "A1", "{B", "ABC{x", "123456"])
def test_code128_is_the_librarys(content: str) -> None:
    """The attempt key among them."""
    (theirs,) = barcode.get("code128", content).build()

    assert modules(bar_widths(Symbology.CODE128, content)) == theirs


def test_itf_is_the_librarys() -> None:
    """They draw 2 to 5, we 1 to 3: the order of wide and narrow is what a scanner reads."""
    (theirs,) = barcode.get("itf", "12345678").build()
    ours = modules(bar_widths(Symbology.ITF, "12345678"))

    assert _wide_and_narrow(theirs) == _wide_and_narrow(ours)


def _wide_and_narrow(bars: str) -> list[bool]:
    runs = [len(run) for run in bars.replace("01", "0 1").replace("10", "1 0").split()]
    return [run > min(runs) for run in runs]


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=60))
def test_code128_content_passes_through_gs_k(content: str) -> None:
    """Code sets B and C and the doubled brace come back as what a scanner reads."""
    data = barcode_content_bytes(Symbology.CODE128, content)

    assert read_barcode_content(Symbology.CODE128, data) == content
    assert all(byte < 127 for byte in data)


@pytest.mark.parametrize(
    ("symbology", "content"),
    [
        (Symbology.EAN13, "8801234567890"),
        (Symbology.EAN13, "880123456789"[:5]),
        (Symbology.ITF, "123"),
        (Symbology.CODE39, "abc"),
        (Symbology.CODABAR, "A123B"),
        (Symbology.CODE128, "한글"),
    ],
)
def test_content_that_cannot_be_drawn_is_refused(symbology: Symbology, content: str) -> None:
    """A wrong check digit too: no scanner would read it."""
    with pytest.raises(ValueError, match=r"\w"):
        bar_widths(symbology, content)


def test_check_digit_is_added() -> None:
    """GS 1: the weights 3 and 1 from the right."""
    assert ean_digits(Symbology.EAN13, "880123456789") == "8801234567893"
    assert ean_digits(Symbology.UPC_A, "03600029145") == "036000291452"
    assert ean_digits(Symbology.EAN8, "9638507") == "96385074"


_LEVELS = {
    Correction.L: qrcode.ERROR_CORRECT_L,
    Correction.M: qrcode.ERROR_CORRECT_M,
    Correction.Q: qrcode.ERROR_CORRECT_Q,
    Correction.H: qrcode.ERROR_CORRECT_H,
}


def _theirs(content: bytes, correction: Correction, mask: int) -> Matrix:
    code = qrcode.QRCode(error_correction=_LEVELS[correction], border=0, mask_pattern=mask)
    code.add_data(QRData(content, mode=MODE_8BIT_BYTE))
    code.make(fit=True)
    return tuple(tuple(bool(module) for module in row) for row in code.modules)


@pytest.mark.parametrize("correction", list(Correction))
@pytest.mark.parametrize("size", [1, 14, 23, 40, 60, 84, 106, 150, 180, 213])
def test_qr_is_the_librarys_under_one_mask(size: int, correction: Correction) -> None:
    """Sizes that reach versions 1 to 15, blocks of two lengths and version bits among them."""
    content = bytes((index * 37 + size) % 256 for index in range(size))
    ours = qr_matrix(content, correction)

    assert ours in [_theirs(content, correction, mask) for mask in range(8)]


@settings(max_examples=25)
@given(st.binary(min_size=1, max_size=60))
def test_qr_of_any_bytes_is_the_librarys(content: bytes) -> None:
    """Not only sizes: any content, the level that receipts use."""
    assert qr_matrix(content, Correction.M) in [
        _theirs(content, Correction.M, mask) for mask in range(8)
    ]


def test_qr_at_its_limit() -> None:
    """The largest symbol is full with 520 bytes at level L; one more does not fit."""
    assert len(qr_matrix(bytes(520), Correction.L)) == 17 + 4 * VERSION_MAX
    with pytest.raises(ValueError, match="do not fit"):
        qr_matrix(bytes(521), Correction.L)
