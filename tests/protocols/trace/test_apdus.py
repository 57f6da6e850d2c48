"""No PIN and no card number is left in an APDU, and its length stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.iso7816 import Command
from protocols.passbook.card import AID
from protocols.passbook.order import SIGNED_BYTES
from protocols.secure_pin import pin_block
from protocols.tlv import encode_tlv, find_tlv
from protocols.trace.apdus import PIN_COMMANDS, swap_command, swap_response
from protocols.trace.card_words import CardTeller
from protocols.trace.stand_ins import StandIns, is_pan
from tests.support.passbooks import ACCOUNT, passbook, signed_order

PAN = "4761739001010119"


def swapped(command):
    return swap_command(StandIns(), command.encode())


def test_verify_keeps_its_form_and_gets_a_test_pin():
    assert swapped(Command(0, 0x20, 0, 0x81, pin_block("9753"))) == (
        Command(0, 0x20, 0, 0x81, pin_block("1234")).encode()
    )


def test_change_gets_two():
    change = Command(0, 0x24, 0, 0x81, pin_block("97531") + pin_block("864209"))

    assert swapped(change) == (
        Command(0, 0x24, 0, 0x81, pin_block("12341") + pin_block("123412")).encode()
    )


@pytest.mark.parametrize("ins", PIN_COMMANDS)
@pytest.mark.parametrize("cla", [0x00, 0x04, 0x80, 0x84])
def test_what_is_no_pin_block_is_blotted_out(cla, ins):
    for data in (
        b"9753",
        b"\x29\x75\x3f",
        b"\x01" * 8,
        b"\x24\x97\x5a\xff\xff\xff\xff\xff",
        b"\x01",
    ):
        command = Command(cla, ins, 0, 0x80, data, 256)
        assert swapped(command) == Command(cla, ins, 0, 0x80, b"\xff" * len(data), 256).encode()


def test_a_query_for_the_tries_stays():
    for command in (Command(0, 0x20, 0, 0x81), Command(0, 0x20, 0, 0x81, le=8)):
        assert swapped(command) == command.encode()


def test_a_verify_with_a_wrong_length_is_blotted_out_whole():
    assert swap_command(StandIns(), bytes.fromhex("0020008109 249753ff")) == bytes.fromhex(
        "00200081 ffffffffff"
    )


def test_number_tracks_and_name_in_an_answer_are_replaced():
    record = encode_tlv(
        0x70,
        encode_tlv(0x5A, bytes.fromhex(PAN)),
        encode_tlv(0x57, bytes.fromhex(PAN + "D25122011143804400000F")),
        encode_tlv(0x5F20, b"HONG/GIL DONG"),
        encode_tlv(0x5F24, bytes.fromhex("251231")),
        encode_tlv(0x9F1F, b"1143804400000"),
    )

    answer = swap_response(StandIns(), record + b"\x90\x00")

    assert len(answer) == len(record) + 2 and answer[-2:] == b"\x90\x00"
    number = find_tlv(answer[:-2], 0x5A).hex()
    assert is_pan(number) and number != PAN
    assert find_tlv(answer[:-2], 0x57).hex() == number + "d2512201" + "0" * 13 + "f"
    assert PAN not in answer.hex() and b"HONG" not in answer and b"11438" not in answer
    assert find_tlv(answer[:-2], 0x5F24) == bytes.fromhex("251231")


def test_answers_of_other_cards_stay():
    for answer in (
        b"",
        b"\x90",
        b"\x90\x00",
        b"\x01\x02\x03\x90\x00",
        bytes(range(200)) + b"\x90\x00",
    ):
        assert swap_response(StandIns(), answer) == answer


@given(st.binary(max_size=40))
def test_any_bytes_keep_their_length_and_their_header(apdu):
    once = swap_command(StandIns(), apdu)

    assert len(once) == len(apdu) and once[:4] == apdu[:4]
    assert len(swap_response(StandIns(), apdu)) == len(apdu)


@given(st.text("0123456789", min_size=4, max_size=12), st.sampled_from(PIN_COMMANDS))
def test_no_pin_is_left(pin, ins):
    apdu = swapped(Command(0, ins, 0, 0x81, pin_block(pin)))

    assert apdu == Command(0, ins, 0, 0x81, pin_block(StandIns().pin(pin))).encode()


def test_a_passbooks_account_is_hidden_where_it_is_told_and_where_it_is_signed() -> None:
    card = passbook()
    card.power_on()
    card.handle(Command(0x00, 0xA4, 4, 0, AID, 256).encode())
    certificate = card.handle(Command(0x00, 0xCA, 0x7F, 0x21, le=256).encode())
    signed = bytes.fromhex(signed_order(card, "S01-01-20260417-0001-a", 130))
    for answer in (certificate, signed[:SIGNED_BYTES] + b"\x90\x00"):
        swapped = swap_response(StandIns(), answer)
        assert len(swapped) == len(answer) and ACCOUNT not in swapped.hex()
        assert "000000000440ffffffff" in swapped.hex(), "its last four tell cards apart"
        assert swap_response(StandIns(), swapped) == swapped
    assert (
        swap_response(StandIns(), certificate[:-3] + b"\x90\x00") == certificate[:-3] + b"\x90\x00"
    )


def test_a_passbooks_certificate_is_told_as_no_message_of_a_purse() -> None:
    teller = CardTeller()
    card = passbook()
    card.power_on()
    for command in (Command(0x00, 0xA4, 4, 0, AID, 256), Command(0x00, 0xCA, 0x7F, 0x21, le=256)):
        teller.command(command.encode())
        told = teller.response(card.handle(command.encode()))
    assert told == "9000 done, 113 bytes"
