"""One paper on its way: every (phase, happening) cell, cutting at commands, tokens."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.drivers.print_job import (
    CHUNK_BYTES,
    JOBS_TOLD_APART,
    TRANSITIONS,
    Happening,
    Phase,
    PrintJob,
    Proof,
    Verdict,
    job_token,
    split_job,
)
from protocols.escpos.commands import AskPrinted, Command, LineFeed, PrintText, RasterImage
from protocols.escpos.decode import Decoder
from protocols.escpos.encode import begin_korean, encode, encode_all

IMPOSSIBLE = {
    (Phase.HELD, Happening.PROVED),
    (Phase.SENDING, Happening.PROVED),
    (Phase.STOPPED, Happening.PROVED),
    (Phase.STOPPED, Happening.DEPARTED),
    (Phase.STOPPED, Happening.DRAINED),
    (Phase.PROVING, Happening.DEPARTED),
    (Phase.PROVING, Happening.DRAINED),
}
"""Nothing is proved before all has left; nothing leaves while it is stopped, or after the last."""
CELLS = [(phase, happening) for phase in Phase for happening in Happening]


def job_in(phase: Phase) -> PrintJob:
    """Return a job that has come to a phase."""
    job = PrintJob(b"line\n" * 200, job=1, deadline_ns=9, proof=Proof.PROCESS_ID)
    if phase is not Phase.HELD:
        job.next_chunk()
    if phase is Phase.STOPPED:
        job.happen(Happening.UNABLE)
    while phase is Phase.PROVING and job.sendable:
        job.next_chunk()
    assert job.phase is phase
    return job


@pytest.mark.parametrize(("phase", "happening"), CELLS, ids=lambda part: part.name)
def test_every_cell_leads_where_the_table_says(phase: Phase, happening: Happening) -> None:
    job = job_in(phase)
    if (phase, happening) in IMPOSSIBLE:
        with pytest.raises(KeyError):
            job.happen(happening)
        return

    job.happen(happening)

    expected = TRANSITIONS[phase, happening]
    assert (job.verdict or job.phase) is expected
    if isinstance(expected, Verdict):
        assert not job.sendable


def test_table_has_every_cell_that_can_be_and_no_other() -> None:
    assert set(TRANSITIONS) == set(CELLS) - IMPOSSIBLE


def test_only_a_job_of_which_nothing_has_left_is_surely_not_printed() -> None:
    """Goal: the promise of NotPrinted, read off the table itself."""
    assert {phase for (phase, _), end in TRANSITIONS.items() if end is Verdict.NOT_PRINTED} == {
        Phase.HELD
    }
    assert {cell for cell, end in TRANSITIONS.items() if end is Verdict.PRINTED} == {
        (Phase.PROVING, Happening.PROVED)
    }


@pytest.mark.parametrize("happening", list(Happening))
@pytest.mark.parametrize("verdict", list(Verdict))
def test_after_the_verdict_nothing_changes(happening: Happening, verdict: Verdict) -> None:
    job = job_in(Phase.PROVING)
    job.verdict = verdict
    job.happen(happening)

    assert job.verdict is verdict


def tokens_of(job: PrintJob) -> list[bytes]:
    """Send everything and return the proofs asked for."""
    data = b""
    while job.sendable:
        data += job.next_chunk()
    return [c.token for c in Decoder().receive(data) if isinstance(c, AskPrinted)]


def test_every_chunk_is_proved_before_the_job_is() -> None:
    job = job_in(Phase.HELD)
    tokens = tokens_of(job)
    assert len(tokens) == 4

    for token in tokens[:-1]:
        assert job.prove(token)
        assert job.verdict is None
    assert job.prove(tokens[-1])
    assert job.verdict is Verdict.PRINTED
    assert not job.prove(tokens[-1])


def test_proof_that_skips_a_chunk_or_is_of_another_job_proves_nothing() -> None:
    job = job_in(Phase.HELD)
    tokens = tokens_of(job)
    other = PrintJob(b"line\n" * 200, job=2, deadline_ns=9, proof=Proof.PROCESS_ID)

    assert not job.prove(tokens[1])
    assert not any(job.prove(token) for token in tokens_of(other))
    assert job.prove(tokens[0])
    assert not job.prove(tokens[0])
    assert job.verdict is None


def test_proof_of_what_has_not_left_is_noise() -> None:
    assert not job_in(Phase.HELD).prove(job_token(1, 0))


@pytest.mark.parametrize("proof", [Proof.STATUS, Proof.NONE])
def test_printer_that_cannot_prove_is_not_asked_to(proof: Proof) -> None:
    data = b"line\n" * 200
    job = PrintJob(data, job=1, deadline_ns=9, proof=proof)
    sent = b""
    while job.sendable:
        sent += job.next_chunk()

    assert sent == data
    assert job.phase is Phase.PROVING
    assert not job.prove(job_token(1, 0))


@given(st.integers(0, JOBS_TOLD_APART - 1), st.integers(0, 93))
def test_token_is_four_printable_bytes_and_a_command_can_carry_it(job: int, chunk: int) -> None:
    token = job_token(job, chunk)

    assert Decoder().receive(encode(AskPrinted(token))) == [AskPrinted(token)]
    assert token != job_token((job + 1) % JOBS_TOLD_APART, chunk)
    assert token != job_token(job, chunk + 1)
    assert token == job_token(job + JOBS_TOLD_APART, chunk)


LINES = st.lists(
    st.one_of(
        st.text("가나다라 ABC₩019", max_size=40).map(PrintText),
        st.just(LineFeed()),
        st.integers(1, 60).map(
            lambda height: RasterImage(
                width_bytes=8, height=height, dots=bytes(n * 7 % 256 for n in range(8 * height))
            )
        ),
    ),
    max_size=60,
)


@settings(max_examples=60)
@given(LINES, st.integers(1, 600))
def test_pieces_are_whole_commands_and_lose_nothing(lines: list[Command], size: int) -> None:
    """Goal: each piece alone decodes to whole commands; joined they are the job."""
    data = encode_all([*begin_korean(), *lines])

    pieces = split_job(data, size)

    assert b"".join(pieces) == data
    assert all(pieces)
    decoder = Decoder()
    for piece in pieces:
        decoder.receive(piece)
        assert decoder.between_commands


def test_pieces_are_about_as_long_as_asked() -> None:
    pieces = split_job(b"0123456789\n" * 200)

    assert all(CHUNK_BYTES <= len(piece) < CHUNK_BYTES + 11 for piece in pieces[:-1])


def test_job_whose_last_command_is_torn_is_sent_as_it_is() -> None:
    data = b"text\n\x1dv0\x00\x08"

    assert b"".join(split_job(data)) == data
