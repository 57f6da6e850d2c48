"""Everything the project installs is pinned in one file, without any index address."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_dependency_is_pinned_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = {re.split(r"[<>=!;\[ ]", line)[0].lower() for line in wanted}
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line.split("==")[0].lower() for line in lines if line and not line.startswith("#")]

    assert all("==" in line for line in lines if line and not line.startswith("#"))
    assert len(pins) == len(set(pins))
    assert names <= set(pins)
