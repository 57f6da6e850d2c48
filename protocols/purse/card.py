"""The purse: command APDUs in, response APDUs out, over an atomic memory.

The same class is the virtual card, the shop's own purse and the thing that is searched: there is no
second model. Pure: no clock, no randomness, no input or output but the memory it is handed.

    SELECT      00 A4 04 00  AID                      -> FCI                                  no commit
    CHALLENGE   00 84 00 00                            -> challenge 16                        no
    VERIFY      00 20 00 81  PIN 8 (empty: query)     -> 63Cx                                 commit
                00 20 00 91  PIN sealed for this card and its challenge, 89 bytes             commit
    CHANGE      00 24 00 81  old 8 | new 8                                                    commit
    LOCK        00 04 00 00 , UNLOCK 00 44 00 00 (after VERIFY)                               commit
    GET DATA    00 CA 01 xx  info, pockets, state, counters, limits; 7F 21 certificate        no
    READ RECORD 00 B2 nn 0C  narrative; nn 14 exception log                                   no
    QUERY       90 50 00 pp                            -> name, class, sequence, state...     no
    START PAYER 90 50 01 pp  payee 8|value 4|currency 2|sequence 4|reference 8|day 4
                                                       -> OFFER + CERT (original flow: none)  commit
    ACCEPT      90 50 02 pp  OFFER + CERT | day 4      -> REQ + CERT                          commit
    START PAYEE 90 50 03 pp  (original flow only)      -> REQ + CERT                          commit
    DEBIT       90 54 00 00  REQ + CERT | day 4        -> VAL + CERT                          commit
    CREDIT      90 52 00 00  VAL + CERT; P1 01: of a logged transfer  -> ACK + CERT           commit
    COMPLETE    90 56 00 00  ACK + CERT; P1 01: of a logged transfer                          commit
    RESUME      90 5A 00 00  -> the last message again; P1 01 PD: VAL of a logged payment;
                             P1 02 PD: ACK of a past receipt                                  no
    ABORT       90 5E 00 00  give up, log if value may be in it                               commit
    CLAIM       90 E8 00 00  key 1|nonce 8|signature 64 -> count 1|image 32|signature 64      commit
    CLEAR       90 EA 00 00  key 1|signature 64                                               commit
    UPDATE      90 58 00 00  key 1|sequence 4|parameters|signature 64                         commit

Inside every command that changes anything: parse, check state, verify signatures, compute the answer,
one commit, and only then release the answer. What a power cut can do is then no more than losing the
command or losing the answer, and both are ordinary. A pending transfer is kept over power-up and
given up only by the next START, ACCEPT, CLAIM, CLEAR or ABORT (as the Z specification does).
Source: purse.md sections 3 and 4; ISO/IEC 7816-4; INS values after EN 1546-3.
"""

from collections.abc import Callable
from typing import Final

from protocols.iso7816 import SW, ApduError, Command, RefusedError, Response, parse_command
from protocols.purse import holder, issuer_commands, moving, reading, starting
from protocols.purse.chip import Chip
from protocols.purse.holder import PIN_KEY, SEALED_PIN_KEY
from protocols.purse.memory import MemoryWornOutError
from protocols.purse.reading import AID

__all__ = ["AID", "PIN_KEY", "SEALED_PIN_KEY", "Purse"]


class Purse(Chip):
    """One purse: a chip, and the table of what can be said to it."""

    def handle(self, apdu: bytes) -> bytes:
        """Answer one command. Any bytes get a status word; none raises."""
        try:
            command = parse_command(apdu)
            return self._dispatch(command).encode()
        except ApduError as error:
            return error.sw.to_bytes(2)
        except RefusedError as refusal:
            return refusal.sw.to_bytes(2)
        except MemoryWornOutError:
            return SW.MEMORY_FAILURE.to_bytes(2)

    def _dispatch(self, command: Command) -> Response:
        if command.cla not in (0x00, 0x90):
            raise RefusedError(SW.CLASS_NOT_SUPPORTED)
        act = _COMMANDS.get((command.cla, command.ins))
        if act is None:
            raise RefusedError(SW.INSTRUCTION_NOT_SUPPORTED)
        if not self.selected and command.ins != 0xA4:
            raise RefusedError(SW.CONDITIONS_NOT_SATISFIED)
        return act(self, command)


_COMMANDS: Final[dict[tuple[int, int], Callable[[Chip, Command], Response]]] = {
    (0x00, 0xA4): reading.select,
    (0x00, 0x84): holder.get_challenge,
    (0x00, 0x20): holder.verify,
    (0x00, 0x24): holder.change_pin,
    (0x00, 0x04): holder.lock,
    (0x00, 0x44): holder.unlock,
    (0x00, 0xCA): reading.get_data,
    (0x00, 0xB2): reading.read_record,
    (0x90, 0x50): starting.begin,
    (0x90, 0x54): moving.debit,
    (0x90, 0x52): moving.credit,
    (0x90, 0x56): moving.complete,
    (0x90, 0x5A): moving.resume,
    (0x90, 0x5E): moving.abort,
    (0x90, 0xE8): issuer_commands.claim,
    (0x90, 0xEA): issuer_commands.clear,
    (0x90, 0x58): issuer_commands.update,
}
