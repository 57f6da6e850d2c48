"""The bench on a terminal that is taken away."""

from pathlib import Path

import pytest

from sim.hosting.pcscd import find_daemon, find_driver
from tests.ui.terminal import Terminal

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("cards")]


def test_bench_leaves_in_order_when_its_terminal_is_gone(tmp_path: Path) -> None:
    """A closed window: the kernel sends SIGHUP and SIGCONT, and nothing may draw anew after that."""
    if find_daemon() is None or find_driver() is None:
        pytest.skip("pcscd or our reader driver is missing: make setup says how to get them")
    command = ["-m", "sim.stage.cli", "bench", "--preset", "cards", "--language", "en"]
    with Terminal([*command, "--folder", str(tmp_path)]) as terminal:
        terminal.until("printer", "stripe")
        terminal.hang_up()

        assert terminal.process.wait(timeout=15) == 0
