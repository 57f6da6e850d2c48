"""Health says which device, what is the matter, and what to do, in both languages."""

import errno
import os

import pytest

from devices.health import (
    WORKS,
    ControlState,
    Level,
    PowerState,
    ResultCode,
    Role,
    silent,
    unreachable,
)
from protocols.ports import LinkDownError

ADDRESS = "serial:///dev/ttyUSB0"


def failed(number: int) -> LinkDownError:
    """Return what a bus raises for an error of the operating system."""
    error = LinkDownError("/dev/ttyUSB0: cannot be opened; do this and that.")
    error.__cause__ = OSError(number, os.strerror(number))
    return error


@pytest.mark.parametrize(
    ("number", "result", "words", "ko"),
    [
        (errno.EAGAIN, ResultCode.CLAIMED, "Close that program", "그 프로그램을 닫으세요"),
        (errno.EBUSY, ResultCode.CLAIMED, "Close that program", "그 프로그램을 닫으세요"),
        (errno.ENOENT, ResultCode.NOEXIST, "Plug in its cable", "케이블을 꽂거나"),
        (errno.EACCES, ResultCode.NOSERVICE, "group dialout", "dialout"),
        (errno.ECONNREFUSED, ResultCode.NOHARDWARE, "Check the power", "전원과 주소를"),
        (errno.ETIMEDOUT, ResultCode.TIMEOUT, "network cable", "네트워크 선을"),
        (errno.EIO, ResultCode.OFFLINE, "Plug it in", "다시 꽂으면"),
    ],
)
def test_busy_or_missing_port_says_which_and_what_to_do(
    number: int, result: ResultCode, words: str, ko: str
) -> None:
    by_bus = unreachable(Role.PRINTER, ADDRESS, failed(number))
    by_system = unreachable(Role.PRINTER, ADDRESS, OSError(number, "why"))

    assert by_bus.result is by_system.result is result
    assert by_bus.level is Level.DOWN
    assert by_bus.code == "PRN-03"
    assert "do this and that" in by_bus.en
    assert words in by_system.en
    assert by_bus.en.startswith("Printer")
    for health in (by_bus, by_system):
        assert ADDRESS in health.en and ADDRESS in health.ko
        assert health.ko.startswith("프린터") and ko in health.ko


def test_cause_is_found_below_another_error() -> None:
    inner = ValueError("wrapped")
    inner.__context__ = FileNotFoundError(errno.ENOENT, "no such file")
    outer = LinkDownError("gone")
    outer.__cause__ = inner

    assert unreachable(Role.SCANNER, ADDRESS, outer).result is ResultCode.NOEXIST


def test_error_without_a_number_keeps_its_own_words() -> None:
    health = unreachable(Role.LINE_DISPLAY, ADDRESS, LinkDownError("baud 12345 is refused."))

    assert health.result is ResultCode.FAILURE
    assert "baud 12345 is refused" in health.en
    assert "baud 12345 is refused" in health.ko


def test_endless_chain_of_causes_ends() -> None:
    error = LinkDownError("round")
    error.__cause__ = error

    assert unreachable(Role.SCANNER, ADDRESS, error).result is ResultCode.FAILURE


def test_silence_is_a_level_of_its_own() -> None:
    health = silent(Role.PRINTER, ADDRESS)

    assert health.level is Level.UNKNOWN
    assert health.power is PowerState.UNKNOWN
    assert health.result is ResultCode.TIMEOUT
    assert health != WORKS


def test_words_have_the_numbers_of_unifiedpos() -> None:
    """Source: UnifiedPOS 1.14.1, chapter 1."""
    assert [state.value for state in ControlState] == [1, 2, 3, 4]
    assert [state.value for state in PowerState] == [2000, 2001, 2002, 2003, 2004]
    assert [code.value for code in ResultCode] == [0, *range(101, 115)]


@pytest.mark.parametrize("role", list(Role))
def test_every_role_has_both_names_and_a_code(role: Role) -> None:
    health = silent(role, ADDRESS)

    assert health.sentence("ko").startswith(role.ko)
    assert health.sentence("en").startswith(role.en)
    assert health.code == role.silent_code
