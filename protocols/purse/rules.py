"""The rules on which no value is lost or made: each one small predicate, named, and alone.

They are methods of one class so that a test can break exactly one and must then find the loss
(purse.md 6.3 lists which). Nothing here knows bytes, keys or commands.
"""

from protocols.purse.details import SEQUENCE_MAX, MessageType, PaymentDetails
from protocols.purse.image import FROZEN, Image, Status


class Rules:
    """The purse's rules as they must be."""

    def must_log(self, status: int) -> bool:
        """Return whether giving up now loses track of value: in epv and epa, never in epr.

        Logging in epr too would claim what was never paid (PRG-126, LogIfNecessary).
        """
        return status in (Status.EPV, Status.EPA)

    def room_to_start(self, image: Image, slots: int) -> bool:
        """Return whether a transfer may begin: its own log slot is reserved first.

        Overwriting the oldest entry, or dropping the newest, both lose money.
        """
        pending = 1 if self.must_log(image.status) else 0
        return len(image.log) + pending + 1 <= slots

    def sequence_left(self, sequence: int) -> bool:
        """Return whether the counter may still move; it never wraps."""
        return sequence < SEQUENCE_MAX

    def strangers(self, payer: bytes, payee: bytes) -> bool:
        """Return whether two different purses meet."""
        return payer != payee

    def funds(self, balance: int, value: int) -> bool:
        """Return whether the payer has the value."""
        return 0 < value <= balance

    def below_ceiling(self, balance: int, value: int, ceiling: int) -> bool:
        """Return whether the payee may hold that much."""
        return balance + value <= ceiling

    def offer_is_fresh(self, offered: PaymentDetails, next_sequence: int) -> bool:
        """Return whether the offer was made for this very moment of the payee.

        Without this a repeated offer makes money (depth 5).
        """
        return offered.payee_sequence == next_sequence

    def same_transfer(self, kind: MessageType, received: bytes, in_hand: bytes) -> bool:
        """Return whether a message is about the transfer in hand: all 38 bytes, no less."""
        return received == in_hand

    def may_pay(self, status: int) -> bool:
        """Return whether a REQ may be answered with value."""
        return status == Status.EPR

    def may_be_credited(self, status: int) -> bool:
        """Return whether a VAL may be taken."""
        return status == Status.EPV

    def may_end(self, status: int) -> bool:
        """Return whether an ACK may be taken."""
        return status == Status.EPA

    def may_complete_late(self, entry: bytes) -> bool:
        """Return whether a logged transfer may still complete: not once it was claimed."""
        return not entry[0] & FROZEN

    def clear_matches(self, told: bytes, own: bytes) -> bool:
        """Return whether the issuer's clear code is for exactly this log."""
        return told == own

    def claimed_whole(self, log: tuple[bytes, ...]) -> bool:
        """Return whether every entry was claimed before the log is cleared."""
        return all(entry[0] & FROZEN for entry in log)

    # What a step does to the image. Balance and status change together, in one commit.

    def aborted(self, image: Image, no_details: bytes) -> Image:
        """Give up the transfer in hand: log it if value may be in it, go idle."""
        log = image.log
        if self.must_log(image.status):
            log = (*log, bytes((0,)) + image.details)
        return image._replace(status=Status.EAFROM, details=no_details, log=log)

    def begun(self, image: Image, details: bytes, status: Status) -> Image:
        """Take a transfer in hand; its number is used up in the same commit."""
        return image._replace(status=status, details=details, sequence=image.sequence + 1)

    def debited(self, image: Image, pocket: int, value: int) -> Image:
        """Take the value out and expect the ACK: the point of no return of a transfer."""
        return image._replace(balances=_moved(image.balances, pocket, -value), status=Status.EPA)

    def credited(self, image: Image, pocket: int, value: int) -> Image:
        """Put the value in."""
        return image._replace(balances=_moved(image.balances, pocket, value), status=Status.EATO)

    def credited_late(self, image: Image, pocket: int, value: int, entry: bytes) -> Image:
        """Put the value in and forget that it was missing."""
        log = tuple(other for other in image.log if other != entry)
        return image._replace(balances=_moved(image.balances, pocket, value), log=log)

    def acknowledged(self, image: Image, no_details: bytes) -> Image:
        """End as payer."""
        return image._replace(status=Status.EAFROM, details=no_details)

    def acknowledged_late(self, image: Image, entry: bytes) -> Image:
        """Forget that the payee had not answered."""
        return image._replace(log=tuple(other for other in image.log if other != entry))


def _moved(balances: tuple[int, ...], pocket: int, by: int) -> tuple[int, ...]:
    return (*balances[:pocket], balances[pocket] + by, *balances[pocket + 1 :])
