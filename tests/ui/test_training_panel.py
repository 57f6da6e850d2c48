"""The training panel: goods to scan and things to break, as the equipment itself offers them."""

from dataclasses import replace

import httpx
import msgspec
import pytest

from pos.control_client import BenchRefusesError, BenchSilentError, ControlClient
from pos.messages import notice
from pos.ui.training import Act, Section, TrainingPage
from protocols.control import DeviceState, Endpoint, Verb, VerbHelp
from tests.ui.bench_twin import PRINTER, BenchTwin
from tests.ui.scripted_till import ScriptedTill, counter_of, empty_view
from tests.ui.stage import on_stage

ENDPOINT = Endpoint(url="http://127.0.0.1:1", token="t0ken", devices={})


async def test_first_page_names_the_goods_and_every_device() -> None:
    """Four hundred goods stand behind one digit, so that what can be broken is one page away."""
    bench = BenchTwin()
    async with on_stage(counter_of(ScriptedTill(empty_view()), bench)) as stage:
        await stage.press("ctrl+t")
        await stage.shows("1 상품 읽기", "2 프린터", "3 스캐너")

        assert "서울우유" not in stage.text()
        assert "용지 빼기" not in stage.text()


async def test_digit_scans_an_item_on_the_virtual_scanner() -> None:
    """The first section is the goods: one digit holds one under the scanner."""
    bench = BenchTwin()
    async with on_stage(counter_of(ScriptedTill(empty_view()), bench)) as stage:
        await stage.press("ctrl+t")
        await stage.shows("1 상품 읽기")
        await stage.press("1")
        await stage.shows("1 서울우유 1L")
        await stage.press("1")
        await stage.until(lambda: bool(bench.asked))

        expected = Verb(verb="scan", arguments={"code": "8801115114154"})
        assert bench.asked == [("scanner", expected)]


async def test_verb_of_a_device_is_done_and_said() -> None:
    """Whatever verbs a device describes can be chosen; the section stays open for the next."""
    bench = BenchTwin()
    async with on_stage(counter_of(ScriptedTill(empty_view("en")), bench)) as stage:
        await stage.press("ctrl+t")
        await stage.shows("2 Printer")
        await stage.press("2")
        await stage.shows("1 Take the paper out", "2 Put paper in")
        await stage.press("1")
        await stage.shows("Take the paper out OK", "2 Put paper in")

        assert bench.asked == [("printer", Verb(verb="paper_out"))]


async def test_escape_goes_back_one_page_at_a_time() -> None:
    """From the question to the section, to the first page, to the sale."""
    async with on_stage(counter_of(ScriptedTill(empty_view("en")), BenchTwin())) as stage:
        await stage.press("ctrl+t")
        await stage.shows("3 Scanner")
        await stage.press("3")
        await stage.shows("2 Scan a code")
        await stage.press("2")
        await stage.shows("code>")
        await stage.press("escape")
        await stage.shows("2 Scan a code", "INPUT>")
        await stage.press("escape")
        await stage.shows("3 Scanner")
        await stage.press("escape")

        assert stage.screen.desk.training is None


async def test_verb_with_an_argument_asks_for_it_in_the_entry_line() -> None:
    """A value is keyed where everything is keyed; such verbs stand after those of one digit."""
    bench = BenchTwin()
    async with on_stage(counter_of(ScriptedTill(empty_view("en")), bench)) as stage:
        await stage.press("ctrl+t")
        await stage.shows("3 Scanner")
        await stage.press("3")
        await stage.shows("1 Go mute", "2 Scan a code")
        await stage.press("2")
        await stage.shows("code>", "digits of the code")
        await stage.press("4", "2", "enter")
        await stage.until(lambda: bool(bench.asked))

        assert bench.asked == [("scanner", Verb(verb="scan", arguments={"code": "42"}))]


async def test_refused_argument_is_said_in_the_words_of_the_equipment() -> None:
    """A wrong value is no silence: the sentence says what would be right."""
    bench = BenchTwin()
    async with on_stage(counter_of(ScriptedTill(empty_view("en")), bench)) as stage:
        await stage.press("ctrl+t")
        await stage.shows("2 Printer")
        await stage.press("2")
        await stage.shows("4 Send garbage")
        await stage.press("4")
        await stage.shows("Send garbage>")
        await stage.press("x", "enter")
        await stage.shows("The virtual equipment cannot do this: babble: bytes is 1 to 4096")

        assert bench.asked == []


async def test_silent_equipment_is_said_and_selling_goes_on() -> None:
    """The bench is no part of selling."""
    till = ScriptedTill(empty_view("en"))
    async with on_stage(counter_of(till, BenchTwin(silent=True))) as stage:
        await stage.press("ctrl+t")
        await stage.shows(
            "The virtual equipment does not answer (no answer)", "No virtual equipment"
        )
        await stage.press("ctrl+t")
        await stage.scan("8801115114154")

        await stage.shows("Seoul Milk 1L")


async def test_client_sends_the_token_and_reads_the_devices() -> None:
    """Other users of the machine can reach loopback: every call carries the token."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        body = [PRINTER] if request.method == "GET" else PRINTER
        return httpx.Response(200, content=msgspec.json.encode(body))

    client = ControlClient(ENDPOINT, transport=httpx.MockTransport(answer))
    assert await client.devices() == [PRINTER]
    assert await client.perform("printer", Verb(verb="paper_out")) == PRINTER
    await client.close()

    assert [r.headers["authorization"] for r in seen] == ["Bearer t0ken"] * 2
    assert [r.url.path for r in seen] == ["/devices", "/devices/printer"]
    assert msgspec.json.decode(seen[1].content) == {"verb": "paper_out", "arguments": {}}


async def test_client_passes_on_why_the_equipment_refuses() -> None:
    """The bench's own sentence reaches the clerk."""
    refusal = httpx.Response(422, json={"error": "delay: ms is 0 to 3600000"})
    client = ControlClient(ENDPOINT, transport=httpx.MockTransport(lambda _: refusal))
    with pytest.raises(BenchRefusesError, match="ms is 0 to 3600000"):
        await client.perform("printer", Verb(verb="delay", arguments={"ms": "x"}))
    await client.close()


@pytest.mark.parametrize(
    ("response", "says"),
    [
        (httpx.Response(401), "401 Unauthorized"),
        (httpx.Response(200, content=b"<html>"), "answer not understood"),
        (httpx.Response(200, content=b" " * 4_000_001), "answer too long"),
    ],
)
async def test_client_says_what_is_wrong_with_an_answer(
    response: httpx.Response, says: str
) -> None:
    """One short sentence for the clerk, never a traceback."""
    client = ControlClient(ENDPOINT, transport=httpx.MockTransport(lambda _: response))
    with pytest.raises(BenchSilentError, match=says):
        await client.devices()
    await client.close()


async def test_client_says_that_nobody_listens() -> None:
    """The bench may have ended; the counter has not."""
    client = ControlClient(ENDPOINT)
    with pytest.raises(BenchSilentError, match="ConnectError"):
        await client.devices()
    await client.close()


async def test_what_can_be_listed_is_chosen_with_one_digit() -> None:
    """A card is put in by its name on the list; nothing is typed under a Hangul keyboard."""
    slot = DeviceState(
        name="customer",
        device="smart_card",
        address="pcsc://IPS customer",
        verbs=[
            VerbHelp(
                name="insert",
                label_ko="카드 넣기",
                label_en="Insert a card",
                arguments={"card": "which"},
                choices={"card": ["customer", "short"]},
            ),
            VerbHelp(name="remove", label_ko="카드 빼기", label_en="Remove the card"),
        ],
        state={},
    )
    page = TrainingPage(devices=(slot,), answered=True, section=Section("customer"))

    titles = [page.title(choice, "ko") for choice in page.shown()]

    assert titles == ["카드 넣기: customer", "카드 넣기: short", "카드 빼기"]
    chosen = page.shown()[1]
    assert isinstance(chosen, Act) and chosen.verb().arguments == {"card": "short"}


@pytest.mark.parametrize(
    ("language", "prompt"), [("ko", " 쓰레기 보내기> 7"), ("en", " Send garbage> 7")]
)
async def test_what_a_verb_wants_is_asked_for_in_the_words_of_the_clerk(language, prompt) -> None:
    """The keys that help are those of the question, not of the message that stood there before."""
    view = replace(empty_view(language), notice=notice("PUR-19", language))
    async with on_stage(counter_of(ScriptedTill(view), BenchTwin())) as stage:
        await stage.press("ctrl+t", "2")
        await stage.shows("4 쓰레기" if language == "ko" else "4 Send garbage")
        await stage.press("4")
        await stage.shows(prompt.removesuffix("7"))
        await stage.press("7")
        await stage.shows(prompt)
        entry = next(line for line in stage.grid() if prompt in line)
        assert "Enter" in entry and "F9" not in entry and "F12" not in entry


async def test_keys_of_a_message_are_told_where_they_do_something() -> None:
    """F9 and F12 mean nothing in the panel, nor in a form; Esc leaves it, and they are told again."""
    view = replace(empty_view("en"), notice=notice("PUR-19", "en"))
    async with on_stage(counter_of(ScriptedTill(view), BenchTwin())) as stage:
        await stage.shows("F12 cash")
        await stage.press("ctrl+t")
        await stage.shows("2 Printer")
        assert "F12 cash" not in stage.text()
        await stage.press("escape", "f6")
        await stage.until(lambda: "F12 cash" not in stage.text())
        await stage.press("escape")
        await stage.shows("F12 cash")
