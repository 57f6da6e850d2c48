"""The tear sweep: power goes after every byte of every commit, and once more in what follows.

The search treats a command as one step. That is right only if a commit is whole or absent wherever
power fails, so it is shown apart, once for every card state and command, and not multiplied into the
search. For each commit a search met:

    cut after byte 0, 1, ... n of the record      -> no answer; the image before, or the image after
    power on, the command again, cut again        -> the same (for a sample: n x n cuts)
    power on, the command again                   -> the image after, and the answer of a whole run

The card is the production class over the production memory; only the bytes under it are torn. It
serves every scheme whose card has `handle` and a memory.
Source: purse.md 4.3.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from protocols.purse.memory import Memory, MemoryWornOutError, Slots, TwoSlotMemory, encode_slot

_OLDER: Final = b"an older image, of another length than the one that follows it"


class PowerGoneError(Exception):
    """The write stopped, and with it the card."""


class TornSlots:
    """Two slots whose next write can be made to stop after so many bytes."""

    def __init__(self, newest: bytes, older: bytes) -> None:
        self.slots = [newest, older]
        self.bytes_left: int | None = None
        """How many bytes the next write may still put down; None for all."""
        self.written = 0
        """Bytes of the last write that was not torn."""

    def load(self, slot: int) -> bytes:
        """Return what stands in a slot."""
        return self.slots[slot]

    def store(self, slot: int, data: bytes) -> None:
        """Overwrite a slot, or a beginning of it. Raises: PowerGoneError."""
        if self.bytes_left is None:
            self.slots[slot] = data
            self.written = len(data)
            return
        done, self.bytes_left = data[: self.bytes_left], None
        self.slots[slot] = done + self.slots[slot][len(done) :]
        raise PowerGoneError


class Answering(Protocol):
    """A card: it answers a command, over a memory that somebody else holds."""

    def handle(self, apdu: bytes) -> bytes:
        """Answer one command."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One card state and one command that writes to its memory."""

    card: Callable[[Memory], Answering]
    """Makes the card as it is after power-on and what a reader says first, over a memory."""
    before: bytes
    """The image."""
    apdu: bytes
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What was cut, and what came of it."""

    commits: int
    cuts: int
    bad: int
    first: str
    """The first bad cut, in words; empty when there is none."""


def sweep(
    commits: Iterable[Commit],
    *,
    memory: Callable[[Slots], Memory] = TwoSlotMemory,
    twice_every: int = 97,
) -> Sweep:
    """Cut every commit after every byte; every so many commits, cut the repetition everywhere too."""
    count = cuts = bad = 0
    first = ""
    for count, commit in enumerate(commits, 1):
        torn = _Torn(commit, memory)
        for cut in range(torn.record_bytes + 1):
            seconds = range(torn.record_bytes + 1) if count % twice_every == 1 else (None,)
            for second in seconds:
                cuts += 1
                what = torn.wrong_after(cut, second)
                if what:
                    bad += 1
                    again = "" if second is None else f", then after {second}"
                    first = first or f"{commit.label}, cut after {cut} bytes{again}: {what}"
    return Sweep(commits=count, cuts=cuts, bad=bad, first=first)


class _Torn:
    """One commit, and what a whole run of it does."""

    def __init__(self, commit: Commit, memory: Callable[[Slots], Memory]) -> None:
        self._commit = commit
        self._memory = memory
        slots = self._fresh()
        self._answer = self._card(slots).handle(commit.apdu)
        self._after = memory(slots).read()
        self.record_bytes = slots.written

    def wrong_after(self, cut: int, second: int | None) -> str:
        """Return what is wrong after a cut, and perhaps a second one; empty when nothing is."""
        slots = self._fresh()
        for bytes_left in (cut,) if second is None else (cut, second):
            slots.bytes_left = bytes_left
            try:
                self._card(slots).handle(self._commit.apdu)
            except PowerGoneError:
                pass
            else:
                return "answered, though its commit was torn"
            try:
                image = self._memory(slots).read()
            except MemoryWornOutError:
                return "the card is dead"
            if image == self._after:
                return ""
            if image != self._commit.before:
                return "neither the image before nor the image after"
        answer = self._card(slots).handle(self._commit.apdu)
        if answer != self._answer:
            return f"the command again is answered {answer[-2:].hex()}"
        return (
            "" if self._memory(slots).read() == self._after else "the command again ends elsewhere"
        )

    def _fresh(self) -> TornSlots:
        return TornSlots(encode_slot(2, self._commit.before), encode_slot(1, _OLDER))

    def _card(self, slots: Slots) -> Answering:
        return self._commit.card(self._memory(slots))


class InPlaceMemory:
    """The naive memory: one place, overwritten. The sweep must condemn it."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots

    def read(self) -> bytes:
        """Return whatever stands there. Raises: MemoryWornOutError."""
        record = self._slots.load(0)
        length = int.from_bytes(record[4:8])
        if len(record) < 12 + length:
            raise MemoryWornOutError("the record is cut off")
        return record[8 : 8 + length]

    def write(self, body: bytes) -> None:
        """Overwrite it."""
        self._slots.store(0, encode_slot(2, body))
