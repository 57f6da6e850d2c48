"""The issuer's commands for the till's own purses: the hotlist, limits, claims.

The broker tells the number of its newest command with every answer; one that is newer than what was
attended to is a reason to ask for the till's own purses, once. They are given between two commands of
the clerk, ahead of the next customer: a purse that is stopped is then refused here, online or not
(PUR-06). A clerk never waits for the broker; only for the purse, while it takes what is there.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from pos.errands import GIVING_NS, ErrandsAtBroker, carry, waited_for
from pos.payment_desk import PaymentDesk
from pos.points import NOTE
from pos.purse_transfer import Side
from pos.purses import CONNECT_NS, EXCHANGE_NS
from pos.store.journal import Doubt
from pos.till import Till
from protocols.facts import Fact, PurseClaimed
from protocols.iso7816 import SW, Command, parse_response
from protocols.outcome import Blanks, Declined
from protocols.ports import NANOSECONDS_PER_SECOND, CardChannel
from protocols.purse.attempt import details_in
from protocols.purse.coordinator import PurseState, decode_state
from protocols.purse.reading import AID

if TYPE_CHECKING:
    from protocols.broker import PurseCommand

AGAIN_NS: Final = 60 * NANOSECONDS_PER_SECOND
"""After a purse that could not be reached, or a question that nobody answered."""
_FROZEN: Final = "PUR-44"
_SELECT: Final = Command(0x00, 0xA4, 4, 0, AID, 256).encode()
_STATE: Final = Command(0x00, 0xCA, 0x01, 0x01, b"", 256).encode()


class OwnPurses:
    """Takes commands to the shop's purse and the teller's."""

    def __init__(self, till: Till, errands: ErrandsAtBroker) -> None:
        self._till = till
        self._errands = errands
        self._names: dict[Side, bytes] = {}
        self._attended = 0
        """The newest command when all own purses were last attended to."""
        self._again_ns = 0
        self._task: asyncio.Task[None] | None = None

    def heard(self, newest: int) -> None:
        """Take note of the number of the broker's newest command; returns at once."""
        self._errands.newest = newest
        register = self._till.register
        if newest <= self._attended or self._task is not None or not register.cards.configured:
            return
        if register.clock.monotonic_ns() >= self._again_ns:
            attending = self._attend(newest)
            self._task = asyncio.get_running_loop().create_task(attending, name="own purses")
            self._task.add_done_callback(self._ended)

    async def rest(self, *, seconds: float) -> None:
        """Wait until nothing is given any more, or no longer than so."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=seconds)

    async def stop(self) -> None:
        """End; what was not given is given after the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def _ended(self, _: asyncio.Task[None]) -> None:
        self._task = None

    async def _attend(self, newest: int) -> None:
        register = self._till.register
        sides = (Side.SHOP, Side.TELLER) if register.cards.has_teller else (Side.SHOP,)
        done = [await self._serve(side) for side in sides]
        if all(done):
            self._attended = newest
        else:
            self._again_ns = register.clock.monotonic_ns() + AGAIN_NS

    async def _serve(self, side: Side) -> bool:
        """Ask for one purse and give what waits for it; tell whether that is done with."""
        name = self._names.get(side) or await self._till.between(lambda: self._name(side))
        if not name:
            return False
        self._names[side] = name
        commands = await self._errands.wanted(name)
        if not commands:
            return commands is not None
        return bool(await self._till.between(lambda: self._give(side, name, commands)))

    async def _name(self, side: Side) -> bytes:
        channel = await self._power(side)
        if channel is None:
            return b""
        try:
            state = await self._selected(channel)
        finally:
            await channel.close()
        return b"" if state is None else state.name

    async def _give(self, side: Side, name: bytes, commands: "Sequence[PurseCommand]") -> bool:
        """Give what may be given now, and journal it. Raises: StoreError."""
        register = self._till.register
        if await waited_for(register, name):
            # Its log is needed to find out what became of the transfer.
            given = [each for each in commands if each.what == "update"]
        else:
            given = list(commands)
        channel = await self._power(side)
        if channel is None:
            return False
        facts: list[Fact] = []
        try:
            state = await self._selected(channel)
            if state is None or state.name != name:
                # Somebody has put another purse there: the next time it is asked for that one.
                self._names.pop(side, None)
                return False
            deadline_ns = register.clock.monotonic_ns() + GIVING_NS
            facts = await carry(channel, name, given, clock=register.clock, deadline_ns=deadline_ns)
        finally:
            await channel.close()
        if facts:
            await self._keep(name, facts)
        return len(facts) == len(commands)

    async def _keep(self, name: bytes, facts: Sequence[Fact]) -> None:
        """Journal what the purse answered, and what that decides. Raises: StoreError.

        A payment that stands in the frozen log of its payee can never arrive: its issuer pays it back.
        """
        register = self._till.register
        frozen = {
            entry for fact in facts if isinstance(fact, PurseClaimed) for entry in fact.entries
        }
        lost: list[tuple[Doubt, Declined]] = []
        for doubt in await register.doubts() if frozen else ():
            details = details_in(doubt.fact.peer)
            if details is not None and details.payee == name and details.encode() in frozen:
                blanks: Blanks = {"amount": doubt.fact.amount, "key": doubt.key}
                reason = "frozen on the payee's purse"
                lost.append((doubt, Declined(code=_FROZEN, reason=reason, blanks=blanks)))
        drafts = [register.draft(fact, amount=0) for fact in facts]
        for doubt, declined in lost:
            drafts += self._desk(doubt).results(declined)
        await register.append(drafts, NOTE)
        for _, declined in lost:
            self._till.tell(register.say(declined.code, **declined.blanks))

    def _desk(self, doubt: Doubt) -> PaymentDesk:
        fact = doubt.fact
        return PaymentDesk(
            register=self._till.register,
            key=doubt.key,
            sale=fact.sale,
            method=fact.method,
            amount=fact.amount,
            service=fact.service,
            refunds=fact.refunds,
            of_sale=False,
            intent=doubt.intent,
            intended=True,
        )

    async def _power(self, side: Side) -> CardChannel | None:
        cards = self._till.register.cards
        deadline_ns = self._till.register.clock.monotonic_ns() + CONNECT_NS
        if side is Side.TELLER:
            return await cards.teller(deadline_ns=deadline_ns)
        return await cards.shop(deadline_ns=deadline_ns)

    async def _selected(self, channel: CardChannel) -> PurseState | None:
        """Select the purse; return its state, None where it is none or is silent."""
        clock = self._till.register.clock
        said = None
        for apdu in (_SELECT, _STATE):
            answer = await channel.transmit(apdu, deadline_ns=clock.monotonic_ns() + EXCHANGE_NS)
            said = None if answer is None else parse_response(answer)
            if said is None or said.sw not in (SW.OK, SW.SELECTED_LOCKED):
                return None
        return None if said is None else decode_state(said.data)
