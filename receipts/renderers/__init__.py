"""How a document is written: `render(document, paper)` each, all with the same content.

escpos   bytes for a Korean receipt printer
text     exact columns, for a screen, a log, a mail
png      a picture of the paper, dot for dot
html     one self-contained page
"""
