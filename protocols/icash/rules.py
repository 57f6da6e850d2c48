"""The rules on which no value is lost or made: each one small predicate, named, and alone.

They are methods so that a test can break exactly one and must then find the loss. Nothing here knows
keys or commands.
"""

from protocols.icash.details import NO_DETAILS, NUMBER_MAX, Kind
from protocols.icash.image import CardImage, ModuleImage, Status
from protocols.icash.keys import same


class CardRules:
    """A card's rules as they must be."""

    def funds(self, balance: int, amount: int) -> bool:
        """Return whether the card has the amount."""
        return 0 < amount <= balance

    def below_ceiling(self, balance: int, amount: int, ceiling: int) -> bool:
        """Return whether the card may hold that much."""
        return amount > 0 and balance + amount <= ceiling

    def number_left(self, number: int) -> bool:
        """Return whether the counter may still move; it never wraps."""
        return number < NUMBER_MAX

    def genuine(self, expected: bytes, given: bytes) -> bool:
        """Return whether an order is for the transaction that INITIALIZE opened, all 39 bytes of it."""
        return same(expected, given)

    def debited(self, image: CardImage, details: bytes, amount: int, slots: int) -> CardImage:
        """Take the value out: balance, number and record together, the point of no return."""
        return image._replace(
            number=image.number + 1,
            balance=image.balance - amount,
            records=_recorded(image, Kind.DEBIT, details, slots),
        )

    def loaded(self, image: CardImage, details: bytes, amount: int, slots: int) -> CardImage:
        """Put the value in; the number is used, so the same order loads once."""
        return image._replace(
            loads=image.loads + 1,
            balance=image.balance + amount,
            records=_recorded(image, Kind.LOAD, details, slots),
        )


class ModuleRules:
    """A security module's rules as they must be."""

    def number_left(self, number: int) -> bool:
        """Return whether the counter may still move; it never wraps."""
        return number < NUMBER_MAX

    def genuine(self, expected: bytes, given: bytes) -> bool:
        """Return whether S1 or S3 is of these details."""
        return same(expected, given)

    def is_next(self, module_number: int, next_number: int) -> bool:
        """Return whether a card was opened for this very moment of the module."""
        return module_number == next_number

    def room_to_ask(self, image: ModuleImage, slots: int) -> bool:
        """Return whether a purchase may begin: a slot for giving it up is reserved first."""
        return len(image.open) + (image.status == Status.PENDING) + 1 <= slots

    def asked(self, image: ModuleImage, details: bytes) -> ModuleImage:
        """Give up what was pending, wait for this one; its number is used in the same commit."""
        given_up = self.given_up(image)
        return given_up._replace(number=image.number + 1, status=Status.PENDING, pending=details)

    def given_up(self, image: ModuleImage) -> ModuleImage:
        """Wait no longer, and keep the purchase open: its S3 may exist."""
        if image.status != Status.PENDING:
            return image
        opened = (*image.open, image.pending)
        return image._replace(status=Status.IDLE, pending=NO_DETAILS, open=opened)

    def is_pending(self, image: ModuleImage, details: bytes) -> bool:
        """Return whether this is the purchase waited for."""
        return image.status == Status.PENDING and image.pending == details

    def is_open(self, image: ModuleImage, details: bytes) -> bool:
        """Return whether this purchase was given up and not settled since."""
        return details in image.open

    def credited(self, image: ModuleImage, amount: int) -> ModuleImage:
        """Book the purchase waited for."""
        return image._replace(status=Status.IDLE, pending=NO_DETAILS, total=image.total + amount)

    def credited_late(self, image: ModuleImage, details: bytes, amount: int) -> ModuleImage:
        """Book a purchase that was given up, and close it."""
        return self.cleared(image, details)._replace(total=image.total + amount)

    def cleared(self, image: ModuleImage, details: bytes) -> ModuleImage:
        """Forget a purchase that was given up."""
        return image._replace(open=tuple(other for other in image.open if other != details))


def _recorded(image: CardImage, kind: Kind, details: bytes, slots: int) -> tuple[bytes, ...]:
    return (*image.records, bytes((kind,)) + details)[-slots:]
