"""A serial stripe reader's driver: what each swipe says, judged track by track.

A swipe is a card, or the reason why it is none: the till asks for another swipe or another way to pay. The
reader only speaks when a card passes, so its silence is no illness; noise that comes again and again means
a wrong baud rate, and the health says so.

Source: protocols/swipe, protocols/magnetic_stripe.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from devices.health import WORKS, Health, warns
from protocols.magnetic_stripe import Fault, StripeError, TrackData
from protocols.swipe import Noise, Swiped, SwipeEvent, SwipeFramer, read_swipe

NOISE_IN_A_ROW_MAX: Final = 3
"""So many pieces of noise without a swipe between them are a wrong setting, not a torn cable."""


@dataclass(frozen=True, slots=True)
class CardSwiped:
    """A card that could be read."""

    card: TrackData


@dataclass(frozen=True, slots=True)
class BadSwipe:
    """A swipe that gave no card."""

    fault: Fault


Swipe = CardSwiped | BadSwipe


class StripeReaderDriver:
    """A serial stripe reader as a pure machine.

    `on_noise` gets how many pieces of noise have come in a row, the newest included.
    """

    def __init__(
        self,
        *,
        on_swipe: Callable[[Swipe], None],
        on_noise: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._on_swipe = on_swipe
        self._on_noise = on_noise
        self._framer = SwipeFramer()
        self._noise_in_a_row = 0

    @property
    def deadline_ns(self) -> int | None:
        """When silence ends what has begun."""
        return self._framer.deadline_ns

    def opened(self, now_ns: int) -> None:
        """Begin with nothing half read."""
        self._framer = SwipeFramer()
        self._noise_in_a_row = 0

    def lost(self, now_ns: int) -> None:
        """Drop what is half read: nothing of a card stays in memory longer than it is needed."""
        self.opened(now_ns)

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take bytes."""
        self._take(self._framer.receive(data, now_ns))

    def tick(self, now_ns: int) -> None:
        """End what has been silent for long enough; each whole swipe is handed on."""
        self._take(self._framer.tick(now_ns))

    def outgoing(self, room: int, now_ns: int) -> bytes:
        """Return nothing: it is never asked."""
        return b""

    def health(self) -> Health:
        """Return how the reader is."""
        if self._noise_in_a_row < NOISE_IN_A_ROW_MAX:
            return WORKS
        return warns(
            "MSR-02",
            ko="마그네틱 리더가 알 수 없는 글자를 보냅니다. 통신 속도와 패리티를 확인하세요",
            en="Stripe reader sends garbage. Check its baud rate and parity",
        )

    def _take(self, events: list[SwipeEvent]) -> None:
        for event in events:
            match event:
                case Swiped():
                    self._noise_in_a_row = 0
                    self._on_swipe(judge(event))
                case Noise():
                    self._noise_in_a_row += 1
                    self._on_noise(self._noise_in_a_row)


def judge(swiped: Swiped) -> Swipe:
    """Return the card of a swipe, or why it gave none."""
    try:
        return CardSwiped(read_swipe(swiped))
    except StripeError as error:
        return BadSwipe(error.fault)
