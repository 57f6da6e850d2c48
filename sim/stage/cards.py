"""`ips-sim cards`: makes a set of virtual cards, shows what is in a folder of them, sends one commands."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sim.entropy import SeededEntropy
from sim.host import SystemEntropy

if TYPE_CHECKING:
    from sim.cards.card import Card

_EXAMPLE: Final = """\
example:
  ips-sim cards make cards              a shop's set: customers, the shop, a teller
  ips-sim cards make cards --set payment          payment cards with a chip
  ips-sim cards make cards --set my.toml --seed 1
  ips-sim cards show cards
  ips-broker icash statement ISHP0001 | ips-sim cards tell cards icash-module
"""
GET_RESPONSE: Final = 0xC0


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
    make.add_argument(
        "--set",
        metavar="SET",
        default="shop",
        help="shop, payment, or a file in TOML (else: shop)",
    )
    make.add_argument("--seed", type=int, metavar="N", help="the same cards every time")
    make.add_argument("--json", action="store_true", help="for programs")
    make.set_defaults(run=_make)
    show = doing.add_parser("show", help="show balances and states")
    show.add_argument("folder", type=Path, metavar="FOLDER")
    show.add_argument("--json", action="store_true", help="for programs")
    show.set_defaults(run=_show)
    tell = doing.add_parser(
        "tell",
        help="power a card and send it commands, as a reader would",
        description="Power a card that is in no reader, send it commands, print each answer in "
        "hexadecimal, status word last; 61xx and 6Cxx are followed.",
    )
    tell.add_argument("folder", type=Path, metavar="FOLDER")
    tell.add_argument("card", metavar="CARD", help="its label, as `cards show` shows it")
    tell.add_argument(
        "apdus",
        metavar="APDU",
        nargs="*",
        help="in hexadecimal; none: one a line of standard input",
    )
    tell.set_defaults(run=_tell)


def make_cards(folder: Path, name: str, seed: int | None) -> None:
    """Make a set in a folder; `name`: one that comes with the program, or a file.

    Raises: OSError, sim.cards.issue.CardSetError.
    """
    # Loaded when asked for: the other commands of ips-sim need no cryptography.
    from protocols.purse.suite import P256
    from sim.cards.issue import CardSetError, make_set, read_set, set_file, sets

    entropy = SystemEntropy() if seed is None else SeededEntropy(seed).fork("cards")
    file = set_file(name) if name in sets() else Path(name)
    if not file.exists():
        raise CardSetError(f"{name}: no such file, and no set of this name: {', '.join(sets())}")
    make_set(folder, read_set(file), suite=P256(), entropy=entropy)


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
    what = seen.get("life") or seen.get("application", "")
    quirk = "" if seen.get("quirk", "none") == "none" else seen["quirk"].replace("_", " ")
    return (
        f"{seen['label']:<20} {seen['name']:<12}  {what:<10} {seen['status']:<7} {balances or quirk}"
    ).rstrip()


def _tell(chosen: argparse.Namespace) -> int:
    """Send every command; a line that begins with # is a remark."""
    from sim.cards.file import CardFileError, read_card

    lines = chosen.apdus or [line.strip() for line in sys.stdin]
    apdus = [_apdu(line) for line in lines if line and not line.startswith("#")]
    try:
        card = read_card(chosen.folder / f"{chosen.card}.toml")
    except CardFileError as error:
        raise OSError(str(error)) from error
    card.power_on()
    for apdu in apdus:
        print(_answer(card, apdu).hex())
    return 0


def _apdu(line: str) -> bytes:
    try:
        apdu = bytes.fromhex(line)
    except ValueError:
        apdu = b""
    if len(apdu) < 4:
        raise OSError(f"{line[:40]!r} is no command: four bytes or more, in hexadecimal")
    return apdu


def _answer(card: "Card", apdu: bytes) -> bytes:
    """Return the whole answer, fetched in turns where the card answers so (ISO 7816-4 11.7)."""
    answer = card.handle(apdu)
    whole = b""
    while len(answer) >= 2 and answer[-2] == 0x61:
        whole += answer[:-2]
        answer = card.handle(bytes((0x00, GET_RESPONSE, 0x00, 0x00, answer[-1])))
    if len(answer) == 2 and answer[0] == 0x6C:
        return _answer(card, apdu[:-1] + answer[1:])
    return whole + answer
