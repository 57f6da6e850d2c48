"""What the keys of the bench mean: keys in, intents out. Pure.

    DEVICES   digits do verbs, arrows choose      ENTRY    letters go to the till
    ASKING    an argument of a verb is typed      SAVING   the scenario's file is named
    HELP      any key leaves

No letter is a command: under a Hangul input method a letter is half a syllable. Where letters are
typed, Hangul is read as the Latin keys that were pressed.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from devices.drivers.hangul_keys import latin_keys
from protocols.control import Verb, VerbHelp
from sim.stage.hand.seen import TILL, Seen

PAGE: Final = 10
TEXT_MAX: Final = 120
FILE: Final = "by-hand.toml"


class Mode(Enum):
    """What the keys go to."""

    DEVICES = "devices"
    ENTRY = "entry"
    ASKING = "asking"
    SAVING = "saving"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Do:
    """Do this to a device."""

    device: str
    verb: Verb


@dataclass(frozen=True, slots=True)
class Key:
    """Key this entry into the till."""

    entry: str


class Wish(Enum):
    """What needs no argument."""

    PAUSE_OR_RUN = "pause_or_run"
    STEP = "step"
    CLEAR = "clear"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Save:
    """Write what was done as a scenario."""

    file: str


Intent = Do | Key | Wish | Save


@dataclass(slots=True)
class Asking:
    """A verb whose arguments are being typed."""

    device: str
    verb: VerbHelp
    given: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The argument that is asked for."""
        return next(each for each in self.verb.arguments if each not in self.given)

    @property
    def meaning(self) -> str:
        """What it means, in a sentence."""
        return self.verb.arguments[self.name]


@dataclass(slots=True)
class Desk:
    """Where the hand stands."""

    chosen: str = ""
    page: int = 0
    mode: Mode = Mode.DEVICES
    text: str = ""
    asking: Asking | None = None
    only: bool = False
    """The trace is of the chosen one alone."""
    said: str = ""
    """The last message, in the screen's language."""

    def look(self, seen: Seen) -> None:
        """Keep to what is there."""
        names = seen.names()
        if self.chosen not in names:
            self.chosen = names[0] if names else ""

    def choices(self, seen: Seen) -> list[str]:
        """Return what may be taken by its number instead of typing it."""
        if self.asking is None:
            return []
        device = seen.device(self.asking.device)
        if self.asking.name == "card" and device is not None:
            cards = device.state.get("cards", [])
            return [str(card) for card in cards]
        _, found, rest = self.asking.meaning.partition("one of ")
        return [word.strip() for word in rest.split(",")] if found else []

    def pages(self, seen: Seen) -> int:
        """Return how many pages of verbs the chosen one has."""
        return max(1, -(-len(seen.verbs(self.chosen)) // PAGE))


def press(desk: Desk, key: str, character: str, seen: Seen) -> list[Intent]:
    """Take a key, by the screen library's name for it, and the character it types, if any."""
    desk.look(seen)
    if key in ("ctrl+c", "ctrl+q", "f10"):
        return [Wish.LEAVE]
    if desk.mode is Mode.HELP:
        desk.mode = Mode.DEVICES
        return []
    if key in _WISHES:
        return [_WISHES[key]]
    if key == "f1":
        desk.mode = Mode.HELP
    elif key == "f5":
        desk.only = not desk.only
    elif key == "f8":
        _begin(desk, Mode.SAVING, FILE)
    elif key in ("f6", "tab") and seen.till is not None:
        _begin(desk, Mode.DEVICES if desk.mode is Mode.ENTRY else Mode.ENTRY)
    elif key == "escape":
        _begin(desk, Mode.DEVICES)
    elif desk.mode is Mode.DEVICES:
        return _at_devices(desk, key, character, seen)
    else:
        return _typed(desk, key, character, seen)
    return []


_WISHES: Final = {"f2": Wish.PAUSE_OR_RUN, "f3": Wish.STEP, "f4": Wish.CLEAR}


def _begin(desk: Desk, mode: Mode, text: str = "") -> None:
    desk.mode, desk.text, desk.asking = mode, text, None


def _at_devices(desk: Desk, key: str, character: str, seen: Seen) -> list[Intent]:
    names = seen.names()
    match key:
        case "up" | "down" if names:
            place = names.index(desk.chosen) + (1 if key == "down" else -1)
            desk.chosen, desk.page = names[max(0, min(place, len(names) - 1))], 0
        case "pagedown":
            desk.page = (desk.page + 1) % desk.pages(seen)
        case "pageup":
            desk.page = (desk.page - 1) % desk.pages(seen)
        case "question_mark":
            desk.mode = Mode.HELP
        case "enter" if desk.chosen == TILL:
            _begin(desk, Mode.ENTRY)
        case _ if character.isascii() and character.isdigit():
            return _do(desk, (int(character) - 1) % PAGE, seen)
    return []


def _do(desk: Desk, number: int, seen: Seen) -> list[Intent]:
    verbs = seen.verbs(desk.chosen)
    place = desk.page * PAGE + number
    if place >= len(verbs):
        return []
    verb = verbs[place]
    if verb.arguments:
        desk.mode, desk.text, desk.asking = Mode.ASKING, "", Asking(desk.chosen, verb)
        return []
    return [Do(desk.chosen, Verb(verb=verb.name))]


def _typed(desk: Desk, key: str, character: str, seen: Seen) -> list[Intent]:
    if key == "backspace":
        desk.text = desk.text[:-1]
    elif key == "enter":
        return _entered(desk, seen)
    elif character and character.isprintable() and len(desk.text) < TEXT_MAX:
        desk.text += latin_keys(character)
    return []


def _entered(desk: Desk, seen: Seen) -> list[Intent]:
    text = desk.text.strip()
    match desk.mode:
        case Mode.ENTRY:
            desk.text = ""
            return [Key(text)] if text else []
        case Mode.SAVING:
            _begin(desk, Mode.DEVICES)
            return [Save(text)] if text else []
    asking = desk.asking
    if asking is None or not text:
        return []
    choices = desk.choices(seen)
    if text.isascii() and text.isdigit() and 0 < int(text) <= len(choices):
        text = choices[int(text) - 1]
    asking.given[asking.name] = text
    desk.text = ""
    if len(asking.given) < len(asking.verb.arguments):
        return []
    _begin(desk, Mode.DEVICES)
    return [Do(asking.device, Verb(verb=asking.verb.name, arguments=asking.given))]
