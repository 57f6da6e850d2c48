"""Key maps: which keys stand for which binding, read from data files.

A binding has an id that never changes; a keyboard's file under `keymaps/` says which keys mean it.
A key is written as the screen library names it (f12, ctrl+o, pageup) or as the one character it
sends (+). What no binding takes goes into the entry line, if it can be printed.

Refused, each with a reason: letters (a Hangul input method holds them back or turns them into
jamo), keys that are the same byte as another key or stop a serial line, function keys with a
modifier (some terminals send them as a cursor report), one key for two bindings.
Source: decisions.md "Messages", clerk-and-courier.md 4.3, 4.6, 5.3.
"""

import difflib
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Any, Final


class Binding(StrEnum):
    """What a key can mean; the value is the id in keymap files."""

    COMMIT = "entry.commit"
    CLEAR = "entry.clear"
    ERASE = "entry.erase"
    QUANTITY = "line.quantity"
    DISCOUNT = "line.discount"
    PRICE = "line.price"
    VOID_LINE = "line.void"
    VOID_LAST = "line.void_last"
    UP = "line.up"
    DOWN = "line.down"
    PAGE_UP = "line.page_up"
    PAGE_DOWN = "line.page_down"
    SUBTOTAL = "sale.subtotal"
    HOLD = "sale.hold"
    RETURN = "sale.return"
    MEMBER = "sale.member"
    FIND = "item.find"
    QUICK_1 = "item.quick_1"
    QUICK_2 = "item.quick_2"
    QUICK_3 = "item.quick_3"
    QUICK_4 = "item.quick_4"
    QUICK_5 = "item.quick_5"
    QUICK_6 = "item.quick_6"
    QUICK_7 = "item.quick_7"
    QUICK_8 = "item.quick_8"
    QUICK_9 = "item.quick_9"
    CASH = "pay.cash"
    ECASH = "pay.purse"
    CARD = "pay.card"
    TRANSFER = "pay.transfer"
    MENU = "menu.show"
    DRAWER = "drawer.open"
    REPRINT = "receipt.reprint"
    LOCK = "staff.lock"
    TRAINING = "training.show"
    LEAVE = "program.leave"


QUICK: Final = {Binding(f"item.quick_{number}"): number for number in range(1, 10)}
"""Which quick key a binding is."""

_NOT_ALONE: Final = frozenset({Binding.MENU, Binding.DRAWER, Binding.REPRINT})
"""On F1, F10 and F11, which desktop terminals take for themselves: a second key is needed."""

_SAME_BYTE: Final = {
    "ctrl+h": "Backspace",
    "ctrl+i": "Tab",
    "ctrl+j": "Enter",
    "ctrl+m": "Enter",
    "ctrl+q": "XON of a serial line",
    "ctrl+s": "XOFF of a serial line",
    "ctrl+left_square_bracket": "Esc",
}


class KeymapError(ValueError):
    """A keymap file cannot be used: says which file, which entry, and what to write instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keymap:
    """A keyboard: its name and what each of its keys means."""

    name: str
    bindings: dict[str, Binding]
    """By key name or by character."""

    def binding(self, key: str, character: str | None) -> Binding | None:
        """Return what a key press means; None for text or a key without meaning."""
        found = self.bindings.get(key)
        if found is None and character is not None:
            found = self.bindings.get(character)
        return found

    def label(self, binding: Binding) -> str:
        """Return the first key of a binding as it is printed on a key: F12, Ctrl+O, Esc, +."""
        return self.labels(binding)[0]

    def labels(self, binding: Binding) -> tuple[str, ...]:
        """Return every key of a binding as it is printed on a key."""
        keys = [key for key, meaning in self.bindings.items() if meaning is binding]
        return tuple(_label(key) for key in keys if key.isascii())


_LABELS: Final = {"escape": "Esc", "delete": "Del", "pageup": "PgUp", "pagedown": "PgDn"}


def _label(key: str) -> str:
    if len(key) == 1:
        return key
    return "+".join(_LABELS.get(part, part.capitalize()) for part in key.split("+"))


def load_keymap(name: str) -> Keymap:
    """Return a keymap that ships with the till, such as "us". Raises: KeymapError."""
    folder = resources.files("pos").joinpath("keymaps")
    file = folder.joinpath(f"{name}.toml")
    if not file.is_file():
        known = ", ".join(shipped_keymaps())
        raise KeymapError(f"there is no keymap {name!r}; there are {known}")
    return parse_keymap(name, file.read_text(encoding="utf-8"))


def shipped_keymaps() -> list[str]:
    """Return the names of all keymaps that ship with the till."""
    folder = resources.files("pos").joinpath("keymaps")
    return sorted(
        f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")
    )


def parse_keymap(name: str, text: str) -> Keymap:
    """Return the keymap a file's text describes. Raises: KeymapError."""
    try:
        rows: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise KeymapError(f"keymap {name}: {error}") from error
    bindings: dict[str, Binding] = {}
    for identity, keys in rows.items():
        binding = _binding(name, identity)
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            raise KeymapError(f"keymap {name}: {identity} wants a list of keys")
        if binding in _NOT_ALONE and len(keys) < 2:
            raise KeymapError(
                f"keymap {name}: {identity} needs a second key, terminals take F1-F11"
            )
        for key in keys:
            _refuse_unfit(name, identity, key)
            if key in bindings:
                raise KeymapError(f"keymap {name}: {key} means {bindings[key]} and {identity}")
            bindings[key] = binding
    missing = [binding for binding in Binding if binding not in bindings.values()]
    if missing:
        raise KeymapError(f"keymap {name}: no key for {missing[0]}")
    return Keymap(name=name, bindings=bindings)


def _binding(name: str, identity: str) -> Binding:
    try:
        return Binding(identity)
    except ValueError:
        near = difflib.get_close_matches(identity, list(Binding), n=1, cutoff=0.0)
        raise KeymapError(
            f"keymap {name}: unknown binding {identity!r}; did you mean {str(near[0])!r}?"
        ) from None


def _refuse_unfit(name: str, identity: str, key: str) -> None:
    where = f"keymap {name}: {identity}: {key}"
    if len(key) == 1 and key.isalnum():
        raise KeymapError(f"{where} is text for the entry line, choose a function or control key")
    if key in _SAME_BYTE:
        raise KeymapError(f"{where} is the same byte as {_SAME_BYTE[key]}, choose another")
    modifiers, _, last = key.rpartition("+")
    if modifiers and last.startswith("f") and last[1:].isdecimal():
        raise KeymapError(f"{where}: terminals disagree on modified function keys, choose another")
