"""Where a customer's PIN is entered, and how it gets to the card past everybody else.

    the reader's own keypad     takes the digits and gives them to the card itself (secure PIN entry)

The till never has a digit in its hands. Implements pos.tenders.agreement.Keypads.
Source: decisions.md "PIN"; clerk-and-courier.md 5.5 (PUR-02 to PUR-05).
"""

from dataclasses import dataclass
from typing import Final

from pos.tenders.agreement import Ask, Desk
from protocols.iso7816 import SW, Response, parse_response
from protocols.outcome import NotSent
from protocols.ports import NANOSECONDS_PER_SECOND, CardChannel
from protocols.purse.card import PIN_KEY
from protocols.secure_pin import PinEntry

ENTRY_SECONDS: Final = 30
"""How long a keypad waits for the customer."""
GRACE_NS: Final = 10 * NANOSECONDS_PER_SECOND
"""How much later the answer must be there: the card compares, the reader tells."""
VERIFY: Final = bytes((0x00, 0x20, 0x00, PIN_KEY))


@dataclass(frozen=True, slots=True)
class TillKeypads:
    """The keypads of one till."""

    async def verify(self, card: CardChannel, ask: Ask, desk: Desk) -> Response | NotSent | None:
        """Have a PIN entered and given to the card."""
        if card.has_keypad:
            return await _at_the_reader(card, desk)
        return Response(b"", SW.SECURITY_NOT_SATISFIED)


async def _at_the_reader(card: CardChannel, desk: Desk) -> Response | None:
    """A command to the card like any other: the clerk cannot take it back, the customer can."""
    entry = PinEntry(header=VERIFY, timeout_s=ENTRY_SECONDS)
    deadline_ns = desk.clock.monotonic_ns() + ENTRY_SECONDS * NANOSECONDS_PER_SECOND + GRACE_NS
    answer = await card.enter_pin(entry.encode(), deadline_ns=deadline_ns)
    return None if answer is None else parse_response(answer)
