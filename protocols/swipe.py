"""How a serial stripe reader says what it has read: a byte stream in, whole swipes out. Both ends.

    %B9410...^NAME^...? ;9410...=...? +01...? CR      a track from its start to its end sentinel
    %E? ;9410...=...? CR                              E: there is something, and it cannot be made out
    CR                                                nothing at all: the stripe was on the other side

Readers can be set to put STX before and ETX behind, to end with CR, CR LF, nothing, or each track with one,
to send the LRC behind a track's `?`, and to begin track 3 with +, ! or ; again. The reading end needs none
of these settings: a swipe ends by silence, for no reader pauses inside one, and what is between tracks is
told from what is in them. A byte behind `?` is an LRC unless it can only be the next track's start.

States: OUTSIDE (nothing yet) -> INSIDE (bytes of a swipe) -> OVERFLOW (too long: skip to the next silence).
Source: MagTek 99875125 (swipe readers with RS-232) and 99875094, reader to host formats.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from protocols.card_number import Masked
from protocols.magnetic_stripe import (
    END,
    SHAPES,
    Fault,
    StripeError,
    Track,
    TrackData,
    lrc,
    read_track,
)

STX: Final = "\x02"
ETX: Final = "\x03"
SILENCE_NS: Final = 200_000_000
"""Ends a swipe: twenty characters' time at 1,200 baud."""
SWIPE_BYTES_MAX: Final = 1_024
"""Two swipes with all three tracks, and some."""
ERROR: Final = "E"
_BETWEEN: Final = frozenset("\x02\x03\t\n\r\x1b")
_ENDINGS: Final = frozenset("\x03\n\r")
_STARTS: Final = {"%": Track.ONE, ";": Track.TWO, "+": Track.THREE, "!": Track.THREE}


class Ending(Enum):
    """What a reader sends when it has said all."""

    CR = "\r"
    CR_LF = "\r\n"
    NONE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a reader is set."""

    ending: Ending = Ending.CR
    lrc: bool = False
    """Behind each track. A reader that sends it leaves the judgement to the host."""
    framed: bool = False
    """STX before, ETX behind."""
    a_line_each: bool = False
    """The ending behind every track instead of behind the last."""
    third: str = "+"
    """What track 3 begins with."""


@dataclass(frozen=True, slots=True)
class ReadTrack:
    """One track, as a reader sent it."""

    track: Track
    text: Masked | None
    """From its start sentinel on; None where the reader could not make it out."""
    check: str = ""
    """The LRC; empty where none was sent."""


@dataclass(frozen=True, slots=True)
class Swiped:
    """One swipe; no tracks at all where the stripe was on the other side."""

    tracks: tuple[ReadTrack, ...]


@dataclass(frozen=True, slots=True)
class Noise:
    """Bytes that were no swipe."""

    size: int
    """How many bytes."""
    why: str


SwipeEvent = Swiped | Noise


def say(tracks: Sequence[tuple[Track, str | None]], style: Style) -> bytes:
    """Return what a reader sends: each track with its LRC behind it, or None for what it cannot read."""
    said = ""
    for track, written in tracks:
        start = style.third if track is Track.THREE else SHAPES[track].start
        text = f"{start}{ERROR}{END}"
        if written is not None:
            text = start + (written[1:] if style.lrc else written[1:-1])
        said += text + (style.ending.value if style.a_line_each else "")
    said += "" if style.a_line_each and tracks else style.ending.value
    return (f"{STX}{said}{ETX}" if style.framed else said).encode("latin-1")


def read_swipe(swiped: Swiped) -> TrackData:
    """Return the card that was swiped: track 2, or where that is spoilt track 1; the name from track 1.

    Raises: StripeError with what is wrong with track 2, or with track 1 where there is no other.
    """
    if not swiped.tracks:
        raise StripeError(Fault.BLANK, Track.TWO)
    good: dict[Track, TrackData] = {}
    wrong: dict[Track, StripeError] = {}
    for each in swiped.tracks:
        try:
            good[each.track] = _read(each)
        except StripeError as error:
            wrong[each.track] = error
    first, second = good.get(Track.ONE), good.get(Track.TWO)
    if first is not None and second is not None and first.number != second.number:
        raise StripeError(Fault.DIFFER, Track.TWO)
    found = second or first
    if found is None:
        bare = StripeError(Fault.FORMAT, Track.THREE)
        raise wrong.get(Track.TWO) or wrong.get(Track.ONE) or wrong.get(Track.THREE) or bare
    return found if first is None else replace(found, name=first.name)


class SwipeFramer:
    """The reading end. Bytes in, swipes out; `deadline_ns` is when silence ends what has begun."""

    def __init__(self) -> None:
        self._body = bytearray()
        self._overflow = 0
        self.deadline_ns: int | None = None
        """Monotonic time at which `tick` has something to say; None when nothing is begun."""

    def receive(self, data: bytes, now_ns: int) -> list[SwipeEvent]:
        """Take bytes as they come, in pieces of any size."""
        events = self.tick(now_ns)
        room = SWIPE_BYTES_MAX - len(self._body)
        self._body += data[:room]
        self._overflow += len(data[room:])
        if self._body:
            self.deadline_ns = now_ns + SILENCE_NS
        return events

    def tick(self, now_ns: int) -> list[SwipeEvent]:
        """End what has been silent for long enough."""
        if self.deadline_ns is None or now_ns < self.deadline_ns:
            return []
        body, overflow = bytes(self._body), self._overflow
        self._body.clear()
        self._overflow = 0
        self.deadline_ns = None
        if overflow:
            return [Noise(len(body) + overflow, f"longer than {SWIPE_BYTES_MAX} bytes")]
        return _parse(body.decode("latin-1"))


def _parse(text: str) -> list[SwipeEvent]:
    """Return the swipes in what came without a pause."""
    swipes: list[list[ReadTrack]] = [[]]
    place, stray, ended = 0, 0, False
    while place < len(text):
        character = text[place]
        if character in _BETWEEN:
            ended |= character in _ENDINGS
            place += 1
        elif character in _STARTS:
            read, place = _track(text, place, [] if ended else swipes[-1])
            if any(read.track is each.track for each in swipes[-1]):
                swipes.append([])
            swipes[-1].append(read)
            ended = False
        else:
            stray += 1
            place += 1
    if swipes[-1] or (ended and not stray):
        return [Swiped(tuple(each)) for each in swipes]
    return [Noise(len(text), "no track: check the baud rate and parity of the reader")]


def _track(text: str, place: int, before: list[ReadTrack]) -> tuple[ReadTrack, int]:
    """Return the track that begins here, and where what is behind it begins.

    `before` are the tracks of this swipe on the same line: a second ; there begins track 3.
    """
    track = _STARTS[text[place]]
    seen = {each.track for each in before}
    if track is Track.TWO and seen >= {Track.TWO} and Track.THREE not in seen:
        track = Track.THREE
    end = text.find(END, place)
    broken = next((at for at in range(place, len(text)) if text[at] in _BETWEEN), len(text))
    if not 0 <= end < broken:
        return ReadTrack(track, Masked(_own_start(text[place:broken], track))), broken
    whole, behind = text[place : end + 1], end + 1
    check = ""
    if _is_check(text[behind : behind + 2]):
        check, behind = text[behind], behind + 1
    if whole[1:] == ERROR + END:
        return ReadTrack(track, None), behind
    return ReadTrack(track, Masked(_own_start(whole, track)), check), behind


def _is_check(behind: str) -> bool:
    """Say whether an LRC stands behind a track: a start sentinel there has a track behind it."""
    if not behind or behind[0] in _BETWEEN:
        return False
    if behind[0] not in _STARTS:
        return True
    return len(behind) == 1 or behind[1] in _BETWEEN or behind[1] in _STARTS


def _own_start(text: str, track: Track) -> str:
    return SHAPES[track].start + text[1:]


def _read(sent: ReadTrack) -> TrackData:
    """Raises: StripeError."""
    if sent.text is None:
        raise StripeError(Fault.UNREADABLE, sent.track)
    text = sent.text.reveal()
    if sent.check and sent.check != lrc(text, sent.track):
        raise StripeError(Fault.LRC, sent.track)
    return read_track(text, sent.track)
