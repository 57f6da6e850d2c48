"""Keys of a scanner on a machine that has other things to do: one scan, never half of one typed or taken."""

import asyncio
import time

from textual import events

from pos.commands import Reading
from pos.keymap import Binding, load_keymap
from pos.ui.desk import CHOICE_SECONDS
from pos.ui.intake import Intake

CODE = "8801115114154"
PAUSE_S = 0.06
"""Longer than the wedge's gap, shorter than a choice."""


class Seen:
    """An intake, and what came out of it."""

    def __init__(self, *, choosing: bool = False) -> None:
        self.typed = ""
        self.scans: list[str] = []
        self.chosen = 0
        self.waiting = False
        self._choosing = choosing
        self.intake = Intake(
            load_keymap("us"),
            pressed=self._pressed,
            scanned=self._scanned,
            choosing=lambda: self._choosing and len(self.typed) == 1,
            chosen=self._chosen,
            waiting=lambda: self.waiting,
        )

    def keys(self, text: str) -> None:
        for character in text:
            key = {"\r": "enter"}.get(character, character)
            self.intake.key(events.Key(key, character))

    def _pressed(self, binding: Binding | None, character: str | None) -> None:
        self.typed += character or f"<{binding}>"

    def _scanned(self, code: str, reading: Reading) -> None:
        self.scans.append(code)

    def _chosen(self) -> None:
        self.chosen += 1


async def test_a_pause_while_keys_are_on_their_way_is_none() -> None:
    seen = Seen()
    seen.waiting = True
    seen.keys(CODE[:5])
    await asyncio.sleep(PAUSE_S)
    seen.keys(CODE[5:] + "\r")
    assert (seen.scans, seen.typed) == ([CODE], "")


async def test_a_loop_that_stood_still_has_seen_no_pause() -> None:
    seen = Seen()
    seen.keys(CODE[:5])
    time.sleep(PAUSE_S)
    await asyncio.sleep(0)
    seen.keys(CODE[5:] + "\r")
    assert (seen.scans, seen.typed) == ([CODE], "")


async def test_what_a_hand_types_comes_out_when_the_pause_was_seen() -> None:
    seen = Seen()
    seen.keys("12")
    while seen.intake.holds:
        await asyncio.sleep(0.005)
    seen.keys("\r")
    assert (seen.scans, seen.typed) == ([], f"12<{Binding.COMMIT}>")


async def test_the_first_digit_of_a_barcode_chooses_nothing_while_the_others_wait() -> None:
    seen = Seen(choosing=True)
    seen.waiting = True
    seen.keys("8")
    await asyncio.sleep(CHOICE_SECONDS + PAUSE_S)
    assert (seen.chosen, seen.typed) == (0, "")
    seen.keys(CODE[1:] + "\r")
    assert (seen.chosen, seen.scans) == (0, [CODE])


async def test_a_queue_that_never_empties_holds_no_key_for_ever() -> None:
    seen = Seen()
    seen.waiting = True
    seen.keys("7")
    while seen.intake.holds:
        await asyncio.sleep(0.02)
    assert seen.typed == "7"
