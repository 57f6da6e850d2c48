"""Our six package names are generic, so it is checked that they are ours and nobody else's."""

import importlib.util
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("protocols", "devices", "sim", "receipts", "pos", "ips")


@pytest.mark.parametrize("package", PACKAGES)
def test_package_is_imported_from_this_tree(package: str) -> None:
    spec = importlib.util.find_spec(package)

    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).is_relative_to(ROOT)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_distribution_ships_the_package(package: str) -> None:
    assert set(packages_distributions().get(package, [])) <= {"intermarket-pos"}
