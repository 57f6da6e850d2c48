"""Which modules there are: folder and entry points, without importing, one name one module (I18)."""

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from ips.manifests import ManifestError, parse_manifest
from ips.registry import FOLDER, ModuleError, list_modules, load

CASH = (FOLDER / "cash.toml").read_text()


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=value, group="ips.modules")


def test_listing_names_and_versions_of_what_is_here() -> None:
    """Folder and our own entry point are one module, not two of one name."""
    listings = list_modules(points=[point("cash", "ips.modules.cash:MODULE")])

    assert {name: each.version for name, each in listings.items()} == {
        "card": "1.0",
        "cash": "1.0",
        "chaos": "1.0",
        "exchange": "1.0",
        "icash": "1.0",
        "points": "1.0",
        "purse": "1.0",
        "terminal": "1.0",
        "transfer": "1.0",
    }


def test_listing_imports_no_module() -> None:
    """Names and versions are known before a stranger's code has run."""
    code = (
        "import sys; from ips.registry import list_modules; list_modules();"
        "sys.exit(any(n.startswith('ips.modules.') for n in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_two_modules_of_one_name_load_nothing() -> None:
    """Nobody may choose by chance who moves the money."""
    with pytest.raises(ModuleError, match=r"two payment modules are called 'cash'.*No module"):
        list_modules(points=[point("cash", "elsewhere.cash:MODULE")])


def test_load_returns_the_module_with_its_manifest() -> None:
    """A10: what runs is what was listed."""
    listings = list_modules(points=[])

    assert load("cash", listings).manifest == listings["cash"].manifest


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("cahs", "", "did you mean 'cash'"),
        ("gone", "no_such_package.module:MODULE", "cannot be loaded: No module named"),
        ("bare", "ips.modules.cash:NOTHING", "cannot be loaded"),
        ("renamed", "ips.modules.chaos:MODULE", "calls itself 'chaos'"),
    ],
)
def test_module_that_cannot_be_loaded_says_why(name: str, value: str, message: str) -> None:
    """One clear error: which, why, what to do."""
    points = [point(name, value)] if value else []
    with pytest.raises(ModuleError, match=message):
        load(name, list_modules(points=points))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'refund = "partial"',
            'refund = "partial"\nreceived = "purse/{devise}"',
            "received: no {devise}",
        ),
        ('refund = "partial"', 'refund = "partial"\nreceived = "purse/x"', "names no {device}"),
        ('refund = "partial"', 'refunds = "partial"', "unknown key refunds; did you mean 'refund'"),
        ("amount_min", "amount_mim", "unknown key limits.amount_mim"),
        ('refund = "partial"', 'refund = "some"', "some"),
        ("spi = 1", "spi = 9", "spi 9, this broker speaks 1"),
        ("{store}", "{sotre}", "no {sotre}; did you mean 'store'"),
        ("timeout_ms = 1000", "timeout_ms = 99999", "timeout_ms is a whole number"),
        ('id = "cash"', 'id = "c/sh"', "not a plain ASCII name"),
        ('en = "cash"', 'en = "cash"\ncurrencies = ["KRV"]', "unknown 'KRV'; did you mean 'KRW'"),
        ("[limits]", "[limits", "not TOML"),
    ],
)
def test_bad_manifest_names_place_and_nearest(old: str, new: str, message: str) -> None:
    """Bad input: one clear error that says what, where and what to do."""
    assert old in CASH
    with pytest.raises(ManifestError) as caught:
        parse_manifest(CASH.replace(old, new), file="cash.toml")
    assert message in str(caught.value) and "cash.toml" in str(caught.value)


def test_folder_module_is_called_as_its_file(tmp_path: Path) -> None:
    """A manifest under another name would be two names for one thing."""
    (tmp_path / "coin.toml").write_text(CASH)
    with pytest.raises(ModuleError, match="called as its file"):
        list_modules(tmp_path, points=[])
