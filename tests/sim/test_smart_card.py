"""The virtual slot: power, tearing, lateness and the keypad, on the bytes of the wire, in no time at all."""

from functools import reduce
from operator import xor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.control import Verb
from protocols.iso7816 import Command
from protocols.purse.card import PIN_KEY
from protocols.secure_pin import PinEntry, PinSW
from protocols.vpcd import FRAME_GAP_NS, Answer, Control, ReaderEnd
from sim.cards.answers import Transmission
from sim.cards.purse import HISTORICAL
from sim.smart_card import SmartCardTwin
from sim.twin import Twin, VerbError
from tests.support.card_bench import QUERY, SELECT, card

S = 1_000_000_000
VERIFY = PinEntry(header=bytes((0, 0x20, 0, PIN_KEY)), timeout_s=20)


class Bench:
    """A twin and the reader's end of its wire, at a time of our choosing."""

    def __init__(self) -> None:
        self.twin = SmartCardTwin({"alice": card(b"ALICE-01"), "bob": card(b"BOB-0001")})
        self.wire = ReaderEnd()
        self.now = 0

    def do(self, verb: str, **arguments: str) -> None:
        self.twin.do(Verb(verb=verb, arguments=arguments), self.now)

    def insert(self, name: str = "alice") -> None:
        self.do("insert", card=name)
        self.twin.connected(self.now)

    def pump(self) -> list[bytes]:
        self.twin.receive(self.wire.outgoing(), self.now)
        self.twin.tick(self.now)
        events = self.wire.receive(self.twin.outgoing(), self.now)
        return [event.payload for event in events if isinstance(event, Answer)]

    def power(self) -> list[bytes]:
        self.wire.control(Control.ON)
        self.wire.control(Control.ATR)
        return self.pump()

    def ask(self, apdu: bytes) -> list[bytes]:
        self.wire.command(apdu)
        return self.pump()


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_slot_is_a_twin_and_empty_at_first(bench: Bench) -> None:
    assert isinstance(bench.twin, Twin)
    assert bench.twin.visit == 0
    assert bench.twin.state()["card"] == ""
    assert bench.power() == []


def test_card_is_mute_until_it_has_power(bench: Bench) -> None:
    bench.insert()

    assert bench.ask(SELECT) == [b""]
    assert bench.twin.state()["commands"] == 0
    assert bench.power() == [bench.twin._cards["alice"].atr]
    assert bench.ask(SELECT)[0].endswith(b"\x90\x00")
    bench.wire.control(Control.OFF)
    assert bench.ask(SELECT) == [b""]


def test_reset_needs_power_and_forgets_what_was_selected(bench: Bench) -> None:
    bench.insert()
    bench.wire.control(Control.RESET)
    assert bench.ask(SELECT) == [b""], "a reset is no power"
    bench.power()
    bench.ask(SELECT)
    bench.wire.control(Control.RESET)

    assert bench.ask(QUERY) == [b"\x69\x85"]


def test_new_contact_has_no_power(bench: Bench) -> None:
    bench.insert()
    bench.power()
    bench.twin.disconnected(1)
    bench.twin.connected(2)

    assert bench.ask(SELECT) == [b""]


@pytest.mark.parametrize(("verb", "obeyed"), [("tear_before", 1), ("tear_after", 2)])
def test_card_is_torn_at_the_command_that_was_named(bench: Bench, verb: str, obeyed: int) -> None:
    bench.insert()
    bench.power()
    bench.do(verb, count="2")

    assert len(bench.ask(SELECT)) == 1
    assert bench.ask(QUERY) == []
    assert bench.twin.visit == 0
    commands = [event for event in bench.twin.history if event.what == "command"]
    assert len(commands) == obeyed


def test_every_stay_has_its_own_number(bench: Bench) -> None:
    bench.insert()
    first = bench.twin.visit
    bench.do("swap", card="bob")

    assert bench.twin.visit not in (0, first)
    with pytest.raises(VerbError, match="remove it first"):
        bench.do("insert", card="alice")


def test_answer_is_late_to_the_nanosecond(bench: Bench) -> None:
    bench.insert()
    bench.power()
    bench.do("delay", ms="250")
    assert bench.ask(SELECT) == []

    bench.now = S // 4 - 1
    assert bench.pump() == []
    assert bench.twin.deadline_ns == S // 4
    bench.now = S // 4
    assert len(bench.pump()) == 1


def test_late_answer_of_one_stay_is_never_given_in_the_next(bench: Bench) -> None:
    bench.insert()
    bench.power()
    bench.do("delay", ms="250")
    bench.ask(SELECT)
    bench.wire.control(Control.OFF)
    bench.pump()
    bench.now = S

    assert bench.pump() == []


def test_half_a_frame_is_given_up_and_the_card_hangs_up(bench: Bench) -> None:
    bench.insert()
    bench.twin.receive(b"\x00", 0)

    bench.twin.tick(FRAME_GAP_NS - 1)
    assert bench.twin.visit
    bench.twin.tick(FRAME_GAP_NS)
    assert not bench.twin.visit


def test_keypad_waits_until_its_time_is_over_and_not_longer(bench: Bench) -> None:
    bench.insert()
    bench.power()
    bench.ask(SELECT)
    bench.wire.enter_pin(VERIFY.encode())
    assert bench.pump() == []

    bench.now = 20 * S - 1
    assert bench.pump() == []
    bench.now = 20 * S
    assert bench.pump() == [PinSW.TIMEOUT.to_bytes(2)]
    with pytest.raises(VerbError, match="idle"):
        bench.do("enter")


def test_keypad_gives_the_card_a_verify_and_the_history_no_digit(bench: Bench) -> None:
    bench.insert()
    bench.power()
    bench.ask(SELECT)
    bench.wire.enter_pin(VERIFY.encode())
    bench.pump()
    bench.do("press", digits="1234")
    assert bench.twin.state()["keypad"] == "4 digits"
    bench.do("enter")

    assert bench.pump() == [b"\x90\x00"]
    assert bench.ask(Command(0, 0x20, 0, PIN_KEY).encode()) == [b"\x90\x00"]
    assert "1234" not in repr(bench.twin.history)


def test_structure_that_is_none_is_refused_at_once(bench: Bench) -> None:
    bench.insert()
    bench.power()
    bench.wire.enter_pin(b"nonsense")

    assert bench.pump() == [PinSW.STRUCTURE_WRONG.to_bytes(2)]


@pytest.mark.parametrize(
    ("verb", "arguments", "sentence"),
    [
        ("insert", {"card": "carol"}, "alice, bob"),
        ("insert", {}, "takes card"),
        ("eat", {}, "this device has"),
        ("remove", {}, "insert one first"),
        ("tear_before", {"count": "0"}, "from 1"),
        ("delay", {"ms": "-1"}, "from 0"),
        ("press", {"digits": "1"}, "idle"),
    ],
)
def test_verb_that_cannot_be_done_says_why(
    bench: Bench, verb: str, arguments: dict[str, str], sentence: str
) -> None:
    with pytest.raises(VerbError, match=sentence):
        bench.do(verb, **arguments)


@given(st.lists(st.binary(max_size=40), max_size=12))
@settings(max_examples=50)
def test_no_bytes_raise(pieces: list[bytes]) -> None:
    bench = Bench()
    bench.insert()
    for number, piece in enumerate(pieces):
        bench.twin.receive(piece, number)
    bench.twin.tick(FRAME_GAP_NS * 2)
    bench.twin.outgoing()


def antenna_bench() -> Bench:
    bench = Bench()
    bench.twin = SmartCardTwin(
        {
            "alice": card(b"ALICE-01"),
            "bob": card(b"BOB-0001"),
            "turns": card(b"TURNS-01", transmission=Transmission.T0),
        },
        antenna=True,
    )
    return bench


def tap(bench: Bench, name: str, **more: str) -> None:
    bench.do("tap", card=name, **more)
    bench.twin.connected(bench.now)


@pytest.mark.parametrize("name", ["alice", "turns"])
def test_a_tapped_card_has_the_atr_that_a_contactless_reader_makes(name: str) -> None:
    bench = antenna_bench()
    tap(bench, name)

    [atr] = bench.power()
    assert atr[:-1] == bytes.fromhex("3b888001") + HISTORICAL
    assert reduce(xor, atr[1:]) == 0
    assert bench.ask(SELECT)[0][-2] == (0x61 if name == "turns" else 0x90)
    bench.do("lift", card=name)
    assert bench.twin.visit == 0 and bench.power() == []


def test_a_tap_ends_exactly_at_its_time_and_not_before() -> None:
    bench = antenna_bench()
    bench.now = 7
    tap(bench, "alice", ms="300")

    assert bench.twin.deadline_ns == 7 + 300_000_000
    bench.now = 6 + 300_000_000
    bench.twin.tick(bench.now)
    assert bench.twin.inserted == "alice"
    bench.now += 1
    bench.twin.tick(bench.now)
    assert bench.twin.visit == 0 and bench.twin.deadline_ns is None
    assert [event.what for event in bench.twin.history][-1] == "lifted"
    tap(bench, "alice")
    assert bench.twin.inserted == "alice", "it is free to come again"


def test_two_cards_are_mute_until_one_is_left_and_that_is_another_stay() -> None:
    bench = antenna_bench()
    tap(bench, "alice")
    alone = bench.twin.visit
    assert bench.power() != [b""]

    tap(bench, "bob", ms="500")
    assert bench.twin.visit != alone
    assert bench.power() == [b""] and bench.ask(SELECT) == [b""]
    assert bench.twin.state()["antenna"] == ["alice", "bob"]
    collided = bench.twin.visit

    bench.now = 500_000_000
    bench.twin.tick(bench.now)
    bench.twin.connected(bench.now)
    assert bench.twin.visit not in (alone, collided)
    assert bench.power() != [b""] and bench.ask(SELECT)[0].endswith(b"\x90\x00")


def test_of_two_cards_the_first_may_be_lifted_too() -> None:
    bench = antenna_bench()
    tap(bench, "alice")
    tap(bench, "bob")
    bench.do("lift", card="alice")
    bench.twin.connected(bench.now)

    assert bench.twin.inserted == "bob" and bench.power() != [b""]


def test_a_tapped_card_is_torn_like_any_other_and_leaves_the_field() -> None:
    bench = antenna_bench()
    tap(bench, "alice")
    bench.power()
    bench.do("tear_after", count="1")

    assert bench.ask(SELECT) == []
    assert bench.twin.visit == 0 and bench.twin.state()["antenna"] == []


@pytest.mark.parametrize(
    ("verbs", "says"),
    [
        ([("tap", {"card": "carol"})], "there are: alice, bob"),
        ([("tap", {"card": "alice", "ms": "0"})], "from 1 to"),
        ([("tap", {"card": "alice", "for": "3"})], "wrong arguments"),
        ([("insert", {"card": "alice"}), ("tap", {"card": "bob"})], "alice is in the slot"),
        ([("tap", {"card": "alice"}), ("tap", {"card": "alice"})], "in a reader already"),
        ([("tap", {"card": "alice"}), ("insert", {"card": "bob"})], "alice is in the slot"),
        ([("lift", {"card": "alice"})], "there is: none"),
    ],
)
def test_a_wrong_tap_says_why(verbs: list[tuple[str, dict[str, str]]], says: str) -> None:
    bench = antenna_bench()
    with pytest.raises(VerbError, match=says):
        for verb, arguments in verbs:
            bench.do(verb, **arguments)


def test_a_slot_without_antenna_says_how_to_get_one(bench: Bench) -> None:
    with pytest.raises(VerbError, match="antenna = true"):
        bench.do("tap", card="alice")
