"""The issuer's commands on real cards, and a VAL or ACK as evidence (T5, T9, T16).

What the issuer signs is accepted by the card it is for and by no other; what is altered in one byte
proves nothing.
"""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.iso7816 import SW, parse_response
from protocols.purse.card import Purse
from protocols.purse.coordinator import Slot, Transferred, transfer
from protocols.purse.details import SIGNED_BYTES, MessageType, decode_certificate, log_image
from protocols.purse.image import FROZEN, Life, Parameters, Status
from protocols.purse.issuing import (
    HOTLIST_MAX,
    ClaimError,
    FrozenLog,
    Issuer,
    Profile,
    make_card,
    open_claim,
)
from protocols.purse.memory import Cell
from protocols.purse.proof import ProofError, Prover, transfer_reference
from protocols.purse.suite import secret_from
from tests.support.purses import ISSUER, KRW, ORDER, SUITE, drive, purse, remembers, tell

CUSTOMER, SHOP = b"CUSTOMER", b"THE SHOP"
NONCE = b"nonce-01"
BOSS = Issuer(secret=ISSUER, suite=SUITE)
STRANGER = Issuer(secret=secret_from(b"stranger".ljust(40, b"\0")), suite=SUITE)
PROVER = Prover(SUITE, {1: BOSS.public})
LONGEST = Parameters(0xFFFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFF, 0x1FF_FFFF, 0xFFFF_FFFF)
"""Every number in its longest form."""


def answer(card: Purse, apdu: bytes):
    response = parse_response(card.handle(apdu))
    assert response is not None
    return response


def lost_in_flight() -> tuple[Purse, Purse]:
    """Return payer and payee after the VAL was lost and both gave up: one entry in each log."""
    payer, payee = purse(CUSTOMER), purse(SHOP, balance=0)
    start = (
        SHOP + (300).to_bytes(4) + KRW.to_bytes(2) + bytes(4) + b"order-01" + ORDER.day.to_bytes(4)
    )
    offer = tell(payer, 0x90, 0x50, 1, 0, start)
    request = tell(payee, 0x90, 0x50, 2, 0, offer.data + ORDER.day.to_bytes(4))
    assert tell(payer, 0x90, 0x54, 0, 0, request.data + ORDER.day.to_bytes(4)).ok
    return payer, payee


def entries(card: Purse) -> tuple[bytes, ...]:
    return tuple(entry[1:] for entry in remembers(card).log)


def claimed(card: Purse) -> tuple[bytes, FrozenLog]:
    told = answer(card, BOSS.claim(card.personality.name, NONCE))
    certificate = decode_certificate(card.personality.certificate)
    log = open_claim(
        SUITE, certificate=certificate, nonce=NONCE, answer=told.data, entries=entries(card)
    )
    return told.data, log


def test_a_made_card_pays_another_made_card() -> None:
    """A profile becomes a card whose certificate its peers accept; class and pockets are as wished."""
    profile = Profile(
        name=b"NEW CARD",
        purse_class=3,
        expiry=20301231,
        currencies=(KRW, 0, 0, 0, 0),
        ceilings=(1_000, 0, 0, 0, 0),
        balances=(700, 0, 0, 0, 0),
    )
    made = make_card(BOSS, profile, secret=secret_from(bytes(40)), day=ORDER.day)
    card = Purse(made.personality, Cell(made.image), SUITE)

    result, _, _ = drive(transfer(ORDER), {Slot.PAYER: card, Slot.PAYEE: purse(SHOP)})

    assert isinstance(result, Transferred)
    assert PROVER.certificate(made.certificate).purse_class == 3
    assert remembers(card).balances[0] == 400 and remembers(card).life == Life.ACTIVE


def test_claim_freezes_the_whole_log_and_its_answer_opens() -> None:
    """The card answers for exactly the log it froze; a frozen entry never completes late."""
    payer, payee = lost_in_flight()

    _, from_log = claimed(payer)
    _, to_log = claimed(payee)

    assert from_log.entries == to_log.entries == entries(payer)
    assert all(entry[0] & FROZEN for card in (payer, payee) for entry in remembers(card).log)
    late = tell(payer, 0x90, 0x5A, 1, 0, from_log.entries[0])
    assert late.sw == SW.CONDITIONS_NOT_SATISFIED


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"nonce": b"nonce-02"}, "signature"),
        ({"entries": ()}, "1 entries, 0"),
        ({"entries": (bytes(38),)}, "not the log"),
        ({"entries": (bytes(37),)}, "1 entries, 1"),
        ({"answer": b""}, "97 bytes"),
        ({"certificate": decode_certificate(purse(SHOP).personality.certificate)}, "signature"),
    ],
)
def test_claim_that_is_not_that_cards_is_refused(change: dict[str, object], reason: str) -> None:
    payer, _ = lost_in_flight()
    told, log = claimed(payer)
    certificate = decode_certificate(payer.personality.certificate)
    whole = {"certificate": certificate, "nonce": NONCE, "answer": told, "entries": log.entries}

    with pytest.raises(ClaimError, match=reason):
        open_claim(SUITE, **(whole | change))  # type: ignore[arg-type]


def test_entry_told_twice_is_refused_even_under_a_true_count() -> None:
    """Two entries that are one cannot be two claims."""
    payer, _ = lost_in_flight()
    entry = (remembers(payer).details,) * 2
    image = log_image(entry)
    secret = payer.personality.secret
    text = b"IPSVTl" + CUSTOMER + NONCE + b"\2" + image
    told = b"\2" + image + SUITE.sign(secret, text)

    with pytest.raises(ClaimError, match="twice"):
        open_claim(
            SUITE,
            certificate=decode_certificate(payer.personality.certificate),
            nonce=NONCE,
            answer=told,
            entries=entry,
        )


def test_clear_empties_exactly_the_claimed_log() -> None:
    """T9: only for that image, only by the issuer, only for that card."""
    payer, _ = lost_in_flight()
    _, log = claimed(payer)

    assert answer(payer, STRANGER.clear(CUSTOMER, log.image)).sw == SW.SIGNATURE_WRONG
    assert answer(payer, BOSS.clear(SHOP, log.image)).sw == SW.SIGNATURE_WRONG
    assert answer(payer, BOSS.clear(CUSTOMER, log_image(()))).sw == SW.CONDITIONS_NOT_SATISFIED
    assert len(remembers(payer).log) == 1
    assert answer(payer, BOSS.clear(CUSTOMER, log.image)).ok
    assert remembers(payer).log == ()


def test_update_sets_limits_once_a_number_and_begins_the_counters_anew() -> None:
    card = purse(CUSTOMER)
    wished = Parameters(transfer_max=100, hotlist=(SHOP,))

    assert answer(card, BOSS.update(CUSTOMER, 2, ORDER.day, wished)).ok
    assert answer(card, BOSS.update(CUSTOMER, 2, ORDER.day, wished)).sw == (
        SW.CONDITIONS_NOT_SATISFIED
    )
    assert answer(card, STRANGER.update(CUSTOMER, 3, ORDER.day, wished)).sw == SW.SIGNATURE_WRONG
    image = remembers(card)
    assert (image.update_sequence, image.date, image.status) == (2, ORDER.day, Status.EAFROM)


def test_hotlist_fits_one_command_up_to_its_maximum_and_not_one_more() -> None:
    names = [bytes((n,)) * 8 for n in range(HOTLIST_MAX + 1)]
    card = purse(CUSTOMER)
    for count, fits in ((HOTLIST_MAX, True), (HOTLIST_MAX + 1, False)):
        longest = msgspec.structs.replace(LONGEST, hotlist=tuple(names[:count]))
        if fits:
            assert answer(card, BOSS.update(CUSTOMER, 0xFFFF_FFFF, 99991231, longest)).ok
        else:
            with pytest.raises(ValueError, match="at most 15 purses, not 16"):
                BOSS.update(CUSTOMER, 0xFFFF_FFFF, 99991231, longest)


def test_val_and_ack_prove_a_transfer_to_anybody() -> None:
    """T16: with nothing but the issuer's public key."""
    payer, payee = lost_in_flight()
    val = tell(payer, 0x90, 0x5A, 0, 0)
    ack = tell(payee, 0x90, 0x52, 0, 0, val.data)

    given_, taken = PROVER.message(val.data), PROVER.message(ack.data)

    assert given_.details == taken.details
    assert (given_.kind, taken.kind) == (MessageType.VAL, MessageType.ACK)
    assert (given_.certificate.name, taken.certificate.name) == (CUSTOMER, SHOP)
    assert transfer_reference(given_.details) == f"{CUSTOMER.hex()}-0"


def test_offer_and_request_prove_nothing() -> None:
    """Neither moves value: only VAL and ACK do."""
    _, payee = lost_in_flight()
    request = tell(payee, 0x90, 0x5A, 0, 0)

    with pytest.raises(ProofError, match="02 proves no transfer"):
        PROVER.message(request.data)


def test_evidence_of_another_issuer_is_none() -> None:
    payer, _ = lost_in_flight()
    val = tell(payer, 0x90, 0x5A, 0, 0).data

    with pytest.raises(ProofError, match="not signed by the issuer"):
        Prover(SUITE, {1: STRANGER.public}).message(val)
    with pytest.raises(ProofError, match="issuer key 1 is not known"):
        Prover(SUITE, {2: BOSS.public}).message(val)


_VAL = tell(lost_in_flight()[0], 0x90, 0x5A, 0, 0).data


@settings(max_examples=150)
@given(at=st.integers(0, SIGNED_BYTES - 1), bit=st.integers(0, 7))
def test_evidence_altered_in_any_bit_proves_nothing(at: int, bit: int) -> None:
    """T1: every bit of message and certificate is under one of the two signatures."""
    altered = bytearray(_VAL)
    altered[at] ^= 1 << bit

    with pytest.raises(ProofError):
        PROVER.message(bytes(altered))


@settings(max_examples=50)
@given(st.binary(max_size=300))
def test_garbage_proves_nothing(data: bytes) -> None:
    with pytest.raises(ProofError):
        PROVER.message(data)


def test_valid_word_of_another_purse_is_refused() -> None:
    """A VAL signed by a genuine third purse over somebody else's payment proves nothing."""
    payer, _ = lost_in_flight()
    thief = purse(b"A THIEF!")
    details = remembers(payer).details
    signature = SUITE.sign(thief.personality.secret, b"IPSVT1\3" + details)

    with pytest.raises(ProofError, match="not of its signer"):
        PROVER.message(b"\3" + details + signature + thief.personality.certificate)
