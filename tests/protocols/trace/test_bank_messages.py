"""A bank's line in a trace: told in words, and nothing secret left, whatever pieces it arrives in."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.iso8583.framing import Header, frame
from protocols.iso8583.icc import pack_icc, read_icc
from protocols.iso8583.mac import MacAlgorithm, seal
from protocols.iso8583.message import Message, decode
from protocols.iso8583.pin import EncipheredPin, pin_fields
from protocols.iso8583.specs import ASCII, BINARY
from protocols.iso8583.specs import SPECS as NAMED
from protocols.trace.bank_messages import BankSwap
from protocols.trace.bank_words import BankTeller
from protocols.trace.stand_ins import StandIns, is_pan
from tests.support.iso8583 import ALL, PAN, PURCHASE

SPECS = pytest.mark.parametrize("spec", [ASCII, BINARY], ids=["ascii", "binary"])
HEADERS = pytest.mark.parametrize("header", Header)
SECRET = PURCHASE.plus(
    {
        55: pack_icc({0x5A: bytes.fromhex(PAN), 0x9F26: b"\1" * 8}),
        102: "110220330440",
        **pin_fields(EncipheredPin(block=b"\xaa" * 16, ksn=b"\xbb" * 12)),
    }
)


def sealed(message: Message, spec, header) -> bytes:
    return frame(seal(message, spec, bytes(16), MacAlgorithm.CMAC), header)


@SPECS
@HEADERS
def test_nothing_secret_is_left_and_all_else_is(spec, header):
    stream = sealed(SECRET, spec, header)
    [(at_ns, told)] = BankSwap(StandIns()).take(7, stream)
    assert at_ns == 7 and len(told) == len(stream)
    seen = decode(told[2 if header is Header.BINARY else 4 :], spec)
    assert is_pan(seen.text(2)) and seen.text(2) != PAN and seen.text(2)[:6] == PAN[:6]
    assert seen.text(35) == f"{seen.text(2)}={'0' * 17}"
    assert set(seen.octets(52)) == {0} and set(seen.text(110)) == {"0"}
    assert read_icc(seen.octets(55)) == {0x5A: bytes(8), 0x9F26: b"\1" * 8}
    assert seen.text(102) == "000000000440" and seen.octets(128) == bytes(8)
    same = (3, 4, 7, 11, 37, 41, 42, 49)
    assert seen.only(*same) == SECRET.only(*same)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=30), st.sampled_from(["ascii", "binary"]))
@settings(deadline=None)
def test_in_pieces_of_any_size(cuts, name):
    stream = b"".join(sealed(message, NAMED[name], Header.BINARY) for message in ALL)
    whole = BankSwap(StandIns()).take(0, stream)
    swap, told, start = BankSwap(StandIns()), [], 0
    for index in range(len(stream) + 1):
        size = cuts[index % len(cuts)]
        told += swap.take(0, stream[start : start + size])
        start += size
    assert told == whole and swap.flush() == [] and len(told) == len(ALL)


def test_words():
    teller = BankTeller()
    stream = b"".join(sealed(message, ASCII, Header.BINARY) for message in ALL)
    assert list(teller.to(stream, 0)) == [
        "0200 payment number 000123 amount 12,500 card 476173******0119",
        "0210 payment number 000123 code 00 approval A1B2C3 amount 12,500",
        "0420 reversal number 000123 amount 12,500 card 476173******0119",
        "0500 totals number 000999",
        "0800 sign on number 000001",
    ]


@given(st.binary(min_size=1, max_size=200))
@settings(deadline=None)
def test_garbage_is_told_as_nothing_that_was_in_it(data):
    told = b"".join(piece for _, piece in BankSwap(StandIns()).take(0, data))
    assert set(told) <= {0} or len(told) <= len(data)
    assert all(isinstance(word, str) for word in BankTeller().come(data, 0))


def test_a_frame_that_is_no_message_is_zeros():
    [(_, told)] = BankSwap(StandIns()).take(0, frame(b"4761739001010119", Header.BINARY))
    assert told == frame(bytes(16), Header.BINARY)
    assert list(BankTeller().to(told, 0)) == ["no message: 16 bytes"]
