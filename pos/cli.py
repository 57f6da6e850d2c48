"""The command `ips-pos`: the counter's screen, and everything that works without one.

Exit status 0 done, 1 the thing asked for failed, 2 misuse. The result goes to standard output,
everything else to standard error; nobody ever sees a traceback: it goes to the log in the folder.
"""

import argparse
import asyncio
import getpass
import logging
import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.resources import files
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from pos.config import Config, ConfigError, default_folder, load_config
from pos.store.errors import StoreError
from pos.store.lock import FolderHeldError
from protocols.deeds import KINDS, Wanted, counted

DONE: Final = 0
FAILED: Final = 1
MISUSE: Final = 2
NUMBER_DIGITS_MAX: Final = 15

log = logging.getLogger("pos")
LOG_NAME: Final = "ips-pos.log"
LOG_BYTES_MAX: Final = 1_000_000

_EXAMPLES: Final = """examples:
  ips-pos                                               open the counter's screen
  ips-pos shift open 50000                              open the day with a float
  ips-pos sell 8801115114154 '2*8801043015929' --tender cash:20000
  ips-pos shift count 50000x1 10000x3 1000x7            count the drawer, largest first or not
  ips-pos shift close --reason '거스름 실수'            write the Z
  ips-pos doctor                                        every device: well, or what to do
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    if not __debug__:
        print("ips-pos relies on its assertions: start Python without -O", file=sys.stderr)
        return MISUSE
    parsed = _parser().parse_args(arguments)
    if parsed.command == "demo":
        return _demo(parsed)
    try:
        config = load_config(parsed.config)
        if parsed.training or config.training:
            from pos.training import as_training

            config = as_training(config)
    except ConfigError as error:
        return _complain(str(error), MISUSE)
    carry_out: Callable[[Config, argparse.Namespace], int] = parsed.carry_out
    kept = _kept_log(config)
    try:
        status = carry_out(config, parsed)
        print(end="", flush=True)  # A full disk or a reader who has gone is met here.
    except ConfigError as error:
        return _complain(str(error), MISUSE)
    except (StoreError, FolderHeldError) as error:
        return _complain(str(error), FAILED)
    except BrokenPipeError:
        return _unheard()
    except OSError as error:
        return _complain(_in_words(error), _unheard())
    except _expected() as error:
        return _complain(str(error), FAILED)
    except KeyboardInterrupt:
        return FAILED
    except Exception as error:  # noqa: BLE001 - the one place: a clerk never sees a traceback
        return _complain(_logged(config, error), FAILED)
    finally:
        logging.getLogger().removeHandler(kept)
        kept.close()
    return status


def _expected() -> tuple[type[Exception], ...]:
    """Return what else a person can put right; looked up only when something has gone wrong."""
    from devices.keys import KeysError
    from pos.keymap import KeymapError
    from pos.tenders.registry import TenderClashError
    from protocols.address import AddressError
    from protocols.enrolment import EnrolmentError

    return KeymapError, KeysError, TenderClashError, AddressError, EnrolmentError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ips-pos",
        description="The Intermarket counter. Without a command it opens the screen.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="configuration (default: ~/.config/intermarket/pos.toml)",
    )
    parser.add_argument(
        "--training",
        action="store_true",
        help="practise: another journal, no real device, no broker, marked paper",
    )
    parser.set_defaults(carry_out=_screen)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _add_selling(commands)
    _add_reading(commands)
    _add_joining(commands)
    _add_purse(commands)
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    about: str,
    example: str,
    carry_out: Callable[[Config, argparse.Namespace], int] | None,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=about,
        description=about,
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="answer for a program")
    if carry_out is not None:
        parser.set_defaults(carry_out=carry_out)
    return parser


def _add_selling(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    sell = _command(
        commands,
        "sell",
        "One sale without a screen.",
        "ips-pos sell 8801115114154 '3*8801043015929' --tender cash:20000",
        _sell,
    )
    sell.add_argument("items", nargs="+", metavar="ITEM", help="a code, or 3*CODE for three of it")
    sell.add_argument(
        "--tender",
        action="append",
        required=True,
        metavar="NAME[:AMOUNT]",
        help="how it is paid, in minor units; without an amount, what is due; may be repeated",
    )
    paper = sell.add_mutually_exclusive_group()
    paper.add_argument(
        "--paper", action="store_true", default=None, help="the receipt comes out on paper"
    )
    paper.add_argument(
        "--no-paper",
        dest="paper",
        action="store_false",
        default=None,
        help="no paper: the link of the e-receipt is told instead",
    )
    sell.add_argument(
        "--member", default="", metavar="NUMBER", help="whose points: a card, or a whole telephone"
    )
    shift = _command(
        commands, "shift", "Open, count or close the shift.", "ips-pos shift open 50000", None
    )
    acts = shift.add_subparsers(dest="act", required=True, metavar="ACT")
    opening = _command(
        acts, "open", "Open the day with a float.", "ips-pos shift open 50000", _shift_open
    )
    opening.add_argument(
        "float", type=_whole_number, nargs="?", default=0, help="cash in the drawer, minor units"
    )
    count = _command(
        acts, "count", "Count the drawer.", "ips-pos shift count 50000x2 1000x7", _shift_count
    )
    count.add_argument(
        "pieces", nargs="+", metavar="FACExPIECES", help="50000x2; 0 for an empty drawer"
    )
    close = _command(acts, "close", "Write the Z.", "ips-pos shift close", _shift_close)
    close.add_argument("--reason", default="", help="why the count is not what was expected")
    script = _command(
        commands,
        "script",
        "Work the till by entries, one a line; answer in JSON lines.",
        "printf '50000OS\\n8801115114154\\n10.CA\\n' | ips-pos script -",
        _script,
    )
    script.add_argument("file", help="entries as on the counter's entry line; - is standard input")
    reprint = _command(
        commands, "reprint", "Print a receipt again.", "ips-pos reprint 128", _reprint
    )
    void = _command(
        commands,
        "void",
        "Void a sale that was closed in this shift.",
        "ips-pos void 128 --reason 'rung up twice'",
        _void,
    )
    change = _command(
        commands,
        "change",
        "Replace a payment of a sale that was closed in this shift.",
        "ips-pos change 128 --to purse",
        _change,
    )
    for correction in (void, change):
        correction.add_argument(
            "sale", nargs="?", default="", help="number today, or code (default: the last sale)"
        )
        correction.add_argument("--reason", default="", help="kept, and on the paper")
    change.add_argument(
        "--payment", type=_whole_number, default=0, metavar="N",
        help="which of its payments, from 1 (default: the only one)",
    )  # fmt: skip
    change.add_argument(
        "--to", action="append", required=True, metavar="NAME[:AMOUNT]", dest="tenders",
        help="how it is paid instead; may be repeated: part each",
    )  # fmt: skip
    _approvable(opening, count, close, reprint, void, change)
    reprint.add_argument(
        "sale", type=_whole_number, nargs="?", help="number of the sale today (default: the last)"
    )
    reprint.add_argument(
        "--gift", action="store_true", help="a gift receipt, without prices, for an exchange"
    )
    reprint.add_argument(
        "--refusal", action="store_true", help="the slip of a payment that was refused"
    )
    reprint.add_argument(
        "--link", action="store_true", help="no paper: the address of its e-receipt"
    )


def _add_reading(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    report = _command(
        commands, "report", "Figures: x so far, z of the last close.", "ips-pos report x", _report
    )
    report.add_argument(
        "form", choices=("x", "z"), help="x: so far, the drawer uncounted; z: of the last close"
    )
    _command(commands, "queue", "What is on its way to the broker.", "ips-pos queue --json", _queue)
    _command(
        commands,
        "doctor",
        "Every device: found, healthy, or what to do.",
        "ips-pos doctor",
        _doctor,
    )
    audit = _command(
        commands,
        "audit",
        "Who did what at this till, and who allowed it.",
        "ips-pos audit --kind no-sale --kind override",
        _audit,
    )
    about = "only these; may be repeated (default: all)"
    audit.add_argument("--kind", action="append", default=[], choices=KINDS, help=about)
    audit.add_argument("--date", type=_date, metavar="YYYYMMDD", help="of one business date")
    audit.add_argument("--person", default="", metavar="NUMBER", help="who did or allowed it")
    journal = _command(
        commands, "journal", "Check or export the journal.", "ips-pos journal verify", None
    )
    acts = journal.add_subparsers(dest="act", required=True, metavar="ACT")
    _command(acts, "verify", "Walk the whole chain.", "ips-pos journal verify", _journal_verify)
    export = _command(
        acts,
        "export",
        "Write it out.",
        "ips-pos journal export --form csv > journal.csv",
        _journal_export,
    )
    export.add_argument(
        "--form", choices=("jsonl", "csv"), default="jsonl", help="one record a line (jsonl)"
    )


def _add_joining(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    catalogue = _command(
        commands, "catalogue", "What the store sells.", "ips-pos catalogue import goods.csv", None
    )
    acts = catalogue.add_subparsers(dest="act", required=True, metavar="ACT")
    imported = _command(
        acts,
        "import",
        "Sell from a CSV file.",
        "ips-pos catalogue import goods.csv",
        _catalogue_import,
    )
    imported.add_argument("file", type=Path, help="CSV with a header row")
    imported.add_argument(
        "--encoding", choices=("utf-8", "cp949"), default="utf-8", help="of the file (utf-8)"
    )
    _add_people(commands)
    enrol = _command(commands, "enrol", "Join a broker.", "ips-pos enrol 01-7F3K-9QMW", _enrol)
    enrol.add_argument("code", help="as the manager read it out")
    demo = _command(
        commands, "demo", "A shop to try, broker and devices included.", "ips-pos demo", None
    )
    demo.add_argument("folder", nargs="?", type=Path, help="where everything is kept")


def _add_people(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    _document(commands, "policy", "What the store allows, for a till alone.")
    staff = _document(commands, "staff", "Who may work here, for a till alone.")
    sign = _command(commands, "sign", "Who works here.", "ips-pos sign on 7", None)
    acts = sign.add_subparsers(dest="act", required=True, metavar="ACT")
    about = "Work here from now on; whoever did hands over. The PIN is asked for."
    on = _command(acts, "on", about, "ips-pos sign on 7", _sign_on)
    on.add_argument("number", metavar="NUMBER", help="staff number or badge")
    _command(acts, "off", "Let nobody be signed on.", "ips-pos sign off", _sign_off)
    about = "Ask for a PIN and print what a staff file keeps of it."
    _command(staff, "pin", about, "ips-pos staff pin", _staff_pin)


def _approvable(*parsers: argparse.ArgumentParser) -> None:
    """Let a supervisor allow these, where the clerk may not."""
    about = "who allows it, where the clerk may not: staff number; the PIN is asked for"
    for parser in parsers:
        parser.add_argument("--approver", default="", metavar="NUMBER", help=about)


def _document(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, about: str
) -> "argparse._SubParsersAction[argparse.ArgumentParser]":
    """Add a document that is imported from a file."""
    example = f"ips-pos {name} import {name}.toml"
    document = _command(commands, name, about, example, None)
    acts = document.add_subparsers(dest="act", required=True, metavar="ACT")
    imported = _command(acts, "import", "Take it from a file.", example, _document_import)
    imported.add_argument("file", type=Path, help="TOML or JSON")
    imported.set_defaults(name=name)
    return acts


def _add_purse(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    purse = _command(commands, "purse", "E-cash: the till's own purse.", "ips-pos purse make", None)
    acts = purse.add_subparsers(dest="act", required=True, metavar="ACT")
    making = _command(
        acts,
        "make",
        "Make a key for the till's own purse in a folder, and show the request for its issuer.",
        "ips-pos purse make",
        _purse_make,
    )
    install = _command(
        acts,
        "install",
        "Make the purse of the issuer's answer, once.",
        "ips-pos purse install 92c501...",
        _purse_install,
    )
    for each in (making, install):
        each.add_argument(
            "--teller", action="store_true", help="the teller's purse instead of the shop's"
        )
    install.add_argument("answer", metavar="HEX", help="what `ips-broker purse certify` shows")
    _command(
        acts,
        "balance",
        "Read a customer's card: what it holds.",
        "ips-pos purse balance",
        lambda config, parsed: _run(config, "EB", parsed),
    )
    _command(
        acts,
        "statement",
        "Its last transfers too, on paper and here.",
        "ips-pos purse statement",
        lambda config, parsed: _run(config, "ES", parsed),
    )
    load = _command(
        acts,
        "load",
        "Put value on a customer's card, for cash that is in hand.",
        "ips-pos purse load 20000",
        lambda config, parsed: _run(config, f"{parsed.amount}EL", parsed),
    )
    load.add_argument("amount", type=_whole_number, help="minor units")
    deposit = _command(
        acts,
        "deposit",
        "Give the shop's e-cash to the teller's purse.",
        "ips-pos purse deposit",
        lambda config, parsed: _run(config, f"{_plain(parsed.amount)}ED", parsed),
    )
    deposit.add_argument("amount", type=_whole_number, nargs="?", help="default: all of it")
    refund = _command(
        acts,
        "refund",
        "Give a payment by e-cash back to a customer's card.",
        "ips-pos purse refund S1-01-20260417-0128-a --amount 5000",
        _purse_refund,
    )
    refund.add_argument("key", help="the payment's key, as on the receipt")
    refund.add_argument(
        "--amount", type=_whole_number, metavar="N", help="default: what is left of it"
    )
    refund.add_argument("--reason", default="", help="kept, and on the receipt")
    _approvable(load, deposit, refund)


def _screen(config: Config, parsed: argparse.Namespace) -> int:
    # The screen reads standard input and is drawn on standard error.
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return _complain("the counter needs a terminal; without one: ips-pos script -", MISUSE)
    from pos.opening import run_screen

    return run_screen(config)


def _sell(config: Config, parsed: argparse.Namespace) -> int:
    from pos.headless import Sell

    sell = Sell(items=parsed.items, tenders=parsed.tender, paper=parsed.paper, member=parsed.member)
    return _ask(config, sell, parsed)


def _script(config: Config, parsed: argparse.Namespace) -> int:
    from pos.opening import run_script

    return run_script(config, None if parsed.file == "-" else Path(parsed.file))


def _run(config: Config, entry: str, parsed: argparse.Namespace) -> int:
    from pos.headless import Run

    approver = getattr(parsed, "approver", "")
    approval = [f"{approver}PN:{_unseen('PIN: ')}"] if approver else []
    return _ask(config, Run(entries=[entry, *approval]), parsed)


def _shift_open(config: Config, parsed: argparse.Namespace) -> int:
    return _run(config, f"{parsed.float}OS", parsed)


def _shift_count(config: Config, parsed: argparse.Namespace) -> int:
    return _run(config, ",".join(parsed.pieces) + "CN", parsed)


def _shift_close(config: Config, parsed: argparse.Namespace) -> int:
    return _run(config, f"CZ:{parsed.reason}", parsed)


def _sign_on(config: Config, parsed: argparse.Namespace) -> int:
    from pos.headless import Run

    entries = ["SI", f"{parsed.number}PN:{_unseen('PIN: ')}"]
    return _ask(config, Run(entries=entries), parsed)


def _sign_off(config: Config, parsed: argparse.Namespace) -> int:
    return _run(config, "SO", parsed)


def _reprint(config: Config, parsed: argparse.Namespace) -> int:
    verb = "QR" if parsed.link else "GR" if parsed.gift else "DP" if parsed.refusal else "RP"
    return _run(config, f"{parsed.sale or ''}{verb}", parsed)


def _void(config: Config, parsed: argparse.Namespace) -> int:
    return _run(config, f"VF:{parsed.sale or '-'} {parsed.reason}", parsed)


def _change(config: Config, parsed: argparse.Namespace) -> int:
    from pos.headless import Change

    approver = parsed.approver
    request = Change(
        sale=parsed.sale,
        payment=parsed.payment,
        tenders=parsed.tenders,
        reason=parsed.reason,
        approval=f"{approver}PN:{_unseen('PIN: ')}" if approver else "",
    )
    return _ask(config, request, parsed)


def _report(config: Config, parsed: argparse.Namespace) -> int:
    from pos.headless import Report

    return _ask(config, Report(form=parsed.form), parsed)


def _queue(config: Config, parsed: argparse.Namespace) -> int:
    from pos.headless import Queue

    return _ask(config, Queue(), parsed)


def _doctor(config: Config, parsed: argparse.Namespace) -> int:
    from pos.headless import Devices

    return _ask(config, Devices(), parsed)


def _ask(config: Config, request: object, parsed: argparse.Namespace) -> int:
    """Carry a request out here or in the open counter, and print the answer."""
    from pos.headless import MisuseError, Request, check
    from pos.opening import carry_out
    from pos.side_door import NobodyThereError

    checked: Request = msgspec.convert(msgspec.to_builtins(request), Request)
    try:
        check(checked)
        reply = asyncio.run(carry_out(config, checked))
    except MisuseError as error:
        return _complain(str(error), MISUSE)
    except NobodyThereError as error:
        return _complain(str(error), FAILED)
    if parsed.json:
        print(msgspec.json.encode(reply).decode())
    elif reply.done:
        from pos.telling import told

        print(told(reply, config.language))
    else:
        from pos.telling import told

        _complain(told(reply, config.language), FAILED)
    if reply.code == "misuse":
        return MISUSE
    return DONE if reply.done else FAILED


def _journal_verify(config: Config, parsed: argparse.Namespace) -> int:
    from pos.opening import existing_store
    from pos.store.verify import Sound, verify

    with existing_store(config) as store:
        verdict = verify(store)
    if parsed.json:
        kind = "sound" if isinstance(verdict, Sound) else "broken"
        print(msgspec.json.encode({"verdict": kind, **msgspec.to_builtins(verdict)}).decode())
    elif isinstance(verdict, Sound):
        print(f"{verdict.records} records, chain whole, head {verdict.head[:16]}")
    else:
        place = f"terminal {verdict.terminal} epoch {verdict.epoch} record {verdict.sequence}"
        _complain(f"{place}: {verdict.reason}. Keep the file as it is and call support", FAILED)
    return DONE if isinstance(verdict, Sound) else FAILED


def _audit(config: Config, parsed: argparse.Namespace) -> int:
    from pos.audit import deeds, lines
    from pos.loading import load_goods
    from pos.opening import existing_store

    wanted = Wanted(kinds=frozenset(parsed.kind), date=parsed.date or "", person=parsed.person)
    with existing_store(config) as store:
        found = list(deeds(store, wanted))
        names = {person.id: person.name for person in load_goods(store).staff.people}
    if parsed.json:
        print(msgspec.json.encode(found).decode())
        return DONE
    for line in lines(found, names, ZoneInfo(config.store.zone)) if found else ():
        print(line)
    print(counted(found))
    return DONE


def _journal_export(config: Config, parsed: argparse.Namespace) -> int:
    from pos.opening import store_file
    from pos.store.export import export_lines

    for line in export_lines(store_file(config), "jsonl" if parsed.json else parsed.form):
        print(line)
    return DONE


def _catalogue_import(config: Config, parsed: argparse.Namespace) -> int:
    from pos.catalogue_gate import CatalogueError
    from pos.opening import import_goods

    try:
        catalogue = import_goods(config, parsed.file, parsed.encoding)
    except CatalogueError as error:
        return _complain(f"{parsed.file}: {error}. Nothing was imported", FAILED)
    version, count = catalogue.version, len(catalogue.items)
    if parsed.json:
        print(msgspec.json.encode({"version": version, "items": count}).decode())
    else:
        print(f"{count} items, version {version}")
    return DONE


def _document_import(config: Config, parsed: argparse.Namespace) -> int:
    from pos.document_file import DocumentFileError
    from pos.opening import import_document
    from protocols.staff import Staff

    try:
        body = import_document(config, parsed.name, parsed.file)
    except DocumentFileError as error:
        return _complain(f"{error}. Nothing was imported", FAILED)
    people = len(body.people) if isinstance(body, Staff) else 0
    if parsed.json:
        print(msgspec.json.encode({"name": parsed.name, "people": people}).decode())
    else:
        print(f"{people} people" if people else f"the {parsed.name} of {parsed.file} is in force")
    return DONE


def _staff_pin(config: Config, parsed: argparse.Namespace) -> int:
    from pos.host import HostEntropy
    from protocols.staff import SALT_BYTES, StaffError, hash_pin

    pin = _unseen("PIN: ")
    if sys.stdin.isatty() and _unseen("the same again: ") != pin:
        return _complain("the two were not the same; nothing was made", FAILED)
    try:
        kept = hash_pin(pin, HostEntropy().token(SALT_BYTES))
    except StaffError as error:
        return _complain(str(error), FAILED)
    print(msgspec.json.encode({"pin": kept}).decode() if parsed.json else f'pin = "{kept}"')
    return DONE


def _unseen(prompt: str) -> str:
    """Return what is typed without showing it, or the next line of what is piped in."""
    if sys.stdin.isatty():
        return getpass.getpass(prompt)
    return sys.stdin.readline().rstrip("\r\n")


def _enrol(config: Config, parsed: argparse.Namespace) -> int:
    from pos.opening import join

    done, sentence = asyncio.run(join(config, parsed.code))
    if parsed.json:
        print(msgspec.json.encode({"done": done, "sentence": sentence}).decode())
    elif done:
        print(sentence)
    else:
        _complain(sentence, FAILED)
    return DONE if done else FAILED


def _purse_make(config: Config, parsed: argparse.Namespace) -> int:
    from pos.opening import host
    from pos.purse_setup import PurseSetupError, make

    try:
        request = make(config, host(), teller=parsed.teller)
    except PurseSetupError as error:
        return _complain(str(error), FAILED)
    if parsed.json:
        print(msgspec.json.encode({"request": request}).decode())
    else:
        print(request)
        _complain(f"the issuer: ips-broker purse certify {request[:12]}...", DONE)
    return DONE


def _plain(amount: int | None) -> str:
    """Return an amount as an entry has it; nothing for none."""
    return "" if amount is None else str(amount)


def _purse_refund(config: Config, parsed: argparse.Namespace) -> int:
    key = "".join(parsed.key.split())
    return _run(config, f"{_plain(parsed.amount)}EF:{key} {parsed.reason}", parsed)


def _purse_install(config: Config, parsed: argparse.Namespace) -> int:
    from pos.opening import host
    from pos.purse_setup import PurseSetupError, install

    try:
        made = install(config, host(), parsed.answer, teller=parsed.teller)
    except PurseSetupError as error:
        return _complain(str(error), FAILED)
    if parsed.json:
        print(msgspec.json.encode(made).decode())
    else:
        print(f"{made['name']}: {made['folder']}")
    return DONE


def _demo(parsed: argparse.Namespace) -> int:
    """Become the demonstration's supervisor: standard library only, it outlives the counter."""
    script = str(files("pos").joinpath("demo.py"))
    folder = parsed.folder or default_folder().parent / "demo"
    rest = ["--json"] if parsed.json else []
    sys.stdout.flush()
    os.execv(  # noqa: S606 - our own interpreter, our own file
        sys.executable, [sys.executable, "-I", "-S", script, sys.executable, str(folder), *rest]
    )


def _in_words(error: OSError) -> str:
    """Return what the operating system refuses, with the file first and without its number."""
    words = error.strerror or str(error)
    place = error.filename2 or error.filename
    return words if place is None else f"{place}: {words}"


def _unheard() -> int:
    """Give up the output, as when `head` has gone; Python flushes at its end and would complain."""
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    return FAILED


def _whole_number(text: str) -> int:
    """Return a number that is not negative. Raises: ArgumentTypeError."""
    if not (text.isascii() and text.isdecimal() and len(text) <= NUMBER_DIGITS_MAX):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 on")
    return int(text)


def _date(text: str) -> str:
    """Return a date as the journal writes it. Raises: ArgumentTypeError."""
    try:
        return f"{datetime.strptime(text, '%Y%m%d'):%Y%m%d}"  # noqa: DTZ007 - a date alone
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date such as 20260417") from None


def _complain(sentence: str, status: int) -> int:
    print(f"ips-pos: {sentence}", file=sys.stderr)
    return status


class _Log(RotatingFileHandler):
    """The folder's log; where it cannot be written, selling goes on without."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Say nothing: the terminal is the clerk's."""


def _kept_log(config: Config) -> logging.Handler:
    """Let the folder's log have what any part of the program warns of; nothing of it is for the terminal."""
    path = Path(config.folder) / LOG_NAME
    handler = _Log(path, maxBytes=LOG_BYTES_MAX, backupCount=1, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    logging.getLogger().addHandler(handler)
    return handler


def _logged(config: Config, error: Exception) -> str:
    """Write an unforeseen error to the folder's log, and return what to tell the clerk."""
    log.error("program.failed", exc_info=error)
    return (
        f"an error that should not happen ({type(error).__name__}); everything stored is safe. The "
        f"details are in {Path(config.folder) / LOG_NAME}: send that file to support, then start again"
    )


if __name__ == "__main__":
    sys.exit(main())
