"""Blocks on the serial line: their check, and every way in which they arrive."""

from binascii import crc_hqx

from hypothesis import given
from hypothesis import strategies as st

from protocols.zvt.blocks import T1_NS, Block, BlockReader, Broken, Sign, block, crc
from tests.support.zvt import OF_THE_REGISTER, OF_THE_TERMINAL

APDUS = st.binary(min_size=1, max_size=60)


def test_check_is_kermit():
    """The check value of CRC-16/KERMIT in the catalogue of parametrised CRC algorithms."""
    assert crc(b"123456789") == 0x2189


@given(st.binary(max_size=80))
def test_check_is_that_of_another_implementation(data):
    """Python's CRC-CCITT runs the same polynomial from the other end."""
    mirrored = bytes(int(f"{byte:08b}"[::-1], 2) for byte in data)
    assert crc(data) == int(f"{crc_hqx(mirrored, 0):016b}"[::-1], 2)


def test_block_is_that_of_the_specification():
    """An end of a reset of a known register: 06 00 with nothing doubled, and a DLE that is."""
    whole = block(b"\x80\x00\x00")
    assert whole[:7] == bytes.fromhex("1002 800000 1003")
    assert whole[7:] == crc(b"\x80\x00\x00\x03").to_bytes(2, "little")
    assert block(b"\x06\x10\x00")[2:6] == b"\x06\x10\x10\x00"


@given(st.lists(APDUS, max_size=4))
def test_byte_at_a_time_equals_all_at_once(apdus):
    stream = b"".join(block(apdu) + b"\x06" for apdu in apdus)
    slow = BlockReader()

    pieces = [piece for byte in stream for piece in slow.receive(bytes((byte,)), 0)]

    assert pieces == BlockReader().receive(stream, 0)
    assert pieces == [each for apdu in apdus for each in (Block(apdu), Sign.ACK)]


@given(APDUS, st.data())
def test_one_wrong_byte_is_never_another_apdu(apdu, data):
    whole = block(apdu)
    place = data.draw(st.integers(0, len(whole) - 1))
    wrong = data.draw(st.integers(0, 255))

    pieces = BlockReader().receive(whole[:place] + bytes((wrong,)) + whole[place + 1 :], 0)

    assert [each for each in pieces if isinstance(each, Block)] in ([], [Block(apdu)])


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail_and_a_block_is_found_behind_them(noise):
    reader = BlockReader()
    reader.receive(noise, 0)
    reader.tick(T1_NS)
    assert Block(b"\x80\x00\x00") in reader.receive(block(b"\x80\x00\x00"), T1_NS)


def test_silence_in_a_block_ends_it_at_t1_and_not_before():
    half = block(b"\x06\x01\x00")[:5]
    early, late = BlockReader(), BlockReader()
    early.receive(half, 0)
    late.receive(half, 0)

    assert early.deadline_ns == T1_NS and early.tick(T1_NS - 1) == []
    assert early.receive(block(b"\x06\x01\x00")[5:], T1_NS - 1) == [Block(b"\x06\x01\x00")]
    assert late.tick(T1_NS) == [Broken("it stopped in the middle")]
    assert late.deadline_ns is None


def test_what_cannot_be_inside_a_block():
    assert BlockReader().receive(b"\x10\x02\x06\x10\x07", 0) == [
        Broken("a DLE in it is followed by what cannot be")
    ]
    again = BlockReader().receive(b"\x10\x02\x06" + block(b"\x80\x00\x00"), 0)
    assert again == [Broken("another began in the middle"), Block(b"\x80\x00\x00")]
    endless = BlockReader().receive(b"\x10\x02" + b"A" * 9_000, 0)
    assert [type(each) for each in endless] == [Broken]


def test_no_number_of_a_card_is_shown():
    for apdu in (*OF_THE_REGISTER, *OF_THE_TERMINAL):
        [piece] = BlockReader().receive(block(apdu.encode()), 0)
        assert "0x" not in repr(piece) and "\\x" not in repr(piece) and "\\x" not in repr(apdu)
