"""`ips-sim cards`: makes a set of virtual cards, and shows what is in a folder of them."""

import argparse
import json
from pathlib import Path
from typing import Any, Final

from sim.entropy import SeededEntropy
from sim.host import SystemEntropy

_EXAMPLE: Final = """\
example:
  ips-sim cards make cards              a shop's set: customers, the shop, a teller
  ips-sim cards make cards --set my.toml --seed 1
  ips-sim cards show cards
"""


def add_parser(commands: Any) -> None:
    """Add `cards` to the command's parser."""
    cards = commands.add_parser(
        "cards",
        help="make virtual IC cards, and look at them",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    doing = cards.add_subparsers(required=True, metavar="WHAT")
    make = doing.add_parser("make", help="make a set of cards under the folder's own issuer")
    make.add_argument("folder", type=Path, metavar="FOLDER")
    make.add_argument("--set", type=Path, metavar="FILE", help="a set in TOML (else: shop)")
    make.add_argument("--seed", type=int, metavar="N", help="the same cards every time")
    make.add_argument("--json", action="store_true", help="for programs")
    make.set_defaults(run=_make)
    show = doing.add_parser("show", help="show balances and states")
    show.add_argument("folder", type=Path, metavar="FOLDER")
    show.add_argument("--json", action="store_true", help="for programs")
    show.set_defaults(run=_show)


def make_cards(folder: Path, file: Path | None, seed: int | None) -> None:
    """Make a set in a folder. Raises: OSError, sim.cards.issue.CardSetError."""
    # Loaded when asked for: the other commands of ips-sim need no cryptography.
    from protocols.purse.suite import P256
    from sim.cards.issue import make_set, read_set, set_file

    entropy = SystemEntropy() if seed is None else SeededEntropy(seed).fork("cards")
    make_set(folder, read_set(file or set_file("shop")), suite=P256(), entropy=entropy)


def _make(chosen: argparse.Namespace) -> int:
    from sim.cards.issue import CardSetError

    try:
        make_cards(chosen.folder, chosen.set, chosen.seed)
    except CardSetError as error:
        raise OSError(str(error)) from error
    return _show(chosen)


def _show(chosen: argparse.Namespace) -> int:
    from sim.cards.file import CardFileError, read_cards

    try:
        seen = [card.visible() for card in read_cards(chosen.folder).values()]
    except CardFileError as error:
        raise OSError(str(error)) from error
    if chosen.json:
        print(json.dumps(seen))
        return 0
    for each in seen:
        print(_line(each))
    return 0


def _line(seen: dict[str, Any]) -> str:
    if "memory" in seen:
        return f"{seen['label']:<16} {seen['memory']}"
    balances = ", ".join(f"{number} {held:,}" for number, held in seen["balances"].items())
    life = seen.get("life", "")
    return f"{seen['label']:<16} {seen['name']}  {life:<7} {seen['status']:<7} {balances}".rstrip()
