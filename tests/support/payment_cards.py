"""A payment by chip carried out in memory: a virtual card, a keypad, and an issuer that checks everything."""

import asyncio
import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from protocols.apdu_exchange import Protocol, exchange
from protocols.control import Verb
from protocols.emv.bits import Capability, Kind, Tvr
from protocols.emv.certificates import enciphered_pin, issuer_key, pin_filler_bytes, pin_key
from protocols.emv.issuer import Examined, Order, decode_field_55, examine, respond
from protocols.emv.steps import (
    Answer,
    Ask,
    Choose,
    Dialogue,
    EnterPin,
    Finished,
    GoOnline,
    Intend,
    PinWay,
    Said,
    Step,
)
from protocols.emv.terminal import CREDIT_AID, DEBIT_AID, RID, Application, Payment, Terminal
from protocols.iso7816 import Command, Response, parse_response
from protocols.pin_pad.words import EnteredForBank, PinBlockFormat
from protocols.ports import CardChannel, Clock
from protocols.secure_pin import PinEntry, pin_block
from sim.cards.card import TornError
from sim.cards.emv import EmvCard, personalise_emv
from sim.cards.emv_file import EmvIssuer
from sim.cards.emv_issue import EmvCardWish, make_card, new_issuer
from sim.cards.issue import read_set, set_file
from sim.cards.slots import SlotMemory
from sim.entropy import SeededEntropy
from sim.hosting.card_slot import HostedSlot

TODAY = 20260417
COMMAND_NS = 15_000_000_000
WISHES = read_set(set_file("payment"))
ALL = (
    Capability.CHIP | Capability.PLAINTEXT_PIN | Capability.ONLINE_PIN | Capability.SIGNATURE
    | Capability.ENCIPHERED_PIN | Capability.NO_CVM | Capability.SDA | Capability.DDA
    | Capability.CDA
)  # fmt: skip
ONLINE_PIN = EnteredForBank(PinBlockFormat.FORMAT_4, bytes(12), bytes(16))


@functools.cache
def issuer() -> EmvIssuer:
    return new_issuer(SeededEntropy(1))


@functools.cache
def _made(label: str) -> tuple[object, object]:
    wish = WISHES.emv.cards[label]
    return make_card(issuer(), wish, WISHES.expiry, WISHES.currency, SeededEntropy(1).fork(label))


def card(label: str) -> EmvCard:
    """Return a card of the shipped set, new each time."""
    return _plastic(label, *_made(label), WISHES.emv.cards[label])  # type: ignore[arg-type]


def card_like(**changes: object) -> EmvCard:
    """Return a card that no set has."""
    wish = EmvCardWish(**({"pan": "9900330000001019"} | changes))  # type: ignore[arg-type]
    made = make_card(issuer(), wish, WISHES.expiry, WISHES.currency, SeededEntropy(2))
    return _plastic("special", *made, wish)


def _plastic(label: str, personality: object, image: object, wish: EmvCardWish) -> EmvCard:
    slots = SlotMemory()
    personalise_emv(slots, image)  # type: ignore[arg-type]
    return EmvCard(
        label=label,
        personality=personality,  # type: ignore[arg-type]
        slots=slots,
        transmission=wish.transmission,
    )


def terminal(**changes: object) -> Terminal:
    made = {
        "applications": (
            Application(aid=CREDIT_AID, label="credit", floor_limit=30_000, denial=REFUSED),
            Application(aid=DEBIT_AID, label="debit", floor_limit=30_000, denial=REFUSED),
        ),
        "authorities": issuer().authorities(RID),
        "capabilities": ALL,
    }
    return Terminal(**(made | changes))  # type: ignore[arg-type]


REFUSED = (
    Tvr.EXPIRED | Tvr.NOT_YET_EFFECTIVE | Tvr.ON_HOTLIST | Tvr.SDA_FAILED | Tvr.DDA_FAILED
    | Tvr.CDA_FAILED
)  # fmt: skip


def payment(amount: int = 15_390, **changes: object) -> Payment:
    made = {
        "amount": amount,
        "currency": 410,
        "exponent": 0,
        "date": TODAY,
        "time": 101500,
        "number": 7,
        "unpredictable": b"\x12\x34\x56\x78",
    }
    return Payment(**(made | changes))  # type: ignore[arg-type]


@dataclass
class Bank:
    """An issuer: genuine cards are approved, unless a test says otherwise."""

    approve: bool = True
    code: str = "00"
    reachable: bool = True
    proof: Callable[[bytes], bytes] = lambda field_55: field_55
    orders: Iterable[Order] = ()
    asked: list[Examined | None] = field(default_factory=list)
    pins: list[EnteredForBank | None] = field(default_factory=list)

    def answer(self, step: GoOnline) -> Said | None:
        data = decode_field_55(step.asked.field_55)
        who = {"pan": step.asked.pan, "sequence": step.asked.sequence}
        said = examine(issuer().keys, data, **who)  # type: ignore[arg-type]
        self.asked.append(said)
        self.pins.append(step.pin)
        if not self.reachable:
            return None
        genuine = said is not None and said.genuine
        approve = self.approve and genuine
        code = self.code if approve or not self.approve else "82"
        answer = b""
        if said is not None:
            answer = respond(
                issuer().keys,
                data,
                said,
                approve=approve,
                orders=self.orders,
                **who,  # type: ignore[arg-type]
            )
        return Said(code, approve, self.proof(answer))


@dataclass
class Keypad:
    """A customer who types one PIN after the other."""

    pins: tuple[str | int, ...] = ("1234",)
    """Digits, or what the keypad itself says."""
    asked: list[EnterPin] = field(default_factory=list)

    def next(self, step: EnterPin) -> str | int:
        self.asked.append(step)
        return self.pins[min(len(self.asked), len(self.pins)) - 1]


@dataclass
class Carrier:
    """Carries out every step of a payment, and notes them."""

    card: EmvCard
    bank: Bank = field(default_factory=Bank)
    keypad: Keypad = field(default_factory=Keypad)
    choice: int | None = 0
    tear_at: int | None = None
    """The card is pulled out instead of its answer to this command."""
    garble: Callable[[int, bytes], bytes] = lambda _, answer: answer
    steps: list[Step] = field(default_factory=list)
    commands: int = 0

    def run(self, dialogue: Dialogue) -> Finished:
        self.card.power_on()
        answer: Answer = None
        try:
            step = next(dialogue)
            while True:
                self.steps.append(step)
                assert len(self.steps) < 500, "it does not end"
                answer = self._do(step)
                step = dialogue.send(answer)
        except StopIteration as stopped:
            assert isinstance(stopped.value, Finished)
            return stopped.value

    def _do(self, step: Step) -> Answer:
        match step:
            case Ask(apdu):
                return self.tell(apdu)
            case Choose():
                return self.choice
            case EnterPin():
                return self._pin(step)
            case Intend():
                return None
            case GoOnline():
                return self.bank.answer(step)

    def _pin(self, step: EnterPin) -> Answer:
        typed = self.keypad.next(step)
        if isinstance(typed, int):
            return Response(b"", typed)
        match step.way:
            case PinWay.ONLINE:
                return ONLINE_PIN
            case PinWay.OFFLINE:
                return self.tell(Command(0, 0x20, 0, 0x80, pin_block(typed)).encode())
            case PinWay.ENCIPHERED:
                body = enciphered(step, typed)
                return self.tell(Command(0, 0x20, 0, 0x88, body).encode())

    def tell(self, apdu: bytes) -> Response | None:
        """Carry one command to the card as a reader does, 61xx and 6Cxx followed."""
        self.commands += 1
        if self.commands == self.tear_at:
            return None
        try:
            answer = self._whole(apdu)
        except TornError:
            return None
        return None if answer is None else parse_response(self.garble(self.commands, answer))

    def _whole(self, apdu: bytes) -> bytes | None:
        turns = exchange(apdu, Protocol.T1)
        try:
            said = next(turns)
            while True:
                said = turns.send(self.card.handle(said))
        except StopIteration as end:
            answer: bytes | None = end.value
            return answer


async def carry_out(
    dialogue: Dialogue,
    channel: CardChannel,
    host: HostedSlot,
    bank: Bank,
    pins: tuple[str, ...],
    clock: Clock,
) -> Finished:
    """Carry out a payment over a reader's channel; a PIN for the card is typed at the reader's keypad."""
    left = list(pins)

    def deadline() -> int:
        return clock.monotonic_ns() + COMMAND_NS

    async def enter(step: EnterPin) -> Answer:
        if step.way is PinWay.ONLINE:
            return ONLINE_PIN
        digits = left.pop(0)
        if step.way is PinWay.ENCIPHERED:
            verify = Command(0, 0x20, 0, 0x88, enciphered(step, digits)).encode()
            got = await channel.transmit(verify, deadline_ns=deadline())
        else:
            entry = PinEntry(header=bytes((0, 0x20, 0, 0x80)), timeout_s=10).encode()
            asking = asyncio.create_task(channel.enter_pin(entry, deadline_ns=deadline()))
            while host.twin.state()["keypad"] == "idle":
                await asyncio.sleep(0.001)
            host.work(Verb(verb="press", arguments={"digits": digits}))
            host.work(Verb(verb="enter", arguments={}))
            got = await asking
        return None if got is None else parse_response(got)

    try:
        step = next(dialogue)
        while True:
            answer: Answer = None
            match step:
                case Ask(apdu):
                    got = await channel.transmit(apdu, deadline_ns=deadline())
                    answer = None if got is None else parse_response(got)
                case EnterPin():
                    answer = await enter(step)
                case GoOnline():
                    answer = bank.answer(step)
                case Intend() | Choose():
                    answer = None
            step = dialogue.send(answer)
    except StopIteration as stopped:
        assert isinstance(stopped.value, Finished)
        return stopped.value


def enciphered(step: EnterPin, digits: str) -> bytes:
    """Return what a PIN pad makes of a PIN for the chip."""
    assert step.keys is not None
    trusted = terminal().authorities[step.keys.authority]
    key = pin_key(issuer_key(trusted, step.keys.card, 202604), step.keys.card, 202604)
    filler = bytes(range(1, pin_filler_bytes(key) + 1))
    return enciphered_pin(key, pin_block(digits), step.keys.challenge, filler)


def kinds(bank: Bank) -> list[Kind]:
    """Return what the issuer was asked with; each time by a genuine card."""
    assert all(each is not None and each.genuine for each in bank.asked)
    return [each.kind for each in bank.asked if each is not None]


def covered_by_issuer(finished: Finished) -> Examined | None:
    """Return what the issuer finds in the last cryptogram of a payment."""
    assert finished.asked is not None
    data = decode_field_55(finished.asked.field_55)
    return examine(issuer().keys, data, pan=finished.asked.pan, sequence=finished.asked.sequence)
