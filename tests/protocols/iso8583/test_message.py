"""Messages to bytes and back in both variants; strange bytes are Malformed and nothing else (T3, T4)."""

import iso8583 as peer
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from iso8583.specs import default_ascii

from protocols.iso8583 import mti
from protocols.iso8583.elements import ELEMENTS
from protocols.iso8583.message import MESSAGE_BYTES_MAX, MalformedError, Message, decode, encode
from protocols.iso8583.specs import ASCII, BINARY, SPECS, Dialect, build_spec
from tests.support.iso8583 import ALL, PURCHASE, SIGN_ON

_SIGNS = "".join(map(chr, range(33, 127)))


def _padded(message: Message, spec) -> Message:
    """What a message is after the wire: digits filled with zeros."""
    fields = {
        number: value.zfill(spec.fields[number].length)
        if spec.fields[number].padding.name == "zeros before" and isinstance(value, str)
        else value
        for number, value in message.fields.items()
    }
    return Message(message.mti, fields)


@pytest.mark.parametrize("spec", SPECS.values(), ids=list(SPECS))
@pytest.mark.parametrize("message", ALL, ids=lambda m: m.mti)
def test_a_message_comes_back_as_it_was(spec, message):
    assert decode(encode(message, spec), spec) == _padded(message, spec)


def test_sign_on_byte_for_byte():
    assert encode(SIGN_ON, ASCII) == (
        b"0800 8220000000000000 0400000000000000 1129000001 000001 001".replace(b" ", b"")
    )
    assert encode(SIGN_ON, BINARY) == bytes.fromhex(
        "0800 8220000000000000 0400000000000000 1129000001 000001 0001"
    )


def test_variable_fields_packed():
    message = Message("0200", {2: "12345", 35: "123=99", 55: b"\x9a\x01\x00"})
    assert encode(message, BINARY) == bytes.fromhex(
        "0200 4000000020000200 05 012345 06 123D99 0003 9A0100"
    )
    assert decode(encode(message, BINARY), BINARY) == message


@pytest.mark.parametrize("message", ALL, ids=lambda m: m.mti)
def test_pyiso8583_reads_and_writes_the_same(message):
    """An implementation that shares no code with ours. Its table has the standard's sixteen digits
    in the totals, as our own before Wireshark's are put in."""
    spec = build_spec(
        "standard", Dialect(digits=ASCII.digits, track=ASCII.digits, octets=ASCII.octets,
                            lengths={"": ASCII.fields[3].prefix, "..": ASCII.fields[2].prefix,
                                     "...": ASCII.fields[55].prefix})
    )  # fmt: skip
    data = encode(message, spec)
    theirs, _ = peer.decode(data, default_ascii)
    ours = decode(data, spec)
    assert theirs["t"] == message.mti
    for number, value in ours.fields.items():
        text = value.hex().upper() if isinstance(value, bytes) else value
        assert theirs[str(number)].rstrip() == text
    written, _ = peer.encode(theirs, default_ascii)
    assert bytes(written) == data


def _value(element):
    alphabet, _, length = element.notation.partition(" ")
    most = int(length.lstrip("."))
    least = 1 if length.startswith(".") else most
    match alphabet:
        case "b":
            return st.binary(min_size=least, max_size=min(most, 40))
        case "n":
            return st.text("0123456789", min_size=least, max_size=min(most, 42))
        case "z":
            return st.text("0123456789", min_size=least, max_size=most)
        case "x+n":
            return st.text("0123456789", min_size=most, max_size=most).map(lambda t: f"C{t}")
        case "an":
            return st.text("ABCxyz019", min_size=least, max_size=min(most, 42))
        case _:
            return st.text(_SIGNS, min_size=least, max_size=min(most, 42))


@st.composite
def messages(draw):
    elements = draw(st.lists(st.sampled_from(ELEMENTS), unique=True, max_size=30))
    elements = [each for each in elements if not 86 <= each.number <= 89]
    kind = draw(st.sampled_from(mti.REQUESTS))
    return Message(kind, {each.number: draw(_value(each)) for each in elements})


@given(messages(), st.sampled_from(list(SPECS.values())))
@settings(max_examples=150, deadline=None)
def test_whatever_fits_comes_back(message, spec):
    assert decode(encode(message, spec), spec) == message


@given(st.binary(max_size=300), st.sampled_from(list(SPECS.values())))
@settings(max_examples=200, deadline=None)
def test_garbage_is_malformed_and_nothing_else(data, spec):
    try:
        message = decode(data, spec)
    except MalformedError:
        return
    assert decode(encode(message, spec), spec) == message


@given(st.sampled_from(ALL), st.integers(0, 400), st.integers(0, 255))
@settings(max_examples=300, deadline=None)
def test_a_wrong_byte_is_malformed_or_another_message(message, place, byte):
    for spec in SPECS.values():
        data = bytearray(encode(message, spec))
        data[place % len(data)] = byte
        try:
            decode(bytes(data), spec)
        except MalformedError as error:
            # What stood there may be a secret: no digits of it are repeated.
            assert "4761739001010119" not in str(error)


@pytest.mark.parametrize("spec", SPECS.values(), ids=list(SPECS))
def test_cut_off_anywhere_is_malformed(spec):
    data = encode(PURCHASE, spec)
    for size in range(len(data)):
        with pytest.raises(MalformedError):
            decode(data[:size], spec)
    with pytest.raises(MalformedError, match="behind its last field"):
        decode(data + b"0", spec)


@pytest.mark.parametrize(
    ("number", "value", "says"),
    [
        (2, "12a45", "digits"),
        (2, "1" * 20, "up to 19"),
        (2, "١٢٣٤٥", "digits"),
        (4, "-1", "digits"),
        (4, "1" * 13, "has 12"),
        (41, "한글", "printable"),
        (52, bytes(7), "has 8"),
        (52, "12345678", "is bytes"),
        (2, b"12345", "is str"),
        (97, "X0000000000000001", "C or D"),
        (35, "123=456=789", "track"),
        (65, "1", "not in this specification"),
        (129, "1", "not in this specification"),
    ],
)
def test_what_does_not_fit_names_its_field(number, value, says):
    for spec in SPECS.values():
        with pytest.raises(MalformedError, match=f"field {number}.*{says}") as caught:
            encode(Message("0200", {number: value}), spec)
        assert caught.value.field == number


def test_a_field_tells_where_it_is_broken():
    data = encode(PURCHASE, ASCII)
    with pytest.raises(MalformedError, match="field 2 at 20: its length is not 2 digits") as caught:
        decode(data[:20] + b"xx" + data[22:], ASCII)
    assert (caught.value.field, caught.value.offset) == (2, 20)


def test_the_shortest_the_longest_and_one_byte_more():
    with pytest.raises(MalformedError, match="ends in its bitmap"):
        decode(b"0800", ASCII)
    with pytest.raises(MalformedError, match="field 2 "):
        decode(b"0800" + b"f" * (MESSAGE_BYTES_MAX - 4), ASCII)
    with pytest.raises(MalformedError, match="longer than"):
        decode(bytes(MESSAGE_BYTES_MAX + 1), ASCII)


@pytest.mark.parametrize("kind", ["", "02", "02x0", "02000", "٠٢٠٠"])
def test_a_type_is_four_digits(kind):
    for spec in SPECS.values():
        with pytest.raises(MalformedError, match="type is four digits"):
            encode(Message(kind), spec)


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("0100", "0110"),
        ("0200", "0210"),
        ("0220", "0230"),
        ("0400", "0410"),
        ("0420", "0430"),
        ("0421", "0430"),
        ("0500", "0510"),
        ("0800", "0810"),
    ],
)
def test_what_answers_what(request_, answer):
    assert mti.answer_to(request_) == answer
    assert mti.is_answer(answer) and not mti.is_answer(request_)
    assert mti.is_known(request_) and mti.is_known(answer)


def test_repeats_and_strangers():
    assert mti.repeat_of("0420") == "0421" and mti.first_of("0421") == "0420"
    assert not any(map(mti.is_known, ("0300", "1200", "0209", "", "0999", "020")))
