"""The cards of a bench: each folder of them is read once, and made where there is none.

    bench's folder/cards     cards that the bench makes, of the plan's seed, when no others are named

Slots that name one folder share its cards: a card is in one of them at a time. A PIN pad that names it
knows the issuers of those cards, as if their keys had been put into it when it was made.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from sim.entropy import SeededEntropy
from sim.stage.cards import make_cards

if TYPE_CHECKING:
    from sim.cards.card import Card
    from sim.cards.emv_file import EmvIssuer


class Decks:
    """Folders of cards by their place."""

    def __init__(self, folder: Path, *, seed: int, card_set: str = "shop") -> None:
        """`card_set`: what is made where the bench has no cards yet, by name or file."""
        self._own = folder / "cards"
        self._set = card_set
        self._seed = seed
        self._decks: dict[Path, tuple[dict[str, Card], set[str]]] = {}

    def deck(self, folder: Path | None) -> "tuple[dict[str, Card], set[str]]":
        """Return a folder's cards and who of them is in a slot. Raises: ValueError, OSError."""
        # Loaded when a plan has cards: the other devices need no cryptography.
        from sim.cards.emv import EmvCard
        from sim.cards.file import read_cards
        from sim.cards.purse import PurseCard

        place = self._own if folder is None else folder
        if place not in self._decks:
            if place == self._own and not place.is_dir():
                make_cards(place, self._set, self._seed)
            cards = read_cards(place)
            for label, card in cards.items():
                if isinstance(card, PurseCard | EmvCard):
                    # What a chip makes its challenges of: the seed's, so that a bench replays.
                    card.chip.entropy = SeededEntropy(self._seed).fork(f"chip {label}")
            self._decks[place] = (cards, set())
        return self._decks[place]

    def emv_issuer(self, folder: Path | None) -> "EmvIssuer | None":
        """Return who issued a folder's payment cards; None where it has none. Raises: ValueError, OSError."""
        from sim.cards.emv_file import read_issuer

        self.deck(folder)
        try:
            return read_issuer(self._own if folder is None else folder)
        except FileNotFoundError:
            return None

    def issuer_keys(self, folder: Path | None) -> dict[int, bytes]:
        """Return the public keys of a folder's issuers, by number. Raises: ValueError, OSError."""
        from sim.cards.purse import PurseCard

        cards, _ = self.deck(folder)
        return {
            number: key
            for card in cards.values()
            if isinstance(card, PurseCard)
            for number, key in card.purse.personality.issuer_keys.items()
        }
