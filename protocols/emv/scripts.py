"""The issuer's scripts: commands for the card that nobody on the way can read, change or make.

    71 { 9F18 id 4, 86 command, 86 command .. }     before the second GENERATE AC
    72 { the same }                                 behind it

A command that the card refuses ends its script. Results are told to the issuer with the next message:

    1 not done, 2 done (b8 to b5) | which command failed | id 4

Bounded: 128 bytes in all. Source: EMV 4.4 book 3, 10.10; book 4, 12.2.4 and A5.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final

from protocols.emv import tags
from protocols.emv.steps import Answer, Ask, Step
from protocols.iso7816 import Response
from protocols.tlv import TlvError, parse_tlv

SCRIPTS_BYTES_MAX: Final = 128
_DONE: Final = 0x20
_FAILED: Final = 0x10
_NAMELESS: Final = bytes(4)
_WARNINGS: Final = (0x62, 0x63)


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of the scripts of one tag."""

    results: bytes = b""
    """Five bytes each."""
    failed: bool = False


def run_scripts(field_55: bytes, tag: int) -> Generator[Step, Answer, Ran]:
    """Run every script of a tag. A card that leaves meanwhile has not done the rest."""
    try:
        scripts = [item for item in parse_tlv(field_55) if item.tag == tag]
        parsed = [parse_tlv(item.value) for item in scripts]
    except TlvError:
        return Ran(failed=True)
    if sum(len(item.value) for item in scripts) > SCRIPTS_BYTES_MAX:
        return Ran(failed=True)
    results, failed = b"", False
    for items in parsed:
        name = next((each.value for each in items if each.tag == tags.SCRIPT_ID), _NAMELESS)
        commands = [each.value for each in items if each.tag == tags.SCRIPT_COMMAND]
        refused = 0
        for number, command in enumerate(commands, 1):
            answer = yield Ask(command)
            if not isinstance(answer, Response) or not _taken(answer):
                refused = min(number, 0xF)
                break
        failed = failed or refused > 0
        results += bytes((_FAILED | refused if refused else _DONE,)) + name.rjust(4, b"\0")[-4:]
    return Ran(results, failed)


def _taken(answer: Response) -> bool:
    """A warning counts as done (book 3, 10.10)."""
    return answer.ok or answer.sw >> 8 in _WARNINGS
