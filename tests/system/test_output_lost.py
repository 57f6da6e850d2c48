"""Output that nobody takes and Ctrl-C: a status that is true, a sentence at most, never a traceback."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.system
SECONDS_MAX = 60.0
PROGRAMS = {
    "ips-pos": ["pos.cli", "queue"],
    "ips-broker": ["ips.cli", "module", "list"],
    "ips-sim": ["sim.stage.cli", "list"],
}


def run(program: str, home: Path, stdout: int) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "XDG_CONFIG_HOME": str(home), "XDG_DATA_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-m", *PROGRAMS[program]],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=SECONDS_MAX,
        env=environment,
        check=False,
    )


@pytest.mark.parametrize("program", PROGRAMS)
def test_reader_who_has_gone_is_no_error_to_tell(program: str, tmp_path: Path) -> None:
    """`| head -1` closes the pipe: the program ends without a word."""
    read, write = os.pipe()
    os.close(read)
    try:
        done = run(program, tmp_path, write)
    finally:
        os.close(write)

    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("program", PROGRAMS)
def test_full_disk_is_one_sentence_and_status_1(program: str, tmp_path: Path) -> None:
    """A script that trusts the status must not go on with half an answer."""
    with open("/dev/full", "wb") as full:
        done = run(program, tmp_path, full.fileno())

    assert done.returncode == 1
    assert done.stderr.startswith(f"{program}: ")
    assert done.stderr.endswith("No space left on device\n")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("program", PROGRAMS)
def test_closed_standard_output_is_no_traceback(program: str, tmp_path: Path) -> None:
    """`>&-`, as some supervisors start their programs."""
    line = f"exec {sys.executable} -m {' '.join(PROGRAMS[program])} >&-"
    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    done = subprocess.run(
        ["sh", "-c", line],
        stderr=subprocess.PIPE,
        text=True,
        timeout=SECONDS_MAX,
        env=environment,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_day_that_was_broken_off_has_not_succeeded(tmp_path: Path) -> None:
    """`make demo && next` must not go on after Ctrl-C."""
    day = subprocess.Popen(
        [sys.executable, "-m", "sim.stage.cli", "day", str(tmp_path / "day")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert day.stdout is not None
    day.stdout.readline()
    day.send_signal(signal.SIGINT)
    _, said = day.communicate(timeout=SECONDS_MAX)

    assert (day.returncode, said) == (1, "ips-sim: interrupted\n")


def test_shop_ends_in_order_by_ctrl_c(tmp_path: Path) -> None:
    """Ctrl-C is how a shop is meant to end when nobody supervises it."""
    shop = subprocess.Popen(
        [sys.executable, "-m", "sim.stage.cli", "shop", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert shop.stdout is not None
    assert "control" in shop.stdout.readline()
    shop.send_signal(signal.SIGINT)
    _, said = shop.communicate(timeout=SECONDS_MAX)

    assert (shop.returncode, said) == (0, "")
