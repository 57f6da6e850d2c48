"""The bitmap font that PNG receipts and the virtual printer draw with.

typeface          BitmapTypeface and load_typeface
receipt24.font    "Receipt 24": 1,348 narrow and 11,852 wide glyphs, drawn from D2Coding (OFL 1.1)
LICENSE-OFL.txt   its licence, which every copy keeps
"""

from receipts.fonts.typeface import load_typeface

__all__ = ["load_typeface"]
