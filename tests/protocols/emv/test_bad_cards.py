"""Cards that are none, or mean harm: each is refused by name, within bounds, before anything can move.

Method: the profiles of the shipped set whose records, numbers, certificates and loops are wrong; and cards that
hypothesis makes up, which answer anything to anything. Commands and memory are counted.
"""

import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.apdu_exchange import TURNS_MAX
from protocols.emv import tags
from protocols.emv.bits import Kind
from protocols.emv.steps import (
    Answer,
    Ask,
    Choose,
    Ending,
    EnterPin,
    Finished,
    GoOnline,
    Intend,
    Said,
    Stage,
    Step,
)
from protocols.emv.transaction import pay
from protocols.iso7816 import parse_response
from protocols.tlv import encode_tlv
from sim.cards.emv import Quirk
from tests.support.card_bench import card as purse
from tests.support.payment_cards import ONLINE_PIN, Carrier, card, card_like, payment, terminal

COMMANDS_MAX = 160
"""Of one payment, whatever a card says; two applications to try, 40 records each, and all the rest."""
BYTES_MAX = 2_000_000

BAD = {
    "truncated": (Ending.CARD_GARBLED, Stage.READING, "no template"),
    "bomb": (Ending.CARD_GARBLED, Stage.READING, "no template"),
    "garbage": (Ending.CARD_GARBLED, Stage.READING, "no template"),
    "endless": (Ending.CARD_GARBLED, Stage.READING, "more than 40 records"),
    "loops": (Ending.CARD_LEFT, Stage.READING, "no answer"),
    "bad-number": (Ending.CARD_GARBLED, Stage.READING, "5A is no number"),
    "thirty-first": (Ending.CARD_GARBLED, Stage.READING, "5F24 is no day"),
    "anothers-certificate": (Ending.DECLINED_OFFLINE, Stage.DECIDING, ""),
    "copied": (Ending.DECLINED_OFFLINE, Stage.DECIDING, ""),
    "elsewhere": (Ending.NO_APPLICATION, Stage.SELECTING, ""),
    "fallback": (Ending.CARD_SILENT, Stage.SELECTING, "6E00 at SELECT"),
}


@pytest.mark.parametrize("label", BAD)
def test_each_bad_card_is_refused_by_name_before_its_issuer_is_asked(label: str) -> None:
    carrier = Carrier(card(label))
    finished = carrier.run(pay(terminal(), payment()))

    ending, stage, reason = BAD[label]
    assert (finished.ending, finished.stage) == (ending, stage)
    assert reason in finished.reason
    assert not carrier.bank.asked and not finished.approved and not finished.reverse
    assert carrier.commands <= COMMANDS_MAX


def test_a_card_of_another_world_has_no_application() -> None:
    finished = Carrier(purse(b"ALICE-01")).run(pay(terminal(), payment()))  # type: ignore[arg-type]

    assert finished.ending is Ending.NO_APPLICATION and finished.asked is None


def test_a_card_that_is_endless_costs_what_the_bounds_say() -> None:
    carrier = Carrier(card("endless"))
    carrier.run(pay(terminal(), payment()))

    reads = sum(isinstance(step, Ask) and step.apdu[1] == 0xB2 for step in carrier.steps)
    assert reads == 10 + 40, "of the directory, and of the files"


def test_a_card_that_loops_is_asked_so_often_and_then_counts_as_gone() -> None:
    which, told = card("loops"), list[bytes]()
    handle = which.handle
    which.handle = lambda apdu: told.append(apdu) or handle(apdu)  # type: ignore[method-assign,func-returns-value]
    Carrier(which).run(pay(terminal(), payment()))

    assert sum(apdu[1] == 0xC0 for apdu in told) == TURNS_MAX - 1


def test_each_chip_of_another_number_is_refused_though_its_issuer_signed_it() -> None:
    for way in ("cda", "dda"):
        bad = card_like(authentication=way, quirk=Quirk.ANOTHERS_CERTIFICATE)
        finished = Carrier(bad).run(pay(terminal(), payment()))
        assert finished.ending is Ending.DECLINED_OFFLINE, way


# Cards that answer anything

_WORDS = st.sampled_from(
    [b"\x90\0", b"\x62\x83", b"\x69\x85", b"\x6a\x81", b"\x6a\x82", b"\x63\xc2", b"\x6f\0"]
)
_BYTES = st.binary(max_size=40)
_TAGS = st.sampled_from(
    [
        *(tags.FCI, tags.DF_NAME, tags.PROPRIETARY, tags.SFI, tags.AID, tags.ENTRY, tags.RECORD),
        *(tags.PAN, tags.EXPIRY, tags.CDOL_1, tags.CDOL_2, tags.PDOL, tags.AIP, tags.AFL),
        *(tags.RESPONSE_1, tags.RESPONSE_2, tags.CVM_LIST, tags.CRYPTOGRAM, tags.ATC),
        *(tags.CRYPTOGRAM_INFORMATION, tags.DYNAMIC_SIGNATURE, tags.PIN_TRIES, tags.TRACK_2),
    ]
)
_TREES = st.recursive(
    st.builds(encode_tlv, _TAGS, _BYTES),
    lambda inside: st.builds(
        lambda tag, many: encode_tlv(tag, *many), _TAGS, st.lists(inside, max_size=4)
    ),
    max_leaves=12,
)
_ANSWERS = st.builds(lambda data, word: data + word, _TREES | _BYTES, _WORDS) | st.just(b"")
Garble = Callable[[bytes, bytes], bytes]


@dataclass
class Liar:
    """Answers with what it is given, for every command; and with a genuine card's words in between."""

    answers: list[bytes]
    honest: list[bool]
    approve: bool
    steps: list[Step] = field(default_factory=list)
    asked: int = 0
    sent: int = 0

    def run(self) -> Finished:
        genuine = card("credit-1")
        genuine.power_on()
        dialogue = pay(terminal(), payment())
        try:
            step = next(dialogue)
            while True:
                self.steps.append(step)
                assert self.asked <= COMMANDS_MAX, "it goes on for longer than the bounds allow"
                step = dialogue.send(self._answer(step, genuine.handle))
        except StopIteration as stopped:
            assert isinstance(stopped.value, Finished)
            return stopped.value

    def _answer(self, step: Step, handle: Callable[[bytes], bytes]) -> Answer:
        match step:
            case Ask(apdu):
                self.asked += 1
                place = self.asked % len(self.answers)
                said = handle(apdu)
                if not self.honest[self.asked % len(self.honest)]:
                    said = self.answers[place]
                return parse_response(said)
            case Choose():
                return 0
            case EnterPin():
                self.asked += 1
                return ONLINE_PIN
            case Intend():
                return None
            case GoOnline():
                self.sent += 1
                return Said("00", True) if self.approve else Said("05", False)


@settings(max_examples=400, deadline=None)
@given(
    answers=st.lists(_ANSWERS, min_size=1, max_size=30),
    honest=st.lists(st.booleans(), min_size=1, max_size=30),
    approve=st.booleans(),
)
def test_whole_cards_that_answer_anything_end_within_bounds_and_take_nothing_twice(
    answers: list[bytes], honest: list[bool], approve: bool
) -> None:
    liar = Liar(answers, honest, approve)
    tracemalloc.start()
    try:
        finished = liar.run()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < BYTES_MAX
    assert liar.sent <= 1, "an issuer is asked once"
    intends = [place for place, step in enumerate(liar.steps) if isinstance(step, Intend)]
    online = [place for place, step in enumerate(liar.steps) if isinstance(step, GoOnline)]
    assert not online or (intends and intends[0] < online[0]), "durable before the issuer"
    if liar.sent and approve:
        assert finished.approved != finished.reverse, "paid there, or taken back there"
    else:
        assert not finished.reverse and finished.ending is not Ending.APPROVED_ONLINE
    if finished.approved:
        assert finished.asked is not None


@pytest.mark.parametrize("kind", [Kind.TC, Kind.ARQC, Kind.AAC])
def test_a_card_that_answers_one_thing_for_ever_ends(kind: Kind) -> None:
    for answer in (
        b"\x90\0",
        encode_tlv(tags.RECORD, b"") + b"\x90\0",
        encode_tlv(tags.RESPONSE_1, bytes((kind,)) + bytes(10)) + b"\x90\0",
        b"\x6f\x20" + bytes(32) + b"\x90\0",
    ):
        liar = Liar([answer], [False], approve=True)
        assert not liar.run().approved
        assert liar.asked <= COMMANDS_MAX
