"""The virtual scanner: what it sends for a code, and how it can go wrong."""

import pytest

from protocols.control import Verb
from protocols.scanner import Ending
from sim.scanner import ANSWER_TIMEOUT_NS, OUTGOING_MAX, ScannerTwin
from sim.twin import Twin, VerbError

MILK = "8801234567893"


def sent(twin: ScannerTwin, name: str, **arguments: str) -> bytes:
    """Return what the scanner sends when a verb is done."""
    twin.do(Verb(verb=name, arguments=arguments), 5)
    return twin.outgoing()


def test_is_a_twin() -> None:
    assert isinstance(ScannerTwin(), Twin)


@pytest.mark.parametrize(
    ("verb", "arguments", "expected"),
    [
        ("scan", {"code": MILK}, MILK.encode() + b"\r"),
        ("scan_twice", {"code": MILK}, (MILK.encode() + b"\r") * 2),
        ("scan_as", {"code": "A1", "symbology": "qr"}, b"A1\r"),
        ("misread", {"code": MILK}, b"8801234567894\r"),
        ("misread", {"code": "AB"}, b"A\r"),
        ("complete", {"code": "880123456789"}, MILK.encode() + b"\r"),
        ("tear", {"code": MILK}, b"8801234"),
    ],
)
def test_verbs_send_what_they_say(verb: str, arguments: dict[str, str], expected: bytes) -> None:
    assert sent(ScannerTwin(), verb, **arguments) == expected


def test_garbage_holds_no_code() -> None:
    assert not any(48 <= byte < 58 for byte in sent(ScannerTwin(), "garble"))


@pytest.mark.parametrize("ending", list(Ending))
def test_framing_is_as_configured(ending: Ending) -> None:
    data = sent(ScannerTwin(ending=ending.name.lower(), identifiers=True), "scan", code=MILK)

    assert data.endswith(b"]E0" + MILK.encode() + ending.value)
    assert data.startswith(b"\x02") == (ending is Ending.STX_ETX)


def test_handshake_ends_with_the_answer_or_exactly_at_the_deadline() -> None:
    twin = ScannerTwin(handshake=True)
    for answer, verdict in ((b"\x06", "accepted"), (b"\x15", "refused")):
        sent(twin, "scan", code=MILK)
        twin.receive(b"?" + answer + answer, 6)
        assert twin.state()["verdict"] == verdict
        assert twin.deadline_ns is None

    sent(twin, "scan", code=MILK)
    assert twin.deadline_ns == 5 + ANSWER_TIMEOUT_NS
    twin.tick(4 + ANSWER_TIMEOUT_NS)
    assert twin.state()["verdict"] == "refused"
    twin.tick(5 + ANSWER_TIMEOUT_NS)
    assert twin.state()["verdict"] == "unanswered"


@pytest.mark.parametrize(
    ("verb", "arguments", "words"),
    [
        ("scan", {}, "it takes code"),
        ("scan", {"code": ""}, "cannot stand under bars"),
        ("scan", {"code": "우유"}, "cannot stand under bars"),
        ("scan_as", {"code": "1", "symbology": "morse"}, "no symbology 'morse'"),
        ("scan_as", {"code": "99999999", "symbology": "upce"}, "UPC-E"),
        ("complete", {"code": "AB"}, "digits only"),
        ("shout", {}, "this device has: scan"),
    ],
)
def test_wrong_verbs_say_what_is_right(verb: str, arguments: dict[str, str], words: str) -> None:
    with pytest.raises(VerbError, match=words):
        sent(ScannerTwin(), verb, **arguments)


def test_unfetched_codes_are_bounded() -> None:
    twin = ScannerTwin()
    for _ in range(10_000):
        twin.do(Verb(verb="scan", arguments={"code": MILK}), 0)

    assert len(twin.outgoing()) <= OUTGOING_MAX
    assert twin.history[-1].what == "dropped"
