"""One command of the issuer given to its purse, by a terminal that only carries it.

A generator of one purse, already selected: it yields a command APDU, is sent the response or None for
a lost answer, and returns what there is to report; None where an answer was lost. Every command does
no harm when it is given again, so whatever was not reported is simply given at the next occasion.

    UPDATE    90 58                                             -> Obeyed
    CLEAR     90 EA, and READ RECORD 1 of the log where refused -> Obeyed
    CLAIM     GET DATA 7F 21, 90 E8, READ RECORD of the log     -> Froze, or Obeyed where refused
Source: purse.md 2.3 M8, M10; protocols.purse.issuing.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final

from protocols.iso7816 import SW, Command, Response
from protocols.purse.coordinator import LOG_RECORDS_MAX
from protocols.purse.enquiry import LOG

EXCHANGES_MAX: Final = 2 + LOG_RECORDS_MAX
"""For one command of the issuer."""


@dataclass(frozen=True, slots=True)
class Obeyed:
    """The purse answered with a status word; 9000: it took the command."""

    sw: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Froze:
    """The purse froze its log for the issuer."""

    certificate: bytes
    answer: bytes
    """Signed: which log it is."""
    entries: tuple[bytes, ...]
    """The log: payment details, oldest first."""


Giving = Generator[bytes, Response | None, Obeyed | Froze | None]


def give(apdu: bytes, what: str) -> Giving:
    """Give a command to the purse that it is signed for; `what`: update, clear or claim."""
    if what == "claim":
        return (yield from _claim(apdu))
    response = yield apdu
    if response is None:
        return None
    if what == "clear" and response.sw == SW.CONDITIONS_NOT_SATISFIED:
        first = yield _record(1)
        if first is not None and first.sw == SW.RECORD_NOT_FOUND:
            # An empty log is what it was to make of it: it has been here before.
            return Obeyed(SW.OK)
    return Obeyed(response.sw)


def _claim(apdu: bytes) -> Giving:
    certificate = yield Command(0x00, 0xCA, 0x7F, 0x21, b"", 256).encode()
    if certificate is None or not certificate.ok:
        return None if certificate is None else Obeyed(certificate.sw)
    answer = yield apdu
    if answer is None or not answer.ok:
        return None if answer is None else Obeyed(answer.sw)
    entries = []
    for number in range(1, 1 + int.from_bytes(answer.data[:1])):
        record = yield _record(number)
        if record is None or not record.ok:
            # Not the whole log. It stays as it is: the next occasion reads it again.
            return None
        entries.append(record.data[1:])
    return Froze(certificate=certificate.data, answer=answer.data, entries=tuple(entries))


def _record(number: int) -> bytes:
    return Command(0x00, 0xB2, number, LOG, b"", 256).encode()
