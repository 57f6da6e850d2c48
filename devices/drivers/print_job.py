"""One paper on its way to the printer: what is known of it at every moment.

                 first chunk left         last chunk left          all chunks proved
        HELD ----------------> SENDING ------------------> PROVING -----------------> printed
         |                      ^   |                         |
         | deadline      able   |   | unable                  | link lost, deadline
         v                      |   v                         v
    not printed               STOPPED ---- link lost, ----> unsure
                                      silent, deadline

Only a job of which no byte has left is surely not printed. A job is cut where a command ends, and behind
each piece the printer is asked to say when it is on paper (GS ( H): so a printer that was switched off
and on in the middle cannot make half a receipt look whole, and an answer of an earlier job is told by
its token.

Source: Epson GS ( H; the table below is the diagram.
"""

import re
from enum import Enum
from typing import Final

from protocols.escpos.commands import AskPrinted
from protocols.escpos.decode import Decoder
from protocols.escpos.encode import encode

CHUNK_BYTES: Final = 256
"""About what leaves at once: at 9,600 baud a quarter of a second."""
UNPROVED_BYTES_MAX: Final = 2_048
"""So much may be on its way, not yet on paper: some printers lose what does not fit into 4 KB, unsaid."""
JOB_BYTES_MAX: Final = 1 << 20
"""A longer paper was never a receipt."""
_DIGITS: Final = 94
"""Printable characters from 21 to 7E."""
JOBS_TOLD_APART: Final = _DIGITS**3
"""Job numbers return after so many: 830,584."""


class Proof(Enum):
    """How this printer can prove that a paper came out."""

    PROCESS_ID = "process_id"
    """GS ( H: the only true proof."""
    STATUS = "status"
    """It cannot; asked after the job, it says at least that nothing is wrong."""
    NONE = "none"
    """It never says anything: a one-way cable."""


class Phase(Enum):
    """Where a job is."""

    HELD = "held"
    """No byte has left."""
    SENDING = "sending"
    STOPPED = "stopped"
    """Some bytes have left; the printer cannot go on now."""
    PROVING = "proving"
    """All bytes have left."""


class Happening(Enum):
    """What can happen to a job."""

    DEPARTED = "departed"
    """A chunk has left, more are to come."""
    DRAINED = "drained"
    """The last chunk has left."""
    ABLE = "able"
    UNABLE = "unable"
    """Offline, no paper, cover open, an error."""
    PROVED = "proved"
    """Every chunk is on paper."""
    SILENCED = "silenced"
    """The printer does not answer any more."""
    LOST = "lost"
    """The link is gone."""
    EXPIRED = "expired"


class Verdict(Enum):
    """How a job ended."""

    PRINTED = "printed"
    NOT_PRINTED = "not_printed"
    UNSURE = "unsure"


_H, _S, _T, _P = Phase.HELD, Phase.SENDING, Phase.STOPPED, Phase.PROVING
TRANSITIONS: Final[dict[tuple[Phase, Happening], Phase | Verdict]] = {
    (_H, Happening.DEPARTED): _S,
    (_H, Happening.DRAINED): _P,
    (_H, Happening.ABLE): _H,
    (_H, Happening.UNABLE): _H,
    (_H, Happening.SILENCED): _H,
    (_H, Happening.LOST): _H,
    (_H, Happening.EXPIRED): Verdict.NOT_PRINTED,
    (_S, Happening.DEPARTED): _S,
    (_S, Happening.DRAINED): _P,
    (_S, Happening.ABLE): _S,
    (_S, Happening.UNABLE): _T,
    (_S, Happening.SILENCED): Verdict.UNSURE,
    (_S, Happening.LOST): Verdict.UNSURE,
    (_S, Happening.EXPIRED): Verdict.UNSURE,
    (_T, Happening.ABLE): _S,
    (_T, Happening.UNABLE): _T,
    (_T, Happening.SILENCED): Verdict.UNSURE,
    (_T, Happening.LOST): Verdict.UNSURE,
    (_T, Happening.EXPIRED): Verdict.UNSURE,
    (_P, Happening.ABLE): _P,
    (_P, Happening.UNABLE): _P,
    (_P, Happening.PROVED): Verdict.PRINTED,
    # All bytes had left: a proof that still comes is a proof.
    (_P, Happening.SILENCED): _P,
    (_P, Happening.LOST): Verdict.UNSURE,
    (_P, Happening.EXPIRED): Verdict.UNSURE,
}
"""Every (phase, happening) that can be; the others are programming errors."""


class PrintJob:
    """One paper."""

    def __init__(self, data: bytes, *, job: int, deadline_ns: int, proof: Proof) -> None:
        assert data, "an empty paper is none"
        assert len(data) <= JOB_BYTES_MAX
        assert job >= 0
        self.job = job
        self.deadline_ns = deadline_ns
        self.proof = proof
        self.phase = Phase.HELD
        self.verdict: Verdict | None = None
        chunks = split_job(data)
        asking = proof is Proof.PROCESS_ID
        self._tokens = [job_token(job, number) for number in range(len(chunks))] if asking else []
        asks = [encode(AskPrinted(token)) for token in self._tokens] or [b""] * len(chunks)
        self._chunks = [chunk + ask for chunk, ask in zip(chunks, asks, strict=True)]
        self._sent = 0
        self._proved = 0

    @property
    def sendable(self) -> bool:
        """Say whether there is a chunk that may leave if the printer is able."""
        unsent = self._sent < len(self._chunks)
        ready = self.verdict is None and unsent and self.phase is not Phase.STOPPED
        return ready and self._unproved() < UNPROVED_BYTES_MAX

    def _unproved(self) -> int:
        """Return how many bytes have left of which nobody has said that they are on paper."""
        if not self._tokens:
            return 0
        return sum(len(chunk) for chunk in self._chunks[self._proved : self._sent])

    def happen(self, happening: Happening) -> None:
        """Take what happened. What comes after the verdict changes nothing."""
        if self.verdict is not None:
            return
        match TRANSITIONS[self.phase, happening]:
            case Phase() as phase:
                self.phase = phase
            case Verdict() as verdict:
                self.verdict = verdict

    def next_chunk(self) -> bytes:
        """Return the next bytes to leave; called only when `sendable`."""
        assert self.sendable
        chunk = self._chunks[self._sent]
        self._sent += 1
        last = self._sent == len(self._chunks)
        self.happen(Happening.DRAINED if last else Happening.DEPARTED)
        return chunk

    def prove(self, token: bytes) -> bool:
        """Take a print-done answer. False for one that is not this job's next: noise, or late."""
        awaited = self._tokens[self._proved : self._sent]
        if self.verdict is not None or token != (awaited[0] if awaited else None):
            return False
        self._proved += 1
        if self._proved == len(self._tokens):
            self.happen(Happening.PROVED)
        return True


def job_token(job: int, chunk: int) -> bytes:
    """Return the four printable bytes that name a chunk of a job on the wire."""
    digits = []
    rest = job % JOBS_TOLD_APART
    for _ in range(3):
        rest, digit = divmod(rest, _DIGITS)
        digits.append(0x21 + digit)
    return bytes([*reversed(digits), 0x21 + chunk % _DIGITS])


def split_job(data: bytes, size: int = CHUNK_BYTES) -> list[bytes]:
    """Cut a job where a command ends, into pieces of about `size` bytes.

    Between two pieces a real-time question or a drawer pulse may go to the printer without ending up
    inside an image; a large image stays in one piece.
    """
    chunks: list[bytes] = []
    decoder, begun, start = Decoder(), b"", 0
    # A command ends with a line feed, or a new one begins with GS: enough places, found quickly.
    ends = sorted(
        {
            *(m.end() for m in re.finditer(b"\n", data)),
            *(m.start() for m in re.finditer(b"\x1d", data)),
        }
    )
    for end in (*ends, len(data)):
        decoder.receive(data[start:end])
        begun, start = begun + data[start:end], end
        if begun and decoder.between_commands and len(begun) >= size:
            chunks.append(begun)
            begun = b""
    return [*chunks, begun] if begun else chunks
