"""The shop's purse in a folder: made by request and answer, one program at a time, durable at every byte.

M3, M4. Value is given once; a write that was cut anywhere, a program that was killed anywhere, leaves
the purse as it was before the command or as it is after it, and what was answered is there.
"""

import errno
import os
import signal
from pathlib import Path

import pytest

from devices.bus.purse_folder import (
    SLOT_BYTES,
    OpenPurse,
    PurseFolderError,
    SlotFiles,
    install_purse,
    request_purse,
)
from protocols.iso7816 import parse_response
from protocols.purse.card import AID
from protocols.purse.coordinator import NotMoved, Order, Slot, Transferred, transfer
from protocols.purse.details import PurseClass
from protocols.purse.image import Image, decode_image
from protocols.purse.memory import TwoSlotMemory, decode_slot
from protocols.purse.personalising import PersonalisingError
from sim.entropy import SeededEntropy
from tests.support.file_purses import HOST_SECRET, PurseMaker, shop_purse
from tests.support.purses import ORDER, SUITE, drive, purse, remembers, tell

CUSTOMER = b"CUSTOMER"


def opened(folder: Path, secret: bytes = HOST_SECRET) -> OpenPurse:
    return OpenPurse(folder, secret=secret)


def image(purse_open: OpenPurse) -> Image:
    return decode_image(purse_open.purse.memory.read())


def test_purse_is_made_of_a_request_and_its_answer_and_takes_a_payment(tmp_path: Path) -> None:
    folder = shop_purse(tmp_path / "purse", name=b"SHOP0001")
    with_shop = opened(folder)

    result, _, _ = drive(
        transfer(ORDER), {Slot.PAYER: purse(CUSTOMER), Slot.PAYEE: with_shop.purse}
    )
    with_shop.close()

    assert isinstance(result, Transferred)
    again = opened(folder)
    assert again.purse.personality.name == b"SHOP0001"
    assert again.purse.personality.purse_class == PurseClass.MERCHANT
    assert image(again).balances[0] == ORDER.value
    again.close()


def test_request_is_the_same_until_the_purse_is_there(tmp_path: Path) -> None:
    """A lost answer, a clerk who types the command twice: one key."""
    folder, entropy = tmp_path / "purse", SeededEntropy(1)
    first = request_purse(folder, secret=HOST_SECRET, entropy=entropy)

    assert request_purse(folder, secret=HOST_SECRET, entropy=entropy) == first
    install_purse(folder, PurseMaker().answer(first), secret=HOST_SECRET)
    with pytest.raises(PurseFolderError, match="holds a purse already") as refused:
        request_purse(folder, secret=HOST_SECRET, entropy=entropy)
    assert "이미" in refused.value.ko


def test_first_value_is_given_once(tmp_path: Path) -> None:
    """The same answer a second time would give it again: also after it was spent."""
    maker = PurseMaker(purse_class=PurseClass.TELLER, first=1_000)
    folder = tmp_path / "teller"
    answer = maker.answer(request_purse(folder, secret=HOST_SECRET, entropy=SeededEntropy(1)))
    install_purse(folder, answer, secret=HOST_SECRET)
    teller = opened(folder)
    drive(transfer(ORDER), {Slot.PAYER: teller.purse, Slot.PAYEE: purse(CUSTOMER)})
    teller.close()

    with pytest.raises(PurseFolderError, match="already"):
        install_purse(folder, answer, secret=HOST_SECRET)
    left = opened(folder)
    assert image(left).balances[0] == 1_000 - ORDER.value
    left.close()


@pytest.mark.parametrize("place", [5, 40, 150, -70, -1])
def test_altered_answer_makes_no_purse(tmp_path: Path, place: int) -> None:
    folder = tmp_path / "purse"
    asked = request_purse(folder, secret=HOST_SECRET, entropy=SeededEntropy(1))
    answer = bytearray(PurseMaker().answer(asked))
    answer[place] ^= 1

    with pytest.raises(PersonalisingError):
        install_purse(folder, bytes(answer), secret=HOST_SECRET)
    with pytest.raises(PurseFolderError, match="holds no purse"):
        opened(folder)


def test_answer_for_another_key_makes_no_purse(tmp_path: Path) -> None:
    asked = request_purse(tmp_path / "a", secret=HOST_SECRET, entropy=SeededEntropy(1))
    request_purse(tmp_path / "b", secret=HOST_SECRET, entropy=SeededEntropy(2))

    with pytest.raises(PersonalisingError, match="another key"):
        install_purse(tmp_path / "b", PurseMaker().answer(asked), secret=HOST_SECRET)


def test_nobody_else_may_read_it_and_its_key_lies_nowhere_in_clear(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        folder = shop_purse(tmp_path / "purse")
    finally:
        os.umask(before)
    with_shop = opened(folder)
    secret = with_shop.purse.personality.secret.to_bytes(32)
    with_shop.close()

    assert folder.stat().st_mode & 0o777 == 0o700
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == [
        "purse.a", "purse.b", "purse.key", "purse.lock", "purse.terms",
    ]  # fmt: skip
    for file in files:
        assert file.stat().st_mode & 0o777 == 0o600, file
        assert secret not in file.read_bytes()


def test_copied_folder_without_the_hosts_secret_is_no_purse(tmp_path: Path) -> None:
    folder = shop_purse(tmp_path / "purse")

    with pytest.raises(PurseFolderError, match="cannot be unwrapped"):
        opened(folder, secret=bytes(32))


def test_second_program_is_told_who_works_with_it(tmp_path: Path) -> None:
    folder = shop_purse(tmp_path / "purse")
    held = opened(folder)

    with pytest.raises(PurseFolderError, match=f"in use by process {os.getpid()}") as refused:
        opened(folder)
    assert "쓰고 있습니다" in refused.value.ko
    held.close()
    opened(folder).close()


def test_lock_ends_with_its_process_however_that_dies(tmp_path: Path) -> None:
    folder = shop_purse(tmp_path / "purse")
    ready, tell_ready = os.pipe()
    child = os.fork()
    if not child:
        try:
            held = opened(folder)
            os.write(tell_ready, b"!" if held else b"")
            signal.pause()
        finally:
            os._exit(1)
    try:
        assert os.read(ready, 1) == b"!"
        with pytest.raises(PurseFolderError, match=f"process {child}"):
            opened(folder)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    opened(folder).close()


def test_damaged_memory_says_whom_to_call(tmp_path: Path) -> None:
    folder = shop_purse(tmp_path / "purse")
    for name in ("purse.a", "purse.b"):
        (folder / name).write_bytes(b"\xff" * SLOT_BYTES)

    with pytest.raises(PurseFolderError, match="call the issuer") as refused:
        opened(folder)
    assert "발급사" in refused.value.ko


NAMES = ("purse.a", "purse.b")


class Watched:
    """The slots of an open purse, and what each commit found and wrote."""

    def __init__(self, slots: SlotFiles, folder: Path) -> None:
        self._slots, self._folder = slots, folder
        self.commits: list[tuple[int, list[bytes], bytes]] = []

    def load(self, slot: int) -> bytes:
        return self._slots.load(slot)

    def store(self, slot: int, data: bytes) -> None:
        before = [(self._folder / name).read_bytes() for name in NAMES]
        self.commits.append((slot, before, data))
        self._slots.store(slot, data)


def commits(folder: Path) -> list[tuple[int, list[bytes], bytes]]:
    """Receive, pay, and be refused: (slot, what stood in both, what was written) of each commit."""
    with_shop = opened(folder)
    assert with_shop._slots is not None
    watched = Watched(with_shop._slots, folder)
    own, card = with_shop.purse, purse(CUSTOMER)
    own.memory._slots = watched  # type: ignore[attr-defined]
    back = Order(value=100, currency=410, reference=b"order-02", day=ORDER.day)
    drive(transfer(ORDER), {Slot.PAYER: card, Slot.PAYEE: own})
    drive(transfer(back), {Slot.PAYER: own, Slot.PAYEE: card})
    drive(transfer(back), {Slot.PAYER: own, Slot.PAYEE: purse(b"NOT HERE", issuer=1)})
    assert image(with_shop).balances[0] == ORDER.value - 100
    with_shop.close()
    return watched.commits


def test_write_cut_at_any_byte_leaves_the_purse_before_or_after(tmp_path: Path) -> None:
    """Every byte of every commit of a receipt, a payment and a refused one."""
    folder = shop_purse(tmp_path / "purse")
    found = commits(folder)
    assert len(found) >= 7
    torn = 0
    for slot, before, new in found:
        (folder / NAMES[1 - slot]).write_bytes(before[1 - slot])
        _, standing = max(record for each in before if (record := decode_slot(each)) is not None)
        for cut in range(len(new) + 1):
            (folder / NAMES[slot]).write_bytes(new[:cut] + before[slot][cut:])
            files = SlotFiles(folder)
            survived = TwoSlotMemory(files).read()
            files.close()
            whole = decode_slot(new)
            assert whole is not None
            assert survived == standing or (survived == whole[1] and cut >= len(new) - 4)
            torn += survived == standing
        assert survived == whole[1]
    assert torn > 1_000


def test_answer_leaves_after_its_commit_is_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is synced is what was written, and nothing is written after the sync."""
    folder = shop_purse(tmp_path / "purse")
    with_shop = opened(folder)
    real, synced = os.fsync, []

    def watching(descriptor: int) -> None:
        real(descriptor)
        synced.append(os.pread(descriptor, SLOT_BYTES, 0))

    monkeypatch.setattr(os, "fsync", watching)
    assert tell(with_shop.purse, 0x00, 0xA4, 4, 0, AID).ok
    assert tell(with_shop.purse, 0x00, 0x04, 0, 0).ok
    files = [(folder / name).read_bytes() for name in ("purse.a", "purse.b")]
    assert len(synced) == 1 and synced[0] in files
    with_shop.close()


def test_purse_opened_after_a_kill_is_synced_before_it_says_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed program may have written and not synced: its word would not be the disk's."""
    folder = shop_purse(tmp_path / "purse")
    real, order = os.fsync, []
    monkeypatch.setattr(os, "fsync", lambda descriptor: (order.append("sync"), real(descriptor)))

    opened(folder).close()

    assert order == ["sync", "sync"]


def test_program_killed_anywhere_has_said_nothing_that_is_not_there(tmp_path: Path) -> None:
    """A child takes payments and tells each answered command; it is killed at 28 moments."""
    folder = shop_purse(tmp_path / "purse")
    answered_in_all = 0
    for moment in range(28):
        ready, tell_ready = os.pipe()
        child = os.fork()
        if not child:
            try:
                _take_payments(folder, tell_ready)
            finally:
                os._exit(1)
        os.close(tell_ready)
        told, wanted = b"", 3 + moment % 7
        while len(told) < wanted:
            more = os.read(ready, 1)
            assert more, "the child has ended by itself"
            told += more
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        while more := os.read(ready, 1_024):
            told += more
        os.close(ready)

        answered_in_all += told.count(b"C")
        survivor = opened(folder)
        held = image(survivor).balances[0]
        assert answered_in_all <= held <= answered_in_all + 1, "one credit may be unanswered"
        answered_in_all = held
        survivor.close()
    assert answered_in_all >= 14


def _take_payments(folder: Path, told: int) -> None:
    """Take payments of 1 for ever; write C after each answered CREDIT and . after any other."""
    held = opened(folder)
    own, number = held.purse, 0
    while True:
        number += 1
        card = purse(f"C{os.getpid() % 1000:03}{number:04}".encode(), balance=1)
        order = Order(value=1, currency=410, reference=b"order-01", day=ORDER.day)
        dialogue = transfer(order)
        step = next(dialogue)
        while True:
            try:
                apdu = getattr(step, "apdu", None)
                if apdu is None:
                    step = dialogue.send(None)
                    continue
                asked = own if step.slot is Slot.PAYEE else card  # type: ignore[union-attr]
                answer = parse_response(asked.handle(apdu))
                if asked is own:
                    os.write(told, b"C" if apdu[1] == 0x52 and answer and answer.ok else b".")
                step = dialogue.send(answer)
            except StopIteration:
                break


def test_disk_that_fails_is_an_answer_that_is_lost_and_the_purse_goes_on_when_it_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command may have been done or not: the next opening makes one of the two durable."""
    folder = shop_purse(tmp_path / "purse")
    with_shop = opened(folder)
    tell(with_shop.purse, 0x00, 0xA4, 4, 0, AID)
    real = os.fsync

    def failing(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match="Input/output"):
        with_shop.handle(bytes.fromhex("00040000"))
    with_shop.close()
    with pytest.raises(PurseFolderError, match="disk") as refused:
        opened(folder)
    assert "디스크" in refused.value.ko
    monkeypatch.setattr(os, "fsync", real)
    survivor = opened(folder)
    assert image(survivor).life in (1, 2)
    survivor.close()


def test_memory_keeps_its_place_on_a_full_disk(tmp_path: Path) -> None:
    """Both slots have their blocks from the first day."""
    folder = shop_purse(tmp_path / "purse")

    for name in ("purse.a", "purse.b"):
        assert (folder / name).stat().st_size == SLOT_BYTES
        assert (folder / name).stat().st_blocks * 512 >= SLOT_BYTES


def test_purse_of_another_issuer_is_refused_by_the_card(tmp_path: Path) -> None:
    folder = shop_purse(tmp_path / "purse", maker=PurseMaker(issuer=7))
    with_shop, card = opened(folder), purse(CUSTOMER)

    result, _, _ = drive(transfer(ORDER), {Slot.PAYER: card, Slot.PAYEE: with_shop.purse})

    assert isinstance(result, NotMoved)
    assert remembers(card).balances[0] == 1_000 and SUITE
    with_shop.close()
