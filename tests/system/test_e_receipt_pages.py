"""E-receipts from a real broker in a real browser: a telephone's screen, no script, nothing refused.

`.ci/run` installs Chromium (Debian: apt-get install chromium fonts-nanum); where it is missing, the page
is read over a socket only.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import zxingcpp
from PIL import Image

from protocols.receipt_link import mint
from tests.support.broker_terminal import SeededEntropy, Terminal
from tests.system.test_broker_command import COMMAND, enrol, run, send

pytestmark = pytest.mark.system
CHROMIUM = shutil.which("chromium")
TOKEN = mint(SeededEntropy("page"))
PATIENCE_S = 60.0
CONFIG = """\
listen = "127.0.0.1:0"
[receipts]
listen = "127.0.0.1:0"
[stores.main]
name_ko = "세종점"
name_en = "Sejong"
business_number = "123-45-67890"
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return where a broker serves the receipt of one sale."""
    folder = tmp_path_factory.mktemp("b")
    config = folder / "broker.toml"
    config.write_text(f'folder = "{folder}/run"\n{CONFIG}')
    announced, announce = os.pipe()
    leash, parent = os.pipe()
    process = subprocess.Popen(
        [*COMMAND, "serve", "--config", str(config), "--announce-fd", str(announce), "--parent-fd", str(leash)],
        pass_fds=[announce, leash],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(announce)
    os.close(leash)
    with os.fdopen(announced, "rb") as file:
        told = json.loads(file.readline())
    added = run("terminal", "add", "01", "--config", str(config), "--json")
    terminal = Terminal()
    enrol(told["url"], terminal, json.loads(added.stdout)["code"])
    terminal.open_shift()
    terminal.sell(1, 11_000, link=TOKEN)
    assert send(told["url"], terminal.batch(1)).status_code == 200
    yield told["receipts"]
    os.close(parent)
    assert process.wait(PATIENCE_S) == 0


def browse(address: str, folder: Path, *options: str) -> tuple[str, str]:
    """Return what a browser made of a page, and what it complained about."""
    assert CHROMIUM is not None
    done = subprocess.run(
        [
            CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--enable-logging=stderr", "--hide-scrollbars",
            f"--user-data-dir={folder}/profile", *options, address,
        ],
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        env={**os.environ, "HOME": str(folder)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout, "\n".join(re.findall(r".*CONSOLE.*", done.stderr))


def test_the_door_is_a_port_of_its_own(pages: str) -> None:
    """Customers reach receipts and nothing of the terminals' interface."""
    with httpx.Client(base_url=pages, trust_env=False) as client:
        page = client.get(f"/r/{TOKEN}", headers={"accept-language": "ko"})
        assert page.status_code == 200 and "11,000원" in page.text
        assert "server" not in page.headers
        head = client.head(f"/r/{TOKEN}")
        assert head.status_code == 200 and head.content == b""
        for path in ("/v1/health", "/metrics", "/openapi.json", "/deeds", "/", "/r/", "/r/x/y"):
            assert client.get(path).status_code == 404


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium fonts-nanum")
def test_a_telephone_shows_it_whole(pages: str, tmp_path: Path) -> None:
    """390 dots wide: the policy lets the page's own style in, and the key's code is read off the screen."""
    picture = tmp_path / "page.png"

    dom, complaints = browse(f"{pages}/r/{TOKEN}?lang=ko", tmp_path, "--dump-dom")
    browse(
        f"{pages}/r/{TOKEN}?lang=ko", tmp_path, f"--screenshot={picture}", "--window-size=500,1100"
    )

    assert complaints == ""
    assert "라면" in dom and "11,000원" in dom and 'lang="ko"' in dom
    screen = Image.open(picture).convert("L")
    assert [code.text for code in zxingcpp.read_barcodes(screen)] == ["main-01-20260417-0001-a"]
    # The style was let in: the sheet is lighter than the page around it.
    assert screen.getpixel((screen.width // 2, 40)) > screen.getpixel((2, screen.height - 3))


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium fonts-nanum")
def test_the_browsers_language_and_what_is_not_there(pages: str, tmp_path: Path) -> None:
    dom, complaints = browse(f"{pages}/r/{'A' * 22}", tmp_path, "--dump-dom", "--accept-lang=en-GB")

    assert "This receipt is not here yet" in dom and 'lang="en"' in dom
    assert "CONSOLE" not in complaints or "404" in complaints
