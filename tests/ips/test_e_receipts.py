"""E-receipts over HTTP: real store, real rules, ASGI instead of a socket.

Issue 5 (4e): by link or QR, served by the broker; before the record is there, after goods came back,
in both languages, and nothing to be learnt from what is not there.
"""

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest

from ips.broker import Broker, Threads
from ips.config import Config, ConfigError, ReceiptsConfig, StoreConfig, load
from ips.documents import read_body
from ips.e_receipts import DAY_NS, FORGOTTEN_MAX, ForgetLinks
from ips.front.app import build_app
from ips.front.receipts import BURST, RETRY_SECONDS, build_receipts_app, language_of
from ips.host import NoFaults
from ips.office import CodeMade, DocumentPublish, TerminalAdd, perform
from ips.rules import load_rules
from protocols.batch import CONTENT_TYPE
from protocols.enrolment import EnrolmentAnswer
from protocols.facts import Line, RefundClosed, Tender
from protocols.receipt_link import mint
from tests.support.broker_terminal import SeededEntropy, SetClock, Terminal
from tests.support.staff import write_staff

TOKEN = mint(SeededEntropy("token"))
OTHER = mint(SeededEntropy("other"))
STORES = {
    "main": StoreConfig(
        name_ko="세종점", name_en="Sejong", business_number="123-45-67890", telephone="044-1"
    )
}


class Shop:
    """A broker, one till's journal, and a customer with a browser."""

    def __init__(self, broker: Broker, clock: SetClock, tills: httpx.AsyncClient) -> None:
        self.broker, self.clock, self.tills = broker, clock, tills
        self.terminal = Terminal()
        self.sent = 0
        self.customers = self.door()

    def door(self, host: str = "203.0.113.7") -> httpx.AsyncClient:
        transport = httpx.ASGITransport(
            app=build_receipts_app(self.broker), client=(host, 50_000), raise_app_exceptions=False
        )
        return httpx.AsyncClient(transport=transport, base_url="http://receipts.test")

    async def enrol(self) -> None:
        made = await perform(self.broker, TerminalAdd(terminal="01", actor="park"))
        assert isinstance(made, CodeMade)
        request, key = self.terminal.enrolment(made.code)
        reply = await self.tills.post("/v1/enrolments", content=msgspec.json.encode(request))
        self.terminal.enrolled(
            msgspec.json.decode(reply.content, type=EnrolmentAnswer), request, key
        )
        self.terminal.open_shift()

    async def send(self) -> None:
        """Send what the till has written since."""
        reply = await self.tills.post(
            "/v1/batches",
            content=self.terminal.batch(self.sent + 1),
            headers={"content-type": CONTENT_TYPE},
        )
        assert reply.status_code == 200, reply.text
        self.sent = len(self.terminal.records)

    async def read(self, token: str = TOKEN, language: str = "ko") -> httpx.Response:
        return await self.customers.get(f"/r/{token}", headers={"accept-language": language})


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    clock = SetClock()
    config = Config(
        folder=str(tmp_path / "b"), stores=STORES, receipts=ReceiptsConfig(keep_days=30)
    )
    broker = Broker.open(
        config,
        holder="test",
        clock=clock,
        entropy=SeededEntropy(),
        points=NoFaults(),
        threads=Threads.INLINE,
        rules=load_rules(),
    )
    transport = httpx.ASGITransport(app=build_app(broker))
    async with httpx.AsyncClient(transport=transport, base_url="http://broker.test") as tills:
        shop = Shop(broker, clock, tills)
        await shop.enrol()
        yield shop
        await shop.customers.aclose()
    broker.close()


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def refund(sale: int, order: str, amount: int) -> RefundClosed:
    """Part of sale 1, or all of it, comes back."""
    line = Line(
        sku="R1", name_ko="라면", name_en="Ramyeon", quantity=1000, unit_price=amount, amount=amount,
        group="grocery", original=1,
    )  # fmt: skip
    net = (amount * 100 + 55) // 110
    key = f"main-01-20260417-{sale:04d}-a"
    return RefundClosed(
        sale=sale, shift=1, original=order, lines=[line], total=amount, net=net, vat=amount - net,
        tenders=[Tender(method="cash", attempt=key, amount=amount)], reason="상한 상품",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ko", ["세종점", "라면", "합계", "11,000원", "현금", "사업자번호 123-45-67890"]),
        ("en-GB,en;q=0.9", ["Sejong", "Ramyeon", "TOTAL", "₩11,000", "Cash", "Tel 044-1"]),
    ],
)
async def test_the_page_is_the_receipt(shop: Shop, language: str, words: list[str]) -> None:
    """As on paper, in the browser's language."""
    shop.terminal.sell(1, 11_000, link=TOKEN)
    await shop.send()

    page = await shop.read(language=language)

    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for word in words:
        assert word in page.text
    assert f'<html lang="{language[:2]}">' in page.text
    assert "main-01-20260417-0001-a" in page.text, "the key by which goods come back"
    assert TOKEN not in page.text, "a page that is shown to somebody gives no link away"


async def test_the_page_runs_nothing_fetches_nothing_and_is_kept_nowhere(shop: Shop) -> None:
    """The policy names one style by its hash, and that is the page's."""
    shop.terminal.sell(1, link=TOKEN)
    await shop.send()

    for page in (await shop.read(), await shop.read(OTHER)):
        policy = page.headers["content-security-policy"]
        [style] = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"style-src 'sha256-{digest}'" in policy
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert " style=" not in page.text and "<script" not in page.text
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["x-robots-tag"] == "noindex, nofollow"


async def test_before_the_record_is_here_the_page_says_so(shop: Shop) -> None:
    """The till is without a line: not here yet, try later; and a minute later it is there."""
    shop.terminal.sell(1, link=TOKEN)

    korean, english = await shop.read(), await shop.read(language="en")

    assert korean.status_code == english.status_code == 404
    assert "아직 여기에 없습니다" in korean.text and "not here yet" in english.text
    assert korean.headers["retry-after"] == str(RETRY_SECONDS)

    await shop.send()
    assert (await shop.read()).status_code == 200


async def test_wrong_old_and_not_yet_are_one_answer(shop: Shop) -> None:
    """Byte for byte, header for header: nothing is learnt by asking."""
    shop.terminal.sell(1, link=TOKEN)
    await shop.send()
    wrong = await shop.read(OTHER)
    shop.clock.move(30 * 86_400)
    assert (await shop.read()).status_code == 200, "the last moment of its 30 days"
    shop.clock.ns += 1

    old = await shop.read()
    malformed = await shop.read("..%2f..%2fetc%2fpasswd")
    elsewhere = await shop.customers.get("/v1/health", headers={"accept-language": "ko"})
    post = await shop.customers.post(f"/r/{TOKEN}", headers={"accept-language": "ko"})

    for answer in (old, malformed, elsewhere, post):
        assert (answer.status_code, answer.content) == (404, wrong.content)
        assert dict(answer.headers) == dict(wrong.headers)


async def test_old_links_are_forgotten_and_records_are_not(shop: Shop) -> None:
    """`receipts.keep_days`; so many at a time, the oldest first."""
    shop.terminal.sell(1, link=TOKEN)
    await shop.send()
    shop.clock.move(1)
    shop.terminal.sell(2, link=OTHER)
    await shop.send()
    assert FORGOTTEN_MAX > 1

    await shop.broker.writer.run(ForgetLinks(before_ns=shop.clock.ns))

    assert shop.broker.reader.ask("SELECT count(*) FROM receipt_link") == [(1,)]
    assert (await shop.read()).status_code == 404
    assert (await shop.read(OTHER)).status_code == 200
    assert len(shop.broker.reader.records("01", 1, 1, 9)) == 3
    assert shop.broker.config.receipts.keep_days * DAY_NS == 30 * 86_400 * 10**9


async def test_what_became_of_the_sale_stands_on_it(shop: Shop) -> None:
    """Part of it came back, then all of it: said before the goods, with each refund below."""
    key = shop.terminal.sell(1, 11_000, link=TOKEN)
    order = key.rpartition("-")[0]
    await shop.send()
    shop.terminal.append(refund(2, order, 4_000), amount=4_000, attempt="main-01-20260417-0002-a")
    await shop.send()

    page = await shop.read()

    text = re.sub(r"<[^>]+>", " ", page.text)
    assert "4,000원 반품" in text and re.search(r"남은 금액\s+7,000원", text)
    assert text.index("4,000원 반품") < text.index("합계")
    assert "환불 0002" in text and re.search(r"현금 환불\s+4,000", text)

    shop.terminal.append(refund(3, order, 7_000), amount=7_000, attempt="main-01-20260417-0003-a")
    await shop.send()
    page = await shop.read(language="en")
    assert "Everything came back" in page.text and "Refund 0003" in page.text


async def test_the_same_token_again_opens_what_it_opened(shop: Shop) -> None:
    """Nobody can turn a link that is out on another sale."""
    shop.terminal.sell(1, 11_000, link=TOKEN)
    await shop.send()
    shop.terminal.sell(2, 22_000, link=TOKEN)
    await shop.send()

    page = await shop.read()

    assert "11,000원" in page.text and "22,000" not in page.text


async def test_a_batch_that_comes_twice_changes_nothing(shop: Shop) -> None:
    shop.terminal.sell(1, link=TOKEN)
    await shop.send()
    before = (await shop.read()).content
    shop.clock.move(10)
    shop.sent = 0
    await shop.send()

    assert (await shop.read()).content == before
    assert shop.broker.reader.ask("SELECT count(*) FROM receipt_link") == [(1,)]


async def test_plain_text_and_the_other_language(shop: Shop) -> None:
    """`.txt` for a mail; `?lang=` for somebody whose browser speaks another language."""
    shop.terminal.sell(1, link=TOKEN)
    await shop.send()

    plain = await shop.read(f"{TOKEN}.txt", language="en")
    asked = await shop.customers.get(f"/r/{TOKEN}?lang=en", headers={"accept-language": "ko"})

    assert plain.headers["content-type"] == "text/plain; charset=utf-8"
    assert "Ramyeon" in plain.text and "<" not in plain.text
    assert "Ramyeon" in asked.text and 'href="?lang=ko"' in asked.text


async def test_names_and_footer_are_those_of_the_documents(shop: Shop, tmp_path: Path) -> None:
    """The footer of the policy; who sold by name, where there is a staff list."""
    shop.terminal.actor = "7"
    shop.terminal.sell(1, link=TOKEN)
    await shop.send()
    assert "담당 7" in (await shop.read()).text
    footer = 'receipt_footer_ko = "교환은 30일 이내"\nreceipt_link = "https://r.test"'
    policy = write(tmp_path / "policy.toml", footer)
    staff = write_staff(tmp_path / "staff.json")
    for name, file in (("policy", policy), ("staff", staff)):
        body = read_body(name, file)
        await perform(shop.broker, DocumentPublish(name=name, body=body, actor="park"))

    page = await shop.read()

    assert "교환은 30일 이내" in page.text and "담당 김영희" in page.text
    assert "r.test" not in page.text


async def test_too_many_requests_of_one_address_wait(shop: Shop) -> None:
    """And another address is served all the same."""
    shop.terminal.sell(1, link=TOKEN)
    await shop.send()

    codes = [(await shop.read()).status_code for _ in range(BURST + 1)]
    busy = await shop.read()

    assert codes == [200] * BURST + [429]
    assert "요청이 너무 많습니다" in busy.text and busy.headers["retry-after"] == "1"
    shop.clock.move(1)
    assert (await shop.read()).status_code == 200


async def test_a_database_that_cannot_answer_is_told(shop: Shop) -> None:
    shop.terminal.sell(1, link=TOKEN)
    await shop.send()
    shop.broker.reader.close()

    page = await shop.read()

    assert page.status_code == 503 and "그대로 있습니다" in page.text


async def test_other_stores_and_other_monies(shop: Shop) -> None:
    """A store that the configuration has lost still has its receipts."""
    shop.terminal.sell(1, link=TOKEN)
    await shop.send()
    shop.broker.config = replace_stores(shop.broker.config)

    page = await shop.read(language="fr")

    assert page.status_code == 200 and '<html lang="en">' in page.text
    assert "Intermarket" in page.text and "₩11,000" in page.text


def replace_stores(config: Config) -> Config:
    return msgspec.structs.replace(config, stores={"b": StoreConfig(currency="USD")})


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "ko"),
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("en-US,en;q=0.9,ko;q=0.8", "en"),
        ("fr;q=1,en;q=0.2,ko;q=0.3", "ko"),
        ("fr", "ko"),
        ("en;q=0", "ko"),
        ("en;q=x,;;,=,en;", "en"),
        ("EN", "en"),
        ("x," * 5_000 + "en", "ko"),
    ],
)
def test_language_of_a_browser(header: str, language: str) -> None:
    assert language_of(header, "ko") == language


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('listen = "8601"', "receipts.listen: '8601' is not HOST:PORT"),
        ('listn = "127.0.0.1:1"', "receipts.listn is not known; did you mean receipts.listen"),
        ("keep_days = 0", "receipts.keep_days is 1 to"),
        ("keep_days = 36501", "receipts.keep_days is 1 to"),
    ],
)
def test_a_wrong_key_is_named(tmp_path: Path, text: str, said: str) -> None:
    """Before anything is served: which key, and what to write."""
    with pytest.raises(ConfigError, match=re.escape(said)):
        load(write(tmp_path / "broker.toml", f"[receipts]\n{text}\n"))


def test_there_is_no_door_until_one_is_named(tmp_path: Path) -> None:
    assert Config().receipts_address() is None
    file = write(tmp_path / "broker.toml", '[receipts]\nlisten = "[::1]:8601"\n')
    assert load(file).receipts_address() == ("::1", 8601)
