"""What card and module last said of one purchase, overheard: for whoever has to decide while nobody knows.

It only listens to what the terminal asks and is answered; it asks nothing itself. None is "nobody has
said": a command that may move value takes back what was known until its answer comes.
"""

from dataclasses import dataclass
from typing import Final

from protocols.icash.coordinator import CARD_STATE_BYTES, Ask, Place
from protocols.icash.details import DETAILS_BYTES, Details
from protocols.icash.module import Found
from protocols.iso7816 import SW, Response

_DEBIT, _PREVIOUS, _FIND, _CREDIT = (bytes((0x90, ins)) for ins in (0x54, 0x5A, 0x76, 0x72))
"""The commands by whose answers a side says whether the value has moved."""
_FOUND: Final = {int(Found.CREDITED): True, int(Found.PENDING): False, int(Found.OPEN): False}


@dataclass(slots=True, kw_only=True)
class Witness:
    """Listens to one purchase."""

    details: Details | None = None
    """Of the purchase, once it has any; a card of another name says nothing about it."""
    paid: bool | None = None
    """Whether the card has paid."""
    balance: int | None = None
    """What the card holds, by its own last word."""
    credited: bool | None = None
    """Whether the module has it."""
    _ours: bool = True
    """Whether the card that was asked last is the one that pays."""

    def begin(self, details: Details) -> None:
        """From here on it is this purchase, and nothing that moves value was asked for yet."""
        self.details, self.paid, self.credited = details, False, False

    def send(self, asked: Ask) -> None:
        """Take note of a command, whether or not an answer comes."""
        match asked.apdu[:2]:
            case command if command == _DEBIT:
                self.paid = None
            case command if command == _CREDIT:
                self.credited = None

    def hear(self, asked: Ask, answer: Response) -> None:
        """Take note of an answer."""
        if asked.place is Place.CARD and len(answer.data) == CARD_STATE_BYTES:
            self._ours = self.details is None or answer.data[:8] == self.details.card
            if self._ours:
                self.balance = int.from_bytes(answer.data[19:23])
        if self.details is None:
            return
        if asked.place is Place.MODULE:
            self._module(asked.apdu[:2], answer)
        elif self._ours:
            self._card(asked.apdu[:2], answer, self.details)

    def _card(self, command: bytes, answer: Response, details: Details) -> None:
        if command == _DEBIT:
            self.paid = answer.sw == SW.OK
            if self.paid and self.balance is not None:
                self.balance -= details.amount
        elif command == _PREVIOUS and answer.data[1 : 1 + DETAILS_BYTES] == details.encode():
            self.paid = True
        elif command == _PREVIOUS and answer.sw == SW.RECORD_NOT_FOUND:
            self.paid = False

    def _module(self, command: bytes, answer: Response) -> None:
        if command == _CREDIT and answer.sw == SW.OK:
            self.credited = True
        elif command == _FIND and answer.sw == SW.OK:
            self.credited = _FOUND.get(answer.data[0])
