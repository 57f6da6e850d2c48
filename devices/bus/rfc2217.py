"""rfc2217://host:port?baud=9600&...&dtr=on&rts=on&watch=dsr  a serial port on another machine.

`watch` names a line that the device holds up while it is there: dsr, cts or cd. Without it a cable
that is pulled behind the port server shows in silence only, and a display is always silent.

The machine of protocols.rfc2217.client over a TCP connection: pyserial's own client has no
descriptor and needs a thread.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from devices.bus.tcp import TcpLink, connect
from protocols.address import Address, AddressError
from protocols.ports import LINK_PENDING_BYTES_MAX, NANOSECONDS_PER_SECOND, ByteLink, LinkDownError
from protocols.rfc2217.client import (
    Client,
    ClientEvent,
    ClientState,
    ModemChanged,
    Opened,
    Received,
    Refused,
)
from protocols.rfc2217.words import Control, ModemState
from protocols.serial_line import LINE_OPTIONS, line_settings

_SIGNALS: Final = {
    ("dtr", "on"): Control.DTR_ON,
    ("dtr", "off"): Control.DTR_OFF,
    ("rts", "on"): Control.RTS_ON,
    ("rts", "off"): Control.RTS_OFF,
}
_NONE: Final = ModemState(0)
_WATCHED: Final = {"dsr": ModemState.DSR, "cts": ModemState.CTS, "cd": ModemState.CD}


class Rfc2217Link:
    """A byte link to a far serial port; satisfies protocols.ports.ByteLink."""

    def __init__(
        self, link: TcpLink, client: Client, name: str, *, watched: ModemState = _NONE
    ) -> None:
        """Negotiate over a fresh connection.

        `opened` is done when the port is open and the watched line is up; the link ends when it falls.
        """
        self._loop = asyncio.get_running_loop()
        self._link = link
        self._client = client
        self._name = name
        self._watched = watched
        self._received: Callable[[bytes], None] | None = None
        self._lost: Callable[[str], None] | None = None
        self._early = bytearray()
        self._reason: str | None = None
        self.opened: asyncio.Future[None] = self._loop.create_future()
        self.modem = _NONE
        """The lines that the device drives, as last reported."""
        link.attach(self._take, self._end)
        self._push()

    def attach(self, received: Callable[[bytes], None], lost: Callable[[str], None]) -> None:
        """Begin to hear; see ByteLink."""
        assert self._received is None, "attach once"
        self._received = received
        self._lost = lost
        self._loop.call_soon(self._begin)

    def write(self, data: bytes) -> None:
        """Queue bytes; see ByteLink. They wait while the server says so."""
        if self._reason is not None:
            return
        if self.pending() + len(data) > LINK_PENDING_BYTES_MAX:
            self._end(f"{self._name} takes no data: {self.pending()} bytes wait to be sent")
            return
        self._client.send(data)
        self._push()

    def pending(self) -> int:
        """Count what waits for the server and for the network; see ByteLink."""
        return self._client.pending() + self._link.pending()

    def close(self) -> None:
        """Close at once; see ByteLink."""
        self._lost = None
        self._reason = self._reason or "closed"
        self._link.close()

    def control(self, value: Control) -> None:
        """Drive DTR, RTS or break."""
        self._client.control(value)
        self._push()

    def _take(self, data: bytes) -> None:
        now_ns = int(self._loop.time() * NANOSECONDS_PER_SECOND)
        for event in self._client.receive(data, now_ns):
            self._hear(event)
        self._push()

    def _hear(self, event: ClientEvent) -> None:
        match event:
            case Received(data=data):
                self._hand_on(data)
            case Opened():
                self._look()
            case ModemChanged(lines=lines):
                self.modem = lines
                self._look()
            case Refused(reason=reason):
                self._end(f"{self._name} offers no such serial port: {reason}")
            case _:
                pass

    def _look(self) -> None:
        """See whether the port is open and the device there."""
        if self._client.state is not ClientState.OPEN:
            return
        there = self._watched in self.modem
        if not self.opened.done():
            if there:
                self.opened.set_result(None)
        elif not there:
            self._end(
                f"{self._name}: {self._watched.name} fell: "
                f"the device is switched off, or its serial cable is out"
            )

    def _hand_on(self, data: bytes) -> None:
        if self._received is not None:
            self._received(data)
        elif len(self._early) + len(data) > LINK_PENDING_BYTES_MAX:
            self._end(f"{self._name}: nobody took the bytes that arrived")
        else:
            self._early += data

    def _begin(self) -> None:
        if self._early and self._received is not None:
            early = bytes(self._early)
            self._early.clear()
            self._received(early)
        if self._reason is not None:
            self._tell()

    def _push(self) -> None:
        data = self._client.outgoing()
        if data and self._reason is None:
            self._link.write(data)

    def _end(self, reason: str) -> None:
        if self._reason is not None:
            return
        self._reason = reason
        self._link.close()
        if not self.opened.done():
            self.opened.set_exception(LinkDownError(reason))
        elif self._lost is not None:
            self._loop.call_soon(self._tell)

    def _tell(self) -> None:
        if self._lost is not None and self._reason is not None:
            lost, self._lost = self._lost, None
            lost(self._reason)


class Rfc2217Bus:
    """Opens rfc2217:// addresses; satisfies protocols.ports.Bus."""

    async def open(self, address: Address, *, deadline_ns: int) -> ByteLink:
        """Connect and set the port before the deadline. Raises: LinkDownError, AddressError."""
        address.known(*LINE_OPTIONS, "dtr", "rts", "watch")
        settings = line_settings(address)
        signals = [_signal(address, line) for line in ("dtr", "rts") if line in address.options]
        watched = _watched(address)
        link = await connect(address, deadline_ns=deadline_ns)
        client = Client(settings, deadline_ns=deadline_ns)
        remote = Rfc2217Link(link, client, address.place, watched=watched)
        try:
            async with asyncio.timeout_at(deadline_ns / NANOSECONDS_PER_SECOND):
                await remote.opened
        except TimeoutError as error:
            remote.close()
            if client.state is ClientState.OPEN:
                raise LinkDownError(
                    f"{address.place} has the port, and {watched.name} is off: "
                    f"switch the device on, check its serial cable"
                ) from error
            raise LinkDownError(
                f"{address.place} answers, but not as a serial port (RFC 2217), while "
                f"{client.state.value}: check the port number, switch RFC 2217 on at the server"
            ) from error
        except BaseException:
            remote.close()
            raise
        for signal in signals:
            remote.control(signal)
        return remote


BUS: Final = Rfc2217Bus()


def _watched(address: Address) -> ModemState:
    text = address.options.get("watch")
    if text is None:
        return _NONE
    if text not in _WATCHED:
        raise AddressError(f"{address}: watch={text}: expected one of {', '.join(_WATCHED)}")
    return _WATCHED[text]


def _signal(address: Address, line: str) -> Control:
    text = address.options[line]
    if (line, text) not in _SIGNALS:
        raise AddressError(f"{address}: {line}={text}: expected on or off")
    return _SIGNALS[line, text]
