"""file://FOLDER as a card slot: what every slot does, a lost answer, a disk that fails and works again."""

import errno
import os
from functools import partial
from pathlib import Path

import pytest

from devices.bus.purse_file import ATR, Inline, PurseFileSlot
from devices.bus.purse_folder import OpenPurse, PurseFolderError
from devices.smart_card import card_in, health, open_slot
from protocols.address import AddressError, parse_address
from protocols.iso7816 import SW, parse_response
from protocols.ports import CardChannel, CardPresent, CardSlot, LinkDownError, NoCardError, SlotDown
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from tests.support.card_bench import CLOCK, QUERY, SELECT, deadline
from tests.support.file_purses import HOST_SECRET, shop_purse

SECOND = 1_000_000_000


@pytest.fixture
def address(tmp_path: Path) -> str:
    secret = tmp_path / "host.secret"
    secret.write_bytes(HOST_SECRET)
    secret.chmod(0o600)
    folder = shop_purse(tmp_path / "purse")
    return f"file://{folder}?secret={secret}"


async def test_address_opens_a_slot_whose_card_is_always_there(address: str) -> None:
    """The group devices.cards finds the bus; commands go through the purse's own thread."""
    slot = await open_slot(parse_address(address), deadline_ns=deadline(), clock=CLOCK)

    assert isinstance(slot, CardSlot)
    assert slot.state == CardPresent(insertion=1, atr=ATR) and not slot.has_keypad
    channel = await card_in(slot, deadline_ns=deadline(), clock=CLOCK)
    assert isinstance(channel, CardChannel) and channel.insertion == 1
    selected = parse_response(await channel.transmit(SELECT, deadline_ns=deadline()) or b"")
    state = parse_response(await channel.transmit(QUERY, deadline_ns=deadline()) or b"")
    assert selected is not None and selected.ok
    assert state is not None and state.data[:8] == b"SHOP0001"

    again = await slot.connect(deadline_ns=deadline())
    assert await channel.transmit(SELECT, deadline_ns=deadline()) is None, "the old one is dead"
    unselected = parse_response(await again.transmit(QUERY, deadline_ns=deadline()) or b"")
    assert unselected is not None and unselected.sw == SW.CONDITIONS_NOT_SATISFIED
    await again.close()
    await slot.close()
    with pytest.raises(NoCardError):
        await slot.connect(deadline_ns=deadline())
    reopened = await open_slot(parse_address(address), deadline_ns=deadline(), clock=CLOCK)
    await reopened.close()


async def test_second_till_is_told_in_both_languages(address: str) -> None:
    slot = await open_slot(parse_address(address), deadline_ns=deadline(), clock=CLOCK)

    with pytest.raises(PurseFolderError, match="one program at a time") as refused:
        await open_slot(parse_address(address), deadline_ns=deadline(), clock=CLOCK)

    assert "프로그램" in refused.value.ko
    await slot.close()


async def test_address_must_name_the_secret_and_nothing_strange(address: str) -> None:
    folder = address.partition("?")[0]
    for wrong, sentence in ((folder, "host's secret"), (f"{address}&color=red", "color")):
        with pytest.raises(AddressError, match=sentence):
            await open_slot(parse_address(wrong), deadline_ns=deadline(), clock=CLOCK)
    with pytest.raises(LinkDownError, match="nowhere"):
        missing = f"{folder}?secret=/nowhere/host.secret"
        await open_slot(parse_address(missing), deadline_ns=deadline(), clock=CLOCK)


async def test_answer_after_its_deadline_is_lost_and_the_next_insertion_is_another(
    address: str,
) -> None:
    slot = await open_slot(parse_address(address), deadline_ns=deadline(), clock=CLOCK)
    told = []
    slot.watch(told.append)
    channel = await slot.connect(deadline_ns=deadline())

    assert await channel.transmit(SELECT, deadline_ns=CLOCK.monotonic_ns()) is None

    assert not channel.alive
    assert told == [CardPresent(insertion=2, atr=ATR)]
    again = await slot.connect(deadline_ns=deadline())
    assert await again.transmit(SELECT, deadline_ns=deadline()) is not None
    await slot.close()


def test_failing_disk_is_a_lost_answer_and_a_slot_that_is_down_until_it_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In virtual time, without a thread; the lock command is carried out whole or not at all."""
    folder, real = shop_purse(tmp_path / "purse"), os.fsync

    def failing(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        slot = PurseFileSlot(partial(OpenPurse, folder, secret=HOST_SECRET), Inline(), clock)
        await slot.open()
        channel = await slot.connect(deadline_ns=clock.monotonic_ns() + SECOND)
        until = clock.monotonic_ns() + SECOND
        assert await channel.transmit(SELECT, deadline_ns=until) is not None
        monkeypatch.setattr(os, "fsync", failing)
        assert await channel.transmit(bytes.fromhex("00040000"), deadline_ns=until) is None
        assert isinstance(slot.state, SlotDown) and "디스크" in slot.state.ko
        assert "disk" in health(slot.state, "file://purse").en
        until = clock.monotonic_ns() + 3 * SECOND
        assert await card_in(slot, deadline_ns=until, clock=clock) is None
        monkeypatch.setattr(os, "fsync", real)
        until = clock.monotonic_ns() + 3 * SECOND
        again = await card_in(slot, deadline_ns=until, clock=clock)
        assert again is not None and again.insertion > channel.insertion
        selected = parse_response(await again.transmit(SELECT, deadline_ns=until) or b"")
        assert selected is not None and selected.sw in (SW.OK, SW.SELECTED_LOCKED)
        await slot.close()

    run(story)
