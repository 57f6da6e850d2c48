"""The counter screen: keys in, the till's view out, at 80 x 24 and 120 x 40.

Keys go through the intake (it tells a scanner from a hand) to the desk, which says what they mean. Commands are carried out one after the other by
one task. The picture is drawn from the till's view and the desk alone, after every change of either.
"""

import asyncio
import select
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.geometry import Offset
from textual.message import Message
from textual.screen import Screen

from pos import commands
from pos.commands import Command, Reading
from pos.control_client import BenchRefusesError, BenchSilentError
from pos.keymap import Binding
from pos.messages import cells, notice
from pos.ui.desk import (
    Desk,
    Leave,
    LoadTraining,
    Step,
    Work,
    choose,
    chooses,
    pasted,
    press,
    scanned,
    taken,
    unasked,
)
from pos.ui.drawing.basket import FRAME_ROWS, window_top
from pos.ui.drawing.entry import entry_text
from pos.ui.drawing.too_small import COLUMNS_MIN, ROWS_MIN
from pos.ui.grid import row
from pos.ui.intake import Intake
from pos.ui.picture import PARTS, SMALL, Scene, paint
from pos.ui.rows import Rows
from pos.ui.source import Counter
from pos.ui.training import Act, Bench, TrainingPage
from pos.view import Notice, Stage, TillView
from protocols.ports import NANOSECONDS_PER_SECOND

WORK_MAX: Final = 256
"""Commands waiting behind one that runs; keys beyond are refused with the bell."""
# The screen library declares these as lists that a class may replace.
_COLUMNS: list[tuple[int, str]] | None = [(0, "-narrow"), (COLUMNS_MIN, "-normal"), (120, "-wide")]
_LINES: list[tuple[int, str]] | None = [(0, "-short"), (ROWS_MIN, "-usual")]


class CounterScreen(Screen[None], inherit_bindings=False):
    """The clerk's only screen."""

    BINDINGS: ClassVar[list[BindingType]] = []
    HORIZONTAL_BREAKPOINTS = _COLUMNS
    VERTICAL_BREAKPOINTS = _LINES

    class ViewChanged(Message):
        """The till has a new view."""

        def can_replace(self, message: Message) -> bool:
            """Fast device ticks collapse into one picture."""
            return isinstance(message, CounterScreen.ViewChanged)

    def __init__(self, counter: Counter) -> None:
        super().__init__(id="counter")
        self._counter = counter
        self._desk = Desk()
        self._heard: Notice | None = None
        """The till's newest message."""
        self._intake = Intake(
            counter.keymap,
            pressed=self._pressed,
            scanned=self._scanned,
            choosing=self._choosing,
            chosen=self._chosen,
            waiting=self._keys_wait,
            repeat_window_ns=counter.repeat_window_ns,
        )
        self._top = 0
        self._work: asyncio.Queue[Command] = asyncio.Queue(WORK_MAX)
        self._busy = False
        self._leaving = False
        self._drawn = False
        self._unwatch: Callable[[], None] | None = None

    @property
    def desk(self) -> Desk:
        """What is on the desk now."""
        return self._desk

    @property
    def idle(self) -> bool:
        """Tell whether no command runs or waits: the counter may be left."""
        return not self._busy and self._work.empty()

    @property
    def quiet(self) -> bool:
        """Tell whether no key is held back and no command runs or waits."""
        return self.idle and not self._intake.holds

    @property
    def drawn(self) -> bool:
        """Tell whether the first picture was shown."""
        return self._drawn

    def compose(self) -> ComposeResult:
        """Lay the parts out; counter.tcss gives them their places."""
        with Horizontal(id="top"):
            yield Rows(id="status")
            yield Rows(id="clock")
        with Horizontal(id="middle"):
            yield Rows(id="basket")
            yield Rows(id="pane")
            yield Rows(id="side")
        for part in ("takeover", "entry", "banner", "keys", "small"):
            yield Rows(id=part)

    def on_mount(self) -> None:
        """Start to watch the till, to carry commands out and to show the time."""
        self._parts = {part.id or "": part for part in self.query(Rows)}
        self._unwatch = self._counter.till.watch(lambda _: self._changed())
        self.run_worker(self._carry_out(), name="till", exit_on_error=True)
        self.set_interval(1.0, self._tick)

    def on_unmount(self) -> None:
        """Stop watching and waiting."""
        self._intake.stop()
        if self._unwatch is not None:
            self._unwatch()

    def on_rows_measured(self, event: Rows.Measured) -> None:
        """Draw for the new size of a part."""
        event.stop()
        self._top = 0
        self.draw()

    def on_counter_screen_view_changed(self) -> None:
        """Draw what the till has become; what it says now stands before what the desk said."""
        self._desk = unasked(self._desk, self._view)
        if self._view.switching:
            self.leave_when_idle()
        notice = self._view.notice
        if notice is not self._heard:
            self._heard = notice
            if notice is not None:
                self._desk = replace(self._desk, note=None)
        if self._view.stage is Stage.SUBTOTAL:
            self._intake.look_again()  # A fast hand has keyed its choice before the list was there.
        self.draw()

    async def on_key(self, event: events.Key) -> None:
        """Take a key; none goes further up."""
        event.stop()
        event.prevent_default()
        self._intake.key(event)

    def on_paste(self, event: events.Paste) -> None:
        """Take pasted text."""
        event.stop()
        refused = pasted(self._desk, self._view)
        if refused is not None:
            self._apply(refused)
        else:
            self._intake.paste(event.text)

    @property
    def _view(self) -> TillView:
        return self._counter.till.view

    def _changed(self) -> None:
        self.post_message(self.ViewChanged())

    def _pressed(self, binding: Binding | None, character: str | None) -> None:
        self._apply(press(self._desk, self._view, self._counter.grammar, binding, character))

    def _scanned(self, code: str, reading: Reading) -> None:
        self._apply(scanned(self._desk, self._view, self._counter.grammar, code, reading))

    def _keys_wait(self) -> bool:
        """Tell whether keys were pressed that did not come to the intake yet."""
        if self.message_queue_size or self.app.message_queue_size:
            return True
        terminal = sys.__stdin__
        if terminal is None or terminal.closed or not terminal.isatty():
            return False
        return bool(select.select([terminal], [], [], 0)[0])

    def _choosing(self) -> bool:
        return len(self._desk.text) == 1 and chooses(self._desk, self._view)

    def _chosen(self) -> None:
        self._apply(choose(self._desk, self._view, self._counter.grammar))

    def _apply(self, step: Step) -> None:
        before, self._desk = self._desk, step.desk
        for work in step.work:
            self._begin(work)
        if self._desk != before:
            self.draw()

    def _begin(self, work: Work) -> None:
        match work:
            case Leave():
                self._leave()
            case LoadTraining():
                self.run_worker(self._load_training(), group="bench", exclusive=True)
            case Act():
                self.run_worker(self._act(work), group="bench")
            case commands.Cancel() | commands.Pick() if self._view.stage is Stage.TENDER:
                # Not behind the payment that it is to end, or that waits for it.
                self.run_worker(self._counter.till.execute(work), group="payment")
            case _:
                try:
                    self._work.put_nowait(work)
                except asyncio.QueueFull:
                    self.app.bell()

    def _leave(self) -> None:
        if self.idle:
            self.app.exit()
        else:
            self._desk = replace(self._desk, note=notice("SYS-02", self._view.language))

    def leave_when_idle(self) -> None:
        """End the program as soon as no command runs; whatever waits is given up."""
        self._leaving = True
        while not self._work.empty():
            self._work.get_nowait()
        if self.idle:
            self.app.exit()

    async def _carry_out(self) -> None:
        """Carry commands out one by one; one that has begun is never broken off."""
        while True:
            command = await self._work.get()
            self._busy = True
            try:
                await asyncio.shield(self._counter.till.execute(command))
            finally:
                self._busy = False
            if self._leaving:
                self.app.exit()

    async def _load_training(self) -> None:
        await self._with_bench(lambda bench, page: page.opened(bench, self._counter.goods))

    async def _act(self, act: Act) -> None:
        await self._with_bench(lambda bench, page: page.acted(bench, act, self._view.language))

    async def _with_bench(
        self, visit: Callable[[Bench, TrainingPage], Awaitable[TrainingPage]]
    ) -> None:
        """Go to the virtual equipment and show what came of it, if the panel is still open."""
        bench, page = self._counter.bench, self._desk.training
        if page is None:
            return
        changed = replace(page, answered=True)
        try:
            if bench is not None:
                changed = await visit(bench, page)
        except BenchSilentError as error:
            note = notice("BEN-01", self._view.language, reason=str(error))
            self._desk = replace(self._desk, note=note)
        except BenchRefusesError as error:
            note = notice("BEN-02", self._view.language, reason=str(error))
            self._desk = replace(self._desk, note=note)
        if self._desk.training is not None:
            page = self._desk.training.learned(changed)
            self._desk = replace(self._desk, training=page)
        self.draw()

    def draw(self) -> None:
        """Show till and desk as they are now."""
        view, desk = self._view, self._desk
        covered = taken(desk, view) is not None
        if covered != self.has_class("-taken"):
            self.set_class(covered, "-taken")  # The parts say so when they have their new places.
        basket = self._parts["basket"].extent[1] - FRAME_ROWS
        if basket > 0:
            self._top = window_top(self._top, len(view.lines), view.selected, basket)
            if desk.half_page != basket // 2:
                self._desk = desk = replace(desk, half_page=max(1, basket // 2))
        small = self.size.width < COLUMNS_MIN or self.size.height < ROWS_MIN
        # While a terminal shrinks, the parts keep sizes in which nothing can be drawn.
        parts = {name: self._parts[name] for name in PARTS if (name == SMALL) is small}
        scene = Scene(
            view=view,
            desk=desk,
            keymap=self._counter.keymap,
            top=self._top,
            now_ns=self._counter.clock.now_ns(),
        )
        paint(parts, scene)
        # Composition of Hangul happens at the terminal's own cursor.
        entry = self._parts["entry"]
        self._show_clock()
        self._drawn = True
        self.app.cursor_position = Offset(cells(entry_text(view, desk)), entry.region.y)

    def _tick(self) -> None:
        """Show the time, and what counts seconds: two rows at most."""
        if self._view.payment is None and self._view.doubt is None:
            self._show_clock()
        else:
            self.draw()

    def _show_clock(self) -> None:
        seconds = self._counter.clock.now_ns() / NANOSECONDS_PER_SECOND
        now = datetime.fromtimestamp(seconds, self._counter.zone)
        self._parts["clock"].show([row(f"{now:%H:%M:%S} ")])
