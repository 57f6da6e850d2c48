"""The collector's commands: ICash modules, their statements, what is paid for them."""

import argparse
import re
import sys
import tomllib
from pathlib import Path
from typing import Final

import msgspec

from ips.broker import KEYS_NAME
from ips.config import Config
from ips.console.answers import Answer, CommandError
from ips.console.asking import listing, moment, reading
from ips.console.doing import actor, do
from ips.host import HostEntropy
from ips.icash import records
from ips.icash.audit import audit_icash
from ips.icash.desk import (
    IcashClear,
    IcashCollect,
    IcashCollected,
    IcashCommands,
    IcashDeed,
    IcashIssuer,
    IcashKnown,
    IcashNot,
    IcashPay,
    IcashProve,
    IcashStatement,
)
from ips.keys import KeyFolder
from protocols.icash.details import DETAILS_BYTES
from protocols.icash.host import Host
from protocols.icash.keys import KEY_BYTES, MAC_BYTES, AesCmac, Masters

_HEADING: Final = (
    "module", "name", "stated", "total", "reported", "collected", "to collect", "unproved", "open",
)  # fmt: skip
ANSWERS_BYTES_MAX: Final = 1_000_000


def icash_issuer(arguments: argparse.Namespace, config: Config) -> Answer:
    """Make the issuer's keys where there are none, or take over those of a file."""
    masters = b"" if arguments.source is None else _masters(Path(arguments.source)).encode()
    return _done(config, IcashIssuer(masters=masters, actor=actor()))


def icash_list(_: argparse.Namespace, config: Config) -> Answer:
    """List every module: what it stated, what terminals reported, what is paid."""
    rows: list[list[object]] = [list(_HEADING)]
    with reading(config) as reader:
        for module in records.modules(reader):
            stated = records.statement(reader, module)
            reported = records.reported(reader, module)
            paid = sum(
                row.amount for row in records.paid(reader, module).values() if not row.holder
            )
            total = sum(row.amount for row in reported)
            name = bytes.fromhex(module).decode("ascii", "replace") if _is_hex(module) else ""
            rows.append(
                [
                    module,
                    name if name.isprintable() else "",
                    "-" if stated is None else moment(stated.at_ns),
                    "-" if stated is None else stated.total,
                    total,
                    paid,
                    total - paid,
                    sum(not row.proof for row in reported),
                    "-" if stated is None else len(stated.opened()),
                ]
            )
    return listing(rows, "no ICash module has been heard of")


def icash_statement(arguments: argparse.Namespace, config: Config) -> Answer:
    """Print what is asked of a module."""
    deed = IcashStatement(module=_module(arguments.module), open=arguments.open, actor=actor())
    return _done(config, deed)


def icash_collect(arguments: argparse.Namespace, config: Config) -> Answer:
    """Take in what a module answered, one answer a line, and pay."""
    answers = [_hexadecimal(line, "an answer") for line in _lines(arguments.file)]
    deed = IcashCollect(module=_module(arguments.module), answers=answers, actor=actor())
    return _done(config, deed)


def icash_clear(arguments: argparse.Namespace, config: Config) -> Answer:
    """Print what makes a module forget its open purchases."""
    deed = IcashClear(module=_module(arguments.module), doubted=arguments.doubted, actor=actor())
    return _done(config, deed)


def icash_prove(arguments: argparse.Namespace, config: Config) -> Answer:
    """Bring a proof that its terminal could not get."""
    details, proof = _claim(arguments)
    return _done(config, IcashProve(details=details, proof=proof, actor=actor()))


def icash_pay(arguments: argparse.Namespace, config: Config) -> Answer:
    """Pay a card's holder back."""
    details, proof = _claim(arguments)
    deed = IcashPay(details=details, proof=proof, holder=arguments.to, actor=actor())
    return _done(config, deed)


def audit(_: argparse.Namespace, config: Config) -> Answer:
    """Prove the collection; status 1 when ledger, reports, statements and payments differ."""
    masters = KeyFolder(config.place() / KEYS_NAME, HostEntropy()).icash_masters()
    host = None if masters is None else Host(masters, AesCmac())
    with reading(config) as reader:
        result = audit_icash(reader, host)
    verdict = f"{len(result.findings)} FOUND" if result.findings else "all in order"
    lines = [f"{result.name}: {result.checked} checked, {verdict}"]
    lines += [f"  {each.where}: {each.what}" for each in result.findings]
    value = {
        "audit": result.name,
        "checked": result.checked,
        "proved": host is not None,
        "findings": [{"where": each.where, "what": each.what} for each in result.findings],
    }
    return Answer(value=value, text="\n".join(lines), status=int(bool(result.findings)))


def _done(config: Config, deed: IcashDeed) -> Answer:
    done = do(config, deed)
    value = msgspec.to_builtins(done)
    match done:
        case IcashKnown(name=name, state=state):
            return Answer(value=value, text=f"{name}: {state}")
        case IcashCommands(apdus=apdus, kept=kept):
            notes = [f"# {key} is in doubt: its purchase stays open" for key in kept]
            if not apdus:
                notes.append("# nothing is open")
            return Answer(value=value, text="\n".join([*notes, *apdus]))
        case IcashCollected():
            return Answer(value=value, text=_told(done), status=int(bool(done.refused)))
        case IcashNot(reason=reason, hint=hint):
            raise CommandError(f"{reason}{f' ({hint})' if hint else ''}")
        case _:
            raise CommandError("the running broker is of another version")


def _told(done: IcashCollected) -> str:
    paid = f"paid now {done.paid_now:,}, before {done.paid_before:,}"
    lines = [f"module {done.module}: total {done.total:,}; {paid}"]
    if done.unreported > 0:
        lines.append(f"  {done.unreported:,} of it no terminal has reported yet")
    if done.unreported < 0:
        lines.append(f"  terminals reported {-done.unreported:,} more than it has")
    if done.open:
        lines.append(f"  {done.open} open purchases: `ips-broker icash clear` when they are old")
    lines += [f"  {td}: no proof yet; its card has it" for td in done.unproved]
    lines += [f"  {td}: NOT PAID, {why}" for td, why in done.refused]
    return "\n".join(lines)


def _masters(file: Path) -> Masters:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
        keys = {name: bytes.fromhex(table[name]) for name in ("purchase", "load", "claim")}
        keys["collection"] = bytes.fromhex(table["collection"])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise CommandError(
            f"{file}: {error}; expected purchase, load, claim and collection in hexadecimal, as "
            "`ips-sim cards make` writes icash-issuer.toml"
        ) from error
    if any(len(key) != KEY_BYTES for key in keys.values()):
        raise CommandError(f"{file}: a key has {KEY_BYTES} bytes, {2 * KEY_BYTES} digits")
    return Masters(**keys)


def _lines(file: str) -> list[str]:
    try:
        with sys.stdin if file == "-" else Path(file).open(encoding="utf-8") as stream:
            text = stream.read(ANSWERS_BYTES_MAX)
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {error}") from error
    lines = map(str.strip, text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _claim(arguments: argparse.Namespace) -> tuple[bytes, bytes]:
    details = _hexadecimal(arguments.details, "a purchase")
    proof = _hexadecimal(arguments.proof, "a proof")
    if len(details) != DETAILS_BYTES or len(proof) != MAC_BYTES:
        raise CommandError(
            f"a purchase has {DETAILS_BYTES} bytes and its proof {MAC_BYTES}: a card's record is "
            f"1 | purchase {DETAILS_BYTES} | receipt {MAC_BYTES} | proof {MAC_BYTES}"
        )
    return details, proof


def _module(text: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9]{8}", text, re.ASCII):
        return text.encode("ascii").hex()
    if _is_hex(text):
        return text.lower()
    raise CommandError(f"a module is 8 letters and digits, or 16 hexadecimal digits, not {text!r}")


def _is_hex(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9a-fA-F]{16}", text))


def _hexadecimal(text: str, what: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise CommandError(f"{what} is written in hexadecimal, not {text[:40]!r}") from None
