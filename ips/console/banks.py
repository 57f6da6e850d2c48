"""bank key, list, settle: the broker's banks from the command line."""

import argparse
import re
import sys
from pathlib import Path

from ips.bank import records
from ips.broker import KEYS_NAME
from ips.config import Config
from ips.console.answers import Answer, CommandError
from ips.console.asking import listing, moment, reading
from ips.console.doing import actor, do
from ips.host import HostClock, HostEntropy
from ips.keys import KeyFolder
from ips.office import BankSettle, BankSettled, NotDone

_KEY = re.compile(r"[0-9A-Fa-f]{32}")
_TOTALS = ("refunds", "refunds undone", "sales", "sales undone")


def bank_key(arguments: argparse.Namespace, config: Config) -> Answer:
    """Keep the key that messages to a bank have their code under; show its check value."""
    name = _bank(arguments.bank, config)
    try:
        text = (
            Path(arguments.source).read_text("ascii") if arguments.source else sys.stdin.read(100)
        )
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{arguments.source}: cannot be read: {error}") from error
    if not _KEY.fullmatch(text.strip()):
        raise CommandError(
            "a key is 32 hexadecimal digits, one line, in a file or on standard input"
        )
    keys = KeyFolder.init(config.place() / KEYS_NAME, clock=HostClock(), entropy=HostEntropy())
    shown = keys.keep_bank_mac(name, bytes.fromhex(text.strip()), clock=HostClock())
    told = f"{name}: key {shown} is kept. Compare these digits with the bank's; used from the next start."
    return Answer(value={"bank": name, "check": shown}, text=told)


def bank_list(_: argparse.Namespace, config: Config) -> Answer:
    """Show what each bank is still to be told, and when totals were last compared."""
    rows: list[list[object]] = [
        ["bank", "address", "unanswered", "to undo", "to tell", "tries", "totals"]
    ]
    with reading(config) as reader:
        for name, bank in config.banks.items():
            waiting = records.waiting(reader, name)
            undo = [row for row in waiting if row.state == "reversing"]
            last = records.last_settlement(reader, name)
            rows.append(
                [
                    name,
                    bank.address,
                    len(records.unanswered(reader, name)),
                    len(undo),
                    len(waiting) - len(undo),
                    max((row.tries for row in waiting), default=0),
                    f"{last.state} {moment(last.at_ns)}" if last else "",
                ]
            )
    return listing(rows, "this broker has no bank; add [banks.NAME] to its configuration")


def bank_settle(arguments: argparse.Namespace, config: Config) -> Answer:
    """Compare a shop's totals with the bank's; status 1 where they differ or nobody has answered."""
    name = _bank(arguments.bank, config)
    store = arguments.store or next(iter(config.stores))
    if store not in config.stores:
        raise CommandError(f"there is no store {store!r}; there are: {', '.join(config.stores)}")
    currency = config.stores[store].currency
    done = do(config, BankSettle(bank=name, store=store, currency=currency, actor=actor()))
    if isinstance(done, NotDone):
        raise CommandError(done.reason)
    assert isinstance(done, BankSettled)
    if done.waits:
        raise CommandError(f"{name}, store {store}: not compared: {done.waits}")
    ours, theirs = done.ours, done.theirs
    lines = [
        f"{what:<16}{ours[place]:>8} {ours[place + 4]:>15,}   bank {theirs[place]:>8} {theirs[place + 4]:>15,}"
        for place, what in enumerate(_TOTALS)
    ]
    text = "\n".join(
        [f"{name}, store {store}, {currency}: {'agreed' if done.agreed else 'DIFFERS'}", *lines]
    )
    if not done.agreed:
        raise CommandError(text)
    return Answer(value={"bank": name, "store": store, "ours": ours, "theirs": theirs}, text=text)


def _bank(name: str, config: Config) -> str:
    if name not in config.banks:
        known = ", ".join(config.banks) or "none; add [banks.NAME] to the configuration"
        raise CommandError(f"there is no bank {name!r}; there are: {known}")
    return name
