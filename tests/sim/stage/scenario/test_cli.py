"""ips-sim run: one told in full, many in a line each, status and streams as every command's."""

import json
from pathlib import Path

import pytest

from sim.stage.cli import main


def test_one_scenario_is_told_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "cash-sale"]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("passed  cash-sale  (memory, seed 1)\n")
    assert "what each party saw" in told.out and "drawer_opened" in told.out
    assert "where the money is" in told.out
    assert told.err == ""


def test_many_are_a_line_each_and_the_sum(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "cash-sale", "unknown-code"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "passed  cash-sale  (memory, seed 1)",
        "passed  unknown-code  (memory, seed 1)",
        "",
        "2 passed, 0 failed",
    ]


def test_failure_is_status_1_with_seed_and_schedule(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "my.toml").write_text(
        'about = "x"\nwhen = [{ scan = "8800100000014" }, { key = "CA" }, { wait = "5 s" }]\n'
        'faults = [{ printer = "paper_out" }, { line_display = "mute" }]\n'
        'then = [{ notice = "PRN-01", times = 0 }, { notice = "PRN-09", times = 0 }]\n'
    )
    assert main(["run", str(tmp_path), "--seed", "9"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "FAILED  my  (memory, seed 9)"
    at = lines.index("  the shortest fault schedule that fails so (2 before):")
    assert lines[at + 1 : at + 3] == ['    at    0.000 s  { printer = "paper_out" }', ""]


def test_traces_are_a_file_each_for_the_trace_commands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new" / "traces"
    assert main(["run", "cash-sale", "card-short", "--traces", str(folder)]) == 0
    files = sorted(folder.iterdir())
    assert files[0].name == "card-short.trace" and files[-1].name == "cash-sale.trace"
    assert files[-1].stat().st_mode & 0o777 == 0o600
    capsys.readouterr()
    assert main(["trace", "show", str(files[-1]), "--channel", "printer"]) == 0
    assert "cut partial" in capsys.readouterr().out


def test_misuse_is_status_2_and_names_the_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('about = "x"\nwhen = [\n  { scna = "1" },\n]\n')
    assert main(["run", str(wrong)]) == 2
    assert capsys.readouterr().err == (
        f"ips-sim: {wrong}:3: no step or twin 'scna'; did you mean 'scan'?\n"
    )
    assert main(["run", "cash-sal"]) == 2
    assert "did you mean 'cash-sale'" in capsys.readouterr().err


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "cash-sale", "--json"]) == 0
    [told] = json.loads(capsys.readouterr().out)
    result = told["result"]
    assert (result["passed"], result["sales"], result["receipts"]) == (True, 1, 1)
    assert result["money"]["sold"] == 390
    assert main(["run", "--json"]) == 0
    assert "cash-sale" in json.loads(capsys.readouterr().out)


def test_list_says_what_each_is_about(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run"]) == 0
    assert "card-pulled-after-debit" in capsys.readouterr().out
