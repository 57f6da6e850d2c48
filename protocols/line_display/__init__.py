"""CD5220 customer displays: two lines of twenty cells, both directions of the wire.

cells     text in the display's cells: CP949, two cells a Hangul syllable
commands  what a till says to a display, and its bytes
decoder   the display's end: bytes in, commands out
"""
