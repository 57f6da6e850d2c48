"""The test page of a printer: that it is there, how wide it prints, and whether Korean comes out."""

from typing import Final

from protocols.escpos.codes import Align
from protocols.facts import TerminalNoted
from receipts.document import Document, Qr, Rule, Size, Text
from receipts.forms.context import ReceiptContext
from receipts.forms.parts import heading, paper
from receipts.forms.wording import WORDS

SAMPLES: Final = (
    ("가나다라마바사아자차카타파하 밟힘 훑", Size.NORMAL),
    ("ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789", Size.NORMAL),
    ("₩1,234,567", Size.LARGE),
)


def test_page(noted: TerminalNoted, context: ReceiptContext, columns: int) -> Document:
    """Return the page; `noted` names the address of the printer, `columns` is how many it is taken for."""
    words = WORDS[context.language]
    ruler = "".join(str(column % 10) for column in range(1, columns + 1))
    return paper(
        f"{words.test_page} {context.store_name}",
        context,
        [heading(words.test_page), Text(text=noted.detail.get("address", ""))],
        [Text(text=ruler), *(Text(text=text, size=size) for text, size in SAMPLES)],
        [Text(text=words.test_same_width, align=Align.CENTRE), Rule(), Qr(content=words.test_page)],
    )
