"""The staff of the stores: who is on the list, and what a staff file keeps of a PIN."""

import argparse
import getpass
import sys

from ips.config import Config
from ips.console.answers import Answer, CommandError
from ips.console.asking import listing, reading
from ips.host import HostEntropy
from protocols.documents import staff_of, stored_document
from protocols.staff import SALT_BYTES, StaffError, hash_pin


def staff_list(_: argparse.Namespace, config: Config) -> Answer:
    """List the people of the newest version."""
    rows: list[list[object]] = [["number", "name", "role", "badge", "pin", "active"]]
    with reading(config) as reader:
        kept = reader.document("staff")
    for person in () if kept is None else staff_of(stored_document(kept.signed)).people:
        has = ["yes" if each else "-" for each in (person.badge, person.pin, person.active)]
        rows.append([person.number, person.name, person.role, *has])
    return listing(rows, "no staff list yet; `ips-broker staff publish FILE` publishes one")


def staff_pin(arguments: argparse.Namespace, config: Config) -> Answer:
    """Ask for a PIN, twice and unseen, and print its hash."""
    pin = asked("PIN: ")
    if sys.stdin.isatty() and asked("the same again: ") != pin:
        raise CommandError("the two were not the same; nothing was made")
    try:
        kept = hash_pin(pin, HostEntropy().token(SALT_BYTES))
    except StaffError as error:
        raise CommandError(str(error)) from error
    return Answer(value={"pin": kept}, text=f'pin = "{kept}"')


def asked(prompt: str) -> str:
    """Return what is typed without showing it, or the next line of what is piped in."""
    if sys.stdin.isatty():
        return getpass.getpass(prompt)
    return sys.stdin.readline().rstrip("\r\n")
