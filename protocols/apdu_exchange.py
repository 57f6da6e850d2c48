"""One command to one whole answer: what a card says in turns is asked for until it has said all.

    T=1   command                     -> response
    T=0   command without Le          -> 61xx: GET RESPONSE xx -> data (61xx again, or the status word)
                                      -> 6Cxx: the same command with Le xx

6Cxx says that the card has not obeyed, so asking again is no second attempt. Any T=1 card that speaks
so is followed too. Source: ISO/IEC 7816-3:2006 12.2; ISO/IEC 7816-4:2020 5.4.2, 5.6.
"""

from collections.abc import Generator
from dataclasses import replace
from enum import Enum
from typing import Final

from protocols.iso7816 import ApduError, Command, parse_command

TURNS_MAX: Final = 300
"""Questions for one answer: 65,536 bytes in pieces of 256, and some."""
_MORE: Final = 0x61
_LENGTH: Final = 0x6C
_GET_RESPONSE: Final = 0xC0


class Protocol(Enum):
    """Which transmission protocol was agreed at power-on."""

    T0 = "T=0"
    T1 = "T=1"


Exchange = Generator[bytes, bytes | None, bytes | None]
"""Yields what to transmit, is sent what came back or None, returns the whole answer or None (lost)."""


def exchange(apdu: bytes, protocol: Protocol) -> Exchange:
    """Carry one command through. Under T=0 the Le of a command with data stays behind."""
    try:
        command: Command | None = parse_command(apdu)
    except ApduError:
        # The card shall say what is wrong with it.
        command = None
    if command is not None and protocol is Protocol.T0 and command.data and command.le is not None:
        apdu = replace(command, le=None).encode()
    gathered = b""
    for _ in range(TURNS_MAX):
        answer = yield apdu
        if answer is None or len(answer) < 2:
            return None
        word, number = answer[-2], answer[-1]
        if word == _MORE and command is not None:
            gathered += answer[:-2]
            apdu = Command(command.cla, _GET_RESPONSE, 0, 0, le=number or 256).encode()
        elif word == _LENGTH and command is not None:
            again = parse_command(apdu)
            apdu = replace(again, le=number or 256).encode()
        else:
            return gathered + answer
    return None
