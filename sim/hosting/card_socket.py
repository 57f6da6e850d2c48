"""A virtual card in a real reader's driver: it dials our driver's unix socket, or vpcd's port.

While the card is in, a lost connection is dialled again: a daemon that restarts finds the card still
in its slot, without power.

vpcd 3.3 sends a frame's length and its payload apart; with delayed acknowledgements every command
then takes 44 ms. So TCP_QUICKACK is set before each read (it does not stick): 0.2 ms.
"""

import asyncio
import errno
import socket
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sim.hosting.card_slot import Contact
from sim.hosting.pcscd import Dial

BACKOFF_S: Final = (0.005, 0.02, 0.1, 0.5)
"""Between dials; the last one again and again."""
UNSENT_BYTES_MAX: Final = 1 << 20
_READ_BYTES: Final = 65_536
_TCP_QUICKACK: Final = 12
"""Linux; Python names it from 3.12 on some platforms only."""


class ReaderCarrier:
    """A card's way into one reader; satisfies sim.hosting.card_slot.CardCarrier."""

    def __init__(
        self, dial: Dial, *, reader: str, daemon: Path | None = None, quick_ack: bool = True
    ) -> None:
        """`reader` is what its PC/SC name begins with, `daemon` the private daemon's socket.

        Without `quick_ack` a card on vpcd is as slow as one that knows nothing of that trap.
        """
        self._quick_ack = quick_ack
        self._dial = dial
        self._reader = reader
        self._daemon = daemon
        self._contact: Contact | None = None
        self._socket: socket.socket | None = None
        self._touching = False
        self._retry: asyncio.TimerHandle | None = None
        self._failures = 0
        self._unsent = bytearray()

    @property
    def address(self) -> str:
        """What a till opens."""
        daemon = f"?socket={quote(str(self._daemon))}" if self._daemon is not None else ""
        return f"pcsc://{quote(self._reader)}{daemon}"

    def insert(self, contact: Contact) -> None:
        """Dial the reader."""
        assert self._contact is None, "one card at a time"
        self._contact = contact
        self._failures = 0
        self._connect()

    def remove(self) -> None:
        """Hang up."""
        self._contact = None
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        self._hang_up()

    def write(self, data: bytes) -> None:
        """Send bytes to the reader."""
        if not self._touching or self._socket is None:
            return
        if len(self._unsent) + len(data) > UNSENT_BYTES_MAX:
            self._lost()
            return
        self._unsent += data
        self._flush()

    def _connect(self) -> None:
        self._retry = None
        family = socket.AF_INET if self._dial.path is None else socket.AF_UNIX
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.settimeout(0)
        if self._dial.path is None:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            status = self._socket.connect_ex(("127.0.0.1", self._dial.port or 0))
        else:
            status = self._socket.connect_ex(str(self._dial.path))
        if status == errno.EINPROGRESS:
            asyncio.get_running_loop().add_writer(self._socket, self._connected)
        elif status:
            self._lost()
        else:
            self._connected()

    def _connected(self) -> None:
        assert self._socket is not None
        loop = asyncio.get_running_loop()
        loop.remove_writer(self._socket)
        if self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._lost()
            return
        self._touching = True
        loop.add_reader(self._socket, self._read)
        if self._contact is not None:
            self._contact.connected()

    def _read(self) -> None:
        assert self._socket is not None
        try:
            if self._dial.path is None and self._quick_ack:
                self._socket.setsockopt(socket.IPPROTO_TCP, _TCP_QUICKACK, 1)
            data = self._socket.recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._lost()
        elif self._contact is not None:
            self._failures = 0
            self._contact.received(data)

    def _flush(self) -> None:
        assert self._socket is not None
        loop = asyncio.get_running_loop()
        try:
            while self._unsent:
                sent = self._socket.send(self._unsent)
                del self._unsent[:sent]
        except (BlockingIOError, InterruptedError):
            loop.add_writer(self._socket, self._flush)
            return
        except OSError:
            self._lost()
            return
        loop.remove_writer(self._socket)

    def _lost(self) -> None:
        """The reader hung up or is not there; the card is still in, so dial again."""
        had_contact = self._touching
        self._hang_up()
        if self._contact is None:
            return
        wait = BACKOFF_S[min(self._failures, len(BACKOFF_S) - 1)]
        self._failures += 1
        self._retry = asyncio.get_running_loop().call_later(wait, self._connect)
        if had_contact:
            self._contact.disconnected()

    def _hang_up(self) -> None:
        self._touching = False
        self._unsent.clear()
        if self._socket is not None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._socket)
            loop.remove_writer(self._socket)
            self._socket.close()
            self._socket = None
