"""The commands around the drawer and the day: open, cash moves, count, close, X, no-sale, papers again."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from devices.payment_terminal import Finished
from pos import commands
from pos.points import CASH, COPY, DRAWER, NOTE, SHIFT_CLOSE, SHIFT_COUNT, SHIFT_OPEN
from pos.register import Register
from pos.rights import Right
from pos.sale import Refusal
from pos.shift import Close, Count, Move, Open, business_date, decide, figures
from pos.store.papers import RECEIPTS, Form, Paper, PaperState
from pos.tenders.terminal import NAME as TERMINAL
from pos.view import Notice, Stage
from protocols.facts import (
    CashMoved,
    DrawerOpened,
    ReceiptCopied,
    SaleClosed,
    ShiftClosed,
    ShiftCounted,
    ShiftOpened,
    TerminalNoted,
)
from protocols.zvt.status import StatusInformation

APPROVAL_SECONDS: Final = 1.5
"""How long a copy waits for the number of its cash receipt."""
_SALE: Final = msgspec.msgpack.Decoder(SaleClosed)
_DIRECTIONS = {
    ("in", "ko"): "입금",
    ("out", "ko"): "출금",
    ("drop", "ko"): "금고로 보냄",
    ("in", "en"): "Cash in",
    ("out", "en"): "Cash out",
    ("drop", "en"): "To the safe",
}


@dataclass(frozen=True, slots=True)
class TradingDay:
    """Carries out what concerns the shift and the drawer."""

    register: Register

    async def open(self, float_amount: int) -> Notice:
        """Open a shift; the business date is the store's date now, and holds until it closes."""
        register = self.register
        date = business_date(register.clock.now_ns(), register.setup.zone)
        step = Open(float_amount=float_amount, business_date=date, store=register.setup.store)
        fact = decide(register.shift, step)
        if isinstance(fact, Refusal):
            return register.explain(fact)
        assert isinstance(fact, ShiftOpened)
        last_sale = await register.runner.run(lambda store: store.journal.last_sale_number(date))
        draft = replace(register.draft(fact, amount=float_amount), business_date=date)
        await register.append([draft], SHIFT_OPEN)
        register.business_date, register.next_sale = date, last_sale + 1
        register.stage = Stage.ENTRY
        return register.say("shift_opened", amount=float_amount)

    async def move_cash(self, command: commands.MoveCash) -> Notice:
        """Put cash in or take it out; the fact is durable before the drawer opens."""
        register = self.register
        fact = decide(
            register.shift,
            Move(direction=command.direction, amount=command.amount, reason=command.reason),
        )
        if isinstance(fact, Refusal):
            return register.explain(fact)
        assert isinstance(fact, CashMoved)
        await register.append([register.draft(fact, amount=fact.amount)], CASH)
        return register.say(
            "cash_moved",
            direction=_DIRECTIONS[command.direction, register.language],
            amount=fact.amount,
            reason=fact.reason,
        )

    async def count(self, denominations: dict[int, int]) -> Notice | None:
        """Take the blind count; from now on the expected cash is shown."""
        register = self.register
        if register.sale.number:
            return register.say("SHF-03")
        fact = decide(register.shift, Count(denominations=denominations))
        if isinstance(fact, Refusal):
            return register.explain(fact)
        assert isinstance(fact, ShiftCounted)
        await register.append([register.draft(fact, amount=fact.counted)], SHIFT_COUNT)
        register.stage = Stage.COUNTED
        return None

    async def close(self, reason: str) -> Notice:
        """Write the Z and print it. What is unsent or in doubt stands on it and never stops it.

        What is in doubt or questioned is signed off by whoever may; the questions are settled with it.
        Raises: StoreError, NotAllowedError.
        """
        register = self.register
        if register.sale.number:
            return register.say("SHF-03")
        await register.recount()
        fact = decide(register.shift, self._closing(reason))
        if isinstance(fact, Refusal):
            return register.explain(fact)
        assert isinstance(fact, ShiftClosed)
        if fact.in_doubt or fact.questioned:
            register.demand(Right.SHIFT_SIGN_OFF)
        # Only now, when nothing stops the Z any more: the terminal's day ends once.
        total = await self._terminal_total()
        fact = msgspec.structs.replace(fact, terminal_total=total)
        paper = register.paper("z", fact)
        await register.append(
            [register.draft(fact, amount=fact.counted)],
            SHIFT_CLOSE,
            papers=[paper],
            within=lambda store: store.chains.settle(fact.questioned),
        )
        register.stage = Stage.CLOSED
        taken = max(0, fact.by_method.get(TERMINAL, 0))
        if register.payment_terminal is not None and total is None:
            return register.say("TRM-16")
        if total is not None and total != taken:
            return register.say("TRM-15", till=taken, terminal=total)
        return register.say("shift_closed", z=fact.z, sales=fact.sales, difference=fact.over_short)

    async def _terminal_total(self) -> int | None:
        """Have the payment terminal end its day, and return what that came to; None without its word."""
        terminal = self.register.payment_terminal
        if terminal is None:
            return None
        match await terminal.end_of_day():
            case Finished(code=0, status=StatusInformation(amount=int(amount))):
                return amount
            case _:
                return None

    def x(self) -> ShiftClosed:
        """Return the figures so far; nothing is reset and the count is not shown."""
        uncounted = replace(self.register.shift, counted=None)
        return figures(uncounted, self._closing(""), z=0)

    async def read_x(self) -> Notice:
        """Print the figures so far."""
        register = self.register
        if not register.shift.number:
            return register.say("SHF-01")
        await register.recount()
        await register.append([], NOTE, papers=[register.paper("x", self.x())])
        return register.say("x_printed" if register.setup.has_printer else "PRN-08")

    async def open_drawer(self, reason: str) -> Notice:
        """Note that the drawer is opened without a sale, and why."""
        register = self.register
        if not register.shift.number:
            return register.say("SHF-01")
        if not reason.strip():
            return register.say("ENT-12")
        fact = DrawerOpened(shift=register.shift.number, reason=reason.strip())
        await register.append([register.draft(fact, amount=0)], DRAWER)
        return register.say("drawer_opened", reason=fact.reason)

    async def train(self) -> Notice:
        """Leave this counter for the training counter, or that one for this; no sale may be open."""
        register = self.register
        if register.sale.number:
            return register.say("TRN-01")
        note = TerminalNoted(note="training-end" if register.setup.training else "training")
        await register.append([register.draft(note, amount=0)], NOTE)
        register.switching = True
        return register.say("training_ends" if register.setup.training else "training_begins")

    async def reprint(self, sale: int | None) -> Notice:
        """Let a receipt come out again, marked as a copy; who asked stands in the journal first."""
        register = self.register
        if not register.setup.has_printer:
            return register.say("PRN-08")
        paper = await self.receipt(sale, RECEIPTS)
        if paper is None:
            return self._no_receipt(sale)
        if paper.form == "sale" and _SALE.decode(paper.body).cash_receipt is not None:
            await self._ask_for_approval(register.order(paper.sale, paper.business_date))
        again = replace(paper, copy=paper.copy + 1)
        await self._copy(again, "")
        return register.say("reprinted", sale=register.sale_name(paper.sale), copy=again.copy)

    async def _ask_for_approval(self, order: str) -> None:
        """Learn the tax office's number for a copy; without an answer it stays a request."""
        register = self.register
        if order in register.approvals or register.offline:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(APPROVAL_SECONDS):
                there = await register.elsewhere.sale(order)
                if there is not None and there.cash_receipt:
                    register.approvals[order] = there.cash_receipt

    async def gift(self, sale: int | None) -> Notice:
        """Print a gift receipt of a sale; who asked, and the how-many-th it is, stand in the journal."""
        register = self.register
        if not register.setup.has_printer:
            return register.say("PRN-08")
        paper = await self.receipt(sale)
        if paper is None:
            return self._no_receipt(sale)
        before = await register.runner.run(
            lambda store: store.papers.of_sale(paper.business_date, paper.sale, ("gift",))
        )
        count = 1 if before is None else before.copy + 1
        await self._copy(replace(paper, form="gift", copy=count), "gift")
        return register.say("gift_printed", sale=register.sale_name(paper.sale))

    async def refusal(self, sale: int | None) -> Notice:
        """Print the slip of a payment that was refused, for a customer who wants it on paper."""
        register = self.register
        if not register.setup.has_printer:
            return register.say("PRN-08")
        paper = await self.receipt(sale, ("declined",))
        if paper is None:
            return register.say("RPT-05")
        await self._copy(replace(paper, copy=paper.copy + 1), "refusal")
        return register.say("refusal_printed", sale=register.sale_name(paper.sale))

    async def _copy(self, paper: Paper, reason: str) -> None:
        """Let a paper of an earlier sale come out, its fact with it."""
        register = self.register
        fact = ReceiptCopied(sale=paper.sale, copy=paper.copy, reason=reason)
        draft = replace(register.draft(fact, amount=0), business_date=paper.business_date)
        await register.append([draft], COPY, papers=[replace(paper, state=PaperState.WAITING)])

    def _no_receipt(self, sale: int | None) -> Notice:
        register = self.register
        if sale is None:
            return register.say("RPT-01")
        return register.say("RPT-02", sale=register.sale_name(sale))

    async def receipt(self, sale: int | None, forms: Sequence[Form] = ("sale",)) -> Paper | None:
        """Return the newest paper of a sale of this business date, or of the last one."""
        date = self.register.business_date
        return await self.register.runner.run(
            lambda store: store.papers.of_sale(date, sale or 0, forms)
        )

    def _closing(self, reason: str) -> Close:
        counts = self.register.counts
        return Close(
            store=self.register.setup.store,
            reason=reason,
            unsent=counts.waiting,
            in_doubt=counts.in_doubt,
            questioned=counts.questioned,
            names={
                person: self.register.name_of(person) for person in self.register.shift.by_clerk
            },
        )
