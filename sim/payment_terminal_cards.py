"""The cards beside a virtual payment terminal, and what it decides over them where it asks no bank."""

from pathlib import Path
from typing import Final, Literal

from protocols.control import Verb
from protocols.zvt.controls import Control
from protocols.zvt.results import Result
from protocols.zvt.status import show_card
from sim.bank.people import read_people
from sim.twin import VerbError

Read = Literal["chip", "contactless", "stripe"]
_STATUS_CODES: Final = {"lost": 41, "stolen": 43, "restricted": 62}
"""A bank's own codes are those of ISO 8583, field 39."""
_REFUND_ONLY: Final = 57
_OVER_LIMIT: Final = 61


class Cards:
    """Who has which card, and with which PIN."""

    def __init__(self, people: str) -> None:
        """`people` is a set of cards, as of a bank; empty: the one of this program. Raises: PeopleError."""
        self._people = read_people(*([Path(people)] if people else []))
        self.declines: list[int] = []
        """Codes for the next payments, whatever would be right."""

    def shown(self) -> list[str]:
        """Return what there is, as receipts show it."""
        return [show_card(pan) for pan in self._people.cards]

    def named(self, verb: Verb) -> str:
        """Return the number of the card that a verb names. Raises: VerbError."""
        asked = verb.arguments["card"]
        found = [pan for pan in self._people.cards if pan == asked or pan.endswith(asked)]
        if len(asked) < 4 or len(found) != 1:
            known = ", ".join(pan[-4:] for pan in self._people.cards)
            raise VerbError(f"{verb.verb}: no card ends with {asked[-4:]}; there are {known}")
        return found[0]

    def wants_pin(self, pan: str, read: Read, control: Control) -> bool:
        """Say whether a card wants its PIN for this."""
        asks = read != "contactless" and control is not Control.REFUND
        return bool(self._people.cards[pan].pin) and asks

    def has_pin(self, pan: str, pin: str) -> bool:
        """Say whether this is a card's PIN."""
        return pin == self._people.cards[pan].pin

    def issuer(self, pan: str) -> str:
        """Return the name of a card's bank; empty where there is no card, or nobody knows it."""
        bank = self._people.banks.get(self._people.bank_of_card(pan)) if pan else None
        return "" if bank is None else bank.ko

    def judge(self, pan: str, control: Control, amount: int, month: str) -> int:
        """Return why a bank would decline, in a month YYMM; 0 where it would not."""
        if self.declines:
            return self.declines.pop(0)
        wish = self._people.cards[pan]
        if control is Control.REFUND:
            return 0
        if wish.status != "good":
            return _STATUS_CODES[wish.status]
        if wish.expiry < month:
            return Result.CARD_EXPIRED
        if wish.refund_only:
            return _REFUND_ONLY
        return _OVER_LIMIT if wish.sale_limit and amount > wish.sale_limit else 0
