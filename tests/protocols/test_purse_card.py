"""The purse's commands one by one: what it refuses, with which word, and that refusing changes nothing.

T5; threats T1, T5, T6, T8, T9, T11 to T13, T15. The exhaustive search covers the protocol; this covers
what the search turns off: PIN, locks, limits, expiry, hotlist, pockets, sizes and garbage.
"""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.iso7816 import SW, Response
from protocols.purse.card import AID, Purse
from protocols.purse.details import (
    MessageType,
    claim_text,
    clear_text,
    decode_details,
    log_image,
    update_text,
)
from protocols.purse.image import Flow, Life, Parameters, Status, decode_image, encode_image
from protocols.purse.memory import Cell
from protocols.purse.suite import secret_from
from tests.support.purses import (
    ISSUER,
    KRW,
    PIN,
    SUITE,
    TODAY,
    balance,
    personality,
    purse,
    remembers,
    tell,
)

SHOP = b"THE SHOP"
WRONG_PIN = bytes.fromhex("249999FFFFFFFFFF")


def start(card: Purse, value: int = 300, payee: bytes = SHOP, **over: int) -> Response:
    """Send START PAYER."""
    data = (
        payee
        + value.to_bytes(4)
        + over.get("currency", KRW).to_bytes(2)
        + over.get("sequence", 0).to_bytes(4)
        + b"order-01"
        + over.get("day", TODAY).to_bytes(4)
    )
    return tell(card, 0x90, 0x50, 1, over.get("pocket", 0), data)


def accept(card: Purse, offer: bytes, day: int = TODAY) -> Response:
    """Send ACCEPT."""
    return tell(card, 0x90, 0x50, 2, 0, offer + day.to_bytes(4))


def debit(card: Purse, request: bytes) -> Response:
    """Send DEBIT."""
    return tell(card, 0x90, 0x54, 0, 0, request + TODAY.to_bytes(4))


def test_a_purse_answers_nothing_before_it_is_selected() -> None:
    card = purse(b"CUSTOMER")
    card.power_on()

    assert start(card).sw == SW.CONDITIONS_NOT_SATISFIED
    assert tell(card, 0x00, 0xA4, 4, 0, b"\xa0\0\0\0\4").sw == SW.NOT_FOUND
    assert tell(card, 0x00, 0xA4, 4, 0, AID).ok


@pytest.mark.parametrize(
    ("over", "word"),
    [
        ({"value": 0}, SW.DATA_WRONG),
        ({"value": 1_001}, SW.FUNDS),
        ({"payee": b"CUSTOMER"}, SW.DATA_WRONG),
        ({"currency": 840}, SW.POCKET),
        ({"pocket": 2}, SW.POCKET),
        ({"pocket": 9}, SW.POCKET),
        ({"day": 20310101}, SW.REFERENCE_NOT_USABLE),
    ],
)
def test_start_is_refused_and_nothing_changes(over: dict[str, int], word: SW) -> None:
    card = purse(b"CUSTOMER")
    before = card.memory.read()

    assert start(card, **over).sw == word  # type: ignore[arg-type]
    assert card.memory.read() == before


def test_limits_stop_one_payment_and_the_sum_of_offline_payments() -> None:
    card = purse(b"CUSTOMER", parameters=Parameters(transfer_max=400, offline_value_max=500))
    shop = purse(SHOP, balance=0)

    assert start(card, 401).sw == SW.LIMIT
    offer = start(card, 400)
    assert debit(card, accept(shop, offer.data).data).ok
    assert start(card, 101, sequence=1).sw == SW.LIMIT
    assert start(card, 100, sequence=1).ok


def test_pin_is_asked_above_its_limit_and_spent_by_one_payment() -> None:
    card, shop = purse(b"CUSTOMER", parameters=Parameters(pin_above=100)), purse(SHOP)

    assert start(card, 100).ok
    assert start(card, 101).sw == SW.SECURITY_NOT_SATISFIED
    assert tell(card, 0, 0x20, 0, 0x81, PIN).ok
    offer = start(card, 101)
    assert debit(card, accept(shop, offer.data).data).ok
    assert start(card, 101, sequence=1).sw == SW.SECURITY_NOT_SATISFIED


def test_three_wrong_pins_block_and_the_right_one_no_longer_helps() -> None:
    card = purse(b"CUSTOMER")

    assert tell(card, 0, 0x20, 0, 0x81).sw == 0x63C3
    assert [tell(card, 0, 0x20, 0, 0x81, WRONG_PIN).sw for _ in range(3)] == [
        0x63C2,
        0x63C1,
        SW.PIN_BLOCKED,
    ]
    assert tell(card, 0, 0x20, 0, 0x81, PIN).sw == SW.PIN_BLOCKED


def test_a_right_pin_gives_the_tries_back_and_can_be_changed() -> None:
    card = purse(b"CUSTOMER")
    new = bytes.fromhex("245678FFFFFFFFFF")

    tell(card, 0, 0x20, 0, 0x81, WRONG_PIN)
    assert tell(card, 0, 0x24, 0, 0x81, PIN + new).ok
    assert remembers(card).tries == 3
    assert tell(card, 0, 0x20, 0, 0x81, new).ok


def test_a_locked_purse_receives_and_does_not_pay_until_its_pin() -> None:
    card, friend = purse(b"CUSTOMER"), purse(b"A FRIEND")

    assert tell(card, 0, 0x04, 0, 0).ok
    assert tell(card, 0, 0xA4, 4, 0, AID).sw == SW.SELECTED_LOCKED
    assert start(card).sw == SW.SECURITY_NOT_SATISFIED
    assert accept(card, start(friend, payee=b"CUSTOMER").data).ok
    assert tell(card, 0, 0x44, 0, 0).sw == SW.SECURITY_NOT_SATISFIED
    tell(card, 0, 0x20, 0, 0x81, PIN)
    assert tell(card, 0, 0x44, 0, 0).ok
    assert remembers(card).life == Life.ACTIVE


@pytest.mark.parametrize(
    ("payer", "parameters", "word"),
    [
        ({"expiry": 20260416}, Parameters(), SW.REFERENCE_NOT_USABLE),
        ({}, Parameters(hotlist=(b"CUSTOMER",)), SW.REFERENCE_NOT_USABLE),
        ({}, Parameters(matrix=0), SW.FUNCTION_NOT_SUPPORTED),
        ({"issuer": secret_from(b"false".ljust(40, b"\0"))}, Parameters(), SW.SIGNATURE_WRONG),
    ],
    ids=["expired", "hotlisted", "classes", "false issuer"],
)
def test_a_payee_refuses_a_payer_that_is_not_welcome(
    payer: dict[str, object], parameters: Parameters, word: SW
) -> None:
    card = purse(b"CUSTOMER", **payer)
    shop = purse(SHOP, parameters=parameters)
    offer = start(card, day=20260101)
    assert offer.ok
    before = shop.memory.read()

    assert accept(shop, offer.data).sw == word
    assert shop.memory.read() == before


def test_a_payee_refuses_what_it_may_not_hold() -> None:
    card, shop = purse(b"CUSTOMER"), purse(SHOP, balance=199_900)

    assert accept(shop, start(card, 101).data).sw == SW.CEILING
    assert accept(shop, start(card, 100, sequence=0).data).ok


def test_a_late_credit_leaves_room_for_what_was_asked_for_since() -> None:
    """What is paid can no longer be refused, so two promises may not share one room (T12)."""
    card, friend = purse(b"CUSTOMER"), purse(b"A FRIEND")
    shop = purse(SHOP, balance=199_500)
    late = debit(card, accept(shop, start(card, 300).data).data).data
    assert tell(shop, 0x90, 0x5E, 0, 0).ok
    asked = accept(shop, start(friend, 300, sequence=1).data)
    value = debit(friend, asked.data).data

    assert tell(shop, 0x90, 0x52, 1, 0, late).sw == SW.CEILING
    assert tell(shop, 0x90, 0x52, 0, 0, value).ok
    assert balance(shop) == 199_800
    assert len(remembers(shop).log) == 1


def test_forged_starts_never_fill_a_payees_log() -> None:
    """T8: without a genuine funded payer no log entry can be made, however often one tries."""
    shop = purse(SHOP, log_slots=4)
    stale = start(purse(b"CUSTOMER"), sequence=5)

    for _ in range(50):
        assert accept(shop, stale.data).sw == SW.CONDITIONS_NOT_SATISFIED
        assert tell(shop, 0x90, 0x50, 3, 0, bytes(30)).sw == SW.P1_P2_WRONG
    assert not remembers(shop).log


def test_the_original_flow_is_bricked_by_as_many_forged_starts_as_the_log_has_slots() -> None:
    """The weakness that OFFER closes, kept for comparison (purse.md 3.3)."""
    shop = purse(SHOP, flow=Flow.ORIGINAL, log_slots=4)
    data = b"NOBODY 1" + (1).to_bytes(4) + KRW.to_bytes(2) + bytes(12) + TODAY.to_bytes(4)

    words = [tell(shop, 0x90, 0x50, 3, 0, data).sw for _ in range(6)]

    assert words == [SW.OK] * 4 + [SW.LOG_FULL] * 2


def test_sequence_numbers_end_and_never_wrap() -> None:
    card = purse(b"CUSTOMER")
    image = decode_image(card.memory.read())
    card.memory.write(encode_image(image._replace(sequence=0xFFFF_FFFE)))

    assert start(card).ok
    assert start(card).sw == SW.SEQUENCE_EXHAUSTED


def test_every_byte_of_a_message_is_under_a_signature() -> None:
    """T1: an offer with any one byte changed is refused and changes nothing."""
    offer = start(purse(b"CUSTOMER")).data
    for position in range(len(offer)):
        shop = purse(SHOP)
        before = shop.memory.read()
        forged = offer[:position] + bytes((offer[position] ^ 1,)) + offer[position + 1 :]

        assert not accept(shop, forged).ok, f"byte {position} is not protected"
        assert shop.memory.read() == before


def test_claim_freezes_and_clear_wants_exactly_the_claimed_log() -> None:
    card, shop = purse(b"CUSTOMER"), purse(SHOP)
    value = debit(card, accept(shop, start(card).data).data).data
    assert tell(shop, 0x90, 0x5E, 0, 0).ok
    nonce = b"12345678"
    signature = SUITE.sign(ISSUER, claim_text(SHOP, nonce))

    claimed = tell(shop, 0x90, 0xE8, 0, 0, b"\1" + nonce + signature)

    assert claimed.ok and claimed.data[0] == 1
    assert tell(shop, 0x90, 0x52, 1, 0, value).sw == SW.CONDITIONS_NOT_SATISFIED
    wrong = log_image((b"x" * 38,))
    clear = b"\1" + wrong + SUITE.sign(ISSUER, clear_text(SHOP, wrong))
    assert tell(shop, 0x90, 0xEA, 0, 0, clear).sw == SW.CONDITIONS_NOT_SATISFIED
    image = claimed.data[1:33]
    clear = b"\1" + image + SUITE.sign(ISSUER, clear_text(SHOP, image))
    assert tell(shop, 0x90, 0xEA, 0, 0, clear).ok
    assert not remembers(shop).log
    assert balance(shop) == 1_000


def test_parameters_change_once_per_number_and_only_by_the_issuer() -> None:
    card = purse(b"CUSTOMER")
    body = msgspec.msgpack.encode((20260418, Parameters(transfer_max=7)))

    def update(sequence: int, secret: int = ISSUER) -> int:
        signature = SUITE.sign(secret, update_text(b"CUSTOMER", sequence, body))
        return tell(card, 0x90, 0x58, 0, 0, b"\1" + sequence.to_bytes(4) + body + signature).sw

    assert update(1, secret_from(b"false".ljust(40, b"\0"))) == SW.SIGNATURE_WRONG
    assert update(1) == SW.OK
    assert update(1) == SW.CONDITIONS_NOT_SATISFIED
    assert remembers(card).date == 20260418
    assert start(card, 8).sw == SW.LIMIT


def test_resume_repeats_the_last_message_byte_for_byte() -> None:
    card, shop = purse(b"CUSTOMER"), purse(SHOP)
    offer = start(card).data
    assert tell(card, 0x90, 0x5A, 0, 0).data == offer
    request = accept(shop, offer).data
    assert tell(shop, 0x90, 0x5A, 0, 0).data == request
    value = debit(card, request).data
    assert tell(card, 0x90, 0x5A, 0, 0).data == value
    receipt = tell(shop, 0x90, 0x52, 0, 0, value).data
    assert tell(shop, 0x90, 0x5A, 0, 0).data == receipt
    assert tell(card, 0x90, 0x56, 0, 0, receipt).ok

    assert remembers(card).status == Status.EAFROM
    assert receipt[0] == MessageType.ACK
    assert decode_details(receipt[1:39]).reference == b"order-01"
    assert tell(shop, 0x90, 0x5A, 2, 0, receipt[1:39]).data == receipt


_WORDS = {int(word) for word in SW} | {0x63C0 | tries for tries in range(16)}


@settings(max_examples=400, deadline=None)
@given(
    apdus=st.lists(
        st.one_of(
            st.binary(max_size=300),
            st.builds(
                lambda cla, ins, p1, p2, data: bytes((cla, ins, p1, p2, len(data))) + data,
                st.sampled_from([0x00, 0x90]),
                st.sampled_from([0xA4, 0x20, 0x24, 0x04, 0x44, 0xCA, 0xB2, 0x50, 0x54, 0x52, 0x56,
                                 0x5A, 0x5E, 0xE8, 0xEA, 0x58]),
                st.integers(0, 3) | st.integers(0, 255),
                st.integers(0, 5) | st.sampled_from([0x81, 0x0C, 0x14, 0x21]),
                st.binary(min_size=1, max_size=255),
            ),
        ),
        max_size=12,
    )
)  # fmt: skip
def test_garbage_gets_a_word_of_the_table_and_moves_no_value(apdus: list[bytes]) -> None:
    card = purse(b"CUSTOMER")
    for apdu in apdus:
        answer = card.handle(apdu)

        assert int.from_bytes(answer[-2:]) in _WORDS
        assert balance(card) == 1_000


def test_a_dead_memory_is_told_and_does_not_crash() -> None:
    class Dead(Cell):
        def write(self, body: bytes) -> None:
            from protocols.purse.memory import MemoryWornOutError

            raise MemoryWornOutError

    alive = purse(b"CUSTOMER")
    card = Purse(personality(b"CUSTOMER"), Dead(alive.memory.read()), SUITE)
    card.selected = True

    assert start(card).sw == SW.MEMORY_FAILURE
