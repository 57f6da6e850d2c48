"""Payment cards over stock pcscd, pyscard and real sockets: PIN by the reader's keypad, pulled at every command.

Method: the production dialogue over a real channel, a virtual card in a reader of a private daemon, an issuer
that checks every cryptogram. After each accident the money is where the end says it is.
"""

import asyncio
import time

import pytest

from devices.smart_card import card_in
from protocols.emv.bits import Kind, Tvr
from protocols.emv.certificates import enciphered_pin, issuer_key, pin_filler_bytes, pin_key
from protocols.emv.steps import (
    Answer,
    Ask,
    Choose,
    Ending,
    EnterPin,
    Finished,
    GoOnline,
    Intend,
    PinWay,
)
from protocols.emv.transaction import pay
from protocols.iso7816 import Command, parse_response
from protocols.ports import CardChannel
from protocols.secure_pin import PinEntry, pin_block
from sim.cards.emv import EmvCard
from sim.hosting.pcscd import PrivateDaemon
from tests.support.card_bench import CLOCK, Reader, deadline, pcsc_reader, until
from tests.support.payment_cards import (
    ONLINE_PIN,
    Bank,
    card,
    covered_by_issuer,
    payment,
    terminal,
)

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("cards")]

VERIFY = bytes((0x00, 0x20, 0x00, 0x80))


class Counter:
    """One reader and a terminal at it."""

    def __init__(self, reader: Reader, digits: tuple[str, ...] = ("1234",)) -> None:
        self.reader = reader
        self.digits = list(digits)
        self.bank = Bank()

    async def pay(self, amount: int = 15_390) -> Finished:
        channel = await card_in(self.reader.slot, deadline_ns=deadline(), clock=CLOCK)
        assert channel is not None, "the card is never noticed"
        dialogue = pay(terminal(), payment(amount))
        try:
            step = next(dialogue)
            while True:
                answer: Answer = None
                match step:
                    case Ask(apdu):
                        got = await channel.transmit(apdu, deadline_ns=deadline())
                        answer = None if got is None else parse_response(got)
                    case EnterPin():
                        answer = await self._pin(channel, step)
                    case GoOnline():
                        answer = self.bank.answer(step)
                    case Intend() | Choose():
                        answer = None
                step = dialogue.send(answer)
        except StopIteration as stopped:
            assert isinstance(stopped.value, Finished)
            return stopped.value

    async def _pin(self, channel: CardChannel, step: EnterPin) -> Answer:
        if step.way is PinWay.ONLINE:
            return ONLINE_PIN
        digits = self.digits.pop(0)
        if step.way is PinWay.ENCIPHERED:
            assert step.keys is not None
            authority = terminal().authorities[step.keys.authority]
            key = pin_key(issuer_key(authority, step.keys.card, 202604), step.keys.card, 202604)
            filler = bytes(range(pin_filler_bytes(key)))
            body = enciphered_pin(key, pin_block(digits), step.keys.challenge, filler)
            verify = Command(0, 0x20, 0, 0x88, body).encode()
            got = await channel.transmit(verify, deadline_ns=deadline())
        else:
            entry = PinEntry(header=VERIFY, timeout_s=10).encode()
            asking = asyncio.create_task(channel.enter_pin(entry, deadline_ns=deadline()))
            await until(lambda: self.reader.host.twin.state()["keypad"] != "idle")
            self.reader.do("press", digits=digits)
            self.reader.do("enter")
            got = await asking
        return None if got is None else parse_response(got)


def holds(finished: Finished, bank: Bank) -> None:
    approved = any(each is not None and each.genuine for each in bank.asked)
    assert finished.reverse == (approved and not finished.approved)
    if finished.approved:
        last = covered_by_issuer(finished)
        assert last is not None and last.genuine and last.kind is Kind.TC


@pytest.mark.parametrize(
    ("label", "ending"),
    [
        ("credit-1", Ending.APPROVED_ONLINE),
        ("credit-2", Ending.APPROVED_ONLINE),
        ("debit-1", Ending.APPROVED_ONLINE),
        ("expired-card", Ending.DECLINED_OFFLINE),
        ("blocked-application", Ending.APPLICATION_BLOCKED),
        ("fallback", Ending.CARD_SILENT),
        ("elsewhere", Ending.NO_APPLICATION),
        ("bomb", Ending.CARD_GARBLED),
    ],
)
async def test_cards_end_over_a_real_reader_as_in_memory(
    card_daemon: PrivateDaemon, label: str, ending: Ending
) -> None:
    async with pcsc_reader(card_daemon, "IPS customer", {label: card(label)}) as reader:  # type: ignore[dict-item]
        await reader.insert(label)
        counter = Counter(reader)
        finished = await counter.pay()

        assert finished.ending is ending
        holds(finished, counter.bank)


async def test_pin_from_the_readers_keypad_wrong_and_right(card_daemon: PrivateDaemon) -> None:
    paying = card("debit-2")
    async with pcsc_reader(card_daemon, "IPS customer", {"d": paying}) as reader:  # type: ignore[dict-item]
        await reader.insert("d")
        counter = Counter(reader, ("9999", "1234"))
        finished = await counter.pay()

        assert finished.approved and finished.found == Tvr.SDA_SELECTED
        assert paying.image().tries == 3 and not counter.digits
        told = " ".join(event.detail for event in reader.host.history())
        assert "1234" not in told and "9999" not in told


async def test_card_is_pulled_at_each_command_over_a_real_reader(
    card_daemon: PrivateDaemon,
) -> None:
    paying: EmvCard = card("credit-1")
    async with pcsc_reader(card_daemon, "IPS shop", {"c": paying}) as reader:  # type: ignore[dict-item]
        await reader.insert("c")
        whole = Counter(reader)
        assert (await whole.pay()).approved
        commands = reader.host.twin.state()["commands"]
        reversed_at = []
        for at in range(1, commands + 1):
            await reader.reinsert("c")
            reader.do("tear_after", count=str(at))
            counter = Counter(reader)
            finished = await counter.pay()
            holds(finished, counter.bank)
            assert finished.ending is Ending.CARD_LEFT
            if finished.reverse:
                reversed_at.append(at)
        # Only the last command is behind the issuer's approval.
        assert reversed_at == [commands]
        await reader.reinsert("c")
        again = Counter(reader)
        assert (await again.pay()).approved


async def test_a_payment_is_quick(card_daemon: PrivateDaemon) -> None:
    """700 ms from insertion to the end are what a customer waits; the terminal's share is a part of it."""
    async with pcsc_reader(card_daemon, "IPS customer", {"c": card("credit-1")}) as reader:  # type: ignore[dict-item]
        await reader.insert("c")
        counter, took = Counter(reader), []
        for _ in range(5):
            began = time.monotonic()
            assert (await counter.pay()).approved
            took.append(time.monotonic() - began)
        assert min(took) < 0.7
