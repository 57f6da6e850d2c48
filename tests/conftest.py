"""One private card daemon for all tests of one process: libpcsclite looks for its socket once."""

import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from sim.hosting.pcscd import DaemonError, PrivateDaemon
from tests.support.card_bench import start_daemon

settings.register_profile("busy machine", suppress_health_check=[HealthCheck.too_slow])
"""How long it takes to draw an example says something of the machine's load, and nothing of us."""


def pytest_configure() -> None:
    """Hear SIGINT again where the shell had it ignored (a job in the background).

    What we start would inherit that, and Ctrl-C is among the things that are tested.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.load_profile("busy machine")


@pytest.fixture(scope="session")
def card_daemon() -> Iterator[PrivateDaemon]:
    pytest.importorskip("smartcard.scard", reason="pyscard is not installed: make setup says how")
    folder = Path(tempfile.mkdtemp(prefix="ips"))
    try:
        daemon = start_daemon(folder / "d")
    except DaemonError as error:
        shutil.rmtree(folder)
        pytest.skip(str(error))
    yield daemon
    daemon.stop()
    shutil.rmtree(folder)
