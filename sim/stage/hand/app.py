"""The bench on a terminal: shows what is seen, takes keys, carries out what they mean.

The picture is drawn from a Seen and the Desk alone, at most ten times a second. Verbs and entries are
carried out beside each other: a PIN is keyed while the till waits for it.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from pos.ui.rows import Rows
from pos.ui.terminal import TerminalApp
from protocols.control import Verb
from protocols.ports import Clock
from protocols.trace.events import Event
from protocols.trace.words import Row as Told
from protocols.trace.words import Teller
from sim.control import Served
from sim.stage.hand.deeds import Deed, DeviceDeed, EntryDeed, scenario_text
from sim.stage.hand.desk import Desk, Do, Intent, Key, Save, Wish, press
from sim.stage.hand.labels import Language, label
from sim.stage.hand.picture import paint
from sim.stage.hand.seen import Seen
from sim.stage.hand.work import Work
from sim.twin import Paper, VerbError

TOLD_MAX: Final = 2_000
DEEDS_MAX: Final = 10_000
REFRESH_SECONDS: Final = 0.1
_CARD_VERBS: Final = ("insert", "swap")


class BenchScreen(Screen[None], inherit_bindings=False):
    """The only screen."""

    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, work: Work, clock: Clock, language: Language, folder: Path) -> None:
        super().__init__(id="bench")
        self._work = work
        self._clock = clock
        self._language = language
        self._folder = folder
        self._began_ns = clock.monotonic_ns()
        self._desk = Desk(said=label("opening", language))
        self._teller = Teller()
        self._told: deque[Told] = deque(maxlen=TOLD_MAX)
        self._deeds: deque[Deed] = deque(maxlen=DEEDS_MAX)
        self._paper: tuple[object, str] = (None, "")
        self._tasks: set[asyncio.Task[None]] = set()
        self._keying = False
        self._opened = False
        self._leaving = False

    def compose(self) -> ComposeResult:
        """One widget for everything."""
        yield Rows(id="rows")

    def on_mount(self) -> None:
        """Open the work, and draw from now on."""
        assert self._work.watch.recorder is not None, "the bench lives from its trace"
        self._work.watch.recorder.listen(self._heard)
        self.set_interval(REFRESH_SECONDS, self._draw)
        self._begin(self._open())

    @property
    def quiet(self) -> bool:
        """Say whether nothing is being carried out."""
        return self._opened and not self._tasks

    def on_rows_measured(self) -> None:
        """Draw at the new size."""
        self._draw()

    def on_key(self, event: events.Key) -> None:
        """Take a key."""
        event.stop()
        event.prevent_default()
        self._act(press(self._desk, event.key, event.character or "", self.seen()))
        self._draw()

    def on_paste(self, event: events.Paste) -> None:
        """Take a paste as the keys of its first line."""
        event.stop()
        for character in event.text.partition("\n")[0]:
            self._act(press(self._desk, "", character, self.seen()))
        self._draw()

    def seen(self) -> Seen:
        """Return everything that is shown, as it is now."""
        hold = self._work.watch.hold
        devices = self._work.devices
        states = [each.state() for each in devices.values()]
        return Seen(
            title=self._work.title,
            devices=states,
            till=self._work.view,
            paper=self._paper_of(devices.get(self._desk.chosen)),
            told=tuple(self._told),
            paused=hold is not None and hold.paused,
            waiting=0 if hold is None else hold.count,
            next="" if hold is None else hold.next,
            elapsed_ns=self._clock.monotonic_ns() - self._began_ns,
            deeds=len(self._deeds),
        )

    def leave(self) -> None:
        """Close the work, then the program."""
        if not self._leaving:
            self._leaving = True
            self._begin(self._close())

    def _paper_of(self, device: Served | None) -> str:
        """Return a printer's paper, read anew only when something came out."""
        if device is None or not isinstance(device.twin, Paper):
            return ""
        state = device.state().state
        mark = (device.name, state.get("lines"), state.get("papers"))
        if self._paper[0] != mark:
            self._paper = (mark, device.twin.paper_text())
        return self._paper[1]

    def _heard(self, event: Event) -> None:
        self._told.extend(self._teller.tell(event))

    def _draw(self) -> None:
        rows = self.query_one("#rows", Rows)
        width, height = rows.extent
        if width and height:
            rows.show(paint(self._desk, self.seen(), width, height, self._language))

    def _act(self, intents: list[Intent]) -> None:
        hold = self._work.watch.hold
        for intent in intents:
            match intent:
                case Wish.LEAVE:
                    self.leave()
                case _ if not self._opened or self._leaving or hold is None:
                    continue
                case Wish.PAUSE_OR_RUN if hold.paused:
                    hold.run()
                case Wish.PAUSE_OR_RUN:
                    hold.pause()
                case Wish.STEP:
                    hold.step()
                case Wish.CLEAR:
                    for name, device in self._work.devices.items():
                        if any(verb.name == "clear" for verb in device.state().verbs):
                            self._begin(self._do(name, Verb(verb="clear")))
                case Do(device=name, verb=verb):
                    self._begin(self._do(name, verb))
                case Key(entry=entry):
                    self._begin(self._key(entry))
                case Save(file=file):
                    self._save(file)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open(self) -> None:
        try:
            await self._work.start()
        except OSError as error:
            await self._work.stop()
            self.app.exit(str(error))
            return
        self._opened = True
        self._say("")

    async def _close(self) -> None:
        others = [task for task in self._tasks if task is not asyncio.current_task()]
        hold = self._work.watch.hold
        if hold is not None:
            hold.run()
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._work.stop()
        self.app.exit()

    async def _do(self, name: str, verb: Verb) -> None:
        device = self._work.devices[name]
        deed = DeviceDeed(
            at_ns=self._clock.monotonic_ns(), device=name, kind=device.twin.device, verb=verb
        )
        try:
            await device.do(verb)
        except (VerbError, OSError) as error:
            self._say(label("refused", self._language, error))
            return
        self._deeds.append(deed)
        self._say(label("done", self._language, name, verb.verb))

    async def _key(self, entry: str) -> None:
        if self._keying:
            self._say(label("busy", self._language))
            return
        self._keying = True
        deed = EntryDeed(at_ns=self._clock.monotonic_ns(), entry=entry)
        self._deeds.append(deed)
        try:
            said = await self._work.key(entry)
        finally:
            self._keying = False
        deed.ended_ns = self._clock.monotonic_ns()
        if said is not None:
            deed.code = said.code
            self._say(f"{said.code} {said.banner}".strip())

    def _save(self, file: str) -> None:
        if not self._deeds:
            self._say(label("no_deeds", self._language))
            return
        deeds = list(self._deeds)
        used = [
            deed.verb.arguments["card"]
            for deed in deeds
            if isinstance(deed, DeviceDeed) and deed.verb.verb in _CARD_VERBS
        ]
        cards = {card: given for card in used if (given := self._work.given(card)) is not None}
        text = scenario_text(deeds, about=f"Done by hand: {self._work.title}.", cards=cards)
        place = self._folder / file
        try:
            place.write_text(text, encoding="utf-8")
        except OSError as error:
            self._say(label("saved.not", self._language, error.strerror))
            return
        self._say(label("saved", self._language, file))

    def _say(self, text: str) -> None:
        self._desk.said = text


class BenchApp(TerminalApp[str]):
    """The bench. Ends with what kept it from opening, if anything did."""

    TITLE = "Intermarket bench"

    def __init__(self, work: Work, *, clock: Clock, language: Language, folder: Path) -> None:
        """`folder` is where scenarios are saved."""
        super().__init__()
        self.bench = BenchScreen(work, clock, language, folder)

    def on_mount(self) -> None:
        """Show the screen."""
        self.push_screen(self.bench)
        self.attend()

    def leave(self) -> None:
        """Close the work, then the program."""
        self.bench.leave()
