"""Opens the counter on this terminal. Importing this module costs nothing: the screen library comes later.

The library reads its settings from the environment when it is first imported:

    TEXTUAL_FPS=120               a changed row waits 8 ms at most for its picture, not 17
    ESCDELAY=25                   a lone Esc is told from a function key in 25 ms, not 100
    TEXTUAL_ANIMATIONS=none       nothing glides
    TEXTUAL_SMOOTH_SCROLL=0

What the user has set already stands.
"""

import os
from collections.abc import Mapping
from typing import Final

from pos.ui.source import Counter

SETTINGS: Final[Mapping[str, str]] = {
    "TEXTUAL_FPS": "120",
    "ESCDELAY": "25",
    "TEXTUAL_ANIMATIONS": "none",
    "TEXTUAL_SMOOTH_SCROLL": "0",
}


async def run_counter(counter: Counter) -> None:
    """Show the counter until the clerk leaves or the program is told to end."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    from pos.ui.app import CounterApp

    await CounterApp(counter).run_async(mouse=False)
