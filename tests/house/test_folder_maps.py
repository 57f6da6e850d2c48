"""Every package's docstring is the map of its folder: each module stands in it, and nothing else.

Method: the map is the docstring of `__init__.py`; a row is `name   what it is for`.
"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("protocols", "devices", "sim", "receipts", "pos", "ips")
FOLDERS = sorted(
    path.parent for package in PACKAGES for path in (ROOT / package).rglob("__init__.py")
)


def members(folder: Path) -> set[str]:
    """Return the names a map of this folder must have: modules and packages."""
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    packages = {path.parent.name for path in folder.glob("*/__init__.py")}
    return modules | packages


def rows(folder: Path) -> set[str]:
    """Return the names that the docstring's map has; a row may also name a folder of data."""
    docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""
    named = re.findall(r"^([a-z_][a-z0-9_]*)(/?)  +\S", docstring, flags=re.MULTILINE)
    return {name for name, slash in named if not (slash and _is_data(folder / name))}


def _is_data(folder: Path) -> bool:
    return folder.is_dir() and not (folder / "__init__.py").exists()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_folder_map_names_every_module_and_nothing_else(folder: Path) -> None:
    assert rows(folder) == members(folder)


def test_tests_have_no_packages_that_would_shadow_ours() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))
