"""Payment cards over stock pcscd, pyscard and real sockets: PIN by the reader's keypad, pulled at every command.

Method: the production dialogue over a real channel, a virtual card in a reader of a private daemon, an issuer
that checks every cryptogram. After each accident the money is where the end says it is.
"""

import time

import pytest

from devices.smart_card import card_in
from protocols.emv.bits import Kind, Tvr
from protocols.emv.steps import Ending, Finished
from protocols.emv.transaction import pay
from sim.cards.emv import EmvCard
from sim.hosting.pcscd import PrivateDaemon
from tests.support.card_bench import CLOCK, Reader, deadline, pcsc_reader
from tests.support.payment_cards import (
    Bank,
    card,
    carry_out,
    covered_by_issuer,
    payment,
    terminal,
)

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("cards")]


async def paid(
    reader: Reader, bank: Bank, digits: tuple[str, ...] = ("1234",), amount: int = 15_390
) -> Finished:
    """Pay with the card that is in the reader."""
    channel = await card_in(reader.slot, deadline_ns=deadline(), clock=CLOCK)
    assert channel is not None, "the card is never noticed"
    return await carry_out(
        pay(terminal(), payment(amount)), channel, reader.host, bank, digits, CLOCK
    )


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
        bank = Bank()
        finished = await paid(reader, bank)

        assert finished.ending is ending
        holds(finished, bank)


async def test_pin_from_the_readers_keypad_wrong_and_right(card_daemon: PrivateDaemon) -> None:
    paying = card("debit-2")
    async with pcsc_reader(card_daemon, "IPS customer", {"d": paying}) as reader:  # type: ignore[dict-item]
        await reader.insert("d")
        finished = await paid(reader, Bank(), ("9999", "1234"))

        assert finished.approved and finished.found == Tvr.SDA_SELECTED
        assert paying.image().tries == 3
        told = " ".join(event.detail for event in reader.host.history())
        assert "1234" not in told and "9999" not in told


async def test_card_is_pulled_at_each_command_over_a_real_reader(
    card_daemon: PrivateDaemon,
) -> None:
    paying: EmvCard = card("credit-1")
    async with pcsc_reader(card_daemon, "IPS shop", {"c": paying}) as reader:  # type: ignore[dict-item]
        await reader.insert("c")
        assert (await paid(reader, Bank())).approved
        commands = reader.host.twin.state()["commands"]
        reversed_at = []
        for at in range(1, commands + 1):
            await reader.reinsert("c")
            reader.do("tear_after", count=str(at))
            bank = Bank()
            finished = await paid(reader, bank)
            holds(finished, bank)
            assert finished.ending is Ending.CARD_LEFT
            if finished.reverse:
                reversed_at.append(at)
        # Only the last command is behind the issuer's approval.
        assert reversed_at == [commands]
        await reader.reinsert("c")
        assert (await paid(reader, Bank())).approved


async def test_a_payment_is_quick(card_daemon: PrivateDaemon) -> None:
    """700 ms from insertion to the end are what a customer waits; the terminal's share is a part of it."""
    async with pcsc_reader(card_daemon, "IPS customer", {"c": card("credit-1")}) as reader:  # type: ignore[dict-item]
        await reader.insert("c")
        took = []
        for _ in range(5):
            began = time.monotonic()
            assert (await paid(reader, Bank())).approved
            took.append(time.monotonic() - began)
        assert min(took) < 0.7
