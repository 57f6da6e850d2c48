"""The virtual PIN pad: keys, seal, display, deadlines, and every way in which it can go wrong.

Method: the till's end of the dialogue on the other side of its bytes; the card is the production purse.
"""

from dataclasses import dataclass, field

import pytest

from protocols.control import Verb
from protocols.des import decrypt
from protocols.dukpt import aes, tdes
from protocols.dukpt.future_keys import FutureKeys, encode_registers
from protocols.emv.bits import Tvr
from protocols.emv.cryptograms import Cvr
from protocols.emv.steps import EnterPin as EmvPin
from protocols.emv.steps import PinKeys
from protocols.emv.terminal import RID
from protocols.emv.transaction import pay
from protocols.iso7816 import SW
from protocols.iso7816 import Command as Command7816
from protocols.money import CURRENCIES, KRW, Money
from protocols.pin_block import decipher_format_4, pin_of_format_0
from protocols.pin_pad.link import ACK_NS
from protocols.pin_pad.till import Answered, Began, Lost, Progress, Silent, TillEnd
from protocols.pin_pad.words import (
    Aborted,
    AskStatus,
    Cancelled,
    Command,
    Confirm,
    Confirmed,
    EncipherForBank,
    EncipherForChip,
    Entered,
    EnteredForBank,
    EnteredForChip,
    EnterPin,
    Identify,
    Identity,
    Language,
    PinBlockFormat,
    Reason,
    Refused,
    SealForCard,
    Show,
    Shown,
    Status,
    TimedOut,
    TooShort,
)
from protocols.purse.card import SEALED_PIN_KEY, Purse
from protocols.purse.memory import Slots, TwoSlotMemory, encode_slot
from protocols.purse.suite import public_key
from sim.cards.card import TornError
from sim.cards.slots import SlotMemory, TearingSlots
from sim.entropy import SeededEntropy
from sim.pin_pad import COUNT_MAX, DELAY_MS_MAX, PinPadTwin
from sim.pin_pad_keys import load_pad
from sim.twin import Twin, VerbError
from tests.protocols.test_purse_sealed_pin import challenge, dealing_card
from tests.support import payment_cards
from tests.support.purses import ISSUER, personality, tell

S = 1_000_000_000
MS = 1_000_000


@dataclass
class Bench:
    """A till's end and the twin, and the time."""

    twin: PinPadTwin = field(
        default_factory=lambda: PinPadTwin(
            issuer_keys={1: public_key(ISSUER)}, entropy=SeededEntropy(1)
        )
    )
    till: TillEnd = field(default_factory=TillEnd)
    now_ns: int = 0

    def pump(self) -> list[object]:
        """Carry bytes until nobody says anything more; return what the till heard."""
        events: list[object] = []
        for _ in range(200):
            self.twin.tick(self.now_ns)
            events += self.till.tick(self.now_ns)
            down, up = self.till.outgoing(), self.twin.outgoing()
            if not down and not up:
                return events
            self.twin.receive(down, self.now_ns)
            events += self.till.receive(up, self.now_ns)
        raise AssertionError("they talk for ever")

    def wait(self, until_ns: int) -> list[object]:
        """Let time pass from deadline to deadline."""
        events: list[object] = []
        while True:
            dues = [
                due for due in (self.twin.deadline_ns, self.till.deadline_ns) if due is not None
            ]
            due = min(dues, default=until_ns + 1)
            if due > until_ns:
                self.now_ns = until_ns
                return events
            self.now_ns = max(self.now_ns, due)
            events += self.pump()

    def begin(self) -> "Bench":
        self.till.call(self.now_ns)
        assert self.pump() == [Began()]
        return self

    def ask(self, command: Command) -> list[object]:
        self.till.ask(command, within_ns=60 * S, now_ns=self.now_ns)
        return self.pump()

    def do(self, verb: str, **arguments: str) -> list[object]:
        self.twin.do(Verb(verb=verb, arguments=arguments), self.now_ns)
        return self.pump()


BASE_KEY = bytes(range(16))
PADS = {
    PinBlockFormat.FORMAT_4: bytes.fromhex("0000000100000001"),
    PinBlockFormat.FORMAT_0: bytes.fromhex("FFFF0000000100200000"),
}
PAN = "9990490000000018"
BOTH_FORMATS = pytest.mark.parametrize("form", list(PinBlockFormat))


def initial_key(form: PinBlockFormat) -> bytes:
    old = form is PinBlockFormat.FORMAT_0
    return (tdes if old else aes).initial_key(BASE_KEY, PADS[form])


def loaded(form: PinBlockFormat) -> SlotMemory:
    """Return the memory of a pad as it comes from whoever loads pads."""
    slots = SlotMemory()
    load_pad(slots, form, initial_key(form), PADS[form])
    return slots


def bank_pad(form: PinBlockFormat, slots: Slots) -> Bench:
    memory = TwoSlotMemory(slots)
    twin = PinPadTwin(issuer_keys={}, entropy=SeededEntropy(1), pin_block=form, bank_memory=memory)
    return Bench(twin=twin).begin()


def at_the_bank(answer: object, pan: str = PAN) -> str:
    """Return the PIN as the bank reads it: from its base key, and what came."""
    assert isinstance(answer, Answered) and isinstance(answer.answer, EnteredForBank)
    said = answer.answer
    if said.form is PinBlockFormat.FORMAT_0:
        key = tdes.transaction_key(initial_key(said.form), said.ksn)
        return pin_of_format_0(decrypt(tdes.pin_key(key), said.block), pan)
    key = aes.transaction_key(initial_key(said.form), said.ksn)
    return decipher_format_4(said.block, pan, key=aes.working_key(key, said.ksn, aes.Usage.PIN))


def for_bank(digits: str, bench: Bench) -> object:
    bench.ask(
        EnterPin(
            language=Language.KO, amount=Money(15_390, KRW), seconds=30, digits_min=4,
            digits_max=12, purpose=EncipherForBank(PAN),
        )
    )  # fmt: skip
    bench.do("press", digits=digits)
    return bench.do("enter")[-1]


@pytest.fixture
def bench() -> Bench:
    return Bench().begin()


def wanted(card: Purse, **changes: object) -> EnterPin:
    made = {
        "language": Language.KO,
        "amount": Money(15_390, KRW),
        "seconds": 30,
        "digits_min": 4,
        "digits_max": 6,
        "purpose": SealForCard(challenge(card), card.personality.certificate),
    }
    return EnterPin(**(made | changes))  # type: ignore[arg-type]


def verify(card: Purse, answer: object) -> int:
    assert isinstance(answer, Answered) and isinstance(answer.answer, Entered)
    return tell(card, 0, 0x20, 0, SEALED_PIN_KEY, answer.answer.body).sw


def test_is_a_twin_and_says_who_it_is(bench: Bench) -> None:
    assert isinstance(bench.twin, Twin)
    [answer] = bench.ask(Identify())
    assert answer == Answered(Identity("IPS virtual pad", bench.twin.state()["serial"], "1", (1,)))
    assert bench.ask(AskStatus()) == [Answered(Status(opened=False))]


def test_what_it_shows_is_cut_to_its_cells_in_either_language(bench: Bench) -> None:
    assert bench.ask(Show(Language.KO, "어서 오세요 한빛마트입니다", "Welcome")) == [
        Answered(Shown())
    ]
    assert (
        bench.twin.state()["upper"] == "어서 오세요 한빛마트"
        and bench.twin.state()["lower"] == "Welcome"
    )
    bench.ask(Show(Language.EN, "", ""))
    assert (bench.twin.state()["upper"], bench.twin.state()["lower"]) == ("", "")


def test_pin_goes_to_the_card_sealed_and_the_digits_are_counted(bench: Bench) -> None:
    card = dealing_card()
    assert bench.ask(wanted(card)) == []
    assert bench.twin.state()["upper"] == "15,390원"
    assert bench.do("press", digits="12") == [Progress(2)]
    assert bench.do("clear") == [Progress(0)]
    assert bench.do("press", digits="1234") == [Progress(4)]
    assert bench.twin.state()["lower"] == "비밀번호: ****"
    [answer] = bench.do("enter")

    assert verify(card, answer) == SW.OK
    assert bench.twin.state()["keypad"] == "idle" and bench.twin.state()["lower"] == ""
    assert b"1234" not in answer.answer.body  # type: ignore[attr-defined]
    assert "1234" not in repr((bench.twin.history, bench.twin.state()))


def test_wrong_pin_is_the_cards_business(bench: Bench) -> None:
    card = dealing_card()
    for word in (0x63C2, 0x63C1, SW.PIN_BLOCKED):
        bench.ask(wanted(card))
        bench.do("press", digits="9999")
        [answer] = bench.do("enter")
        assert verify(card, answer) == word


def test_one_pin_sealed_twice_has_nothing_in_common(bench: Bench) -> None:
    card, bodies = dealing_card(), []
    for _ in range(2):
        bench.ask(wanted(card))
        bench.do("press", digits="1234")
        [answer] = bench.do("enter")
        bodies.append(answer.answer.body)  # type: ignore[attr-defined]

    assert bodies[0][:65] != bodies[1][:65] and bodies[0][65:] != bodies[1][65:]


def test_customer_may_cancel_be_too_short_or_too_late(bench: Bench) -> None:
    card = dealing_card()
    bench.ask(wanted(card))
    assert bench.do("cancel") == [Answered(Cancelled())]
    bench.ask(wanted(card, digits_min=6))
    bench.do("press", digits="12345")
    assert bench.do("enter") == [Answered(TooShort())]
    bench.ask(wanted(card))
    until = bench.now_ns + 30 * S
    assert bench.wait(until - 1) == []
    assert bench.wait(until) == [Answered(TimedOut())]
    assert bench.twin.state()["upper"] == "시간이 지났습니다" and bench.till.ready


def test_more_digits_than_wanted_are_not_taken(bench: Bench) -> None:
    card = dealing_card()
    bench.ask(wanted(card, digits_min=4, digits_max=4))

    assert bench.do("press", digits="123499") == [Progress(4)]
    [answer] = bench.do("enter")
    assert verify(card, answer) == SW.OK


def test_a_card_of_an_issuer_it_does_not_know_gets_no_pin(bench: Bench) -> None:
    """Whoever makes a certificate of their own learns nothing: no digit is ever asked for."""
    card = dealing_card()
    forged = personality(b"CUSTOMER", issuer=ISSUER + 1).certificate
    purpose = SealForCard(challenge(card), forged)

    assert bench.ask(wanted(card, purpose=purpose)) == [Answered(Refused(Reason.CERTIFICATE))]
    assert bench.twin.state()["keypad"] == "idle"
    with pytest.raises(VerbError, match="nobody asks"):
        bench.do("press", digits="1")


@pytest.mark.parametrize("at", range(0, 112, 7))
def test_a_changed_certificate_gets_no_pin(bench: Bench, at: int) -> None:
    card = dealing_card()
    changed = bytearray(card.personality.certificate)
    changed[at] ^= 1
    purpose = SealForCard(challenge(card), bytes(changed))

    assert bench.ask(wanted(card, purpose=purpose)) == [Answered(Refused(Reason.CERTIFICATE))]


@BOTH_FORMATS
def test_pin_goes_to_the_bank_under_a_key_of_its_own(form: PinBlockFormat) -> None:
    bench = bank_pad(form, loaded(form))

    said = [for_bank(digits, bench) for digits in ("1234", "1234", "123456789012")]

    assert [at_the_bank(each) for each in said] == ["1234", "1234", "123456789012"]
    blocks = [each.answer.block for each in said]  # type: ignore[attr-defined]
    assert len(set(blocks)) == 3
    told = f"{bench.twin.state()} {[*bench.twin.history]}"
    assert "1234" not in told.replace(bench.twin.state()["ksn"], "") and PAN not in told


@BOTH_FORMATS
def test_no_key_serves_twice_whatever_becomes_of_the_pad(form: PinBlockFormat) -> None:
    """Power leaves at every byte of keeping what is left; a block leaves only after it is kept."""
    slots = loaded(form)
    size = len(slots.load(0))
    said: list[bytes] = []
    for at in range(0, size + 60, 97):
        tearing = TearingSlots(slots)
        bench = bank_pad(form, tearing)
        tearing.tear_after(at)
        try:
            answer = for_bank("1234", bench)
        except TornError:
            continue
        assert at_the_bank(answer) == "1234"
        said.append(answer.answer.ksn)  # type: ignore[attr-defined]
    after = for_bank("1234", bank_pad(form, slots))
    said.append(after.answer.ksn)  # type: ignore[attr-defined]
    assert len(said) == len(set(said)) > 1


def test_a_pad_without_keys_for_the_bank_takes_no_pin_for_it(bench: Bench) -> None:
    command = wanted(card=dealing_card(), purpose=EncipherForBank(PAN))

    assert bench.ask(command) == [Answered(Refused(Reason.KEYS))]


def test_a_pad_that_has_used_up_its_keys_says_so() -> None:
    form = PinBlockFormat.FORMAT_0
    last = ((1 << tdes.ONES_MAX) - 1) << (tdes.BITS - tdes.ONES_MAX)
    keys = [b""] * tdes.BITS
    keys[tdes.BITS - tdes.ONES_MAX] = bytes(16)
    slots = SlotMemory()
    image = encode_registers(FutureKeys(PADS[form], last, tuple(keys)))
    slots.store(0, encode_slot(1, image))
    bench = bank_pad(form, slots)
    assert isinstance(for_bank("1234", bench), Answered)

    assert bench.twin.state()["ksn"] == ""
    command = wanted(card=dealing_card(), purpose=EncipherForBank(PAN))
    assert bench.ask(command) == [Answered(Refused(Reason.KEYS))]


def chip_pad() -> Bench:
    twin = PinPadTwin(
        issuer_keys={},
        entropy=SeededEntropy(1),
        authorities=payment_cards.issuer().authorities(RID),
    )
    return Bench(twin=twin).begin()


def for_chip(bench: Bench, keys: PinKeys, digits: str, **changes: bytes) -> object:
    data = keys.card | {int(tag[1:], 16): value for tag, value in changes.items()}
    issuer = tuple(data.get(tag, b"") for tag in (0x90, 0x92, 0x9F32))
    card = tuple(data.get(tag, b"") for tag in (0x9F2D, 0x9F2F, 0x9F2E))
    purpose = EncipherForChip(
        data[0x5A].hex(),
        keys.authority,
        keys.challenge,
        issuer,
        card,  # type: ignore[arg-type]
    )
    said = bench.ask(wanted(dealing_card(), purpose=purpose))
    if said:
        return said[-1]
    bench.do("press", digits=digits)
    return bench.do("enter")[-1]


def test_pin_goes_to_a_chip_that_alone_can_open_it() -> None:
    """A whole payment, its PIN by the pad: wrong, then right."""
    bench, digits = chip_pad(), iter(("9999", "1234"))

    class WithPad(payment_cards.Carrier):
        def _pin(self, step: EmvPin) -> object:  # type: ignore[override]
            assert step.keys is not None
            answer = for_chip(bench, step.keys, next(digits))
            assert isinstance(answer, Answered) and isinstance(answer.answer, EnteredForChip)
            return self.tell(Command7816(0, 0x20, 0, 0x88, answer.answer.body).encode())

    carrier = WithPad(payment_cards.card("credit-2"))
    finished = carrier.run(pay(payment_cards.terminal(), payment_cards.payment()))

    assert finished.approved and finished.found == Tvr.NONE
    said = carrier.bank.asked[0]
    assert said is not None and Cvr.PIN_VERIFIED in said.results


def keys_of_a_chip() -> PinKeys:
    carrier = payment_cards.Carrier(payment_cards.card("credit-2"))
    carrier.run(pay(payment_cards.terminal(), payment_cards.payment()))
    keys = carrier.keypad.asked[0].keys
    assert keys is not None
    return keys


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("x90", bytes(144)),
        ("x9F2D", bytes(144)),
        ("x9F2D", b"\x01"),
        ("x9F32", b"\x03"),
        ("x5A", bytes.fromhex("9900110000001031")),
    ],
)
def test_a_chip_that_is_nobodys_gets_no_pin(tag: str, value: bytes) -> None:
    answer = for_chip(chip_pad(), keys_of_a_chip(), "1234", **{tag: value})

    assert answer == Answered(Refused(Reason.CERTIFICATE))


def test_a_pad_that_knows_no_authority_enciphers_for_no_chip(bench: Bench) -> None:
    assert for_chip(bench, keys_of_a_chip(), "1234") == Answered(Refused(Reason.CERTIFICATE))


def test_amount_is_confirmed_or_not(bench: Bench) -> None:
    dollars = Money(1_234, CURRENCIES["USD"])
    bench.ask(Confirm(Language.EN, dollars, 10))
    assert bench.twin.state()["upper"] == "USD 12.34"
    with pytest.raises(VerbError, match="only enter and cancel"):
        bench.do("press", digits="1")
    assert bench.do("enter") == [Answered(Confirmed())]
    bench.ask(Confirm(Language.EN, dollars, 10))
    assert bench.do("cancel") == [Answered(Cancelled())]
    bench.ask(Confirm(Language.EN, dollars, 10))
    assert bench.wait(bench.now_ns + 10 * S) == [Answered(TimedOut())]


def test_till_ends_an_entry(bench: Bench) -> None:
    bench.ask(wanted(dealing_card()))
    bench.do("press", digits="12")
    bench.till.cancel(bench.now_ns)

    assert bench.pump() == [Answered(Aborted())]
    assert bench.twin.state()["keypad"] == "idle"


def test_an_opened_pad_takes_no_pin_until_it_is_repaired(bench: Bench) -> None:
    card = dealing_card()
    bench.ask(wanted(card))
    assert bench.do("open_up") == [Answered(Refused(Reason.OPENED))]
    assert bench.ask(AskStatus()) == [Answered(Status(opened=True))]
    assert bench.ask(wanted(card)) == [Answered(Refused(Reason.OPENED))]
    bench.do("repair")
    assert bench.ask(wanted(card)) == []


def test_a_pad_that_was_switched_off_and_on_says_so(bench: Bench) -> None:
    bench.ask(wanted(dealing_card()))

    assert bench.do("restart") == [Lost("the pad gave up"), Began()]
    assert bench.twin.state()["keypad"] == "idle"


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("delay_acks", {"ms": "1500"}),
        ("delay_acks", {"ms": "7000"}),
        ("lose_acks", {"count": "1"}),
        ("lose_acks", {"count": "2"}),
        ("break_frames", {"count": "1"}),
        ("break_frames", {"count": "2"}),
        ("double_answers", {"count": "1"}),
        ("garble", {}),
        ("delay", {"ms": "700"}),
    ],
)
def test_pads_that_behave_badly_are_understood_all_the_same(
    bench: Bench, verb: str, arguments: dict[str, str]
) -> None:
    """Each quirk: one answer to each command, none twice, none for the next command."""
    bench.do(verb, **arguments)
    heard = bench.ask(Identify()) + bench.wait(bench.now_ns + 8 * S)
    assert [type(event.answer) for event in heard] == [Identity]  # type: ignore[attr-defined]

    heard = bench.ask(AskStatus()) + bench.wait(bench.now_ns + 8 * S)
    assert heard == [Answered(Status(opened=False))]


def test_a_mute_pad_is_silent_and_comes_back(bench: Bench) -> None:
    bench.do("mute")
    assert bench.ask(Identify()) == []
    heard = bench.wait(20 * S)
    assert heard == [Lost("the pad acknowledges nothing"), Silent()]
    assert 3 * ACK_NS < 20 * S

    bench.do("unmute")
    assert bench.wait(bench.now_ns + 2 * S) == [Began()]


def test_frames_that_stay_broken_are_given_up_and_it_begins_anew(bench: Bench) -> None:
    bench.do("break_frames", count="3")

    heard = bench.ask(Identify()) + bench.wait(bench.now_ns + 8 * S)
    assert heard[0] in (Lost("the pad gave up"),) and heard[-1] == Began()
    assert isinstance(bench.ask(Identify())[0], Answered)


@pytest.mark.parametrize(
    ("verb", "arguments", "sentence"),
    [
        ("eat", {}, "this device has"),
        ("press", {}, "takes digits"),
        ("enter", {}, "nobody asks"),
        ("delay", {"ms": str(DELAY_MS_MAX + 1)}, "from 0"),
        ("lose_acks", {"count": "0"}, "from 1"),
        ("break_frames", {"count": str(COUNT_MAX + 1)}, f"to {COUNT_MAX}"),
    ],
)
def test_wrong_verb_says_what_there_is(
    bench: Bench, verb: str, arguments: dict[str, str], sentence: str
) -> None:
    with pytest.raises(VerbError, match=sentence):
        bench.do(verb, **arguments)


def test_letters_are_no_digits(bench: Bench) -> None:
    bench.ask(wanted(dealing_card()))
    with pytest.raises(VerbError, match="digits only"):
        bench.do("press", digits="12a4")


def test_same_seed_same_bytes(bench: Bench) -> None:
    """A world replays: sealing takes its randomness from the seed."""
    card, other = dealing_card(), Bench().begin()
    want = wanted(card)
    bodies = []
    for each in (bench, other):
        each.ask(want)
        each.do("press", digits="1234")
        [answer] = each.do("enter")
        bodies.append(answer)
    assert bodies[0] == bodies[1]
