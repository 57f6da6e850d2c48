"""The till's keys on disk: private, wrapped, whole or absent."""

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from devices.keys import SECRET_BYTES, KeyFolder, KeysError, open_host_secret
from sim.entropy import SeededEntropy

SECRET = bytes(range(SECRET_BYTES))


@pytest.fixture
def keys(tmp_path: Path) -> KeyFolder:
    """Return an empty folder of keys."""
    return KeyFolder(tmp_path / "keys", secret=SECRET, entropy=SeededEntropy(1))


def again(keys: KeyFolder, secret: bytes = SECRET) -> KeyFolder:
    """Open the same folder as the next process would."""
    return KeyFolder(keys._folder, secret=secret, entropy=SeededEntropy(2))


def test_key_survives_the_process(keys: KeyFolder) -> None:
    """What was made is what the next start reads."""
    made = keys.make("identity")
    read = again(keys).get("identity")
    assert read is not None
    assert read.sign(b"x") == made.sign(b"x")


def test_folder_and_files_are_for_the_owner_only(keys: KeyFolder, tmp_path: Path) -> None:
    """decisions.md "Keys": 0600, whatever the umask says."""
    before = os.umask(0)
    try:
        keys.make("identity")
        open_host_secret(tmp_path / "conf" / "secret", SeededEntropy(3))
    finally:
        os.umask(before)
    for path in (tmp_path / "keys" / "identity.key", tmp_path / "conf" / "secret"):
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700


def test_no_key_lies_in_clear_on_disk(keys: KeyFolder, tmp_path: Path) -> None:
    """A copied folder gives nothing away."""
    key = keys.make("identity")
    seed = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or seed not in path.read_bytes()


def test_missing_key_is_none(keys: KeyFolder) -> None:
    """A till that never enrolled has none, which is no error."""
    assert keys.get("identity") is None
    keys.remove("identity")


def test_another_hosts_secret_opens_nothing(keys: KeyFolder) -> None:
    """The message says what to do."""
    keys.make("identity")
    with pytest.raises(KeysError, match="another one"):
        again(keys, bytes(SECRET_BYTES)).get("identity")


def test_key_under_another_name_opens_nothing(keys: KeyFolder, tmp_path: Path) -> None:
    """A file that was renamed is not another key."""
    keys.make("one")
    (tmp_path / "keys" / "one.key").rename(tmp_path / "keys" / "two.key")
    with pytest.raises(KeysError, match="unwrapped"):
        keys.get("two")


def test_every_flipped_byte_of_a_file_is_noticed(keys: KeyFolder, tmp_path: Path) -> None:
    """Damage is a clear error at every position, never another key."""
    keys.make("identity")
    path = tmp_path / "keys" / "identity.key"
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(KeysError):
            keys.get("identity")
        path.write_bytes(whole[:place])
        with pytest.raises(KeysError):
            keys.get("identity")


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o604])
def test_file_open_to_others_is_refused_with_the_remedy(
    keys: KeyFolder, tmp_path: Path, mode: int
) -> None:
    """Somebody copied the folder carelessly."""
    keys.make("identity")
    (tmp_path / "keys" / "identity.key").chmod(mode)
    with pytest.raises(KeysError, match="chmod 600"):
        keys.get("identity")


def test_folder_open_to_others_is_refused(keys: KeyFolder) -> None:
    """The folder too."""
    keys._folder.chmod(0o755)
    with pytest.raises(KeysError, match="chmod 700"):
        again(keys)


def test_write_that_cannot_finish_keeps_the_old_key(keys: KeyFolder, tmp_path: Path) -> None:
    """A directory stands where the new file would: the old key is still read."""
    made = keys.make("identity")
    blocked = tmp_path / "keys" / "identity.new"
    blocked.mkdir()
    with pytest.raises(KeysError, match="cannot be written"):
        keys.make("identity")
    read = keys.get("identity")
    assert read is not None and read.sign(b"x") == made.sign(b"x")


def test_left_over_of_a_kill_is_overwritten(keys: KeyFolder, tmp_path: Path) -> None:
    """Half a file under the other name stops nobody."""
    (tmp_path / "keys" / "identity.new").write_bytes(b"half")
    keys.make("identity")
    assert keys.get("identity") is not None


def test_host_secret_is_made_once(tmp_path: Path) -> None:
    """The second start reads what the first one made; a cut one is refused."""
    path = tmp_path / "secret"
    first = open_host_secret(path, SeededEntropy(1))
    assert open_host_secret(path, SeededEntropy(2)) == first
    assert len(first) == SECRET_BYTES
    path.write_bytes(first[:-1])
    with pytest.raises(KeysError, match="31 bytes"):
        open_host_secret(path, SeededEntropy(1))


@pytest.mark.parametrize("name", ["../x", "", "A", "a/b", "x" * 65])
def test_name_that_is_no_file_name_is_a_programming_error(keys: KeyFolder, name: str) -> None:
    """No key lands outside the folder."""
    with pytest.raises(AssertionError):
        keys.make(name)
