"""The journal record and its chain: one byte form, no gap, no fork, no wrong byte that stays unseen."""

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.facts import TerminalNoted, encode_fact
from protocols.journal import (
    ATTEMPT_KEY_LENGTH_MAX,
    RECORD_BYTES_MAX,
    Chain,
    Record,
    RecordError,
    attempt_key,
    attempt_letter,
    decode_record,
    encode_record,
    genesis,
    letter_index,
    record_hash,
)
from protocols.money import Money


def record(
    sequence: int = 1,
    previous: bytes = b"",
    *,
    terminal: str = "01",
    epoch: int = 1,
    note: str = "n",
) -> Record:
    """Return a record that continues `previous`, or begins the chain."""
    return Record(
        terminal=terminal,
        epoch=epoch,
        sequence=sequence,
        previous=previous or genesis(terminal, epoch),
        kind="terminal.noted",
        actor="till",
        at_ns=1_776_387_600_000_000_000 + sequence,
        monotonic_ns=sequence,
        business_date="20260417",
        references={"policy": "3", "catalogue": "import-20260417-1"},
        body=encode_fact(TerminalNoted(note=note, detail={"b": "2", "a": "1"})),
    )


def chain_of(count: int) -> list[bytes]:
    """Return the bytes of a chain."""
    records: list[bytes] = []
    previous = b""
    for sequence in range(1, count + 1):
        records.append(encode_record(record(sequence, previous, note=f"n{sequence}")))
        previous = record_hash(records[-1])
    return records


RECORDS = st.builds(
    Record,
    terminal=st.text(max_size=9),
    epoch=st.integers(1, 2**31),
    sequence=st.integers(1, 2**63),
    previous=st.binary(min_size=32, max_size=32),
    kind=st.text(max_size=20),
    actor=st.text(max_size=20),
    approver=st.none() | st.text(max_size=20),
    attempt=st.none() | st.text(max_size=32),
    at_ns=st.integers(0, 2**63 - 1),
    monotonic_ns=st.integers(0, 2**63 - 1),
    business_date=st.text(max_size=8),
    currency=st.text(max_size=3),
    amount=st.integers(-(2**63), 2**63 - 1),
    references=st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=5),
    body=st.dictionaries(st.text(max_size=5), st.integers(0, 99), max_size=3).map(
        lambda body: msgspec.Raw(msgspec.msgpack.encode(body))
    ),
)


@given(RECORDS)
def test_record_decoded_and_encoded_again_is_the_same_bytes(made: Record) -> None:
    """The same bytes are hashed, stored and uploaded: there is one encoding."""
    data = encode_record(made)
    assert encode_record(decode_record(data)) == data


def test_order_of_references_does_not_change_the_bytes() -> None:
    """A dictionary's history is no part of a record."""
    one = msgspec.structs.replace(record(), references={"a": "1", "b": "2"})
    other = msgspec.structs.replace(record(), references={"b": "2", "a": "1"})
    assert encode_record(one) == encode_record(other)


def test_schema_number_stands_first() -> None:
    """A reader of another age sees at once that it is not its own."""
    assert msgspec.msgpack.decode(encode_record(record()))[:4] == [1, "01", 1, 1]


def test_record_of_another_schema_is_refused_by_number() -> None:
    """The message says which is read here."""
    with pytest.raises(RecordError, match=r"schema 2 .* reads 1"):
        decode_record(encode_record(msgspec.structs.replace(record(), schema=2)))


def test_chain_begins_with_the_hash_of_its_own_name() -> None:
    """Two terminals' chains never share a beginning. Source: protocols.journal."""
    assert genesis("01", 1) == hashlib.sha256(b"intermarket/01/1").digest()
    assert len({genesis("01", 1), genesis("01", 2), genesis("02", 1)}) == 3


def test_whole_chain_is_followed_and_may_be_taken_up_again_in_the_middle() -> None:
    """From genesis, or from a known head."""
    records = chain_of(5)
    whole = Chain("01", 1)
    for data in records:
        whole.follow(data)
    rest = Chain("01", 1, sequence=3, head=record_hash(records[2]))
    for data in records[3:]:
        rest.follow(data)
    assert (
        (whole.sequence, whole.head) == (rest.sequence, rest.head) == (5, record_hash(records[4]))
    )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda records: records[2], "record 3 where 2"),
        (lambda records: records[0], "record 1 where 2"),
        (lambda records: encode_record(record(2, b"x" * 32)), "does not continue"),
        (
            lambda records: encode_record(record(2, record_hash(records[0]), terminal="02")),
            "of terminal 02",
        ),
        (lambda records: encode_record(record(2, record_hash(records[0]), epoch=2)), "epoch 2"),
        (lambda records: b"", "not a journal record"),
        (lambda records: b"x" * (RECORD_BYTES_MAX + 1), "over the limit"),
    ],
    ids=["gap", "again", "fork", "terminal", "epoch", "nothing", "long"],
)
def test_what_does_not_follow_is_refused_and_nothing_moves(wrong: object, said: str) -> None:
    """Gap, replay, fork, another terminal, another life; afterwards the right record still fits."""
    records = chain_of(3)
    chain = Chain("01", 1)
    chain.follow(records[0])
    assert callable(wrong)

    with pytest.raises(RecordError, match=said):
        chain.follow(wrong(records))

    assert chain.sequence == 1
    chain.follow(records[1])


def accepted(records: list[bytes], head: bytes) -> bool:
    """Tell whether a reader that knows the head takes these records."""
    chain = Chain("01", 1)
    try:
        for data in records:
            chain.follow(data)
    except RecordError:
        return False
    return chain.head == head


def test_flipped_byte_at_any_position_of_any_record_is_noticed() -> None:
    """By the record's shape, by the next one's previous hash, or by the head."""
    records = chain_of(3)
    head = record_hash(records[-1])
    assert accepted(records, head)
    for index, data in enumerate(records):
        for place in range(len(data)):
            for flip in (1, 0x80):
                wrong = data[:place] + bytes([data[place] ^ flip]) + data[place + 1 :]
                assert not accepted([*records[:index], wrong, *records[index + 1 :]], head)


def test_record_cut_or_lengthened_anywhere_is_refused() -> None:
    """Truncated at every position, and with anything behind it."""
    data = encode_record(record())
    for length in range(len(data)):
        with pytest.raises(RecordError):
            decode_record(data[:length])
    for tail in (b"\0", b"\xc0", data):
        with pytest.raises(RecordError):
            decode_record(data + tail)
    longer = msgspec.msgpack.encode([*msgspec.msgpack.decode(data), 1])
    with pytest.raises(RecordError, match="at most length"):
        decode_record(longer)


def test_nesting_without_end_and_text_that_is_none_are_refused() -> None:
    """What a decoder answers with its own kinds of error is ours too."""
    deep = msgspec.structs.replace(record(), body=msgspec.Raw(b"\x91" * 50_000 + b"\xc0"))
    for data in (encode_record(deep), encode_record(record()).replace(b"till", b"t\xff\xfel")):
        with pytest.raises(RecordError):
            decode_record(data)


@given(st.binary(max_size=200))
def test_garbage_is_a_record_error_and_nothing_else(data: bytes) -> None:
    """Whatever bytes come."""
    with pytest.raises(RecordError):
        decode_record(data)


def test_record_has_its_limit() -> None:
    """The longest one is written and read; one byte more is a programming error."""
    room = RECORD_BYTES_MAX - len(encode_record(record(note="x" * 100_000))) + 100_000
    longest = encode_record(record(note="x" * room))
    assert len(longest) == RECORD_BYTES_MAX
    assert decode_record(longest).sequence == 1
    with pytest.raises(AssertionError, match="bounded"):
        encode_record(record(note="x" * (room + 1)))


def test_amount_is_money_in_the_records_currency() -> None:
    """Minor units with their ISO 4217 code."""
    assert str(Money(5)) == str(msgspec.structs.replace(record(), amount=5).money())


def test_attempt_key_is_as_decided() -> None:
    """decisions.md "Identity": store-terminal-YYYYMMDD-sale-letter."""
    key = attempt_key(store="S1", terminal="01", business_date="20260417", sale=128, letter="a")
    assert key == "S1-01-20260417-0128-a"


@pytest.mark.parametrize(
    "wrong",
    [
        {"business_date": "2026-04-17"},
        {"business_date": "2026041"},
        {"letter": "A"},
        {"letter": ""},
        {"letter": "1"},
        {"store": "S" * ATTEMPT_KEY_LENGTH_MAX},
        {"store": "한빛"},
    ],
)
def test_wrong_attempt_key_is_a_programming_error(wrong: dict[str, str]) -> None:
    """A key that a peer could not carry is never minted."""
    right = {"store": "S1", "terminal": "01", "business_date": "20260417", "letter": "a"}
    with pytest.raises(AssertionError):
        attempt_key(sale=1, **{**right, **wrong})


def test_attempt_letters_never_come_twice() -> None:
    """a ... z, aa ... zz, aaa: as columns of a spreadsheet."""
    letters = [attempt_letter(index) for index in range(26 + 26 * 26 + 1)]
    assert [letter_index(f"S1-01-20260417-0128-{each}") for each in letters] == [*range(703)]
    assert letters[0] == "a" and letters[25:28] == ["z", "aa", "ab"] and letters[-1] == "aaa"
    assert len(set(letters)) == len(letters)
