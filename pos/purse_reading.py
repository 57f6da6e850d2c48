"""Reading one purse in one slot: the enquiry of protocols.purse.enquiry over a powered card."""

from typing import Final

from pos.dialogues import played
from pos.purses import EXCHANGE_NS
from protocols.iso7816 import Response, parse_response
from protocols.money import Currency
from protocols.ports import CardChannel, Clock
from protocols.purse.enquiry import Told, Untold, enquire

READS_MAX: Final = 300
"""Of one enquiry: SELECT, pockets, state, and a statement of 255 records."""


async def read_purse(
    channel: CardChannel, currency: Currency, *, clock: Clock, statement: bool = False
) -> Told | Untold:
    """Ask a purse for its pocket, and for its last transfers; moves nothing, changes nothing."""

    async def tell(apdu: bytes) -> Response | None:
        deadline_ns = clock.monotonic_ns() + EXCHANGE_NS
        answer = await channel.transmit(apdu, deadline_ns=deadline_ns)
        return None if answer is None else parse_response(answer)

    return await played(enquire(currency.number, statement=statement), tell, most=READS_MAX)
