"""Who may: asks for somebody who has the right that the clerk lacks, and lets them prove who they are.

    command without its right --> asking, the command waits --badge or number, then PIN--> allowed:
        the command is carried out once, and its records name both people (actor, approver)
        --Esc, or anything else that is done at the till--> nothing happened, nothing waits any more

A person is named before a PIN is keyed, so that two people may have the same PIN. What waits is held in
memory alone: a till that ends meanwhile has done nothing.
Source: clerk-and-courier.md 1.2 (Roles), 1.3 (Supervisor override).
"""

from dataclasses import dataclass, replace
from typing import Final

from pos import pin_tries
from pos.commands import Command, Prove
from pos.pin_tries import Locked, Wrong, try_pin
from pos.points import NOTE
from pos.register import Approval, Register
from pos.rights import Right, named
from pos.store.journal import Draft
from pos.store.store import Store
from pos.view import AskingView, Notice
from protocols.facts import StaffRefused
from protocols.staff import Person

MINUTE: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A command waits for somebody who may allow it."""

    command: Command
    right: Right
    said: Notice
    """What was asked, or what was wrong with the last answer."""
    under: Notice | None
    """A takeover that stands while it is asked."""
    person: Person | None = None
    """Who it is, as far as a badge or a first try has said."""


@dataclass(slots=True)
class People:
    """Knows who is asked for, and takes their answers."""

    register: Register
    asking: Asking | None = None

    @property
    def view(self) -> AskingView | None:
        """Return what a screen shows of it."""
        asking = self.asking
        if asking is None:
            return None
        return AskingView(
            what=named(asking.right, self.register.setup.language),
            who="" if asking.person is None else asking.person.name,
            said=asking.said,
        )

    def ask(self, command: Command, right: Right, under: Notice | None) -> Notice:
        """Let a command wait for its approval; without a staff list nobody could give it."""
        register = self.register
        what = named(right, register.setup.language)
        if not any(self._may(person, right) for person in register.staff.people):
            return register.say("RGT-01", right=what)
        said = register.say("RGT-02", right=what)
        self.asking = Asking(command=command, right=right, said=said, under=under)
        return said

    def ask_again(self, asking: Asking) -> None:
        """Go on asking, where nothing that was done meanwhile has changed what it is about."""
        self.asking = self.asking or asking

    def leave(self) -> Notice | None:
        """Forget what waits; returns the takeover that stood under it."""
        asking, self.asking = self.asking, None
        return None if asking is None else asking.under

    async def badge(self, code: str) -> Notice | None:
        """Take a badge where somebody is asked for; None for a code that is nobody's.

        Under a takeover nothing is sold: there a strange code is a strange badge. Raises: StoreError.
        """
        if self.asking is None:
            return None
        person = self.register.staff.by_badge(code)
        if person is None:
            return self._say("USR-01", None, person=code) if self.asking.under else None
        refused = await self._refused(person)
        return refused or self._say("RGT-03", person, name=person.name)

    async def prove(self, answer: Prove) -> Approval | Notice:
        """Return who allows what waits, or what is wrong with the answer. Raises: StoreError."""
        asking, register = self.asking, self.register
        if asking is None:
            return register.say("RGT-05")
        person = self._named(answer.person) if answer.person else asking.person
        if person is None:
            return self._say("USR-01", None, person=answer.person or "-")
        refused = await self._refused(person)
        if refused is not None:
            return refused
        now_ns = register.clock.now_ns()

        def step(store: Store) -> pin_tries.Verdict:
            return try_pin(store, person, answer.pin, now_ns, lock)

        def lock(wrong: int, seconds: int) -> Draft:
            return self._refusal(person, "pin", tries=wrong, locked_seconds=seconds)

        verdict = await register.runner.run(step)
        match verdict:
            case Wrong(left):
                return self._say("USR-03", person, name=person.name, left=left)
            case Locked(seconds):
                await register.recount()
                wait = _duration(seconds, register.setup.language)
                return self._say("USR-04", None, name=person.name, wait=wait)
            case pin_tries.Right():
                self.asking = None
                return Approval(person=person, right=asking.right)

    def _named(self, text: str) -> Person | None:
        staff = self.register.staff
        by_badge = staff.by_badge(text)
        if by_badge is not None or not (text.isascii() and text.isdecimal()):
            return by_badge
        return staff.by_number(int(text))

    async def _refused(self, person: Person) -> Notice | None:
        """Return why this person cannot allow what waits, whatever they key. Raises: StoreError."""
        assert self.asking is not None
        if not (person.active and person.pin):
            await self.register.append([self._refusal(person, "inactive")], NOTE)
            return self._say("USR-02", None, name=person.name)
        if not self._may(person, self.asking.right):
            await self.register.append([self._refusal(person, "right")], NOTE)
            return self._say("RGT-04", None, name=person.name)
        return None

    def _may(self, person: Person, right: Right) -> bool:
        usable = person.active and bool(person.pin)
        return usable and self.register.role_may(person.role, right)

    def _refusal(self, person: Person, reason: str, **figures: int) -> Draft:
        assert self.asking is not None and reason in ("pin", "inactive", "right")
        fact = StaffRefused(
            person=person.id,
            reason=reason,  # type: ignore[arg-type]  # asserted above
            right=self.asking.right.value,
            **figures,
        )
        return self.register.draft(fact, amount=0)

    def _say(self, code: str, person: Person | None, /, **blanks: str | int) -> Notice:
        """Answer, and go on asking: for the PIN of `person`, or for somebody."""
        said = self.register.say(code, **blanks)
        assert self.asking is not None
        self.asking = replace(self.asking, said=said, person=person)
        return said


def _duration(seconds: int, language: str) -> str:
    """Return how long a lock lasts, rounded up to whole minutes from one minute on."""
    if seconds <= MINUTE:
        return f"{seconds}초" if language == "ko" else f"{seconds} s"
    minutes = -(-seconds // MINUTE)
    return f"{minutes}분" if language == "ko" else f"{minutes} min"
