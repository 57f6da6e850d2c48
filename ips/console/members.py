"""The points programme: members, what they have, points given and taken by hand."""

import argparse

import msgspec

from ips.booking_points import account_of, owed_by
from ips.config import Config
from ips.console.answers import Answer, CommandError, table
from ips.console.asking import moment, reading
from ips.console.doing import actor, do
from ips.members import (
    MemberAdd,
    MemberAdjust,
    MemberDeed,
    MemberNot,
    MemberNow,
    MemberStop,
    find_member,
    members,
    points_of,
)
from ips.store.reader import Reader
from protocols.members import is_number, shown_as

MOVES_SHOWN = 20


def member_add(arguments: argparse.Namespace, config: Config) -> Answer:
    """Enter a member."""
    deed = MemberAdd(
        name=arguments.name, phone=arguments.phone, number=arguments.card, actor=actor()
    )
    return _done(config, deed)


def member_list(_: argparse.Namespace, config: Config) -> Answer:
    """List every member and what each has."""
    heading = ["member", "name", "points", "state", "since"]
    rows: list[list[object]] = [list(heading)]
    with reading(config) as reader:
        for row in members(reader):
            points = points_of(reader, row.number, config.currency)
            shown = shown_as(row.name, row.tail)
            rows.append([row.number, shown, points, row.state, moment(row.added_ns)])
    value = [dict(zip(heading, row, strict=True)) for row in rows[1:]]
    nothing = "no member yet; `ips-broker member add --name NAME --phone NUMBER` enters one"
    return Answer(value=value, text=table(rows) if value else nothing, rows=rows)


def member_show(arguments: argparse.Namespace, config: Config) -> Answer:
    """Show a member and the newest movements of the points."""
    number = _number(arguments.member)
    with reading(config) as reader:
        row = find_member(reader, number)
        if row is None:
            raise CommandError(f"there is no member {number}; `ips-broker member list` shows all")
        points = points_of(reader, number, config.currency)
        moves = _moves(reader, number, config.currency)
    shown = shown_as(row.name, row.tail)
    lines = [f"{number}  {shown}  {points:,} points, {row.state}"]
    if moves:
        heading: list[object] = ["points", "what for", "by"]
        lines.append(
            table([heading, *([each["points"], each["for"], each["by"]] for each in moves)])
        )
    value = {
        "member": number,
        "name": shown,
        "points": points,
        "state": row.state,
        "moves": moves,
    }
    return Answer(value=value, text="\n".join(lines))


def member_adjust(arguments: argparse.Namespace, config: Config) -> Answer:
    """Give a member points, or take some."""
    deed = MemberAdjust(
        number=_number(arguments.member),
        points=arguments.points,
        reason=arguments.reason,
        actor=actor(),
    )
    return _done(config, deed)


def member_stop(arguments: argparse.Namespace, config: Config) -> Answer:
    """Let nobody spend a member's points, or let it be again."""
    deed = MemberStop(
        number=_number(arguments.member),
        stop=arguments.verb == "stop",
        reason=arguments.reason,
        actor=actor(),
    )
    return _done(config, deed)


def _moves(reader: Reader, number: str, currency: str) -> list[dict[str, object]]:
    """Return the newest movements; a hold that stands counts, one that was resolved is no movement."""
    found = reader.ask(
        "SELECT t.txn, t.amount, t.memo, t.phase, c.name IN (?, ?) FROM transfer AS t"
        " JOIN account AS d ON d.id = t.debit JOIN account AS c ON c.id = t.credit"
        " WHERE (d.name IN (?, ?) OR c.name IN (?, ?)) AND t.currency = ? AND t.phase <> 'void'"
        " AND NOT (t.phase = 'hold' AND EXISTS (SELECT 1 FROM transfer AS done"
        " WHERE done.hold = t.hold AND done.phase <> 'hold')) ORDER BY t.id DESC LIMIT ?",
        (*(account_of(number), owed_by(number)) * 3, currency, MOVES_SHOWN),
    )
    return [
        {
            "points": amount if comes else -amount,
            "for": f"{memo} (held)" if phase == "hold" else memo,
            "by": txn,
        }
        for txn, amount, memo, phase, comes in found
    ]


def _number(text: str) -> str:
    number = text.upper() if text[:1] in "Mm" else f"M{text}"
    if not is_number(number):
        raise CommandError(f"{text} is no member's number; it reads M123456782, or without its M")
    return number


def _done(config: Config, deed: MemberDeed) -> Answer:
    done = do(config, deed)
    match done:
        case MemberNow(number=number, shown=shown, points=points, state=state):
            text = f"member {number}, {shown}: {points:,} points, {state}"
            return Answer(value=msgspec.to_builtins(done), text=text)
        case MemberNot(reason=reason, hint=hint):
            raise CommandError(f"{reason}{f' ({hint})' if hint else ''}")
        case _:
            raise CommandError("the running broker is of another version")
