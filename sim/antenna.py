"""What lies on a reader's antenna: cards that are held out to it for a while, one at a time if all is well.

    no card         nothing to be seen
    one             a card, as if it were inserted; its stay ends when it is taken away
    two or more     the reader tells them apart by nothing: it sees that there is something, and it is mute

A stay may have an end of its own: a hand that goes away after so many milliseconds.
Source: ISO/IEC 14443-3:2018 6 (anticollision); most readers of tills refuse two payment cards (EMV
Contactless Book D 9.2).
"""


class Antenna:
    """The field of a reader."""

    def __init__(self) -> None:
        self._ends: dict[str, int | None] = {}

    @property
    def cards(self) -> list[str]:
        """The cards in the field, in the order in which they came."""
        return list(self._ends)

    @property
    def collided(self) -> bool:
        """Say whether there are too many."""
        return len(self._ends) > 1

    @property
    def deadline_ns(self) -> int | None:
        """When the next card is taken away by itself."""
        return min((due for due in self._ends.values() if due is not None), default=None)

    def hold(self, card: str, until_ns: int | None) -> None:
        """Take a card into the field, until a time or until it is lifted."""
        self._ends[card] = until_ns

    def lift(self, card: str) -> None:
        """Lose a card; harmless when it is not there."""
        self._ends.pop(card, None)

    def due(self, now_ns: int) -> list[str]:
        """Return the cards whose time is up."""
        return [card for card, due in self._ends.items() if due is not None and due <= now_ns]
