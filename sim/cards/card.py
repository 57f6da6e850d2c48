"""What a virtual card is to the reader that it is in."""

from typing import Any, Protocol


class TornError(Exception):
    """The card was pulled out in the middle of a command; no answer leaves it."""


class Card(Protocol):
    """A card: powered by its reader, asked, and gone at any moment."""

    @property
    def label(self) -> str:
        """What is printed on it."""
        ...

    @property
    def atr(self) -> bytes:
        """What it says at power-on; 2 to 33 bytes."""
        ...

    def power_on(self) -> None:
        """Start from nothing but the memory; a warm reset too."""
        ...

    def handle(self, apdu: bytes) -> bytes:
        """Answer a command. Raises: TornError where it was to be torn in its memory."""
        ...

    def tear_after(self, size: int) -> None:
        """Lose power after so many bytes more have been written to memory."""
        ...

    def visible(self) -> dict[str, Any]:
        """Return what a tester may see of it, fit for JSON; no PIN, no key."""
        ...
