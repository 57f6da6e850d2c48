"""The examples of the user's pages, run as a user would run them, in the order of the page."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from protocols.staff import hash_pin
from protocols.trace.events import Channel, Header, encode_event, encode_header
from tests.house.test_docs import BLOCK, SECTION, text_of

pytestmark = pytest.mark.system
ROOT = Path(__file__).parents[2]
PROGRAMS = Path(sys.executable).parent
PRESET = ROOT / "sim/stage/presets/purse.toml"
SECONDS = 60
STAYS = {
    "ips-pos",
    "ips-pos demo",
    "ips-broker serve",
    "ips-sim up",
    "ips-sim bench",
    "ips-sim shop",
    "ips-sim day",
    "ips-sim agent",
}
"""These go on until told to end, or play a whole day: other tests start them."""
NEEDS_MORE = {
    "ips-pos reprint",
    "ips-pos enrol",
    "ips-pos sign on",
    "ips-pos sign off",
    "ips-pos staff pin",
    "ips-pos change",
    "ips-broker staff pin",
    "ips-broker refund request",
    "ips-broker refund approve",
    "ips-broker refund reject",
    "ips-pos purse make",
    "ips-pos purse install",
    "ips-broker purse certify",
    "ips-pos purse balance",
    "ips-pos purse statement",
    "ips-pos purse load",
    "ips-pos purse deposit",
    "ips-pos purse refund",
    "ips-broker cash-receipt compare",
    "ips-broker bank key",
    "ips-broker bank list",
    "ips-broker bank settle",
    "ips-broker icash issuer",
    "ips-broker icash statement",
    "ips-broker icash collect",
    "ips-broker icash clear",
    "ips-broker icash prove",
    "ips-broker icash pay",
    "ips-broker purse commands",
    "ips-broker purse add",
    "ips-broker purse update",
    "ips-broker purse claim order",
    "ips-broker purse claim present",
    "ips-broker purse claim pay",
    "ips-broker purse claim clear",
    "ips-broker purse hotlist add",
    "ips-broker purse hotlist remove",
}
"""These need a printer, somebody at the keyboard, a broker that runs, an agent, a bank, a payment, a purse or its cards: other tests walk them."""


def examples(program: str) -> Iterator[tuple[str, str]]:
    """Yield (command, line)."""
    for words, body in SECTION.findall(text_of(program)):
        for block in BLOCK.findall(body):
            for line in block.splitlines():
                if words in line and words not in STAYS | NEEDS_MORE:
                    yield words, line


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the pages take for granted: goods, a policy, a staff list, the secret elsewhere, a trace."""
    shutil.copy(ROOT / "pos" / "data" / "goods.csv", tmp_path)
    (tmp_path / "policy.toml").write_text('tenders = ["cash"]\n')
    person = f'[[people]]\nnumber = 7\nname = "Kim"\nrole = "manager"\npin = "{hash_pin("4711", bytes(16))}"\n'
    (tmp_path / "staff.toml").write_text(person)
    (tmp_path / "safe").mkdir()
    (tmp_path / "safe" / "host.secret").write_bytes(bytes(32))
    header = encode_header(Header(wall_ns=0, program="ips-sim"))
    channel = Channel(at_ns=0, channel="card:customer", protocol="iso7816", link="pcsc")
    (tmp_path / "day.trace").write_bytes(header + encode_event(channel))
    return tmp_path


@pytest.fixture
def environment(folder: Path) -> dict[str, str]:
    """Somebody who has only just come to this machine."""
    return {
        **os.environ,
        "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_DATA_HOME": str(folder / "data"),
        "XDG_STATE_HOME": str(folder / "state"),
    }


@pytest.fixture
def bench(folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """The bench that the page has the reader start in another window."""
    # A counter's with a purse, and the stripe reader that one of the page's lines is about.
    plan = folder / "bench.toml"
    plan.write_text(PRESET.read_text() + "\n[devices.stripe_reader]\n", encoding="utf-8")
    command = [str(PROGRAMS / "ips-sim"), "up", str(plan)]
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    ) as up:
        try:
            assert up.stdout is not None
            assert up.stdout.readline().startswith("{")
            yield
        finally:
            up.terminate()


@pytest.mark.xdist_group("cards")
@pytest.mark.usefixtures("bench")
@pytest.mark.parametrize("program", ["ips-pos", "ips-broker", "ips-sim"])
def test_every_example_ends_well(program: str, folder: Path, environment: dict[str, str]) -> None:
    """Copied from the page into a shell, one after the other, each ends with status 0."""
    lines = list(examples(program))
    assert lines

    for _, line in lines:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        assert not re.search("Traceback", done.stderr), line
