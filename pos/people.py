"""Who works here, and who may: people sign on, lock, hand over, and allow what a clerk may not.

    nobody --badge or number, then PIN--> at work --lock, or nobody keyed for a while--> locked --PIN--> at work
                                             +--another badge or number, PIN--> the other (hand-over)
                                             +--sign off, without an open sale--> nobody
    command without its right --> the command waits --PIN of somebody who has it--> carried out once, its
        records name both (actor, approver)   --Esc, or anything else that is done--> nothing happened

A person is named before a PIN is keyed, so that two people may have the same PIN. Who is signed on is
the newest fact of it in the journal; what waits is in memory alone. Without a staff list nobody is asked
for anything: the clerk of the configuration works.
Source: clerk-and-courier.md 1.2 (Roles, Shift), 1.3 (Supervisor override).
"""

from dataclasses import dataclass, replace
from typing import Final, assert_never

from pos import pin_tries
from pos.commands import Command, Prove, Scan
from pos.loading import PROGRAM
from pos.pin_tries import Locked, Wrong, try_pin
from pos.points import NOTE, SIGN
from pos.register import Approval, Register
from pos.rights import Right, named
from pos.store.journal import Draft
from pos.store.store import Store
from pos.view import AskingView, Notice, Purpose
from protocols.facts import SignAct, StaffRefused, StaffSigned
from protocols.staff import Person

MINUTE: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Somebody is asked for."""

    purpose: Purpose
    said: Notice
    """What was asked, or what was wrong with the last answer."""
    under: Notice | None = None
    """A takeover that stands while it is asked."""
    person: Person | None = None
    """Who it is, as far as a badge or a first try has said."""
    command: Command | None = None
    """What waits for an approval."""
    right: Right | None = None
    """What an approval is for."""


@dataclass(slots=True)
class People:
    """Knows who is asked for, and takes their answers."""

    register: Register
    asking: Asking | None = None

    @property
    def view(self) -> AskingView | None:
        """Return what a screen shows of it."""
        asking, register = self.asking, self.register
        if asking is None:
            return None
        signed = "" if register.signed is None else register.signed.name
        return AskingView(
            purpose=asking.purpose,
            what=signed if asking.right is None else named(asking.right, register.language),
            who="" if asking.person is None else asking.person.name,
            said=asking.said,
        )

    def settle(self, under: Notice | None = None) -> None:
        """Ask for whoever has to sign on or unlock, for as long as nobody is at work."""
        register = self.register
        if register.at_work:
            if self.asking is not None and self.asking.purpose in (Purpose.SIGN_ON, Purpose.UNLOCK):
                self.asking = None
            return
        purpose = Purpose.UNLOCK if register.locked else Purpose.SIGN_ON
        first = "sign_on_training" if register.setup.training else "sign_on"
        said = register.say("locked" if register.locked else first)
        self.asking = Asking(purpose=purpose, said=said, under=under, person=register.signed)

    def ask(self, command: Command, right: Right, under: Notice | None) -> Notice:
        """Let a command wait for its approval; without a staff list nobody could give it."""
        register = self.register
        what = named(right, register.language)
        if not any(self._may(person, right) for person in register.staff.people):
            return register.say("RGT-01", right=what)
        said = register.say("RGT-02", right=what)
        self.asking = Asking(
            purpose=Purpose.APPROVE, command=command, right=right, said=said, under=under
        )
        return said

    def ask_again(self, asking: Asking) -> None:
        """Go on asking, where nothing that was done meanwhile has changed what it is about."""
        self.asking = self.asking or asking

    def leave(self) -> Notice | None:
        """Forget what waits, or ask a locked till's next one who they are; a takeover stays."""
        asking = self.asking
        if asking is None:
            return None
        if self.register.at_work:
            self.asking = None
        else:
            person = self.register.signed if asking.person is None else None
            self.asking = replace(asking, person=person)
        return asking.under

    def shut_out(self, command: Command) -> Notice:
        """Answer a command while nobody is at work. Goods are not sold, and it is told."""
        if isinstance(command, Scan):
            return self._say("USR-08", self._person_asked(), code=command.code)
        return self._say("USR-07", self._person_asked())

    def hand_over(self) -> Notice:
        """Ask who works here from now on."""
        register = self.register
        if not register.staff.people:
            return register.say("USR-10")
        said = register.say("hand_over")
        self.asking = Asking(purpose=Purpose.HAND_OVER, said=said)
        return said

    async def lock(self, reason: str, under: Notice | None) -> Notice | None:
        """Lock the till; the sale stays. Raises: StoreError."""
        register = self.register
        if register.signed is None:
            return register.say("USR-10")
        await self._signed("lock", register.signed, reason=reason)
        register.locked = True
        self.settle(under)
        return self.asking.said if self.asking is not None else None

    async def sign_off(self) -> Notice | None:
        """Let nobody be signed on; an open sale is somebody's. Raises: StoreError."""
        register = self.register
        if register.signed is None:
            return register.say("USR-10")
        if register.has_sale():
            return register.say("USR-09")
        await self._signed("off", register.signed)
        register.signed = None
        self.settle()
        return self.asking.said if self.asking is not None else None

    async def follow(self, under: Notice | None) -> Notice | None:
        """Take a new staff list: who is no longer on it is signed off at once. Raises: StoreError."""
        register = self.register
        signed = register.signed
        if signed is None:
            self.settle(under)
            return None
        person = register.staff.by_number(signed.number)
        if person is not None and _usable(person):
            register.signed = person
            return None
        await self._signed("off", signed, reason="dismissed", actor=PROGRAM)
        register.signed, register.locked = None, False
        self.settle(under)
        return self._say("USR-12", None, name=signed.name)

    async def badge(self, code: str) -> Notice | None:
        """Take a badge; None for a code that is nobody's, and for goods where nobody is asked for.

        Under a takeover nothing is sold: there a strange code is a strange badge. Raises: StoreError.
        """
        register, asking = self.register, self.asking
        person = register.staff.by_badge(code)
        if asking is None:
            if person is None or register.sells(code):
                return None
            if register.signed is not None and person.number == register.signed.number:
                return register.say("USR-13", name=person.name)
            self.hand_over()
        elif person is None:
            return self._say("USR-01", None, person=code) if asking.under else None
        refused = await self._refused(person)
        return refused or self._say("RGT-03", person, name=person.name)

    async def prove(self, answer: Prove) -> Approval | Notice:
        """Return who allows what waits, or what came of the answer. Raises: StoreError."""
        asking, register = self.asking, self.register
        if asking is None:
            return register.say("RGT-05")
        person = self._named(answer.person or ("" if asking.person is None else asking.person.id))
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
                wait = _duration(seconds, register.language)
                return self._say("USR-04", None, name=person.name, wait=wait)
            case pin_tries.Right() if asking.right is not None:
                self.asking = None
                return Approval(person=person, right=asking.right)
            case pin_tries.Right():
                return await self._sign_on(person)
            case _:
                assert_never(verdict)

    async def _sign_on(self, person: Person) -> Notice:
        register = self.register
        before = register.signed
        same = before is not None and before.number == person.number
        act: SignAct = "unlock" if same and register.locked else "on"
        await self._signed(act, person, before="" if before is None or same else before.id)
        register.signed, register.locked = person, False
        self.asking = None
        if before is None or same:
            return register.say("signed_on", name=person.name)
        return register.say("handed_over", before=before.name, name=person.name)

    async def _signed(
        self, act: SignAct, person: Person, *, before: str = "", reason: str = "", actor: str = ""
    ) -> None:
        register = self.register
        fact = StaffSigned(
            act=act,
            person=person.id,
            role=person.role,
            before=before,
            reason=reason,
            sale=register.sale.number,
        )
        draft = replace(register.draft(fact, amount=0), actor=actor or person.id)
        await register.append([draft], SIGN)

    def _named(self, text: str) -> Person | None:
        staff = self.register.staff
        by_badge = staff.by_badge(text)
        if by_badge is not None or not (text.isascii() and text.isdecimal()):
            return by_badge
        return staff.by_number(int(text))

    def _person_asked(self) -> Person | None:
        return None if self.asking is None else self.asking.person

    async def _refused(self, person: Person) -> Notice | None:
        """Return why this person is not taken, whatever they key. Raises: StoreError."""
        assert self.asking is not None
        right = self.asking.right
        if not _usable(person):
            await self.register.append([self._refusal(person, "inactive")], NOTE)
            return self._say("USR-02", None, name=person.name)
        if right is not None and not self._may(person, right):
            await self.register.append([self._refusal(person, "right")], NOTE)
            return self._say("RGT-04", None, name=person.name)
        if right is None and not self._may_sign_on(person):
            return self._say("USR-14", None, name=self.register.name_of(self.register.shift.clerk))
        return None

    def _may(self, person: Person, right: Right) -> bool:
        return _usable(person) and self.register.role_may(person.role, right)

    def _may_sign_on(self, person: Person) -> bool:
        """Tell whether this person may work at the drawer as it is: it may be another one's alone."""
        register = self.register
        if register.policy.drawer_shared or register.shift.clerk in ("", person.id):
            return True
        return self._may(person, Right.DRAWER_TAKE_OVER)

    def _refusal(self, person: Person, reason: str, **figures: int) -> Draft:
        assert self.asking is not None and reason in ("pin", "inactive", "right")
        fact = StaffRefused(
            person=person.id,
            reason=reason,  # type: ignore[arg-type]  # asserted above
            right="" if self.asking.right is None else self.asking.right.value,
            **figures,
        )
        return self.register.draft(fact, amount=0)

    def _say(self, code: str, person: Person | None, /, **blanks: str | int) -> Notice:
        """Answer, and go on asking: for the PIN of `person`, or for somebody."""
        said = self.register.say(code, **blanks)
        assert self.asking is not None
        self.asking = replace(self.asking, said=said, person=person)
        return said


def _usable(person: Person) -> bool:
    return person.active and bool(person.pin)


def _duration(seconds: int, language: str) -> str:
    """Return how long a lock lasts, rounded up to whole minutes from one minute on."""
    if seconds <= MINUTE:
        return f"{seconds}초" if language == "ko" else f"{seconds} s"
    minutes = -(-seconds // MINUTE)
    return f"{minutes}분" if language == "ko" else f"{minutes} min"
