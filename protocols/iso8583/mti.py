"""Message types: version, class, function, origin, a digit each. Version 0 is ISO 8583:1987.

0100 0110   authorisation             0420 0421 0430   reversal advice, its repeat, its answer
0200 0210   financial request         0500 0510        reconciliation
0220 0221 0230   financial advice     0800 0810        network management
0400 0401 0410   reversal request
"""

from typing import Final

AUTHORISATION: Final = "0100"
PURCHASE: Final = "0200"
ADVICE: Final = "0220"
REVERSAL_REQUEST: Final = "0400"
REVERSAL: Final = "0420"
RECONCILIATION: Final = "0500"
NETWORK: Final = "0800"

REQUESTS: Final = (
    AUTHORISATION,
    PURCHASE,
    ADVICE,
    REVERSAL_REQUEST,
    REVERSAL,
    RECONCILIATION,
    NETWORK,
)
"""What a broker sends first; a repeat of each has 1 as its last digit."""

_ANSWERED: Final = {"0": "1", "2": "3"}
"""The function digit of a request, and of what answers it."""


def repeat_of(mti: str) -> str:
    """Return the type of the same message said again."""
    return f"{mti[:3]}1"


def first_of(mti: str) -> str:
    """Return the type of a message that may be a repeat, as it was said first."""
    return f"{mti[:3]}0"


def answer_to(mti: str) -> str:
    """Return the type that answers a request or advice, repeated or not."""
    assert mti[2] in _ANSWERED, "only requests and advices are answered"
    return f"{mti[:2]}{_ANSWERED[mti[2]]}0"


def is_answer(mti: str) -> bool:
    """Say whether a type answers another."""
    return mti[2] in _ANSWERED.values()


def is_known(mti: str) -> bool:
    """Say whether a type is one of those above."""
    return mti[:1] == "0" and first_of(mti) in _KNOWN and mti[3:] in ("0", "1")


_KNOWN: Final = {*REQUESTS, *(answer_to(request) for request in REQUESTS)}
