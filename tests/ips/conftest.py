"""What tests of the broker's rules share: rules as shipped, books in memory, a terminal that writes."""

import pytest

from ips.rules import Rules, load_rules
from tests.ips.model import MemoryBooks, Terminal


@pytest.fixture(scope="session")
def rules() -> Rules:
    return load_rules()


@pytest.fixture
def books(rules: Rules) -> MemoryBooks:
    return MemoryBooks(rules)


@pytest.fixture
def terminal(books: MemoryBooks) -> Terminal:
    return Terminal(books)
