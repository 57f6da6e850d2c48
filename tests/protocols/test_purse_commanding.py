"""Commands of the issuer given by a terminal: what a purse makes of each, and of each lost answer."""

import pytest

from protocols.iso7816 import SW, Response, parse_response
from protocols.purse.card import AID, Purse
from protocols.purse.commanding import Froze, Obeyed, give
from protocols.purse.coordinator import InDoubt, Order, Slot, transfer
from protocols.purse.details import decode_certificate, log_image
from protocols.purse.image import Parameters
from protocols.purse.issuing import NONCE_BYTES, Issuer, open_claim
from tests.support.purses import ISSUER as ISSUER_SECRET
from tests.support.purses import (
    KRW,
    SUITE,
    TODAY,
    Torn,
    drive,
    purse,
    remembers,
    tell,
)

ISSUER = Issuer(secret=ISSUER_SECRET, suite=SUITE)
NAME, NONCE = b"CUSTOMER", bytes(NONCE_BYTES)


def carry(card: Purse, apdu: bytes, what: str, *, lost_at: int = 0):
    """Return (what there is to report, exchanges); the answer of one exchange may be lost."""
    dialogue, exchanges = give(apdu, what), 0
    apdu = next(dialogue)
    while True:
        exchanges += 1
        answer: Response | None = parse_response(card.handle(apdu))
        try:
            apdu = dialogue.send(None if exchanges == lost_at else answer)
        except StopIteration as end:
            return end.value, exchanges


def with_losses(count: int) -> Purse:
    """Return a selected purse whose log names so many broken payments."""
    card = purse(NAME, balance=9_000)
    for number in range(count):
        shop = purse(b"SHOP%04d" % number)
        # With a payment in hand it is asked what it is, one exchange more before the DEBIT.
        debit = 10 if number else 9
        order = Order(value=100 + number, currency=KRW, reference=bytes(8), day=TODAY)
        result, _, _ = drive(
            transfer(order), {Slot.PAYER: card, Slot.PAYEE: shop}, Torn(debit, done=True)
        )
        assert isinstance(result, InDoubt)
    tell(card, 0, 0xA4, 4, 0, AID)
    return card


def test_update_is_taken_once_and_answered_by_its_word() -> None:
    card = with_losses(0)
    apdu = ISSUER.update(NAME, 1, TODAY, Parameters(transfer_max=70))

    assert carry(card, apdu, "update") == (Obeyed(SW.OK), 1)
    assert carry(card, apdu, "update") == (Obeyed(SW.CONDITIONS_NOT_SATISFIED), 1)
    assert remembers(card).update_sequence == 1


def test_command_for_another_purse_is_refused_and_changes_nothing() -> None:
    card = with_losses(1)
    before = card.memory.read()
    for apdu, what in (
        (ISSUER.update(b"SOMEBODY", 1, TODAY, Parameters()), "update"),
        (ISSUER.clear(b"SOMEBODY", bytes(32)), "clear"),
        (ISSUER.claim(b"SOMEBODY", NONCE), "claim"),
    ):
        told, _ = carry(card, apdu, what)
        assert told == Obeyed(SW.SIGNATURE_WRONG)
    assert card.memory.read() == before


@pytest.mark.parametrize("losses", [0, 1, 3])
def test_claim_brings_the_whole_log_as_the_issuer_proves_it(losses: int) -> None:
    """Given again it says the same again: whoever lost the answer asks once more."""
    card = with_losses(losses)
    apdu = ISSUER.claim(NAME, NONCE)

    first, exchanges = carry(card, apdu, "claim")
    again, _ = carry(card, apdu, "claim")

    assert isinstance(first, Froze) and first == again
    log = open_claim(
        SUITE,
        certificate=decode_certificate(first.certificate),
        nonce=NONCE,
        answer=first.answer,
        entries=first.entries,
    )
    assert len(log.entries) == losses == len(remembers(card).log)
    assert exchanges == 2 + losses


@pytest.mark.parametrize("at", range(1, 5))
def test_claim_that_loses_an_answer_reports_nothing_and_is_whole_the_next_time(at: int) -> None:
    card = with_losses(2)
    apdu = ISSUER.claim(NAME, NONCE)

    assert carry(card, apdu, "claim", lost_at=at) == (None, at)

    told, _ = carry(card, apdu, "claim")
    assert isinstance(told, Froze) and len(told.entries) == 2


@pytest.mark.parametrize("what", ["update", "clear"])
def test_lost_answer_reports_nothing(what: str) -> None:
    card = with_losses(1)
    carry(card, ISSUER.claim(NAME, NONCE), "claim")
    image = log_image(tuple(entry[1:] for entry in remembers(card).log))
    apdu = (
        ISSUER.update(NAME, 1, TODAY, Parameters())
        if what == "update"
        else ISSUER.clear(NAME, image)
    )

    assert carry(card, apdu, what, lost_at=1) == (None, 1)

    again, _ = carry(card, apdu, what)
    had = {"update": Obeyed(SW.CONDITIONS_NOT_SATISFIED), "clear": Obeyed(SW.OK)}
    assert again == had[what], "an empty log is what a clear makes; an update says that it was had"


def test_clear_of_a_log_that_is_no_longer_the_one_is_refused() -> None:
    card = with_losses(1)
    carry(card, ISSUER.claim(NAME, NONCE), "claim")
    image = log_image(tuple(entry[1:] for entry in remembers(card).log))

    told, exchanges = carry(card, ISSUER.clear(NAME, bytes(32)), "clear")
    assert (told, exchanges) == (Obeyed(SW.CONDITIONS_NOT_SATISFIED), 2)
    assert len(remembers(card).log) == 1
    assert carry(card, ISSUER.clear(NAME, image), "clear") == (Obeyed(SW.OK), 1)
    assert remembers(card).log == ()
