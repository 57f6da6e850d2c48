"""Card and module command by command: what is refused, with which word, and that refusing changes nothing.

T5; threats T1, T2, T8, T11, T12. The exhaustive search covers the protocol; this covers what it leaves
out: limits, expiry, sizes, wrong keys and garbage.
"""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.icash.card import CARD_AID, IcashCard
from protocols.icash.details import Details
from protocols.icash.host import Host
from protocols.icash.image import decode_card, decode_module, encode_card, encode_module
from protocols.icash.keys import Masters
from protocols.icash.module import MODULE_AID, IcashModule
from protocols.iso7816 import SW
from protocols.purse.memory import Cell, MemoryWornOutError
from tests.support.icash import (
    DETAILS,
    KRW,
    MASTERS,
    MODULE,
    SUITE,
    TODAY,
    balance,
    card,
    module,
    tell,
    total,
)


def opening(amount: int = 300, currency: int = KRW, day: int = TODAY, number: int = 0) -> bytes:
    """Return the body of INITIALIZE IEP."""
    return (
        MODULE + number.to_bytes(4) + amount.to_bytes(4) + currency.to_bytes(2) + b"order-01"
        + day.to_bytes(4)
    )  # fmt: skip


def asked(payer: IcashCard, details: Details = DETAILS) -> bytes:
    """Open a purchase on a card, and return the body of INITIALIZE PSAM for it."""
    opened = tell(payer, 0x50, opening(details.amount, number=details.module_number), p1=1)
    assert opened.ok
    answer = opened.data
    return details.encode() + answer[4:12] + TODAY.to_bytes(4) + answer[12:]


@pytest.mark.parametrize("side", [card, module])
def test_a_side_answers_nothing_before_it_is_selected(side: object) -> None:
    made = side()  # type: ignore[operator]
    made.power_on()
    aid = CARD_AID if isinstance(made, IcashCard) else MODULE_AID

    assert tell(made, 0x5C).sw == SW.CONDITIONS_NOT_SATISFIED
    assert tell(made, 0xA4, b"\xa0\0\0\0\4", p1=4, cla=0).sw == SW.NOT_FOUND
    assert tell(made, 0xA4, aid, p1=4, cla=0).ok
    assert tell(made, 0x5C).ok


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (opening(0), SW.DATA_WRONG),
        (opening(1_001), SW.FUNDS),
        (opening(901), SW.LIMIT),
        (opening(currency=840), SW.POCKET),
        (opening(day=20310101), SW.REFERENCE_NOT_USABLE),
        (opening()[:-1], SW.WRONG_LENGTH),
    ],
)
def test_a_purchase_is_not_opened(body: bytes, word: SW) -> None:
    payer = card(purchase_max=900) if word is SW.LIMIT else card()

    assert tell(payer, 0x50, body, p1=1).sw == word
    assert tell(payer, 0x54, bytes(8)).sw == SW.CONDITIONS_NOT_SATISFIED


def test_one_opening_is_one_guess() -> None:
    payer, shop = card(), module()
    right = tell(shop, 0x70, asked(payer)).data

    assert tell(payer, 0x54, bytes(8)).sw == SW.SIGNATURE_WRONG
    assert tell(payer, 0x54, right).sw == SW.CONDITIONS_NOT_SATISFIED
    assert balance(payer) == 1_000


def test_power_forgets_an_opening_and_the_order_is_good_for_the_next() -> None:
    payer, shop = card(), module()
    right = tell(shop, 0x70, asked(payer)).data
    payer.power_on()
    payer.selected = True

    assert tell(payer, 0x54, right).sw == SW.CONDITIONS_NOT_SATISFIED
    tell(payer, 0x50, opening(), p1=1)
    assert tell(payer, 0x54, right).ok


def test_every_byte_of_an_asking_is_under_a_signature() -> None:
    """T1: one byte of the details, the terms or S1 changed, and the module asks for nothing."""
    payer = card()
    body = asked(payer)
    unsigned = range(len(DETAILS.encode()) + 8, len(DETAILS.encode()) + 12)
    for position in range(len(body)):
        if position in unsigned:
            continue
        shop = module()
        before = shop.memory.read()
        forged = body[:position] + bytes((body[position] ^ 1,)) + body[position + 1 :]

        assert not tell(shop, 0x70, forged).ok, f"byte {position} is not protected"
        assert shop.memory.read() == before


def test_every_byte_of_a_debit_is_under_a_signature() -> None:
    payer, shop = card(), module()
    right = tell(shop, 0x70, asked(payer)).data
    paid = DETAILS.encode() + tell(payer, 0x54, right).data[:8]
    before = shop.memory.read()
    for position in range(len(paid)):
        forged = paid[:position] + bytes((paid[position] ^ 1,)) + paid[position + 1 :]
        assert not tell(shop, 0x72, forged).ok, f"byte {position} is not protected"
    assert shop.memory.read() == before
    assert tell(shop, 0x72, paid).ok
    assert tell(shop, 0x72, paid).sw == SW.CONDITIONS_NOT_SATISFIED
    assert total(shop) == 300


def test_a_card_of_another_tree_is_not_ours() -> None:
    foreign = card()
    others = Masters(purchase=b"\1" * 16, load=b"\2" * 16, claim=b"\3" * 16, collection=b"\4" * 16)
    keys = others.card_keys(foreign.personality.card, 1)
    foreign.personality = replace(foreign.personality, keys=keys)

    assert tell(module(), 0x70, asked(foreign)).sw == SW.SIGNATURE_WRONG


def test_a_module_checks_the_expiry_that_the_card_signed() -> None:
    """The terminal may have told the card another day."""
    old = card(expiry=20260416)
    opened = tell(old, 0x50, opening(day=20260101), p1=1).data
    body = DETAILS.encode() + opened[4:12] + TODAY.to_bytes(4) + opened[12:]

    assert tell(module(), 0x70, body).sw == SW.REFERENCE_NOT_USABLE


def test_a_module_asks_nothing_more_when_its_open_purchases_are_full() -> None:
    """T8: the slot is reserved before the purchase begins; nothing is overwritten."""
    payer, shop = card(), module(open_slots=2)
    for number in range(2):
        assert tell(shop, 0x70, asked(payer, DETAILS._replace(module_number=number))).ok

    full = tell(shop, 0x70, asked(payer, DETAILS._replace(module_number=2)))
    assert full.sw == SW.LOG_FULL
    assert tell(shop, 0x74).ok
    opened = decode_module(shop.memory.read()).open
    assert [tell(shop, 0x7C, p1=n).data for n in range(2)] == list(opened)
    assert tell(shop, 0x7C, p1=2).sw == SW.RECORD_NOT_FOUND


def test_the_collector_clears_one_purchase_and_nobody_else_does() -> None:
    payer, shop, host = card(), module(), Host(MASTERS, SUITE)
    right = tell(shop, 0x70, asked(payer)).data
    paid = tell(payer, 0x54, right).data
    tell(shop, 0x74)

    assert tell(shop, 0x7E, DETAILS.encode() + bytes(8)).sw == SW.SIGNATURE_WRONG
    assert shop.handle(host.clear(DETAILS, 1)) == b"\x90\x00"
    assert tell(shop, 0x72, DETAILS.encode() + paid[:8], p1=1).sw == SW.CONDITIONS_NOT_SATISFIED
    assert shop.handle(host.clear(DETAILS, 1))[-2:] == b"\x6a\x83"
    assert total(shop) == 0


def test_numbers_end_and_never_wrap() -> None:
    payer, shop = card(), module()
    image = decode_card(payer.memory.read())
    payer.memory.write(encode_card(image._replace(number=0xFFFF_FFFF, loads=0xFFFF_FFFF)))
    assert tell(payer, 0x50, opening(), p1=1).sw == SW.SEQUENCE_EXHAUSTED
    assert tell(payer, 0x50, opening()).sw == SW.SEQUENCE_EXHAUSTED

    body = asked(card(), DETAILS._replace(module_number=0xFFFF_FFFF))
    there = decode_module(shop.memory.read())
    shop.memory.write(encode_module(there._replace(number=0xFFFF_FFFF)))
    assert tell(shop, 0x70, body).sw == SW.SEQUENCE_EXHAUSTED


def test_a_load_stays_below_the_ceiling() -> None:
    holder, host = card(), Host(MASTERS, SUITE)
    assert tell(holder, 0x50, opening(1_001)).sw == SW.CEILING
    details = DETAILS._replace(amount=1_000)
    assert tell(holder, 0x50, opening(1_000)).ok
    assert holder.handle(host.load(details))[-2:] == b"\x90\x00"
    assert balance(holder) == 2_000


def test_an_order_to_load_stays_good_whatever_is_bought_meanwhile() -> None:
    holder, shop, host = card(), module(), Host(MASTERS, SUITE)
    details = DETAILS._replace(amount=500)
    order = host.load(details)
    right = tell(shop, 0x70, asked(holder)).data
    assert tell(holder, 0x54, right).ok

    tell(holder, 0x50, opening(500))
    assert holder.handle(order)[-2:] == b"\x90\x00"
    assert balance(holder) == 1_200


_WORDS = {int(word) for word in SW}


@settings(max_examples=200, deadline=None)
@given(
    apdus=st.lists(
        st.one_of(
            st.binary(max_size=120),
            st.builds(
                lambda cla, ins, p1, data: bytes((cla, ins, p1, 0, len(data))) + data,
                st.sampled_from([0x00, 0x90]),
                st.sampled_from([0xA4, 0x5C, 0x50, 0x52, 0x54, 0x5A, 0x70, 0x72, 0x74, 0x76, 0x7A,
                                 0x7C, 0x7E, 0x86]),
                st.integers(0, 4) | st.integers(0, 255),
                st.sampled_from([8, 30, 39, 47, 59]).flatmap(
                    lambda size: st.binary(min_size=size, max_size=size)
                ),
            ),
        ),
        max_size=12,
    )
)  # fmt: skip
def test_garbage_gets_a_word_of_the_table_and_moves_no_value(apdus: list[bytes]) -> None:
    payer, shop = card(), module()
    for apdu in apdus:
        for side in (payer, shop):
            assert int.from_bytes(side.handle(apdu)[-2:]) in _WORDS
        assert (balance(payer), total(shop)) == (1_000, 0)


class Dead(Cell):
    """A memory that is worn out."""

    def write(self, body: bytes) -> None:
        raise MemoryWornOutError


def test_a_dead_memory_is_told_and_does_not_crash() -> None:
    payer, shop = card(), module()
    body = asked(payer)
    worn = IcashModule(shop.personality, Dead(shop.memory.read()), SUITE)
    worn.selected = True
    assert tell(worn, 0x70, body).sw == SW.MEMORY_FAILURE
    right = tell(shop, 0x70, body).data
    dying = IcashCard(payer.personality, Dead(payer.memory.read()), SUITE)
    dying.selected = True
    tell(dying, 0x50, opening(), p1=1)
    assert tell(dying, 0x54, right).sw == SW.MEMORY_FAILURE
