"""SIGKILL to a real till around its upload to a real broker: every sale is booked exactly once.

The till is `ips-pos script` that has joined an `ips-broker serve` by a code. It is killed before a
batch leaves, after the broker has answered, and after the answer is noted; then it is started again.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pos.host import HostClock
from pos.points import Point
from pos.store.store import FILE_NAME, Store
from tests.support.broker_forks import Forks
from tests.support.till_forks import TillForks

pytestmark = pytest.mark.system
UPLOADS = (Point.BEFORE_UPLOAD, Point.AFTER_UPLOAD_SENT, Point.AFTER_ACKNOWLEDGE)


def broker(*arguments: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-m", "ips.cli", *arguments, "--json"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.fixture
def tills(tmp_path: Path, monkeypatch) -> Iterator[TillForks]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with TillForks(tmp_path) as running:
        yield running


@pytest.fixture
def brokers() -> Iterator[Forks]:
    with Forks() as running:
        yield running


def test_a_till_killed_around_its_upload_is_booked_exactly_once(
    tills: TillForks, brokers: Forks, tmp_path: Path
) -> None:
    """I11, I13: one sale for each kill; the broker settles each once, and its chain is ours."""
    process, url = brokers.start(tmp_path / "b")
    config = tmp_path / "pos.toml"
    config.write_text(f'folder = "till"\n[broker]\nurl = "{url}"\n')
    (tmp_path / "goods.csv").write_text("sku,name_ko,price,tax\nmilk,우유,2980,과세\n")

    def till(*arguments: str, fault: str = ""):
        return tills.run("--config", str(config), *arguments, fault=fault)

    assert till("catalogue", "import", str(tmp_path / "goods.csv")).status == 0
    code = broker("terminal", "add", "01", "--folder", str(tmp_path / "b"))["code"]
    joined = till("enrol", code)
    assert joined.status == 0, joined.complaint
    assert till("shift", "open", "0").status == 0

    (tmp_path / "sale").write_text("milk\nCA\n")
    for point in UPLOADS:
        killed = till("script", str(tmp_path / "sale"), fault=point.value)
        assert killed.status == -9, (point, killed)
        (tmp_path / "look").write_text("CL\n")
        assert till("script", str(tmp_path / "look")).status == 0

    settled = broker("inquire", "settled", "--folder", str(tmp_path / "b"))
    with Store(tmp_path / "till" / FILE_NAME, clock=HostClock()) as store:
        counts = store.queue()
    assert (counts.waiting, counts.questioned) == (0, 0)
    assert settled["totals"] == {"KRW": len(settled["rows"]) * 2_980}
    sales = [row["order"] for row in settled["rows"]]
    assert len(sales) == len(set(sales))
    assert till("shift", "count", f"{settled['totals']['KRW']}x1").status == 0
    assert till("shift", "close").status == 0
    brokers.kill(process)
