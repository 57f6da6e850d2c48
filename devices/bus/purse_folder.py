"""A purse in a folder: its files, how it comes to be, and the one program that works with it.

    purse.key          its key, wrapped by the host's secret (devices.keys)
    purse.terms        what the issuer made of that key (protocols.purse.personalising)
    purse.a, purse.b   its memory: two slots, their place on the disk taken beforehand
    purse.lock         who works with it

It is the production purse over the production memory; only the slots are files. A commit is on the
disk before its answer leaves. When a purse is opened, both slots are written once more and synced: a
program that was killed between its write and its sync has left something that only seems durable, and
nothing may be said on such ground.

Never put a purse's folder back from a copy: what it has paid since would be in it again. The issuer
sees the same numbers twice and stops the purse (ips.purse.shadow).
Source: purse.md 4.3; decisions.md "Keys".
"""

import fcntl
import os
from pathlib import Path
from typing import IO, Final

import msgspec

from devices.keys import KeyFolder, KeysError, read_key, read_private, write_private
from protocols.malformed import MALFORMED
from protocols.ports import Entropy, LinkDownError
from protocols.purse.card import Purse
from protocols.purse.memory import MemoryWornOutError, TwoSlotMemory, encode_slot
from protocols.purse.personalising import (
    PersonalisingError,
    Terms,
    card_of,
    make_request,
    open_answer,
)
from protocols.purse.suite import P256, public_key, secret_from

SLOT_BYTES: Final = 65_536
"""A purse of 255 logged and 255 told transfers takes 21 KiB."""
_HEAD_BYTES: Final = 8
_KEY: Final = "purse"
_TERMS: Final = "purse.terms"
_LOCK: Final = "purse.lock"
_SLOTS: Final = ("purse.a", "purse.b")
_RANDOM_BYTES: Final = 40


class PurseFolderError(LinkDownError):
    """The purse of a folder cannot be used. The message says which, why and what to do; `ko` too."""

    def __init__(self, en: str, ko: str) -> None:
        super().__init__(en)
        self.ko = ko


class SlotFiles:
    """Two files held open; satisfies protocols.purse.memory.Slots. A write returns when it is on the
    disk."""

    def __init__(self, folder: Path) -> None:
        """Open both, making them at their full size. Raises: OSError."""
        self._descriptors: list[int] = []
        try:
            for name in _SLOTS:
                descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                self._descriptors.append(descriptor)
                os.posix_fallocate(descriptor, 0, SLOT_BYTES)
        except OSError:
            self.close()
            raise

    def load(self, slot: int) -> bytes:
        """Return the record of a slot, or as much as stands there. Raises: OSError."""
        head = os.pread(self._descriptors[slot], _HEAD_BYTES, 0)
        size = min(int.from_bytes(head[4:]) + _HEAD_BYTES + 4, SLOT_BYTES)
        return os.pread(self._descriptors[slot], size, 0)

    def store(self, slot: int, data: bytes) -> None:
        """Overwrite a slot from its beginning, and see it to the disk. Raises: OSError."""
        assert len(data) <= SLOT_BYTES, "a purse's memory is small"
        written = 0
        while written < len(data):
            written += os.pwrite(self._descriptors[slot], data[written:], written)
        os.fsync(self._descriptors[slot])

    def close(self) -> None:
        """Let go of the files."""
        while self._descriptors:
            os.close(self._descriptors.pop())


class OpenPurse:
    """The purse of a folder, locked and at hand. Use from one thread at a time."""

    def __init__(self, folder: Path, *, secret: bytes) -> None:
        """Open it; `secret` is the host's. Raises: PurseFolderError."""
        self.folder = folder
        self._lock = _locked(folder)
        self._slots: SlotFiles | None = None
        try:
            self.purse = self._opened(secret)
        except BaseException:
            self.close()
            raise

    def handle(self, apdu: bytes) -> bytes:
        """Answer a command. Raises: OSError, and what the purse did is not known."""
        return self.purse.handle(apdu)

    def close(self) -> None:
        """Let go of files and lock."""
        if self._slots is not None:
            self._slots.close()
        self._lock.close()

    def _opened(self, secret: bytes) -> Purse:
        terms = _terms(self.folder, secret)
        try:
            slots = self._slots = SlotFiles(self.folder)
            for slot in range(len(_SLOTS)):
                slots.store(slot, slots.load(slot))
        except OSError as error:
            raise _disk(self.folder, error) from error
        memory = TwoSlotMemory(slots)
        try:
            memory.read()
        except MemoryWornOutError as error:
            raise PurseFolderError(
                f"{self.folder}: the memory of this purse is damaged in both places ({error}). Keep "
                "the folder as it is and call the issuer: what it held is known there",
                f"{self.folder}: 전자화폐의 기록 두 곳이 모두 손상되었습니다. 폴더를 그대로 두고 "
                "발급사에 연락하세요. 들어 있던 금액은 발급사가 압니다",
            ) from error
        card = card_of(terms, _key(self.folder, secret))
        return Purse(card.personality, memory, P256())


def request_purse(folder: Path, *, secret: bytes, entropy: Entropy) -> bytes:
    """Make a key for a new purse and return the request for the issuer; asked again, the same.

    Raises: PurseFolderError when a purse is there already; KeysError.
    """
    keys = KeyFolder(folder, secret=secret, entropy=entropy)
    with _locked(folder):
        _refuse_second(folder)
        if keys.get_secret(_KEY) is None:
            keys.put_secret(_KEY, secret_from(entropy.token(_RANDOM_BYTES)).to_bytes(32))
        return make_request(_key(folder, secret), P256())


def install_purse(folder: Path, answer: bytes, *, secret: bytes) -> Terms:
    """Make the purse of the issuer's answer. Once: a second time it would be given its first value again.

    Raises: PurseFolderError, PersonalisingError for an answer that is not for this key, KeysError.
    """
    with _locked(folder):
        _refuse_second(folder)
        own = _key(folder, secret)
        terms = open_answer(answer, public_key(own), P256())
        try:
            slots = SlotFiles(folder)
            try:
                # The memory first: with its terms beside it, it is a purse.
                slots.store(0, encode_slot(1, card_of(terms, own).image))
            finally:
                slots.close()
        except OSError as error:
            raise _disk(folder, error) from error
        write_private(folder / _TERMS, answer)
    return terms


def _refuse_second(folder: Path) -> None:
    if (folder / _TERMS).exists():
        raise PurseFolderError(
            f"{folder} holds a purse already, and the value in it: for another one name another "
            "folder",
            f"{folder}에는 이미 전자화폐가 있고 돈이 들어 있습니다. 새 전자화폐는 다른 폴더에 "
            "만드세요",
        )


def _terms(folder: Path, secret: bytes) -> Terms:
    if not (folder / _TERMS).exists():
        raise PurseFolderError(
            f"{folder} holds no purse: ips-pos purse make, then ips-pos purse install",
            f"{folder}에 전자화폐가 없습니다. ips-pos purse make 뒤 ips-pos purse install",
        )
    try:
        return open_answer(read_private(folder / _TERMS), public_key(_key(folder, secret)), P256())
    except (KeysError, PersonalisingError) as error:
        raise PurseFolderError(
            f"{folder}: this purse cannot be opened: {error}",
            f"{folder}: 전자화폐를 열 수 없습니다: {error}",
        ) from error


def _key(folder: Path, secret: bytes) -> int:
    key = read_key(folder, _KEY, secret=secret)
    if key is None:
        raise PurseFolderError(
            f"{folder} has no key of a purse: ips-pos purse make comes first",
            f"{folder}에 전자화폐 키가 없습니다. 먼저 ips-pos purse make 를 하세요",
        )
    return int.from_bytes(key)


class _Holder(msgspec.Struct, frozen=True, kw_only=True):
    pid: int


def _locked(folder: Path) -> IO[str]:
    """Take the folder's lock; it ends with the process. Raises: PurseFolderError."""
    path = folder / _LOCK
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:
        raise no_folder(folder) from None
    except OSError as error:
        raise _disk(folder, error) from error
    file = os.fdopen(descriptor, "r+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        who = _holder(path)
        raise PurseFolderError(
            f"the purse in {folder} is in use by {who or 'another program'}: a purse works with "
            "one program at a time. End that one, or give this till a purse of its own",
            f"{folder}의 전자화폐를 {who or '다른 프로그램'}이(가) 쓰고 있습니다. 그 프로그램을 "
            "끝내거나 이 단말에 따로 전자화폐를 만드세요",
        ) from None
    file.truncate(0)
    file.write(msgspec.json.encode(_Holder(pid=os.getpid())).decode())
    file.flush()
    return file


def _holder(path: Path) -> str:
    try:
        return f"process {msgspec.json.decode(path.read_bytes(), type=_Holder).pid}"
    except (OSError, *MALFORMED):
        return ""


def no_folder(folder: Path) -> PurseFolderError:
    """Return what is said where nothing was made yet."""
    return PurseFolderError(
        f"there is no purse in {folder} yet: ips-pos purse make begins one",
        f"{folder}에 아직 전자화폐가 없습니다. ips-pos purse make 로 시작하세요",
    )


def _disk(folder: Path, error: OSError) -> PurseFolderError:
    words = error.strerror or str(error)
    return PurseFolderError(
        f"the disk does not keep the purse in {folder} ({words}): check disk and folder; it is tried "
        "again by itself",
        f"디스크가 {folder}의 전자화폐를 저장하지 못합니다 ({words}). 디스크와 폴더를 확인하세요. "
        "저절로 다시 시도합니다",
    )
