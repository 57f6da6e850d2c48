"""Printer, customer display and scanner fail as they do in a shop, and after a while somebody puts them right.

One trouble at a time and till: what a hand does to the device, or what happens on its wire.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from protocols.ports import NANOSECONDS_PER_SECOND
from sim.stage.soak.figures import BUSY
from sim.stage.soak.registry import Kind
from sim.stage.soak.soak import Soak

BETWEEN_SECONDS: Final = 1_200.0
LASTS_SECONDS: Final = 240.0
PATIENCE_SECONDS: Final = 600.0
NEVER_NS: Final = 1 << 62
BUFFER_NS: Final = 300 * NANOSECONDS_PER_SECOND

Deed = tuple[str, dict[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that goes wrong with a device, and what puts it right."""

    device: str
    what: str
    break_it: tuple[Deed, ...]
    mend_it: tuple[Deed, ...]

    @property
    def name(self) -> str:
        """Return what the coverage calls it."""
        return f"{self.device}: {self.what}"

    @property
    def garbles_paper(self) -> bool:
        """Say whether what the printer prints meanwhile cannot be relied on."""
        return self.device == "printer" and self.what in ("bytes lost", "bytes corrupted")


def _by(verb: str, **arguments: str) -> tuple[Deed, ...]:
    return ((verb, arguments),)


_WIRES: Final = tuple(
    Trouble(device=device, what=what, break_it=break_it, mend_it=mend_it)
    for device in ("printer", "line_display", "scanner", "stripe_reader")
    for what, break_it, mend_it in (
        ("cable pulled", _by("pull_cable"), _by("plug_cable")),
        ("bytes lost", _by("lose", per_mille="30"), _by("clear")),
        ("bytes corrupted", _by("corrupt", per_mille="30"), _by("clear")),
        ("everything late", _by("delay", ms="1500"), _by("clear")),
    )
)
TROUBLES: Final = (
    Trouble(
        device="printer", what="paper out", break_it=_by("paper_out"), mend_it=_by("load_paper")
    ),
    Trouble(
        device="printer", what="cover open", break_it=_by("open_cover"), mend_it=_by("close_cover")
    ),
    Trouble(
        device="printer",
        what="cutter jammed",
        break_it=_by("jam_cutter"),
        mend_it=_by("clear_cutter"),
    ),
    Trouble(
        device="printer",
        what="answers nothing",
        break_it=_by("silence_answers"),
        mend_it=_by("restore_answers"),
    ),
    Trouble(
        device="printer",
        what="answers garbage",
        break_it=_by("garble_answers"),
        mend_it=_by("restore_answers"),
    ),
    Trouble(
        device="printer",
        what="answers late",
        break_it=_by("delay_answers", ms="4000"),
        mend_it=_by("restore_answers"),
    ),
    Trouble(
        device="printer", what="switched off", break_it=_by("switch_off"), mend_it=_by("switch_on")
    ),
    Trouble(
        device="printer",
        what="a remnant of paper",
        break_it=_by("short_paper", dots="900"),
        mend_it=_by("load_paper"),
    ),
    Trouble(
        device="printer",
        what="drawer jammed",
        break_it=_by("jam_drawer"),
        mend_it=(*_by("free_drawer"), *_by("close_drawer")),
    ),
    Trouble(device="pin_pad", what="mute", break_it=_by("mute"), mend_it=_by("unmute")),
    Trouble(
        device="pin_pad", what="cable pulled", break_it=_by("pull_cable"), mend_it=_by("plug_cable")
    ),
    *_WIRES,
)


class Breaking:
    """The equipment of one till, going wrong."""

    def __init__(self, soak: Soak, terminal: str) -> None:
        self._soak = soak
        self._terminal = terminal
        self._equipment = soak.world.equipment(terminal)
        self._dice = soak.dice(f"equipment {terminal}")

    async def live(self) -> None:
        """Break something now and then, and mend it."""
        who = f"equipment {self._terminal}"
        while True:
            await asyncio.sleep(self._dice.seconds(BETWEEN_SECONDS))
            trouble = self._dice.among(TROUBLES)
            dice = self._soak.happens(trouble.device, self._terminal)
            if dice is None:
                continue
            state = dice.among(BUSY)
            await self._soak.when(self._terminal, state, patience=PATIENCE_SECONDS)
            self._soak.met(trouble.name, self._terminal)
            if trouble.garbles_paper:
                self._soak.watch.spoil(self._terminal, NEVER_NS)
            await self._do(trouble.device, trouble.break_it)
            self._soak.step(who, trouble.name)
            await asyncio.sleep(dice.seconds(LASTS_SECONDS))
            await self._do(trouble.device, trouble.mend_it)
            if trouble.garbles_paper:
                # What is in the printer's buffer comes out yet.
                self._soak.watch.spoil(self._terminal, self._soak.now_ns + BUFFER_NS)
            self._soak.recovered(f"{trouble.device} put right")
            self._soak.step(who, f"{trouble.name}: put right")

    async def _do(self, device: str, deeds: tuple[Deed, ...]) -> None:
        for verb, arguments in deeds:
            await self._equipment.do(device, verb, **arguments)


KIND: Final = Kind(
    name="equipment",
    make=Breaking,
    each_till=True,
    faults=tuple(trouble.name for trouble in TROUBLES),
)
