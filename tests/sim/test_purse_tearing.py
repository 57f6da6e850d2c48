"""The tear sweep of the purse: power may go after any byte of any commit of any state (T3, T4, T15).

Method: what the recommended universe commits is cut everywhere, here for a sample (`make prove` cuts
all of it); a naive memory must be condemned by the same sweep; and the commands of the holder, which
the search does not have, are cut here whole.
"""

import pytest

from protocols.iso7816 import Command
from protocols.purse.card import Purse
from protocols.purse.image import decode_image, encode_image, first_image
from protocols.purse.memory import Cell, TwoSlotMemory, encode_slot
from sim.search.commits import commits_of
from sim.search.tearing import Commit, InPlaceMemory, PowerGoneError, TornSlots, sweep
from sim.search.universe import Scope
from tests.support.purses import PIN, SUITE, personality

WRONG_PIN = bytes.fromhex("249999FFFFFFFFFF")
NEW_PIN = bytes.fromhex("245678FFFFFFFFFF")


@pytest.fixture(scope="module")
def commits() -> list[Commit]:
    return list(commits_of(Scope()))


def test_the_universe_commits_what_it_always_did(commits: list[Commit]) -> None:
    """A drift is a change of behaviour."""
    assert len(commits) == 661


def test_every_cut_leaves_the_image_before_or_after_and_can_be_repeated(
    commits: list[Commit],
) -> None:
    found = sweep(commits[::13], twice_every=60)

    assert found.first == ""
    assert found.commits == 51
    assert found.cuts > 25_000


def test_a_memory_that_overwrites_itself_is_condemned(commits: list[Commit]) -> None:
    """A sweep that cannot fail proves nothing."""
    found = sweep(commits[::40], memory=InPlaceMemory, twice_every=1_000)

    assert found.bad > found.cuts // 10
    assert "neither the image before nor the image after" in found.first


def _cut_everywhere(apdu: bytes) -> list[tuple[int, int, bytes]]:
    """Run a command of the holder torn after every byte of each of its commits.

    Returns (commit, tries, PIN) as the card remembers them afterwards, from two tries left.
    """
    image = first_image(balances=(1_000, 0, 0, 0, 0), pin=PIN)
    body = encode_image(image._replace(tries=2))
    record = len(encode_slot(1, body))
    whole = _Counting(body)
    _card(whole).handle(apdu)
    found = []
    for commit in range(whole.writes):
        for cut in range(record + 1):
            slots = _TearLater(body, commit, cut)
            with pytest.raises(PowerGoneError):
                _card(TwoSlotMemory(slots)).handle(apdu)
            left = decode_image(TwoSlotMemory(slots).read())
            assert left._replace(tries=2, pin=PIN) == image._replace(tries=2), "more was touched"
            found.append((commit, left.tries, left.pin))
    return found


class _Counting(Cell):
    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self.writes = 0

    def write(self, body: bytes) -> None:
        self.writes += 1
        super().write(body)


class _TearLater(TornSlots):
    """Tears the commit of this number."""

    def __init__(self, body: bytes, commit: int, cut: int) -> None:
        super().__init__(encode_slot(2, body), encode_slot(1, body))
        self._commits_left = commit
        self._cut = cut

    def store(self, slot: int, data: bytes) -> None:
        if self._commits_left == 0:
            self.bytes_left = self._cut
        self._commits_left -= 1
        super().store(slot, data)


def _card(memory: Cell | TwoSlotMemory) -> Purse:
    card = Purse(personality(b"CUSTOMER"), memory, SUITE)
    card.selected = True
    return card


def test_a_wrong_pin_torn_anywhere_gains_no_try() -> None:
    """T15: the try is spent before the comparison, so tearing the card out buys nothing."""
    left = _cut_everywhere(Command(0, 0x20, 0, 0x81, WRONG_PIN).encode())

    assert {tries for _, tries, _ in left} == {1, 2}
    assert {pin for _, _, pin in left} == {PIN}


def test_the_right_pin_torn_anywhere_gives_tries_back_only_after_the_comparison() -> None:
    left = _cut_everywhere(Command(0, 0x20, 0, 0x81, PIN).encode())

    assert {tries for commit, tries, _ in left if commit == 0} == {1, 2}
    assert {tries for commit, tries, _ in left if commit == 1} == {1, 3}


def test_a_change_of_pin_torn_anywhere_leaves_the_old_pin_or_the_new() -> None:
    left = _cut_everywhere(Command(0, 0x24, 0, 0x81, PIN + NEW_PIN).encode())

    assert {pin for _, _, pin in left} == {PIN, NEW_PIN}
    assert {pin for commit, _, pin in left if commit < 2} == {PIN}
    assert all(tries == 3 for commit, tries, _ in left if commit == 2)
