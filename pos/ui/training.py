"""The training panel's choices: goods to scan, and whatever verbs the virtual equipment offers.

Nothing about any device is known here: the control interface describes itself (protocols.control), so
a twin that learns a new trick shows it without a change to the counter.
"""

from dataclasses import dataclass, replace
from typing import Final, Protocol

from pos.messages import Language
from pos.ui.labels import has_label, label
from protocols.control import DeviceState, Verb, VerbHelp

PAGE_CHOICES: Final = 9
"""Digits 1 to 9 choose."""


class Bench(Protocol):
    """The virtual equipment behind the panel (pos.control_client.ControlClient is one)."""

    async def devices(self) -> list[DeviceState]:
        """Return every device with its verbs. Raises: BenchSilentError."""
        ...

    async def perform(self, device: str, verb: Verb) -> DeviceState:
        """Do something to a device. Raises: BenchSilentError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """Something to hold under the scanner."""

    code: str
    name_ko: str
    name_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One verb of one device, its arguments still to be given."""

    device: str
    help: VerbHelp
    arguments: tuple[str, ...] = ()
    """Values so far, in the order of the help."""

    @property
    def asked(self) -> str | None:
        """Return the argument that is asked for now; None when all are there."""
        names = list(self.help.arguments)
        return names[len(self.arguments)] if len(self.arguments) < len(names) else None

    def given(self, value: str) -> "Act":
        """Return the act with one more argument."""
        return replace(self, arguments=(*self.arguments, value))

    def verb(self) -> Verb:
        """Return what is sent."""
        return Verb(
            verb=self.help.name,
            arguments=dict(zip(self.help.arguments, self.arguments, strict=True)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPage:
    """What the panel shows: a list of choices, a page at a time."""

    devices: tuple[DeviceState, ...] = ()
    goods: tuple[Goods, ...] = ()
    offset: int = 0
    asking: Act | None = None
    """A verb that waits for an argument in the entry line."""
    outcome: str = ""
    """What the last act did, in words."""

    def acts(self) -> list[Act]:
        """Return every choice: each item as a scan first, then every verb of every device."""
        scan = self._scan()
        acts = [] if scan is None else [scan.given(item.code) for item in self.goods]
        acts.extend(
            Act(device=device.name, help=verb) for device in self.devices for verb in device.verbs
        )
        return acts

    def shown(self) -> list[Act]:
        """Return the choices of this page."""
        return self.acts()[self.offset : self.offset + PAGE_CHOICES]

    def title(self, act: Act, language: Language) -> str:
        """Return how a choice is called."""
        for item in self.goods:
            if act.arguments == (item.code,):
                return item.name_ko if language == "ko" else item.name_en
        word = act.help.label_ko if language == "ko" else act.help.label_en
        return f"{self._mark(act.device, language)}{word or act.help.name}"

    def _mark(self, name: str, language: Language) -> str:
        """Return the few letters that the status line has for this kind of device, else its name."""
        kinds = {device.name: device.device for device in self.devices}
        lamp = f"lamp.{kinds.get(name)}"
        return label(lamp, language) if has_label(lamp) else f"{name}:"

    def turned(self, by: int) -> "TrainingPage":
        """Return the page before (-1) or after (1); it stays at the ends."""
        offset = self.offset + by * PAGE_CHOICES
        return replace(self, offset=offset) if 0 <= offset < len(self.acts()) else self

    async def opened(self, bench: Bench, goods: tuple[Goods, ...]) -> "TrainingPage":
        """Return the page with what the equipment offers. Raises: BenchSilentError."""
        return replace(self, devices=tuple(await bench.devices()), goods=goods)

    async def acted(self, bench: Bench, act: Act, language: Language) -> "TrainingPage":
        """Return the page after an act, which says that it was done. Raises: BenchSilentError."""
        state = await bench.perform(act.device, act.verb())
        devices = tuple(state if device.name == state.name else device for device in self.devices)
        return replace(self, devices=devices, outcome=f"{self.title(act, language)} OK")

    def _scan(self) -> Act | None:
        """Return the verb that reads a code: of a scanner, named scan, with one argument."""
        for device in self.devices:
            for verb in device.verbs:
                if verb.name == "scan" and len(verb.arguments) == 1:
                    return Act(device=device.name, help=verb)
        return None
