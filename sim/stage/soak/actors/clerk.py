"""Sells at one till all day long, as a clerk does whatever the till does.

    morning    the shift is opened with its float
    customers  a basket by the scanner, keyed where it does not read; a line or the whole sale given up, or a
               basket put aside, now and then; cash, e-cash, or some of each; afterwards now and then a copy,
               cash in or out, an X, goods that come back
    a shift's end   the drawer is counted, sometimes wrongly, and the shift closed with its Z

What lies in the drawer the clerk knows by hand: what customers put down less the change they got. A till
that dies is switched on again, and the screen then says what was done and what was not.
"""

import asyncio
from typing import Final

from protocols.ports import NANOSECONDS_PER_SECOND
from sim.stage.soak.actors.corrections import Corrections
from sim.stage.soak.actors.customer import CardHolder
from sim.stage.soak.actors.hands import Hands
from sim.stage.soak.goods import goods
from sim.stage.soak.registry import Kind
from sim.stage.soak.soak import Soak

PAUSE_SECONDS: Final = 330.0
"""Between two customers, on average: ten an hour and till, 560 receipts a day, as a supermarket of four tills
has. What they buy, how they pay and what goes wrong is denser than in any shop."""
ITEM_SECONDS: Final = 3.0
SCAN_SECONDS: Final = 2.0
"""After so long without a beep, the number under the bars is keyed."""
SHIFT_SECONDS: Final = 7 * 3_600
FLOAT: Final = 200_000
ITEMS_MAX: Final = 5
PATIENCE: Final = 40
"""Entries for one sale, or one Z, before it is said that it cannot be ended."""
DOUBT_FIRST: Final = "PUR-25"
TRIES_MAX: Final = 3
"""How often a card is tried before the customer pays cash."""
NOTES: Final = (50_000, 10_000, 5_000, 1_000, 500, 100, 50, 10, 5, 1)
MISCOUNT: Final = 1_000
BESIDES: Final = (
    ("{}CI:change", 10_000, 1),
    ("{}CO:ice", 3_000, -1),
    ("{}DR:safe", 50_000, -1),
    ("NS:look", 0, 0),
    ("XR", 0, 0),
    ("RP", 0, 0),
)
"""What is done beside selling: the entry, how much of it, and which way it goes."""


class Clerk:
    """One clerk at one till."""

    def __init__(self, soak: Soak, terminal: str) -> None:
        self._soak = soak
        self._terminal = terminal
        self._till = soak.world.till(terminal)
        self._name = f"clerk {terminal}"
        self._dice = soak.dice(self._name)
        self._hands = Hands(soak, terminal, self._name, self._dice)
        self._corrections = Corrections(
            soak, terminal, self._hands, soak.dice(f"corrections {terminal}")
        )
        self._card = CardHolder(soak, terminal)
        self._drawer = 0
        """What lies in it, by hand."""

    async def live(self) -> None:
        """Work until the shop closes."""
        while self._soak.is_open():
            await self._open_shift()
            end_ns = self._soak.now_ns + SHIFT_SECONDS * NANOSECONDS_PER_SECOND
            while self._soak.is_open() and self._soak.now_ns < end_ns:
                await asyncio.sleep(self._dice.seconds(PAUSE_SECONDS))
                await self._serve()
                if self._dice.chance(40):
                    await self._besides()
                if self._dice.chance(40):
                    self._drawer -= await self._corrections.take_back()
                    self._soak.demand_drawer(self._terminal, self._drawer)
            await self._close_shift()

    # A sale

    async def _serve(self) -> None:
        for _ in range(1 + self._dice.below(ITEMS_MAX)):
            await self._enter(self._dice.among(goods()))
            await asyncio.sleep(self._dice.seconds(ITEM_SECONDS))
        if self._dice.chance(30):
            await self._hands.key("VD")
        if self._dice.chance(15):
            await self._hands.key("VS:no money")
        if self._dice.chance(30):
            await self._corrections.hold_and_recall()
        for _ in range(PATIENCE):
            if not await self._hands.has_sale():
                break
            await self._settle()
        else:
            self._hands.stuck("cannot end the sale")
        await self._till.equipment.do("printer", "close_drawer")
        self._soak.demand_drawer(self._terminal, self._drawer)

    async def _enter(self, code: str) -> None:
        """Scan an item; where the till does not beep, key its number."""
        before = await self._hands.pieces()
        if not self._dice.chance(100):
            await self._till.equipment.do("scanner", "scan", code=code)
            if await self._hands.until(lambda: self._hands.pieces_now() > before, SCAN_SECONDS):
                return
            self._soak.recovered("keyed what was not scanned")
        await self._hands.key(code)

    async def _settle(self) -> None:
        """Pay, or give up what costs nothing."""
        if not self._till.view.due:
            await self._hands.key("VS:nothing left")
            return
        draw = self._dice.below(100)
        if draw < 40 and self._card.may_pay():
            part = self._till.view.due // 20 * 10 if draw < 5 else 0
            await self._by_card(part)
        if await self._hands.has_sale() and self._till.view.due:
            await self._by_cash()
        if await self._hands.has_sale() and not self._till.view.due:
            await self._hands.key("CA")

    async def _by_card(self, part: int) -> None:
        """Have a customer pay by e-cash, all of it or a part; whatever it does, it ends."""
        if not self._card.step_up():
            return
        for _ in range(TRIES_MAX):
            if not await self._hands.has_sale() or not self._card.present():
                break
            await self._card.while_paying(self._hands.key(f"{part or ''}EC"))
            if part and await self._hands.has_sale():
                break
        self._card.step_back()

    async def _by_cash(self) -> None:
        due = self._till.view.due
        tendered = self._till.view.tendered
        note = self._dice.among((0, 0, 1_000, 5_000, 10_000))
        handed = -(-due // note) * note if note else due
        life = self._till.life
        said = await self._hands.key(f"{handed if note else ''}CA")
        if said is not None and said.code == DOUBT_FIRST:
            # Nobody knows whether the card has paid: that is put aside, and cash taken.
            await self._hands.key("KT")
            return
        if not await self._hands.has_sale():
            same = self._till.life is life
            # A till that died over it says whether the sale is done; the change is as it was said.
            change = self._till.view.last_change if same else handed - due
            self._drawer += handed - change
        elif self._till.view.tendered > tendered:
            self._drawer += handed

    # Besides

    async def _besides(self) -> None:
        entry, amount, way = self._dice.among(BESIDES)
        if way < 0 and self._drawer - amount < FLOAT:
            return
        if way:
            done = await self._hands.booked("cash.moved", entry.format(amount))
            self._drawer += way * amount if done else 0
        else:
            await self._hands.key(entry)
        self._soak.demand_drawer(self._terminal, self._drawer)

    # The shift

    async def _open_shift(self) -> None:
        for _ in range(PATIENCE):
            if await self._stage() != "closed":
                break
            # A till that died over it has opened nothing.
            await self._hands.key(f"{FLOAT}OS")
        else:
            self._hands.stuck("cannot open the shift")
        self._drawer = FLOAT

    async def _close_shift(self) -> None:
        wrong = MISCOUNT * (self._dice.below(3) - 1) if self._dice.chance(100) else 0
        for _ in range(PATIENCE):
            match await self._stage():
                case "closed":
                    break
                case "counted":
                    await self._hands.key("CZ:counted twice")
                case _ if await self._hands.has_sale():
                    # A scan that came late has begun it.
                    await self._hands.key("VS:nobody is there")
                case _:
                    await self._hands.key(f"{_pieces(self._drawer + wrong)}CN")
        else:
            self._hands.stuck("cannot close the shift")
        self._soak.step(self._name, "goes home")

    async def _stage(self) -> str:
        await self._hands.awake()
        return str(self._till.view.stage.value)


def _pieces(amount: int) -> str:
    """Return an amount as a count of notes and coins."""
    counts = []
    for note in NOTES:
        pieces, amount = divmod(amount, note)
        if pieces:
            counts.append(f"{note}x{pieces}")
    return ",".join(counts)


KIND: Final = Kind(name="clerk", make=Clerk, each_till=True, trade=True)
