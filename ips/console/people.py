"""The staff of the stores: who is on the list, what a staff file keeps of a PIN, who did what."""

import argparse
import getpass
import sys
from collections.abc import Iterator
from typing import Final

import msgspec

from ips.config import Config
from ips.console.answers import Answer, CommandError, table
from ips.console.asking import listing, moment, reading
from ips.host import HostEntropy
from ips.store.reader import Reader
from protocols.deeds import Deed, Wanted, counted, deeds_of
from protocols.documents import staff_of, stored_document
from protocols.journal import decode_record
from protocols.staff import SALT_BYTES, StaffError, hash_pin

PAGE_ROWS: Final = 1_000


def staff_list(_: argparse.Namespace, config: Config) -> Answer:
    """List the people of the newest version."""
    rows: list[list[object]] = [["number", "name", "role", "badge", "pin", "active"]]
    with reading(config) as reader:
        kept = reader.document("staff")
    for person in () if kept is None else staff_of(stored_document(kept.signed)).people:
        has = ["yes" if each else "-" for each in (person.badge, person.pin, person.active)]
        rows.append([person.number, person.name, person.role, *has])
    return listing(rows, "no staff list yet; `ips-broker staff publish FILE` publishes one")


def audit_people(arguments: argparse.Namespace, config: Config) -> Answer:
    """List what people did at all terminals, and who allowed it."""
    wanted = Wanted(
        kinds=frozenset(arguments.kind),
        date=arguments.date or "",
        person=arguments.person,
        terminal=arguments.terminal,
    )
    with reading(config) as reader:
        if arguments.terminal and reader.terminal(arguments.terminal) is None:
            raise CommandError(
                f"there is no terminal {arguments.terminal}; `ips-broker terminal list` shows all"
            )
        found = list(deeds(reader, wanted))
        kept = reader.document("staff")
    people = () if kept is None else staff_of(stored_document(kept.signed)).people
    names = {person.id: person.name for person in people}
    rows: list[list[object]] = [
        ["time", "terminal", "what", "by", "allowed by", "sale", "amount", "about"]
    ]
    rows += [
        [
            moment(deed.at_ns),
            deed.terminal,
            deed.kind,
            names.get(deed.actor, deed.actor),
            names.get(deed.approver, deed.approver) or "-",
            deed.sale or "-",
            deed.amount,
            deed.what,
        ]
        for deed in found
    ]
    value = [msgspec.to_builtins(deed) for deed in found]
    listed = f"{table(rows)}\n" if found else ""
    return Answer(value=value, text=listed + counted(found), rows=rows)


def deeds(reader: Reader, wanted: Wanted) -> Iterator[Deed]:
    """Yield what is asked for, in the order in which it came in. Raises: StoreError."""
    after = 0
    while page := reader.ask(
        "SELECT id, bytes FROM record WHERE id > ? ORDER BY id LIMIT ?", (after, PAGE_ROWS)
    ):
        for number, data in page:
            after = number
            yield from (deed for deed in deeds_of(decode_record(data)) if wanted.takes(deed))


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
