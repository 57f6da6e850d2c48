"""ips-sim show and do against a bench that runs: what is seen, what is done, what is refused in words."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.host import SystemClock
from sim.stage.children import Child
from sim.stage.cli import main

pytestmark = pytest.mark.system

Said = tuple[int, str, str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A bench that serves a counter."""
    folder = tmp_path_factory.mktemp("bench")
    child = Child(
        "equipment",
        ("sim.stage.cli", "up", "--preset", "counter", "--folder", str(folder)),
        log=folder / "equipment.log",
        clock=SystemClock(),
    )
    child.announcement()
    yield folder
    child.end()


def said(capsys: pytest.CaptureFixture[str], folder: Path, *words: str) -> Said:
    capsys.readouterr()
    status = main([*words, "--folder", str(folder)])
    told = capsys.readouterr()
    return status, told.out, told.err


def test_every_device_is_a_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = said(capsys, folder, "show")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == ["printer", "line_display", "scanner"]


def test_one_is_shown_with_what_can_be_done(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = said(capsys, folder, "show", "printer")
    assert "cover                      closed" in out
    assert "wire.cable                 plugged" in out
    assert "do  speed percent=..." in out and "Print slower or faster" in out


def test_what_is_done_is_seen_and_stands_in_the_history(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = said(capsys, folder, "do", "printer", "paper_out")
    assert status == 0 and "paper                      out" in out
    _, out, _ = said(capsys, folder, "show", "printer", "--history")
    assert "paper_out" in out
    _, out, _ = said(capsys, folder, "do", "printer", "delay", "ms=250", "--json")
    assert json.loads(out)["wire"]["delay_ms"] == 250
    said(capsys, folder, "do", "printer", "clear")
    status, out, _ = said(capsys, folder, "show", "printer", "--paper", "--json")
    assert status == 0 and "end of paper" in json.loads(out)


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (("do", "printer", "paper_ot"), 1, "no verb 'paper_ot'; did you mean 'paper_out'?"),
        (("do", "printr", "paper_out"), 1, "no device 'printr'; there are: printer, line_display"),
        (("do", "printer", "delay"), 1, "it takes ms"),
        (("do", "printer", "delay", "250"), 2, "'250' is no argument: write NAME=VALUE"),
        (("show", "scanner", "--paper"), 1, "scanner is a scanner and has no paper"),
        (("show", "--history"), 2, "of which device?"),
    ],
)
def test_misuse_is_told_in_one_sentence(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    status: int,
    sentence: str,
) -> None:
    answered, out, err = said(capsys, folder, *words)
    assert (answered, out) == (status, "")
    assert err.startswith("ips-sim: ") and sentence in err and err.count("\n") == 1


def test_where_no_bench_runs_it_says_how_to_start_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = said(capsys, tmp_path, "do", "printer", "paper_out")
    assert status == 1
    assert "no bench is running" in err and "ips-sim up" in err
