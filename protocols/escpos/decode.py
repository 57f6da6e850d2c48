"""Bytes to commands: what a printer reads.

    receive(any bytes) -> commands, in the order a printer acts on them

A real-time command comes out the moment its last byte arrives, before the command it may stand in;
DLE DC4 8 also forgets that command, so a job after it is read from its beginning.
The cut of the stream into chunks never matters. Garbage comes out as Unknown and reading goes on
behind it; every buffer has a named maximum (codes).
"""

import re
from typing import Final

from protocols.escpos import codes
from protocols.escpos.charset import REPLACEMENT, Charset
from protocols.escpos.commands import (
    CarriageReturn,
    ClearBuffers,
    Command,
    LineFeed,
    PrintText,
    Tab,
    Unknown,
)
from protocols.escpos.layouts import LAYOUTS, read_command
from protocols.escpos.realtime import SEQUENCES, RealtimeScanner, may_become_realtime

_PLAIN: Final = re.compile(rb"[\x20-\x5b\x5d-\x7e]+")
"""Text that reads the same in every character set: ASCII without the national 5C."""
_SINGLE: Final[dict[int, Command]] = {
    codes.LF: LineFeed(),
    codes.CR: CarriageReturn(),
    codes.HT: Tab(),
}
_LEADS: Final = frozenset((codes.ESC, codes.FS, codes.GS))
_BUFFER_MAX: Final = codes.IMAGE_BYTES_MAX + 8


class Decoder:
    """A printer's reading end.

    `power_on` is the character set before any command and after ESC @: a Korean model starts in
    Hangul mode.
    """

    def __init__(self, power_on: Charset | None = None) -> None:
        self._power_on = Charset() if power_on is None else power_on
        self._charset = self._power_on
        self._scanner = RealtimeScanner()
        self._buffer = bytearray()
        self._run: list[str] = []
        self._skip = 0

    @property
    def charset(self) -> Charset:
        """The character set that stands now."""
        return self._charset

    @property
    def between_commands(self) -> bool:
        """Tell whether every byte so far belongs to a whole command: a safe place to stop sending."""
        return not self._buffer and not self._skip

    def receive(self, data: bytes) -> list[Command]:
        """Take bytes as they arrive and return what they complete."""
        commands: list[Command] = []
        for piece, realtime in self._scanner.split(data):
            self._buffer += piece
            self._drain(commands)
            if realtime is not None:
                commands.append(realtime)
            if realtime == ClearBuffers():
                self.clear()
                # The command's own last byte is still to come.
                self._skip = 1
        assert len(self._buffer) <= _BUFFER_MAX, "no command keeps more than an image"
        return commands

    def clear(self) -> None:
        """Forget what has not become a command, as DLE DC4 8 and DLE ENQ 2 do."""
        self._buffer.clear()
        self._run.clear()
        self._skip = 0

    def _drain(self, commands: list[Command]) -> None:
        position, buffer = 0, self._buffer
        while position < len(buffer):
            if self._skip:
                used = min(self._skip, len(buffer) - position)
                self._skip -= used
            elif buffer[position] >= codes.SPACE and buffer[position] != codes.DEL:
                used = self._read_text(position, commands)
            else:
                self._end_run(commands)
                used = self._read_command(position, commands)
            if not used:
                break
            position += used
        del buffer[:position]

    def _read_text(self, position: int, commands: list[Command]) -> int:
        buffer, start = self._buffer, position
        while position < len(buffer):
            plain = _PLAIN.match(buffer, position)
            if plain is not None:
                self._add_all(plain.group().decode("ascii"), commands)
                position = plain.end()
                continue
            byte = buffer[position]
            if byte < codes.SPACE or byte == codes.DEL:
                break
            if not self._charset.begins_pair(byte):
                self._add(self._charset.decode_byte(byte), commands)
                position += 1
                continue
            if position + 1 == len(buffer):
                break
            pair = bytes(buffer[position : position + 2])
            if pair[1] < codes.SPACE or pair[1] == codes.DEL:
                # The second half never came; the control behind it is obeyed.
                self._add(REPLACEMENT, commands)
                position += 1
            else:
                self._add(self._charset.decode_pair(pair), commands)
                position += 2
        return position - start

    def _add(self, character: str, commands: list[Command]) -> None:
        self._run.append(character)
        if len(self._run) == codes.TEXT_RUN_MAX:
            self._end_run(commands)

    def _add_all(self, text: str, commands: list[Command]) -> None:
        while text:
            room = codes.TEXT_RUN_MAX - len(self._run)
            self._run += text[:room]
            text = text[room:]
            if len(self._run) == codes.TEXT_RUN_MAX:
                self._end_run(commands)

    def _end_run(self, commands: list[Command]) -> None:
        if self._run:
            commands.append(PrintText("".join(self._run)))
            self._run.clear()

    def _read_command(self, position: int, commands: list[Command]) -> int:
        """Read one command; return the bytes used, 0 when more are needed."""
        buffer = self._buffer
        first = buffer[position]
        if first == codes.DLE:
            return self._read_realtime(position, commands)
        if first not in _LEADS:
            commands.append(_SINGLE.get(first) or Unknown(bytes((first,))))
            return 1
        if position + 2 > len(buffer):
            return 0
        layout = LAYOUTS.get(bytes(buffer[position : position + 2]))
        if layout is None:
            commands.append(Unknown(bytes(buffer[position : position + 2])))
            return 2
        length = layout.length(buffer[position : position + _LENGTH_BYTES_MAX])
        if length is None:
            return 0
        if length > codes.IMAGE_BYTES_MAX:
            commands.append(Unknown(bytes(buffer[position : position + _HEADER_KEPT])))
            self._skip = length - _HEADER_KEPT
            return _HEADER_KEPT
        if position + length > len(buffer):
            return 0
        command = read_command(layout, bytes(buffer[position : position + length]))
        self._charset = self._charset.after(command, self._power_on)
        commands.append(command)
        return length

    def _read_realtime(self, position: int, commands: list[Command]) -> int:
        """Pass over a real-time command: the scanner has told of it already."""
        for size in range(1, _REALTIME_BYTES_MAX + 1):
            candidate = self._buffer[position : position + size]
            if len(candidate) < size:
                return 0
            if bytes(candidate) in SEQUENCES:
                return size
            if not may_become_realtime(candidate):
                break
        commands.append(Unknown(bytes((codes.DLE,))))
        return 1


_HEADER_KEPT: Final = 7
"""What is shown of a picture over the limit: every length is known from these bytes or more."""
_REALTIME_BYTES_MAX: Final = max(map(len, SEQUENCES))
_LENGTH_BYTES_MAX: Final = 3 + codes.BARCODE_BYTES_MAX + 1
"""A length is known within these bytes (see `layouts`)."""
