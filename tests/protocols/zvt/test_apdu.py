"""APDUs, the fields in them, and what terminals of others have said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.card_number import CardNumber, Masked
from protocols.zvt import bitmaps
from protocols.zvt.apdu import DATA_BYTES_MAX, GAP_NS, Apdu, ApduReader, ZvtError, decode
from protocols.zvt.bitmaps import SIZES, Size, field, read_fields
from protocols.zvt.messages import Order, read_order, read_paper, read_registration
from protocols.zvt.status import (
    Group,
    StatusInformation,
    hide_card,
    read_status,
    show_card,
    without_card,
    write_status,
)
from protocols.zvt.text import Charset, decode_text
from tests.support.zvt import (
    CLOSED,
    GENUINE,
    OF_THE_REGISTER,
    OF_THE_TERMINAL,
    PAID,
    PAN,
    PAPER,
    REGISTRATION,
)

ALL = [*OF_THE_REGISTER, *OF_THE_TERMINAL]


@pytest.mark.parametrize("size", [0, 1, 254, 255, 256, DATA_BYTES_MAX])
def test_every_length_is_read_back(size):
    apdu = Apdu(0x06D3, bytes(size))
    assert decode(apdu.encode()) == apdu
    assert len(apdu.encode()) == size + (3 if size < 255 else 5)


def test_a_short_one_may_be_written_long():
    assert decode(bytes.fromhex("0601ff0100aa")) == Apdu(0x0601, b"\xaa")


@given(st.lists(st.integers(1, 9), min_size=1, max_size=20))
def test_pieces_of_any_size(cuts):
    stream, reader, read, at = b"".join(each.encode() for each in ALL), ApduReader(), [], 0
    for index in range(len(stream) + 1):
        size = cuts[index % len(cuts)]
        read += reader.receive(stream[at : at + size], index)
        at += size
    assert read == ALL and reader.deadline_ns is None


def test_half_an_apdu_is_given_up_at_its_deadline_and_not_before():
    whole = ALL[1].encode()
    early, late = ApduReader(), ApduReader()
    for reader in (early, late):
        assert reader.receive(whole[:4], 0) == [] and reader.deadline_ns == GAP_NS
    early.tick(GAP_NS - 1)
    assert early.receive(whole[4:], GAP_NS - 1) == [ALL[1]]
    late.tick(GAP_NS)
    assert late.receive(whole, GAP_NS) == [ALL[1]] and late.noise_count == 1


def test_what_claims_to_be_longer_than_any_is_noise():
    reader = ApduReader()
    assert reader.receive(b"\x06\x01\xff\xff\xff1", 0) == [] and reader.noise_count == 1
    with pytest.raises(ZvtError):
        decode(b"\x06\x01\x05\x00")


@given(st.binary(max_size=120))
def test_no_bytes_make_a_reader_fail(data):
    ApduReader().receive(data, 0)
    for read in (
        read_fields,
        read_status,
        read_registration,
        lambda each: read_order(Apdu(0x0630, each)),
    ):
        try:
            read(data)
        except ZvtError as error:
            assert str(error)
    assert isinstance(read_paper(Apdu(0x06D3, data), Charset.CP437), list)


@pytest.mark.parametrize("number", SIZES)
def test_every_field_is_read_back(number):
    size = SIZES[number]
    value = bytes(size) if isinstance(size, int) else b"\x12" * (99 if size is Size.LL else 130)
    assert read_fields(field(number, value) + field(bitmaps.RESULT, b"\x6c")).values == {
        number: value
    } | {bitmaps.RESULT: b"\x6c"}


def test_lengths_are_digits():
    assert field(bitmaps.CARD_NAME, b"A" * 17)[:3] == bytes.fromhex("8bf1f7")
    assert field(bitmaps.TEXT, b"A" * 117)[:4] == bytes.fromhex("3cf1f1f7")


def test_a_field_that_is_cut_off_says_where_and_not_what():
    with pytest.raises(ZvtError, match="field 04 at byte 2 is cut off"):
        read_fields(bytes.fromhex("2700 0400"))
    with pytest.raises(ZvtError, match="no length"):
        read_fields(bytes.fromhex("22faff"))


def test_what_stands_behind_an_unknown_number_is_kept_apart():
    fields = read_fields(bytes.fromhex("27005e0102"))
    assert fields.values == {bitmaps.RESULT: b"\0"} and fields.rest == bytes.fromhex("5e0102")


@pytest.mark.parametrize("status", [PAID, CLOSED, StatusInformation(result=0x6C)])
@pytest.mark.parametrize("charset", [Charset.UTF_8, Charset.CP949])
def test_a_result_is_read_back(status, charset):
    assert read_status(write_status(status, charset).data, charset) == status


def test_a_result_of_another_terminal():
    """Debit Mastercard, 20.40, receipt 470: as CardComplete's terminal has said it."""
    status = read_status(decode(GENUINE["paid"]).data)
    assert (status.result, status.amount, status.currency) == (0, 2_040, 978)
    assert (status.trace, status.receipt, status.turnover) == (470, 470, 470)
    assert (status.time, status.date, status.terminal_id) == (223_953, 1006, 28004869)
    assert (status.contract, status.approval, status.text) == (
        "100461763",
        "611804",
        "GEN.NR.:611804",
    )
    assert (status.card_shown, status.card_type, status.card_name) == (
        "************4771",
        0x2E,
        "Debit Mastercard",
    )


def test_a_container_without_activation():
    """hobex sends one that nobody asked for; what is known in it is read."""
    status = read_status(decode(GENUINE["tapped"]).data)
    assert (status.card_name, status.aid, status.receipt) == ("MASTERCARD", "A0000000041010", 8)
    assert read_status(decode(GENUINE["aborted"]).data).result == 0x6C


def test_paper_of_another_terminal():
    paper = read_paper(decode(GENUINE["administration"]), Charset.CP437)
    assert paper[:3] == ["02.11.2021         17:05:02", "TID:AH000006", "Abschluss - keine TX"]


def test_paper_is_read_back():
    from protocols.zvt.messages import lines, text_block

    for charset in (Charset.UTF_8, Charset.CP949):
        assert read_paper(text_block(PAPER, charset), charset) == PAPER
        assert [
            line for each in lines(PAPER, charset) for line in read_paper(each, charset)
        ] == PAPER


def test_text_of_a_terminal_that_is_set_otherwise():
    assert decode_text(b"H\x8eNDLER", Charset.CP437) == "HÄNDLER"
    assert decode_text(b"H\xc4NDLER", Charset.LATIN_1) == "HÄNDLER"
    assert decode_text("한빛".encode(), Charset.CP437) == "한빛"
    assert decode_text(b"A\x1b[2J\0", Charset.CP437) == "A [2J"


def test_a_card_shows_no_more_than_may_be_seen():
    whole = StatusInformation(card=PAN, card_shown=str(PAN))
    read = read_status(write_status(whole).data)
    assert read.card == PAN and isinstance(read.card, CardNumber)
    assert read.card_shown == "476173******0119" and PAN.reveal() not in repr(read)
    assert without_card(read).card is None
    assert show_card("4761739001EE0119") == "476173******0119"
    assert show_card("EEEEEEEEE9") == "*********9"
    assert hide_card(PAN) == Masked("EEEEEEEEEEEE0119")
    odd = CardNumber("378282246310005")
    assert read_status(write_status(StatusInformation(card=odd)).data).card == odd


def test_totals_are_told_apart_by_whose_card_it_was():
    read = read_status(write_status(CLOSED).data).totals
    assert read is not None and read.amount == 37_500 and read.groups[Group.VISA] == (2, 25_000)


def test_orders_and_registrations_are_read_back():
    assert read_registration(REGISTRATION.apdu().data) == REGISTRATION
    short = read_registration(bytes.fromhex("123456 8a"))
    assert (short.currency, short.charset, short.columns) == (0, None, 0)
    paid = Order(amount=12_500, currency=410, text="IPS0123456789AB")
    assert read_order(paid.apdu(0x0601)) == paid
    assert read_order(Order(receipt=4).apdu(0x0630, 0)) == Order(receipt=4)
    with pytest.raises(ZvtError):
        read_order(Apdu(0x0630, b"\0"))
    with pytest.raises(ZvtError):
        read_order(Apdu(0x0601, bytes.fromhex("04000000eeeeee")))
