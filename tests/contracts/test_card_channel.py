"""CardSlot and CardChannel: one suite, many subjects. Whatever the reader, a lost answer ends the channel.

Subjects: stock pcscd with our own reader driver, stock pcscd with Debian's vpcd, and a reader in
memory. Each is opened by its address through open_slot; the card beside it is the same.
"""

import asyncio

import pytest

from devices.smart_card import card_in, open_slot
from protocols.address import parse_address
from protocols.iso7816 import SW, Command
from protocols.ports import (
    CardAbsent,
    CardChannel,
    CardMute,
    CardPresent,
    CardSlot,
    NoCardError,
    SlotDown,
)
from sim.cards.answers import Transmission
from sim.hosting.card_memory import MemoryReader
from tests.support.card_bench import (
    CLOCK,
    QUERY,
    SELECT,
    card,
    deadline,
    hybrid_reader,
    pcsc_reader,
    reader,
    tell,
    until,
)

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("cards")]


@pytest.fixture(params=["ours", "vpcd", "memory", "hybrid"])
async def bench(request):
    cards = {
        "alice": card(b"ALICE-01"),
        "bob": card(b"BOB-0001"),
        "turns": card(b"TURNS-01", transmission=Transmission.T0),
    }
    if request.param == "hybrid":
        if "tap" in request.node.name or "antenna" in request.node.name:
            pytest.skip("a motorised reader has no antenna")
        async with hybrid_reader(cards) as made:
            yield made
    elif request.param == "memory":
        carrier = MemoryReader("card_contract", clock=CLOCK)
        carrier.offer()
        async with reader(carrier.address, carrier, cards) as made:
            yield made
    else:
        daemon = request.getfixturevalue("card_daemon")
        name = "IPS customer" if request.param == "ours" else "Stock"
        async with pcsc_reader(daemon, name, cards) as made:
            yield made


async def test_slot_tells_of_a_card_coming_and_going(bench):
    assert isinstance(bench.slot, CardSlot)
    assert isinstance(bench.slot.state, CardAbsent)

    await bench.insert("alice")
    first = bench.slot.state
    await bench.remove()
    await bench.insert("alice")

    assert first.atr == bench.cards["alice"].atr
    assert bench.slot.state.insertion != first.insertion
    assert [type(state) for state in bench.states] == [CardPresent, CardAbsent, CardPresent]


async def test_channel_exchanges_commands_with_the_card_that_is_in(bench):
    await bench.insert("alice")

    channel = await bench.slot.connect(deadline_ns=deadline())
    selected = await tell(channel, SELECT)
    state = await tell(channel, QUERY)

    assert isinstance(channel, CardChannel)
    assert channel.atr == bench.cards["alice"].atr
    assert channel.insertion == bench.slot.state.insertion
    assert selected.sw == SW.OK
    assert state.data[:8] == b"ALICE-01"
    await channel.close()
    assert not channel.alive


async def test_card_that_answers_in_turns_gives_the_same_answers(bench):
    """T=0: 61xx and 6Cxx never reach the caller."""
    await bench.insert("turns")

    channel = await bench.slot.connect(deadline_ns=deadline())
    selected = await tell(channel, SELECT)
    state = await tell(channel, QUERY)
    wrong = await tell(channel, Command(0, 0xB0, 0, 0, le=256).encode())

    assert selected.ok and selected.data[0] == 0x6F
    assert state.ok and state.data[:8] == b"TURNS-01"
    assert wrong.sw == SW.INSTRUCTION_NOT_SUPPORTED


async def test_connecting_takes_power_away_first(bench):
    """What was selected or verified before does not outlive its channel."""
    await bench.insert("alice")
    channel = await bench.slot.connect(deadline_ns=deadline())
    assert (await tell(channel, SELECT)).ok

    again = await bench.slot.connect(deadline_ns=deadline())

    assert (await tell(again, QUERY)).sw == SW.CONDITIONS_NOT_SATISFIED
    assert await channel.transmit(SELECT, deadline_ns=deadline()) is None


async def test_without_a_card_connecting_says_so_in_both_languages(bench):
    with pytest.raises(NoCardError, match="no card") as raised:
        await bench.slot.connect(deadline_ns=deadline())

    assert "카드" in raised.value.ko


@pytest.mark.parametrize("verb", ["tear_before", "tear_after"])
async def test_torn_card_gives_no_answer_and_ends_the_channel(bench, verb):
    await bench.insert("alice")
    channel = await bench.slot.connect(deadline_ns=deadline())
    assert (await tell(channel, SELECT)).ok

    bench.do(verb, count="1")
    lost = await tell(channel, QUERY)
    after = await tell(channel, QUERY)

    assert lost is None and after is None
    assert not channel.alive
    await until(bench.is_empty)


async def test_after_a_lost_answer_the_card_is_another_insertion(bench):
    await bench.insert("alice")
    channel = await bench.slot.connect(deadline_ns=deadline())
    bench.do("tear_after", count="1")
    assert await tell(channel, SELECT) is None

    bench.do("insert", card="alice")
    await until(lambda: bench.is_in() and bench.slot.state.insertion != channel.insertion)
    again = await connected(bench)

    assert again.insertion != channel.insertion
    assert (await tell(again, SELECT)).ok


async def test_channel_never_reaches_the_card_that_was_swapped_in(bench):
    """environment.md 1.5: the swap inside the daemon's poll window. Goal: no command reaches bob."""
    await bench.insert("alice")
    channel = await bench.slot.connect(deadline_ns=deadline())
    assert (await tell(channel, SELECT)).ok

    bench.do("swap", card="bob")
    answers = [await tell(channel, SELECT) for _ in range(5)]
    await asyncio.sleep(0.6)
    answers += [await tell(channel, QUERY) for _ in range(5)]

    assert answers == [None] * 10
    obeyed = [event for event in bench.host.history() if event.what == "command"]
    assert len(obeyed) == 1, "only alice's SELECT"
    fresh = await connected(bench)
    assert (await tell(fresh, SELECT)).ok
    assert (await tell(fresh, QUERY)).data[:8] == b"BOB-0001"
    assert fresh.insertion != channel.insertion


async def connected(bench) -> CardChannel:
    """Connect the card that is in, as soon as the reader has noticed it."""
    channel = await card_in(bench.slot, deadline_ns=deadline(), clock=CLOCK)
    assert channel is not None, "the card is never noticed"
    return channel


async def test_waiting_for_a_card_ends_with_the_card_or_the_deadline(bench):
    assert await card_in(bench.slot, deadline_ns=deadline(0.2), clock=CLOCK) is None

    waiting = asyncio.create_task(card_in(bench.slot, deadline_ns=deadline(), clock=CLOCK))
    bench.do("insert", card="alice")
    channel = await waiting

    assert (await tell(channel, SELECT)).ok


async def test_answer_after_the_deadline_is_lost_and_never_another_commands_answer(bench):
    await bench.insert("alice")
    channel = await bench.slot.connect(deadline_ns=deadline())
    assert (await tell(channel, SELECT)).ok

    bench.do("delay", ms="300")
    late = await channel.transmit(QUERY, deadline_ns=deadline(0.1))
    bench.do("delay", ms="0")

    assert late is None and not channel.alive
    fresh = await connected(bench)
    assert (await tell(fresh, SELECT)).data[0] == 0x6F


async def test_mute_card_is_a_lost_answer(bench):
    await bench.insert("alice")
    channel = await bench.slot.connect(deadline_ns=deadline())

    bench.do("mute")

    assert await channel.transmit(SELECT, deadline_ns=deadline(2)) is None
    assert not channel.alive


@pytest.mark.parametrize("bench", ["ours", "memory"], indirect=True)
async def test_card_that_was_mute_at_insertion_is_powered_when_it_answers_again(bench):
    """A card in the wrong way round is a state of its own, and connecting tries its power anew.

    Not in vpcd, which ejects a mute card.
    """
    bench.do("mute")
    bench.do("insert", card="alice")
    await until(lambda: isinstance(bench.slot.state, CardMute))
    with pytest.raises(NoCardError, match="does not answer"):
        await bench.slot.connect(deadline_ns=deadline())

    bench.do("unmute")
    channel = await bench.slot.connect(deadline_ns=deadline())

    assert channel.atr == bench.cards["alice"].atr
    assert (await tell(channel, SELECT)).ok


async def test_long_answers_and_garbage_commands_pass(bench):
    """A command that is none gets the card's status word; nothing hangs."""
    await bench.insert("alice")
    channel = await bench.slot.connect(deadline_ns=deadline())

    for apdu in (b"\xff\xff\xff\xff", bytes(7), b"\x00\xa4\x04\x00\xff\x01", bytes(261)):
        answer = await tell(channel, apdu)
        assert answer is not None and answer.sw >> 12 in (6, 9)


async def test_unknown_reader_is_a_state_with_a_sentence(card_daemon):
    address = parse_address("pcsc://Nobody")

    slot = await open_slot(address, deadline_ns=deadline(), clock=CLOCK)

    assert isinstance(slot.state, SlotDown)
    assert "Nobody" in slot.state.en and "IPS shop 0" in slot.state.en
    assert "Nobody" in slot.state.ko
    with pytest.raises(NoCardError, match="Plug it in"):
        await slot.connect(deadline_ns=deadline())
    await slot.close()


@pytest.mark.parametrize("name", ["alice", "turns"])
async def test_tapped_card_is_a_card_with_the_atr_of_a_contactless_reader(bench, name):
    bench.do("tap", card=name)
    await until(bench.is_in)

    channel = await card_in(bench.slot, deadline_ns=deadline(), clock=CLOCK)

    assert channel is not None and channel.atr.startswith(bytes.fromhex("3b888001"))
    response = await tell(channel, SELECT)
    assert response.sw == SW.OK
    bench.do("lift", card=name)
    await until(bench.is_empty)
    assert await channel.transmit(QUERY, deadline_ns=deadline()) is None
    assert not channel.alive


async def test_tap_that_ends_in_the_middle_is_a_lost_answer(bench):
    bench.do("tap", card="alice", ms="700")
    channel = await card_in(bench.slot, deadline_ns=deadline(), clock=CLOCK)
    assert channel is not None

    answers = []
    while channel.alive:
        answers.append(await channel.transmit(SELECT, deadline_ns=deadline()))
        await asyncio.sleep(0.005)

    assert all(answers[:-1]), "an answer that was lost ends the channel"
    assert await channel.transmit(SELECT, deadline_ns=deadline()) is None
    await until(bench.is_empty)


@pytest.mark.parametrize("bench", ["ours", "memory"], indirect=True)
async def test_two_cards_on_the_antenna_are_mute_until_one_is_lifted(bench):
    """Not in vpcd, which ejects what is mute."""
    bench.do("tap", card="alice")
    await until(bench.is_in)
    bench.do("tap", card="bob")
    # So fast pcscd sees no card go: to it the first one is still there, until somebody speaks to it.
    with pytest.raises(NoCardError):
        while True:
            channel = await bench.slot.connect(deadline_ns=deadline())
            assert await channel.transmit(SELECT, deadline_ns=deadline()) is None
    bench.do("lift", card="alice")
    channel = await card_in(bench.slot, deadline_ns=deadline(), clock=CLOCK)

    assert channel is not None and bench.host.twin.inserted == "bob"
    response = await tell(channel, SELECT)
    assert b"BOB-0001" in response.data, "whoever connects asks anew who it is"
