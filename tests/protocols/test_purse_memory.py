"""Atomic memory: power may go after any byte of any commit, and again in the next; never a half image.

Goal: what is read afterwards is the image before or the image after. Threats T3, T4, T15.
"""

import pytest

from protocols.iso7816 import Command, parse_response
from protocols.purse.card import AID, Purse
from protocols.purse.coordinator import Ask, Intend, Slot, transfer
from protocols.purse.image import encode_image, first_image
from protocols.purse.memory import MemoryWornOutError, TwoSlotMemory, encode_slot
from tests.support.purses import ORDER, PIN, SUITE, personality


class PowerGoneError(Exception):
    """The write stopped."""


class TornSlots:
    """Two slots whose next write stops after so many bytes."""

    def __init__(self, body: bytes) -> None:
        self.slots = [encode_slot(1, body), b""]
        self.bytes_left: int | None = None
        self.writes = 0

    def load(self, slot: int) -> bytes:
        return self.slots[slot]

    def store(self, slot: int, data: bytes) -> None:
        self.writes += 1
        if self.bytes_left is None:
            self.slots[slot] = data
            return
        written, self.bytes_left = data[: self.bytes_left], None
        self.slots[slot] = written + self.slots[slot][len(written) :]
        raise PowerGoneError


@pytest.mark.parametrize("old", [b"short", b"a body that is longer than the new one"])
def test_commit_torn_after_any_byte_leaves_the_old_image_or_the_new(old: bytes) -> None:
    new = b"the new body"
    record = encode_slot(2, new)
    for cut in range(len(record) + 1):
        slots = TornSlots(old)
        memory = TwoSlotMemory(slots)
        memory.write(b"older still, and quite a bit longer than either of them")
        memory.write(old)
        slots.bytes_left = cut
        with pytest.raises(PowerGoneError):
            memory.write(new)

        assert memory.read() == (new if cut == len(record) else old)

        slots.bytes_left = cut
        with pytest.raises(PowerGoneError):
            memory.write(b"second")
        assert memory.read() in (old, new, b"second")
        memory.write(b"third")
        assert memory.read() == b"third"


def test_memory_without_a_valid_slot_says_that_the_card_is_dead() -> None:
    slots = TornSlots(b"body")
    slots.slots = [b"\0" * 40, b"junk"]

    with pytest.raises(MemoryWornOutError):
        TwoSlotMemory(slots).read()


def commands_of_a_transfer() -> list[tuple[Slot, bytes]]:
    """Return every command of one transfer, with the VERIFY before it."""
    cards = {
        slot: Purse(personality(name), TwoSlotMemory(TornSlots(_body())), SUITE)
        for slot, name in _NAMES.items()
    }
    sent = [(Slot.PAYER, _SELECT), (Slot.PAYER, Command(0, 0x20, 0, 0x81, PIN).encode())]
    for slot, apdu in sent:
        cards[slot].handle(apdu)
    dialogue = transfer(ORDER)
    try:
        step = next(dialogue)
        while True:
            if isinstance(step, Intend):
                step = dialogue.send(None)
                continue
            assert isinstance(step, Ask)
            sent.append((step.slot, step.apdu))
            step = dialogue.send(parse_response(cards[step.slot].handle(step.apdu)))
    except StopIteration:
        return sent


_NAMES = {Slot.PAYER: b"CUSTOMER", Slot.PAYEE: b"THE SHOP"}
_SELECT = Command(0, 0xA4, 4, 0, AID, 256).encode()


def _body() -> bytes:
    return encode_image(first_image(balances=(1_000, 0, 0, 0, 0), pin=PIN))


def test_every_command_torn_after_every_byte_leaves_the_state_before_or_after_it() -> None:
    """Method: play a transfer; for each command that commits, cut each of its commits at each byte."""
    slots = {slot: TornSlots(_body()) for slot in _NAMES}
    cards = {
        slot: Purse(personality(name), TwoSlotMemory(slots[slot]), SUITE)
        for slot, name in _NAMES.items()
    }
    cuts = 0
    for slot, apdu in commands_of_a_transfer():
        card, cell = cards[slot], slots[slot]
        kept, volatile, writes = list(cell.slots), card.verified, cell.writes
        states = [card.memory.read()]
        card.handle(apdu)
        after = list(cell.slots)
        states.append(card.memory.read())
        if cell.writes == writes:
            continue
        length = max(len(data) for data in after)
        for cut in range(0, length + 1, 1):
            cell.slots, card.selected, card.verified = list(kept), True, volatile
            cell.bytes_left = cut
            with pytest.raises(PowerGoneError):
                card.handle(apdu)
            cell.bytes_left = None
            assert card.memory.read() == states[0] or _only_tries_differ(card.memory.read(), states)
            cuts += 1
            if cut >= min(len(d) for d in after if d):
                break
        cell.slots, card.selected = after, True
    assert cuts > 800


def _only_tries_differ(body: bytes, states: list[bytes]) -> bool:
    """VERIFY commits twice: between the two, only the tries are one less."""
    return body == states[1] or (body[1] == states[0][1] - 1 and body[2:] == states[0][2:])
