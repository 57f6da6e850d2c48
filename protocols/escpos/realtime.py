"""Find real-time commands in a byte stream, wherever they stand.

    DLE EOT n              n 1..4                       status
    DLE ENQ n              n 0..2                       recover
    DLE DC4 1 m t          m 0..1, t 1..8               drawer pulse
    DLE DC4 8 1 3 20 1 6 2 8                            clear buffers

A printer's receive interrupt looks at every byte before the buffer is worked off, so these are
obeyed inside image data too; the bytes stay in the data as well. Anything else behind a DLE is none.
"""

from typing import Final

from protocols.escpos.codes import (
    CLEAR_GUARD,
    DC4,
    DLE,
    ENQ,
    EOT,
    PULSE_CLEAR,
    PULSE_KICK,
    PULSE_REALTIME_UNIT_MS,
    DrawerPin,
    RealtimeQuestion,
    Recovery,
)
from protocols.escpos.commands import (
    AskRealtime,
    ClearBuffers,
    KickNow,
    RealtimeCommand,
    Recover,
)

_KICK_TIME_MAX: Final = 8


def _all_sequences() -> dict[bytes, RealtimeCommand]:
    """Return every real-time command by its bytes: they are few, so the table is the grammar."""
    table: dict[bytes, RealtimeCommand] = {
        bytes((DLE, DC4, PULSE_CLEAR)) + CLEAR_GUARD: ClearBuffers()
    }
    for question in RealtimeQuestion:
        table[bytes((DLE, EOT, question))] = AskRealtime(question)
    for recovery in Recovery:
        table[bytes((DLE, ENQ, recovery))] = Recover(recovery)
    for pin in DrawerPin:
        for time in range(1, _KICK_TIME_MAX + 1):
            kick = KickNow(pin=pin, on_ms=time * PULSE_REALTIME_UNIT_MS)
            table[bytes((DLE, DC4, PULSE_KICK, pin, time))] = kick
    return table


SEQUENCES: Final = _all_sequences()
"""Every real-time command by its bytes."""
_BEGINNINGS: Final = frozenset(
    sequence[:size] for sequence in SEQUENCES for size in range(1, len(sequence))
)
_BYTES: Final = {command: sequence for sequence, command in SEQUENCES.items()}


def realtime_bytes(command: RealtimeCommand) -> bytes:
    """Return the bytes of a real-time command. Raises: ValueError for a time it cannot say."""
    try:
        return _BYTES[command]
    except KeyError:
        raise ValueError(f"{command} has no real-time form: 100 to 800 ms by 100") from None


def may_become_realtime(data: bytes | bytearray) -> bool:
    """Tell whether these bytes are a real-time command, or the beginning of one."""
    return bytes(data) in _BEGINNINGS or bytes(data) in SEQUENCES


class RealtimeScanner:
    """Watches a stream; holds at most the beginning of one command."""

    def __init__(self) -> None:
        self._begun = b""

    def split(self, data: bytes) -> list[tuple[bytes, RealtimeCommand | None]]:
        """Cut `data` where real-time commands end: (bytes before the last one, the command).

        The command's last byte begins the next piece; joined, the pieces are `data` again. So
        whoever reads the pieces has seen each byte that stood before the command, and no more.
        """
        if not self._begun and DLE not in data:
            return [(data, None)]
        pieces: list[tuple[bytes, RealtimeCommand | None]] = []
        start = 0
        for position, byte in enumerate(data):
            command = self._look(byte)
            if command is not None:
                pieces.append((data[start:position], command))
                start = position
        pieces.append((data[start:], None))
        return pieces

    def _look(self, byte: int) -> RealtimeCommand | None:
        candidate = self._begun + bytes((byte,))
        command = SEQUENCES.get(candidate)
        if command is not None:
            self._begun = b""
            return command
        # Behind a DLE that led nowhere the next may begin: DLE DLE EOT 1 is a question.
        while candidate and candidate not in _BEGINNINGS:
            candidate = candidate[1:]
        self._begun = candidate
        return None


def holds_realtime(data: bytes) -> bool:
    """Tell whether a printer would obey a real-time command in these bytes."""
    if DLE not in data:
        return False
    return any(command is not None for _, command in RealtimeScanner().split(data))


_DANGEROUS_SECOND: Final = (EOT, ENQ, DC4)


def without_realtime(dots: bytes) -> bytes:
    """Return image data in which nothing can be taken for a real-time command.

    DLE before EOT, ENQ or DC4 becomes 11: one dot beside a black one turns black too. Without
    this a picture could open the drawer or throw the buffer away.
    """
    for second in _DANGEROUS_SECOND:
        dots = dots.replace(bytes((DLE, second)), bytes((DLE | 1, second)))
    return dots
