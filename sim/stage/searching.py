"""`ips-sim verify`: its arguments; what it does is in verify and verify_icash, loaded when asked for."""

import argparse
from typing import Any, Final

_EXAMPLE: Final = """\
example:
  ips-sim verify purse --purses 2 --starts 2 --values 1 --json
  ips-sim verify purse --flow original --no-late --no-claims --starts 3
  ips-sim verify purse --suite
  ips-sim verify icash --cards 2 --starts 2
  ips-sim verify icash --suite
"""
_PURSE: Final = (
    "Search every state that any terminal can bring about, with the production purse. "
    "--suite runs every row of the evidence, every seeded fault and the inductive proof."
)
_ICASH: Final = (
    "Search every state that any terminal can bring about, with the production card and security "
    "module of ICash. --suite runs every row, every seeded fault and the tear sweep."
)


def add_parser(commands: Any) -> None:
    """Add `verify` to the command's parser."""
    verify = commands.add_parser(
        "verify",
        help="search a scheme of electronic money exhaustively",
        description="Search every state that any terminal can bring about, however hostile.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    schemes = verify.add_subparsers(required=True)
    purse = _scheme(schemes, "purse", "the purse: value moves from card to card", _PURSE)
    purse.add_argument("--purses", type=_count, default=2, metavar="N", help="purses (2)")
    purse.add_argument(
        "--flow", choices=["offer", "original"], default="offer", help="of the transfer (offer)"
    )
    purse.add_argument("--no-late", action="store_true", help="without late completion")
    purse.add_argument("--no-claims", action="store_true", help="without claims at the issuer")
    purse.add_argument("--clears", action="store_true", help="with lost claims and cleared logs")
    purse.set_defaults(run=_verify_purse)
    icash = _scheme(schemes, "icash", "ICash: from a card into a security module", _ICASH)
    icash.add_argument("--cards", type=_count, default=1, metavar="N", help="cards (1)")
    icash.add_argument("--modules", type=_few, default=1, metavar="N", help="modules (1)")
    icash.add_argument("--loads", type=_some, default=0, metavar="N", help="loads of each (0)")
    icash.set_defaults(run=_verify_icash)


def _scheme(schemes: Any, name: str, title: str, text: str) -> argparse.ArgumentParser:
    """Add one scheme, with the options that all have."""
    scheme: argparse.ArgumentParser = schemes.add_parser(
        name,
        help=title,
        description=text,
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    scheme.add_argument("--starts", type=_count, default=2, metavar="N", help="starts each (2)")
    scheme.add_argument(
        "--values",
        type=_values,
        default=(1,),
        metavar="V",
        help="values, as a list: 1,2 (1)",
    )
    scheme.add_argument("--balance", type=_count, help="what each holds at first (the starts)")
    scheme.add_argument("--suite", action="store_true", help="every row of the evidence")
    scheme.add_argument("--json", action="store_true", help="for programs")
    return scheme


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 5:
        raise argparse.ArgumentTypeError(f"{text!r}: a whole number from 1 to 5")
    return int(text)


def _few(text: str) -> int:
    if _count(text) > 3:
        raise argparse.ArgumentTypeError(f"{text!r}: three modules at most")
    return int(text)


def _some(text: str) -> int:
    return 0 if text == "0" else _count(text)


def _values(text: str) -> tuple[int, ...]:
    try:
        values = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: values read 1 or 1,2") from None
    if not all(0 < value < 100 for value in values) or len(set(values)) != len(values):
        raise argparse.ArgumentTypeError(f"{text!r}: different values from 1 to 99")
    return values


def _verify_purse(chosen: argparse.Namespace) -> int:
    from sim.stage.verify import run

    return run(chosen)


def _verify_icash(chosen: argparse.Namespace) -> int:
    from sim.stage.verify_icash import run

    return run(chosen)
