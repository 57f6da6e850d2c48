"""A payment terminal's line in a trace: told in words, and nothing secret left, whatever pieces it arrives in."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.trace.stand_ins import StandIns, is_pan
from protocols.trace.terminal_messages import TerminalSwap, Units, apdu_in
from protocols.trace.terminal_words import TerminalTeller
from protocols.zvt import bitmaps
from protocols.zvt.apdu import Apdu
from protocols.zvt.bitmaps import field, packed, read_fields
from protocols.zvt.blocks import block
from protocols.zvt.controls import Control
from protocols.zvt.status import pack_card
from tests.support.zvt import OF_THE_REGISTER, OF_THE_TERMINAL, PAN

TRACK_2 = bytes.fromhex("4761739001010119D25122010000000000F0")
SECRET = Apdu(
    Control.STATUS_INFORMATION,
    field(bitmaps.RESULT, b"\0")
    + field(bitmaps.AMOUNT, packed(12_500, 6))
    + field(bitmaps.PAN, pack_card(PAN.reveal()))
    + field(bitmaps.TRACK_2, TRACK_2)
    + field(bitmaps.TRACK_3, b"\x47\x61" * 20)
    + field(bitmaps.CVV, b"\x12\x3f")
    + field(bitmaps.TEXT, b"card 4761739001010119")
    + field(bitmaps.CONTAINER, bytes.fromhex("5a084761739001010119 1f100101")),
)
PAPER = Apdu(Control.PRINT_LINE, b"\0card 4761739001010119 paid")
SERIAL = pytest.mark.parametrize("serial", [True, False], ids=["serial", "network"])


def written(apdu: Apdu, serial: bool) -> bytes:
    return block(apdu.encode()) if serial else apdu.encode()


@SERIAL
def test_nothing_secret_is_left_and_all_else_is(serial):
    stream = written(SECRET, serial)
    [(at_ns, told)] = TerminalSwap(StandIns()).take(7, stream)
    assert at_ns == 7
    seen = apdu_in(told)
    assert seen is not None and len(seen.data) == len(SECRET.data)
    fields = read_fields(seen.data)
    assert is_pan(fields.values[bitmaps.PAN].hex())
    assert fields.values[bitmaps.AMOUNT] == packed(12_500, 6)
    assert not any(fields.values[bitmaps.TRACK_2] + fields.values[bitmaps.TRACK_3])
    assert fields.values[bitmaps.CVV] == bytes(2)
    for spelling in (pack_card(PAN.reveal()), PAN.reveal().encode(), TRACK_2[8:]):
        assert spelling not in told
    [(_, paper)] = TerminalSwap(StandIns()).take(0, written(PAPER, serial))
    assert PAN.reveal().encode() not in paper and b"paid" in paper


@SERIAL
@given(st.lists(st.integers(1, 50), min_size=1, max_size=30))
@settings(deadline=None)
def test_in_pieces_of_any_size(serial, cuts):
    all_of_them = [*OF_THE_TERMINAL, SECRET, PAPER]
    stream = b"".join(written(each, serial) + b"\x06" * serial for each in all_of_them)
    whole = TerminalSwap(StandIns()).take(0, stream)
    swap, told, start = TerminalSwap(StandIns()), [], 0
    for index in range(len(stream) + 1):
        size = cuts[index % len(cuts)]
        told += swap.take(0, stream[start : start + size])
        start += size
    assert told == whole and swap.flush() == []
    assert len(told) == len(all_of_them) * (1 + serial)


@SERIAL
def test_what_has_no_secret_is_told_as_it_was(serial):
    for each in (*OF_THE_REGISTER, *OF_THE_TERMINAL):
        [(_, told)] = TerminalSwap(StandIns()).take(0, written(each, serial))
        assert told == written(each, serial)


def test_what_cannot_be_read_is_zeros():
    wrong = bytearray(written(SECRET, True))
    wrong[20] ^= 1
    [(_, told)] = TerminalSwap(StandIns()).take(0, bytes(wrong))
    assert not any(told)
    cut = Apdu(Control.STATUS_INFORMATION, SECRET.data[:-1])
    [(_, told)] = TerminalSwap(StandIns()).take(0, written(cut, False))
    assert not any(told[3:])


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_no_bytes_make_it_fail(said):
    swap, units, teller = TerminalSwap(StandIns()), Units(), TerminalTeller()
    for each in said:
        swap.take(0, each)
        units.receive(each)
        assert all(teller.to(each, 0)) and all(teller.come(each, 0))


@SERIAL
def test_words(serial):
    teller = TerminalTeller()
    assert list(teller.to(b"".join(written(each, serial) for each in OF_THE_REGISTER), 0)) == [
        "registration",
        "authorisation: amount 12,500",
        "reversal: receipt 0004",
        "refund: amount 500",
        "end of day",
        "repeat receipt",
        "diagnosis",
        "initialisation",
    ]
    assert list(teller.come(b"".join(written(each, serial) for each in OF_THE_TERMINAL), 0)) == [
        "taken",
        "refused: 9C please wait",
        "intermediate status: insert card",
        "status information: 00 success amount 12,500 receipt 0004 approval 611804 card ************0119",
        "status information: 00 success amount 37,500",
        "print line: 1 lines",
        "print line: 1 lines",
        "print line: 1 lines",
        "print line: the end",
        "print text: 3 lines",
        "completion: terminal 28004869",
        "aborted: 6C aborted",
    ]
    if serial:
        assert list(teller.come(b"\x06\x15", 0)) == ["ACK", "NAK: say it again"]
