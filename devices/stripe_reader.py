"""A magnetic-stripe reader on a serial line: a supervised port, a callback for every swipe."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from devices.drivers.stripe_reader import (
    NOISE_IN_A_ROW_MAX,
    BadSwipe,
    CardSwiped,
    StripeReaderDriver,
    Swipe,
)
from devices.health import Health, Role
from devices.supervisor import OpenLink, Supervised, Supervisor
from protocols.address import Address
from protocols.ports import Clock

__all__ = ["NOISE_IN_A_ROW_MAX", "BadSwipe", "CardSwiped", "StripeHead", "StripeReader", "Swipe"]


@runtime_checkable
class StripeHead(Protocol):
    """A card slot that reads stripes, too: those of cards whose chip does not answer."""

    def watch_swipes(self, swiped: Callable[[Swipe], None]) -> None:
        """Say who hears of them."""
        ...

    def read_stripe(self, told: Callable[[Swipe], None]) -> None:
        """Read that of the card that is in it, whatever its chip says; nothing is told where none is read."""
        ...


class StripeReader(Supervised):
    """A stripe reader on a line of its own."""

    def __init__(
        self,
        *,
        address: Address,
        open_link: OpenLink,
        clock: Clock,
        on_swipe: Callable[[Swipe], None],
        on_noise: Callable[[int], None] = lambda _: None,
        on_health: Callable[[Health], None] = lambda _: None,
    ) -> None:
        self._supervisor = Supervisor(
            role=Role.STRIPE_READER,
            address=address,
            driver=StripeReaderDriver(on_swipe=on_swipe, on_noise=on_noise),
            open_link=open_link,
            clock=clock,
            on_health=on_health,
        )
