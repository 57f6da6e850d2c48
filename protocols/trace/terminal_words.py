"""What a register and a payment terminal say to each other, in words; cards masked as everywhere."""

from collections.abc import Iterable

from protocols.trace.terminal_messages import Units, apdu_in
from protocols.zvt.apdu import Apdu, ZvtError
from protocols.zvt.controls import REFUSED_CLASS, TAKEN, Control
from protocols.zvt.messages import read_completion, read_order, read_paper
from protocols.zvt.results import result_name, state_of
from protocols.zvt.sequences import SEQUENCES
from protocols.zvt.status import read_status
from protocols.zvt.text import Charset


class TerminalTeller:
    """Both directions of one channel."""

    def __init__(self) -> None:
        self._units = Units(), Units()

    def to(self, data: bytes, at_ns: int) -> Iterable[str]:
        """Return what the register says."""
        return self._told(0, data)

    def come(self, data: bytes, at_ns: int) -> Iterable[str]:
        """Return what the terminal says."""
        return self._told(1, data)

    def _told(self, end: int, data: bytes) -> list[str]:
        # What one direction is, the other is too: a lone ACK tells nothing by itself.
        if self._units[end].serial is None:
            self._units[end].serial = self._units[1 - end].serial
        return [_unit(each) for each in self._units[end].receive(data)]


def _unit(unit: bytes) -> str:
    if unit in (b"\x06", b"\x15"):
        return "ACK" if unit == b"\x06" else "NAK: say it again"
    apdu = apdu_in(unit)
    if apdu is None:
        return f"noise: {len(unit)} bytes"
    if apdu.control == TAKEN:
        return "taken"
    if apdu.control >> 8 == REFUSED_CLASS:
        return f"refused: {result_name(apdu.control & 0xFF)}"
    if apdu.control not in {each.value for each in Control}:
        return f"{apdu.control:04X}: {len(apdu.data)} bytes"
    name = Control(apdu.control).name.lower().replace("_", " ")
    try:
        said = _said(apdu)
    except ZvtError as error:
        said = f"garbled: {error}"
    return f"{name}: {said}" if said else name


def _said(apdu: Apdu) -> str:
    match apdu.control:
        case Control.STATUS_INFORMATION:
            return _status(apdu.data)
        case Control.INTERMEDIATE_STATUS if apdu.data:
            state = state_of(apdu.data[0])
            return f"{apdu.data[0]:02X}" if state is None else state.name.lower().replace("_", " ")
        case Control.ABORTED if apdu.data:
            return result_name(apdu.data[0])
        case Control.PRINT_LINE | Control.PRINT_TEXT:
            lines = read_paper(apdu, Charset.CP437)
            return f"{len(lines)} lines" if lines else "the end"
        case Control.COMPLETION:
            terminal_id = read_completion(apdu.data).terminal_id
            return f"terminal {terminal_id:08d}" if terminal_id else ""
        case control if control in SEQUENCES and SEQUENCES[Control(control)].moves_money:
            order = read_order(apdu)
            parts = [f"amount {order.amount:,}"] if order.amount else []
            return " ".join([*parts, *([f"receipt {order.receipt:04d}"] if order.receipt else [])])
    return ""


def _status(data: bytes) -> str:
    status = read_status(data)
    parts = [result_name(status.result)]
    if status.amount is not None:
        parts.append(f"amount {status.amount:,}")
    if status.receipt:
        parts.append(f"receipt {status.receipt:04d}")
    if status.approval:
        parts.append(f"approval {status.approval}")
    if status.card_shown:
        parts.append(f"card {status.card_shown}")
    return " ".join(parts)
