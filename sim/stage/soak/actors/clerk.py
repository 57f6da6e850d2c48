"""Sells at one till all day long, as a clerk does whatever the till does.

    morning    the shift is opened with its float
    customers  a basket by the scanner, keyed where it does not read; a line or the whole sale given up now
               and then; cash, all of it or what is left; and whatever else is done at such moments (`moves`)
    a shift's end   the drawer is counted, sometimes wrongly, and the shift closed with its Z

What lies in the drawer the clerk knows by hand: what customers put down less the change they got. A till
that dies is switched on again, and the screen then says what was done and what was not.
"""

import asyncio
from typing import Final

from protocols.ports import NANOSECONDS_PER_SECOND
from sim.stage.soak.actors.hands import Hands
from sim.stage.soak.dice import Dice
from sim.stage.soak.given import FLOAT
from sim.stage.soak.goods import goods
from sim.stage.soak.registry import Kind, Moment, moves
from sim.stage.soak.soak import Soak

PAUSE_SECONDS: Final = 330.0
"""Between two customers, on average: ten an hour and till, 560 receipts a day, as a supermarket of four tills
has. What they buy, how they pay and what goes wrong is denser than in any shop."""
ITEM_SECONDS: Final = 3.0
SCAN_SECONDS: Final = 2.0
"""After so long without a beep, the number under the bars is keyed."""
SHIFT_SECONDS: Final = 7 * 3_600
ITEMS_MAX: Final = 5
PATIENCE: Final = 40
"""Entries for one sale, or one Z, before it is said that it cannot be ended."""
NOTES: Final = (50_000, 10_000, 5_000, 1_000, 500, 100, 50, 10, 5, 1)
MISCOUNT: Final = 1_000
PART_PER_MILLE: Final = 100
"""Of those who pay cash, who count half of it first."""


class Clerk:
    """One clerk at one till."""

    def __init__(self, soak: Soak, terminal: str) -> None:
        self._soak = soak
        self._terminal = terminal
        self._till = soak.world.till(terminal)
        self._name = f"clerk {terminal}"
        self._dice = soak.dice(self._name)
        self._hands = Hands(soak, terminal, self._name, self._dice)
        self._moves = moves(soak.wish.without)
        self._luck: dict[str, Dice] = {}
        """Of the moves that may be made with a customer, by name."""

    async def live(self) -> None:
        """Work until the shop closes."""
        while self._soak.is_open():
            await self._open_shift()
            end_ns = self._soak.now_ns + SHIFT_SECONDS * NANOSECONDS_PER_SECOND
            while self._soak.is_open() and self._soak.now_ns < end_ns:
                await asyncio.sleep(self._dice.seconds(PAUSE_SECONDS))
                customer = self._soak.happens("customer", self._terminal)
                if customer is None:
                    continue
                self._luck = {move.name: customer.own(move.name) for move in self._moves}
                self._hands.dice, self._hands.card.dice = customer.own("keys"), customer.own("card")
                await self._serve(customer)
                if not await self._hands.has_sale():
                    await self._make(Moment.BETWEEN)
            await self._close_shift()

    # A sale

    async def _serve(self, customer: Dice) -> None:
        for _ in range(1 + customer.below(ITEMS_MAX)):
            await self._enter(customer, customer.among(goods()))
            await asyncio.sleep(customer.seconds(ITEM_SECONDS))
        if customer.chance(30):
            await self._hands.key("VD")
        if customer.chance(15):
            await self._hands.key("VS:no money")
        if await self._hands.has_sale():
            await self._make(Moment.BASKET)
        for _ in range(PATIENCE):
            if not await self._hands.has_sale():
                break
            await self._settle(customer)
        else:
            self._hands.stuck("cannot end the sale")
        await self._till.equipment.do("printer", "close_drawer")
        self._soak.demand_drawer(self._terminal, self._hands.drawer)

    async def _enter(self, customer: Dice, code: str) -> None:
        """Scan an item; where the till does not beep, key its number."""
        before = await self._hands.pieces()
        if not customer.chance(100):
            await self._till.equipment.do("scanner", "scan", code=code)
            if await self._hands.until(lambda: self._hands.pieces_now() > before, SCAN_SECONDS):
                return
            self._soak.recovered("keyed what was not scanned")
        await self._hands.key(code)

    async def _settle(self, customer: Dice) -> None:
        """Pay, or give up what costs nothing."""
        if not self._till.view.due:
            await self._hands.key("VS:nothing left")
            return
        paid = len(self._hands.tenders())
        await self._make(Moment.PAYING)
        if not await self._hands.has_sale():
            return
        part_paid = self._hands.tenders()
        if part_paid and self._till.view.due > 0:
            await self._make(Moment.PART_PAID)
        if len(part_paid) > paid or not await self._hands.has_sale():
            return
        if self._till.view.due:
            await self._by_cash(customer)
        elif await self._hands.has_sale():
            await self._hands.key("CA")

    async def _by_cash(self, customer: Dice) -> None:
        due = self._till.view.due
        tendered = self._till.view.tendered
        part = due // 20 * 10 if customer.chance(PART_PER_MILLE) else 0
        note = customer.among((0, 0, 1_000, 5_000, 10_000))
        handed = part or (-(-due // note) * note if note else due)
        life = self._till.life
        await self._hands.key(f"{handed if note or part else ''}CA")
        if await self._hands.asked(0):
            # Nobody knew whether something else had paid: no cash was taken.
            return
        if not await self._hands.has_sale():
            same = self._till.life is life
            # A till that died over it says whether the sale is done; the change is as it was said.
            change = self._till.view.last_change if same else handed - due
            self._hands.drawer += handed - change
        elif self._till.view.tendered > tendered:
            self._hands.drawer += handed

    async def _make(self, moment: Moment) -> None:
        """Make the moves that are drawn; of those that pay the first, of the others each."""
        for move in self._moves:
            if move.moment is not moment or not self._luck[move.name].chance(move.per_mille):
                continue
            dice = self._soak.happens(move.name, self._terminal)
            if dice is not None:
                self._soak.figures.moves[move.name] += 1
                await move.make(self._hands, dice)
                if moment is Moment.PAYING:
                    return
                if moment is Moment.BETWEEN:
                    self._soak.demand_drawer(self._terminal, self._hands.drawer)
                elif not await self._hands.has_sale():
                    return

    # The shift

    async def _open_shift(self) -> None:
        for _ in range(PATIENCE):
            if await self._stage() != "closed":
                break
            # A till that died over it has opened nothing.
            await self._hands.key(f"{FLOAT}OS")
        else:
            self._hands.stuck("cannot open the shift")
        self._hands.drawer = FLOAT

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
                    await self._hands.key(f"{_pieces(self._hands.drawer + wrong)}CN")
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
