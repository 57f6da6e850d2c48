"""One attempt to pay at a terminal: what is kept before it, and how its result is found again.

before   the terminal is asked for its last result: terminal, receipt, trace. They are in the intent
said     the command, once, with a reference of ours in the text that stands on its receipt
lost     the terminal is asked for its last result again, and never for the payment

its last result is                       and so
the same as before                       nothing has happened, nor will: a terminal at work refuses to answer
another, our reference on its receipt    that is ours: what it says
another, no reference, amount and time   that is ours too: a terminal has one register
another, a foreign reference or amount   somebody else's came in between: only people can tell
of another terminal                      it cannot tell
none, where there was one before         it is another, or has forgotten: it cannot tell
"""

import hashlib
import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from protocols.zvt.status import StatusInformation

_REFERENCE: Final = re.compile(r"\bIPS([0-9A-F]{12})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What an intent keeps: the terminal, and its last result before this attempt."""

    terminal_id: int
    """0: it has not said."""
    receipt: int
    trace: int


class Verdict(Enum):
    """What a terminal's last result says about an attempt."""

    OURS = "ours"
    NOTHING = "nothing"
    """Nothing has happened since."""
    OTHER = "other"
    """Something else has."""
    ANOTHER_TERMINAL = "another_terminal"


def reference_of(key: str) -> str:
    """Return an attempt's reference as it stands on the terminal's receipt; 15 characters."""
    return f"IPS{hashlib.sha256(key.encode()).hexdigest()[:12].upper()}"


def peer_of(before: Before) -> str:
    """Return what an intent keeps, as name=value;..."""
    return f"terminal={before.terminal_id};receipt={before.receipt};trace={before.trace}"


def before_in(peer: str) -> Before | None:
    """Return what an intent has kept; None where it has not."""
    said = dict(each.partition("=")[::2] for each in peer.split(";"))
    numbers = [said.get(name, "") for name in ("terminal", "receipt", "trace")]
    if not all(each.isascii() and each.isdecimal() and len(each) <= 9 for each in numbers):
        return None
    terminal_id, receipt, trace = map(int, numbers)
    return Before(terminal_id=terminal_id, receipt=receipt, trace=trace)


def judge(
    before: Before,
    last: StatusInformation | None,
    *,
    amount: int,
    reference: str,
    paper: str = "",
    dates: tuple[int, int],
) -> Verdict:
    """Say whether a terminal's last result is an attempt's.

    `last`: None where it has none at all. `paper`: what it would have printed, as far as it came. `dates`: MMDD
    of the intent, and of now; a terminal's clock may be a day off at midnight.
    """
    if last is None:
        # A terminal that had a result and has none now is another one, or has lost its memory.
        remembers = (before.receipt, before.trace) == (0, 0)
        return Verdict.NOTHING if remembers else Verdict.ANOTHER_TERMINAL
    if last.terminal_id and before.terminal_id and last.terminal_id != before.terminal_id:
        return Verdict.ANOTHER_TERMINAL
    if (last.receipt, last.trace) == (before.receipt, before.trace):
        return Verdict.NOTHING
    found = _REFERENCE.findall(f"{paper} {last.text}")
    if found:
        return Verdict.OURS if reference.removeprefix("IPS") in found else Verdict.OTHER
    early, late = dates
    dated = not last.date or (
        early <= last.date <= late if early <= late else not late < last.date < early
    )
    return Verdict.OURS if last.amount == amount and dated else Verdict.OTHER
