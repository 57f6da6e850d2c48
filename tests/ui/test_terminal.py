"""The counter on a real pseudo-terminal, with a real till and a real store in a folder."""

import signal
from pathlib import Path

import pytest

from tests.ui.counter_program import codes
from tests.ui.terminal import Terminal

pytestmark = pytest.mark.system

PROGRAM = ["-m", "tests.ui.counter_program"]


def type_keys(terminal: Terminal, *keys: bytes) -> None:
    """Type as a hand does: the screen has the time to see that it is no scanner."""
    for key in keys:
        terminal.send(key)
        terminal.read(0.06)


def test_first_sale_with_change_through_a_terminal(tmp_path: Path) -> None:
    """T1: open the shift, scan three, take 10,000, see the change; the next scan begins the next sale."""
    with Terminal([*PROGRAM, str(tmp_path), "en"]) as terminal:
        terminal.until("TOTAL", "F1 1 opens the shift")
        type_keys(terminal, b"\x1bOP")
        terminal.until("MENU")
        type_keys(terminal, b"1")
        terminal.until("OPEN SHIFT")
        type_keys(terminal, b"5", b"0", b".", b"\r")
        terminal.until("Scan a barcode")
        for code in codes()[:3]:
            terminal.send(code.encode() + b"\r")
        terminal.until("3 pcs", "*  870 *")

        type_keys(terminal, b"1", b"0", b".")
        terminal.until("INPUT> 10.")
        terminal.send(b"\x1b[24~")
        terminal.until("done  change 9,130", "0 pcs")

        terminal.send(codes()[0].encode() + b"\r")
        terminal.until("1 pcs", "*  130 *")


def test_resize_to_a_scrap_and_back_keeps_the_sale(tmp_path: Path) -> None:
    """10 x 5 says what is needed; at 80 x 24 everything is back where it was."""
    with Terminal([*PROGRAM, str(tmp_path), "ko", "20"]) as terminal:
        terminal.until("합계", "20점")
        terminal.resize(10, 5)
        terminal.until("10x5")
        terminal.resize(120, 40)
        terminal.until("중계서버", "20점")
        terminal.resize(80, 24)
        terminal.until("합계", "20점", "F12현금")


@pytest.mark.parametrize("how", ["signal", "key"])
def test_leaving_restores_the_terminal(tmp_path: Path, how: str) -> None:
    """SIGTERM and Ctrl-C twice both end cleanly: status 0, the alternate screen left, the cursor back."""
    with Terminal([*PROGRAM, str(tmp_path), "en"]) as terminal:
        terminal.until("TOTAL")
        if how == "signal":
            terminal.process.send_signal(signal.SIGTERM)
        else:
            terminal.send(b"\x03")
            terminal.until("Press Ctrl+C once more to leave")
            terminal.send(b"\x03")
        assert terminal.ended() == 0
        assert b"\x1b[?1049l" in terminal.output
        assert b"\x1b[?25h" in terminal.output


def test_counter_leaves_in_order_when_its_terminal_is_gone(tmp_path: Path) -> None:
    """A dropped connection: no orphan at a whole processor, and the basket is there next time."""
    arguments = ["-m", "tests.ui.counter_program", str(tmp_path), "ko", "3"]
    with Terminal(arguments) as terminal:
        terminal.until("3점")
        terminal.hang_up()

        assert terminal.process.wait(timeout=15) == 0

    with Terminal(arguments[:-1]) as terminal:
        terminal.until("3점")
