"""PC/SC: the one file that imports pyscard, and only when a card reader is asked for.

    Daemon      a context at pcscd: the readers there are, what is in one, a connection to a card
    Connection  a card with power, at one reader

Everything here blocks: it is called on threads that devices.smart_card owns. The raw calls are used, not
pyscard's own classes: those take a card torn out in a command for an answer (success, no bytes), or for
a failure without a code. Here any code but success is a PcscError, and whoever gets one lets go.

    pcsc://IPS%20customer?socket=/run/user/1000/cards/comm

The place is what the reader's name begins with, for pcscd appends numbers that come and go. The option
`socket` names a private daemon; a program talks to one daemon only, since libpcsclite looks once.
Source: PC/SC part 5; winscard.h of pcsc-lite; PC/SC part 10 (features).
"""

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from threading import Lock
from typing import Any, Final

from devices.drivers.card_reader import Code
from protocols.apdu_exchange import Protocol

SOCKET_VARIABLE: Final = "PCSCLITE_CSOCK_NAME"
_FEATURE_VERIFY_PIN_DIRECT: Final = 0x06
_GET_FEATURES: Final = 3400
_NAMES: dict[str, str] = {}
"""The daemon that this process has begun to talk to, once it has: key `socket`."""

_COMING_AND_GOING: Final = Lock()
_ALONE_S: Final = 2.0
"""How long a call waits to be alone; a reader that hangs must not keep the others from closing."""


class PcscError(Exception):
    """A call did not succeed; `code` is PC/SC's, 0 where it claimed success and gave nothing."""

    def __init__(self, doing: str, code: int) -> None:
        name = Code(code).name.replace("_", " ").lower() if code in list(Code) else "other"
        super().__init__(f"{doing}: {name} ({code:08X})")
        self.code = code


class PcscMissingError(Exception):
    """There is no PC/SC in this installation. The message says how to get it."""


class Seen(Enum):
    """What a reader has in it."""

    CARD = "card"
    MUTE = "mute"
    EMPTY = "empty"
    NO_READER = "no reader"


class Ending(Enum):
    """How a card is let go."""

    POWER_OFF = "power off"
    """The dialogue is over."""
    LEAVE = "leave"
    """Something failed. pcscd 1.9 that fails to take the power from a card which has just left takes
    the reader for empty until the next card has left as well: so nothing is asked of it."""


def use_daemon(socket: str | None) -> None:
    """Choose the daemon before the first call. Raises: PcscMissingError when another is in use."""
    chosen = socket or os.environ.get(SOCKET_VARIABLE, "")
    if _NAMES.setdefault("socket", chosen) != chosen:
        raise PcscMissingError(
            f"this program talks to the card daemon at {_NAMES['socket'] or 'its usual place'} "
            f"and cannot talk to {chosen or 'the usual one'} as well: give all readers one socket"
        )
    if chosen:
        os.environ[SOCKET_VARIABLE] = chosen


def _scard() -> Any:
    try:
        return importlib.import_module("smartcard.scard")
    except ImportError as error:
        raise PcscMissingError(
            "card readers need pyscard, which is not installed. Debian: apt-get install pcscd "
            "libpcsclite-dev gcc; then: make setup"
        ) from error


@contextmanager
def _alone() -> Iterator[None]:
    """Let no other thread add or take away what libpcsclite keeps in its lists.

    Until 2.0 its SCardDisconnect walks the list of contexts without a lock; a context that is released
    meanwhile has been freed, and the program dies of it.
    """
    held = _COMING_AND_GOING.acquire(timeout=_ALONE_S)
    try:
        yield
    finally:
        if held:
            _COMING_AND_GOING.release()


def _check(doing: str, code: int) -> None:
    if code & 0xFFFF_FFFF != Code.SUCCESS:
        raise PcscError(doing, code & 0xFFFF_FFFF)


class Daemon:
    """A context at pcscd. One thread at a time, but for `cancel`."""

    def __init__(self) -> None:
        """Raises: PcscError (no service), PcscMissingError."""
        self._scard = _scard()
        with _alone():
            code, self._context = self._scard.SCardEstablishContext(self._scard.SCARD_SCOPE_USER)
        _check("reach the card daemon", code)

    def readers(self) -> list[str]:
        """Return the readers' whole names, sorted. Raises: PcscError."""
        code, names = self._scard.SCardListReaders(self._context, [])
        if code & 0xFFFF_FFFF == Code.NO_READERS:
            return []
        _check("list the readers", code)
        return sorted(names)

    def look(self, reader: str, known: int, timeout_ms: int) -> tuple[Seen, int, bytes]:
        """Wait until a reader is not as `known`; return what is in it, its state word, the ATR.

        The state word counts insertions and removals in its upper half, so that a card that was
        swapped meanwhile is another state. 0 knows nothing and does not wait. Raises: PcscError.
        """
        code, states = self._scard.SCardGetStatusChange(
            self._context, timeout_ms, [(reader, known)]
        )
        if code & 0xFFFF_FFFF != Code.TIMEOUT:
            _check("watch the reader", code)
        _, word, atr = states[0]
        gone = self._scard.SCARD_STATE_UNKNOWN | self._scard.SCARD_STATE_UNAVAILABLE
        if word & gone:
            return Seen.NO_READER, word, b""
        if word & self._scard.SCARD_STATE_MUTE:
            return Seen.MUTE, word, b""
        if word & self._scard.SCARD_STATE_PRESENT:
            return Seen.CARD, word, bytes(atr)
        return Seen.EMPTY, word, b""

    def cancel(self) -> None:
        """End a `look` that is waiting, from another thread."""
        self._scard.SCardCancel(self._context)

    def connect(self, reader: str) -> "Connection":
        """Take the card for this program alone and power it anew. Raises: PcscError."""
        handle = self._take(reader)
        both = self._scard.SCARD_PROTOCOL_T0 | self._scard.SCARD_PROTOCOL_T1
        # What pcscd takes for powered may be a card that came since: give power where it surely is.
        code, protocol = self._scard.SCardReconnect(
            handle, self._scard.SCARD_SHARE_EXCLUSIVE, both, self._scard.SCARD_UNPOWER_CARD
        )
        connection = Connection(self._scard, handle, protocol)
        if code & 0xFFFF_FFFF != Code.SUCCESS:
            connection.disconnect(Ending.LEAVE)
            _check("power the card", code)
        return connection

    def _take(self, reader: str) -> Any:
        """Return a handle on the reader's card, for this program alone. Raises: PcscError."""
        scard = self._scard
        both = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        code, handle, _ = scard.SCardConnect(
            self._context, reader, scard.SCARD_SHARE_EXCLUSIVE, both
        )
        if code & 0xFFFF_FFFF in (Code.UNRESPONSIVE_CARD, Code.UNPOWERED_CARD):
            # pcscd remembers a card as mute until it leaves, also one that it failed to power because
            # the card before was leaving at that moment. Power is tried again past that memory.
            code, handle, _ = scard.SCardConnect(
                self._context, reader, scard.SCARD_SHARE_DIRECT, scard.SCARD_PROTOCOL_UNDEFINED
            )
        _check("connect the card", code)
        return handle

    def release(self) -> None:
        """Leave the daemon; it may be gone already."""
        with _alone():
            self._scard.SCardReleaseContext(self._context)


class Connection:
    """A card with power. After the first PcscError nothing but `disconnect` makes sense."""

    def __init__(self, scard: Any, handle: Any, protocol: int) -> None:
        self._scard = scard
        self._handle = handle
        t0 = protocol == scard.SCARD_PROTOCOL_T0
        self.protocol = Protocol.T0 if t0 else Protocol.T1
        self._pci = scard.SCARD_PCI_T0 if t0 else scard.SCARD_PCI_T1

    def atr(self) -> bytes:
        """Return the ATR. Raises: PcscError."""
        code, _, _, _, atr = self._scard.SCardStatus(self._handle)
        _check("read the ATR", code)
        return bytes(atr)

    def transmit(self, apdu: bytes) -> bytes:
        """Send one command. Raises: PcscError, also for success with less than a status word."""
        code, answer = self._scard.SCardTransmit(self._handle, self._pci, list(apdu))
        _check("send a command", code)
        if len(answer) < 2:
            raise PcscError("send a command", Code.SUCCESS)
        return bytes(answer)

    def pin_feature(self) -> int | None:
        """Return the control code of secure PIN entry; None where the reader has no keypad."""
        asked = self._scard.SCARD_CTL_CODE(_GET_FEATURES)
        code, answer = self._scard.SCardControl(self._handle, asked, [])
        if code & 0xFFFF_FFFF != Code.SUCCESS:
            return None
        return find_feature(bytes(answer), _FEATURE_VERIFY_PIN_DIRECT)

    def enter_pin(self, feature: int, structure: bytes) -> bytes:
        """Have the keypad take a PIN; return the status word. Raises: PcscError."""
        code, answer = self._scard.SCardControl(self._handle, feature, list(structure))
        _check("take a PIN", code)
        if len(answer) < 2:
            raise PcscError("take a PIN", Code.SUCCESS)
        return bytes(answer)

    def disconnect(self, ending: Ending) -> None:
        """Let go; nothing that goes wrong here matters any more."""
        leave = ending is Ending.LEAVE
        how = self._scard.SCARD_LEAVE_CARD if leave else self._scard.SCARD_UNPOWER_CARD
        with _alone():
            self._scard.SCardDisconnect(self._handle, how)


def find_feature(listing: bytes, wanted: int) -> int | None:
    """Return a feature's control code from tag 1 | length 1 | code, repeated; None without it."""
    while len(listing) >= 2:
        tag, size = listing[0], listing[1]
        value, listing = listing[2 : 2 + size], listing[2 + size :]
        if tag == wanted and size == 4 and len(value) == 4:
            return int.from_bytes(value)
    return None


def matching(names: list[str], prefix: str) -> str | None:
    """Return the reader whose name is `prefix` or begins with it and a space; the first of many."""
    fitting = (name for name in names if name == prefix or name.startswith(prefix + " "))
    return next(fitting, None)
