"""The command `ips-broker`. Status 0 done, 1 the thing asked for failed, 2 misuse."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from ips.config import Config, ConfigError, load
from ips.console.answers import Answer, CommandError, csv_text
from ips.console.parser import build_parser
from ips.documents import PublishError
from ips.flow_files import FlowError
from ips.front.server import ListenError
from ips.keys import KeyFolderError
from ips.lock import FolderLockedError
from ips.registry import ModuleError
from ips.store.errors import StoreError
from ips.store.group import PoisonError

FAILED: Final = 1
MISUSE: Final = 2
_EXPECTED: Final = (
    CommandError,
    FlowError,
    FolderLockedError,
    KeyFolderError,
    ListenError,
    ModuleError,
    PoisonError,
    PublishError,
    StoreError,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its status."""
    if not __debug__:
        print("ips-broker: asserts guard the money; start Python without -O", file=sys.stderr)
        return MISUSE
    arguments = build_parser().parse_args(argv)
    try:
        config = _config(arguments)
        answer: Answer = arguments.run(arguments, config)
    except ConfigError as error:
        return _fail(error, MISUSE)
    except OSError as error:
        return _fail(_in_words(error), _unheard())
    except _EXPECTED as error:
        return _fail(error, FAILED)
    except KeyboardInterrupt:
        return FAILED
    except Exception as error:  # noqa: BLE001  the one place: no traceback reaches an operator
        return _fail(f"a mistake of the program: {type(error).__name__}: {error}", FAILED)
    try:
        _print(arguments, answer)
    except BrokenPipeError:
        return _unheard()
    except OSError as error:
        return _fail(f"the answer could not be written: {_in_words(error)}", _unheard())
    return answer.status


def _config(arguments: argparse.Namespace) -> Config:
    config = load(Path(arguments.config) if arguments.config else None)
    if arguments.folder:
        config = msgspec.structs.replace(config, folder=arguments.folder)
    return config


def _print(arguments: argparse.Namespace, answer: Answer) -> None:
    if arguments.json:
        print(msgspec.json.format(msgspec.json.encode(answer.value), indent=1).decode())
    elif arguments.csv:
        print(csv_text(answer.rows), end="")
    elif answer.text:
        print(answer.text)
    print(end="", flush=True)  # A full disk or a reader who has gone is met here.


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


def _fail(error: object, status: int) -> int:
    print(f"ips-broker: {error}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
