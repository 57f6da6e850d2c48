"""The arguments of `ips-broker`, each command with an example."""

import argparse
from collections.abc import Callable
from datetime import datetime
from typing import Final

from ips.config import Config
from ips.console import (
    asking,
    banks,
    cash_receipts,
    doing,
    icash,
    keeping,
    members,
    people,
    purses,
    serving,
    trying,
)
from ips.console.answers import Answer
from ips.store.inquiries import NAMES
from protocols.deeds import KINDS as DEEDS
from protocols.documents import KINDS

NUMBER_DIGITS_MAX: Final = 15

Run = Callable[[argparse.Namespace, Config], Answer]
Commands = argparse._SubParsersAction


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; `arguments.run` is the command."""
    parser = argparse.ArgumentParser(
        prog="ips-broker",
        description="The broker: takes the journals of tills, keeps payments and ledger.",
        epilog="example: ips-broker serve --listen 127.0.0.1:8600",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _serving(commands)
    _keeping(commands)
    _terminals(commands)
    _documents(commands)
    _staff(commands)
    _modules(commands)
    _refunds(commands)
    _purses(commands)
    _icash(commands)
    _banks(commands)
    _cash_receipts(commands)
    _members(commands)
    _asking(commands)
    return parser


def add(
    commands: "Commands[argparse.ArgumentParser]", name: str, run: Run, text: str, example: str
) -> argparse.ArgumentParser:
    """Add one command with what all commands have."""
    parser = commands.add_parser(
        name, help=text, description=text, epilog=f"example: ips-broker {example}"
    )
    parser.add_argument("--config", metavar="FILE", help="the broker's TOML file")
    parser.add_argument(
        "--folder", metavar="DIR", help="where database and keys lie, instead of the file's"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    parser.set_defaults(run=run, csv=False)
    return parser


def group(
    commands: "Commands[argparse.ArgumentParser]", name: str, text: str, example: str
) -> "Commands[argparse.ArgumentParser]":
    """Add a command that has commands of its own."""
    parser = commands.add_parser(
        name, help=text, description=text, epilog=f"example: ips-broker {example}"
    )
    return parser.add_subparsers(title="commands", metavar="COMMAND", required=True)


def _serving(commands: "Commands[argparse.ArgumentParser]") -> None:
    serve = add(
        commands,
        "serve",
        serving.run,
        "serve terminals over HTTP until told to end",
        "serve --config broker.toml --listen 127.0.0.1:0",
    )
    serve.add_argument(
        "--listen", metavar="HOST:PORT", help="where to listen; port 0 is any free one"
    )
    serve.add_argument(
        "--announce-fd",
        type=int,
        metavar="N",
        help="write one JSON line there when listening (otherwise to standard output)",
    )
    serve.add_argument(
        "--parent-fd", type=int, metavar="N", help="end when this pipe ends, and with the parent"
    )


def _keeping(commands: "Commands[argparse.ArgumentParser]") -> None:
    add(
        commands,
        "migrate",
        keeping.migrate,
        "make or update database and keys",
        "migrate --folder /var/lib/ips",
    )
    backup = add(
        commands,
        "backup",
        keeping.backup,
        "copy the database to a new folder while the broker runs",
        "backup /mnt/usb/ips-20260417",
    )
    backup.add_argument("target", metavar="DIR", help="a folder that is empty or not there yet")
    restore = add(
        commands,
        "restore",
        keeping.restore,
        "put a backup into a folder that has no database",
        "restore /mnt/usb/ips-20260417 --secret /mnt/safe/host.secret",
    )
    restore.add_argument("source", metavar="DIR", help="a folder that backup made")
    restore.add_argument("--secret", metavar="FILE", help="the host.secret that its keys open with")
    keys = group(commands, "keys", "the broker's keys", "keys list")
    add(keys, "list", keeping.keys_list, "list the keys, public parts only", "keys list --json")
    add(keys, "init", keeping.keys_init, "make the keys that are missing", "keys init")


def _terminals(commands: "Commands[argparse.ArgumentParser]") -> None:
    terminals = group(commands, "terminal", "tills and couriers of this broker", "terminal list")
    new = add(
        terminals,
        "add",
        doing.terminal_add,
        "make a place for a terminal, or a new code for one; the code is shown once",
        "terminal add 01 --store main",
    )
    new.add_argument("terminal", metavar="ID", help="1 to 8 letters and digits, such as 01")
    new.add_argument("--store", metavar="ID", help="its store; not needed where there is one")
    add(
        terminals,
        "list",
        asking.terminal_list,
        "list the terminals",
        "terminal list",
    )
    for verb, text in (
        ("suspend", "refuse a terminal from its next request on"),
        ("resume", "let a suspended terminal work again"),
        ("retire", "refuse a terminal for ever"),
    ):
        change = add(
            terminals,
            verb,
            doing.terminal_change,
            text,
            f"terminal {verb} 01 --reason 'left in the bus'",
        )
        change.add_argument("terminal", metavar="ID")
        change.add_argument("--reason", default="", help="kept, and shown to the terminal")
        change.set_defaults(verb=verb)


def _documents(commands: "Commands[argparse.ArgumentParser]") -> None:
    documents = group(
        commands, "document", "policy, catalogue and staff, as terminals pull them", "document list"
    )
    publish = add(
        documents,
        "publish",
        doing.document_publish,
        "publish the next version from a file",
        "document publish policy policy.toml",
    )
    publish.add_argument("name", choices=sorted(KINDS))
    publish.add_argument("file", metavar="FILE", help="TOML or JSON")
    add(documents, "list", asking.document_list, "list all versions", "document list")


def _staff(commands: "Commands[argparse.ArgumentParser]") -> None:
    staff = group(commands, "staff", "who may work at the tills", "staff publish staff.toml")
    publish = add(
        staff,
        "publish",
        doing.document_publish,
        "publish the next version of the staff list from a file",
        "staff publish staff.toml",
    )
    publish.add_argument("file", metavar="FILE", help="TOML or JSON")
    publish.set_defaults(name="staff")
    add(staff, "list", people.staff_list, "list everybody, without badges and PINs", "staff list")
    add(
        staff,
        "pin",
        people.staff_pin,
        "ask for a PIN and print what a staff file keeps of it",
        "staff pin",
    )


def _modules(commands: "Commands[argparse.ArgumentParser]") -> None:
    modules = group(commands, "module", "payment modules", "module check cash")
    add(modules, "list", trying.module_list, "list the payment modules", "module list")
    check = add(
        modules,
        "check",
        trying.module_check,
        "try a payment module out: replay, inquiry, interruption, refund, answers, scrub",
        "module check cash",
    )
    check.add_argument("module", metavar="NAME")
    check.add_argument(
        "--field",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a value for one of the manifest's needs",
    )
    for verb, text in (
        ("activate", "let a payment module take payments"),
        ("deactivate", "let it end what is under way and take nothing new"),
    ):
        change = add(modules, verb, doing.module_change, text, f"module {verb} cash")
        change.add_argument("module", metavar="NAME")
        change.set_defaults(verb=verb)
    flows = group(commands, "flow", "the life cycles of payments", "flow draw sale")
    add(flows, "list", trying.flow_list, "list the flows new payments begin under", "flow list")
    flow = add(
        flows,
        "check",
        trying.flow_check,
        "check flow files before they are used",
        "flow check myflows/sale.toml",
    )
    flow.add_argument("files", nargs="*", metavar="FILE", help="default: all of the broker's own")
    draw = add(
        flows,
        "draw",
        trying.flow_draw,
        "draw a flow as a Mermaid state diagram, or as nodes and edges",
        "flow draw sale --language ko",
    )
    draw.add_argument("flow", metavar="NAME", help="a flow of the broker's own, or a file")
    draw.add_argument("--language", choices=("ko", "en"), default="en", help="of the states")


def _refunds(commands: "Commands[argparse.ArgumentParser]") -> None:
    refunds = group(
        commands,
        "refund",
        "money back, never more than was paid",
        "refund request main-01-20260417-0001-a --reason damaged",
    )
    ask = add(
        refunds,
        "request",
        doing.refund_request,
        "ask for money back on a payment",
        "refund request main-01-20260417-0001-a --amount 5000 --reason damaged",
    )
    ask.add_argument("payment", metavar="KEY")
    ask.add_argument(
        "--amount", type=_count, default=0, metavar="N", help="default: all that is left"
    )
    ask.add_argument("--reason", required=True)
    ask.add_argument("--key", default="", help="the refund's own key; the same again asks once")
    ask.add_argument("--actor", default="", help="who asks; default: the user of this machine")
    for verb, text in (
        ("approve", "approve a refund that somebody else asked for, and pay it"),
        ("reject", "say no, with a reason"),
    ):
        decide = add(
            refunds,
            verb,
            doing.refund_decide,
            text,
            f"refund {verb} main-01-20260417-0001-a-r1 --why 'seen the goods'",
        )
        decide.add_argument("key", metavar="REFUND")
        decide.add_argument("--why", default="", required=verb == "reject")
        decide.add_argument("--actor", default="", help="who decides; never who asked")
        decide.set_defaults(verb=verb)


def _purses(commands: "Commands[argparse.ArgumentParser]") -> None:
    of = group(commands, "purse", "e-cash: the issuer's purses, claims and hotlist", "purse list")
    add(
        of,
        "issuer",
        purses.purse_issuer,
        "make the issuer's key where there is none, and show its public part",
        "purse issuer",
    )
    new = add(
        of,
        "add",
        purses.purse_add,
        "enter a purse that was made under the issuer's key",
        "purse add 0101... --first KRW=50000",
    )
    new.add_argument("certificate", metavar="HEX", help="its certificate, 112 bytes")
    new.add_argument(
        "--first",
        action="append",
        default=[],
        metavar="CURRENCY=N",
        help="what it held as it left, minor units; value created, so it joins the float",
    )
    _certifying(of)
    add(
        of,
        "list",
        purses.purse_list,
        "list every purse: what it should hold, what it lost, what is suspect",
        "purse list --json",
    )
    update = add(
        of,
        "update",
        purses.purse_update,
        "make the command that sets a purse's limits and tells it the hotlist; it waits for the card",
        "purse update 4355535430303031 --day 20260417 --transfer-max 100000",
    )
    update.add_argument("purse", metavar="NAME", help="16 hexadecimal digits")
    update.add_argument("--day", type=_day, required=True, metavar="YYYYMMDD")
    for option in ("transfer-max", "offline-count-max", "offline-value-max", "pin-above"):
        update.add_argument(f"--{option}", type=_limit, metavar="N", help="default: no limit")
    waiting = add(
        of,
        "commands",
        purses.purse_commands,
        "list the commands that were made for purses, and what became of each",
        "purse commands --waiting",
    )
    waiting.add_argument(
        "--waiting", action="store_true", help="only those that no purse has answered yet"
    )
    _claims(of)
    _hotlist(of)


def _certifying(of: "Commands[argparse.ArgumentParser]") -> None:
    certify = add(
        of,
        "certify",
        purses.purse_certify,
        "make a purse of a key that a till has made (ips-pos purse make), and enter it",
        "purse certify 0103ab... --class merchant",
    )
    certify.add_argument("request", metavar="HEX", help="what `ips-pos purse make` shows")
    certify.add_argument(
        "--class",
        dest="purse_class",
        choices=("merchant", "courier", "teller", "consumer"),
        default="merchant",
        help="merchant: a shop's; teller: loads cards and takes deposits; consumer: a customer's "
        "card that has made its key (default: merchant)",
    )
    certify.add_argument("--name", default="", metavar="NAME", help="8 letters and digits")
    certify.add_argument("--currency", default="KRW", metavar="CODE", help="default: KRW")
    certify.add_argument(
        "--ceiling", type=_limit, default=2**32 - 1, metavar="N", help="the most it may hold"
    )
    certify.add_argument(
        "--first",
        action="append",
        default=[],
        metavar="CURRENCY=N",
        help="what it holds at first: value created",
    )
    certify.add_argument(
        "--expiry", type=_day, default=0, metavar="YYYYMMDD", help="default: in five years"
    )


def _claims(of: "Commands[argparse.ArgumentParser]") -> None:
    claims = group(
        of, "claim", "losses: frozen logs, paid back once and only with both", "purse claim list"
    )
    order = add(
        claims,
        "order",
        purses.claim_order,
        "make the command that freezes a purse's log of broken transfers",
        "purse claim order 4355535430303031",
    )
    order.add_argument("purse", metavar="NAME")
    present = add(
        claims,
        "present",
        purses.claim_present,
        "archive what the card answered",
        "purse claim present answer.json",
    )
    present.add_argument(
        "file", metavar="FILE", help="JSON: certificate, nonce, answer, entries, in hexadecimal"
    )
    add(claims, "list", purses.claim_list, "list what is claimed, and by whom", "purse claim list")
    pay = add(
        claims,
        "pay",
        purses.claim_pay,
        "pay a loss back; a teller then loads it into a purse of the holder",
        "purse claim pay 4355... --into 4355535430303032",
    )
    pay.add_argument("details", metavar="HEX", help="as `purse claim list` shows them")
    pay.add_argument("--into", required=True, metavar="PURSE", help="kept with the payment")
    clear = add(
        claims,
        "clear",
        purses.claim_clear,
        "make the command that empties exactly the log that was archived",
        "purse claim clear 4355535430303031",
    )
    clear.add_argument("purse", metavar="NAME")


def _hotlist(of: "Commands[argparse.ArgumentParser]") -> None:
    stopped = group(of, "hotlist", "purses that nobody may deal with", "purse hotlist list")
    for verb, text in (("add", "stop a purse"), ("remove", "let a purse be used again")):
        change = add(stopped, verb, purses.hotlist, text, f"purse hotlist {verb} 4355535430303031")
        change.add_argument("purse", metavar="NAME")
        change.add_argument("--reason", default="", help="kept, with who did it")
        change.set_defaults(verb=verb)
    add(stopped, "list", purses.hotlist_list, "list them", "purse hotlist list")


def _banks(commands: "Commands[argparse.ArgumentParser]") -> None:
    of = group(commands, "bank", "banks that cards and transfers go to", "bank list")
    key = add(
        of,
        "key",
        banks.bank_key,
        "keep the key that messages to a bank have their code under; show its check value",
        "bank key hanbit --from hanbit.key",
    )
    key.add_argument("bank", metavar="BANK", help="its name in the configuration")
    key.add_argument(
        "--from", dest="source", metavar="FILE", help="32 hexadecimal digits; else standard input"
    )
    add(
        of,
        "list",
        banks.bank_list,
        "what each bank is still to be told, and when totals were last compared",
        "bank list --json",
    )
    settle = add(
        of,
        "settle",
        banks.bank_settle,
        "compare a shop's totals with the bank's (0500); status 1 where they differ",
        "bank settle hanbit --store main",
    )
    settle.add_argument("bank", metavar="BANK", help="its name in the configuration")
    settle.add_argument("--store", metavar="ID", help="whose totals; default: the first store")


def _icash(commands: "Commands[argparse.ArgumentParser]") -> None:
    of = group(commands, "icash", "the second scheme: modules and their collection", "icash list")
    issuer = add(
        of,
        "issuer",
        icash.icash_issuer,
        "make the issuer's keys where there are none, or take them over; show their check values",
        "icash issuer --from cards/icash-issuer.toml",
    )
    issuer.add_argument("--from", dest="source", metavar="FILE", help="an issuer's keys in TOML")
    add(
        of,
        "list",
        icash.icash_list,
        "list every module: stated, reported, collected, unproved, open",
        "icash list --json",
    )
    statement = add(
        of,
        "statement",
        icash.icash_statement,
        "print the commands that ask a module for its statement, one a line",
        "icash statement ISHP0001",
    )
    statement.add_argument("module", metavar="MODULE", help="its name, or 16 hexadecimal digits")
    statement.add_argument(
        "--open", type=_count, default=16, metavar="N", help="ask for N open purchases at most (16)"
    )
    collect = add(
        of,
        "collect",
        icash.icash_collect,
        "take in what it answered, and pay what terminals reported and cards proved",
        "icash collect ISHP0001 answers.txt",
    )
    collect.add_argument("module", metavar="MODULE")
    collect.add_argument(
        "file", metavar="FILE", nargs="?", default="-", help="one answer a line; standard input"
    )
    clear = add(
        of,
        "clear",
        icash.icash_clear,
        "print the commands that make a module forget its open purchases",
        "icash clear ISHP0001",
    )
    clear.add_argument("module", metavar="MODULE")
    clear.add_argument(
        "--doubted",
        action="store_true",
        help="those too that a terminal is in doubt about, whose cards do not come back",
    )
    prove = add(
        of,
        "prove",
        icash.icash_prove,
        "bring the proof of a purchase that its terminal could not get",
        f"icash prove {'00' * 39} {'00' * 8}",
    )
    pay = add(
        of,
        "pay",
        icash.icash_pay,
        "pay a holder back what left the card and reached no module, once",
        f"icash pay {'00' * 39} {'00' * 8} --to ICUS0001",
    )
    for each in (prove, pay):
        each.add_argument(
            "details", metavar="HEX", help="the purchase: 39 bytes of a card's record"
        )
        each.add_argument("proof", metavar="PROOF", help="the last 8 bytes of the record")
    pay.add_argument(
        "--to", required=True, metavar="WHO", help="kept: whom, or which card is loaded"
    )


def _cash_receipts(commands: "Commands[argparse.ArgumentParser]") -> None:
    of = group(commands, "cash-receipt", "Korean cash receipts at the agent", "cash-receipt list")
    listed = add(
        of,
        "list",
        cash_receipts.cash_receipt_list,
        "list what was asked for and what became of it",
        "cash-receipt list --state by_hand",
    )
    listed.add_argument("--state", choices=cash_receipts.STATES, help="only these")
    listed.add_argument(
        "--limit", type=_count, default=100, metavar="N", help="at most so many (100)"
    )
    compare = add(
        of,
        "compare",
        cash_receipts.cash_receipt_compare,
        "compare a day's approvals with the agent's; status 1 when they differ",
        "cash-receipt compare 20260417",
    )
    compare.add_argument("date", metavar="YYYYMMDD", type=_date, help="of the approvals")


def _members(commands: "Commands[argparse.ArgumentParser]") -> None:
    of = group(commands, "member", "members of the points programme", "member list")
    enter = add(
        of,
        "add",
        members.member_add,
        "enter a member; of name and telephone only what may be shown is kept",
        "member add --name 김영수 --phone 010-1234-5678",
    )
    enter.add_argument("--name", required=True, metavar="NAME")
    enter.add_argument("--phone", default="", metavar="NUMBER", help="a mobile number")
    enter.add_argument(
        "--card", default="", metavar="NUMBER", help="of a card that is printed already"
    )
    add(of, "list", members.member_list, "list every member and the points", "member list --json")
    show = add(
        of,
        "show",
        members.member_show,
        "show a member's points and what moved them last",
        "member show M123456782",
    )
    adjust = add(
        of,
        "adjust",
        members.member_adjust,
        "give a member points, or take some (a negative number); logged with the reason",
        "member adjust M123456782 500 --reason 'sale 0417-0128, card forgotten'",
    )
    adjust.add_argument("member", metavar="MEMBER")
    adjust.add_argument("points", type=int, metavar="POINTS")
    adjust.add_argument("--reason", required=True, metavar="TEXT")
    show.add_argument("member", metavar="MEMBER")
    for verb, text in (
        ("stop", "let nobody spend a member's points: the card is lost"),
        ("resume", "let them be spent again"),
    ):
        stop = add(of, verb, members.member_stop, text, f"member {verb} M123456782")
        stop.add_argument("member", metavar="MEMBER")
        stop.add_argument("--reason", default="", metavar="TEXT")
        stop.set_defaults(verb=verb)


def _asking(commands: "Commands[argparse.ArgumentParser]") -> None:
    inquire = add(
        commands,
        "inquire",
        asking.inquiry,
        "list settled, open or refunded payments, or refunds that are asked for",
        "inquire settled --csv",
    )
    inquire.add_argument("name", choices=NAMES)
    inquire.add_argument("--store", metavar="ID", help="of one store only")
    inquire.add_argument("--limit", type=_count, metavar="N", help="at most N rows")
    inquire.add_argument("--csv", action="store_true", help="print CSV, amounts in minor units")
    add(
        commands,
        "questions",
        asking.questions,
        "list what was accepted and is asked about",
        "questions --json",
    )
    accounts = add(
        commands,
        "accounts",
        asking.accounts,
        "list the ledger's accounts and what they hold",
        "accounts --csv",
    )
    accounts.add_argument("--csv", action="store_true", help="print CSV, amounts in minor units")
    audits = group(commands, "audit", "prove what is stored by making it again", "audit ledger")
    for name, text in (
        ("chain", "journals, signatures and seals, from the first to the last"),
        ("ledger", "every account's sums, by a replay of all transfers"),
    ):
        audit = add(audits, name, asking.audit, text, f"audit {name}")
        audit.set_defaults(name=name)
    who = add(
        audits,
        "people",
        people.audit_people,
        "list what people did at the tills, and who allowed it",
        "audit people --kind no-sale --kind override",
    )
    who.add_argument("--kind", action="append", default=[], choices=DEEDS, help="default: all")
    who.add_argument("--terminal", default="", metavar="ID", help="of one terminal only")
    who.add_argument("--date", type=_date, metavar="YYYYMMDD", help="of one business date")
    who.add_argument("--person", default="", metavar="NUMBER", help="who did or allowed it")
    who.add_argument("--csv", action="store_true", help="print CSV, amounts in minor units")
    add(
        audits,
        "float",
        purses.audit,
        "e-cash: what is owed is what is out there; every message, claim and purse",
        "audit float --json",
    )
    add(
        audits,
        "icash",
        icash.audit,
        "the second scheme: what modules state, terminals reported, cards proved, shops were paid",
        "audit icash --json",
    )


def _date(text: str) -> str:
    """Return a date as records write it. Raises: ArgumentTypeError."""
    try:
        return f"{datetime.strptime(text, '%Y%m%d'):%Y%m%d}"  # noqa: DTZ007  a date alone
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date such as 20260417") from None


def _day(text: str) -> int:
    """Return a date as purses keep it, the number YYYYMMDD. Raises: ArgumentTypeError."""
    return int(_date(text))


def _count(text: str) -> int:
    """Return a number above zero. Raises: ArgumentTypeError."""
    if not (text.isascii() and text.isdecimal() and len(text) <= NUMBER_DIGITS_MAX and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def _limit(text: str) -> int:
    """Return a number that a purse can keep: four bytes. Raises: ArgumentTypeError."""
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= 10 else -1
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number below 4,294,967,296")
    return number
