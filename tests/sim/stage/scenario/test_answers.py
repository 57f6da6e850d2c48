"""Every fault and quirk has a scenario that fails when the program's answer to it is taken out.

A row of ANSWERS: what goes wrong, the shipped scenario that has it (and which of its rows), and how the
answer is taken out of the production code. With the answer every scenario passes (test_player).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, get_args

import msgspec
import pytest

import devices.health
from devices.drivers import (
    hybrid_reader,
    line_display,
    print_job,
    printer,
    printer_health,
    printer_watch,
    scanner,
    stripe_reader,
)
from devices.drivers.drawer import Contact, DrawerState, DrawerWiring, Kick, KickEnd
from devices.drivers.print_job import Happening, Phase, Proof, Verdict
from devices.scanner import Ending, Handshake
from ips.bank import desk as bank_desk
from ips.bank import line as bank_line
from ips.bank.exchanges import Exchanges
from ips.batches import BatchWork
from ips.rules import load_rules
from pos import (
    broker_client,
    card_slots,
    catalogue,
    device_setup,
    loading,
    outbox,
    paper,
    paying,
    purse_refusals,
    purse_transfer,
    purses,
    scanning,
    selling,
    swiping,
    till,
)
from pos import devices as pos_devices
from pos.commands import Reading
from pos.devices import Devices
from pos.store.database import Database
from pos.store.errors import StoreError
from protocols import swipe
from protocols.escpos.status import Paper, PrinterStatus
from protocols.hybrid_words import Refusal, Refused
from protocols.line_display.commands import Clear, Select
from protocols.magnetic_stripe import Expiry, Fault, ServiceCode, Track
from protocols.money import Money
from protocols.outcome import Approved, Outcome
from protocols.ports import CardAbsent, NoCardError, SlotDown
from protocols.purse import coordinator
from protocols.purse.coordinator import InDoubt, Result
from protocols.scanner import ScanFramer
from protocols.secure_pin import PinSW
from sim.hosting.hosted import WIRE_VERBS
from sim.stage.kinds import KINDS
from sim.stage.profiles import profiles
from sim.stage.scenario.devices import HARMLESS, verbs_of
from sim.stage.scenario.language import Scenario, read_scenarios
from sim.stage.scenario.player import play
from sim.stage.scenario.shelf import SHIPPED
from sim.stage.scenario.steps import Network
from sim.stage.world.banks import HANBIT
from sim.stage.world.equipment import BYTES, DEVICES, SLOTS
from sim.stage.world.network import Passing

RULES = load_rules()
Patch = pytest.MonkeyPatch
Removal = Callable[[Patch], None]


@dataclass(frozen=True)
class Answer:
    """What the program does about something that goes wrong, and how it is when it does not."""

    to: str
    """device.verb, quirk KIND.NAME, network.PASSING, till.kill ..."""
    scenario: str
    without: Removal
    row: str = ""
    """A part of the label of the row that is meant; empty is the first."""


# How answers are taken out


def of(place: Any, name: str, value: Any) -> Removal:
    return lambda patch: patch.setattr(place, name, value)


def item(table: dict[Any, Any], key: Any, value: Any) -> Removal:
    return lambda patch: patch.setitem(table, key, value)


def both(*removals: Removal) -> Removal:
    def remove(patch: Patch) -> None:
        for each in removals:
            each(patch)

    return remove


def blind(**seen: Any) -> Removal:
    """A driver that takes one thing of the printer's status for well."""
    trouble = printer_health._trouble

    def without(status: PrinterStatus) -> Any:
        return trouble(replace(status, **seen))

    return of(printer_health, "_trouble", without)


def _nothing(*_: object, **__: object) -> None:
    """Do nothing."""


NEVER_NS = 10**18
NEVER_SILENT = of(printer_watch.PrinterWatch, "_miss", _nothing)
IMPATIENT = of(printer_watch, "MISSES_MAX", 1)
NOT_REOPENED = of(devices.supervisor, "BACKOFF_NS", (NEVER_NS,))
EXPIRED_IS_PRINTED = both(
    *(
        item(print_job.TRANSITIONS, (phase, happening), Verdict.PRINTED)
        for phase in (Phase.SENDING, Phase.STOPPED, Phase.PROVING)
        for happening in (Happening.EXPIRED, Happening.LOST, Happening.SILENCED)
        if (phase, happening) in print_job.TRANSITIONS
    )
)
LEFT_IS_PRINTED = both(
    item(print_job.TRANSITIONS, (Phase.SENDING, Happening.UNABLE), Verdict.PRINTED),
    item(print_job.TRANSITIONS, (Phase.PROVING, Happening.UNABLE), Verdict.PRINTED),
)
MISREADS_ARE_SOLD = both(
    of(scanning, "reading_of", lambda _: Reading.FIRST),
    of(selling, "why_unknown", lambda _: "SCN-01"),
)
NOT_SENT_AGAIN = both(of(outbox, "BACK_OFF_SECONDS", (1e9,)), of(outbox.Outbox, "wake", _nothing))


def _believed(patch: Patch) -> None:
    """A till that takes a lost answer for a yes."""
    settled = purse_transfer.settled

    async def believing(result: Result, route: Any, amount: Money, *more: Any) -> Outcome:
        if isinstance(result, InDoubt):
            return Approved(amount=amount, reference="believed")
        return await settled(result, route, amount, *more)

    patch.setattr("pos.tenders.purse.settled", believing)


def _no_doubt(patch: Patch) -> None:
    """A till that pays again under a new key."""

    async def none(*_: object) -> None:
        return None

    patch.setattr(paying.Paying, "_doubt_in_sale", none)


def _any_card(patch: Patch) -> None:
    """A recovery that asks whichever card is in the reader."""
    standing = coordinator._standing

    def anybody(slot: Any, name: bytes, encoded: bytes) -> Any:
        patched = coordinator.decode_state

        def renamed(data: bytes) -> Any:
            state = patched(data)
            return None if state is None else replace(state, name=name)

        coordinator.decode_state = renamed  # type: ignore[assignment]
        try:
            return (yield from standing(slot, name, encoded))
        finally:
            coordinator.decode_state = patched

    patch.setattr(coordinator, "_standing", anybody)


def _once_only(patch: Patch) -> None:
    """A till that gives a card one chance to be powered."""

    async def card_in(slot: Any, *, deadline_ns: int, clock: Any) -> Any:
        if isinstance(slot.state, CardAbsent | SlotDown):
            return None
        try:
            return await slot.connect(deadline_ns=deadline_ns)
        except NoCardError:
            return None

    patch.setattr(card_slots, "card_in", card_in)


def _trusting(patch: Patch) -> None:
    """A till that takes every card for one that is there and answers."""

    async def card_in(slot: Any, *, deadline_ns: int, clock: Any) -> Any:
        return await slot.connect(deadline_ns=deadline_ns)

    patch.setattr(card_slots, "card_in", card_in)


def _never_reset_again(patch: Patch) -> None:
    """A hybrid reader's driver that does not hear that a reset is wanted."""
    take = hybrid_reader.HybridReaderDriver._take

    def deaf(self: Any, answer: Any) -> None:
        take(self, None if answer == Refused(Refusal.WANTS_RESET) else answer)

    patch.setattr(hybrid_reader.HybridReaderDriver, "_take", deaf)


def _takes_all_for_code(patch: Patch) -> None:
    """A till that knows nothing of AIM identifiers."""
    read = scanner.read_barcode

    def whole(raw: str) -> Any:
        return replace(read(raw), text=raw)

    for place in (scanner, selling, catalogue):
        patch.setattr(place, "read_barcode", whole)


def _forked(patch: Patch) -> None:
    """A broker that takes what it was told already for another story."""
    fork = BatchWork._fork

    def suspicious(self: Any, group: Any, life: Any) -> Any:
        if self.batch.envelope.first <= life.high_water:
            return life.high_water, life.head
        return fork(self, group, life)

    patch.setattr(BatchWork, "_fork", suspicious)


def _twice_is_new(patch: Patch) -> None:
    """A broker that enters what it has already once more, and keeps no record from being there twice."""
    accept = BatchWork._accept

    def again(self: Any, group: Any, terminal: Any, life: Any) -> Any:
        if self.batch.envelope.first <= life.high_water:
            raise StoreError("the record is there already")
        return accept(self, group, terminal, life)

    patch.setattr(BatchWork, "_accept", again)


def _leaves_it_open(patch: Patch) -> None:
    """A broker that has nothing undone that no bank has answered."""

    async def find(self: Exchanges, key: str, why: str) -> Any:
        return self.find(key)

    patch.setattr(Exchanges, "reverse", find)


def _keeps_half_codes(patch: Patch) -> None:
    """A scanner's driver that goes on with what was half read before the cable went."""
    patch.setattr(scanner.ScannerDriver, "lost", _nothing)
    opened = scanner.ScannerDriver.opened

    def as_before(self: Any, now_ns: int) -> None:
        framer = self._framer
        opened(self, now_ns)
        self._framer = framer

    patch.setattr(scanner.ScannerDriver, "opened", as_before)
    patch.setattr(ScanFramer, "tick", lambda *_: [])


def _wants_both_tracks(patch: Patch) -> None:
    """A driver that knows a card by all that was ever written on it, or not at all."""
    read = swipe.read_swipe

    def both(swiped: Any) -> Any:
        good = {each.track for each in swiped.tracks if each.text is not None}
        return read(swiped if good >= {Track.ONE, Track.TWO} else swipe.Swiped(()))

    patch.setattr(stripe_reader, "read_swipe", both)


def _keeps_half_swipes(patch: Patch) -> None:
    """A driver that goes on with what was half read before the cable went."""
    patch.setattr(stripe_reader.StripeReaderDriver, "lost", _nothing)
    patch.setattr(stripe_reader.StripeReaderDriver, "opened", _nothing)


def _believes_digits(patch: Patch) -> None:
    """A driver that never looks at an LRC."""
    read = swipe._read
    patch.setattr(swipe, "_read", lambda sent: read(replace(sent, check="")))


def _wants_the_first_byte(patch: Patch) -> None:
    """A driver to whom a swipe begins with a track and nothing else."""
    parse = swipe._parse
    noise = swipe.Noise(1, "no track")
    patch.setattr(swipe, "_parse", lambda text: parse(text) if text[0] in "%;+" else [noise])


def _ends_at_cr_alone(patch: Patch) -> None:
    """A driver to whom every CR ends a swipe, and nothing else does."""
    parse = swipe._parse

    def by_lines(text: str) -> Any:
        *lines, _ = text.split("\r")
        return [event for line in lines for event in parse(f"{line}\r")]

    patch.setattr(swipe, "_parse", by_lines)


def _one_of_each(patch: Patch) -> None:
    """A driver that takes whatever comes without a pause for one card."""
    parse = swipe._parse

    def one(text: str) -> Any:
        events = parse(text)
        swipes = [each for each in events if isinstance(each, swipe.Swiped)]
        return (
            [swipe.Swiped(tuple(t for each in swipes for t in each.tracks))] if swipes else events
        )

    patch.setattr(swipe, "_parse", one)


def _third_is_second(patch: Patch) -> None:
    """A driver to whom ; is track 2 wherever it stands."""
    track = swipe._track
    patch.setattr(swipe, "_track", lambda text, place, before: track(text, place, []))


def _tells_only_cards(patch: Patch) -> None:
    """A till that says nothing where nothing was read."""
    swiped = swiping.Swiping.swiped

    def quietly(self: Any, swipe: Any) -> None:
        if isinstance(swipe, stripe_reader.CardSwiped):
            swiped(self, swipe)

    patch.setattr(swiping.Swiping, "swiped", quietly)


def _whole_in_one(patch: Patch) -> None:
    """A scanner's driver that takes each piece for a whole code."""
    receive = ScanFramer.receive

    def at_once(self: Any, data: bytes, now_ns: int) -> Any:
        return receive(self, data + b"\r", now_ns)

    patch.setattr(ScanFramer, "receive", at_once)


def _acknowledged_unheard(patch: Patch) -> None:
    """A till that takes silence for a yes."""
    send = outbox.Outbox._send

    async def sent(self: Any, load: Any) -> Any:
        step = await send(self, load)
        if self._link == "offline":
            with_all = load.after + len(load.records)
            await self._store.run(
                lambda store: store.database.execute(
                    "UPDATE chain SET high_water = ? WHERE high_water < ?", (with_all, with_all)
                )
            )
        return step

    patch.setattr(outbox.Outbox, "_send", sent)


def _only_ends(*ends: bytes) -> Removal:
    return lambda patch: patch.setattr("protocols.scanner._ENDS", frozenset(b"".join(ends)))


def _without_greeting(command: type) -> Removal:
    """A display's driver whose greeting lacks a command."""
    encode = line_display.encode

    def without(each: Any) -> bytes:
        return b"" if isinstance(each, command) else encode(each)

    return of(line_display, "encode", without)


def _one_pulse(patch: Patch) -> None:
    pulse = Kick.pulse

    def first(self: Any, *arguments: Any, **more: Any) -> bytes:
        return b"" if self._pulses else pulse(self, *arguments, **more)

    patch.setattr(Kick, "pulse", first)


def _always_now(patch: Patch) -> None:
    pulse = Kick.pulse
    patch.setattr(Kick, "pulse", lambda self, *a, in_turn, **m: pulse(self, *a, in_turn=False, **m))


def _unmoved(patch: Patch) -> None:
    """A contact whose wiring nobody told."""
    patch.setattr(DrawerWiring, "state", lambda self, sense: plain.state(sense))


plain = DrawerWiring(contact=Contact.OPEN_IS_HIGH)
_wiring_state = DrawerWiring.state


def _as_most_are(patch: Patch) -> None:
    """A till that takes every drawer's contact for the usual one."""

    def state(self: DrawerWiring, sense: Any) -> DrawerState:
        return _wiring_state(plain, sense)

    patch.setattr(DrawerWiring, "state", state)


def _raw_errors(patch: Patch) -> None:
    """A store whose errors are SQLite's own."""
    from contextlib import nullcontext

    patch.setattr(Database, "_explained", lambda self, verb: nullcontext())


ANSWERS = [
    # Printer and drawer
    Answer("printer.paper_out", "printer-out-of-paper-during-sale", blind(paper=Paper.OK)),
    Answer("printer.short_paper", "paper-ends-in-a-receipt", LEFT_IS_PRINTED),
    Answer("printer.open_cover", "printer-cover-open", blind(cover=printer_health.Cover.CLOSED)),
    Answer("printer.jam_cutter", "printer-cutter-jammed", blind(cutter=printer_health.Cutter.OK, online=printer_health.Online.ONLINE)),
    Answer("printer.overheat", "printer-in-trouble", blind(fault=printer_health.Fault.NONE, online=printer_health.Online.ONLINE), "overheat"),
    Answer("printer.break_down", "printer-in-trouble", blind(fault=printer_health.Fault.NONE, online=printer_health.Online.ONLINE), "break_down"),
    Answer("printer.near_end", "printer-in-trouble", blind(paper=Paper.OK), "near_end"),
    Answer("printer.silence_answers", "printer-mute", NEVER_SILENT),
    Answer("printer.garble_answers", "printer-garbled", of(printer_watch.PrinterWatch, "garbled", False)),
    Answer("printer.delay_answers", "printer-answers-late", IMPATIENT, "slow-answers"),
    Answer("printer.babble", "printer-babbles", of(printer_watch.PrinterWatch, "_alive", _nothing)),
    Answer("printer.busy", "printer-says-busy", of(printer, "BUSY_MAX_NS", 0)),
    Answer("printer.switch_off", "printer-off", EXPIRED_IS_PRINTED),
    Answer("printer.jam_drawer", "drawer-stuck", of(Kick, "_given_up", lambda *_: KickEnd.KICKED)),
    Answer("printer.stiffen_drawer", "drawer-stiff", _one_pulse),
    Answer("printer.open_drawer", "drawer-left-open", of(printer, "drawer_health", lambda *_: devices.health.WORKS)),
    Answer("printer.pull_cable", "cable-pulled-mid-receipt", NOT_REOPENED),
    Answer("printer.mute", "printer-line-dead", NEVER_SILENT),
    Answer("printer.delay", "printer-line-late", of(printer_watch, "ANSWER_TIMEOUT_NS", 500_000_000)),
    Answer("quirk printer.no-print-done", "printer-without-proof", item(device_setup._PROOFS, "status", (Proof.PROCESS_ID, Verdict.UNSURE)), "no-print-done"),
    Answer("quirk printer.one-way", "printer-without-proof", item(device_setup._PROOFS, "assume", (Proof.PROCESS_ID, Verdict.UNSURE)), "one-way"),
    Answer("quirk printer.no-status-back", "printer-tells-nothing-by-itself", of(printer_watch, "POLL_INTERVAL_NS", NEVER_NS)),
    Answer("quirk printer.no-realtime-kick", "drawer-opens-by-print-command-only", _always_now),
    Answer("quirk printer.xon-xoff", "printer-with-small-buffer", of(printer, "BUSY_MAX_NS", 0), "xon-xoff"),
    Answer("quirk printer.small-buffer", "printer-with-small-buffer", of(print_job, "UNPROVED_BYTES_MAX", 1 << 20), "=small-buffer]"),
    Answer("quirk printer.slow-answers", "printer-answers-late", IMPATIENT, "slow-answers"),
    Answer("quirk printer.slow-line", "printer-answers-late", of(paper, "JOB_TIMEOUT_NS", 500_000_000), "slow-line"),
    Answer("quirk printer.drawer-inverted", "drawer-contact-quirks", _as_most_are, "inverted"),
    Answer("quirk printer.drawer-unwired", "drawer-contact-quirks", _as_most_are, "unwired"),
    Answer("quirk printer.babbles", "printer-babbles", of(printer_watch.PrinterWatch, "_alive", _nothing)),
    # Display
    Answer("line_display.pull_cable", "display-gone", NOT_REOPENED),
    Answer("line_display.switch_off", "display-switched-off", of(line_display, "REFRESH_NS", NEVER_NS)),
    Answer("quirk line_display.left-in-string-mode", "display-left-otherwise", _without_greeting(Clear), "string-mode"),
    Answer("quirk line_display.printer-selected", "display-left-otherwise", _without_greeting(Select), "printer-selected"),
    # Scanner
    Answer("scanner.pull_cable", "scanner-torn", NOT_REOPENED),
    Answer("scanner.tear", "scanner-torn", _keeps_half_codes),
    Answer("scanner.garble", "scanner-garbage", of(scanning.Scanning, "noise", _nothing)),
    Answer("scanner.scan_twice", "scanner-sends-twice", of(scanning, "reading_of", lambda _: Reading.FIRST)),
    Answer("scanner.misread", "scanner-misreads", MISREADS_ARE_SOLD),
    *(
        Answer(f"scanner.{fault}", "wire-noise", MISREADS_ARE_SOLD, f"={fault}]")
        for fault in ("corrupt", "lose", "duplicate", "reorder", "noise")
    ),
    Answer("scanner.split", "wire-in-pieces", _whole_in_one),
    Answer("quirk scanner.no-suffix", "scanner-is-set-otherwise", of(pos_devices, "ending", lambda _: Ending.CR), "no-suffix"),
    Answer("quirk scanner.stx-etx", "scanner-is-set-otherwise", _only_ends(b"\r", b"\n"), "stx-etx"),
    Answer("quirk scanner.line-feed", "scanner-is-set-otherwise", _only_ends(b"\r"), "line-feed"),
    Answer("quirk scanner.cr-lf", "scanner-is-set-otherwise", _only_ends(b"\r"), "cr-lf"),
    Answer("quirk scanner.tab", "scanner-is-set-otherwise", _only_ends(b"\r"), "tab"),
    Answer("quirk scanner.identifiers", "scanner-is-set-otherwise", _takes_all_for_code, "identifiers"),
    Answer("quirk scanner.handshake", "scanner-is-set-otherwise", of(pos_devices, "handshake", lambda _: Handshake.NONE), "handshake"),
    Answer("quirk scanner.sends-twice", "scanner-doubles-everything", of(scanning, "reading_of", lambda _: Reading.FIRST)),
    # Stripe reader
    Answer("stripe_reader.swipe_slowly", "stripe-half-read", _wants_both_tracks),
    Answer("stripe_reader.swipe_without", "stripe-half-read", _wants_both_tracks, "missing=2"),
    Answer("stripe_reader.swipe_partly", "stripe-unread", _tells_only_cards, "swipe_partly"),
    Answer("stripe_reader.swipe_upside_down", "stripe-unread", item(swiping.CODES, Fault.BLANK, "MSR-03"), "upside_down"),
    Answer("stripe_reader.swipe_worn", "stripe-unread", _believes_digits, "sends-lrc"),
    Answer("stripe_reader.swipe_twice", "stripe-swiped-twice", _one_of_each),
    Answer("stripe_reader.tear", "stripe-torn", _keeps_half_swipes),
    Answer("stripe_reader.garble", "stripe-garbage", of(swiping.Swiping, "noise", _nothing)),
    Answer("stripe_reader.swipe", "stripe-refused", of(ServiceCode, "has_chip", False), "card=chip"),
    Answer("stripe_reader.swipe", "stripe-refused", of(Expiry, "is_past", lambda *_: False), "card=expired"),
    Answer("quirk stripe_reader.sends-lrc", "stripe-unread", _believes_digits, "sends-lrc"),
    Answer("quirk stripe_reader.framed", "stripe-read", _wants_the_first_byte, "framed"),
    Answer("quirk stripe_reader.no-ending", "stripe-read", _ends_at_cr_alone, "no-ending"),
    Answer("quirk stripe_reader.a-line-each", "stripe-read", _ends_at_cr_alone, "a-line-each"),
    Answer("quirk stripe_reader.third-like-second", "stripe-read", _third_is_second, "third-like-second"),
    Answer("quirk stripe_reader.track-2-only", "stripe-read", _wants_both_tracks, "track-2-only"),
    # Cards
    Answer("customer.remove", "customer-leaves", _trusting),
    Answer("customer.swap", "fast-card-swap", _any_card),
    Answer("customer.tear_before", "card-pulled-before-debit", _believed, "count=5"),
    Answer("customer.tear_after", "card-pulled-after-debit", _believed),
    Answer("customer.tear_in", "card-pulled-while-writing", _believed, "bytes=200"),
    Answer("customer.mute", "card-mute", _trusting),
    Answer("customer.delay", "card-slow", of(purses, "EXCHANGE_NS", 100_000_000), "ms=500"),
    Answer("customer.tap", "tap-two-cards", _trusting),
    Answer("customer.tap", "tap-ends-early", _believed, "ms=7]"),
    Answer("quirk smart_card.contactless", "tap-ends-early", _believed, "ms=4]"),
    Answer("customer.pull_cable", "hybrid-reader-cable-pulled", NOT_REOPENED),
    Answer("customer.jam", "hybrid-reader-jammed", of(hybrid_reader, "POLL_NS", NEVER_NS)),
    Answer("customer.restart", "hybrid-reader", _never_reset_again),
    Answer("customer.chip_mute", "hybrid-reader", of(Devices, "swiped_for_chip", Devices._swiped)),
    Answer("customer.cancel", "pin-cancelled", item(purse_refusals.CUSTOMER, PinSW.CANCELLED, "PUR-11")),
    Answer("shop.tear_before", "shop-card-pulled", _believed, "tear_before, count=4"),
    Answer("shop.tear_after", "shop-card-pulled", _believed, "tear_after, count=4"),
    Answer("quirk smart_card.slow", "card-quirks", of(purses, "EXCHANGE_NS", 100_000_000), "slow"),
    Answer("quirk smart_card.bad-contacts", "card-quirks", _once_only, "bad-contacts"),
    # Banks
    *(
        Answer(f"hanbit.{fault}", "bank-answer-lost", _leaves_it_open, f"card=passbook-1, pin=1234, fault={fault}")
        for fault in ("lose_answers", "lose_requests", "answer_after_reversal", "wrong_codes")
    ),
    Answer("hanbit.delay", "bank-answer-late", of(bank_line, "ANSWER_SECONDS", 1.0), "TR"),
    Answer("hanbit.pull_cable", "bank-down-and-back", of(bank_line, "AGAIN_SECONDS", (1e6,)), "TR"),
    Answer("hanbit.restart", "bank-forgets-who-we-are", of(bank_line.BankLine, "_doubt_sign_on", _nothing), "TR"),
    Answer("hanbit.decline", "bank-refused", of(bank_desk, "message_of", lambda _: "CRD-10"), "code=51"),
    Answer("hanbit.issuer_away", "bank-card-reported", of(bank_desk, "message_of", lambda _: "CRD-10"), "verb=lost"),
    Answer("hanbit.report_card", "bank-card-reported", of(bank_desk, "message_of", lambda _: "CRD-10"), "verb=stolen"),
    # Programs, network, disk, office
    Answer("till.kill", "till-killed-with-open-basket", of(loading, "_recover", lambda _: None)),
    Answer("till.kill", "till-killed-after-value-moved", _no_doubt),
    Answer("broker.stop", "broker-down-all-day", NOT_SENT_AGAIN),
    Answer("broker.kill", "broker-killed-mid-batch", _acknowledged_unheard, "before_commit"),
    Answer("broker.kill", "broker-killed-mid-batch", _forked, "after_commit"),
    Answer("network.no_route", "broker-answer-lost", _acknowledged_unheard, "no_route"),
    Answer("network.lose_request", "broker-answer-lost", _acknowledged_unheard, "lose_request"),
    Answer("network.lose_answer", "broker-answer-lost", _forked, "lose_answer"),
    Answer("network.hang_up", "broker-answer-lost", _forked, "hang_up"),
    Answer("network.twice", "broker-answer-lost", _twice_is_new, "twice"),
    Answer("network.late", "broker-answers-late", of(broker_client, "TRANSFER_SECONDS_MAX", 1.0)),
    Answer("network.stray", "broker-answer-lost", _forked, "stray"),
    Answer("disk.read_only", "disk-fails-beside-the-sale", of(till.Till, "_go_on", _nothing), "read_only"),
    Answer("disk.read_only", "disk-read-only", _raw_errors),
    Answer("disk.full", "disk-full", _raw_errors),
    Answer("office.suspend", "terminal-suspended", of(outbox, "MENDED_SECONDS", 1e9)),
]  # fmt: skip


def scenario_of(answer: Answer) -> Scenario:
    rows = read_scenarios(SHIPPED / f"{answer.scenario}.toml")
    return next(row for row in rows if answer.row in row.label)


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: f"{answer.to} {answer.row}".strip())
def test_scenario_fails_without_the_answer(answer: Answer, monkeypatch: Patch) -> None:
    answer.without(monkeypatch)
    outcome = play(scenario_of(answer), rules=RULES)
    assert not outcome.passed, f"{outcome.label} does not need the answer to {answer.to}"


NO_ANSWER = {
    "hanbit.cross_answers": "two questions at once: tests/ips/bank/test_line.py",
    "hanbit.double_answers": "the second is an answer to nothing: tests/ips/bank/test_session.py",
    "hanbit.garble": "hanbit.pull_cable: the line is closed and dialled anew",
    "slot.delay": "quirk smart_card.slow",
    "slot.chip_delay": "quirk smart_card.slow",
    "quirk smart_card.no-quickack": "the card's own side; vpcd only",
    **{
        f"quirk payment_terminal.{name}": "tests/devices/test_payment_terminal.py"
        for name in profiles("payment_terminal")
    },
}
"""What stands for another row, or has no answer in the program, and why."""


def faults() -> set[str]:
    """Return everything that can go wrong in a scenario, as ANSWERS names it."""
    wire = {verb.name for verb in WIRE_VERBS} - HARMLESS
    own = {
        (device, verb)
        for device in (*DEVICES, HANBIT)
        for verb in verbs_of(device)
        if verb not in HARMLESS and not (verb in wire and device in BYTES)
        if device != HANBIT or verb == "delay" or verb not in wire
    }
    return (
        {f"wire.{verb}" for verb in wire}
        | {f"{'slot' if device in SLOTS else device}.{verb}" for device, verb in own}
        | {f"quirk {kind}.{name}" for kind in KINDS for name in profiles(kind)}
        | {f"network.{passing.value}" for passing in Passing if passing is not Passing.GOOD}
        | {"till.kill", "broker.kill", "broker.stop", "disk.full", "disk.read_only"}
        | {"office.suspend"}
    )


def general(to: str) -> set[str]:
    """Return the names under which a row's fault counts: a slot's, a wire's."""
    device, _, verb = to.partition(".")
    names = {to}
    if device in SLOTS:
        names.add(f"slot.{verb}")
    if device in BYTES and verb in {each.name for each in WIRE_VERBS}:
        names.add(f"wire.{verb}")
    return names


def test_every_fault_and_every_quirk_has_a_row() -> None:
    answered = {name for answer in ANSWERS for name in general(answer.to)}
    assert faults() - answered - set(NO_ANSWER) == set()


def test_the_language_has_every_way_a_request_may_pass() -> None:
    [passing] = [field for field in msgspec.structs.fields(Network) if field.name == "network"]
    assert set(get_args(passing.type)) == {each.value for each in Passing}
