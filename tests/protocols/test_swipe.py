"""What a stripe reader says is heard, however it is set and in whatever pieces; and what is wrong is named."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.card_number import CardNumber
from protocols.magnetic_stripe import (
    Expiry,
    Fault,
    ServiceCode,
    StripeError,
    Track,
    lrc,
    write_track,
)
from protocols.swipe import (
    SILENCE_NS,
    SWIPE_BYTES_MAX,
    Ending,
    Noise,
    Style,
    Swiped,
    SwipeEvent,
    SwipeFramer,
    read_swipe,
    say,
)

NUMBER = CardNumber("9410110000000010")
EXPIRY, SERVICE = Expiry(2049, 12), ServiceCode("101")


def stripe(number: CardNumber = NUMBER, own: str = "0000") -> dict[Track, str]:
    return {
        track: write_track(
            track, number, name="KIM/YEONGHUI" if track is Track.ONE else "",
            expiry=EXPIRY, service=SERVICE, discretionary=own,
        )
        for track in Track
    }  # fmt: skip


STRIPE = stripe()
STYLES = [
    Style(ending=ending, lrc=sent, framed=framed, a_line_each=each, third=third)
    for ending, sent, framed, each, third in product(
        Ending, (False, True), (False, True), (False, True), "+!;"
    )
    # A third track that begins like the second is only told from it on the same line.
    if not (third == ";" and each and ending is not Ending.NONE)
]


def heard(data: bytes) -> list[SwipeEvent]:
    framer = SwipeFramer()
    return [*framer.receive(data, 0), *framer.tick(SILENCE_NS)]


@pytest.mark.parametrize("style", STYLES, ids=str)
@pytest.mark.parametrize("tracks", [(1, 2, 3), (1, 2), (2,), (1,), (2, 3)], ids=str)
def test_every_setting_is_understood_without_being_told(
    style: Style, tracks: tuple[int, ...]
) -> None:
    sent = [(Track(each), STRIPE[Track(each)]) for each in tracks]

    [swiped] = heard(say(sent, style))

    assert isinstance(swiped, Swiped)
    assert [each.track for each in swiped.tracks] == [*tracks]
    assert [each.check for each in swiped.tracks] == [
        STRIPE[each.track][-1] if style.lrc else "" for each in swiped.tracks
    ]
    card = read_swipe(swiped)
    assert (card.number, card.expiry, card.service) == (NUMBER, EXPIRY, SERVICE)
    assert card.name == ("KIM/YEONGHUI" if 1 in tracks else "")


OWN = st.text("0123456789", max_size=12)


@given(OWN, st.sampled_from(STYLES))
def test_whatever_character_the_lrc_is(own: str, style: Style) -> None:
    """Every value occurs, the start sentinels and the end sentinel among them."""
    written = stripe(own=own)

    [swiped] = heard(say(list(written.items()), style))

    assert isinstance(swiped, Swiped) and len(swiped.tracks) == 3
    assert read_swipe(swiped).discretionary.reveal() == own


@given(OWN, st.sampled_from(STYLES))
def test_byte_at_a_time_equals_all_at_once(own: str, style: Style) -> None:
    stream = say(list(stripe(own=own).items()), style)
    framer = SwipeFramer()

    pieces = [e for at, byte in enumerate(stream) for e in framer.receive(bytes((byte,)), at)]

    assert pieces == []
    assert framer.tick(len(stream) - 1 + SILENCE_NS) == heard(stream)


def test_silence_ends_a_swipe_exactly_at_the_deadline_and_not_before() -> None:
    framer = SwipeFramer()
    framer.receive(b";9410", 3)
    framer.receive(b"110", 7)

    assert framer.deadline_ns == 7 + SILENCE_NS
    assert framer.tick(6 + SILENCE_NS) == []
    [swiped] = framer.tick(7 + SILENCE_NS)
    assert framer.deadline_ns is None and framer.tick(10**12) == []
    with pytest.raises(StripeError) as refused:
        read_swipe(swiped)  # type: ignore[arg-type]
    assert refused.value.fault is Fault.END


def test_what_comes_after_silence_is_another_swipe() -> None:
    framer = SwipeFramer()
    framer.receive(say([(Track.TWO, STRIPE[Track.TWO])], Style()), 0)

    first = framer.receive(say([(Track.TWO, STRIPE[Track.TWO])], Style()), SILENCE_NS)

    assert len(first) == 1 and len(framer.tick(2 * SILENCE_NS)) == 1


def test_two_swipes_without_silence_are_two() -> None:
    both = heard(say(list(STRIPE.items()), Style()) * 2)

    assert len(both) == 2 and both[0] == both[1]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (b"\r", Fault.BLANK),
        (b"\x02\r\x03", Fault.BLANK),
        (b"%E?;E?\r", Fault.UNREADABLE),
        (b";E?+E?\r", Fault.UNREADABLE),
        (b"%E?\r", Fault.UNREADABLE),
        (b";9410110000000010=49\r", Fault.END),
        (b";9410110000000010=4900101?\r", Fault.EXPIRY),
        (b";9410110000000011=4912101?\r", Fault.LUHN),
        (b"+0194101100000000=1?\r", Fault.LUHN),
        (b";9410110000000010=4912101?" + b"0\r", Fault.LRC),
    ],
)
def test_a_swipe_that_gives_no_card_says_why(said: bytes, fault: Fault) -> None:
    [swiped] = heard(said)

    assert isinstance(swiped, Swiped)
    with pytest.raises(StripeError) as refused:
        read_swipe(swiped)
    assert refused.value.fault is fault


def test_one_good_track_is_enough_and_two_cards_are_too_many() -> None:
    other = stripe(CardNumber("9410220000000025"))
    for said in ("%E?" + STRIPE[Track.TWO][:-1], STRIPE[Track.ONE][:-1] + ";E?"):
        [swiped] = heard(said.encode() + b"\r")
        assert isinstance(swiped, Swiped) and read_swipe(swiped).number == NUMBER

    [mixed] = heard((STRIPE[Track.ONE][:-1] + other[Track.TWO][:-1]).encode() + b"\r")
    assert isinstance(mixed, Swiped)
    with pytest.raises(StripeError) as refused:
        read_swipe(mixed)
    assert refused.value.fault is Fault.DIFFER


@pytest.mark.parametrize("noise", [b"\x00\x81\xfe", b"hello", b"9410110000000010\r", b"?" * 5])
def test_what_is_no_swipe_is_noise(noise: bytes) -> None:
    [told] = heard(noise)

    assert isinstance(told, Noise) and told.size == len(noise)


def test_no_more_is_kept_than_two_swipes() -> None:
    [told] = heard(b";" + b"9" * (SWIPE_BYTES_MAX + 5))

    assert told == Noise(SWIPE_BYTES_MAX + 6, f"longer than {SWIPE_BYTES_MAX} bytes")


def test_nothing_of_a_card_shows_in_an_event() -> None:
    [swiped] = heard(say(list(STRIPE.items()), Style()))

    assert NUMBER.reveal() not in repr(swiped) and "KIM" not in repr(swiped)


@given(st.binary(max_size=300), st.lists(st.integers(1, 40), max_size=8))
def test_garbage_never_raises_and_is_always_told(data: bytes, cuts: list[int]) -> None:
    framer, place = SwipeFramer(), 0
    for size in [*cuts, len(data)]:
        assert framer.receive(data[place : place + size], 0) == []
        place += size
    events = framer.tick(SILENCE_NS)
    assert bool(events) == bool(data)
    _read_all(events)


@given(st.text("%;+!?E=^0123456789B\r\x02\x03", max_size=120))
def test_near_swipes_never_raise(said: str) -> None:
    _read_all(heard(said.encode()))


def _read_all(events: list[SwipeEvent]) -> None:
    for event in events:
        if isinstance(event, Swiped):
            try:
                read_swipe(event)
            except StripeError as error:
                assert str(error)


def test_a_good_lrc_is_the_one_of_the_card() -> None:
    text = STRIPE[Track.TWO][:-1]
    [good] = heard((text + lrc(text, Track.TWO)).encode())
    assert isinstance(good, Swiped) and read_swipe(good).number == NUMBER
