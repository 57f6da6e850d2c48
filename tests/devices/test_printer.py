"""A supervised printer against its twin, in virtual time: honest answers whatever the printer does."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from devices.drivers.drawer import Contact, DrawerState, DrawerWiring
from devices.drivers.print_job import Proof, Verdict
from devices.health import Health, Level, ResultCode
from devices.printer import (
    WAITING_MAX,
    DrawerResult,
    Kicked,
    NotKicked,
    NotPrinted,
    Opened,
    Printed,
    Printer,
    PrinterOptions,
    PrintResult,
    StillClosed,
    Unsure,
)
from protocols.address import parse_address
from protocols.control import Verb
from protocols.escpos.codes import CutKind
from protocols.escpos.commands import Command, Cut, LineFeed, PrintText, RasterImage
from protocols.escpos.encode import begin_korean, encode_all
from protocols.escpos.status import SILENT, Cover, Online, Paper
from receipts.fonts import load_typeface
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from sim.printer import PrinterTwin
from tests.devices.cable import Cable, after

S = 1_000_000_000
ADDRESS = parse_address("serial:///dev/ttyS9?baud=19200")
TYPEFACE = load_typeface()


def receipt(name: str, lines: int = 30) -> bytes:
    """Return the bytes of a receipt whose lines say its name."""
    commands: list[Command] = [*begin_korean()]
    for number in range(lines):
        commands += [PrintText(f"{name} 서울우유 {number:02d}"), LineFeed()]
    return encode_all([*commands, Cut(kind=CutKind.PARTIAL, feed_dots=0)])


class Bench:
    """A printer, its twin, and the cable between them."""

    def __init__(
        self,
        clock: VirtualClock,
        *,
        options: PrinterOptions | None = None,
        twin: PrinterTwin | None = None,
    ) -> None:
        self.clock = clock
        self.twin = PrinterTwin(TYPEFACE) if twin is None else twin
        self.cable = Cable(self.twin, clock)
        self.healths: list[Health] = []
        self.drawer_healths: list[Health] = []
        self.printer = Printer(
            address=ADDRESS,
            open_link=self.cable.open_link,
            clock=clock,
            on_health=self.healths.append,
            on_drawer=self.drawer_healths.append,
            options=options,
        )
        self.printer.start()

    def do(self, name: str, **arguments: str) -> None:
        self.twin.do(Verb(verb=name, arguments=arguments), self.clock.monotonic_ns())
        self.cable.carry()

    def deadline(self, seconds: float) -> int:
        return self.clock.monotonic_ns() + int(seconds * S)

    async def print(self, name: str, *, job: int = 1, seconds: float = 20) -> PrintResult:
        return await self.printer.print_job(
            receipt(name), job=job, deadline_ns=self.deadline(seconds)
        )

    async def kick(self, seconds: float = 5) -> DrawerResult:
        return await self.printer.kick_drawer(deadline_ns=self.deadline(seconds))

    def printed(self, name: str) -> int:
        """Count the lines of a receipt that are on paper."""
        return self.twin.paper_text().count(f"{name} ")

    async def stop(self) -> None:
        await self.printer.stop(deadline_ns=self.deadline(1))


Tale = Callable[[Bench], Awaitable[None]]


def tell(
    tale: Tale, *, options: PrinterOptions | None = None, twin: PrinterTwin | None = None
) -> None:
    """Run a tale on a bench in virtual time, and end it cleanly."""

    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock, options=options, twin=twin)
        await tale(bench)
        await bench.stop()
        assert len(asyncio.all_tasks()) == 1

    run(story)


def test_receipt_comes_out_whole_once_and_proved() -> None:
    async def tale(bench: Bench) -> None:
        assert await bench.print("A") == Printed()

        assert bench.printed("A") == 30
        assert bench.twin.roll.cuts == 1
        assert bench.printer.garbage_count == bench.printer.late_count == 0

    tell(tale)


@pytest.mark.parametrize("print_done", [True, False])
def test_a_trial_finds_out_whether_it_can_prove_and_prints_nothing(print_done: bool) -> None:
    async def tale(bench: Bench) -> None:
        await after(0.5)
        dots_before = bench.twin.paper_text()

        assert await bench.printer.can_prove(deadline_ns=bench.deadline(3)) is print_done

        assert bench.twin.paper_text() == dots_before
        assert bench.twin.roll.cuts == 0
        assert bench.printer.health.level is Level.OK

    tell(tale, twin=PrinterTwin(TYPEFACE, print_done=print_done))


def test_a_trial_that_found_no_proof_leaves_the_next_receipt_whole() -> None:
    async def tale(bench: Bench) -> None:
        await after(0.5)
        assert not await bench.printer.can_prove(deadline_ns=bench.deadline(1))

        assert isinstance(await bench.print("A"), Unsure)
        assert bench.printed("A") == 30

    tell(tale, twin=PrinterTwin(TYPEFACE, print_done=False))


def test_status_is_known_soon_after_opening() -> None:
    async def tale(bench: Bench) -> None:
        assert bench.printer.status == SILENT
        await after(0.5)

        assert bench.printer.status == bench.twin.status
        assert bench.printer.ready
        assert bench.printer.health.level is Level.OK

    tell(tale)


@pytest.mark.parametrize(
    ("verb", "code", "level"),
    [
        ("paper_out", "PRN-01", Level.DOWN),
        ("open_cover", "PRN-02", Level.DOWN),
        ("break_down", "PRN-04", Level.DOWN),
        ("overheat", "PRN-04", Level.DOWN),
        ("near_end", "PRN-07", Level.WARN),
    ],
)
@pytest.mark.parametrize("tells", [True, False], ids=["asb", "polled"])
def test_what_is_the_matter_is_said_with_what_to_do(
    verb: str, code: str, level: Level, tells: bool
) -> None:
    async def tale(bench: Bench) -> None:
        await after(1)
        bench.do(verb)
        await after(4)

        health = bench.printer.health
        assert (health.code, health.level) == (code, level)
        assert health.ko and health.en
        for undo in ("load_paper", "close_cover", "cool_down"):
            bench.do(undo)
        await after(4)
        assert bench.printer.health.level is Level.OK

    tell(tale, twin=PrinterTwin(TYPEFACE, status_back=tells))


def test_asb_is_believed_at_once_and_leaves_the_line_quiet() -> None:
    async def tale(bench: Bench) -> None:
        await after(1)
        bench.do("open_cover")
        await after(0.01)

        assert bench.printer.status.cover is Cover.OPEN
        assert not bench.printer.ready

    tell(tale)


def test_paper_out_in_the_middle_stops_and_a_new_roll_finishes_the_same_receipt() -> None:
    async def tale(bench: Bench) -> None:
        await after(1)
        bench.do("short_paper", dots="300")
        printing = asyncio.create_task(bench.print("A", seconds=60))
        await after(5)

        assert not printing.done()
        assert bench.printer.health.code == "PRN-01"
        assert 0 < bench.printed("A") < 30
        assert "end of paper" in bench.twin.paper_text()
        bench.do("load_paper")
        assert await printing == Printed()
        assert bench.printed("A") == 30

    tell(tale)


def test_receipt_given_up_in_the_middle_is_unsure_and_never_comes_out_later() -> None:
    """Goal: after Unsure nothing of the old receipt is printed behind the clerk's back."""

    async def tale(bench: Bench) -> None:
        await after(1)
        bench.do("short_paper", dots="300")
        result = await bench.print("A", seconds=3)

        assert isinstance(result, Unsure)
        assert result.code == "PRN-06"
        before = bench.printed("A")
        bench.do("load_paper")
        await after(1)
        assert await bench.print("B", job=2) == Printed()
        assert bench.printed("A") == before < 30
        assert bench.printed("B") == 30
        text = bench.twin.paper_text()
        assert "8<" in text[text.rindex("A ") : text.index("B ")]

    tell(tale)


@pytest.mark.parametrize("verb", ["paper_out", "open_cover", "break_down"])
def test_printer_that_cannot_print_gets_no_byte_and_says_not_printed(verb: str) -> None:
    async def tale(bench: Bench) -> None:
        await after(1)
        bench.do(verb)
        before = bench.clock.monotonic_ns()
        result = await bench.print("A", seconds=2)

        assert isinstance(result, NotPrinted)
        assert result.code == bench.printer.health.code
        assert result.reason == bench.printer.health.en
        assert bench.clock.monotonic_ns() - before == pytest.approx(2 * S, abs=S // 100)
        for undo in ("load_paper", "close_cover"):
            bench.do(undo)
        await after(1)
        assert bench.printed("A") == 0

    tell(tale)


def test_cover_opened_in_the_middle_and_closed_again_prints_on() -> None:
    async def tale(bench: Bench) -> None:
        await after(1)
        printing = asyncio.create_task(bench.print("A"))
        await after(0.4)
        bench.do("open_cover")
        await after(3)
        assert 0 < bench.printed("A") < 30
        bench.do("close_cover")

        assert await printing == Printed()
        assert bench.printed("A") == 30

    tell(tale)


def test_jammed_cutter_holds_the_proof_until_it_is_cleared() -> None:
    async def tale(bench: Bench) -> None:
        await after(1)
        bench.do("jam_cutter")
        printing = asyncio.create_task(bench.print("A"))
        await after(5)
        assert not printing.done()
        assert bench.printer.health.code == "PRN-04"
        bench.do("clear_cutter")

        assert await printing == Printed()
        assert bench.twin.roll.cuts == 1

    tell(tale)


def test_printer_that_never_answers_is_unknown_and_never_fine() -> None:
    """Goal: silence is its own value; no byte of a receipt is wasted on it; the caller goes on."""

    async def tale(bench: Bench) -> None:
        bench.do("silence_answers")
        result = await bench.print("A", seconds=5)

        assert isinstance(result, NotPrinted)
        assert result.code == "PRN-05"
        assert bench.printer.status == SILENT
        assert bench.printer.status.paper is Paper.UNKNOWN
        assert bench.printer.health.level is Level.UNKNOWN
        assert bench.printer.health.result is ResultCode.TIMEOUT
        assert bench.printed("A") == 0

    tell(tale)


def test_silent_printer_that_wakes_up_prints() -> None:
    async def tale(bench: Bench) -> None:
        bench.do("silence_answers")
        await after(10)
        bench.do("restore_answers")
        await bench.printer.wait_until_ready(deadline_ns=bench.deadline(30))
        assert bench.printer.ready

        assert await bench.print("A") == Printed()
        await after(20)
        assert bench.printer.status == bench.twin.status

    tell(tale)


def test_printer_that_answers_garbage_stops_nothing_and_says_what_to_check() -> None:
    async def tale(bench: Bench) -> None:
        bench.do("garble_answers")
        result = await bench.print("A", seconds=6)

        assert isinstance(result, NotPrinted)
        assert bench.printer.health.code == "PRN-05"
        assert bench.printer.health.level is Level.UNKNOWN
        assert bench.printer.garbage_count > 0
        bench.do("restore_answers")
        await after(20)
        assert await bench.print("B", job=2) == Printed()

    tell(tale)


def test_garbage_between_good_answers_is_counted_and_changes_nothing() -> None:
    async def tale(bench: Bench) -> None:
        await after(1)
        printing = asyncio.create_task(bench.print("A"))
        await after(0.3)
        bench.do("babble", bytes="200")

        assert await printing == Printed()
        assert bench.printer.garbage_count >= 200
        assert bench.printer.status == bench.twin.status

    tell(tale)


@pytest.mark.parametrize("delay_ms", [300, 900, 3_000])
def test_printer_that_answers_late_is_still_understood(delay_ms: int) -> None:
    """Goal: each late answer belongs to its question; nothing is taken for something else."""

    async def tale(bench: Bench) -> None:
        bench.do("delay_answers", ms=str(delay_ms))
        bench.do("near_end")
        result = await bench.print("A", seconds=60)

        assert result == Printed()
        await after(60)
        assert bench.printer.status.paper is Paper.NEAR_END
        assert bench.printer.status.online is Online.ONLINE
        assert bench.printer.drawer is not DrawerState.OPEN

    tell(tale)


def test_late_proof_of_an_earlier_job_proves_nothing_of_the_next() -> None:
    async def tale(bench: Bench) -> None:
        await after(1)
        bench.do("delay_answers", ms="4000")
        first = await bench.print("A", job=1, seconds=3)
        assert isinstance(first, Unsure)
        bench.do("open_cover")
        second = await bench.print("B", job=2, seconds=3)

        assert not isinstance(second, Printed)
        await after(5)
        assert bench.printer.late_count > 0

    tell(tale)


def test_printer_switched_off_and_on_in_the_middle_is_never_called_printed() -> None:
    """Goal: the half that was in its buffer is lost; the proof of the other half is not enough."""

    async def tale(bench: Bench) -> None:
        await after(1)
        bench.do("speed", percent="10")
        printing = asyncio.create_task(bench.print("A", seconds=30))
        await after(0.4)
        bench.do("switch_off")
        bench.do("switch_on")

        assert isinstance(await printing, Unsure)
        assert bench.printed("A") < 30

    tell(tale)


def test_printer_left_inside_a_command_by_noise_prints_the_next_job_whole() -> None:
    """Goal: an image header made by noise swallows one receipt, never the one after it."""

    async def tale(bench: Bench) -> None:
        await after(1)
        bench.twin.receive(b"\x1dv0\x00\x48\x00\xff\xff", bench.clock.monotonic_ns())
        assert isinstance(await bench.print("A", seconds=4), Unsure)
        assert bench.printed("A") == 0

        assert await bench.print("B", job=2, seconds=10) == Printed()
        assert bench.printed("B") == 30

    tell(tale)


def test_cable_pulled_before_the_first_byte_keeps_the_paper_for_the_reconnection() -> None:
    async def tale(bench: Bench) -> None:
        await after(1)
        bench.cable.pull()
        assert await bench.print("A") == Printed()

        assert bench.printed("A") == 30

    tell(tale)


def test_cable_pulled_in_the_middle_is_unsure_at_once() -> None:
    async def tale(bench: Bench) -> None:
        await after(1)
        printing = asyncio.create_task(bench.print("A"))
        await after(0.3)
        before = bench.clock.monotonic_ns()
        bench.cable.pull()

        assert isinstance(await printing, Unsure)
        assert bench.clock.monotonic_ns() - before < S // 100
        await bench.printer.wait_until_ready(deadline_ns=bench.deadline(10))
        assert await bench.print("B", job=2) == Printed()
        assert bench.printed("B") == 30

    tell(tale)


def test_missing_printer_answers_in_time_and_says_which() -> None:
    async def tale(bench: Bench) -> None:
        await after(0.5)
        bench.cable.refusal = FileNotFoundError(2, "No such file")
        bench.cable.refusal = TimeoutError()
        bench.cable.pull()
        await after(2)
        result = await bench.print("A", seconds=2)

        assert isinstance(result, NotPrinted)
        assert result.code == "PRN-03"
        assert "/dev/ttyS9" in result.reason
        assert isinstance(await bench.kick(1), NotKicked)

    tell(tale)


def test_xoff_holds_the_paper_back_and_a_lost_xon_does_not_hold_it_for_ever() -> None:
    async def tale(bench: Bench) -> None:
        await after(1)
        bench.do("busy")
        await after(0.1)
        printing = asyncio.create_task(bench.print("A"))
        await after(2)
        assert bench.printed("A") == 0

        assert await printing == Printed()

    tell(tale)


def test_small_buffer_with_xon_xoff_loses_nothing() -> None:
    async def tale(bench: Bench) -> None:
        bench.do("speed", percent="20")
        assert await bench.print("A", seconds=60) == Printed()

        assert bench.printed("A") == 30
        assert bench.twin.state()["overrun_bytes"] == 0

    tell(tale, twin=PrinterTwin(TYPEFACE, buffer_bytes=1_500, xon_xoff=True))


def test_image_is_never_torn_by_a_question_or_a_pulse() -> None:
    async def tale(bench: Bench) -> None:
        dots = bytes(range(256)) * 48
        image = [RasterImage(width_bytes=48, height=255, dots=dots[: 48 * 255])]
        data = encode_all([*begin_korean(), *image, *image, PrintText("END"), LineFeed()])
        printing = asyncio.create_task(
            bench.printer.print_job(data, job=3, deadline_ns=bench.deadline(120))
        )
        await after(2)
        kick = await bench.kick(60)

        assert await printing == Printed()
        assert kick == Opened()
        assert bench.twin.paper_text().splitlines()[-1] == "END"

    tell(tale)


def test_papers_wait_their_turn_and_too_many_are_refused_at_once() -> None:
    async def tale(bench: Bench) -> None:
        await after(1)
        bench.do("open_cover")
        asked = [
            asyncio.create_task(bench.print("A", job=job, seconds=5))
            for job in range(WAITING_MAX + 2)
        ]
        await after(0.1)
        assert sum(task.done() for task in asked) == 1
        results = await asyncio.gather(*asked)

        assert all(isinstance(result, NotPrinted) for result in results)

    tell(tale)


def test_cancelled_caller_leaves_the_printer_usable() -> None:
    async def tale(bench: Bench) -> None:
        await after(1)
        printing = asyncio.create_task(bench.print("A"))
        await after(0.3)
        printing.cancel()
        await asyncio.wait([printing])

        assert await bench.print("B", job=2) == Printed()
        assert bench.printed("B") == 30

    tell(tale)


def test_printer_stopped_while_it_prints_ends_the_paper_as_unsure() -> None:
    async def tale(bench: Bench) -> None:
        await after(1)
        printing = asyncio.create_task(bench.print("A", seconds=5))
        await after(0.3)
        await bench.stop()

        assert isinstance(await printing, Unsure)

    tell(tale)


# --- Printers that cannot prove -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("without_proof", "expected"), [(Verdict.UNSURE, Unsure), (Verdict.PRINTED, Printed)]
)
@pytest.mark.parametrize("tells", [True, False])
def test_printer_without_print_done_is_asked_for_its_status_instead(
    without_proof: Verdict, expected: type[PrintResult], tells: bool
) -> None:
    async def tale(bench: Bench) -> None:
        await after(1)
        assert isinstance(await bench.print("A"), expected)
        bench.do("paper_out")
        await after(3)
        assert isinstance(await bench.print("B", seconds=3), NotPrinted)

    options = PrinterOptions(proof=Proof.STATUS, without_proof=without_proof)
    tell(tale, options=options, twin=PrinterTwin(TYPEFACE, print_done=False, status_back=tells))


def test_printer_without_print_done_taken_for_one_with_it_is_unsure() -> None:
    async def tale(bench: Bench) -> None:
        await after(1)
        assert isinstance(await bench.print("A", seconds=5), Unsure)
        assert bench.printed("A") == 30

    tell(tale, twin=PrinterTwin(TYPEFACE, print_done=False))


@pytest.mark.parametrize(
    ("without_proof", "expected"), [(Verdict.UNSURE, Unsure), (Verdict.PRINTED, Printed)]
)
def test_one_way_printer_gets_everything_and_is_believed_only_if_the_shop_says_so(
    without_proof: Verdict, expected: type[PrintResult]
) -> None:
    async def tale(bench: Bench) -> None:
        bench.do("silence_answers")
        assert isinstance(await bench.print("A"), expected)
        await after(3)
        assert bench.printed("A") == 30
        assert bench.printer.health.level is Level.OK
        assert bench.printer.status == SILENT
        assert await bench.kick() == Kicked()

    options = PrinterOptions(proof=Proof.NONE, without_proof=without_proof)
    tell(tale, options=options)


# --- The drawer ---------------------------------------------------------------------------------


def test_drawer_opens_and_the_contact_proves_it() -> None:
    async def tale(bench: Bench) -> None:
        await after(1)
        assert bench.printer.drawer is DrawerState.CLOSED
        assert await bench.kick() == Opened()
        assert bench.twin.mechanics.pulses == 1
        await after(31)
        assert bench.printer.drawer_open_ns >= 30 * S
        assert bench.printer.drawer_health.code == "DRW-01"
        assert [health.code for health in bench.drawer_healths].count("DRW-01") == 1
        bench.do("close_drawer")
        await after(0.1)
        assert bench.printer.drawer is DrawerState.CLOSED
        assert bench.printer.drawer_open_ns == 0
        assert bench.printer.drawer_health.level is Level.OK

    tell(tale)


@pytest.mark.parametrize("verb", ["paper_out", "open_cover"])
def test_drawer_opens_though_the_printer_cannot_print(verb: str) -> None:
    """Goal: no paper is no reason to keep the customer's change."""

    async def tale(bench: Bench) -> None:
        await after(1)
        bench.do(verb)
        await after(0.1)
        assert await bench.kick() == Opened()

    tell(tale)


def test_stiff_drawer_gets_as_many_pulses_as_it_needs_and_no_more() -> None:
    async def tale(bench: Bench) -> None:
        await after(1)
        bench.do("stiffen_drawer", pulses="3")
        assert await bench.kick() == Opened()
        assert bench.twin.mechanics.pulses == 3

    tell(tale)


def test_jammed_drawer_is_still_closed_after_the_last_pulse() -> None:
    async def tale(bench: Bench) -> None:
        await after(1)
        bench.do("jam_drawer")
        assert await bench.kick() == StillClosed()
        assert bench.twin.mechanics.pulses == 3

    tell(tale)


def test_printer_that_knows_only_the_slow_pulse_opens_with_the_other() -> None:
    async def tale(bench: Bench) -> None:
        await after(1)
        assert await bench.kick() == Opened()
        assert bench.twin.mechanics.pulses == 1

    tell(tale, twin=PrinterTwin(TYPEFACE, realtime_kick=False))


def test_polled_printer_says_that_the_drawer_opened() -> None:
    async def tale(bench: Bench) -> None:
        await after(5)
        assert await bench.kick() == Opened()

    tell(tale, twin=PrinterTwin(TYPEFACE, status_back=False))


def test_inverted_contact_is_read_the_other_way() -> None:
    async def tale(bench: Bench) -> None:
        await after(1)
        assert bench.printer.drawer is DrawerState.OPEN

    tell(tale, options=PrinterOptions(wiring=DrawerWiring(contact=Contact.OPEN_IS_LOW)))


def test_drawer_without_contact_is_kicked_once_and_unknown() -> None:
    async def tale(bench: Bench) -> None:
        await after(1)
        assert await bench.kick() == Kicked()
        assert bench.twin.mechanics.pulses == 1
        assert bench.printer.drawer is DrawerState.UNKNOWN
        assert bench.printer.drawer_health.level is Level.UNKNOWN

    tell(tale, options=PrinterOptions(wiring=DrawerWiring(contact=Contact.NONE)))


def test_silent_printer_still_gets_the_pulse() -> None:
    async def tale(bench: Bench) -> None:
        bench.do("silence_answers")
        await after(5)
        assert await bench.kick() == Kicked()
        assert bench.twin.mechanics.drawer_open

    tell(tale)


def test_printer_that_proved_nothing_is_asked_before_the_next_paper_leaves() -> None:
    """Switched off and on again between two signs of life: nobody has noticed, one paper is unsure."""

    async def tale(bench: Bench) -> None:
        for job, name in enumerate("AB"):
            assert await bench.print(name, job=job) == Printed()
            assert await bench.kick() == Opened()
        printing = asyncio.create_task(bench.print("C", job=2, seconds=4))
        await after(0.003)
        bench.do("switch_off")
        assert isinstance(await printing, Unsure)
        await bench.kick(1)
        await after(1.858)
        bench.do("switch_on")

        assert await bench.print("D", job=3) == Printed()
        assert [bench.printed(name) for name in "ABCD"] == [30, 30, 0, 30]

    tell(tale)


def test_drawer_opened_by_hand_is_seen() -> None:
    async def tale(bench: Bench) -> None:
        await after(1)
        bench.do("open_drawer")
        await after(0.1)
        assert bench.printer.drawer is DrawerState.OPEN

    tell(tale)


def test_kick_while_a_receipt_prints_waits_for_no_receipt() -> None:
    async def tale(bench: Bench) -> None:
        await after(1)
        printing = asyncio.create_task(bench.print("A"))
        await after(0.3)
        before = bench.clock.monotonic_ns()
        assert await bench.kick() == Opened()

        assert bench.clock.monotonic_ns() - before < 2 * S
        assert await printing == Printed()
        assert bench.printed("A") == 30

    tell(tale)


# --- Anything at all ----------------------------------------------------------------------------

VERBS = [
    "paper_out", "load_paper", "near_end", "open_cover", "close_cover", "jam_cutter",
    "clear_cutter", "overheat", "cool_down", "silence_answers", "garble_answers", "restore_answers", "busy",
    "ready", "switch_off", "switch_on", "pull",
]  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(VERBS), st.integers(0, 4_000)), max_size=12))
@example([("switch_off", 2_315), ("paper_out", 1_854), ("paper_out", 4_000)])
def test_whatever_happens_the_answer_is_in_time_and_true(troubles: list[tuple[str, int]]) -> None:
    """Goal: Printed means that all lines are on paper, NotPrinted that none is; and in time."""

    async def tale(bench: Bench) -> None:
        async def trouble() -> None:
            for verb, wait_ms in troubles:
                await after(wait_ms / 1_000)
                if verb != "pull":
                    bench.do(verb)
                elif bench.cable.link is not None:
                    bench.cable.pull()

        troubling = asyncio.create_task(trouble())
        for job, name in enumerate("ABC"):
            before = bench.clock.monotonic_ns()
            result = await bench.print(name, job=job, seconds=4)
            took = bench.clock.monotonic_ns() - before
            assert took <= 4 * S + S // 100
            match result:
                case Printed():
                    assert bench.printed(name) == 30
                case NotPrinted():
                    assert bench.printed(name) == 0
                case Unsure():
                    assert bench.printed(name) <= 30
            kicked = await bench.kick(1)
            assert isinstance(kicked, DrawerResult)
        await troubling
        for undo in ("restore_answers", "clear_cutter", "cool_down", "close_cover",
                     "load_paper", "switch_on", "ready"):  # fmt: skip
            bench.do(undo)
        await bench.printer.wait_until_ready(deadline_ns=bench.deadline(60))
        assert await bench.print("Z", job=99, seconds=60) == Printed()
        assert bench.printed("Z") == 30

    tell(tale)
