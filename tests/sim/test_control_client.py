"""The calls of the control interface from Python: each is made, and each refusal is the bench's own sentence."""

from pathlib import Path

import httpx
import msgspec
import pytest

from protocols.control import DeviceState, Endpoint, Event, Refusal, Verb, VerbHelp
from sim.bus import BENCH_VARIABLE
from sim.control_client import Bench, BenchError

ENDPOINT = Endpoint(url="http://bench", token="t0ken", devices={"printer": "sim://printer"})
PRINTER = DeviceState(
    name="printer",
    device="printer",
    address="sim://printer",
    verbs=[VerbHelp(name="paper_out", label_ko="x", label_en="x")],
    state={"paper": "out"},
)
CUT = Event(at_ns=7, what="cut", detail="paper 1")


class Answering:
    """A bench's side of the wire: keeps what was asked, answers as it was told."""

    def __init__(self, answer: object, status: int = 200) -> None:
        self.body = answer if isinstance(answer, bytes) else msgspec.json.encode(answer)
        self.status = status
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return httpx.Response(self.status, content=self.body)

    def bench(self) -> Bench:
        return Bench(ENDPOINT, transport=httpx.MockTransport(self))


def test_devices_are_listed_with_the_token() -> None:
    answering = Answering([PRINTER])
    with answering.bench() as bench:
        assert bench.devices() == [PRINTER]
    [request] = answering.asked
    assert (request.method, request.url.path) == ("GET", "/devices")
    assert request.headers["authorization"] == "Bearer t0ken"


def test_verb_is_sent_with_its_arguments_as_text() -> None:
    answering = Answering(PRINTER)
    assert answering.bench().device("printer").do("delay", ms=500) == {"paper": "out"}
    [request] = answering.asked
    assert (request.method, request.url.path) == ("POST", "/devices/printer")
    assert msgspec.json.decode(request.content, type=Verb) == Verb(
        verb="delay", arguments={"ms": "500"}
    )


def test_one_is_looked_at() -> None:
    assert Answering(PRINTER).bench().device("printer").look() == PRINTER


def test_paper_is_text_or_a_picture() -> None:
    answering = Answering("합계".encode())
    device = answering.bench().device("printer")
    assert device.paper() == "합계"
    assert device.picture() == "합계".encode()
    assert [request.headers["accept"] for request in answering.asked][1] == "image/png"


def test_history_and_waiting_are_one_question() -> None:
    answering = Answering([CUT])
    device = answering.bench().device("printer")
    assert device.history() == [CUT]
    assert device.awaits("cut", within_s=30, after_ns=5) == CUT
    assert dict(answering.asked[1].url.params) == {
        "what": "cut",
        "after_ns": "5",
        "within_s": "30",
    }
    # The call may take longer than a call without waiting may.
    assert answering.asked[1].extensions["timeout"]["read"] == 35


def test_what_does_not_happen_is_told() -> None:
    with pytest.raises(BenchError, match="waited 2 s: cut has not happened"):
        Answering([]).bench().device("printer").awaits("cut", within_s=2)


def test_refusal_is_the_benchs_sentence() -> None:
    answering = Answering(Refusal("no verb 'x'; this device has: paper_out"), status=422)
    with pytest.raises(BenchError, match="this device has: paper_out"):
        answering.bench().device("printer").do("x")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"<html>", b'{"error": 1}'])
@pytest.mark.parametrize("status", [200, 404, 500])
def test_garbage_is_an_error_in_words(body: bytes, status: int) -> None:
    with pytest.raises(BenchError, match="not understood"):
        Answering(body, status).bench().device("printer").look()


def test_bench_that_has_gone_is_told() -> None:
    def gone(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    bench = Bench(ENDPOINT, transport=httpx.MockTransport(gone))
    with pytest.raises(BenchError, match="does not answer: connection refused"):
        bench.devices()


def test_running_bench_is_found_where_it_says_that_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BENCH_VARIABLE, str(tmp_path / "bench.json"))
    with pytest.raises(BenchError, match=r"no bench is running .* ips-sim up"):
        Bench.running()
    (tmp_path / "bench.json").write_bytes(b"{")
    with pytest.raises(BenchError, match=r"bench\.json cannot be read"):
        Bench.running()
    (tmp_path / "bench.json").write_bytes(msgspec.json.encode(ENDPOINT))
    Bench.running().close()
