"""The pytest plugin as its users have it: pytest in a process of its own, on tests of their own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.system
ROOT = Path(__file__).parents[2]
SECONDS = 240

TESTS = """
import os
import socket
import pytest

def ask(twin):
    if twin.address.startswith("serial://"):
        port = os.open(twin.path, os.O_RDWR | os.O_NOCTTY)
        os.write(port, b"\\x10\\x04\\x04")
        answer = os.read(port, 1)
        os.close(port)
        return answer
    with socket.create_connection(twin.place, timeout=10) as port:
        port.sendall(b"\\x10\\x04\\x04")
        return port.recv(1)
"""


def run(folder: Path, tests: str, *options: str) -> tuple[int, str]:
    """Run pytest on these tests; returns its status and what it said."""
    (folder / "test_it.py").write_text(TESTS + tests)
    environment = {key: value for key, value in os.environ.items() if "PYTEST" not in key}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", *options, "test_it.py"],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def outcomes(out: str) -> list[tuple[str, str]]:
    """Return each test with its outcome, in the order they ran."""
    return re.findall(r"^(?:test_it\.py::)(\S+) (PASSED|FAILED|ERROR)", out, re.MULTILINE)


@pytest.mark.xdist_group("cards")
def test_the_example_passes() -> None:
    """A stranger's program that prints to a receipt printer and reads a card, over pty and PC/SC."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", "."],
        cwd=ROOT / "plugins" / "example",
        capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout


def test_each_wire_is_run_and_each_twin_has_its_fixture(tmp_path: Path) -> None:
    status, out = run(
        tmp_path,
        """
@pytest.mark.intermarket_wire("pty", "tcp")
def test_printer(receipt_printer):
    assert ask(receipt_printer) == b"\\x12"
    receipt_printer.paper_out()
    assert receipt_printer.state["paper"] == "out"
    assert receipt_printer.picture[:4] == b"\\x89PNG"

def test_others(customer_display, barcode_scanner):
    port = os.open(customer_display.path, os.O_RDWR | os.O_NOCTTY)
    os.write(port, b"\\x0c\\x1bQAHELLO\\r")
    customer_display.wait_until(lambda display: display.lines == ("HELLO", ""))
    os.close(port)
    port = os.open(barcode_scanner.path, os.O_RDWR | os.O_NOCTTY)
    barcode_scanner.scan(code="8801234567893")
    assert os.read(port, 64) == b"8801234567893\\r"
    assert [event["detail"] for event in barcode_scanner.history("scanned")] == ["8801234567893"]
    os.close(port)

@pytest.mark.intermarket_wire("tcp")
def test_swipe(stripe_reader):
    with socket.create_connection(stripe_reader.place, timeout=10) as port:
        stripe_reader.swipe_slowly(card="credit")
        assert port.recv(99) == b"%E?;9410110000000010=491210100000000?\\r"
    assert stripe_reader.history("swiped")[0]["detail"] == "credit 941011******0010"

@pytest.mark.intermarket_wire("tcp")
def test_pad(pin_pad):
    with socket.create_connection(pin_pad.place, timeout=10) as port:
        port.sendall(b"\x051")
        assert port.recv(2) == b"\x041"
    with pytest.raises(Exception, match="nobody asks"):
        pin_pad.press(digits=1)

def test_all(bench):
    assert sorted(bench.devices) == ["display", "printer", "scanner", "stripe"]
""",
    )

    assert status == 0, out
    assert [name for name, _ in outcomes(out)] == [
        "test_printer[pty]", "test_printer[tcp]", "test_others", "test_swipe[tcp]",
        "test_pad[tcp]", "test_all",
    ]  # fmt: skip


def test_what_fails_shows_what_passed_on_the_wires_and_an_unknown_verb_names_those_there_are(
    tmp_path: Path,
) -> None:
    status, out = run(
        tmp_path,
        """
def test_fails(receipt_printer):
    assert ask(receipt_printer) == b"?"

def test_verb(receipt_printer):
    with pytest.raises(AttributeError, match="'explode' is no verb.*paper_out"):
        receipt_printer.explode()
    with pytest.raises(Exception, match="ms=.-1.: expected a whole number"):
        receipt_printer.delay(ms=-1)
""",
    )

    assert status == 1
    assert outcomes(out) == [("test_fails", "FAILED"), ("test_verb", "PASSED")]
    assert "what passed on the bench (seed 1)" in out
    assert re.search(r"tty:printer > ask realtime paper\n.* < status: paper ok", out)


SEEDED = """
@pytest.mark.intermarket_seed(count=3)
def test_seeds(bench):
    assert bench.seed != 2
"""


def test_seeds_that_failed_are_kept_and_run_first(tmp_path: Path) -> None:
    first = run(tmp_path, SEEDED)
    second = run(tmp_path, SEEDED)
    alone = run(tmp_path, SEEDED, "--intermarket-seed", "3")
    more = run(tmp_path, SEEDED, "--intermarket-seeds", "1")
    forgotten = run(tmp_path, SEEDED, "--cache-clear", "--intermarket-seeds", "1")

    assert outcomes(first[1]) == [
        ("test_seeds[seed1]", "PASSED"),
        ("test_seeds[seed2]", "FAILED"),
        ("test_seeds[seed3]", "PASSED"),
    ]
    assert [name for name, _ in outcomes(second[1])] == [
        "test_seeds[seed2]", "test_seeds[seed1]", "test_seeds[seed3]",
    ]  # fmt: skip
    assert outcomes(alone[1]) == [("test_seeds[seed3]", "PASSED")]
    assert [name for name, _ in outcomes(more[1])] == ["test_seeds[seed2]", "test_seeds[seed1]"]
    assert outcomes(forgotten[1]) == [("test_seeds[seed1]", "PASSED")]


def test_workers_have_benches_of_their_own_and_keep_what_failed(tmp_path: Path) -> None:
    """Under pytest-xdist: at one time two benches, on ports and in folders of their own."""
    tests = """
@pytest.mark.parametrize("n", range(4))
def test_apart(receipt_printer, n):
    assert ask(receipt_printer) == b"\\x12"
    assert receipt_printer.paper == ""
"""
    status, out = run(tmp_path, tests + SEEDED, "-n", "2")
    again = run(tmp_path, SEEDED, "--collect-only", "-q")

    assert status == 1
    assert "1 failed, 6 passed" in out
    assert again[1].index("seed2") < again[1].index("seed1")


def test_a_plan_of_ones_own_is_served_and_a_wrong_one_is_said(tmp_path: Path) -> None:
    (tmp_path / "bench.toml").write_text("[devices.till9]\nkind = 'printer'\nwire = 'tcp'\n")
    (tmp_path / "wrong.toml").write_text("[devices.till9]\nkind = 'prnter'\n")
    status, out = run(
        tmp_path,
        """
@pytest.mark.intermarket_plan("bench.toml")
def test_mine(bench):
    assert ask(bench.twin("till9")) == b"\\x12"

@pytest.mark.intermarket_plan("wrong.toml")
def test_wrong(bench):
    pass
""",
    )

    assert status == 1
    assert outcomes(out) == [("test_mine", "PASSED"), ("test_wrong", "ERROR")]
    assert "no kind 'prnter'; did you mean 'printer'?" in out
    assert "Traceback" not in out


def test_a_counter_sells_and_prints(tmp_path: Path) -> None:
    status, out = run(
        tmp_path,
        """
def test_sale(counter):
    counter.enter("100000OS")
    told = counter.enter("8800101000013")
    assert told["notice"] is None or told["notice"]["code"] == "", told
    counter.enter("20000CA")
    counter.printer.wait_until(lambda printer: printer.state["papers"] >= 1, 30)
    assert "CASH" in counter.printer.paper.upper()
    assert "S01-01-" in counter.run("journal", "export")
""",
    )

    assert status == 0, out


def test_without_ips_sim_it_is_said_what_to_do(tmp_path: Path) -> None:
    status, out = run(
        tmp_path,
        "\ndef test_it(bench):\n    pass\n",
        "--ips-sim",
        str(tmp_path / "none" / "ips-sim"),
    )

    assert status != 0
    assert "none/ips-sim is not here: install Intermarket, or --ips-sim PATH" in out
