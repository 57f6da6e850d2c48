"""The control interface over HTTP: every route, every refusal, the description of itself, a real socket."""

import asyncio

import httpx
import msgspec
import pytest

from protocols.control import DeviceState, Event, Verb, VerbHelp
from protocols.serial_line import LineSettings
from sim.clock import run
from sim.control import BODY_BYTES_MAX, ControlServer, application, openapi
from sim.entropy import SeededEntropy
from sim.host import SystemClock
from sim.hosting.hosted import WIRE_VERBS, Hosted
from sim.hosting.memory import MemoryCarrier
from sim.twin import History, refuse_verb
from sim.wire import Wire

TOKEN = "a token"
BEGAN_NS = 1_000_000_000_000
"""Where virtual time begins."""


class Slate:
    """A twin that prints what it is told."""

    device = "slate"
    deadline_ns = None

    def __init__(self):
        self._history = History()
        self.text = ""

    @property
    def history(self):
        return self._history.events()

    def receive(self, data, now_ns):
        self.text += data.decode()

    def outgoing(self):
        return b""

    def tick(self, now_ns):
        pass

    def verbs(self):
        return [
            VerbHelp(name="write", label_ko="쓰기", label_en="Write", arguments={"text": "what"})
        ]

    def do(self, verb, now_ns):
        if set(verb.arguments) != {"text"}:
            raise refuse_verb(verb, self.verbs())
        self.text += verb.arguments["text"]
        self._history.add(now_ns, "written", self.text)

    def state(self):
        return {"text": self.text}


class PaperSlate(Slate):
    def paper_text(self):
        return self.text + "\n"

    def paper_png(self):
        return b"\x89PNG" + self.text.encode()


def devices_of(clock, entropy):
    twins = {"slate": Slate(), "paper": PaperSlate()}
    return {
        name: Hosted(
            name=name,
            twin=twin,
            carrier=MemoryCarrier(name),
            wire=Wire(entropy.fork(name), line=LineSettings()),
            clock=clock,
        )
        for name, twin in twins.items()
    }


def asked(*requests, token=TOKEN):
    """Send requests in virtual time, each (method, path, keywords), and return the answers."""

    async def story(clock, entropy):
        devices = devices_of(clock, entropy)
        for hosted in devices.values():
            await hosted.start()
        transport = httpx.ASGITransport(app=application(devices, token=TOKEN))
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answers = []
        async with httpx.AsyncClient(
            transport=transport, base_url="http://bench", headers=headers
        ) as client:
            for method, path, keywords in requests:
                async with asyncio.timeout(10):
                    answers.append(await client.request(method, path, **keywords))
        for hosted in devices.values():
            await hosted.stop()
        return answers

    return run(story)


def do(verb, **arguments):
    return {"content": msgspec.json.encode(Verb(verb=verb, arguments=arguments))}


def test_devices_describe_themselves():
    """Goal: whoever renders the verbs needs no other knowledge."""
    every, one = asked(("GET", "/devices", {}), ("GET", "/devices/slate", {}))

    states = msgspec.json.decode(every.content, type=list[DeviceState])
    assert [state.name for state in states] == ["slate", "paper"]
    assert states[0] == msgspec.json.decode(one.content, type=DeviceState)
    assert [verb.name for verb in states[0].verbs] == [
        "write",
        *(verb.name for verb in WIRE_VERBS),
    ]
    assert all(verb.label_ko and verb.label_en for verb in states[0].verbs)
    assert states[0].address == "sim://slate"


def test_verb_is_done_and_answered_with_the_new_state():
    """Goal: one round trip shows what it did; the history tells it too."""
    worked, history = asked(
        ("POST", "/devices/slate", do("write", text="안녕")),
        ("GET", "/devices/slate/history", {}),
    )

    assert msgspec.json.decode(worked.content, type=DeviceState).state["text"] == "안녕"
    events = msgspec.json.decode(history.content, type=list[Event])
    assert [(event.what, event.detail) for event in events] == [("written", "안녕")]


def test_history_is_asked_for_by_name_and_from_an_event_on():
    """Goal: a script finds what happened since it last looked."""
    _, _, first, second, none = asked(
        ("POST", "/devices/slate", do("write", text="a")),
        ("POST", "/devices/slate", do("write", text="b")),
        ("GET", "/devices/slate/history", {"params": {"what": "written", "after_ns": -1}}),
        ("GET", "/devices/slate/history", {"params": {"after_ns": BEGAN_NS}}),
        ("GET", "/devices/slate/history", {"params": {"what": "erased"}}),
    )

    assert [event["detail"] for event in first.json()] == ["a", "ab"]
    assert [event["at_ns"] for event in first.json()] == [BEGAN_NS] * 2
    assert second.json() == []
    assert none.json() == []


def test_event_is_waited_for_and_not_longer_than_asked():
    """Goal: whoever waits hears at once when it happens, and hears nothing at the deadline, not before."""

    async def story(clock, entropy):
        devices = devices_of(clock, entropy)
        transport = httpx.ASGITransport(app=application(devices, token=TOKEN))
        async with httpx.AsyncClient(
            transport=transport,
            base_url="http://bench",
            headers={"authorization": f"Bearer {TOKEN}"},
        ) as client:

            async def wait(within_s):
                params = {"what": "written", "within_s": within_s}
                answer = await client.get("/devices/slate/history", params=params)
                return answer.json(), clock.monotonic_ns()

            vain = await wait(2)
            waiting = asyncio.create_task(wait(60))
            await asyncio.sleep(30)
            await devices["slate"].do(Verb(verb="write", arguments={"text": "x"}))
            return vain, await waiting

    (nothing, gave_up_ns), (events, heard_ns) = run(story)
    assert nothing == []
    assert 2e9 <= gave_up_ns - BEGAN_NS <= 2.05e9
    assert events[0]["detail"] == "x"
    assert 30e9 <= heard_ns - gave_up_ns <= 30.1e9


def test_paper_is_text_or_a_picture_as_asked():
    """Goal: Accept decides."""
    _, text, picture = asked(
        ("POST", "/devices/paper", do("write", text="x")),
        ("GET", "/devices/paper/paper", {}),
        ("GET", "/devices/paper/paper", {"headers": {"accept": "image/png"}}),
    )

    assert (text.text, text.headers["content-type"]) == ("x\n", "text/plain; charset=utf-8")
    assert picture.content == b"\x89PNGx"
    assert picture.headers["content-type"] == "image/png"


@pytest.mark.parametrize(
    ("request_", "status", "said"),
    [
        (("GET", "/devices/slat", {}), 404, "there are: slate, paper"),
        (("POST", "/devices/slat", do("write", text="")), 404, "there are: slate, paper"),
        (("GET", "/devices/slate/paper", {}), 404, "has no paper"),
        (("GET", "/devices/slat/history", {}), 404, "there are"),
        (("GET", "/devices/slate/history", {"params": {"after_ns": "x"}}), 422, "after_ns"),
        (("GET", "/devices/slate/history", {"params": {"within_s": 61}}), 422, "<= 60"),
        (("GET", "/devices/slate/history", {"params": {"within_s": "nan"}}), 422, "within_s"),
        (("GET", "/devices/slate/history", {"params": {"since": 1}}), 422, "since"),
        (
            ("POST", "/devices/slate", do("wriet", text="")),
            422,
            "did you mean 'write'? This device",
        ),
        (("POST", "/devices/slate", do("erase")), 422, "this device has: write, pull_cable"),
        (("POST", "/devices/slate", do("write")), 422, "it takes text"),
        (("POST", "/devices/slate", do("delay", ms="soon")), 422, "whole number"),
        (("POST", "/devices/slate", {"content": b"{"}), 400, "no JSON"),
        (("POST", "/devices/slate", {"content": b"{}"}), 422, "verb"),
        (
            ("POST", "/devices/slate", {"content": b'{"verb":"x","arguments":{"a":1}}'}),
            422,
            "$.arg",
        ),
        (("POST", "/devices/slate", {"content": b" " * (BODY_BYTES_MAX + 1)}), 413, "longer"),
    ],
)
def test_refusal_is_a_sentence(request_, status, said):
    """Goal: each wrong request has its own status and says what to do."""
    (answer,) = asked(request_)

    assert answer.status_code == status
    assert said in answer.json()["error"]


@pytest.mark.parametrize("token", ["", "a toke", "a token ", "another"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/devices"),
        ("GET", "/devices/slate"),
        ("POST", "/devices/slate"),
        ("GET", "/devices/paper/paper"),
        ("GET", "/devices/slate/history"),
    ],
)
def test_without_the_token_nothing_is_told(method, path, token):
    """Goal: other users of the machine reach loopback; they learn and do nothing."""
    (answer,) = asked((method, path, {}), token=token)

    assert answer.status_code == 401
    assert "slate" not in answer.text


def test_description_names_every_route_and_its_schemas_resolve():
    """Goal: the OpenAPI document is of this interface, and open without a token."""
    (answer,) = asked(("GET", "/openapi.json", {}), token="")
    document = answer.json()

    assert document == msgspec.json.decode(msgspec.json.encode(openapi()))
    served = {
        (route.path, method.lower())
        for route in application({}, token=TOKEN).routes
        for method in route.methods - {"HEAD"}
        if route.path != "/openapi.json"
    }
    described = {
        (path, method)
        for path, item in document["paths"].items()
        for method in item
        if method != "parameters"
    }
    assert described == served
    operations = [
        document["paths"][path][method]["operationId"] for path, method in sorted(described)
    ]
    assert len(set(operations)) == len(operations)
    names = set(document["components"]["schemas"])
    assert {"DeviceState", "Verb", "VerbHelp", "Event", "Refusal"} <= names
    for piece in answer.text.split('"#/components/schemas/')[1:]:
        assert piece.split('"')[0] in names


@pytest.mark.parametrize(
    ("method", "path", "keywords"),
    [
        ("GET", "/devices/none", {}),
        ("POST", "/devices/none", do("write", text="")),
        ("POST", "/devices/slate", {"content": b"{"}),
        ("POST", "/devices/slate", {"content": b"{}"}),
        ("POST", "/devices/slate", {"content": b" " * (BODY_BYTES_MAX + 1)}),
        ("GET", "/devices/none/paper", {}),
        ("GET", "/devices/slate/paper", {}),
        ("GET", "/devices/none/history", {}),
        ("GET", "/devices/slate/history", {"params": {"within_s": "x"}}),
    ],
)
def test_every_refusal_is_described(method, path, keywords):
    """Goal: a caller that was made from the document meets no status that it does not know."""
    (answer,) = asked((method, path, keywords))

    described = path.replace("slate", "{name}").replace("none", "{name}")
    answers = openapi()["paths"][described][method.lower()]["responses"]
    assert str(answer.status_code) in answers
    assert set(answer.json()) == {"error"}


@pytest.mark.system
async def test_real_server_answers_on_loopback_and_ends_while_somebody_is_connected():
    """Goal: the same over a real socket; a lingering caller holds up no end."""
    clock = SystemClock()
    devices = devices_of(clock, SeededEntropy(1))
    server = ControlServer(application(devices, token=TOKEN))
    url = await server.start()
    headers = {"authorization": f"Bearer {TOKEN}"}

    async with asyncio.timeout(20):
        async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as client:
            answer = await client.get("/devices")
            await server.stop()

    assert url.startswith("http://127.0.0.1:")
    assert len(answer.json()) == 2
