"""The issuer's commands: purses, claims, hotlist, the float."""

import argparse
import re
from pathlib import Path

import msgspec

from ips.broker import KEYS_NAME
from ips.config import Config
from ips.console.answers import Answer, CommandError, table
from ips.console.asking import moment, reading
from ips.console.doing import actor, do
from ips.host import HostEntropy
from ips.keys import KeyFolder
from ips.purse import orders, records, shadow
from ips.purse.certify import Wishes
from ips.purse.desk import (
    CardCommand,
    ClaimClear,
    ClaimOrder,
    ClaimPay,
    ClaimPresent,
    ClaimTaken,
    PurseAdd,
    PurseCertify,
    PurseDeed,
    PurseHotlist,
    PurseIssuer,
    PurseKnown,
    PurseMade,
    PurseNot,
    PurseUpdate,
)
from ips.purse.float_audit import audit_float, float_of
from protocols.facts import PurseClaimed
from protocols.money import Money, currency
from protocols.purse.details import DETAILS_BYTES, PurseClass
from protocols.purse.proof import Prover

_NAME_DIGITS = 16
_HOW_TO_INSTALL = (
    "purse {name} is entered. Where its key was made: ips-pos purse install, with the line above"
)
_HOW_IT_GOES = "It waits for the card: the terminal that meets it next gives it (purse commands)"


def purse_issuer(_: argparse.Namespace, config: Config) -> Answer:
    """Make the issuer's key where there is none; show its public part."""
    return _done(config, PurseIssuer(actor=actor()))


def purse_add(arguments: argparse.Namespace, config: Config) -> Answer:
    """Enter a purse by its certificate."""
    first = dict(_first(each) for each in arguments.first)
    certificate = _hexadecimal(arguments.certificate, "a certificate")
    return _done(config, PurseAdd(certificate=certificate, first=first, actor=actor()))


def purse_certify(arguments: argparse.Namespace, config: Config) -> Answer:
    """Make a purse of a request: certified, entered, its answer for whoever made the key."""
    first = dict(_first(each) for each in arguments.first)
    if len(first) > 1:
        raise CommandError("a purse that is made so has one currency: one --first")
    [(code, value)] = first.items() or [(arguments.currency.upper(), 0)]
    wishes = Wishes(
        name=arguments.name.upper(),
        purse_class=PurseClass[arguments.purse_class.upper()],
        currency=code,
        ceiling=arguments.ceiling,
        first=value,
        expiry=arguments.expiry,
    )
    request = _hexadecimal(arguments.request, "a request")
    return _done(config, PurseCertify(request=request, wishes=wishes, actor=actor()))


def purse_list(_: argparse.Namespace, config: Config) -> Answer:
    """List every purse: what it should hold, what is lost, whether it is stopped."""
    heading = ["purse", "class", "currency", "balance", "lost", "in flight", "state", "suspect"]
    rows: list[list[object]] = [list(heading)]
    with reading(config) as reader:
        pockets: dict[str, list[shadow.Shadow]] = {}
        for pocket in shadow.pockets(reader):
            pockets.setdefault(pocket.name, []).append(pocket)
        suspects: dict[str, list[str]] = {}
        for name, code in reader.ask("SELECT DISTINCT name, code FROM purse_flag ORDER BY 1, 2"):
            suspects.setdefault(name, []).append(code.removeprefix("purse-"))
        for row in records.purses(reader):
            state = "stopped" if row.hotlisted_ns else "in use" if row.made_ns else "met"
            suspect = " ".join(suspects.get(row.name, ()))
            known = PurseClass(row.purse_class).name.lower()
            for pocket in pockets.get(row.name, ()):
                figures = [pocket.balance, pocket.lost - pocket.paid, pocket.in_flight]
                rows.append([row.name, known, pocket.currency, *figures, state, suspect])
            if row.name not in pockets:
                rows.append([row.name, known, "-", 0, 0, 0, state, suspect])
    value = [dict(zip(heading, row, strict=True)) for row in rows[1:]]
    nothing = "no purse yet; `ips-broker purse add` enters one"
    return Answer(value=value, text=table(rows) if value else nothing, rows=rows)


def claim_order(arguments: argparse.Namespace, config: Config) -> Answer:
    """Make the CLAIM that freezes a purse's log."""
    return _done(config, ClaimOrder(name=_name(arguments.purse), actor=actor()))


def claim_present(arguments: argparse.Namespace, config: Config) -> Answer:
    """Archive what a card answered, from a file of JSON."""
    try:
        claim = msgspec.json.decode(Path(arguments.file).read_bytes(), type=dict[str, object])
        told = {name: _bytes_of(value) for name, value in claim.items()}
        fact = msgspec.convert(told, PurseClaimed)
    except (msgspec.ValidationError, msgspec.DecodeError, ValueError) as error:
        raise CommandError(
            f"{arguments.file}: {error}; expected certificate, nonce, answer and entries in "
            "hexadecimal"
        ) from error
    return _done(config, ClaimPresent(claim=msgspec.msgpack.encode(fact), actor=actor()))


def claim_list(_: argparse.Namespace, config: Config) -> Answer:
    """List every loss that was claimed: by whom, and whether it was paid back."""
    heading = ["details", "payer", "amount", "currency", "claimed by", "state"]
    rows: list[list[object]] = [list(heading)]
    with reading(config) as reader:
        found = reader.ask(
            "SELECT pd, payer, value, currency, min(at_ns) FROM purse_claim "
            "GROUP BY pd, payer, value, currency ORDER BY 5, 1"
        )
        for pd, payer, value, code, _at in found:
            claimed = records.claimants(reader, pd)
            rows.append(
                [
                    pd.hex(),
                    payer,
                    value,
                    code,
                    "both" if len(claimed) == 2 else "payer" if payer in claimed else "payee",
                    _state_of(reader, pd, claimed),
                ]
            )
    value = [dict(zip(heading, row, strict=True)) for row in rows[1:]]
    return Answer(value=value, text=table(rows) if value else "nothing is claimed", rows=rows)


def claim_pay(arguments: argparse.Namespace, config: Config) -> Answer:
    """Pay a loss back, once, with the logs of both purses."""
    details = _hexadecimal(arguments.details, "payment details")
    if len(details) != DETAILS_BYTES:
        raise CommandError(
            f"payment details have {DETAILS_BYTES} bytes; `purse claim list` shows them"
        )
    return _done(config, ClaimPay(details=details, into=arguments.into, actor=actor()))


def claim_clear(arguments: argparse.Namespace, config: Config) -> Answer:
    """Make the CLEAR for the log that was archived."""
    return _done(config, ClaimClear(name=_name(arguments.purse), actor=actor()))


def hotlist(arguments: argparse.Namespace, config: Config) -> Answer:
    """Stop a purse, or let it be used again."""
    name = _name(arguments.purse)
    stop = arguments.verb == "add"
    reason = arguments.reason if stop else ""
    return _done(config, PurseHotlist(name=name, stop=stop, reason=reason, actor=actor()))


def hotlist_list(_: argparse.Namespace, config: Config) -> Answer:
    """List the purses that nobody may deal with."""
    rows: list[list[object]] = [["purse", "since", "reason"]]
    with reading(config) as reader:
        for row in records.purses(reader):
            if row.hotlisted_ns:
                rows.append([row.name, moment(row.hotlisted_ns), row.reason])
    value = [dict(zip(map(str, rows[0]), row, strict=True)) for row in rows[1:]]
    return Answer(value=value, text=table(rows) if value else "no purse is stopped", rows=rows)


def purse_update(arguments: argparse.Namespace, config: Config) -> Answer:
    """Make the UPDATE that sets a purse's limits and tells it the hotlist."""
    wished = {
        name: getattr(arguments, name)
        for name in ("transfer_max", "offline_count_max", "offline_value_max", "pin_above")
        if getattr(arguments, name) is not None
    }
    deed = PurseUpdate(name=_name(arguments.purse), day=arguments.day, actor=actor(), **wished)
    return _done(config, deed)


def purse_commands(arguments: argparse.Namespace, config: Config) -> Answer:
    """List commands for purses: made, taken to the card by which terminal, and its answer."""
    heading = ["no", "purse", "command", "state", "answer", "terminal", "made", "answered"]
    rows: list[list[object]] = [list(heading)]
    with reading(config) as reader:
        for each in orders.listed(reader, waiting=arguments.waiting):
            answered = moment(each.done_ns) if each.done_ns else ""
            sw = f"{each.sw:04X}" if each.sw else ""
            of = [each.id, each.name, each.what, each.state, sw, each.terminal]
            rows.append([*of, moment(each.at_ns), answered])
    value = [dict(zip(heading, row, strict=True)) for row in rows[1:]]
    nothing = "no command waits" if arguments.waiting else "no command was made"
    return Answer(value=value, text=table(rows) if value else nothing, rows=rows)


def audit(_: argparse.Namespace, config: Config) -> Answer:
    """Prove the float; status 1 when ledger and purses differ or a purse is suspect."""
    issuer = KeyFolder(config.place() / KEYS_NAME, HostEntropy()).purse_issuer()
    prover = None if issuer is None else Prover(issuer.suite, {issuer.key_id: issuer.public})
    with reading(config) as reader:
        result = audit_float(reader, prover)
        sums = float_of(reader)
    lines = [
        f"float {Money(row['float'], currency(code))}: balances {row['balances']:,}, "
        f"lost {row['lost']:,}, in flight {row['in_flight']:,}"
        for code, row in sums.items()
    ]
    verdict = f"{len(result.findings)} FOUND" if result.findings else "all in order"
    lines.append(f"{result.name}: {result.checked} checked, {verdict}")
    lines += [f"  {each.where}: {each.what}" for each in result.findings]
    value = {
        "audit": result.name,
        "checked": result.checked,
        "proved": prover is not None,
        "float": sums,
        "findings": [{"where": each.where, "what": each.what} for each in result.findings],
    }
    return Answer(value=value, text="\n".join(lines), status=int(bool(result.findings)))


def _state_of(reader: records.Asks, pd: bytes, claimed: set[str]) -> str:
    paid = records.paid(reader, pd)
    if paid is not None:
        return f"paid into {paid.into_purse}"
    if records.known_move(reader, pd):
        return "received: nothing was lost"
    return "ready to be paid" if len(claimed) == 2 else "waits for the other purse"


def _done(config: Config, deed: PurseDeed) -> Answer:
    done = do(config, deed)
    value = msgspec.to_builtins(done)
    match done:
        case PurseKnown(name=name, state=state):
            return Answer(value=value, text=f"{name}: {state}")
        case PurseMade(name=name, answer=answer):
            return Answer(value=value, text=f"{answer}\n{_HOW_TO_INSTALL.format(name=name)}")
        case CardCommand(name=name, apdu=apdu, nonce=nonce):
            note = f"\nnonce {nonce}" if nonce else ""
            return Answer(value=value, text=f"for purse {name}:\n{apdu}{note}\n{_HOW_IT_GOES}")
        case ClaimTaken(name=name, entries=entries, ready=ready):
            text = f"purse {name}: {len(entries)} archived, {len(ready)} can be paid"
            return Answer(value=value, text="\n".join([text, *ready]))
        case PurseNot(reason=reason, hint=hint):
            raise CommandError(f"{reason}{f' ({hint})' if hint else ''}")
        case _:
            raise CommandError("the running broker is of another version")


def _name(text: str) -> str:
    name = text.lower()
    if not re.fullmatch(rf"[0-9a-f]{{{_NAME_DIGITS}}}", name):
        raise CommandError(f"a purse's name is {_NAME_DIGITS} hexadecimal digits, not {text!r}")
    return name


def _hexadecimal(text: str, what: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise CommandError(f"{what} is written in hexadecimal") from None


def _bytes_of(value: object) -> object:
    if isinstance(value, str):
        return bytes.fromhex(value)
    return [_bytes_of(each) for each in value] if isinstance(value, list) else value


def _first(text: str) -> tuple[str, int]:
    code, equals, amount = text.partition("=")
    if not equals or not amount.isascii() or not amount.isdigit():
        raise CommandError(f"--first {text!r} is not CURRENCY=AMOUNT, such as KRW=50000")
    return code.upper(), int(amount)
