"""`ips-sim shop` and `ips-sim day`: the demonstration's shop, served to a counter or played through."""

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from sim.host import SystemClock, SystemEntropy
from sim.stage.bench import ending

SEED: Final = 19980417
_EXAMPLE: Final = """\
example:
  ips-sim day build/day                 a hundred sales, with the troubles of a day
  ips-sim day build/day --sales 20 --seed 7
"""


def add_parsers(commands: Any) -> None:
    """Add `shop` and `day` to the command's parser."""
    shop = commands.add_parser(
        "shop",
        help="a broker, virtual equipment and a till's folder, made and served in one folder",
        description="Make a shop in a folder, serve it, and say where it is in one line of JSON "
        "(config, control); end by Ctrl-C or with the parent. Open the counter with "
        "ips-pos --config FILE.",
        epilog="example:\n  ips-sim shop build/shop",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    shop.add_argument("folder", type=Path, help="where everything is kept")
    shop.add_argument("--language", choices=("ko", "en"), default="ko", help="of the till (ko)")
    shop.add_argument("--announce-fd", type=int, metavar="N", help="where the JSON line goes")
    shop.add_argument("--parent-fd", type=int, metavar="N", help="end when this pipe's end closes")
    shop.set_defaults(run=_shop)
    day = commands.add_parser(
        "day",
        help="a trading day played through, ending with 'books balance'",
        description="Play a trading day: real programs, ptys, HTTP and files; paper runs out, the "
        "broker is killed and comes back, the till is killed with a basket open. Prints receipts "
        "and books; status 1 when anything disagrees.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    day.add_argument("folder", type=Path, help="where everything is kept; begun anew or continued")
    day.add_argument("--sales", type=_sales, default=100, metavar="N", help="how many (100)")
    day.add_argument(
        "--seed", type=int, default=SEED, metavar="N", help="what is drawn from (%(default)s)"
    )
    day.set_defaults(run=_day)


def _sales(text: str) -> int:
    if not text.isdigit() or not 20 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r}: a whole number from 20 to 100000")
    return int(text)


def _shop(chosen: argparse.Namespace) -> int:
    from sim.stage.children import ChildError
    from sim.stage.shop import Shop

    shop = Shop(
        chosen.folder, clock=SystemClock(), language=chosen.language, entropy=SystemEntropy()
    )
    try:
        shop.open()
        assert shop.endpoint is not None
        control = msgspec.json.encode(shop.endpoint).decode()
        config = str(shop.places.till_config)
        line = json.dumps({"config": config, "control": control}).encode() + b"\n"
        asyncio.run(_until_ended(line, chosen.announce_fd, chosen.parent_fd))
    except ChildError as error:
        print(f"ips-sim: {error}", file=sys.stderr)
        return 1
    finally:
        shop.close()
    return 0


async def _until_ended(line: bytes, descriptor: int | None, parent: int | None) -> None:
    """Tell where everything is, once Ctrl-C and the parent's end are heard, and wait for them."""
    with ending(parent) as ended:
        if descriptor is None:
            print(line.decode(), end="", flush=True)
        else:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(line)
        await ended.wait()


def _day(chosen: argparse.Namespace) -> int:
    from sim.control_client import BenchError
    from sim.stage.children import ChildError
    from sim.stage.day import Day, DayError

    def say(text: str) -> None:
        print(text, flush=True)

    day = Day(chosen.folder, clock=SystemClock(), seed=chosen.seed, sales=chosen.sales, say=say)
    try:
        day.play()
    except (ChildError, DayError, BenchError) as error:
        print(f"ips-sim: {error}", file=sys.stderr)
        print(f"the day's state and logs are in {chosen.folder}", file=sys.stderr)
        return 1
    return 0
