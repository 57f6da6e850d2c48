"""The till: carries out commands one at a time, and shows what is, as one snapshot.

    command -> right? -> stage? -> rules -> durable -> "done" -> drawer -> customer display -> paper

Law 2: the result is durable before "done" is shown, the drawer opens or paper moves. Whatever follows
it (drawer, display, printer, link) is a machine of its own and never gates it. When the store fails,
selling stops; the next command tries to rebuild everything from the store and goes on if it can.
Source: house.md "journal", clerk-and-courier.md 5.4.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Final, Literal, TypeVar, assert_never

from pos import commands
from pos.closing import Paid
from pos.commands import Command
from pos.correcting import Correcting
from pos.doubted import ASKING_NS, Doubted
from pos.e_receipts import EReceipts
from pos.entry import masked
from pos.equipment import Display, Drawer, Kick, Printer
from pos.holding import Holding
from pos.loading import Recovery, end_in_order
from pos.members import Members
from pos.originals import sale_in
from pos.paper import PaperQueue, Press, PrintEvent
from pos.parking import Parking
from pos.paying import Paying
from pos.people import People
from pos.points import Point
from pos.pricing import Pricing
from pos.purse_services import PurseServices, Served
from pos.register import Register
from pos.repaying import Repaying
from pos.returning import GivingBack
from pos.rights import NotAllowedError, Right, right_of
from pos.self_test import SelfTest
from pos.selling import Selling
from pos.showing import Viewer
from pos.store.chains import QueueCounts
from pos.store.errors import StoreError, cause_of
from pos.store.journal import Doubt
from pos.store.papers import Paper
from pos.tenders.agreement import LastOnly, Tender
from pos.trading_day import TradingDay
from pos.view import DeviceView, Lamp, Notice, QueueView, Stage, TillView
from pos.voiding import Voiding, by_device
from protocols.members import is_card
from protocols.ports import NANOSECONDS_PER_SECOND

T = TypeVar("T")
PARKED_MAX: Final = 20
"""How many attempts are asked about between two customers."""
COMMANDS_WAITING_MAX: Final = 1_024
"""A burst of a thousand scans is taken; whoever sends more is told."""
DRAWER_TIMEOUT_NS: Final = 3 * NANOSECONDS_PER_SECOND
STOP_SECONDS: Final = 5.0
"""How long ending waits for a drawer and a display."""

SECONDS_PER_MINUTE: Final = 60
_IN_DOUBT: Final = (
    commands.Resume,
    commands.Park,
    commands.PrintSituation,
    commands.Prove,
    commands.Show,
    commands.Cancel,
)
"""What may be done while nobody knows what became of a payment."""

_CORRECTING: Final = (
    commands.Pay,
    commands.QuickCash,
    commands.Subtotal,
    commands.GiveBack,
    commands.ReturnLine,
    commands.EndReturn,
    commands.VoidTender,
    commands.VoidClosed,
    commands.ReadPurse,
    commands.Resume,
    commands.Park,
    commands.PrintSituation,
    commands.Show,
    commands.Select,
    commands.Cancel,
    commands.Prove,
    commands.SignOn,
    commands.Lock,
)
"""What may be done while a closed sale is being corrected."""

Page = Literal["sale", "menu", "queue", "devices", "help", "link"]


class Till:
    """One counter. Made by pos.wiring; used by the screen, the headless commands and tests alike."""

    def __init__(
        self,
        register: Register,
        *,
        drawer: Drawer,
        display: Display,
        printer: Printer | None = None,
        press: Press | None = None,
    ) -> None:
        self.register = register
        self._drawer = drawer
        self._display = display
        self._selling = Selling(register, display)
        self._paying = Paying(register, self._publish, self._announce, self._ask_first)
        self._voiding = Voiding(
            register, self._selling, self._publish, self._announce, self._ask_first
        )
        self._returns = GivingBack(
            register, self._selling, self._paying.give_back, self._voiding.give_back
        )
        self._correcting = Correcting(register, self._selling, self._returns, self._voiding)
        self._repaying = Repaying(register, self._publish, self._announce)
        self._services = PurseServices(register, self._publish, self._announce)
        self._pricing = Pricing(register, self._selling)
        self._members = Members(register, self._selling)
        self._holding = Holding(register)
        self._day = TradingDay(register)
        self._links = EReceipts(register)
        self._people = People(register)
        self._tests = SelfTest(register, display, self._test_drawer)
        self._parking = Parking(register, self._selling)
        self._papers = (
            PaperQueue(register, printer, press, self._on_print, self.store_failed)
            if printer is not None and press is not None
            else None
        )
        self._press = press
        self._viewer = Viewer()
        self._watchers: list[Callable[[TillView], None]] = []
        self._devices: dict[str, DeviceView] = {}
        self._queue = QueueView("alone")
        self._notice: Notice | None = None
        self._page: Page = "sale"
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._view: TillView | None = None
        self._touched = 0.0
        """When something was last done, on the loop's clock."""
        self._idle: asyncio.TimerHandle | None = None
        self.appended: Callable[[], None] = lambda: None
        """Called after facts were made durable: the outbox has something to send."""
        self.mended: Callable[[], None] = lambda: None
        """Called when the store works again after it had failed."""

    @property
    def view(self) -> TillView:
        """Return the till as it is now; only after `start`."""
        assert self._view is not None, "the till shows nothing before it has started"
        return self._view

    @property
    def served(self) -> Mapping[str, object]:
        """Return what the last service for a card has found or done, for programs."""
        return self._services.told

    def watch(self, callback: Callable[[TillView], None]) -> Callable[[], None]:
        """Call back with every new view; returns what ends it."""
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback)

    async def start(self) -> Notice | None:
        """Rebuild everything from the store and begin to work. Raises: StoreError."""
        recovery = await self.register.load()
        if recovery is not None:
            self._notice = self._recovered(recovery)
        self._people.settle()
        self._notice = self._correcting.half_done() or self._notice
        if self._links.show_again():
            self._page = "link"
        if self.register.doubted is not None:
            self._notice = self.register.say(self.register.doubted.code)
            self._display_notice(self._notice)
        elif self._notice is None and self.register.counts.in_doubt:
            self._notice = self.register.say("PUR-20", count=self.register.counts.in_doubt)
        if self._papers is not None:
            self._spawn(self._papers.run(), name="papers")
        self._publish()
        self._touched = asyncio.get_running_loop().time()
        self._watch_idle()
        return self._notice

    async def stop(self) -> None:
        """End in order: what runs is finished or let go, the store is closed."""
        async with self._turn:
            if self._idle is not None:
                self._idle.cancel()
            if self._papers is not None:
                self._papers.end()
            if self._tasks:
                _, late = await asyncio.wait(self._tasks, timeout=STOP_SECONDS)
                for task in late:
                    task.cancel()
            try:
                if self.register.stage is not Stage.STOPPED:
                    await self.register.runner.run(end_in_order)
            finally:
                await self.register.runner.close()

    async def execute(self, command: Command) -> Notice | None:
        """Carry out one command, after those before it; the notice is also in the view.

        Esc while a payment runs does not wait for its turn: the payment is what it may end.
        """
        if isinstance(command, commands.Cancel) and self.register.stage is Stage.TENDER:
            return self._give_up()
        if isinstance(command, commands.Pick) and self._asks_to_choose:
            return self._chosen(command)
        if self._waiting >= COMMANDS_WAITING_MAX:
            return self._overrun(command)
        self._waiting += 1
        try:
            async with self._turn:
                before = self.register.counts
                self.register.split = 0
                if self._page == "link":
                    # Whatever is done next: the customer before this one has read it.
                    self._page = "sale"
                notice = await self._guarded(command)
                asking = self._people.asking
                self._notice = asking.under or notice if asking is not None else notice
                self._after(before)
                return notice
        finally:
            self._waiting -= 1
            self._touched = asyncio.get_running_loop().time()

    async def check_doubt(self) -> None:
        """Ask once more about the payment in doubt, as Enter does; pos.checking calls this.

        Nothing that stands on the screen goes away for an answer that is none.
        """
        async with self._turn:
            doubted, before = self.register.doubted, self.register.counts
            resting = self.register.stage is not Stage.DOUBT or self._people.asking is not None
            if doubted is None or resting:
                return
            self.register.doubted = replace(doubted, checks=doubted.checks + 1)
            try:
                said = self._ended(await self._found_out(doubted.doubt))
            except StoreError as error:
                said = self._stopped(error)
            if said.level != "C" or self.register.stage is not Stage.DOUBT:
                self._notice = said
            self._after(before)

    async def check_parked(self) -> bool:
        """Ask once about every attempt that holds nothing up, between two customers; pos.checking calls this.

        Says what it has found, and nothing of what nobody knows still. Returns whether it was the time for it.
        """
        async with self._turn:
            register, before = self.register, self.register.counts
            busy = register.has_sale() or self._people.asking is not None or not register.at_work
            if register.stage is not Stage.ENTRY or busy:
                return False
            try:
                for doubt in (await register.doubts())[:PARKED_MAX]:
                    result = await self._ask_about(doubt)
                    if doubt.key not in {each.key for each in await register.doubts()}:
                        self._notice = self._found(result)
            except StoreError as error:
                self._notice = self._stopped(error)
            self._after(before)
            return True

    async def between(self, work: Callable[[], Awaitable[T]]) -> T | None:
        """Do something between two commands; None where the store failed, and selling has stopped."""
        async with self._turn:
            before = self.register.counts
            try:
                return await work()
            except StoreError as error:
                self._notice = self._stopped(error)
                return None
            finally:
                self._after(before)

    def set_device(self, device: DeviceView) -> None:
        """Show a device as it is now; a printer that is well again gets the papers that wait."""
        before = self._devices.get(device.role)
        self._devices[device.role] = device
        well_again = before is None or before.lamp is not device.lamp
        if device.role == "printer" and device.lamp in (Lamp.OK, Lamp.WARN) and well_again:
            self.print_what_waits()
        self._publish()

    def set_queue(self, queue: QueueView) -> None:
        """Show what is on its way to the broker."""
        self._queue = queue
        self.register.offline = queue.link in ("offline", "refused")
        self._publish()

    def tell(self, notice: Notice) -> None:
        """Show a message that no command asked for; a takeover stays until its cause is gone."""
        takeover = self._notice is not None and self._notice.level == "C"
        if not takeover or notice.level == "C":
            self._notice = notice
            self._publish()

    def take_back(self, notice: Notice) -> None:
        """Take away a message that is over; one that came after it stays."""
        if self._notice is notice:
            self._notice = None
            self._publish()

    def store_failed(self, error: StoreError) -> None:
        """Stop selling: the store failed under something that runs beside the till."""
        self.tell(self._stopped(error))

    def print_what_waits(self) -> None:
        """Try the waiting papers now."""
        if self._papers is not None:
            self._papers.nudge()

    async def load_goods(self) -> None:
        """Work by the newest catalogue, policy and staff list. Raises: StoreError."""
        async with self._turn:
            before = self.register.counts
            await self.register.load_goods()
            told = await self._people.follow(self._takeover)
            if told is not None and self._takeover is None:
                self._notice = told
            self._publish()
            if self.register.counts is not before:
                self.appended()
            self._watch_idle()

    async def papers_out(self, *, seconds: float) -> bool:
        """Wait until no paper waits any more. Returns whether that came true in time."""
        if self._papers is None:
            return True
        out = asyncio.Event()

        def look(view: TillView) -> None:
            if not view.paper_waiting:
                out.set()

        unwatch = self.watch(look)
        look(self.view)
        try:
            async with asyncio.timeout(seconds):
                await out.wait()
        except TimeoutError:
            return False
        finally:
            unwatch()
        return True

    def text_of(self, paper: Paper) -> str:
        """Return a paper as text. Raises: StoreError for a body that is none."""
        return "" if self._press is None else self._press.text(paper)

    def x_paper(self) -> Paper | None:
        """Return the figures so far as a paper that is not stored; None when no shift is open."""
        register = self.register
        return register.paper("x", self._day.x()) if register.shift.number else None

    def _after(self, before: QueueCounts) -> None:
        """Show what a command has made of the till, and have its facts sent."""
        self._publish()
        if self.register.counts is not before:
            self.appended()

    async def _guarded(self, command: Command) -> Notice | None:
        """Check right and stage, carry out, and stop selling when the store fails."""
        try:
            if self.register.stage is Stage.STOPPED:
                await self.register.load()
                self._people.settle()
                self._go_on()
            if isinstance(command, commands.Scan) and (
                told := await self._people.badge(command.code)
            ):
                return told
            if self._people.asking is None:
                return await self._permitted(command)
            return await self._answered(command)
        except StoreError as error:
            return self._stopped(error)

    @property
    def _takeover(self) -> Notice | None:
        """Return the message that takes the whole screen, if one does."""
        notice = self._notice
        return notice if notice is not None and notice.level == "C" else None

    async def _permitted(self, command: Command) -> Notice | None:
        """Carry out a command, or ask for somebody who may allow it. Raises: StoreError."""
        try:
            refused = self._out_of_place(command)
            if refused is not None:
                return refused
            self.register.demand(right_of(command))
            return await self._carry_out(command)
        except NotAllowedError as error:
            return self._people.ask(command, error.right, self._takeover)

    async def _answered(self, command: Command) -> Notice | None:
        """Take a command while somebody is asked for. Raises: StoreError.

        Anything but an answer ends the asking: what waits was meant for the till as it stood.
        """
        match command:
            case commands.Prove():
                return await self._approved(command)
            case commands.Cancel():
                return self._people.leave()
            case _ if not self.register.at_work:
                return self._people.shut_out(command)
        asking, sale = self._people.asking, self.register.sale
        self._people.leave()
        notice = await self._permitted(command)
        if asking is None or not isinstance(command, commands.Scan):
            return notice
        if self.register.sale is not sale:
            return notice or self.register.say("RGT-06")
        self._people.ask_again(asking)
        return notice

    async def _approved(self, answer: commands.Prove) -> Notice | None:
        """Carry out what waits, once, with the approval of whoever has just proved it."""
        asking = self._people.asking
        approval = await self._people.prove(answer)
        if isinstance(approval, Notice):
            return approval
        assert asking is not None and asking.command is not None, "only what waits is approved"
        self.register.approval = approval
        try:
            return await self._permitted(asking.command)
        finally:
            self.register.approval = None

    def _out_of_place(self, command: Command) -> Notice | None:
        """Return why a command cannot be carried out at this stage, if it cannot."""
        register = self.register
        if register.doubted is not None and not _serves(command, register.doubted):
            return register.say("PUR-25")
        sale = register.sale
        for_new = sale.changing is not None and (
            isinstance(command, commands.CashReceipt | commands.TakeMember)
            or (isinstance(command, commands.Scan) and is_card(command.code))
        )
        corrects = isinstance(command, _CORRECTING) or for_new
        if (sale.voiding or sale.changing) and not corrects:
            return self._correcting.half_done() or register.say("VOI-05")
        match command:
            case (
                commands.Show()
                | commands.Prove()
                | commands.SignOn()
                | commands.SignOff()
                | commands.Lock()
                | commands.Train()
                | commands.Cancel()
                | commands.OpenShift()
                | commands.CountShift()
                | commands.CloseShift()
                | commands.ReadX()
                | commands.Reprint()
                | commands.ShowLink()
                | commands.Select()
                | commands.Resume()
                | commands.Park()
                | commands.PrintSituation()
                | commands.ReadPurse()
            ):
                return None
            case _ if not register.shift.number:
                return register.say("SHF-01")
            case _ if register.stage is Stage.COUNTED:
                return register.say("SHF-06")
            case _:
                return None

    async def _carry_out(self, command: Command) -> Notice | None:
        match command:
            case commands.Scan():
                return await self._scanned(command)
            case (
                commands.Pay() | commands.QuickCash() | commands.GiveBack() | commands.EndReturn()
            ) if self.register.sale.changing is not None:
                return await self._change(command)
            case (
                commands.BeginReturn()
                | commands.ReturnLine()
                | commands.GiveBack()
                | commands.EndReturn()
            ):
                return await self._return(command)
            case commands.SetQuantity() | commands.VoidLine() | commands.Select() if (
                self.register.stage is Stage.RETURN
            ):
                return await self._in_return(command)
            case commands.SetQuantity(quantity):
                return await self._selling.set_quantity(quantity)
            case commands.VoidLine():
                return await self._selling.take_back(self.register.selected)
            case commands.VoidLast():
                return await self._selling.take_back(None)
            case commands.VoidSale(reason):
                return await self._void(reason)
            case commands.VoidTender(choice, method):
                return self._ended(await self._voiding.take_out(choice, method))
            case commands.Discount():
                return await self._pricing.discount(command)
            case commands.SetPrice():
                return await self._pricing.set_price(command)
            case commands.Quick(choice):
                return await self._selling.quick(choice)
            case commands.Hold(label):
                return await self._holding.hold(label)
            case commands.Recall(choice):
                return await (self._holding.recall(choice) if choice else self._holding.listed())
            case commands.Select(by):
                return self._selling.select(by)
            case commands.Find(text):
                return self._selling.find(text)
            case commands.Pick(choice):
                return await self._selling.pick(choice)
            case commands.Subtotal():
                return self._paying.subtotal()
            case commands.ChoosePaper(wanted):
                return await self._links.choose(wanted=wanted)
            case commands.ShowLink(sale):
                return await self._show_link(sale)
            case commands.CashReceipt():
                return await self._paying.want_cash_receipt(command)
            case commands.VoidClosed(receipt, reason):
                return self._ended(await self._correcting.void(receipt, reason))
            case commands.ChangeTender(choice, receipt, reason):
                return await self._correcting.change(choice, receipt, reason)
            case commands.TakeMember():
                return await self._members.take(command)
            case commands.Pay(method) if self.register.sale.due < 0:
                return self._ended(await self._returns.give(method))
            case commands.Pay(method, amount):
                return self._ended(await self._paying.pay(method, amount))
            case commands.QuickCash(choice):
                return self._ended(await self._paying.quick(choice))
            case commands.Resume():
                return await self._resume()
            case commands.Park(instead):
                return await self._park(instead)
            case commands.PrintSituation():
                return await self._print_situation()
            case (
                commands.ReadPurse()
                | commands.LoadPurse()
                | commands.DepositPurse()
                | commands.RefundPurse()
            ):
                return await self._serve(command)
            case commands.TestDevice(choice):
                return await self._test(choice)
            case commands.Show(page):
                self._page = page
                return None
            case commands.Cancel() if self._page == "sale" and self.register.sale.changing:
                if self.register.stage is Stage.SUBTOTAL:
                    return self._back()
                return await self._correcting.leave()
            case commands.Cancel() if self._page == "sale" and self._is_returning():
                return await self._leave_return()
            case commands.Cancel():
                return self._back()
            case commands.Prove():
                return self.register.say("RGT-05")
            case commands.Train():
                return await self._day.train()
            case commands.SignOn():
                return self._people.hand_over()
            case commands.SignOff():
                return await self._people.sign_off()
            case commands.Lock(reason):
                return await self._people.lock(reason, self._takeover)
            case _:
                return await self._of_the_day(command)

    async def _scanned(self, command: commands.Scan) -> Notice | None:
        """Take a code for what it is: a coupon, a receipt, goods that come back, or goods."""
        register = self.register
        told = self._tests.read(command.code)
        if told is not None:
            return told
        coupon = self._pricing.coupon(command.code)
        if coupon is not None:
            return await self._pricing.take_coupon(coupon)
        if is_card(command.code) and not register.sells(command.code):
            return await self._members.take(commands.TakeMember(command.code))
        receipt = sale_in(command.code)
        if receipt is not None:
            register.demand(Right.SALE_RETURN)
            return await self._returns.begin(receipt, "")
        back = register.sale.returning
        if register.stage is Stage.RETURN and back is not None and not back.original:
            match = self._selling.match(command)
            if isinstance(match, Notice):
                return match
            return await self._returns.take_goods(*match)
        return await self._selling.scan(command)

    async def _return(
        self,
        command: commands.BeginReturn
        | commands.ReturnLine
        | commands.GiveBack
        | commands.EndReturn,
    ) -> Notice | None:
        match command:
            case commands.BeginReturn(receipt, reason):
                return await self._returns.begin(receipt, reason)
            case commands.ReturnLine(choice, quantity):
                taken = await self._returns.take(choice, quantity)
                return None if taken is None else self._ended(taken)
            case commands.GiveBack(method):
                return self._ended(await self._returns.give(method or None))
            case commands.EndReturn():
                return await self._returns.end()

    async def _in_return(
        self, command: commands.SetQuantity | commands.VoidLine | commands.Select
    ) -> Notice | None:
        """Let the keys of the basket's lines mean the lines of the earlier sale."""
        if isinstance(command, commands.Select):
            self._returns.select(command.by)
            return None
        quantity = command.quantity if isinstance(command, commands.SetQuantity) else 0
        taken = await self._returns.take(0, quantity)
        return None if taken is None else self._ended(taken)

    async def _of_the_day(
        self,
        command: commands.OpenShift
        | commands.MoveCash
        | commands.CountShift
        | commands.CloseShift
        | commands.ReadX
        | commands.OpenDrawer
        | commands.Reprint,
    ) -> Notice | None:
        before = self.register.counts
        match command:
            case commands.OpenShift(float_amount):
                notice: Notice | None = await self._day.open(float_amount)
            case commands.MoveCash():
                notice = await self._day.move_cash(command)
            case commands.CountShift(denominations):
                notice = await self._day.count(denominations)
            case commands.CloseShift(reason):
                notice = await self._day.close(reason)
            case commands.ReadX():
                notice = await self._day.read_x()
            case commands.OpenDrawer(reason):
                notice = await self._day.open_drawer(reason)
            case commands.Reprint(sale, what):
                prints = {
                    "receipt": self._day.reprint,
                    "gift": self._day.gift,
                    "refusal": self._day.refusal,
                }
                notice = await prints[what](sale)
            case _:
                assert_never(command)
        happened = self.register.counts is not before
        if happened and isinstance(command, commands.MoveCash | commands.OpenDrawer):
            self._spawn(self._kick(), name="drawer")
        self.print_what_waits()
        return notice

    async def _show_link(self, sale: int | None) -> Notice:
        found = await self._links.show(sale)
        if isinstance(found, Notice):
            return found
        self.register.shown_link, self._page = found, "link"
        return self.register.say("link_shown", sale=found.sale)

    async def _resume(self) -> Notice:
        """Find out about every attempt in doubt; the open sale's last, because it may end the sale."""
        register = self.register
        if register.doubted is not None:
            # The counter waits for this one; the others wait for their customers.
            until_ns = register.clock.now_ns() + ASKING_NS
            register.doubted = replace(register.doubted, until_ns=until_ns)
            return self._ended(await self._found_out(register.doubted.doubt))
        doubts = await register.doubts()
        order = register.order(register.sale.number) if register.has_sale() else ""
        said = register.say("no_doubts")
        for doubt in sorted(doubts, key=lambda doubt: doubt.order == order):
            said = self._found(await self._ask_about(doubt))
        self.print_what_waits()
        if said.level == "C" and register.doubted is None:
            # No sale waits for it: it is told, and the counter goes on.
            said = replace(said, level="B")
        return await self._repay() or said

    async def _ask_about(self, doubt: Doubt) -> Notice | Paid | Served:
        """Find out about one attempt, whatever it was for. Raises: StoreError."""
        if doubt.fact.repays:
            return await self._repaying.resume(doubt)
        if doubt.fact.service in ("", "void"):
            return await self._found_out(doubt)
        return await self._services.resume(doubt)

    def _found(self, result: Notice | Paid | Served) -> Notice:
        """Let what follows follow."""
        return self._served(result) if isinstance(result, Served) else self._ended(result)

    async def _found_out(self, doubt: Doubt) -> Notice | Paid:
        """Ask about the attempt that holds the counter: a payment, or one on its way back."""
        if doubt.fact.service == "void":
            return await self._voiding.resume(doubt)
        return await self._paying.resume(doubt)

    async def _ask_first(self, tender: Tender) -> None:
        """Ask about what is in doubt at a device that says only its last result, before it has another.

        What proves to be the customer's goes back at once, while it can be undone without the card. What is
        the open sale's is left to whoever asks for it: it may end the sale.
        """
        register = self.register
        if not isinstance(tender, LastOnly) or not register.counts.in_doubt:
            return
        order = register.order(register.sale.number) if register.has_sale() else ""
        for doubt in await register.doubts():
            if doubt.fact.method != tender.name or doubt.order == order:
                continue
            self._found(await self._ask_about(doubt))
            for late in await register.owed():
                if late.key in (doubt.key, doubt.fact.refunds):
                    await self._repaying.repay(late)
        self.print_what_waits()

    async def _repay(self) -> Notice | None:
        """Give back what came too late, to the card that is there."""
        said: Notice | None = None
        for late in await self.register.owed():
            said = await self._repaying.repay(late) or said
        if said is not None:
            self._display_notice(said)
            self.print_what_waits()
        return said

    async def _park(self, instead: Literal["tender", "void"]) -> Notice:
        register = self.register
        doubted = register.doubted
        if doubted is not None and doubted.doubt.fact.service == "void":
            notice = await self._voiding.park(doubted)
        elif register.sale.changing is not None:
            notice = await self._parking.park("tender")
        elif instead == "void" and by_device(register):
            # The other payments go back first, as far as their cards are there.
            notice = await self._parking.park("tender")
            notice = await self._void(f"parked {doubted.doubt.key}" if doubted else "") or notice
        else:
            cash_goes_back = instead == "void" and bool(register.sale.tenders)
            before = register.counts
            notice = await self._parking.park(instead)
            if cash_goes_back and not register.has_sale() and register.counts is not before:
                self._spawn(self._kick(), name="drawer")
        self._display_notice(notice)
        self.print_what_waits()
        return notice

    async def _change(
        self, command: commands.Pay | commands.QuickCash | commands.GiveBack | commands.EndReturn
    ) -> Notice | None:
        """Take what replaces a payment, and give that back once all of it stands."""
        register = self.register
        match command:
            case commands.EndReturn():
                return await self._correcting.leave()
            case commands.GiveBack(method):
                return self._ended(await self._correcting.finish(method))
            case commands.Pay(method, amount) if register.sale.due:
                if refused := self._correcting.refuses(method):
                    return refused
                said = await self._paying.pay(method, amount)
            case commands.QuickCash(choice) if register.sale.due:
                if refused := self._correcting.refuses("cash"):
                    return refused
                said = await self._paying.quick(choice)
            case _:
                return self._ended(await self._correcting.finish())
        if register.sale.changing is None or register.sale.due or register.doubted is not None:
            return self._ended(said)
        self._ended(said)
        return self._ended(await self._correcting.finish())

    async def _test(self, choice: int) -> Notice | None:
        devices = self.view.devices
        if not 1 <= choice <= len(devices):
            return self.register.say("ENT-10", choice=str(choice))
        notice = await self._tests.run(devices[choice - 1])
        self.print_what_waits()
        return notice

    async def _test_drawer(self, reason: str) -> Notice | None:
        self.register.demand(right_of(commands.OpenDrawer(reason)))
        return await self._of_the_day(commands.OpenDrawer(reason))

    async def _print_situation(self) -> Notice:
        notice = await self._parking.print_situation()
        self.print_what_waits()
        return notice

    async def _serve(
        self,
        command: commands.ReadPurse
        | commands.LoadPurse
        | commands.DepositPurse
        | commands.RefundPurse,
    ) -> Notice:
        match command:
            case commands.ReadPurse(statement):
                return self._served(await self._services.balance(statement=statement))
            case commands.LoadPurse(amount):
                return self._served(await self._services.load(amount))
            case commands.DepositPurse(some):
                return self._served(await self._services.deposit(some))
            case commands.RefundPurse(key, some, reason):
                return self._served(await self._services.refund(key, some, reason))
            case _:
                assert_never(command)

    def _served(self, result: Notice | Served) -> Notice:
        """Let drawer, display and printer follow what was done for a card."""
        notice = result if isinstance(result, Notice) else result.notice
        self._display_notice(notice)
        if isinstance(result, Served):
            if result.cash:
                self._spawn(self._kick(), name="drawer")
            self.print_what_waits()
        return notice

    async def _void(self, reason: str) -> Notice | None:
        said = await self._voiding.give_up_sale(reason)
        return None if said is None else self._ended(said)

    def _watch_idle(self) -> None:
        """Lock the till once nothing was done for as long as the policy says; look again until then."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        seconds = self.register.policy.lock_idle_minutes * SECONDS_PER_MINUTE
        if not seconds:
            return
        loop = asyncio.get_running_loop()
        left = self._touched + seconds - loop.time()
        if left <= 0 and not self._waiting:
            self._touched = loop.time()
            if self.register.signed is not None and self.register.at_work:
                self._spawn(self._lock_idle(), name="lock")
        self._idle = loop.call_later(left if left > 0 else seconds, self._watch_idle)

    async def _lock_idle(self) -> None:
        await self.execute(commands.Lock("idle"))

    def _overrun(self, command: Command) -> Notice:
        """Tell that a command was not taken, because too many wait."""
        if isinstance(command, commands.Scan):
            notice = self.register.say("SCN-08", count=1, code=masked(command.code))
        else:
            notice = self.register.say("PAY-05")
        self.tell(notice)
        return notice

    def _ended(self, result: Notice | Paid) -> Notice:
        """Let drawer, display and printer follow what is durable: a sale, or a payment of one."""
        if not isinstance(result, Paid):
            self._display_notice(result)
            self.print_what_waits()
            return result
        self._page = "link" if result.link else "sale"
        self._notice = result.notice
        self._publish()
        self._spawn(self._after_sale(result), name="drawer")
        return result.notice

    async def _after_sale(self, paid: Paid) -> None:
        if paid.cash:
            await self._kick()
        self._display_notice(paid.notice)
        self.print_what_waits()

    async def _kick(self) -> None:
        register = self.register
        register.faults.reach(Point.BEFORE_KICK_DRAWER)
        deadline_ns = register.clock.monotonic_ns() + DRAWER_TIMEOUT_NS
        kicked = await self._drawer.kick(deadline_ns=deadline_ns)
        register.faults.reach(Point.AFTER_KICK_DRAWER)
        if kicked is Kick.STUCK:
            self.tell(register.say("DRW-02"))

    def _announce(self, notice: Notice) -> None:
        """Tell clerk and customer what a payment waits for; the view follows."""
        self._notice = notice
        self._display_notice(notice)

    @property
    def _asks_to_choose(self) -> bool:
        payment = self.register.payment
        return payment is not None and bool(payment.choices)

    def _chosen(self, command: commands.Pick) -> Notice | None:
        """Take a choice for the payment that runs; it does not wait for its turn, the payment waits for it."""
        notice = self._paying.choose(command.choice)
        if notice is not None:
            self.tell(notice)
        return notice

    def _give_up(self) -> Notice | None:
        """End the payment that runs, or say that it can no longer be ended."""
        others = [each for each in (self._services, self._voiding) if each.running]
        notice = others[0].give_up() if others else self._paying.give_up()
        if notice is not None:
            self.tell(notice)
        return notice

    def _is_returning(self) -> bool:
        return self.register.stage is Stage.RETURN

    async def _leave_return(self) -> Notice | None:
        """Go back to the basket with what comes back in it; with nothing, the return is over."""
        if self.register.sale.voiding or not self.register.sale.returned:
            return await self._returns.end()
        self.register.stage = Stage.ENTRY
        return None

    def _back(self) -> Notice | None:
        """Go back one step: the page, the found items, the subtotal, the count."""
        register = self.register
        if self._page != "sale":
            self._page = "sale"
            return None
        register.found = ()
        register.held = ()
        register.members = ()
        if register.stage is not Stage.DOUBT:
            register.stage = Stage.ENTRY if register.shift.number else Stage.CLOSED
        return None

    def _display_notice(self, notice: Notice) -> None:
        if notice.display:
            self._display.show("", notice.display)

    def _on_print(self, event: PrintEvent, paper: Paper) -> None:
        register = self.register
        match event:
            case PrintEvent.UNSURE if paper.sale:
                self.tell(
                    register.say("PRN-06", sale=f"{paper.business_date[4:]}-{paper.sale:04d}")
                )
            case PrintEvent.UNSURE:
                self.tell(register.say("PRN-05"))
            case PrintEvent.WAITS | PrintEvent.PRINTED:
                self._publish()

    def _stopped(self, error: StoreError) -> Notice:
        self.register.stage = Stage.STOPPED
        reason = cause_of(error, self.register.language)
        notice = self.register.say("JNL-01", reason=reason)
        self._display_notice(notice)
        return notice

    def _recovered(self, recovery: Recovery) -> Notice:
        return self.register.say("JNL-02", count=recovery.records)

    def _go_on(self) -> None:
        """Have what runs beside the till go on: it stood still since the store had failed."""
        if self._papers is not None:
            self._papers.mended()
        self.mended()

    def _spawn(self, work: Coroutine[None, None, None], *, name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _alone(self) -> QueueView:
        """Return the numbers of a till that nobody sends for."""
        counts = self.register.counts
        return QueueView(
            "alone",
            waiting=counts.waiting,
            sent=counts.sent,
            in_doubt=counts.in_doubt,
            questioned=counts.questioned,
            owed=counts.owed,
        )

    def _publish(self) -> None:
        self._view = self._viewer.view(
            self.register,
            notice=self._notice,
            asking=self._people.view,
            page=self._page,
            devices=tuple(self._devices.values()),
            queue=self._queue if self._queue.link != "alone" else self._alone(),
        )
        for watcher in list(self._watchers):
            watcher(self._view)


def _serves(command: Command, doubted: Doubted) -> bool:
    """Tell whether a command may be carried out while a payment in doubt holds the counter.

    The same way to pay asks about it; it begins nothing anew.
    """
    fact = doubted.doubt.fact
    same = isinstance(command, commands.Pay) and command.method == fact.method and not fact.service
    return same or isinstance(command, _IN_DOUBT)
