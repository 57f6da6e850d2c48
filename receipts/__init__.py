"""Facts to document, document to ESC/POS, text, PNG, HTML. Pure.

document     blocks from top to bottom; paper widths, sizes
repertoire   which characters a receipt is made of, and how wide they are
layout       a document broken for a paper width: lines that fit exactly
forms/       what a paper says: sale, shift, cash
renderers/   how it is written: escpos, text, png, html
fonts/       the bitmap font of the pictures
"""
