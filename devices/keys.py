"""Keys on disk: one folder, nobody else may read it, each key wrapped by the host's secret.

A till keeps its own keys so, and a purse in a file its key (devices.bus.purse_folder).

    keys/NAME.key   msgpack [ 1, nonce, sealed ]     sealed = AES-256-GCM under
                    HKDF-SHA256(host secret, info "till key|NAME"), NAME as associated data

The host secret lies apart from the folder (by default beside the machine's other configuration), so
a copied till folder or its backup gives no key away. A file is written under another name, synced,
and renamed: a kill leaves the old key or the new one, never half a key.
Source: decisions.md "Keys"; NIST SP 800-38D (GCM), RFC 5869 (HKDF).
"""

import os
import re
import stat
from pathlib import Path
from typing import Final, Literal, NoReturn

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from protocols.malformed import MALFORMED
from protocols.ports import Entropy

SECRET_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32
_FILE_BYTES_MAX: Final = 4096
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


class KeysError(Exception):
    """A key cannot be kept or read. The message names the file and what to do; never the key."""


class _Sealed(
    msgspec.Struct, frozen=True, kw_only=True, array_like=True, forbid_unknown_fields=True
):
    v: Literal[1]
    nonce: bytes
    sealed: bytes


def open_host_secret(path: Path, entropy: Entropy) -> bytes:
    """Return the host's secret, made at the first call. Raises: KeysError."""
    if path.exists():
        return read_host_secret(path)
    secret = entropy.token(SECRET_BYTES)
    make_private_folder(path.parent)
    write_private(path, secret)
    return secret


def read_host_secret(path: Path) -> bytes:
    """Return the host's secret, which is there. Raises: KeysError."""
    secret = read_private(path)
    if len(secret) != SECRET_BYTES:
        _refuse(path, f"has {len(secret)} bytes, not {SECRET_BYTES}: restore it from a backup")
    return secret


def read_key(folder: Path, name: str, *, secret: bytes) -> bytes | None:
    """Return what is kept under a name in a folder of keys, or None. Raises: KeysError."""
    path = _path(folder, name)
    if not path.exists():
        return None
    try:
        file = msgspec.msgpack.decode(read_private(path), type=_Sealed)
        cipher = AESGCM(_wrapping(secret, name))
        return cipher.decrypt(file.nonce, file.sealed, name.encode())
    except (*MALFORMED, InvalidTag, ValueError):
        _refuse(
            path,
            "cannot be unwrapped: it is damaged, or this host's secret is another one. "
            "Restore both together",
        )


class KeyFolder:
    """Ed25519 keys by name."""

    def __init__(self, folder: Path, *, secret: bytes, entropy: Entropy) -> None:
        """Open or make the folder. Raises: KeysError when others may look into it."""
        assert len(secret) == SECRET_BYTES, "the host secret is 256 bits"
        self._folder = folder
        self._secret = secret
        self._entropy = entropy
        make_private_folder(folder)
        _demand_private(folder)

    def make(self, name: str) -> Ed25519PrivateKey:
        """Make a key and keep it under this name, durably. Raises: KeysError."""
        seed = self._entropy.token(_KEY_BYTES)
        self.put_secret(name, seed)
        return Ed25519PrivateKey.from_private_bytes(seed)

    def get(self, name: str) -> Ed25519PrivateKey | None:
        """Return the key of this name, or None. Raises: KeysError when it cannot be unwrapped."""
        seed = self.get_secret(name)
        if seed is None:
            return None
        if len(seed) != _KEY_BYTES:
            _refuse(
                _path(self._folder, name), "does not hold an Ed25519 key: enrol this till again"
            )
        return Ed25519PrivateKey.from_private_bytes(seed)

    def put_secret(self, name: str, secret: bytes) -> None:
        """Keep secret bytes under a name, durable on return, in place of what was there."""
        path = _path(self._folder, name)
        nonce = self._entropy.token(_NONCE_BYTES)
        cipher = AESGCM(_wrapping(self._secret, name))
        sealed = cipher.encrypt(nonce, secret, name.encode())
        write_private(path, msgspec.msgpack.encode(_Sealed(v=1, nonce=nonce, sealed=sealed)))

    def get_secret(self, name: str) -> bytes | None:
        """Return what is kept under a name, or None. Raises: KeysError."""
        return read_key(self._folder, name, secret=self._secret)

    def remove(self, name: str) -> None:
        """Forget a key; nothing happens when there is none."""
        try:
            _path(self._folder, name).unlink(missing_ok=True)
            _sync_folder(self._folder)
        except OSError as error:
            raise KeysError(f"{_path(self._folder, name)}: {error.strerror}") from error


def _path(folder: Path, name: str) -> Path:
    assert _NAME.fullmatch(name), "a key's name is a file's name"
    return folder / f"{name}.key"


def _wrapping(secret: bytes, name: str) -> bytes:
    info = b"till key|" + name.encode()
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(secret)


def _refuse(path: Path, reason: str) -> NoReturn:
    raise KeysError(f"{path} {reason}")


def make_private_folder(folder: Path) -> None:
    """Make a folder for its owner alone, where there is none. Raises: KeysError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise KeysError(f"{folder} cannot be made: {error.strerror}") from error


def _demand_private(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        allowed = "700" if path.is_dir() else "600"
        _refuse(path, f"is open to others (mode {mode:03o}): chmod {allowed} it, then start again")


def read_private(path: Path) -> bytes:
    """Return a small file that nobody else may read. Raises: KeysError."""
    try:
        _demand_private(path)
        with path.open("rb") as file:
            return file.read(_FILE_BYTES_MAX)
    except OSError as error:
        raise KeysError(f"{path} cannot be read: {error.strerror}") from error


def write_private(path: Path, data: bytes) -> None:
    """Write a file that is whole or absent, whatever happens. Raises: KeysError."""
    fresh = path.with_suffix(".new")
    try:
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise KeysError(f"{path} cannot be written: {error.strerror}") from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
