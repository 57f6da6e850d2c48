"""Keying who one is: a staff number, Enter, the PIN, Enter; the PIN is stars and nothing but stars.

It has its own text, so that a half-typed entry stays, and its PIN is in no picture of a value: what is
shown of a crash shows fields. A badge does for the number; pasted text is nobody's PIN.
"""

from dataclasses import dataclass, field, replace
from typing import Final

from pos import commands
from pos.commands import Command
from pos.keymap import Binding
from pos.messages import Language, notice
from pos.view import AskingView, Notice
from protocols.staff import BADGE_CHARACTERS_MAX, PIN_DIGITS

PIN_DIGITS_MAX: Final = PIN_DIGITS[-1]


@dataclass(frozen=True, slots=True)
class Answering:
    """What was keyed so far where the till asks for somebody."""

    text: str = ""
    """The number that is being keyed."""
    who: str = ""
    """The number that was keyed."""
    secret: str = field(default="", repr=False)
    """The PIN that is being keyed."""

    def wants_pin(self, asking: AskingView) -> bool:
        """Tell whether the PIN is keyed now; somebody was named."""
        return bool(self.who or asking.who)

    def shown(self, asking: AskingView) -> str:
        """Return what stands in the entry line."""
        return "*" * len(self.secret) if self.wants_pin(asking) else self.text

    def pressed(
        self,
        asking: AskingView,
        binding: Binding | None,
        character: str | None,
        language: Language,
    ) -> "Answering | Command | Notice":
        """Return what a key does: the answer goes on, is given, is called off, or is told wrong."""
        match binding:
            case Binding.ERASE:
                return replace(self, text=self.text[:-1], secret=self.secret[:-1])
            case Binding.CLEAR:
                return self._cleared()
            case Binding.COMMIT if self.wants_pin(asking):
                return commands.Prove(self.who, self.secret) if self.secret else self
            case Binding.COMMIT:
                return replace(self, who=self.text, text="")
            case _ if character is None or not character.isprintable() or character == " ":
                return self
            case _ if self.wants_pin(asking):
                return self._digit(character, language)
            case _:
                return replace(self, text=(self.text + character)[:BADGE_CHARACTERS_MAX])

    def _digit(self, character: str, language: Language) -> "Answering | Notice":
        if not (character.isascii() and character.isdigit()) or len(self.secret) >= PIN_DIGITS_MAX:
            return notice("USR-05", language)
        return replace(self, secret=self.secret + character)

    def _cleared(self) -> "Answering | Command":
        """Return one step back: the text, the number, and then the whole question."""
        if self.secret or self.text:
            return replace(self, secret="", text="")
        return NOTHING_ANSWERED if self.who else commands.Cancel()


NOTHING_ANSWERED: Final = Answering()
