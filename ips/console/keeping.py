"""migrate, backup, restore, keys: what keeps a broker's folder in order."""

import argparse
import shutil
from datetime import UTC, datetime
from pathlib import Path

from ips.broker import KEYS_NAME
from ips.config import Config
from ips.console.answers import Answer, CommandError, table
from ips.host import HostClock, HostEntropy
from ips.keys import SECRET_NAME, KeyFolder
from ips.lock import FolderLock
from ips.store.connection import FILE_NAME
from ips.store.copies import copy_database
from ips.store.migration import version
from ips.store.sqlite_store import SqliteStore


def migrate(_: argparse.Namespace, config: Config) -> Answer:
    """Bring the database to this program's schema, and make missing keys."""
    folder = config.place()
    lock = FolderLock(folder, "ips-broker migrate")
    try:
        store = SqliteStore(folder / FILE_NAME)
        try:
            done = store.migrate(now_ns=HostClock().now_ns())
            reached = version(store.connection)
        finally:
            store.close()
        KeyFolder.init(folder / KEYS_NAME, clock=HostClock(), entropy=HostEntropy())
    finally:
        lock.release()
    steps = ", ".join(str(number) for number in done) or "none"
    text = f"{folder / FILE_NAME}: schema {reached}; steps done now: {steps}"
    return Answer(value={"schema": reached, "done": done}, text=text)


def backup(arguments: argparse.Namespace, config: Config) -> Answer:
    """Copy database and wrapped keys to a new folder; the broker may run meanwhile."""
    folder, target = config.place(), Path(arguments.target)
    if target.exists() and any(target.iterdir()):
        raise CommandError(f"{target} is not empty; a backup never overwrites")
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy_database(folder / FILE_NAME, target / FILE_NAME)
    keys = target / KEYS_NAME
    keys.mkdir(mode=0o700)
    for path in sorted((folder / KEYS_NAME).glob("*.key")):
        shutil.copy2(path, keys / path.name)
    size = (target / FILE_NAME).stat().st_size
    text = (
        f"{target}: {size:,} bytes, proved. Its keys open only with {folder / KEYS_NAME / SECRET_NAME}: "
        "keep a copy of that file in another place."
    )
    return Answer(value={"target": str(target), "bytes": size}, text=text)


def restore(arguments: argparse.Namespace, config: Config) -> Answer:
    """Put a backup into a folder that has no database; keys are kept where they are there."""
    folder, source = config.place(), Path(arguments.source)
    lock = FolderLock(folder, "ips-broker restore")
    try:
        copy_database(source / FILE_NAME, folder / FILE_NAME)
        keys = folder / KEYS_NAME
        keys.mkdir(mode=0o700, exist_ok=True)
        for path in sorted((source / KEYS_NAME).glob("*.key")):
            if not (keys / path.name).exists():
                shutil.copy2(path, keys / path.name)
        if arguments.secret:
            shutil.copyfile(arguments.secret, keys / SECRET_NAME)
            (keys / SECRET_NAME).chmod(0o600)
    finally:
        lock.release()
    text = (
        f"{folder}: restored from {source}. Terminals send again what came after the backup; "
        "those that enrolled after it enrol once more."
    )
    if not (folder / KEYS_NAME / SECRET_NAME).exists():
        text += f"\nPut {SECRET_NAME} into {folder / KEYS_NAME} before serving, or use --secret."
    return Answer(value={"folder": str(folder), "source": str(source)}, text=text)


def keys_init(_: argparse.Namespace, config: Config) -> Answer:
    """Make the keys that are missing."""
    folder = config.place() / KEYS_NAME
    opened = KeyFolder.init(folder, clock=HostClock(), entropy=HostEntropy())
    return _listing(opened, folder)


def keys_list(_: argparse.Namespace, config: Config) -> Answer:
    """List the keys, never their secret part."""
    folder = config.place() / KEYS_NAME
    return _listing(KeyFolder(folder, HostEntropy()), folder)


def _listing(opened: KeyFolder, folder: Path) -> Answer:
    rows = [["name", "kind", "made", "public"]]
    for file in opened.files():
        made = datetime.fromtimestamp(file.made_ns // 1_000_000_000, UTC)
        rows.append([file.name, file.kind, made.strftime("%Y-%m-%d %H:%M UTC"), file.public.hex()])
    value = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    return Answer(value=value, text=f"{folder}\n{table(rows)}", rows=rows)
