"""The commands for members: whose sale it is, what it earns, and what comes off when goods come back.

    MB:5678     the last four digits of a telephone; the number itself; a card (nMB, or the / key)
    nMB         the n-th of several whom the digits fit
    MB          nobody's after all
    scanning    a member's card, at any moment of the sale

The broker is asked, with a short deadline. Where it does not answer, a card is taken at its number's word
(its check digit is right) and the sale earns when the record comes through; a telephone is not, because
no till keeps one. What is keyed never leaves this file but as a question to the broker.
Source: clerk-and-courier.md 1.2 (Customer), 5.2 (right pane), 5.3.
"""

from dataclasses import dataclass

from pos.commands import TakeMember
from pos.register import Register
from pos.sale import NameMember
from pos.sale_events import MemberNamed
from pos.sale_state import Sale
from pos.selling import Selling
from pos.store.store import Store
from pos.view import Notice, Stage
from protocols.broker import Member
from protocols.members import read_named
from protocols.points import POINTS


@dataclass(frozen=True, slots=True)
class Members:
    """Carries out what concerns members."""

    register: Register
    selling: Selling

    async def take(self, command: TakeMember) -> Notice | None:
        """Let the open sale be a member's, or begin one. Raises: StoreError."""
        register = self.register
        if register.policy.points is None:
            return register.say("PTS-09")
        if register.assortment is None:
            return register.say("CAT-01")
        if command.choice:
            return await self._choose(command.choice)
        if not command.named:
            return await self._nobody()
        if self._has_paid():
            return register.say("MBR-04")
        named = read_named(command.named)
        found = None if register.offline else await register.club.who(named.text)
        if found is None and named.by != "number":
            return register.say("MBR-02")
        if found is None:
            return await self._name(MemberNamed(number=named.text))
        if not found:
            return register.say("MBR-01")
        if len(found) == 1:
            return await self._name(_named(found[0]))
        register.members = tuple(found)
        register.stage = Stage.MEMBER
        return register.say("member_which", count=len(found))

    async def _choose(self, choice: int) -> Notice | None:
        register = self.register
        if not 1 <= choice <= len(register.members):
            return register.say("ENT-10", choice=str(choice))
        return await self._name(_named(register.members[choice - 1]))

    async def _nobody(self) -> Notice | None:
        register = self.register
        sale = register.sale
        if sale.member is None:
            return register.say("MBR-03")
        if self._has_paid():
            return register.say("MBR-04")
        tickets = sale.returning is not None or sale.changing is not None
        if sale.lines or sale.attempts or tickets:
            refused = await self.selling.step(NameMember(MemberNamed()))
            return refused or register.say("member_gone")
        # Nothing was sold and no key was minted: the number is still free.
        await register.runner.run(_forget)
        register.sale, register.selected, register.stage = Sale(), -1, Stage.ENTRY
        return register.say("member_gone")

    async def _name(self, event: MemberNamed) -> Notice | None:
        register = self.register
        refused = await self.selling.step(NameMember(event))
        register.members = ()
        if refused is not None:
            return refused
        if not event.shown:
            return register.say("member_unseen", number=event.number[-4:])
        if event.stopped:
            return register.say("PTS-04")
        return register.say("member_named", member=event.shown, points=event.points or 0)

    def _has_paid(self) -> bool:
        """Tell whether somebody's points pay for this sale already."""
        return any(tender.method == POINTS for tender in self.register.sale.tenders)


def _named(member: Member) -> MemberNamed:
    return MemberNamed(
        number=member.number,
        shown=member.shown,
        points=member.points,
        stopped=member.stopped,
    )


def _forget(store: Store) -> None:
    with store.database.transaction():
        store.basket.clear()
