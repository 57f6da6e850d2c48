"""Which application of the card pays: by the card's directory, else by the terminal's list.

    SELECT 1PAY.SYS.DDF01   -> 6F 84 A5 { 88 SFI }        READ RECORD SFI, 1 .. until 6A83
                                                          70 { 61 { 4F 50 87 } .. }
    not there (6A82, 6283)  SELECT each AID of the list; a partial name: next occurrence (P2 02)
    6A81 at the first       the card is blocked, or knows no SELECT
    one candidate, or all with a priority and none that wants a confirmation: the first; else the customer chooses
    SELECT the chosen       refused: it is taken off, and the next tried

Bounded: 10 records, 16 candidates. Source: EMV 4.4 book 1, 12.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final

from protocols.emv import tags
from protocols.emv.steps import (
    Answer,
    Choose,
    EndedError,
    Ending,
    Stage,
    Step,
    ask,
    garbled,
)
from protocols.emv.terminal import Application
from protocols.iso7816 import SW, Command, Response
from protocols.tlv import Tlv, TlvError, find_tlv, parse_tlv

DIRECTORY: Final = b"1PAY.SYS.DDF01"
CANDIDATES_MAX: Final = 16
RECORDS_MAX: Final = 10
_AID_BYTES: Final = range(5, 17)
_CONFIRM: Final = 0x80
_PRIORITY: Final = 0x0F
_STAGE: Final = Stage.SELECTING


@dataclass(frozen=True, slots=True)
class Candidate:
    """An application that both sides know."""

    aid: bytes
    label: str
    priority: int
    """1 is the highest, 0: none."""
    confirm: bool
    """It may not be taken without the customer."""
    application: Application


@dataclass(frozen=True, slots=True)
class Selected:
    """The application that is selected now."""

    candidate: Candidate
    control: bytes
    """The FCI's proprietary template (A5)."""


Selecting = Generator[Step, Answer, Selected]


def select(applications: tuple[Application, ...]) -> Selecting:
    """Select an application. Raises: EndedError."""
    candidates, blocked = yield from _candidates(applications)
    while candidates:
        chosen = yield from _choose(candidates)
        answer = yield from ask(_STAGE, _select(chosen.aid))
        if answer.ok:
            return Selected(chosen, _control(answer.data, chosen.aid))
        blocked = blocked or answer.sw == SW.SELECTED_LOCKED
        candidates = [each for each in candidates if each is not chosen]
    if blocked:
        raise EndedError(Ending.APPLICATION_BLOCKED, _STAGE)
    raise EndedError(Ending.NO_APPLICATION, _STAGE)


def _candidates(
    applications: tuple[Application, ...],
) -> Generator[Step, Answer, tuple[list[Candidate], bool]]:
    answer = yield from ask(_STAGE, _select(DIRECTORY))
    if answer.sw == SW.FUNCTION_NOT_SUPPORTED:
        raise EndedError(Ending.CARD_BLOCKED, _STAGE)
    if answer.sw in (SW.CLASS_NOT_SUPPORTED, SW.INSTRUCTION_NOT_SUPPORTED):
        raise EndedError(Ending.CARD_SILENT, _STAGE, f"{answer.sw:04X} at SELECT")
    if answer.ok:
        # A directory that makes no sense, or has nothing for us, is no reason to give up.
        found = yield from _of_directory(answer.data, applications)
        if found:
            return _sorted(found), False
    found, blocked = yield from _of_list(applications)
    return _sorted(found), blocked


def _of_directory(
    fci: bytes, applications: tuple[Application, ...]
) -> Generator[Step, Answer, list[Candidate]]:
    found: list[Candidate] = []
    try:
        sfi = find_tlv(fci, tags.SFI)
        if sfi is None or len(sfi) != 1 or not 1 <= sfi[0] <= 10:
            return []
        for number in range(1, RECORDS_MAX + 1):
            answer = yield from ask(
                _STAGE, Command(0x00, 0xB2, number, sfi[0] << 3 | 4, le=256).encode()
            )
            if not answer.ok:
                break
            for entry in _entries(answer.data):
                candidate = _candidate(entry, applications)
                if candidate is not None and len(found) < CANDIDATES_MAX:
                    found.append(candidate)
    except TlvError:
        return []
    return found


def _of_list(
    applications: tuple[Application, ...],
) -> Generator[Step, Answer, tuple[list[Candidate], bool]]:
    found: list[Candidate] = []
    blocked = False
    for application in applications:
        answer = yield from ask(_STAGE, _select(application.aid))
        for _ in range(CANDIDATES_MAX):
            if answer.sw == SW.FUNCTION_NOT_SUPPORTED and not found:
                raise EndedError(Ending.CARD_BLOCKED, _STAGE)
            if not answer.ok and answer.sw != SW.SELECTED_LOCKED:
                break
            blocked = blocked or not answer.ok
            candidate = _candidate_of_fci(answer, application)
            if candidate is None or candidate in found:
                break
            if answer.ok:
                found.append(candidate)
            if candidate.aid == application.aid:
                break
            answer = yield from ask(_STAGE, _select(application.aid, again=True))
    return found, blocked


def _choose(candidates: list[Candidate]) -> Generator[Step, Answer, Candidate]:
    if len(candidates) == 1 and not candidates[0].confirm:
        return candidates[0]
    if all(each.priority for each in candidates) and not candidates[0].confirm:
        return candidates[0]
    chosen = yield Choose(tuple(each.label for each in candidates))
    if not isinstance(chosen, int) or not 0 <= chosen < len(candidates):
        raise EndedError(Ending.CANCELLED, _STAGE, "no application was chosen")
    return candidates[chosen]


def _sorted(found: list[Candidate]) -> list[Candidate]:
    return sorted(found, key=lambda each: each.priority or 16)


def _entries(record: bytes) -> list[bytes]:
    items = parse_tlv(record)
    inside = parse_tlv(items[0].value) if items and items[0].tag == tags.RECORD else []
    return [item.value for item in inside if item.tag == tags.ENTRY]


def _candidate(entry: bytes, applications: tuple[Application, ...]) -> Candidate | None:
    objects = {item.tag: item.value for item in parse_tlv(entry)}
    aid = objects.get(tags.AID, b"")
    known = next((each for each in applications if aid.startswith(each.aid)), None)
    if known is None or len(aid) not in _AID_BYTES:
        return None
    return _made(aid, objects, known)


def _candidate_of_fci(answer: Response, application: Application) -> Candidate | None:
    try:
        aid = find_tlv(answer.data, tags.DF_NAME) or b""
        template = find_tlv(answer.data, tags.PROPRIETARY) or b""
        objects = {item.tag: item.value for item in parse_tlv(template)}
    except TlvError:
        return None
    if not aid.startswith(application.aid) or len(aid) not in _AID_BYTES:
        return None
    return _made(aid, objects, application)


def _made(aid: bytes, objects: dict[int, bytes], application: Application) -> Candidate:
    text = objects.get(tags.LABEL, b"").decode("ascii", "replace")
    label = "".join(each for each in text if each.isprintable() and each.isascii())[:16]
    indicator = objects.get(tags.PRIORITY, b"\0")[:1] or b"\0"
    return Candidate(
        aid=aid,
        label=label.strip() or application.label,
        priority=indicator[0] & _PRIORITY,
        confirm=bool(indicator[0] & _CONFIRM),
        application=application,
    )


def _control(fci: bytes, aid: bytes) -> bytes:
    """Return A5 out of an FCI that is the application's own. Raises: EndedError."""
    try:
        outer = parse_tlv(fci)
        inner = {item.tag: item for item in parse_tlv(outer[0].value)} if outer else {}
    except TlvError as error:
        raise garbled(_STAGE, f"FCI: {error}") from error
    name = inner.get(tags.DF_NAME, Tlv(tags.DF_NAME, b"")).value
    if len(outer) != 1 or outer[0].tag != tags.FCI or name != aid:
        raise garbled(_STAGE, "the FCI is not the chosen application's")
    return inner.get(tags.PROPRIETARY, Tlv(tags.PROPRIETARY, b"")).value


def _select(name: bytes, *, again: bool = False) -> bytes:
    return Command(0x00, 0xA4, 0x04, 0x02 if again else 0x00, name, 256).encode()
