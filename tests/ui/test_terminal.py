"""The counter on a real pseudo-terminal, with a real till and a real store in a folder."""

import signal
from pathlib import Path

import pytest

from pos.host import HostClock
from pos.store.store import FILE_NAME, Store
from protocols.journal import decode_record
from tests.support.staff import employ
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


def test_a_trainer_goes_to_the_training_counter_and_back(tmp_path: Path) -> None:
    """One program, two journals: F1 + there and back; the counter that was left is locked when one comes back."""
    config = tmp_path / "pos.toml"
    config.write_text('folder = "till"\n')
    (tmp_path / "till").mkdir()
    with Store(tmp_path / "till" / FILE_NAME, clock=HostClock()) as store:
        employ(store)
    with Terminal(["-m", "pos.cli", "--config", str(config)]) as terminal:
        terminal.until("근무 시작", "사번/배지>")
        type_keys(terminal, b"3", b"\r", *(b"%c" % digit for digit in b"8520"), b"\r")
        terminal.until("박민수", "개점")
        type_keys(terminal, b"\x1bOP")
        terminal.until("연습 계산대")
        type_keys(terminal, b"+")

        terminal.until("--- 연습 ---", "*연습*", "연습: 사번 1 또는 2")
        type_keys(terminal, b"2", b"\r", *(b"%c" % digit for digit in b"2580"), b"\r")
        terminal.until("연습 책임자: 근무를 시작합니다")
        type_keys(terminal, b"\x1bOP")
        terminal.until("연습 계산대")
        type_keys(terminal, b"+")

        terminal.until("잠김", "박민수", "PIN>")
        type_keys(terminal, *(b"%c" % digit for digit in b"8520"), b"\r")
        terminal.until("박민수: 근무를 시작합니다")
        type_keys(terminal, b"\x03", b"\x03")
        assert terminal.ended() == 0
    with Store(tmp_path / "till" / FILE_NAME, clock=HostClock()) as store:
        kinds = [decode_record(data).kind for data in store.records(0)]
    assert kinds == ["staff.signed", "terminal.noted", "staff.signed", "staff.signed"]


def test_a_training_counter_that_is_told_to_end_ends_the_program(tmp_path: Path) -> None:
    """SIGTERM does not bring anybody back to a counter on a machine that goes down."""
    config = tmp_path / "pos.toml"
    config.write_text('folder = "till"\n')
    with Terminal(["-m", "pos.cli", "--config", str(config)]) as terminal:
        terminal.until("개점")
        type_keys(terminal, b"\x1bOP")
        terminal.until("연습 계산대")
        type_keys(terminal, b"+")
        terminal.until("*연습*")
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.ended() == 0
