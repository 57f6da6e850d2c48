"""What a COM-PORT-OPTION subnegotiation says.

    FF FA 2C command value... FF F0

    command     client  server  value
    SIGNATURE      0     100    text; empty asks for the other end's
    BAUDRATE       1     101    4 bytes, big-endian; 0 asks
    DATASIZE       2     102    5 to 8; 0 asks
    PARITY         3     103    1 none, 2 odd, 3 even, 4 mark, 5 space; 0 asks
    STOPSIZE       4     104    1 one, 2 two, 3 one and a half; 0 asks
    CONTROL        5     105    see Control
    LINESTATE      6     106    see LineState
    MODEMSTATE     7     107    see ModemState, changes in the low four bits
    SUSPEND        8     108    -
    RESUME         9     109    -
    LINE_MASK     10     110    which line states the server shall report; 0 at first
    MODEM_MASK    11     111    which modem states the server shall report; 255 at first
    PURGE         12     112    1 what was received, 2 what is to be sent, 3 both

A server's answer carries the value now set, which need not be the one asked for.
Source: RFC 2217, section 3.
"""

from dataclasses import replace
from enum import IntEnum, IntFlag
from typing import Final

from protocols.serial_line import BAUD_MAX, Flow, LineSettings, Parity, StopBits
from protocols.telnet import Option, subnegotiation

SERVER_OFFSET: Final = 100
SIGNATURE_BYTES_MAX: Final = 255


class Command(IntEnum):
    """What a subnegotiation is about, as the client numbers it; the server adds SERVER_OFFSET."""

    SIGNATURE = 0
    BAUDRATE = 1
    DATASIZE = 2
    PARITY = 3
    STOPSIZE = 4
    CONTROL = 5
    LINESTATE = 6
    MODEMSTATE = 7
    SUSPEND = 8
    RESUME = 9
    LINE_MASK = 10
    MODEM_MASK = 11
    PURGE = 12


class Control(IntEnum):
    """Values of CONTROL: flow control, break, DTR and RTS. The ASK values change nothing."""

    ASK_FLOW = 0
    FLOW_NONE = 1
    FLOW_XON_XOFF = 2
    FLOW_RTS_CTS = 3
    ASK_BREAK = 4
    BREAK_ON = 5
    BREAK_OFF = 6
    ASK_DTR = 7
    DTR_ON = 8
    DTR_OFF = 9
    ASK_RTS = 10
    RTS_ON = 11
    RTS_OFF = 12
    ASK_FLOW_IN = 13
    FLOW_IN_NONE = 14
    FLOW_IN_XON_XOFF = 15
    FLOW_IN_RTS_CTS = 16
    FLOW_DCD = 17
    FLOW_IN_DTR = 18
    FLOW_DSR = 19


class ModemState(IntFlag):
    """The lines that the far equipment drives."""

    CTS = 0x10
    DSR = 0x20
    RI = 0x40
    CD = 0x80


class LineState(IntFlag):
    """What the port noticed on the line."""

    DATA_READY = 0x01
    OVERRUN = 0x02
    PARITY_ERROR = 0x04
    FRAMING_ERROR = 0x08
    BREAK = 0x10
    HOLDING_EMPTY = 0x20
    SHIFT_EMPTY = 0x40
    TIMEOUT = 0x80


class Purge(IntEnum):
    """Whose unsent or unread bytes are to be thrown away, as the server sees it."""

    RECEIVED = 1
    TO_SEND = 2
    BOTH = 3


PARITY_CODES: Final = {
    Parity.NONE: 1,
    Parity.ODD: 2,
    Parity.EVEN: 3,
    Parity.MARK: 4,
    Parity.SPACE: 5,
}
STOP_CODES: Final = {StopBits.ONE: 1, StopBits.TWO: 2, StopBits.ONE_AND_A_HALF: 3}
FLOW_CODES: Final = {
    Flow.NONE: Control.FLOW_NONE,
    Flow.XON_XOFF: Control.FLOW_XON_XOFF,
    Flow.RTS_CTS: Control.FLOW_RTS_CTS,
    Flow.DTR_DSR: Control.FLOW_DSR,
}
SETTINGS: Final = (Command.BAUDRATE, Command.DATASIZE, Command.PARITY, Command.STOPSIZE)
"""The commands that set the line, in the order in which a client sends them."""


def frame(command: int, value: bytes = b"") -> bytes:
    """Return one COM-PORT-OPTION subnegotiation, ready for the wire."""
    return subnegotiation(Option.COM_PORT, bytes((command,)) + value)


def setting_value(settings: LineSettings, command: Command) -> bytes:
    """Return how one of SETTINGS is written on the wire."""
    match command:
        case Command.BAUDRATE:
            return settings.baud.to_bytes(4, "big")
        case Command.DATASIZE:
            return bytes((settings.data_bits,))
        case Command.PARITY:
            return bytes((PARITY_CODES[settings.parity],))
        case Command.STOPSIZE:
            return bytes((STOP_CODES[settings.stop_bits],))
        case _:
            raise AssertionError(f"{command!r} sets no line")


def with_setting(settings: LineSettings, command: Command, value: bytes) -> LineSettings | None:
    """Return the settings with one of SETTINGS changed; None when the value is none of its values."""
    number = int.from_bytes(value[:4], "big") if value else -1
    match command:
        case Command.BAUDRATE if len(value) >= 4 and 0 < number <= BAUD_MAX:
            return replace(settings, baud=number)
        case Command.DATASIZE if 5 <= value_of(value) <= 8:
            return replace(settings, data_bits=value_of(value))
        case Command.PARITY:
            for parity, code in PARITY_CODES.items():
                if code == value_of(value):
                    return replace(settings, parity=parity)
        case Command.STOPSIZE:
            for stop_bits, code in STOP_CODES.items():
                if code == value_of(value):
                    return replace(settings, stop_bits=stop_bits)
    return None


def with_flow(settings: LineSettings, control: Control) -> LineSettings | None:
    """Return the settings with the flow control that this value sets; None when it sets none."""
    for flow, code in FLOW_CODES.items():
        if code is control:
            return replace(settings, flow=flow)
    return None


def value_of(value: bytes) -> int:
    """Return a one-byte value, or -1 where there is none."""
    return value[0] if value else -1
