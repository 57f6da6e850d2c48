"""Fifty SIGKILLs at random moments to a till that sells as fast as it can: nothing lost, nothing doubled."""

from pathlib import Path

import pytest

from tests.support.random_kills import sell_and_kill
from tests.support.till_forks import TillForks

pytestmark = pytest.mark.system


def test_fifty_random_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    with TillForks(tmp_path) as forks:
        outcome = sell_and_kill(tmp_path / "till", forks, kills=50, seed=1998)

    assert outcome.kills == 50
    assert outcome.answered > 50, "the till was killed before it could sell: prove it faster"
