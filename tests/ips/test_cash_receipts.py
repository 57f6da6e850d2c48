"""Korean cash receipts from a till's journal to an agent and back: real broker, virtual agent, virtual time.

Issue 5 (4d): whatever is late, lost or doubled on the way, one sale has one receipt, one refund one
cancellation; nobody keeps the customer's number.
"""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import msgspec
import pytest

from ips.broker import Broker, Threads
from ips.cash_receipts.agent import HttpAgent
from ips.cash_receipts.outcomes import NotSent, Unknown
from ips.cash_receipts.records import RequestRow, of_order
from ips.cash_receipts.sender import WAITS_S
from ips.config import CashReceiptsConfig, Config, ConfigError, StoreConfig, load
from ips.console.cash_receipts import differing
from ips.documents import read_body
from ips.front.app import build_app
from ips.front.receipts import build_receipts_app
from ips.host import NoFaults
from ips.office import CodeMade, DocumentPublish, TerminalAdd, perform
from ips.rules import load_rules
from ips.store.audit import audit_chains, audit_ledger, audit_seals
from protocols.batch import CONTENT_TYPE
from protocols.cash_receipt_agent import Answer, Approved, Issue, open_number, seal_number
from protocols.documents import open_document, policy_of
from protocols.enrolment import EnrolmentAnswer
from protocols.facts import (
    AttemptClosed,
    AttemptOpened,
    CashReceiptAsked,
    Line,
    RefundClosed,
    SaleClosed,
    Tender,
    TenderChanged,
)
from protocols.hpke import SealError
from protocols.purse.suite import public_key, secret_from
from protocols.receipt_link import mint
from sim.cash_receipt_agent import CashReceiptAgent
from sim.stage.world.agent import AgentLine
from tests.support.broker_terminal import DATE, SeededEntropy, SetClock, Terminal

PHONE, SHOWN = "01012345678", "010****5678"
TOKEN = mint(SeededEntropy("link"))
STORES = {"main": StoreConfig(name_ko="세종점", business_number="123-45-67891")}


class Shop:
    """A broker with an agent, and one till's journal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = SetClock()
        self.agent = CashReceiptAgent(clock=self.clock)
        self.terminal = Terminal()
        self.sent = 0
        self.open()

    def open(self) -> None:
        """Start the broker, the first time or again."""
        agent = HttpAgent("http://agent.test", self.agent.token, AgentLine(self.agent))
        self.broker = Broker.open(
            Config(
                folder=str(self.folder / "b"),
                stores=STORES,
                cash_receipts=CashReceiptsConfig(agent="https://agent.test"),
            ),
            holder="test",
            clock=self.clock,
            entropy=SeededEntropy(),
            points=NoFaults(),
            threads=Threads.INLINE,
            rules=load_rules(),
            agent=agent,
        )
        transport = httpx.ASGITransport(app=build_app(self.broker))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://broker.test")

    def again(self) -> None:
        """The broker dies and is started again."""
        self.broker.close()
        self.open()

    async def enrol(self) -> None:
        made = await perform(self.broker, TerminalAdd(terminal="01", actor="park"))
        assert isinstance(made, CodeMade)
        request, key = self.terminal.enrolment(made.code)
        reply = await self.client.post("/v1/enrolments", content=msgspec.json.encode(request))
        answer = msgspec.json.decode(reply.content, type=EnrolmentAnswer)
        self.terminal.enrolled(answer, request, key)
        self.terminal.open_shift()

    async def send(self, first: int = 0) -> None:
        """Send what the till has written since, or all from a record on."""
        reply = await self.client.post(
            "/v1/batches",
            content=self.terminal.batch(first or self.sent + 1),
            headers={"content-type": CONTENT_TYPE},
        )
        assert reply.status_code == 200, reply.text
        self.sent = len(self.terminal.records)
        self.questions = [each["code"] for each in reply.json()["questions"]]

    def sell(self, sale: int, amount: int = 11_000, *, cash: int = 0, number: str = PHONE) -> str:
        """Sell for cash, wholly or in part; return the order."""
        order = f"main-01-{DATE}-{sale:04d}"
        cash = cash or amount
        key = self.broker.cash_receipt_key
        asked = CashReceiptAsked(
            purpose="income" if number else "self",
            shown=SHOWN if number else "010-000-1234",
            amount=cash,
            sealed=seal_number(number, shown=SHOWN, to=key, ephemeral=10**50 + sale) if number else b"",
        )  # fmt: skip
        tenders = [Tender(method="cash", attempt=f"{order}-a", amount=cash)]
        if cash < amount:
            tenders.append(Tender(method="exchange", attempt=f"{order}-b", amount=amount - cash))
        vat = amount - (amount * 100 + 55) // 110
        fact = SaleClosed(
            sale=sale, shift=1, lines=[line(amount)], total=amount, net=amount - vat, vat=vat,
            tenders=tenders, cash_receipt=asked, link=TOKEN if sale == 1 else "",
        )  # fmt: skip
        self.terminal.append(fact, amount=amount, attempt=f"{order}-a")
        return order

    def refund(self, sale: int, order: str, amount: int, method: str = "cash") -> None:
        key = f"main-01-{DATE}-{sale:04d}-a"
        vat = amount - (amount * 100 + 55) // 110
        fact = RefundClosed(
            sale=sale, shift=1, original=order, lines=[line(amount)], total=amount,
            net=amount - vat, vat=vat,
            tenders=[Tender(method=method, attempt=key, amount=amount)], reason="x",
        )  # fmt: skip
        self.terminal.append(fact, amount=amount, attempt=key)

    async def round(self, seconds: float = 0) -> int:
        """Let time pass, and the broker do what is due."""
        self.clock.move(seconds)
        assert self.broker.cash_receipts is not None
        return await self.broker.cash_receipts.round()

    def rows(self, order: str) -> list[RequestRow]:
        return of_order(self.broker.reader, order)

    def state(self, order: str) -> list[str]:
        return [row.state for row in self.rows(order)]


def line(amount: int) -> Line:
    return Line(
        sku="R1", name_ko="라면", name_en="Ramyeon", quantity=1000, unit_price=amount,
        amount=amount, group="grocery", original=1,
    )  # fmt: skip


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    shop = Shop(tmp_path)
    await shop.enrol()
    yield shop
    for audit in (audit_chains, audit_ledger, audit_seals):
        assert audit(shop.broker.reader).findings == []
    shop.broker.close()


async def test_a_receipt_is_asked_for_approved_and_its_number_forgotten(shop: Shop) -> None:
    order = shop.sell(1, 11_000)
    await shop.send()
    [row] = shop.rows(order)
    assert (row.state, row.amount, row.vat) == ("waiting", 11_000, 1_000)
    assert row.sealed and PHONE.encode() not in row.sealed

    assert await shop.round() == 1

    [row] = shop.rows(order)
    assert (row.state, row.approval, row.approved_on) == ("approved", "100000001", "20260417")
    assert row.sealed == b""
    assert shop.agent.asked == [f"{order}-cr"]
    assert await shop.round(86_400) == 0, "what is approved is asked for no more"


async def test_only_what_was_paid_in_cash_and_its_part_of_the_vat(shop: Shop) -> None:
    order = shop.sell(1, 11_000, cash=4_400)
    await shop.send()
    await shop.round()

    [row] = shop.rows(order)
    assert (row.amount, row.vat, row.state) == (4_400, 400, "approved")


async def test_nobodys_receipt_goes_out_under_the_tax_offices_own_number(shop: Shop) -> None:
    order = shop.sell(1, number="")
    await shop.send()
    await shop.round()

    assert shop.state(order) == ["approved"]


async def test_a_batch_that_comes_twice_asks_once(shop: Shop) -> None:
    order = shop.sell(1)
    await shop.send()
    await shop.round()
    await shop.send(first=1)
    await shop.round(86_400)

    assert shop.agent.asked == [f"{order}-cr"]


async def test_nobody_there_is_not_sent_and_tried_again_under_the_same_key(shop: Shop) -> None:
    """10 s, 30 s, 2 min ...: exactly then, and not just before."""
    order = shop.sell(1)
    await shop.send()
    shop.agent.do("down")
    await shop.round()
    assert shop.state(order) == ["waiting"] and "cannot be reached" in shop.rows(order)[0].reason
    for wait in WAITS_S[1:]:
        shop.clock.move(shop.rows(order)[0].due_ns / 1e9 - shop.clock.ns / 1e9 - 0.5)
        assert await shop.round() == 0
        assert await shop.round(1) == 1
        assert wait - 2 <= (shop.rows(order)[0].due_ns - shop.clock.ns) / 1e9 <= wait

    shop.agent.do("up")
    await shop.round(3_600)
    assert shop.state(order) == ["approved"] and shop.agent.asked == [f"{order}-cr"]


@pytest.mark.parametrize("fault", ["lose", "garble"])
async def test_an_answer_that_was_lost_is_asked_for_and_never_sent_again(
    shop: Shop, fault: str
) -> None:
    """Unknown is resolved by asking."""
    order = shop.sell(1)
    await shop.send()
    shop.agent.do(fault)
    await shop.round()
    assert shop.state(order) == ["asked"]

    await shop.round(10)

    assert shop.state(order) == ["approved"] and shop.agent.asked == [f"{order}-cr"]


async def test_a_request_that_never_arrived_is_sent_again(shop: Shop) -> None:
    """The agent knows nothing of the key: so nothing happened."""
    order = shop.sell(1)
    await shop.send()
    shop.agent.do("drop")
    await shop.round()
    assert shop.state(order) == ["asked"] and shop.agent.asked == []

    await shop.round(10)
    assert shop.state(order) == ["waiting"]
    await shop.round()

    assert shop.state(order) == ["approved"] and shop.agent.asked == [f"{order}-cr"]


async def test_a_broker_that_died_between_question_and_answer_asks_first(shop: Shop) -> None:
    """The intent is durable before the first byte: a restart finds it, and the agent has it once."""
    order = shop.sell(1)
    await shop.send()
    shop.agent.do("lose")
    await shop.round()
    shop.again()

    assert shop.state(order) == ["asked"]
    await shop.round(10)

    assert shop.state(order) == ["approved"] and shop.agent.asked == [f"{order}-cr"]


async def test_an_agent_that_takes_its_time(shop: Shop) -> None:
    order = shop.sell(1)
    await shop.send()
    shop.agent.do("hold")
    await shop.round()
    assert shop.state(order) == ["pending"]
    await shop.round(60)
    assert shop.state(order) == ["pending"]

    shop.agent.do("release")
    await shop.round(60)

    assert shop.state(order) == ["approved"] and shop.agent.asked == [f"{order}-cr"]


async def test_a_refusal_is_a_persons_to_look_at(shop: Shop) -> None:
    """The customer has paid and has no receipt: the work list says so."""
    order = shop.sell(1)
    await shop.send()
    shop.agent.do("refuse shop")
    await shop.round()

    [row] = shop.rows(order)
    assert (row.state, row.sealed) == ("refused", b"")
    asked = shop.broker.reader.questions("01", 1, 1, 99)
    assert [(each.code, each.about) for each in asked] == [("cash-receipt-refused", order)]


async def test_without_a_sealed_number_a_person_does_it(shop: Shop) -> None:
    """A till that had no key yet: told in the batch's answer, and nothing is sent."""
    order = f"main-01-{DATE}-0001"
    asked = CashReceiptAsked(purpose="income", shown=SHOWN, amount=11_000)
    fact = SaleClosed(
        sale=1, shift=1, lines=[line(11_000)], total=11_000, net=10_000, vat=1_000,
        tenders=[Tender(method="cash", attempt=f"{order}-a", amount=11_000)], cash_receipt=asked,
    )  # fmt: skip
    shop.terminal.append(fact, amount=11_000)
    await shop.send()

    assert shop.state(order) == ["by_hand"] and shop.questions == ["cash-receipt-by-hand"]
    assert await shop.round(86_400) == 0


async def test_a_number_sealed_for_another_is_a_persons(shop: Shop) -> None:
    order = shop.sell(1)
    shop.terminal.records.clear()
    shop.terminal.open_shift()
    stranger = public_key(secret_from(bytes(40)))
    asked = CashReceiptAsked(
        purpose="income",
        shown=SHOWN,
        amount=11_000,
        sealed=seal_number(PHONE, shown=SHOWN, to=stranger, ephemeral=5),
    )
    fact = SaleClosed(
        sale=1, shift=1, lines=[line(11_000)], total=11_000, net=10_000, vat=1_000,
        tenders=[Tender(method="cash", attempt=f"{order}-a", amount=11_000)], cash_receipt=asked,
    )  # fmt: skip
    shop.terminal.append(fact, amount=11_000)
    await shop.send()
    await shop.round()

    assert shop.state(order) == ["by_hand"] and shop.agent.asked == []


async def test_money_that_goes_back_cancels_by_the_originals_approval_and_date(shop: Shop) -> None:
    """In parts, up to what was issued; what went back another way than in cash cancels nothing."""
    order = shop.sell(1, 11_000)
    await shop.send()
    await shop.round()
    shop.clock.move(86_400)
    shop.refund(2, order, 4_400)
    shop.refund(3, order, 2_000, method="exchange")
    shop.refund(4, order, 6_600)
    shop.refund(5, order, 1_100)
    await shop.send()

    await shop.round()

    issue, *cancels = shop.rows(order)
    assert [(row.what, row.amount, row.vat, row.state) for row in cancels] == [
        ("cancel", 4_400, 400, "approved"),
        ("cancel", 6_600, 600, "approved"),
    ]
    assert issue.approved_on == "20260417" and cancels[0].approved_on == "20260418"
    assert len({issue.approval, *(row.approval for row in cancels)}) == 3
    assert shop.agent.look(issue.key) == Answer(
        key=issue.key, state="approved", approval=issue.approval, approved_on="20260417"
    )


async def test_a_cancellation_waits_for_its_receipt(shop: Shop) -> None:
    """Both come in one batch, the agent is away: never a cancellation without an approval to name."""
    order = shop.sell(1, 11_000)
    shop.refund(2, order, 11_000)
    await shop.send()
    shop.agent.do("down")
    await shop.round()
    assert shop.state(order) == ["waiting", "waiting"] and shop.agent.asked == []
    shop.agent.do("up")

    for _ in range(4):
        await shop.round(60)

    assert shop.state(order) == ["approved", "approved"]
    assert [key[-2:] for key in shop.agent.asked] == ["cr", "cx"]


async def test_a_cancellation_whose_answer_is_lost_happens_once(shop: Shop) -> None:
    order = shop.sell(1, 11_000)
    await shop.send()
    await shop.round()
    shop.refund(2, order, 4_400)
    await shop.send()
    shop.agent.do("lose")
    await shop.round()
    await shop.round(10)

    assert shop.state(order) == ["approved", "approved"]
    assert len(shop.agent.asked) == 2


async def test_a_refused_receipt_leaves_nothing_to_cancel(shop: Shop) -> None:
    order = shop.sell(1, 11_000)
    await shop.send()
    shop.agent.do("refuse number")
    await shop.round()
    shop.refund(2, order, 11_000)
    await shop.send()
    await shop.round()

    assert shop.state(order) == ["refused", "needless"] and len(shop.agent.asked) == 1


async def test_cash_that_is_changed_for_another_payment_is_cancelled(shop: Shop) -> None:
    order = shop.sell(1, 11_000)
    key = f"{order}-b"
    opened = AttemptOpened(sale=1, method="purse", amount=11_000)
    paid = AttemptClosed(sale=1, method="purse", outcome="approved", amount=11_000, reference="P")
    old = Tender(method="cash", attempt=f"{order}-a", amount=11_000)
    back = Tender(method="cash", attempt=f"{order}-c", amount=11_000, back_to=old.attempt)
    new = Tender(method="purse", attempt=key, amount=11_000, reference="P")
    changed = TenderChanged(sale=1, shift=1, original=order, tender=old, back=back, taken=[new])
    for fact in (opened, paid, changed):
        shop.terminal.append(fact, amount=11_000, attempt=key)
    await shop.send()
    await shop.round()
    await shop.round(86_400)

    assert [(row.what, row.amount) for row in shop.rows(order)] == [
        ("issue", 11_000),
        ("cancel", 11_000),
    ]


async def test_cash_that_comes_in_by_a_change_has_a_receipt_of_its_own(shop: Shop) -> None:
    """Part cash, part e-cash; the e-cash is changed for cash: goods that come back cancel both, in order."""
    order = shop.sell(1, 11_000, cash=5_500)
    old = Tender(method="exchange", attempt=f"{order}-b", amount=5_500)
    new = Tender(method="cash", attempt=f"{order}-c", amount=5_500)
    changed = TenderChanged(
        sale=1, shift=1, original=order, tender=old, taken=[new],
        back=Tender(method="exchange", attempt=f"{order}-d", amount=5_500, back_to=old.attempt),
        cash_receipt=CashReceiptAsked(purpose="self", shown="010-000-1234", amount=5_500),
    )  # fmt: skip
    shop.terminal.append(changed, amount=5_500, attempt=new.attempt)
    shop.refund(2, order, 8_800)
    await shop.send()
    await shop.send(first=1)
    await shop.round()
    await shop.round(86_400)

    rows = [(row.what, row.amount, row.vat, row.state) for row in shop.rows(order)]
    assert sorted(rows) == [
        ("cancel", 3_300, 300, "approved"),
        ("cancel", 5_500, 500, "approved"),
        ("issue", 5_500, 500, "approved"),
        ("issue", 5_500, 500, "approved"),
    ]


async def test_a_refund_that_comes_before_its_sale_is_entered_with_it(shop: Shop) -> None:
    """Another till took the goods back; its journal got here first."""
    order = f"main-01-{DATE}-0001"
    shop.refund(2, order, 4_400)
    await shop.send()
    assert shop.rows(order) == []
    assert shop.sell(1, 11_000) == order
    await shop.send()
    await shop.round()
    await shop.round(10)

    assert [(row.what, row.amount, row.state) for row in shop.rows(order)] == [
        ("issue", 11_000, "approved"),
        ("cancel", 4_400, "approved"),
    ]


async def test_the_approval_is_on_the_e_receipt(shop: Shop) -> None:
    """Before it: asked for, not approved yet; after a refund: what was cancelled, under which number."""
    order = shop.sell(1, 11_000)
    await shop.send()
    transport = httpx.ASGITransport(app=build_receipts_app(shop.broker))
    async with httpx.AsyncClient(transport=transport, base_url="http://r.test") as customer:
        before = (await customer.get(f"/r/{TOKEN}?lang=ko")).text
        await shop.round()
        approved = (await customer.get(f"/r/{TOKEN}?lang=ko")).text
        shop.refund(2, order, 4_400)
        await shop.send()
        await shop.round()
        returned = (await customer.get(f"/r/{TOKEN}?lang=ko")).text

    assert "국세청 승인 전" in before and SHOWN in before
    assert "승인번호 100000001" in approved and "승인 전" not in approved
    assert "현금영수증 취소" in returned and "승인번호 100000002" in returned
    assert PHONE not in before + approved + returned


async def test_the_number_is_in_no_row_and_no_log(shop: Shop) -> None:
    """Whoever reads the database, before the answer or after it, has the masked number alone."""
    shop.sell(1)
    await shop.send()
    await shop.round()

    dump = b"".join(path.read_bytes() for path in sorted((shop.folder / "b").rglob("*.sqlite*")))
    assert SHOWN.encode() in dump and PHONE.encode() not in dump
    issue = Issue(
        key="k", business_number="1", purpose="income", number=PHONE, amount=2, supply=1, vat=1,
        sold_on=DATE,
    )  # fmt: skip
    assert PHONE not in repr(issue)


async def test_a_policy_gets_the_key_that_tills_seal_for(shop: Shop, tmp_path: Path) -> None:
    """Nobody writes a key into a file: publishing the policy is enough."""
    file = tmp_path / "policy.toml"
    file.write_text("vat_percent = 10\n")
    body = read_body("policy", file)
    await perform(shop.broker, DocumentPublish(name="policy", body=body, actor="park"))

    row = shop.broker.reader.document("policy")
    assert row is not None
    policy = policy_of(open_document(row.signed, shop.broker.identity.public_key()))
    assert policy.cash_receipt_key == shop.broker.cash_receipt_key.hex()
    before = shop.broker.cash_receipt_key
    shop.again()
    assert shop.broker.cash_receipt_key == before


def test_a_sealed_number_opens_for_its_key_and_its_mask_alone() -> None:
    secret = secret_from(bytes(range(40)))
    sealed = seal_number(PHONE, shown=SHOWN, to=public_key(secret), ephemeral=7)

    assert open_number(sealed, shown=SHOWN, secret=secret) == PHONE
    for wrong in (lambda: open_number(sealed, shown="010****5679", secret=secret),
                  lambda: open_number(sealed, shown=SHOWN, secret=secret + 1),
                  lambda: open_number(sealed[:-1], shown=SHOWN, secret=secret),
                  lambda: open_number(b"", shown=SHOWN, secret=secret)):  # fmt: skip
        with pytest.raises(SealError):
            wrong()


Reply = Callable[[httpx.Request], httpx.Response]


def replying(status: int, body: bytes = b"") -> Reply:
    return lambda request: httpx.Response(status, content=body)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (replying(401), NotSent),
        (replying(403), NotSent),
        (replying(429), NotSent),
        (replying(400), Answer),
        (replying(409), Answer),
        (replying(500), Unknown),
        (replying(302), Unknown),
        (replying(200), Unknown),
        (replying(200, b"{}"), Unknown),
        (replying(200, b'{"key": "other", "state": "approved"}'), Unknown),
        (replying(200, b'{"key": "k", "state": "approved"}'), Unknown),
        (replying(200, b'{"key": "k", "state": "done"}'), Unknown),
        (replying(200, b'{"key": "k", "state": "refused", "code": "x"}'), Answer),
        (replying(200, b"\xff" * 70_000), Unknown),
    ],
)
async def test_whatever_an_agent_says_is_one_of_three_answers(reply: Reply, kind: type) -> None:
    agent = HttpAgent("http://a.test", "t", httpx.MockTransport(reply))
    issue = Issue(
        key="k", business_number="1", purpose="self", number="0100001234", amount=2, supply=1,
        vat=1, sold_on=DATE,
    )  # fmt: skip

    assert isinstance(await agent.issue(issue), kind)
    await agent.close()


async def test_a_day_is_compared_with_the_agents(shop: Shop) -> None:
    order = shop.sell(1)
    await shop.send()
    await shop.round()
    rows, day = shop.rows(order), shop.agent.day("20260417")

    assert differing(rows, day) == []
    other = Approved(key="x-cr", what="issue", approval="100000009", amount=5)
    assert differing(rows, msgspec.structs.replace(day, rows=[other])) == [
        [f"{order}-cr", "issue 11000 100000001", "-"],
        ["x-cr", "-", "issue 5 100000009"],
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('agent = "http://agent.example"', "is no https address"),
        ('agnt = "x"', "did you mean cash_receipts.agent"),
    ],
)
def test_a_wrong_agent_is_named(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "broker.toml"
    file.write_text(f"[cash_receipts]\n{text}\n")
    with pytest.raises(ConfigError, match=said):
        load(file)


def test_a_token_that_cannot_be_read_is_named() -> None:
    with pytest.raises(ConfigError, match=r"cash_receipts\.token_file: cannot read /nowhere"):
        CashReceiptsConfig(agent="https://a", token_file="/nowhere").token()
