"""A virtual serial scanner: point it at a code, and it sends what a real one would.

It can be told to read a code rightly, wrongly (a bad check digit), twice, in two pieces with the cable
out between them, or to send garbage. With AIM identifiers it says which kind it read. With a handshake
it waits for 06 or 15 and gives up after a while, as scanners do.

Source: protocols/scanner, protocols/barcode.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal

from protocols.barcode import (
    Barcode,
    Check,
    Symbology,
    check_digit,
    has_good_check_digit,
    read_barcode,
    with_identifier,
)
from protocols.control import Event, Verb, VerbHelp
from protocols.scanner import ACK, NAK, Ending, frame
from sim.twin import History, VerbError, refuse_verb

ANSWER_TIMEOUT_NS: Final = 2_000_000_000
"""How long it waits for 06 or 15 before it beeps in despair."""
EndingName = Literal["cr", "lf", "cr_lf", "tab", "stx_etx", "silence"]
"""protocols.scanner.Ending by name, as plans and configurations have it."""
OUTGOING_MAX: Final = 65_536
"""Bytes nobody fetched; more are not scanned."""

_CODE: Final = {"code": "the digits or text under the bars"}
_VERBS: Final = [
    VerbHelp(name="scan", label_ko="스캔", label_en="Scan", arguments=_CODE),
    VerbHelp(name="scan_twice", label_ko="두 번 스캔", label_en="Scan twice", arguments=_CODE),
    VerbHelp(
        name="scan_as",
        label_ko="종류를 정해 스캔",
        label_en="Scan as a kind",
        arguments={**_CODE, "symbology": "one of " + ", ".join(s.value for s in Symbology)},
    ),
    VerbHelp(name="misread", label_ko="잘못 읽기", label_en="Misread a digit", arguments=_CODE),
    VerbHelp(name="complete", label_ko="검사숫자 채워 스캔", label_en="Add check digit, scan",
             arguments={"code": "the digits before the check digit"}),
    VerbHelp(name="tear", label_ko="중간에 끊기", label_en="Stop in the middle", arguments=_CODE),
    VerbHelp(name="garble", label_ko="잡음", label_en="Send garbage"),
]  # fmt: skip
_GARBAGE: Final = bytes([0x00, 0x81, 0xFE, 0x13, 0x9F, 0xF0, 0x0D])
"""What a wrong baud rate looks like."""


class ScannerTwin:
    """A scanner on a serial line."""

    device = "scanner"

    def __init__(
        self,
        *,
        ending: EndingName = "cr",
        identifiers: bool = False,
        handshake: bool = False,
        sends: int = 1,
    ) -> None:
        """`sends` is how often it sends each code that it reads: some are set to do so twice."""
        self._sends = sends
        self._ending = Ending[ending.upper()]
        self._identifiers = identifiers
        self._handshake = handshake
        self._history = History()
        self._outgoing = bytearray()
        self._awaiting_ns: int | None = None
        self._last = ""
        self._scanned = 0
        self._verdict = ""

    @property
    def history(self) -> Sequence[Event]:
        """What happened, oldest first."""
        return self._history.events()

    @property
    def deadline_ns(self) -> int | None:
        """When it stops waiting for an answer."""
        return self._awaiting_ns

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take the till's answer; anything but 06 and 15 is ignored, as is an unasked one."""
        for byte in data:
            answer = bytes([byte])
            if self._awaiting_ns is not None and answer in (ACK, NAK):
                self._judge("accepted" if answer == ACK else "refused", now_ns)

    def outgoing(self) -> bytes:
        """Hand over the bytes read since the last call."""
        data = bytes(self._outgoing)
        self._outgoing.clear()
        return data

    def tick(self, now_ns: int) -> None:
        """Give up waiting for an answer."""
        if self._awaiting_ns is not None and now_ns >= self._awaiting_ns:
            self._judge("unanswered", now_ns)

    def verbs(self) -> list[VerbHelp]:
        """Return what a tester can do."""
        return list(_VERBS)

    def do(self, verb: Verb, now_ns: int) -> None:
        """Scan. Raises: VerbError."""
        known = next((help_ for help_ in _VERBS if help_.name == verb.verb), None)
        if known is None or set(known.arguments) != set(verb.arguments):
            raise refuse_verb(verb, _VERBS)
        code = verb.arguments.get("code", "")
        if known.arguments and not _can_be_barred(code):
            raise VerbError(
                f"{verb.verb}: {code!r} cannot stand under bars: printable Latin-1 only"
            )
        match verb.verb:
            case "scan":
                self._send(read_barcode(code), now_ns)
            case "scan_twice":
                self._send(read_barcode(code), now_ns)
                self._send(read_barcode(code), now_ns)
            case "scan_as":
                self._send(_as_kind(code, verb.arguments["symbology"]), now_ns)
            case "misread":
                self._send(read_barcode(_misread(code)), now_ns)
            case "complete":
                if not (code.isascii() and code.isdigit()):
                    raise VerbError(f"complete: {code!r} has no check digit: digits only")
                self._send(read_barcode(code + check_digit(code)), now_ns)
            case "tear":
                self._emit(frame(code, self._ending)[: 1 + len(code) // 2], "torn", code, now_ns)
            case _:
                self._emit(_GARBAGE, "garbled", "", now_ns)

    def state(self) -> dict[str, Any]:
        """Return the last code and how often it has read."""
        return {"last": self._last, "scanned": self._scanned, "verdict": self._verdict}

    def _send(self, barcode: Barcode, now_ns: int) -> None:
        raw = with_identifier(barcode) if self._identifiers else barcode.text
        self._last = barcode.text
        self._scanned += 1
        for _ in range(self._sends):
            self._emit(frame(raw, self._ending), "scanned", raw, now_ns)
        if self._handshake:
            self._awaiting_ns = now_ns + ANSWER_TIMEOUT_NS

    def _emit(self, data: bytes, what: str, detail: str, now_ns: int) -> None:
        if len(self._outgoing) + len(data) > OUTGOING_MAX:
            self._history.add(now_ns, "dropped", detail)
            return
        self._outgoing += data
        self._history.add(now_ns, what, detail)

    def _judge(self, verdict: str, now_ns: int) -> None:
        self._awaiting_ns = None
        self._verdict = verdict
        self._history.add(now_ns, verdict, self._last)


def _as_kind(code: str, name: str) -> Barcode:
    try:
        symbology = Symbology(name)
    except ValueError:
        names = ", ".join(known.value for known in Symbology)
        raise VerbError(f"scan_as: no symbology {name!r}; there is: {names}") from None
    if symbology is Symbology.UPC_E and not (len(code) == 8 and code.isdigit() and code[0] in "01"):
        raise VerbError("scan_as: a UPC-E code is 0 or 1, six digits, check digit")
    return Barcode(text=code, symbology=symbology, check=Check.NONE)


def _misread(code: str) -> str:
    """Return the code with its last digit wrong; a code without digits loses its last character."""
    if not code[-1].isdigit():
        return code[:-1]
    wrong = code[:-1] + str((int(code[-1]) + 1) % 10)
    assert not has_good_check_digit(wrong) or not has_good_check_digit(code)
    return wrong


def _can_be_barred(code: str) -> bool:
    return bool(code) and all(" " <= character <= "~" for character in code)
