"""The card slots among the till's devices: their lamps, and for `doctor` what the till's own purses say.

A slot's state becomes a lamp and a sentence, like any device's health. What a card of the till's own
holds is read only when somebody asks for it: no payment waits for that. Of another scheme's card its
tender says it.
"""

import asyncio
from typing import Final

from devices.health import WORKS
from devices.smart_card import health
from pos.card_slots import SlotCards
from pos.devices import LAMPS
from pos.messages import Language
from pos.purse_reading import read_purse
from pos.tenders.agreement import Keeping
from pos.till import Till
from pos.view import DeviceView, Notice, Stage
from protocols.money import Money
from protocols.ports import NANOSECONDS_PER_SECOND, CardChannel, Clock, SlotDown, SlotState
from protocols.purse.enquiry import Told

LOOK_NS: Final = 8 * NANOSECONDS_PER_SECOND
"""How long opening all slots may take."""
_LABELS: Final = {
    "customer": ("customer_card", "손님 카드", "Customer's card"),
    "shop": ("shop_card", "매장 전자화폐", "Shop's purse"),
    "teller": ("teller_card", "창구 전자화폐", "Teller's purse"),
}


class CardLamps:
    """Tells the till how its card slots are."""

    def __init__(self, cards: SlotCards, till: Till, *, clock: Clock) -> None:
        self._cards = cards
        self._till = till
        self._clock = clock
        self._sentences: dict[str, str] = {}
        self._hinted: dict[str, Notice] = {}
        """What stands on the hint line of a reader that does not answer."""

    async def look(self) -> None:
        """Open every slot and tell how it is, now and whenever it changes."""
        self._cards.watch(self._changed)
        deadline_ns = self._clock.monotonic_ns() + LOOK_NS
        await asyncio.gather(
            *(self._cards.open(role, deadline_ns=deadline_ns) for role in self._cards.roles)
        )

    async def examine(self) -> None:
        """Read the till's own cards: whose they are, what they hold, until when."""
        for role in self._cards.roles:
            tender = self._till.register.tender(_scheme(role))
            if role not in ("shop", "teller") and not isinstance(tender, Keeping):
                continue
            deadline_ns = self._clock.monotonic_ns() + LOOK_NS
            channel = await self._cards.power(role, deadline_ns=deadline_ns)
            if channel is None:
                continue
            try:
                if isinstance(tender, Keeping):
                    told = await tender.held(channel, clock=self._clock, language=self._language)
                else:
                    told = await self._told(channel)
            finally:
                await channel.close()
            self._sentences[role] = told
            self._changed(role, self._cards.state(role))

    async def _told(self, channel: CardChannel) -> str:
        currency = self._till.register.setup.currency
        told = await read_purse(channel, currency, clock=self._clock)
        korean = self._language == "ko"
        if not isinstance(told, Told):
            return "전자화폐 카드가 아닙니다" if korean else "this is no purse"
        held = Money(told.state.balance, currency).format()
        name, until = told.state.name.decode("ascii", "replace"), str(told.state.expiry)
        date = f"{until[:4]}-{until[4:6]}-{until[6:]}"
        if korean:
            return f"{name}: {held} {currency.code}, 기한 {date}"
        return f"{name}: {held} {currency.code}, until {date}"

    def _names(self, scheme: str) -> tuple[str, str, str]:
        """Return what the slot of a scheme is called: as a role, in Korean, in English."""
        tender = self._till.register.tender(scheme)
        ko, en = (scheme, scheme) if tender is None else (tender.label("ko"), tender.label("en"))
        return f"shop_card_{scheme}", f"매장 {ko}", f"Shop's {en}"

    @property
    def _language(self) -> Language:
        return self._till.register.setup.language

    def _changed(self, role: str, state: SlotState) -> None:
        address = str(self._cards.address(role)).partition("?")[0]
        how = health(state, address)
        word, ko, en = _LABELS.get(role) or self._names(_scheme(role))
        korean = self._language == "ko"
        match state:
            case SlotDown(ko=why_ko, en=why_en):
                sentence = why_ko if korean else why_en
            case _ if how is WORKS:
                sentence = self._sentences.get(role, "")
            case _:
                sentence = how.sentence(self._language)
        self._till.set_device(
            DeviceView(
                role=word,
                label=ko if korean else en,
                address=address,
                lamp=LAMPS[how.level],
                sentence=sentence,
            )
        )
        self._hint(role, ko if korean else en, down=isinstance(state, SlotDown))

    def _hint(self, role: str, label: str, *, down: bool) -> None:
        """Say once that a reader does not answer, until it does. A payment says itself how it ends."""
        told = self._hinted.pop(role, None) if not down else None
        if told is not None:
            self._till.take_back(told)
        register = self._till.register
        busy = register.stage in (Stage.TENDER, Stage.DOUBT)
        if down and role not in self._hinted and not busy:
            self._hinted[role] = register.say("RDR-01", reader=label)
            self._till.tell(self._hinted[role])


def _scheme(role: str) -> str:
    """Return the scheme whose own slot this is; empty for a slot that is nobody's own."""
    return role.removeprefix("shop/") if role.startswith("shop/") else ""
