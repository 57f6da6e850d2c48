"""ICash: the customer's card pays into the shop's security module, offline and final (T5).

    take     module and card -> intent durable -> purchase -> result with what the collector pays for
    resume   the module alone, or both -> what became of the attempt, under its own key

The second scheme of e-cash, and all that the till has of it: the dialogue is protocols.icash, the
module at the broker is ips.modules.icash. A lost answer is never answered by a second purchase.
Approved means that the shop's module has the value; Declined that nothing moved and nothing will;
Unknown that only module and card can tell. A purchase that nobody wants any more is found out about,
and never made.
Source: protocols.icash; clerk-and-courier.md 5.5 (as PUR, RDR); decisions.md "A parked attempt".
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, assert_never

from pos.dialogues import played
from pos.messages import Language
from pos.purses import CONNECT_NS, EXCHANGE_NS
from pos.rights import Right
from pos.tenders.agreement import E_CASH, Carded, Desk, GivenUp, Mover, OverTender
from pos.tenders.agreement import Ask as Asked
from pos.view import PaymentStep, Side
from protocols.facts import ValueTaken
from protocols.icash.attempt import details_in, order_reference, peer_of, purchase_reference
from protocols.icash.card import CARD_AID
from protocols.icash.coordinator import (
    FORGOTTEN,
    OTHER_CARD,
    OTHER_MODULE,
    QUERY_MODULE,
    SELECT_MODULE,
    SILENT,
    Ask,
    Dialogue,
    InDoubt,
    Intend,
    NotPaid,
    Order,
    Paid,
    Place,
    Result,
    Step,
    decode_module_state,
    prove,
    purchase,
    recover,
)
from protocols.icash.details import Details
from protocols.icash.witness import Witness
from protocols.iso7816 import SW, Response, parse_response
from protocols.money import CURRENCIES, Money
from protocols.outcome import Approved, Declined, Missing, NotSent, Outcome, Unknown
from protocols.ports import NANOSECONDS_PER_SECOND, CardChannel, Clock

NAME: Final = "icash"
RECOVERIES_MAX: Final = 3
"""How often module and card are asked, while both are there, before nobody knows."""
RECOVERY_NS: Final = 2 * NANOSECONDS_PER_SECOND
"""How long a recovery waits for either: the till asks again by itself (pos.checking)."""
EXCHANGES_MAX: Final = 300
"""Of one dialogue: a card's records read whole, and the purchase."""
PROOF_NS: Final = 2 * NANOSECONDS_PER_SECOND
"""How long a card is waited for that has paid and may have left: only its proof is still wanted."""
AMOUNT_MAX: Final = 0xFFFF_FFFF
"""Minor units in one purchase: four bytes."""
ABSENT: Final = "no card is in the reader"
NOT_OURS: Final = "ICS-06"
OTHER: Final = "ICS-13"
_CARD_GONE: Final = "ICS-14"
_OTHER_CARD: Final = "PUR-27"
_UNKNOWN: Final = "ICS-15"
_NOTHING_MOVED: Final = "ICS-16"
_GIVEN_UP: Final = "ICS-19"
CARD: Final[dict[int, str]] = {
    SW.FUNDS: "ICS-01",
    SW.REFERENCE_NOT_USABLE: "ICS-02",
    SW.LIMIT: "ICS-03",
    SW.POCKET: "ICS-04",
    SW.SEQUENCE_EXHAUSTED: "ICS-05",
    SW.MEMORY_FAILURE: "ICS-05",
    SW.NOT_FOUND: NOT_OURS,
    SW.CLASS_NOT_SUPPORTED: NOT_OURS,
    SW.INSTRUCTION_NOT_SUPPORTED: NOT_OURS,
    SW.SIGNATURE_WRONG: "ICS-07",
    SW.CONDITIONS_NOT_SATISFIED: "ICS-08",
}
"""By what the customer's card answered."""
MODULE: Final[dict[int, str]] = {
    SW.REFERENCE_NOT_USABLE: "ICS-02",
    SW.POCKET: "ICS-04",
    SW.SIGNATURE_WRONG: NOT_OURS,
    SW.CONDITIONS_NOT_SATISFIED: "ICS-08",
    SW.LOG_FULL: "ICS-09",
    SW.NOT_FOUND: "ICS-10",
    SW.CLASS_NOT_SUPPORTED: "ICS-10",
    SW.INSTRUCTION_NOT_SUPPORTED: "ICS-10",
    SW.CEILING: "ICS-12",
    SW.SEQUENCE_EXHAUSTED: "ICS-12",
    SW.MEMORY_FAILURE: "ICS-12",
}
"""By what the security module answered, often about the card."""
DOUBTS: Final[dict[tuple[Place, str], tuple[str, Missing]]] = {
    (Place.MODULE, OTHER_MODULE): ("ICS-17", Missing.NOTHING),
    (Place.MODULE, FORGOTTEN): ("ICS-18", Missing.NOTHING),
    (Place.CARD, ABSENT): (_CARD_GONE, Missing.CARD),
    (Place.CARD, SILENT): (_CARD_GONE, Missing.CARD),
    (Place.CARD, OTHER_CARD): (_OTHER_CARD, Missing.ANOTHER_CARD),
}
"""By who could not tell, and why: the message, and what it takes. Whatever else: ask again."""
_SIDES: Final = {None: Side.UNKNOWN, True: Side.MOVED, False: Side.NOT_MOVED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Icash:
    """The tender that a second scheme is."""

    name: str = NAME
    verb: str = "IC"
    aid: bytes = CARD_AID
    kind: str = E_CASH
    right: Right = Right.PAYMENT_TAKE
    over: OverTender = OverTender.REFUSED
    mover: Mover = Mover.DEVICE

    def label(self, language: Language) -> str:
        """Return what the screen and the receipt call it."""
        return {"ko": "ICash", "en": "ICASH"}[language]

    async def take(self, ask: Asked, desk: Desk) -> Outcome:
        """Have the customer's card pay the amount into the shop's module."""
        assert ask.amount.minor <= AMOUNT_MAX, "no sale is that large"
        if not desk.cards.configured:
            return NotSent(code="RDR-05", reason="no slots are configured")
        table = await _table(desk)
        if isinstance(table, NotSent):
            return table
        witness = table.witness
        order = Order(
            amount=ask.amount.minor,
            currency=ask.amount.currency.number,
            reference=order_reference(desk.key),
            day=desk.day,
        )
        intended: list[Details] = []

        async def intend(details: Details) -> None:
            await desk.intend(peer_of(details))
            intended.append(details)
            witness.begin(details)
            desk.progress(PaymentStep.MOVING, balance=witness.balance)

        try:
            result = await table.play(purchase(order), intend)
            if isinstance(result, NotPaid):
                return await _explain(result, table, ask.amount, desk, intended=bool(intended))
        finally:
            await table.close()
        if isinstance(result, Paid):
            desk.progress(PaymentStep.RECEIVED)
        return await _settled(result, ask.amount, desk, witness)

    async def held(self, card: CardChannel, *, clock: Clock, language: Language) -> str:
        """Return what a security module says of itself: its name, its total, how much room it has."""
        state = None
        for apdu in (SELECT_MODULE, QUERY_MODULE):
            answer = await card.transmit(apdu, deadline_ns=clock.monotonic_ns() + EXCHANGE_NS)
            response = None if answer is None else parse_response(answer)
            state = None if response is None else decode_module_state(response.data)
        if state is None:
            return {"ko": "ICash 보안모듈이 아닙니다", "en": "this is no ICash module"}[language]
        name = state.module.decode("ascii", "replace")
        known = next((each for each in CURRENCIES.values() if each.number == state.currency), None)
        total = str(state.total) if known is None else str(Money(state.total, known))
        if language == "ko":
            return f"{name}: 누계 {total}, 미완료 여유 {state.free}건"
        return f"{name}: took {total} in all, room for {state.free} unfinished"

    async def resume(self, ask: Asked, peer: str, desk: Desk) -> Outcome:
        """Find out what became of an attempt; end it, if it is under way and still wanted."""
        details = details_in(peer)
        if details is None:
            return Unknown(case_id=desk.key, reason="the attempt names no purchase", code=_UNKNOWN)
        begun = InDoubt(details, Place.MODULE, SILENT)
        return await _settled(begun, ask.amount, desk, Witness(details=details))


@dataclass(slots=True, kw_only=True)
class _Table:
    """Module and card on the table, powered; `card` is None while only the module is asked."""

    module: CardChannel
    card: CardChannel | None
    desk: Desk
    witness: Witness

    async def play(
        self, dialogue: Dialogue, intend: Callable[[Details], Awaitable[None]] | None = None
    ) -> Result:
        """Play a dialogue to its end. Raises: what `intend` raises."""

        async def answer(step: Step) -> Response | None:
            match step:
                case Ask():
                    return await self.exchange(step)
                case Intend(details):
                    assert intend is not None, "only a new purchase has an intent"
                    await intend(details)
                    return None
                case _:
                    assert_never(step)

        return await played(dialogue, answer, most=EXCHANGES_MAX)

    async def exchange(self, asked: Ask) -> Response | None:
        """Send one command to its side."""
        channel = self.card if asked.place is Place.CARD else self.module
        if channel is None:
            return None
        self.witness.send(asked)
        response = await _transmit(channel, asked.apdu, self.desk)
        if response is not None:
            self.witness.hear(asked, response)
        return response

    async def close(self) -> None:
        """Let go of both."""
        if self.card is not None:
            await self.card.close()
        await self.module.close()


async def _transmit(channel: CardChannel, apdu: bytes, desk: Desk) -> Response | None:
    deadline_ns = desk.clock.monotonic_ns() + EXCHANGE_NS
    answer = await channel.transmit(apdu, deadline_ns=deadline_ns)
    return None if answer is None else parse_response(answer)


async def _module(desk: Desk, wait_ns: int) -> CardChannel | None:
    deadline_ns = desk.clock.monotonic_ns() + wait_ns
    return await desk.cards.shop(deadline_ns=deadline_ns, scheme=NAME)


async def _table(desk: Desk) -> _Table | NotSent:
    """Power both; the module first, so that no customer waits for a till that cannot."""
    desk.progress(PaymentStep.CARD)
    module = await desk.unless_given_up(_module(desk, CONNECT_NS))
    if isinstance(module, GivenUp):
        return NotSent(code=_GIVEN_UP, reason="the clerk gave up waiting for the module")
    if module is None:
        return NotSent(code="ICS-11", reason="the security module cannot be reached")
    deadline_ns = desk.clock.monotonic_ns() + CONNECT_NS
    card = await desk.unless_given_up(desk.cards.customer(deadline_ns=deadline_ns))
    if card is None or isinstance(card, GivenUp):
        await module.close()
    if isinstance(card, GivenUp):
        return NotSent(code=_GIVEN_UP, reason="the clerk gave up waiting for a card")
    if card is None:
        seconds = CONNECT_NS // NANOSECONDS_PER_SECOND
        return NotSent(code="RDR-02", reason="no card came", blanks={"seconds": seconds})
    return _Table(module=module, card=card, desk=desk, witness=Witness())


async def _explain(
    refused: NotPaid, table: _Table, amount: Money, desk: Desk, *, intended: bool
) -> Declined | NotSent:
    """Return the outcome of a purchase that did not begin or was refused; nothing moved.

    `intended`: the attempt stands in the journal, so that it gets its result there.
    """
    of_card = refused.place is Place.CARD
    reason = f"{refused.place.value} {refused.sw:04X}"
    if not refused.sw:
        code = "RDR-03" if of_card else "ICS-11"
        silent = f"{refused.place.value} is silent"
        return Declined(code=code, reason=silent) if intended else NotSent(code=code, reason=silent)
    code = (CARD if of_card else MODULE).get(refused.sw, OTHER)
    if code == NOT_OURS and of_card and table.card is not None:
        tender = await desk.whose(table.card)
        if tender is not None and not isinstance(tender, Carded):
            of_bank = {"verb": tender.verb}
            return NotSent(code="RDR-07", reason=f"a card of {tender.name}", blanks=of_bank)
        if tender is not None:
            named = {"label": tender.label(desk.language), "verb": tender.verb}
            instead = tender.name if tender.kind == TENDER.kind else ""
            told = f"a card of {tender.name}"
            return NotSent(code="RDR-06", reason=told, blanks=named, instead=instead)
    match code:
        case "ICS-01":
            balance = table.witness.balance or 0
            blanks: dict[str, str | int] = {
                "balance": balance,
                "short": max(0, amount.minor - balance),
            }
        case "ICS-04":
            blanks = {"currency": amount.currency.code}
        case "ICS-13":
            blanks = {"word": f"{refused.sw:04X}"}
        case _:
            blanks = {}
    return Declined(code=code, reason=reason, blanks=blanks)


async def _settled(result: Result, amount: Money, desk: Desk, witness: Witness) -> Outcome:
    """Ask module and card until they tell; keep what the collector pays for."""
    for _ in range(RECOVERIES_MAX):
        # Asking again at once would tell nothing new where the card is not there.
        if not isinstance(result, InDoubt) or result.reason in (ABSENT, OTHER_CARD):
            break
        result = await _asked(result, desk, witness)
    card, shop = _SIDES[witness.paid], _SIDES[witness.credited]
    desk.told(card=card, balance=witness.balance, shop=shop)
    match result:
        case Paid(details, proof):
            desk.keep(_taken(details, proof or await _proof(details, desk)))
            return Approved(
                amount=Money(details.amount, amount.currency), reference=purchase_reference(details)
            )
        case NotPaid(place, sw):
            reason = f"{place.value} {sw:04X}, module and card asked"
            return Declined(code=_NOTHING_MOVED, reason=reason)
        case InDoubt(_, place, reason):
            code, missing = _why(result)
            told = f"{place.value}: {reason}"
            return Unknown(case_id=desk.key, reason=told, code=code, missing=missing)
        case _:
            assert_never(result)


def _why(doubt: InDoubt) -> tuple[str, Missing]:
    """Return the message for a doubt, and what it takes to end it."""
    return DOUBTS.get((doubt.place, doubt.reason), (_UNKNOWN, Missing.NOTHING))


async def _asked(doubt: InDoubt, desk: Desk, witness: Witness) -> Result:
    """Connect anew and recover; without the customer's card the module may know alone."""
    module = await _module(desk, RECOVERY_NS)
    if module is None:
        return InDoubt(doubt.details, Place.MODULE, SILENT)
    table = _Table(module=module, card=None, desk=desk, witness=witness)
    try:
        alone = await table.play(recover(doubt.details, desk.day, wanted=desk.wanted))
        if not isinstance(alone, InDoubt) or alone.place is Place.MODULE:
            return alone
        deadline_ns = desk.clock.monotonic_ns() + RECOVERY_NS
        table.card = await desk.cards.customer(deadline_ns=deadline_ns)
        if table.card is None:
            return InDoubt(doubt.details, Place.CARD, ABSENT)
        return await table.play(recover(doubt.details, desk.day, wanted=desk.wanted))
    finally:
        await table.close()


async def _proof(details: Details, desk: Desk) -> bytes:
    """Have the card say SI again, where only the module has told and the card is still there."""
    card = await desk.cards.customer(deadline_ns=desk.clock.monotonic_ns() + PROOF_NS)
    if card is None:
        return b""

    async def answer(step: Step) -> Response | None:
        assert isinstance(step, Ask), "a proof intends nothing"
        return await _transmit(card, step.apdu, desk)

    try:
        return await played(prove(details), answer, most=EXCHANGES_MAX)
    finally:
        await card.close()


def _taken(details: Details, proof: bytes) -> ValueTaken:
    return ValueTaken(
        method=NAME,
        device=details.module.hex(),
        amount=details.amount,
        details=details.encode(),
        proof=proof,
    )


TENDER: Final = Icash()
