"""The broker's keys: a folder of its own, 0700, each file 0600 and wrapped by one host secret.

    keys/host.secret       32 random bytes; whoever has it and the folder has the broker's keys
    keys/NAME.key          msgpack { name, kind, made_ns, public, wrapped }

Wrapped: AES-256-GCM under the host secret, the key's name as associated data, so one file cannot be
put in place of another. The same secret wraps what the database keeps of codes and sessions.
A backup of the database alone opens nothing. Source: decisions.md "Keys".
"""

import os
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from protocols.icash.keys import Masters, check_value, decode_masters
from protocols.malformed import MALFORMED
from protocols.ports import Clock, Entropy
from protocols.purse.issuing import Issuer
from protocols.purse.suite import P256, public_key, secret_from

SECRET_NAME: Final = "host.secret"  # noqa: S105  a file name
IDENTITY: Final = "identity"
"""The broker's Ed25519 key: signs certificates, sessions and documents."""
PURSE_ISSUER: Final = "purse-issuer-1"
"""The P-256 key of the issuer of e-cash, where this broker is one."""
PURSE_ISSUER_ID: Final = 1
ICASH_MASTERS: Final = "icash-masters-1"
"""The four AES-128 masters of the issuer of ICash, where this broker is one."""
BANK_MAC: Final = "bank-mac-{bank}"
"""The key that messages to a bank have their code under: agreed with it, one a bank."""
CASH_RECEIPTS: Final = "cash-receipts-1"
"""The P-256 key that tills seal customers' numbers for, where this broker sends cash receipts."""
MEMBER_PHONES: Final = "member-phones-1"
"""The 32 bytes under which members' telephone numbers are marked (ips.members)."""
_NONCE_BYTES: Final = 12


class KeyFolderError(Exception):
    """A key is missing, readable by others, or not wrapped by this host's secret."""


class KeyFile(msgspec.Struct, frozen=True, kw_only=True):
    """One key as it lies in the folder."""

    name: str
    kind: str
    made_ns: int
    public: bytes
    wrapped: bytes


class Vault:
    """Wraps and unwraps secrets by the host secret."""

    def __init__(self, secret: bytes, entropy: Entropy) -> None:
        self._cipher = AESGCM(secret)
        self._entropy = entropy

    def wrap(self, name: str, secret: bytes) -> bytes:
        """Return the secret, readable only by this host and only under this name."""
        nonce = self._entropy.token(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, name.encode())

    def unwrap(self, name: str, wrapped: bytes) -> bytes:
        """Return what was wrapped under this name. Raises: KeyFolderError."""
        try:
            return self._cipher.decrypt(
                wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], name.encode()
            )
        except InvalidTag:
            raise KeyFolderError(
                f"{name} was not wrapped by this host's secret; was keys/ restored from elsewhere?"
            ) from None


class KeyFolder:
    """The folder, opened; made by `KeyFolder.init`."""

    def __init__(self, folder: Path, entropy: Entropy) -> None:
        """Open it. Raises: KeyFolderError when it is missing or others can read it."""
        self._folder = folder
        secret = _read_private(folder / SECRET_NAME)
        if len(secret) != 32:
            raise KeyFolderError(f"{folder / SECRET_NAME} is damaged: 32 bytes are expected")
        self.vault = Vault(secret, entropy)

    @classmethod
    def init(cls, folder: Path, *, clock: Clock, entropy: Entropy) -> "KeyFolder":
        """Make what is missing, keep what is there, and open the folder. Raises: KeyFolderError."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (folder / SECRET_NAME).exists():
            if any(folder.glob("*.key")):
                raise KeyFolderError(
                    f"{folder} has keys but no {SECRET_NAME}: restore it, the keys open with no other"
                )
            _write_private(folder / SECRET_NAME, entropy.token(32))
        opened = cls(folder, entropy)
        if not (folder / f"{IDENTITY}.key").exists():
            key = Ed25519PrivateKey.from_private_bytes(entropy.token(32))
            opened._put(IDENTITY, key, made_ns=clock.now_ns())
        return opened

    def identity(self) -> Ed25519PrivateKey:
        """Return the broker's signing key. Raises: KeyFolderError."""
        file = self._get(IDENTITY)
        return Ed25519PrivateKey.from_private_bytes(self.vault.unwrap(file.name, file.wrapped))

    def purse_issuer(self) -> Issuer | None:
        """Return the key that purses' certificates and commands are signed by, if there is one."""
        path = self._folder / f"{PURSE_ISSUER}.key"
        if not path.exists():
            return None
        file = self._get(PURSE_ISSUER)
        secret = int.from_bytes(self.vault.unwrap(file.name, file.wrapped))
        return Issuer(key_id=PURSE_ISSUER_ID, secret=secret, suite=P256())

    def make_purse_issuer(self, *, clock: Clock, entropy: Entropy) -> Issuer:
        """Make that key where there is none; one that is there is kept."""
        known = self.purse_issuer()
        if known is not None:
            return known
        secret = secret_from(entropy.token(40))
        made = Issuer(key_id=PURSE_ISSUER_ID, secret=secret, suite=P256())
        file = KeyFile(
            name=PURSE_ISSUER,
            kind="P-256",
            made_ns=clock.now_ns(),
            public=made.public,
            wrapped=self.vault.wrap(PURSE_ISSUER, secret.to_bytes(32)),
        )
        _write_private(self._folder / f"{PURSE_ISSUER}.key", msgspec.msgpack.encode(file))
        return made

    def cash_receipts(self, *, clock: Clock, entropy: Entropy) -> tuple[int, bytes]:
        """Return the secret and the public key for customers' numbers; made where there is none."""
        path = self._folder / f"{CASH_RECEIPTS}.key"
        if not path.exists():
            made = secret_from(entropy.token(40))
            file = KeyFile(
                name=CASH_RECEIPTS,
                kind="P-256",
                made_ns=clock.now_ns(),
                public=public_key(made),
                wrapped=self.vault.wrap(CASH_RECEIPTS, made.to_bytes(32)),
            )
            _write_private(path, msgspec.msgpack.encode(file))
        file = self._get(CASH_RECEIPTS)
        return int.from_bytes(self.vault.unwrap(file.name, file.wrapped)), file.public

    def icash_masters(self) -> Masters | None:
        """Return the keys that ICash cards and modules were made under, if there are any."""
        if not (self._folder / f"{ICASH_MASTERS}.key").exists():
            return None
        file = self._get(ICASH_MASTERS)
        return decode_masters(self.vault.unwrap(file.name, file.wrapped))

    def keep_icash_masters(self, masters: Masters, *, clock: Clock) -> Masters:
        """Keep those keys; a folder that has some keeps what it has."""
        known = self.icash_masters()
        if known is not None:
            return known
        file = KeyFile(
            name=ICASH_MASTERS,
            kind="AES-128",
            made_ns=clock.now_ns(),
            public=bytes.fromhex("".join(check_value(key) for _, key in masters.named())),
            wrapped=self.vault.wrap(ICASH_MASTERS, masters.encode()),
        )
        _write_private(self._folder / f"{ICASH_MASTERS}.key", msgspec.msgpack.encode(file))
        return masters

    def bank_mac(self, bank: str) -> bytes | None:
        """Return the key of messages to a bank, if it was given."""
        name = BANK_MAC.format(bank=bank)
        if not (self._folder / f"{name}.key").exists():
            return None
        file = self._get(name)
        return self.vault.unwrap(file.name, file.wrapped)

    def keep_bank_mac(self, bank: str, key: bytes, *, clock: Clock) -> str:
        """Keep the key of messages to a bank, in place of one before; return its check value."""
        name, shown = BANK_MAC.format(bank=bank), key_check_value(key)
        file = KeyFile(
            name=name,
            kind="MAC",
            made_ns=clock.now_ns(),
            public=bytes.fromhex(shown),
            wrapped=self.vault.wrap(name, key),
        )
        _write_private(self._folder / f"{name}.key", msgspec.msgpack.encode(file))
        return shown

    def member_phones(self, *, clock: Clock, entropy: Entropy) -> bytes:
        """Return the key that members' telephone numbers are marked under; made where there is none."""
        path = self._folder / f"{MEMBER_PHONES}.key"
        if path.exists():
            file = self._get(MEMBER_PHONES)
            return self.vault.unwrap(file.name, file.wrapped)
        key = entropy.token(32)
        file = KeyFile(
            name=MEMBER_PHONES,
            kind="HMAC-SHA-256",
            made_ns=clock.now_ns(),
            public=b"",
            wrapped=self.vault.wrap(MEMBER_PHONES, key),
        )
        _write_private(path, msgspec.msgpack.encode(file))
        return key

    def files(self) -> list[KeyFile]:
        """Return every key without its secret part. Raises: KeyFolderError."""
        return [self._get(path.stem) for path in sorted(self._folder.glob("*.key"))]

    def _get(self, name: str) -> KeyFile:
        path = self._folder / f"{name}.key"
        try:
            return msgspec.msgpack.decode(_read_private(path), type=KeyFile)
        except MALFORMED as error:
            raise KeyFolderError(f"{path} is not a key file: {error}") from error

    def _put(self, name: str, key: Ed25519PrivateKey, *, made_ns: int) -> None:
        file = KeyFile(
            name=name,
            kind="Ed25519",
            made_ns=made_ns,
            public=key.public_key().public_bytes_raw(),
            wrapped=self.vault.wrap(name, key.private_bytes_raw()),
        )
        _write_private(self._folder / f"{name}.key", msgspec.msgpack.encode(file))


def key_check_value(key: bytes) -> str:
    """Return three bytes, in hexadecimal, by which two people can tell that they have one key."""
    cmac = CMAC(AES(key))
    cmac.update(bytes(16))
    return cmac.finalize()[:3].hex().upper()


def _read_private(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        data = path.read_bytes()
    except OSError as error:
        raise KeyFolderError(
            f"cannot read {path}: {error.strerror}; `ips-broker keys init` makes what is missing"
        ) from error
    if mode & 0o077:
        raise KeyFolderError(f"{path} can be read by others: chmod 600 {path}")
    return data


def _write_private(path: Path, data: bytes) -> None:
    """Write a new file that was never readable by others; durable, and never half there."""
    fresh = path.with_suffix(path.suffix + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    fresh.replace(path)
