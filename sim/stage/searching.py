"""`ips-sim verify`: its arguments; what it does is in sim.stage.verify, which is loaded when asked for."""

import argparse
from typing import Any, Final

_EXAMPLE: Final = """\
example:
  ips-sim verify purse --purses 2 --starts 2 --values 1 --json
  ips-sim verify purse --flow original --no-late --no-claims --starts 3
  ips-sim verify purse --suite
"""


def add_parser(commands: Any) -> None:
    """Add `verify` to the command's parser."""
    verify = commands.add_parser(
        "verify",
        help="search the purse exhaustively",
        description="Search every state that any terminal can bring about, with the production purse. "
        "--suite runs every row of the evidence, every seeded fault and the inductive proof.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verify.add_argument("what", choices=["purse"], help="the scheme to search")
    verify.add_argument("--purses", type=_count, default=2, metavar="N", help="purses (2)")
    verify.add_argument("--starts", type=_count, default=2, metavar="N", help="starts each (2)")
    verify.add_argument(
        "--values",
        type=_values,
        default=(1,),
        metavar="V",
        help="highest value, or a list: 1,2 (1)",
    )
    verify.add_argument("--balance", type=_count, help="what each holds at first (the starts)")
    verify.add_argument(
        "--flow", choices=["offer", "original"], default="offer", help="of the transfer (offer)"
    )
    verify.add_argument("--no-late", action="store_true", help="without late completion")
    verify.add_argument("--no-claims", action="store_true", help="without claims at the issuer")
    verify.add_argument("--clears", action="store_true", help="with lost claims and cleared logs")
    verify.add_argument("--suite", action="store_true", help="every row of the evidence")
    verify.add_argument("--json", action="store_true", help="for programs")
    verify.set_defaults(run=_verify)


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 5:
        raise argparse.ArgumentTypeError(f"{text!r}: a whole number from 1 to 5")
    return int(text)


def _values(text: str) -> tuple[int, ...]:
    try:
        values = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: values read 1 or 1,2") from None
    if not all(0 < value < 100 for value in values) or len(set(values)) != len(values):
        raise argparse.ArgumentTypeError(f"{text!r}: different values from 1 to 99")
    return values


def _verify(chosen: argparse.Namespace) -> int:
    from sim.stage.verify import run

    return run(chosen)
