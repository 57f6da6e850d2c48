"""The virtual hybrid reader on its line: reset first, the chip through its contacts, the stripe by its head."""

import pytest

from protocols.card_number import CardNumber
from protocols.control import Verb
from protocols.hybrid_reader import RESET, Answered, Failed, HostEnd
from protocols.hybrid_words import (
    APDU_T1,
    COLD_RESET,
    PERMIT,
    POWER_OFF,
    PRESS,
    READ,
    STATUS,
    Done,
    Refusal,
    Refused,
    Where,
    read_answer,
)
from protocols.magnetic_stripe import Track, read_track
from sim.cards.stripes import read_stripes
from sim.hybrid_reader import HybridReaderTwin
from sim.twin import Twin, VerbError
from tests.support.card_bench import SELECT, card
from tests.support.payment_cards import card as payment_card


class Bench:
    """A twin and the host's end of its line, at one moment."""

    def __init__(self) -> None:
        cards = {"chip": card(b"ALICE-01"), "plain": card(b"BOB-0001")}
        self.twin = HybridReaderTwin(cards)
        self.host = HostEnd()

    def do(self, verb: str, **arguments: str) -> None:
        self.twin.do(Verb(verb=verb, arguments=arguments), 0)

    def ask(self, command: bytes) -> Done | Refused | None:
        self.host.send(command, 0)
        told: list[Answered | Failed] = []
        while not told and (data := self.host.outgoing()):
            self.twin.receive(data, 0)
            told += self.host.receive(self.twin.outgoing(), 0)
        [answered] = told
        assert isinstance(answered, Answered)
        return read_answer(answered.answer)


def test_is_a_twin() -> None:
    assert isinstance(Bench().twin, Twin)


def test_nothing_is_done_before_a_reset() -> None:
    bench = Bench()
    assert bench.ask(STATUS) == Refused(Refusal.WANTS_RESET)
    assert bench.ask(RESET) == Done(Where.NO_CARD)
    assert bench.ask(PERMIT) == Done(Where.NO_CARD)
    assert bench.ask(b"CZZ") == Refused(Refusal.UNDEFINED)
    bench.twin.restart()
    bench.host = HostEnd()
    assert bench.ask(STATUS) == Refused(Refusal.WANTS_RESET)


def test_chip_is_pressed_reset_told_and_let_go() -> None:
    bench = Bench()
    bench.ask(RESET)
    assert bench.ask(PRESS) == Refused(Refusal.SEQUENCE)
    assert bench.ask(COLD_RESET) == Refused(Refusal.DRAWN_OUT)
    bench.do("insert", card="chip")
    assert bench.ask(STATUS) == Done(Where.INSIDE)
    assert bench.ask(APDU_T1 + SELECT) == Refused(Refusal.SEQUENCE)
    assert bench.ask(COLD_RESET) == Refused(Refusal.SEQUENCE)
    assert bench.ask(PRESS) == Done(Where.PRESSED)
    reset = bench.ask(COLD_RESET)
    assert isinstance(reset, Done) and reset.where is Where.ACTIVE and reset.data[:1] == b"\x3b"
    answer = bench.ask(APDU_T1 + SELECT)
    assert isinstance(answer, Done) and answer.where is Where.WHOLE
    assert answer.data.endswith(b"\x90\x00")
    assert bench.ask(STATUS) == Done(Where.ACTIVE)
    assert bench.ask(POWER_OFF) == Done(Where.PRESSED)
    assert bench.ask(APDU_T1 + SELECT) == Refused(Refusal.SEQUENCE)


def test_nothing_presses_a_card_that_was_swapped_or_the_one_before_a_reset() -> None:
    bench = Bench()
    bench.ask(RESET)
    bench.do("insert", card="chip")
    bench.ask(PRESS)
    bench.ask(COLD_RESET)
    bench.do("swap", card="plain")
    assert bench.ask(STATUS) == Done(Where.INSIDE)
    bench.ask(PRESS)
    assert bench.ask(RESET) == Done(Where.INSIDE)


def test_stripe_is_that_of_the_card_that_is_in() -> None:
    bench = Bench()
    bench.ask(RESET)
    assert bench.ask(READ[Track.TWO]) == Refused(Refusal.SEQUENCE)
    bench.do("insert", card="chip")
    assert bench.ask(READ[Track.TWO]) == Done(
        Where.INSIDE, read_stripes()["chip"][Track.TWO][:-1].encode()
    )
    assert bench.ask(READ[Track.THREE]) == Refused(Refusal.NOT_ENCODED)
    bench.do("swap", card="plain")
    assert bench.ask(READ[Track.TWO]) == Refused(Refusal.NOT_ENCODED)


def test_a_jam_refuses_all_but_the_status() -> None:
    bench = Bench()
    bench.ask(RESET)
    bench.do("insert", card="chip")
    bench.do("jam")
    assert bench.ask(PRESS) == Refused(Refusal.JAM)
    assert bench.ask(STATUS) == Done(Where.INSIDE)
    bench.do("free")
    assert bench.ask(PRESS) == Done(Where.PRESSED)


def test_a_mute_chip_is_refused_by_its_number() -> None:
    bench = Bench()
    bench.ask(RESET)
    bench.do("chip_mute")
    bench.do("insert", card="chip")
    bench.ask(PRESS)
    assert bench.ask(COLD_RESET) == Refused(Refusal.CHIP_SILENT)


def test_cards_without_a_chip_lie_beside_it_and_a_payment_card_has_its_own_stripe() -> None:
    bench = Bench()
    bench.ask(RESET)
    bench.do("insert", card="credit")
    bench.ask(PRESS)
    assert bench.ask(COLD_RESET) == Refused(Refusal.CHIP_SILENT)
    assert bench.ask(READ[Track.TWO]) == Done(
        Where.PRESSED, read_stripes()["credit"][Track.TWO][:-1].encode()
    )
    emv = payment_card("credit-1")
    bench.twin, bench.host = HybridReaderTwin({"credit": emv}), HostEnd()
    bench.ask(RESET)
    bench.do("insert", card="credit")
    second = bench.ask(READ[Track.TWO])
    assert isinstance(second, Done)
    text = second.data.decode()
    read = read_track(text, Track.TWO)
    assert read.number == CardNumber(emv.chip.personality.pan)
    assert read.service is not None and read.service.has_chip


def test_switched_off_and_on_it_wants_a_reset_and_tells_so_in_its_history() -> None:
    bench = Bench()
    bench.ask(RESET)
    bench.do("restart")
    bench.host = HostEnd()
    assert bench.ask(STATUS) == Refused(Refusal.WANTS_RESET)
    assert [event.what for event in bench.twin.history] == ["restart"]


def test_verbs_are_the_slots_but_for_what_it_has_not_and_what_its_line_has_itself() -> None:
    names = {verb.name for verb in Bench().twin.verbs()}
    assert {"insert", "tear_after", "chip_mute", "chip_delay", "jam", "restart"} <= names
    assert not names & {"tap", "press", "mute", "unmute", "delay"}


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [("jam", {"card": "chip"}), ("insert", {}), ("inser", {"card": "chip"}), ("mute", {})],
)
def test_a_wrong_verb_is_refused(verb: str, arguments: dict[str, str]) -> None:
    with pytest.raises(VerbError):
        Bench().do(verb, **arguments)
