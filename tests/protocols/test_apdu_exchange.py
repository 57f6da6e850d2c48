"""One command, one whole answer: every turn a card may take, and that turns end."""

from protocols.apdu_exchange import TURNS_MAX, Protocol, exchange
from protocols.iso7816 import Command

CASE_4 = Command(0x90, 0x54, 0, 0, b"\x01\x02", 256).encode()
CASE_2 = Command(0x00, 0xCA, 1, 2, le=256).encode()


def carry(
    apdu: bytes, protocol: Protocol, answers: list[bytes | None]
) -> tuple[list[bytes], bytes | None]:
    """Return what was transmitted and the result."""
    steps = exchange(apdu, protocol)
    sent = [next(steps)]
    try:
        for answer in answers:
            sent.append(steps.send(answer))
    except StopIteration as end:
        return sent, end.value
    raise AssertionError("more was asked than the card had to say")


def test_t1_sends_the_command_as_it_is() -> None:
    assert carry(CASE_4, Protocol.T1, [b"data\x90\x00"]) == ([CASE_4], b"data\x90\x00")


def test_t0_keeps_le_back_and_fetches_the_answer() -> None:
    sent, answer = carry(CASE_4, Protocol.T0, [b"\x61\x04", b"data\x90\x00"])

    assert sent == [CASE_4[:-1], bytes.fromhex("90C0000004")]
    assert answer == b"data\x90\x00"


def test_pieces_are_joined_and_61_00_asks_for_256() -> None:
    sent, answer = carry(
        CASE_4, Protocol.T0, [b"\x61\x00", b"a" * 256 + b"\x61\x02", b"bc\x62\x83"]
    )

    assert sent[1:] == [bytes.fromhex("90C0000000"), bytes.fromhex("90C0000002")]
    assert answer == b"a" * 256 + b"bc\x62\x83"


def test_wrong_length_asks_again_with_the_cards_own() -> None:
    sent, answer = carry(CASE_2, Protocol.T0, [b"\x6c\x05", b"12345\x90\x00"])

    assert sent == [CASE_2, bytes.fromhex("00CA010205")]
    assert answer == b"12345\x90\x00"


def test_lost_or_short_answer_at_any_turn_is_lost() -> None:
    for short in (None, b"", b"\x90"):
        assert carry(CASE_4, Protocol.T0, [short])[1] is None
        assert carry(CASE_4, Protocol.T0, [b"\x61\x04", short])[1] is None


def test_card_that_never_ends_is_lost_after_the_named_number_of_turns() -> None:
    sent, answer = carry(CASE_2, Protocol.T0, [b"x\x61\x01"] * TURNS_MAX)

    assert answer is None
    assert len(sent) == TURNS_MAX


def test_bytes_that_are_no_command_reach_the_card_and_its_answer_is_taken_whole() -> None:
    assert carry(b"\x00\xa4", Protocol.T0, [b"\x67\x00"]) == ([b"\x00\xa4"], b"\x67\x00")
    assert carry(b"\x00\xa4", Protocol.T0, [b"\x61\x05"])[1] == b"\x61\x05"
