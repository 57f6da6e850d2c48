"""The training panel's choices: goods to scan, and whatever verbs the virtual equipment offers.

    first page    the goods, then every device: a section each
    a section     items to scan, or the device's verbs; those that need nothing keyed stand first

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
        """Do something to a device. Raises: BenchSilentError, BenchRefusesError."""
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

    def prompt(self, language: Language) -> str:
        """Return what is asked for now: the verb itself where it wants one thing, else the argument."""
        word = self.help.label_ko if language == "ko" else self.help.label_en
        return word if word and len(self.help.arguments) == 1 else self.asked or self.help.name

    def given(self, value: str) -> "Act":
        """Return the act with one more argument."""
        return replace(self, arguments=(*self.arguments, value))

    def verb(self) -> Verb:
        """Return what is sent."""
        return Verb(
            verb=self.help.name,
            arguments=dict(zip(self.help.arguments, self.arguments, strict=True)),
        )


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the panel with a page of its own: the goods, or one device."""

    device: str = ""
    """The device's name; empty for the goods."""


Choice = Section | Act
"""What a digit chooses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPage:
    """What the panel shows: a list of choices, a page at a time."""

    devices: tuple[DeviceState, ...] = ()
    goods: tuple[Goods, ...] = ()
    answered: bool = False
    """The equipment has said what it offers, or that it is not there."""
    section: Section | None = None
    """The section that is open; None is the first page."""
    offset: int = 0
    asking: Act | None = None
    """A verb that waits for an argument in the entry line."""
    outcome: str = ""
    """What the last act did, in words."""

    def choices(self) -> list[Choice]:
        """Return what can be chosen: the sections, or all of the open one."""
        return [*self._sections()] if self.section is None else [*self._acts(self.section)]

    def shown(self) -> list[Choice]:
        """Return the choices of this page."""
        return self.choices()[self.offset : self.offset + PAGE_CHOICES]

    def title(self, choice: Choice, language: Language) -> str:
        """Return how a choice is called."""
        if isinstance(choice, Section):
            return self._section_title(choice, language)
        for item in self.goods:
            if choice.arguments == (item.code,):
                return item.name_ko if language == "ko" else item.name_en
        word = choice.help.label_ko if language == "ko" else choice.help.label_en
        return ": ".join((word or choice.help.name, *choice.arguments))

    def turned(self, by: int) -> "TrainingPage":
        """Return the page before (-1) or after (1); it stays at the ends."""
        offset = self.offset + by * PAGE_CHOICES
        return replace(self, offset=offset) if 0 <= offset < len(self.choices()) else self

    def entered(self, section: Section) -> "TrainingPage":
        """Return the first page of a section."""
        return replace(self, section=section, offset=0, outcome="")

    def back(self) -> "TrainingPage | None":
        """Return the page after Esc: without the question, then the first page, then none."""
        if self.asking is not None:
            return replace(self, asking=None)
        if self.section is not None:
            return replace(self, section=None, offset=0, outcome="")
        return None

    async def opened(self, bench: Bench, goods: tuple[Goods, ...]) -> "TrainingPage":
        """Return the page with what the equipment offers. Raises: BenchSilentError."""
        devices = tuple(await bench.devices())
        return replace(self, devices=devices, goods=goods, answered=True)

    async def acted(self, bench: Bench, act: Act, language: Language) -> "TrainingPage":
        """Return the page after an act, which says that it was done.

        Raises: BenchSilentError, BenchRefusesError.
        """
        state = await bench.perform(act.device, act.verb())
        devices = tuple(state if device.name == state.name else device for device in self.devices)
        return replace(self, devices=devices, outcome=f"{self.title(act, language)} OK")

    def learned(self, visit: "TrainingPage") -> "TrainingPage":
        """Return this page, whatever was keyed meanwhile, with what a visit brought."""
        return replace(
            self,
            devices=visit.devices,
            goods=visit.goods,
            answered=visit.answered,
            outcome=visit.outcome,
        )

    def _sections(self) -> list[Section]:
        goods = [Section()] if self.goods and self._scan() is not None else []
        return [*goods, *(Section(device.name) for device in self.devices)]

    def _section_title(self, section: Section, language: Language) -> str:
        """Return the kind of the device, with its name where several are of the kind."""
        kinds = {device.name: device.device for device in self.devices}
        kind = kinds.get(section.device)
        if kind is None:
            return label("training.items", language)
        if not has_label(f"device.{kind}"):
            return section.device
        word = label(f"device.{kind}", language)
        return word if list(kinds.values()).count(kind) == 1 else f"{word} {section.device}"

    def _acts(self, section: Section) -> list[Act]:
        if not section.device:
            scan = self._scan()
            return [] if scan is None else [scan.given(item.code) for item in self.goods]
        acts = [
            act
            for device in self.devices
            if device.name == section.device
            for verb in device.verbs
            for act in _offered(Act(device=device.name, help=verb))
        ]
        return sorted(acts, key=lambda act: act.asked is not None)

    def _scan(self) -> Act | None:
        """Return the verb that reads a code: of a scanner, named scan, with one argument."""
        for device in self.devices:
            for verb in device.verbs:
                if verb.name == "scan" and len(verb.arguments) == 1:
                    return Act(device=device.name, help=verb)
        return None


def _offered(act: Act) -> list[Act]:
    """Return an act, or one for each value there is for the one thing that it asks."""
    if len(act.help.arguments) != 1 or act.asked is None:
        return [act]
    return [act.given(value) for value in act.help.choices.get(act.asked, ())] or [act]
