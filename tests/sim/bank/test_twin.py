"""A bank behind a line: sign-on, codes, pieces, garbage; answers late, lost, doubled, crossed, after
the reversal. On memory and on TCP."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.bus.tcp import BUS
from protocols.address import parse_address
from protocols.control import Verb
from protocols.iso8583.framing import Header
from protocols.iso8583.mac import MacAlgorithm
from protocols.iso8583.message import Message
from protocols.iso8583.specs import SPECS
from protocols.serial_line import LineSettings
from sim.bank.twin import BankTwin
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from sim.host import SystemClock
from sim.hosting.hosted import Hosted
from sim.hosting.memory import MemoryCarrier
from sim.hosting.tcp import TcpCarrier
from sim.twin import Dialled, Twin, VerbError
from sim.wire import Wire
from tests.support import bank as b


class Talk:
    """A line with somebody signed on."""

    def __init__(self, **options) -> None:
        self.twin = BankTwin(clock=VirtualClock(), **options)
        self.line = b.Line()
        self.asks = b.Asks()
        self.now = 1_000

    def dial(self):
        self.twin.opened(self.now)
        self.line = b.Line()
        assert self.say(b.SIGN_ON)[0].text(39) == "00"
        return self

    def say(self, *messages, pieces: int = 0):
        data = b"".join(map(self.line.write, messages))
        size = pieces or len(data)
        for start in range(0, len(data), size):
            self.twin.receive(data[start : start + size], self.now)
        return self.heard()

    def heard(self):
        return self.line.read(self.twin.outgoing())

    def do(self, verb: str, **arguments: str) -> None:
        self.twin.do(Verb(verb=verb, arguments=arguments), self.now)

    def sale(self, amount: int = 1_000):
        return self.asks.ask(pan=b.CREDIT, amount=amount)

    def words(self):
        return [event.what for event in self.twin.history]


def codes(messages):
    return [(m.mti, m.text(39)) for m in messages]


def test_it_is_a_twin_that_is_dialled():
    twin = Talk().twin
    assert isinstance(twin, Twin) and isinstance(twin, Dialled)


def test_byte_at_a_time_as_all_at_once():
    whole, slow = Talk().dial(), Talk().dial()
    messages = [whole.sale() for _ in range(3)]
    assert (
        codes(whole.say(*messages)) == codes(slow.say(*messages, pieces=1)) == [("0210", "00")] * 3
    )


def test_before_sign_on_everything_is_refused():
    talk = Talk()
    talk.twin.opened(0)
    assert codes(talk.say(talk.sale())) == [("0210", "96")]
    talk.dial()
    assert codes(talk.say(talk.sale())) == [("0210", "00")]
    talk.dial().twin.opened(0)
    assert codes(talk.say(talk.sale())) == [("0210", "96")], "a new line, a new sign-on"


def test_a_wrong_code_and_garbage_are_met_with_silence():
    talk = Talk().dial()
    talk.line.key = bytes(16)
    assert talk.say(talk.sale()) == []
    talk.twin.receive(b"\xff\xff\xff", talk.now)
    talk.line.key = b.Line().key
    assert talk.say(talk.sale()) == [] and "out_of_step" in talk.words()
    assert codes(talk.dial().say(talk.sale())) == [("0210", "00")]


def test_answers_late_exactly():
    talk = Talk().dial()
    talk.do("delay", ms="30000")
    assert talk.say(talk.sale()) == []
    due = talk.twin.deadline_ns
    assert due == talk.now + 30_000 * 10**6
    talk.twin.tick(due - 1)
    assert talk.heard() == []
    talk.twin.tick(due)
    assert codes(talk.heard()) == [("0210", "00")]


def test_lost_doubled_crossed_and_unheard():
    talk = Talk().dial()
    talk.do("lose_answers", count="1")
    first = talk.sale()
    assert talk.say(first) == [] and codes(talk.say(first)) == [("0210", "00")]
    talk.do("double_answers", count="1")
    assert len(talk.say(talk.sale())) == 2
    talk.do("cross_answers")
    one, two = talk.sale(1_111), talk.sale(2_222)
    assert talk.say(one) == []
    assert [m.text(4) for m in talk.say(two)] == [f"{2222:012d}", f"{1111:012d}"]
    talk.do("lose_requests", count="1")
    assert talk.say(talk.sale()) == [] and len(talk.say(talk.sale())) == 1


def test_an_answer_after_its_reversal():
    talk = Talk().dial()
    talk.do("answer_after_reversal", count="1")
    sale = talk.sale()
    assert talk.say(sale) == []
    assert codes(talk.say(talk.asks.undo(sale))) == [("0430", "00"), ("0210", "00")]
    assert talk.twin.host.books.balance("hanbit", "shop/S01", "KRW") == 0


def test_a_card_reported_and_an_issuer_away():
    talk = Talk().dial()
    talk.do("report_card", card="0011", status="stolen")
    assert codes(talk.say(talk.sale())) == [("0210", "43")]
    talk.do("report_card", card=b.CREDIT, status="good")
    talk.do("issuer_away", bank="doori")
    assert codes(talk.say(talk.sale())) == [("0210", "91")]
    talk.do("issuer_back", bank="doori")
    talk.do("decline", code="05")
    assert codes(talk.say(talk.sale(), talk.sale())) == [("0210", "05"), ("0210", "00")]
    talk.do("restart")
    assert codes(talk.say(talk.sale())) == [("0210", "96")]


@pytest.mark.parametrize(
    ("verb", "arguments", "says"),
    [
        ("declne", {}, "did you mean 'decline'"),
        ("decline", {}, "it takes code"),
        ("decline", {"code": "123"}, "two letters"),
        ("delay", {"ms": "-1"}, "whole number"),
        ("lose_answers", {"count": "0"}, "1 to"),
        ("issuer_away", {"bank": "x"}, "there are hanbit"),
        ("report_card", {"card": "0000", "status": "lost"}, "0 cards end so"),
        ("report_card", {"card": b.CREDIT, "status": "eaten"}, "status is one of"),
        ("forget_pins", {"card": "1"}, "give a whole number"),
    ],
)
def test_a_wrong_verb_says_what_there_is(verb, arguments, says):
    with pytest.raises(VerbError, match=says):
        Talk().do(verb, **arguments)


def test_nothing_secret_in_state_and_history():
    talk = Talk().dial()
    pin = {f"f{n}": v for n, v in b.pin_of("1234", b.DEBIT).items()}
    talk.say(talk.asks.ask(**pin))
    talk.do("report_card", card=b.CREDIT, status="lost")
    shown = f"{talk.twin.state()} {talk.twin.history}"
    for secret in (b.DEBIT, b.CREDIT, b.ACCOUNT, pin["f110"]):
        assert secret not in shown
    assert talk.twin.state()["objections"] == []


@given(st.lists(st.binary(max_size=60), max_size=5))
@settings(max_examples=60, deadline=None)
def test_whatever_comes_it_lives(pieces):
    talk = Talk()
    talk.twin.opened(0)
    for piece in pieces:
        talk.twin.receive(piece, talk.now)
        talk.twin.outgoing()
    assert codes(talk.dial().say(talk.sale())) == [("0210", "00")]


@pytest.mark.parametrize(("spec", "mac"), [("ascii", "cmac"), ("binary", "retail")])
def test_both_variants_and_lengths(spec, mac):
    talk = Talk(spec=spec, mac=MacAlgorithm(mac), header=Header.DIGITS)
    talk.twin.opened(0)
    line = b.Line(header=Header.DIGITS, mac=MacAlgorithm(mac))
    line.spec = SPECS[spec]
    talk.line = line
    assert codes(talk.say(b.SIGN_ON, talk.sale())) == [("0810", "00"), ("0210", "00")]


def test_an_unknown_bank_or_variant():
    with pytest.raises(ValueError, match="no such bank"):
        Talk(bank="sesame")


class Dialler:
    """Whoever is at the other end of a link."""

    def __init__(self, link) -> None:
        self.line, self.messages, self.lost = b.Line(), [], ""
        self.link = link
        link.attach(lambda data: self.messages.extend(self.line.read(data)), self._lost)

    def _lost(self, reason: str) -> None:
        self.lost = reason

    async def ask(self, message, count: int = 1):
        self.messages.clear()
        self.link.write(self.line.write(message))
        async with asyncio.timeout(10):
            while len(self.messages) < count:
                await asyncio.sleep(0.001)
        return codes(self.messages)


def hosted(carrier, clock) -> Hosted:
    twin = BankTwin(clock=clock)
    return Hosted(
        name="bank",
        twin=twin,
        carrier=carrier,
        wire=Wire(SeededEntropy(1), line=LineSettings()),
        clock=clock,
    )


def test_on_memory_cut_and_dialled_again():
    async def story(clock, entropy):
        carrier = MemoryCarrier("bank")
        served = hosted(carrier, clock)
        await served.start()
        asks = b.Asks()
        first = Dialler(carrier.dial())
        assert await first.ask(b.SIGN_ON) == [("0810", "00")]
        await served.do(Verb(verb="pull_cable", arguments={}))
        await asyncio.sleep(0.1)
        assert first.lost
        await served.do(Verb(verb="plug_cable", arguments={}))
        second = Dialler(carrier.dial())
        assert await second.ask(asks.ask(pan=b.CREDIT)) == [("0210", "96")]
        assert await second.ask(b.SIGN_ON) == [("0810", "00")]
        assert await second.ask(asks.ask(pan=b.CREDIT)) == [("0210", "00")]
        await served.stop()

    run(story)


async def test_on_tcp():
    clock = SystemClock()
    served = hosted(TcpCarrier(), clock)
    await served.start()
    address = parse_address(served.address)
    link = await BUS.open(address, deadline_ns=clock.monotonic_ns() + 5 * 10**9)
    dialled = Dialler(link)
    assert await dialled.ask(b.SIGN_ON) == [("0810", "00")]
    assert await dialled.ask(b.Asks().ask(pan=b.CREDIT)) == [("0210", "00")]
    link.close()
    await served.stop()


@pytest.mark.parametrize("spec", ["ascii", "binary"])
def test_totals_asked_again_are_answered_again(spec):
    talk = Talk(spec=spec)
    talk.line.spec = SPECS[spec]
    talk.twin.opened(0)
    asked = Message("0500", {7: "1129235959", 11: "000001", 41: "01", 42: "S01", 49: "410"})
    talk.say(b.SIGN_ON)
    first = talk.say(asked)
    assert first == talk.say(asked.typed("0501")) and codes(first) == [("0510", "00")]


def test_made_good_again_it_says_what_it_kept_back_and_answers_as_usual():
    talk = Talk().dial()
    talk.do("delay", ms="30000")
    assert talk.say(talk.sale()) == []
    talk.do("lose_answers", count="5")
    talk.do("decline", code="05")
    talk.do("issuer_away", bank="hanbit")
    talk.do("restore_answers")
    assert codes(talk.heard()) == [("0210", "00")]
    assert codes(talk.say(talk.sale(), talk.sale())) == [("0210", "00")] * 2
    assert talk.twin.deadline_ns is None and talk.twin.state()["away"] == []
