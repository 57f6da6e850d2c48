"""A soak in small: it trades, everything goes wrong, the auditors look, and what is broken is found.

Long ones are `make prove` (tests/prove/soak.py); a seed that failed there is a test here.
"""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim.entropy import SeededEntropy
from sim.host import SystemClock
from sim.stage.cli import main
from sim.stage.soak.dice import Dice
from sim.stage.soak.figures import SHOP, STATES, Figures
from sim.stage.soak.outcome import Outcome, soak
from sim.stage.soak.registry import MODULES, kinds, moves
from sim.stage.soak.shrink import Shrinking
from sim.stage.soak.soak import Log, SoakWish
from sim.stage.soak.telling import tell
from tests.support.mutants import swapped

COMMAND = (sys.executable, "-m", "sim.stage.cli", "soak")
SECONDS = 120


def soaked(seed: int, hours: int, tills: int, *without: str) -> Outcome:
    return played(SoakWish(seed=seed, hours=hours, tills=tills, without=frozenset(without)))


def played(wish: SoakWish) -> Outcome:
    outcome = Outcome(wish=wish, clock=SystemClock())
    soak(outcome)
    return outcome


def test_a_shop_trades_while_everything_goes_wrong_and_its_books_agree() -> None:
    """A day and a half of one till: so many sales, so many troubles, not one objection."""
    outcome = soaked(21, 22, 1)

    assert outcome.objection is None, tell(outcome)
    assert outcome.complete and outcome.figures.days == 2
    assert 22 <= outcome.hours < 23
    assert outcome.figures.records("sale.closed") > 200
    assert {"cash", "purse", "points", "card", "transfer", "terminal"} <= set(
        outcome.figures.tenders
    )
    assert set(outcome.figures.moves) == {move.name for move in moves()}
    assert outcome.figures.records("shift.closed") >= 3
    assert outcome.figures.records("sale.held") > 0
    for kind in ("refund.closed", "tender.voided", "tender.changed", "sale.voided"):
        assert outcome.figures.records(kind) > 0, kind
    assert len(outcome.figures.met()) > 30
    assert len([fault for fault in outcome.figures.met() if fault.startswith("bank: ")]) > 5
    assert outcome.figures.audits == outcome.figures.steps + outcome.figures.days
    assert {"till switched on again", "printer put right"} <= set(outcome.figures.recoveries)


def test_who_stays_away_does_nothing() -> None:
    outcome = soaked(3, 1, 2, *(name for name in MODULES if name != "clerk"))

    assert outcome.complete
    assert outcome.figures.met() == {}
    assert set(outcome.figures.requests) == {"good"}
    assert set(outcome.figures.tenders) == {"cash"} and not outcome.figures.moves


LOGS = """
import sys
from pathlib import Path
from sim.stage.cli import main
sys.exit(main(["soak", "--seed", "5", "--hours", "2", "--tills", "2", "--json", "--log", sys.argv[1]]))
"""


def test_the_same_seed_is_the_same_log_on_any_hash_seed(tmp_path: Path) -> None:
    told = []
    for hash_seed in ("1", "77"):
        log = tmp_path / f"{hash_seed}.log"
        done = subprocess.run(
            [sys.executable, "-c", LOGS, str(log)],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        told.append((log.read_text(), json.loads(done.stdout)["log"]))

    assert told[0] == told[1]
    assert len(told[0][0].splitlines()) > 100


def test_another_seed_is_another_log() -> None:
    assert soaked(1, 1, 1).log.digest != soaked(2, 1, 1).log.digest


BROKEN = {
    "broker: a member is given a point too many": (
        "ips.booking_points",
        "credit",
        "points - paid, memo",
        "points - paid + 1, memo",
    ),
    "broker: e-cash is booked from the wrong side": (
        "ips.booking_purse",
        "_accounts",
        "return to, clearing",
        "return clearing, to",
    ),
    "broker: the bank is asked for a won too many": (
        "ips.bank.requests",
        "new_message",
        "order.amount.minor",
        "order.amount.minor + 1",
    ),
    "till: a sale without a receipt": (
        "pos.closing",
        "close",
        'papers.append(register.paper("sale", fact, sale=sale.number, kept=kept))',
        "assert fact",
    ),
    "till: a program that fails": (
        "pos.paying",
        "Paying._approved",
        "change=offer.change,",
        "change=offer.change and offer.change + 10,",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_objected_to_and_told(name: str) -> None:
    """Seed, step, the newest steps, and where the money is."""
    with swapped(*BROKEN[name]):
        outcome = soaked(6, 2, 1)

    objection = outcome.objection
    assert objection is not None and not outcome.complete
    assert all(finding.money for finding in objection.findings)
    told = tell(outcome)
    assert f"AN AUDITOR OBJECTS at step {objection.step} of seed 6" in told
    assert objection.tail[-1] in told and objection.places[0] in told
    assert "again: ips-sim soak --seed 6 --hours 2 --tills 1" in told
    assert outcome.as_json()["objection"]["money"] == list(objection.places)


def test_a_failure_is_shrunk_to_what_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    """Of an hour of everything: one customer who is a member; and the command that does it again."""
    wished = "soak --seed 6 --hours 1 --tills 1 --without purse --without corrections"
    with swapped(*BROKEN["broker: a member is given a point too many"]):
        assert main([*wished.split(), "--shrink"]) == 1
        said = capsys.readouterr()
        [again] = [line for line in said.out.splitlines() if line.startswith("again: ips-sim ")]
        command = shlex.split(again.removeprefix("again: ips-sim "))
        assert main([*command, "--json"]) == 1
        told = json.loads(capsys.readouterr().out)

    assert command.count("--only") == 2 and re.search(r"shrunk to 2 of \d\d events", said.out)
    assert re.search(r"shrinking: \d+ soaks; 2 events in 1 h of 1 tills fail alike", said.err)
    assert [event.split(":")[1] for event in sorted(told["only"])] == ["customer", "member"]
    assert told["objection"]["findings"][0].startswith("points: ")
    assert told["log"] in said.out, "the same log"


def test_only_a_failure_is_shrunk() -> None:
    with pytest.raises(ValueError, match="objects"):
        Shrinking(soaked(1, 1, 1, "killer"), play=played, tell=lambda so_far: None)


def test_ctrl_c_ends_it_with_what_it_came_to(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with subprocess.Popen(
        [*COMMAND, "--seed", "1", "--hours", "1000", "--log", str(log)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and not (log.exists() and log.stat().st_size > 3_000):
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=SECONDS)

    assert running.returncode == 0, out + err
    assert "stopped by Ctrl-C" in err and "Traceback" not in err
    assert "stopped before its end; until here no auditor objects" in out
    assert "seed 1: 4 tills" in out and "sales" in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--tills", "0"], "'0': a whole number of tills from 1 to 16"),
        (["--hours", "1.5"], "'1.5': a whole number of hours from 1 to 100000"),
        (["--seed", "x"], "'x': a whole number of at most 12 digits"),
        (["--without", "clerk"], "invalid choice: 'clerk'"),
    ],
)
def test_misuse_says_what_is_meant(arguments: list[str], told: str) -> None:
    done = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 2
    assert told in done.stderr


def test_a_log_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "--hours", "1", "--log", str(tmp_path / "no" / "log")],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert "no/log: No such file or directory" in done.stderr and "Traceback" not in done.stderr


def test_every_kind_of_actor_has_its_own_name_and_faults() -> None:
    every = [fault for kind in kinds().values() for fault in kind.faults]
    assert len(every) == len(set(every))
    assert [kind.name for kind in kinds().values() if kind.trade] == ["clerk"]


def test_dice_stay_within_what_was_asked() -> None:
    dice = Dice(SeededEntropy(1))
    drawn = [dice.seconds(10) for _ in range(500)]
    assert 5 <= min(drawn) < 6 and 14 < max(drawn) <= 15
    assert not any(dice.chance(0) for _ in range(100))
    assert all(dice.chance(1_000) for _ in range(100))


def test_figures_add_up_by_fault_and_state() -> None:
    figures = Figures()
    figures.faults["printer: paper out", "idle"] += 2
    figures.faults["printer: paper out", "basket"] += 1
    figures.faults["broker: away", SHOP] += 1

    assert figures.met() == {"broker: away": 1, "printer: paper out": 3}
    assert figures.states_of("printer: paper out") == {"idle": 2, "basket": 1}
    assert figures.as_json()["coverage"]["broker: away"] == {SHOP: 1}
    assert SHOP not in STATES


def test_a_disk_that_fills_up_under_the_log_is_no_auditors_objection() -> None:
    """The soak goes on to its end; only the log is not whole, and the status says so."""
    ended = subprocess.run(
        [*COMMAND, "--seed", "3", "--hours", "1", "--tills", "1", "--log", "/dev/full"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ended.returncode == 1
    assert "/dev/full: No space left on device; the log is not whole" in ended.stderr
    assert "no auditor objects" in ended.stdout


def test_a_log_keeps_its_end_and_is_condensed() -> None:
    written: list[str] = []
    one, two = Log(written.append), Log()
    for log in (one, two):
        for number in range(200):
            log.add(f"line {number}")

    assert len(written) == 200 and one.tail[-1] == "line 199" and len(one.tail) < 100
    assert one.digest == two.digest
    two.add("")
    assert one.digest != two.digest
