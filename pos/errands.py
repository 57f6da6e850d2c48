"""What the issuer of e-cash wants of purses: asked of the broker by name, taken to the purse, reported.

A till without a line, or whose broker is away, carries nothing; nobody waits for it. Every command is
signed for one purse and does no harm given twice: what was not reported is given again some time.
Implementations of Errands are NoErrands and ErrandsAtBroker. Source: purse.md 2.3 M8, M10.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol

from pos.purses import EXCHANGE_NS
from protocols.facts import Fact, PurseClaimed, PurseCommanded
from protocols.iso7816 import SW, parse_response
from protocols.ports import NANOSECONDS_PER_SECOND, CardChannel, Clock
from protocols.purse.attempt import details_in
from protocols.purse.commanding import EXCHANGES_MAX, Froze, Obeyed, give

if TYPE_CHECKING:
    from pos.broker_client import BrokerClient
    from pos.register import Register
    from protocols.broker import PurseCommand

GIVING_NS: Final = 3 * NANOSECONDS_PER_SECOND
"""The longest that all of a purse's commands may take; what is left is given some other time."""


class Errands(Protocol):
    """The issuer's commands that wait for purses."""

    def expected(self, *, offline: bool) -> bool:
        """Tell whether asking may bring anything now."""
        ...

    async def wanted(self, name: bytes) -> "Sequence[PurseCommand] | None":
        """Return what waits for a purse, in the order in which it is given; None: nobody answered."""
        ...


class NoErrands:
    """A till without a broker."""

    def expected(self, *, offline: bool) -> bool:
        """Nobody wants anything."""
        return False

    async def wanted(self, name: bytes) -> "Sequence[PurseCommand] | None":
        """Nobody answers."""
        return None


class ErrandsAtBroker:
    """The broker keeps them, and tells the number of its newest beside its documents."""

    def __init__(self, client: "BrokerClient") -> None:
        self._client = client
        self.newest: int | None = None
        """None until the broker was first heard of: then only a question tells."""

    def expected(self, *, offline: bool) -> bool:
        """Tell whether asking may bring anything now."""
        return self.newest is None or (self.newest > 0 and not offline)

    async def wanted(self, name: bytes) -> "Sequence[PurseCommand] | None":
        """Return what waits for a purse, in the order in which it is given; None: nobody answered."""
        from protocols.broker import PurseCommands

        answer = await self._client.purse_commands(name)
        mine = isinstance(answer, PurseCommands) and answer.name == name.hex()
        return answer.commands if isinstance(answer, PurseCommands) and mine else None


async def carry(
    channel: CardChannel,
    name: bytes,
    commands: "Sequence[PurseCommand]",
    *,
    clock: Clock,
    deadline_ns: int,
) -> list[Fact]:
    """Give commands to a purse that is selected; return what there is to journal.

    A lost answer ends it, and so does the deadline. What is not in the journal was not done.
    """
    facts: list[Fact] = []
    for command in commands:
        said = await _give(channel, command, clock=clock, deadline_ns=deadline_ns)
        match said:
            case None:
                break
            case Obeyed(sw=sw):
                facts.append(
                    PurseCommanded(name=name, command=command.id, what=command.what, sw=sw)
                )
            case Froze():
                facts.append(
                    PurseClaimed(
                        certificate=said.certificate,
                        nonce=command.nonce,
                        answer=said.answer,
                        entries=list(said.entries),
                    )
                )
    return facts


def was_taken(fact: Fact) -> bool:
    """Tell whether a purse took the command that a fact reports."""
    return not isinstance(fact, PurseCommanded) or fact.sw == SW.OK


async def waited_for(register: "Register", name: bytes, *, but: str = "") -> bool:
    """Tell whether the counter waits to hear of a transfer of a purse, other than of one attempt.

    Its log is needed to find out, and freezing it would end that. A doubt that was parked does not hold
    the issuer up: it wants the log to pay back just such a loss. Raises: StoreError.
    """
    for doubt in await register.doubts():
        details = details_in(doubt.fact.peer)
        concerned = details is not None and name in (details.payer, details.payee)
        if doubt.key != but and doubt.holds and concerned:
            return True
    return False


async def _give(
    channel: CardChannel, command: "PurseCommand", *, clock: Clock, deadline_ns: int
) -> Obeyed | Froze | None:
    dialogue = give(command.apdu, command.what)
    apdu = next(dialogue)
    for _ in range(EXCHANGES_MAX):
        if clock.monotonic_ns() >= deadline_ns:
            return None
        by_ns = min(deadline_ns, clock.monotonic_ns() + EXCHANGE_NS)
        answer = await channel.transmit(apdu, deadline_ns=by_ns)
        try:
            apdu = dialogue.send(None if answer is None else parse_response(answer))
        except StopIteration as end:
            said: Obeyed | Froze | None = end.value
            return said
    raise AssertionError("a command of the issuer is bounded")
