"""The broker's key folder: private, whole or refused, and nothing of it in a message."""

from pathlib import Path

import pytest

from ips.keys import IDENTITY, SECRET_NAME, KeyFolder, KeyFolderError
from tests.support.broker_terminal import SeededEntropy, SetClock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    KeyFolder.init(tmp_path / "keys", clock=SetClock(), entropy=SeededEntropy())
    return tmp_path / "keys"


def opened(folder: Path) -> KeyFolder:
    return KeyFolder(folder, SeededEntropy("another process"))


def test_the_key_that_was_made_is_the_key_that_is_read(folder: Path) -> None:
    again = KeyFolder.init(folder, clock=SetClock(), entropy=SeededEntropy("other"))

    assert again.identity().private_bytes_raw() == opened(folder).identity().private_bytes_raw()
    [file] = again.files()
    assert file.public == again.identity().public_key().public_bytes_raw()


@pytest.mark.parametrize(
    "broken",
    [b"\xc1", b"\x81\xa4name\xa1\xff", b"\x91" * 100_000, b""],
    ids=["shape", "text", "depth", "empty"],
)
def test_a_damaged_key_file_is_named(folder: Path, broken: bytes) -> None:
    """protocols.malformed: each way in which msgspec refuses bytes."""
    (folder / f"{IDENTITY}.key").write_bytes(broken)

    with pytest.raises(KeyFolderError, match=rf"{IDENTITY}\.key is not a key file"):
        opened(folder).identity()


def test_a_key_under_another_hosts_secret_is_refused(folder: Path) -> None:
    (folder / SECRET_NAME).write_bytes(bytes(32))

    with pytest.raises(KeyFolderError, match="not wrapped by this host's secret"):
        opened(folder).identity()


@pytest.mark.parametrize("name", [SECRET_NAME, f"{IDENTITY}.key"])
def test_a_file_that_others_can_read_is_refused(folder: Path, name: str) -> None:
    (folder / name).chmod(0o640)

    with pytest.raises(KeyFolderError, match="chmod 600"):
        opened(folder).identity()


def test_keys_without_their_secret_are_not_buried_under_a_new_one(folder: Path) -> None:
    """A new secret would look healthy and open nothing."""
    (folder / SECRET_NAME).unlink()

    with pytest.raises(KeyFolderError, match="restore it"):
        KeyFolder.init(folder, clock=SetClock(), entropy=SeededEntropy())
