"""The wire: nothing is lost without a fault, rate and delay to the nanosecond, faults from the seed alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.serial_line import LineSettings, Parity
from sim.entropy import SeededEntropy
from sim.faults import Faults, Passage
from sim.wire import GRAIN_NS, LANE_BYTES_MAX, PIECE_GAP_NS, Lane, Pace, Wire


def lane(faults=None, *, character_ns=0, seed=1):
    made = Lane(SeededEntropy(seed))
    made.faults = faults or Faults()
    made.character_ns = character_ns
    return made


def drain(made, now_ns=0):
    """Return all that ever arrives, with the time of each piece."""
    pieces = []
    for _ in range(100_000):
        data = made.arrived(now_ns)
        if data:
            pieces.append((now_ns, data))
        if made.deadline_ns is None:
            return pieces
        assert made.deadline_ns > now_ns, "a deadline lies ahead once all that is due was taken"
        now_ns = made.deadline_ns
    raise AssertionError("never empty")


@given(
    pieces=st.lists(st.binary(min_size=1, max_size=50), max_size=10),
    gaps=st.lists(st.integers(0, 5_000_000), min_size=10, max_size=10),
    character_ns=st.sampled_from([0, 1, 86_806, 1_041_667]),
    delay_ns=st.sampled_from([0, 1, 30_000_000]),
    piece_bytes=st.sampled_from([0, 1, 7]),
)
@settings(max_examples=100)
def test_faultless_lane_keeps_every_byte_in_order(
    pieces, gaps, character_ns, delay_ns, piece_bytes
):
    """Goal: rate, delay and splitting change when bytes arrive, never which."""
    made = lane(Faults(delay_ns=delay_ns, piece_bytes=piece_bytes), character_ns=character_ns)
    now_ns = 0
    got = b""
    for piece, gap in zip(pieces, gaps, strict=False):
        assert made.send(piece, now_ns) == 0
        now_ns += gap
        got += made.arrived(now_ns)

    got += b"".join(data for _, data in drain(made, now_ns))

    assert got == b"".join(pieces)
    assert made.pending() == 0


def test_byte_arrives_exactly_one_character_after_it_was_sent():
    """Goal: not a nanosecond earlier; the next byte one character later."""
    made = lane(character_ns=1_000)
    made.send(b"ab", 50)

    assert made.arrived(1_049) == b""
    assert made.arrived(1_050) == b"a"
    assert made.arrived(2_049) == b""
    assert made.arrived(2_050) == b"b"


def test_paced_burst_takes_its_time_and_comes_in_grains():
    """Goal: 480 characters at 9600 baud are half a second, looked at every few milliseconds."""
    character_ns = LineSettings(baud=9_600).character_ns()
    made = lane(character_ns=character_ns)
    made.send(bytes(480), 0)

    pieces = drain(made)

    assert pieces[-1][0] == 480 * character_ns
    assert len(pieces) <= 480 * character_ns // GRAIN_NS * 2
    assert max(len(data) for _, data in pieces) * character_ns <= GRAIN_NS


def test_second_burst_waits_for_the_first():
    """Goal: one line carries one character at a time."""
    made = lane(character_ns=1_000)
    made.send(b"abc", 0)
    made.send(b"d", 1)

    assert drain(made)[-1][0] == 4_000


def test_delay_is_exact_and_what_is_under_way_is_not_touched_by_a_later_one():
    """Goal: a fault begins now, not in the past."""
    made = lane(Faults(delay_ns=500))
    made.send(b"a", 0)
    made.faults = Faults()

    assert made.arrived(499) == b""
    assert made.arrived(500) == b"a"


def test_pieces_come_apart_by_the_gap():
    """Goal: a driver sees a frame cut where it does not expect it."""
    made = lane(Faults(piece_bytes=3))
    made.send(b"abcdefgh", 0)

    assert drain(made) == [(0, b"abc"), (PIECE_GAP_NS, b"def"), (2 * PIECE_GAP_NS, b"gh")]


def test_mute_lane_swallows_and_speaks_again():
    """Goal: silence without a sign, and no byte comes late."""
    made = lane(Faults(passage=Passage.MUTE))
    made.send(b"lost", 0)
    made.faults = Faults()
    made.send(b"heard", 0)

    assert drain(made) == [(0, b"heard")]


@pytest.mark.parametrize(
    ("fault", "least", "most"),
    [("drop_ppm", 89_000, 91_000), ("duplicate_ppm", 109_000, 111_000), ("garbage_ppm", 109_000, 111_000)],
)  # fmt: skip
def test_rates_hold_over_many_bytes(fault, least, most):
    """Goal: a tenth is a tenth."""
    made = lane(Faults(**{fault: 100_000}))
    made.send(bytes(100_000), 0)

    assert least <= len(made.arrived(0)) <= most


def test_flip_turns_one_bit_of_about_so_many_bytes():
    """Goal: exactly one bit, and length and order stay."""
    made = lane(Faults(flip_ppm=100_000))
    made.send(bytes(100_000), 0)
    got = made.arrived(0)

    changed = [byte for byte in got if byte]
    assert len(got) == 100_000
    assert 9_000 < len(changed) < 11_000
    assert {byte.bit_count() for byte in changed} == {1}
    assert len(set(changed)) == 8


def test_faults_follow_from_the_seed():
    """Goal: a failing run can be had again; another seed is another run."""
    faults = Faults(drop_ppm=20_000, flip_ppm=20_000, duplicate_ppm=20_000, garbage_ppm=20_000)

    def run_of(seed):
        made = lane(faults, seed=seed)
        made.send(bytes(range(256)) * 20, 0)
        return made.arrived(0)

    assert run_of(7) == run_of(7)
    assert run_of(7) != run_of(8)


def test_full_lane_says_how_much_it_lost():
    """Goal: LANE_BYTES_MAX holds exactly."""
    made = lane(Faults(delay_ns=1))

    assert made.send(bytes(LANE_BYTES_MAX), 0) == 0
    assert made.send(b"xyz", 0) == 3
    assert made.pending() == LANE_BYTES_MAX
    made.clear()
    assert (made.pending(), made.deadline_ns) == (0, None)


def test_driver_set_another_way_gets_and_gives_garbage_until_it_is_set_right():
    """Goal: a wrong rate looks like a wrong rate, both ways; an unseen line is trusted."""
    wire = Wire(SeededEntropy(1), line=LineSettings(baud=19_200))
    text = b"0123456789" * 10

    wire.driver_line(LineSettings(baud=9_600))
    for each in wire.lanes():
        each.send(text, 0)
        got = each.arrived(0)
        assert 40 < len(got) < 90
        assert got not in text

    for settings_seen in (LineSettings(baud=19_200), None):
        wire.driver_line(LineSettings(parity=Parity.EVEN))
        wire.driver_line(settings_seen)
        wire.to_device.send(text, 0)
        assert wire.to_device.arrived(0) == text


def test_line_rate_is_only_kept_when_asked_for():
    """Goal: tests do not wait for 9600 baud unless they want to."""
    fast = Wire(SeededEntropy(1), line=LineSettings())
    slow = Wire(SeededEntropy(1), line=LineSettings(), pace=Pace.LINE_RATE)

    for wire in (fast, slow):
        wire.to_device.send(b"a", 0)

    assert fast.deadline_ns() == 0
    assert slow.deadline_ns() == LineSettings().character_ns()


@pytest.mark.parametrize("wrong", [{"drop_ppm": -1}, {"flip_ppm": 1_000_001}, {"delay_ns": -1}])
def test_fault_out_of_range_is_a_programming_error(wrong):
    """Goal: nobody runs a campaign with a rate that means nothing."""
    with pytest.raises(AssertionError):
        Faults(**wrong)


@given(data=st.binary(min_size=2, max_size=200), seed=st.integers(0, 99))
def test_reordered_bytes_are_the_same_bytes_and_none_moves_further_than_one(data, seed):
    made = lane(Faults(reorder_ppm=300_000), seed=seed)
    made.send(data, 0)
    got = made.arrived(0)
    assert sorted(got) == sorted(data)
    place = 0
    while place < len(data):
        if got[place] == data[place]:
            place += 1
            continue
        assert got[place : place + 2] == data[place : place + 2][::-1]
        place += 2


@pytest.mark.parametrize("size", [1, 3, 10])
def test_faults_end_by_themselves_inside_a_burst(size):
    """Three bytes are lost, whatever pieces they come in; the rest passes, and no fault is left."""
    made = lane(Faults(drop_ppm=1_000_000, ends_after_bytes=3))
    data = bytes(range(10))
    for start in range(0, 10, size):
        made.send(data[start : start + size], 0)
    assert made.arrived(0) == data[3:]
    assert made.faults == Faults()


def test_mute_ends_by_itself_too():
    made = lane(Faults(passage=Passage.MUTE, ends_after_bytes=4))
    made.send(b"abcdef", 0)
    assert made.arrived(0) == b"ef"


def test_answers_alone_are_spoilt():
    wire = Wire(SeededEntropy(1), line=LineSettings())
    wire.spoil(Faults(drop_ppm=1_000_000), answers_only=True)
    wire.to_device.send(b"question", 0)
    wire.from_device.send(b"answer", 0)
    assert (wire.to_device.arrived(0), wire.from_device.arrived(0)) == (b"question", b"")
