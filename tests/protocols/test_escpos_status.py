"""A printer's words about itself: every status byte both ways, and bytes that are none."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.escpos.answers import (
    IDENTITY_BYTES_MAX,
    QUESTIONS_MAX,
    Answer,
    AnswerDecoder,
    Busy,
    Identity,
    Printed,
    QueuedStatus,
    Ready,
    RealtimeStatus,
    StatusBack,
    Stray,
    encode_answer,
)
from protocols.escpos.codes import RealtimeQuestion
from protocols.escpos.status import (
    READY,
    SILENT,
    Cover,
    Cutter,
    DrawerSense,
    Fault,
    Online,
    Paper,
    PrinterStatus,
    StatusError,
    back_bytes,
    drawer_byte,
    drawer_from_byte,
    is_realtime_status,
    paper_byte,
    paper_from_byte,
    realtime_byte,
    status_from_back,
    with_realtime,
)


def _known(kind: type) -> list:
    return [member for member in kind if member.value != "unknown"]


EVERY_STATUS = [
    PrinterStatus(
        online=online, paper=paper, cover=cover, cutter=cutter, fault=fault, drawer=drawer
    )
    for online, paper, cover, cutter, fault, drawer in itertools.product(
        *map(_known, (Online, Paper, Cover, Cutter, Fault, DrawerSense))
    )
]


def test_silence_is_unknown_in_every_part() -> None:
    """A printer that says nothing is not a printer in good order."""
    assert not SILENT.known
    assert SILENT.paper is Paper.UNKNOWN
    assert READY.known


def test_automatic_status_says_everything() -> None:
    """Each of the states comes back from its four bytes."""
    for status in EVERY_STATUS:
        assert status_from_back(back_bytes(status)) == status


def test_four_real_time_answers_say_everything() -> None:
    """Asked 1, 2, 3, 4 from silence, each of the states is known whole, with no guess between."""
    for status in EVERY_STATUS:
        heard = SILENT
        for question in RealtimeQuestion:
            heard = with_realtime(heard, question, realtime_byte(status, question))
        assert heard == status


def test_queued_answers_say_paper_and_drawer() -> None:
    """GS r 1 and 2."""
    for status in EVERY_STATUS:
        assert paper_from_byte(paper_byte(status)) is status.paper
        assert drawer_from_byte(drawer_byte(status)) is status.drawer


@pytest.mark.parametrize(
    ("status", "question", "byte"),
    [
        ({}, RealtimeQuestion.PRINTER, 0x12),
        ({"online": Online.OFFLINE}, RealtimeQuestion.PRINTER, 0x1A),
        ({"drawer": DrawerSense.HIGH}, RealtimeQuestion.PRINTER, 0x16),
        ({"cover": Cover.OPEN}, RealtimeQuestion.OFFLINE_CAUSE, 0x16),
        ({"paper": Paper.OUT}, RealtimeQuestion.OFFLINE_CAUSE, 0x32),
        ({"cutter": Cutter.JAMMED}, RealtimeQuestion.OFFLINE_CAUSE, 0x52),
        ({"cutter": Cutter.JAMMED}, RealtimeQuestion.ERROR_CAUSE, 0x1A),
        ({"fault": Fault.UNRECOVERABLE}, RealtimeQuestion.ERROR_CAUSE, 0x32),
        ({"fault": Fault.RECOVERABLE}, RealtimeQuestion.ERROR_CAUSE, 0x52),
        ({"paper": Paper.NEAR_END}, RealtimeQuestion.PAPER, 0x1E),
        ({"paper": Paper.OUT}, RealtimeQuestion.PAPER, 0x7E),
    ],
)
def test_status_bytes_are_the_standards(
    status: dict[str, object], question: RealtimeQuestion, byte: int
) -> None:
    """The bit positions of the command reference (devices.md 1.5), not only our own round trip."""
    fields = {name: getattr(READY, name) for name in READY.__slots__} | status

    assert realtime_byte(PrinterStatus(**fields), question) == byte


def test_automatic_status_bytes_are_the_standards() -> None:
    """A printer in good order says 10 00 00 0F; cover open and paper out set their bits."""
    bad = PrinterStatus(
        online=Online.OFFLINE,
        paper=Paper.OUT,
        cover=Cover.OPEN,
        cutter=Cutter.JAMMED,
        fault=Fault.UNRECOVERABLE,
        drawer=DrawerSense.HIGH,
    )

    assert back_bytes(READY) == bytes.fromhex("10 00 00 0f")
    assert back_bytes(bad) == bytes.fromhex("3c 28 0f 0f")


@pytest.mark.parametrize("byte", [b for b in range(256) if b & 0x93 != 0x12])
def test_byte_without_the_fixed_bits_is_never_a_real_time_status(byte: int) -> None:
    """224 of 256 byte values are refused, and change nothing."""
    assert not is_realtime_status(byte)
    with pytest.raises(StatusError):
        with_realtime(READY, RealtimeQuestion.PAPER, byte)
    assert not any(isinstance(a, RealtimeStatus) for a in listening().receive(bytes((byte,))))


@pytest.mark.parametrize("wire", ["", "10 00 00", "10 10 00 00", "12 00 00 00", "10 00 00 90"])
def test_other_bytes_are_no_automatic_status(wire: str) -> None:
    """Wrong length or wrong fixed bits."""
    with pytest.raises(StatusError):
        status_from_back(bytes.fromhex(wire))


def test_an_error_is_told_before_its_cause_is_known() -> None:
    """DLE EOT 2 with the error bit makes what was fine unknown until DLE EOT 3 says which."""
    heard = with_realtime(READY, RealtimeQuestion.OFFLINE_CAUSE, 0x52)
    assert (heard.cutter, heard.fault) == (Cutter.UNKNOWN, Fault.UNKNOWN)

    heard = with_realtime(heard, RealtimeQuestion.ERROR_CAUSE, 0x1A)
    assert (heard.cutter, heard.fault) == (Cutter.JAMMED, Fault.NONE)

    assert with_realtime(heard, RealtimeQuestion.OFFLINE_CAUSE, 0x52) == heard
    assert with_realtime(heard, RealtimeQuestion.OFFLINE_CAUSE, 0x12).cutter is Cutter.OK


def test_one_sensor_of_two_is_enough_for_the_end_of_paper() -> None:
    """Clones set only one of the two bits."""
    assert with_realtime(SILENT, RealtimeQuestion.PAPER, 0x12 | 0x40).paper is Paper.OUT
    assert with_realtime(SILENT, RealtimeQuestion.PAPER, 0x12 | 0x04).paper is Paper.NEAR_END


def listening() -> AnswerDecoder:
    """A host that has asked as much as it may."""
    decoder = AnswerDecoder()
    decoder.expect_back()
    for _ in range(QUESTIONS_MAX):
        decoder.expect_realtime()
    return decoder


any_answer: st.SearchStrategy[Answer] = st.one_of(
    st.builds(RealtimeStatus, st.sampled_from([b for b in range(256) if is_realtime_status(b)])),
    st.builds(StatusBack, st.sampled_from(EVERY_STATUS)),
    st.builds(
        Identity,
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=IDENTITY_BYTES_MAX),
    ),
    st.builds(
        Printed,
        st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=4, max_size=4).map(
            str.encode
        ),
    ),
    st.sampled_from([Ready(), Busy()]),
)


@given(st.lists(any_answer, max_size=8))
def test_answers_read_back_byte_by_byte(answers: list[Answer]) -> None:
    """What the twin writes the driver reads, one byte at a time and all at once."""
    wire = b"".join(map(encode_answer, answers))
    single, whole = listening(), listening()

    assert whole.receive(wire) == answers
    assert [a for byte in wire for a in single.receive(bytes((byte,)))] == answers
    assert not single.unfinished


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_noise_is_read_alike_in_every_cut(noise: bytes) -> None:
    """Noise raises nothing, keeps little, and comes out the same."""
    whole, single = listening(), listening()
    whole.expect_queued()
    single.expect_queued()

    assert [a for byte in noise for a in single.receive(bytes((byte,)))] == whole.receive(noise)
    assert single.give_up() == whole.give_up()


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="_7")).map(
        str.encode
    )
)
def test_text_on_the_line_is_never_a_status(text: bytes) -> None:
    """A console that answers "login:" where a printer should be says nothing unasked."""
    assert all(isinstance(answer, Stray) for answer in AnswerDecoder().receive(text))


def test_real_time_status_is_heard_only_when_asked() -> None:
    """0x5A is "Z" too; a decoder counts the questions, and keeps the count bounded."""
    decoder = AnswerDecoder()
    assert decoder.receive(b"Z") == [Stray(b"Z")]

    for _ in range(3 * QUESTIONS_MAX):
        decoder.expect_realtime()
    heard = decoder.receive(b"\x12" * 3 * QUESTIONS_MAX)
    assert heard.count(RealtimeStatus(0x12)) == QUESTIONS_MAX


def test_queued_status_is_heard_only_when_asked() -> None:
    """Half of ASCII has the fixed bits of GS r; without a question it is noise."""
    decoder = AnswerDecoder()
    assert decoder.receive(b"\x0c") == [Stray(b"\x0c")]

    decoder.expect_queued()
    assert decoder.receive(b"\x0c\x0c") == [QueuedStatus(0x0C), Stray(b"\x0c")]

    decoder.expect_queued()
    decoder.give_up()
    assert decoder.receive(b"\x00") == [Stray(b"\x00")]


def test_answer_behind_noise_is_heard() -> None:
    """Garbage before, in and after a block costs only itself."""
    block = encode_answer(Printed(b"0042"))

    assert AnswerDecoder().receive(b"\xff" + block)[-1] == Printed(b"0042")
    assert AnswerDecoder().receive(block[:4] + block)[-1] == Printed(b"0042")
    assert listening().receive(b"\x10\x12")[-1] == RealtimeStatus(0x12)
    assert AnswerDecoder().receive(b"_AB\x80" + block)[-1] == Printed(b"0042")


def test_unfinished_block_is_given_up() -> None:
    """Its asker's deadline passes: what came is noise, and the next answer is heard."""
    decoder = listening()
    assert decoder.receive(b"\x37\x22\x30") == []
    assert decoder.unfinished

    assert decoder.give_up() == [Stray(b"\x37\x22\x30")]
    assert decoder.receive(b"\x12") == [Stray(b"\x12")]

    decoder.expect_realtime()
    assert decoder.receive(b"\x12") == [RealtimeStatus(0x12)]


def test_identity_at_its_limit() -> None:
    """80 characters are a name, 81 are noise."""
    longest = b"_" + b"A" * IDENTITY_BYTES_MAX

    assert AnswerDecoder().receive(longest + b"\x00") == [Identity("A" * IDENTITY_BYTES_MAX)]
    assert not any(
        isinstance(answer, Identity) for answer in AnswerDecoder().receive(longest + b"A\x00")
    )


@pytest.mark.parametrize(
    "answer", [RealtimeStatus(0x10), QueuedStatus(0x10), Identity("x" * 81), Identity("a\x00")]
)
def test_answer_a_printer_cannot_send_is_refused(answer: Answer) -> None:
    """The twin's own mistakes are found at its end."""
    with pytest.raises(ValueError, match=r"\w"):
        encode_answer(answer)
