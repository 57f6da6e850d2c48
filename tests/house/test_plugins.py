"""The pytest plugin is for strangers: it starts our commands and speaks HTTP, and imports nothing of ours."""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "plugins" / "pytest_intermarket.py"


def test_the_plugin_imports_the_standard_library_and_pytest() -> None:
    imported = set()
    for node in ast.walk(ast.parse(PLUGIN.read_text())):
        if isinstance(node, ast.Import):
            imported |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            imported.add(node.module.partition(".")[0])

    assert imported - set(sys.stdlib_module_names) == {"pytest"}


def test_the_readme_names_every_fixture_and_marker() -> None:
    readme = (ROOT / "plugins" / "README.md").read_text()
    tree = ast.parse(PLUGIN.read_text())
    fixtures = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and "pytest.fixture" in map(_named, node.decorator_list)
    }

    inner = {"intermarket_folder"}
    assert len(fixtures) > 6
    assert {name for name in fixtures - inner if name not in readme} == set()
    assert all(f"intermarket_{name}(" in readme for name in ("wire", "seed", "plan"))


def _named(node: ast.expr) -> str:
    return ast.unparse(node.func if isinstance(node, ast.Call) else node)
