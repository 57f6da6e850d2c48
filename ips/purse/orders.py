"""Commands for purses that are out: made by the issuer, taken to the card by whatever terminal meets it.

    waiting -> taken       the card took it, or has had it
            -> refused     the card said no: somebody is asked
            -> withdrawn   a later one of the same kind says it all

Each is signed for one purse, with its own number or for its very log, so it does no harm given twice,
late, or by two terminals. The card's word is not proof of UPDATE and CLEAR; of a CLAIM it is, and that
is archived by itself (ips.purse.claims). Source: purse.md 2.3 M8, M10; 3.4 T9.
"""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import msgspec

from ips.purse.records import Asks
from ips.store.group import Group
from ips.store.rows import OwnRow
from protocols.broker import PURSE_COMMANDS_MAX, PurseCommand
from protocols.facts import PurseCommanded
from protocols.iso7816 import SW
from protocols.purse.image import Parameters

LISTED_MAX: Final = 1_000
What = Literal["update", "claim", "clear"]


class OrderRow(NamedTuple):
    """One command as it stands."""

    id: int
    name: str
    what: What
    state: str
    sw: int
    terminal: str
    at_ns: int
    done_ns: int


def order(
    group: Group,
    name: str,
    what: What,
    apdu: bytes,
    *,
    nonce: bytes = b"",
    limits: Parameters | None = None,
) -> None:
    """Let a command wait for its purse, in place of an older one of its kind."""
    bare = msgspec.structs.replace(limits or Parameters(), hotlist=())
    group.changes.own += [
        OwnRow(
            "UPDATE purse_command SET state = 'withdrawn', done_ns = ?"
            " WHERE name = ? AND what = ? AND state = 'waiting'",
            (group.now_ns, name, what),
        ),
        OwnRow(
            "INSERT INTO purse_command (name, what, apdu, nonce, limits, at_ns)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (name, what, apdu, nonce, msgspec.msgpack.encode(bare), group.now_ns),
        ),
    ]


def limits_of(store: Asks, name: str) -> Parameters:
    """Return the limits that a purse was last given; those it was made with say nothing here."""
    rows = store.ask(
        "SELECT limits FROM purse_command WHERE name = ? AND what = 'update'"
        " ORDER BY id DESC LIMIT 1",
        (name,),
    )
    return msgspec.msgpack.decode(rows[0][0], type=Parameters) if rows else Parameters()


def waiting(store: Asks, name: str) -> list[PurseCommand]:
    """Return what waits for a purse, oldest first."""
    rows = store.ask(
        "SELECT id, what, apdu, nonce FROM purse_command WHERE name = ? AND state = 'waiting'"
        " ORDER BY id LIMIT ?",
        (name, PURSE_COMMANDS_MAX),
    )
    return [
        PurseCommand(id=number, what=what, apdu=apdu, nonce=nonce)
        for number, what, apdu, nonce in rows
    ]


def listed(store: Asks, *, waiting: bool) -> Sequence[OrderRow]:
    """Return the newest commands, the newest first; or only those that wait."""
    rows = store.ask(
        "SELECT id, name, what, state, sw, terminal, at_ns, done_ns FROM purse_command"
        " WHERE state = 'waiting' OR NOT ? ORDER BY id DESC LIMIT ?",
        (waiting, LISTED_MAX),
    )
    return [OrderRow._make(row) for row in rows]


def answered(group: Group, nonce: bytes, terminal: str, *, holds: bool) -> None:
    """Keep that a CLAIM was answered, by a log that holds or not."""
    group.changes.own.append(
        OwnRow(
            "UPDATE purse_command SET state = ?, sw = ?, terminal = ?, done_ns = ?"
            " WHERE nonce = ? AND state = 'waiting'",
            ("taken" if holds else "refused", int(SW.OK), terminal, group.now_ns, nonce),
        )
    )


def reported(group: Group, fact: PurseCommanded, terminal: str) -> str:
    """Keep what a card said to a command; return why somebody should look, or nothing."""
    group.flush()
    rows = group.store.ask(
        "SELECT name, what, state FROM purse_command WHERE id = ?", (fact.command,)
    )
    name = fact.name.hex()
    if not rows or rows[0][0] != name:
        return f"there is no command {fact.command} for it"
    _, what, state = rows[0]
    # An update whose number is not above the card's own has been there: by another terminal.
    had = what == "update" and fact.sw == SW.CONDITIONS_NOT_SATISFIED
    taken = fact.sw == SW.OK or had
    if state == "waiting":
        group.changes.own.append(
            OwnRow(
                "UPDATE purse_command SET state = ?, sw = ?, terminal = ?, done_ns = ?"
                " WHERE id = ? AND state = 'waiting'",
                (
                    "taken" if taken else "refused",
                    fact.sw,
                    terminal,
                    group.now_ns,
                    fact.command,
                ),
            )
        )
    # A CLEAR that another terminal has given already meets an empty log.
    late = state != "waiting" and fact.sw == SW.CONDITIONS_NOT_SATISFIED
    return "" if taken or late else f"{what} no. {fact.command} was answered {fact.sw:04X}"
