"""The batch: one signature over all; cut, flipped, bombed, foreign: refused with its code."""

import zlib

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from protocols.batch import (
    BYTES_MAX,
    RECORDS_MAX,
    BatchAccepted,
    BatchAnswer,
    BatchEpochClosed,
    BatchError,
    BatchFork,
    BatchGap,
    BatchRefused,
    Envelope,
    Question,
    encode_batch,
    open_batch,
    verify_batch,
)
from protocols.journal import record_hash

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))


def envelope(records: list[bytes], first: int = 1, **changed: object) -> Envelope:
    """Return an envelope around these records."""
    made = Envelope(
        terminal="01",
        epoch=1,
        first=first,
        last=first + len(records) - 1,
        previous=bytes(32),
        records=records,
        head=record_hash(records[-1]) if records else bytes(32),
        documents={"policy": "3"},
    )
    return msgspec.structs.replace(made, **changed)


def packed(made: Envelope, key: Ed25519PrivateKey = KEY) -> bytes:
    """Return a body without the encoder's own checks, as a stranger would send it."""
    payload = msgspec.msgpack.encode(made)
    return zlib.compress(msgspec.msgpack.encode((payload, key.sign(payload))))


def taken(body: bytes) -> bool:
    """Tell whether a broker that knows the key takes this body."""
    try:
        _, payload, signature = open_batch(body)
        verify_batch(payload, signature, KEY.public_key())
    except BatchError:
        return False
    return True


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=20), st.integers(1, 2**40))
def test_batch_comes_out_as_it_went_in(records: list[bytes], first: int) -> None:
    """Pair test: what one side signs the other one reads and verifies."""
    sent = envelope(records, first)
    got, payload, signature = open_batch(encode_batch(sent, KEY))
    verify_batch(payload, signature, KEY.public_key())
    assert got == sent
    assert msgspec.msgpack.encode(got) == payload


def test_flipped_bit_at_every_position_is_noticed() -> None:
    """In the deflated body as it travels: checksum, shape or signature.

    Deflate pads its last byte with bits that mean nothing: those few change no content.
    """
    body = encode_batch(envelope([b"one", b"two", b"three"]), KEY)
    assert taken(body)
    meaningless = 0
    for place in range(len(body)):
        for bit in range(8):
            wrong = body[:place] + bytes([body[place] ^ 1 << bit]) + body[place + 1 :]
            if taken(wrong):
                assert open_batch(wrong) == open_batch(body), (place, bit)
                meaningless += 1
    assert meaningless < 8, "at most the padding of one byte"


def test_flipped_byte_inside_is_noticed_by_the_signature() -> None:
    """Deflated anew, so that no checksum helps."""
    plain = zlib.decompress(encode_batch(envelope([b"one", b"two"]), KEY))
    for place in range(len(plain)):
        wrong = plain[:place] + bytes([plain[place] ^ 1]) + plain[place + 1 :]
        assert not taken(zlib.compress(wrong)), place


def test_cut_or_lengthened_body_is_refused_at_every_position() -> None:
    """Also where only the checksum at the end is missing, or something follows it."""
    body = encode_batch(envelope([b"one", b"two"]), KEY)
    for length in range(len(body)):
        with pytest.raises(BatchError):
            open_batch(body[:length])
    with pytest.raises(BatchError, match="follows"):
        open_batch(body + b"x")


def test_another_terminals_key_is_refused() -> None:
    """Signed well, by somebody else."""
    _, payload, signature = open_batch(packed(envelope([b"one"]), STRANGER))
    with pytest.raises(BatchError) as refused:
        verify_batch(payload, signature, KEY.public_key())
    assert refused.value.code == "signature"


@pytest.mark.parametrize("size", [8 * BYTES_MAX, 64 * BYTES_MAX])
def test_bomb_is_refused_without_unpacking_it(size: int) -> None:
    """A body of some kilobytes that would be half a gigabyte."""
    body = zlib.compress(bytes(size), 9)
    assert len(body) < BYTES_MAX
    with pytest.raises(BatchError):
        open_batch(body)


def test_bomb_inside_a_well_formed_batch_is_too_large() -> None:
    """The envelope's length is bounded, not only the body's."""
    with pytest.raises(BatchError) as refused:
        open_batch(packed(envelope([bytes(8 * BYTES_MAX)])))
    assert refused.value.code == "too_large"


def test_limits_are_where_they_are_said_to_be() -> None:
    """500 records pass, 501 do not; one byte over the limit is not even looked at."""
    assert taken(encode_batch(envelope([b"x"] * RECORDS_MAX), KEY))
    with pytest.raises(AssertionError):
        encode_batch(envelope([b"x"] * (RECORDS_MAX + 1)), KEY)
    for body in (packed(envelope([b"x"] * (RECORDS_MAX + 1))), bytes(BYTES_MAX + 1)):
        with pytest.raises(BatchError) as refused:
            open_batch(body)
        assert refused.value.code == "too_large"


@pytest.mark.parametrize(
    "changed",
    [
        {"last": 3},
        {"last": 0},
        {"first": 2, "last": 2},
        {"first": 0, "last": 1},
        {"first": -5, "last": -4},
    ],
)
def test_numbers_that_disagree_are_malformed(changed: dict[str, int]) -> None:
    """first, last and the count are one statement; a chain begins at 1."""
    with pytest.raises(BatchError) as refused:
        open_batch(packed(envelope([b"x", b"y"], **changed)))
    assert refused.value.code == "malformed"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        zlib.compress(b""),
        zlib.compress(b"\xc0"),
        zlib.compress(msgspec.msgpack.encode((b"", b""))),
        zlib.compress(msgspec.msgpack.encode((msgspec.msgpack.encode({}), b""))),
        packed(envelope([])),
    ],
)
def test_what_is_no_batch_is_malformed(body: bytes) -> None:
    """Nothing, JSON, an empty list of records."""
    with pytest.raises(BatchError) as refused:
        open_batch(body)
    assert refused.value.code == "malformed"


def test_nesting_without_end_is_malformed() -> None:
    """A thousand lists in a list overflow no stack."""
    for deep in (b"\x91" * 100_000, msgspec.msgpack.encode((b"\x91" * 100_000, bytes(64)))):
        with pytest.raises(BatchError):
            open_batch(zlib.compress(deep))


@given(st.binary(max_size=200))
def test_garbage_is_a_batch_error_and_nothing_else(data: bytes) -> None:
    """As a body, and inside a deflated one."""
    for body in (data, zlib.compress(data)):
        with pytest.raises(BatchError):
            open_batch(body)


@pytest.mark.parametrize(
    ("told", "name"),
    [
        (
            BatchAccepted(
                accepted=1,
                duplicates=2,
                high_water=3,
                head="00",
                questions=[Question(sequence=1, code="c", sentence_ko="가", sentence_en="a")],
                documents={"policy": "4"},
                server_time_ns=5,
            ),
            "accepted",
        ),
        (BatchGap(expected=4), "gap"),
        (BatchFork(sequence=4, known_hash="00"), "fork"),
        (BatchEpochClosed(epoch=1), "epoch_closed"),
        (BatchRefused(code="busy", reason="later"), "refused"),
    ],
)
def test_answers_are_told_apart_by_their_tag(told: BatchAnswer, name: str) -> None:
    """JSON there and back, as one union."""
    data = msgspec.json.encode(told)
    assert msgspec.json.decode(data)["answer"] == name
    assert msgspec.json.decode(data, type=BatchAnswer) == told


def test_smallest_answer_of_the_first_release_is_understood() -> None:
    """Questions and documents came with defaults."""
    data = b'{"answer":"accepted","accepted":1,"duplicates":0,"high_water":1,"head":"","server_time_ns":1}'
    assert isinstance(msgspec.json.decode(data, type=BatchAnswer), BatchAccepted)
