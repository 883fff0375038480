"""The import table in ``components/__init__.py``, the sizes of files and functions, and who may change a job's state."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import components

pytestmark = pytest.mark.xdist_group("architecture")  # so that the modules are parsed once
ROOT = Path(components.__file__).parent
ROW = re.compile(r"^    ([\w.]+) +(.+)$", re.MULTILINE)
TABLES = components.__doc__.split("A library is imported in one place:")
PACKAGES = {package: set(allowed.replace("-", "").split()) for package, allowed in ROW.findall(TABLES[0])}
LIBRARIES = {library: set(homes.split()) for library, homes in ROW.findall(TABLES[1])}
MOST_LINES, MOST_MODULES = 400, 13
MOST_FUNCTION_LINES = {False: 60, True: 100}  # the second for builders, which only declare components and wire them


@cache
def modules() -> list[tuple[str, ast.Module]]:
    """Every module as (dotted name below components, syntax tree)."""
    parsed = []
    for path in sorted(ROOT.rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        parsed.append((name.removesuffix(".__init__"), ast.parse(path.read_text(encoding="utf-8"))))
    return [(name, tree) for name, tree in parsed if name != "__init__"]


def imports(tree: ast.Module) -> list[str]:
    """Every imported dotted name, those inside functions too."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import hides the package"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def within(name: str, prefixes: set[str]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_every_package_is_in_the_table() -> None:
    assert {name.split(".")[0] for name, _ in modules()} == set(PACKAGES)


def test_packages_import_only_what_the_table_allows() -> None:
    wrong = []
    for name, tree in modules():
        if name.endswith("__main__"):  # a program, where parts meet
            continue
        package = name.split(".")[0]
        for imported in imports(tree):
            target = imported.removeprefix("components.")
            if target != imported and not within(target, PACKAGES[package] | {package}):
                wrong.append(f"{name} imports {target}")

    assert wrong == []


def test_every_import_that_the_table_allows_is_used() -> None:
    made = [(name, imported) for name, tree in modules() for imported in imports(tree)]
    allowed = [(package, f"components.{target}") for package, targets in PACKAGES.items() for target in targets]
    allowed += [(home, library) for library, homes in LIBRARIES.items() for home in homes]

    unused = [
        f"{home} -> {target}"
        for home, target in allowed
        if not any(within(name, {home}) and within(imported, {target}) for name, imported in made)
    ]

    assert unused == []


def test_libraries_are_imported_only_where_the_table_allows_it() -> None:
    wrong = []
    for name, tree in modules():
        for imported in imports(tree):
            library = imported.split(".")[0]
            if library in LIBRARIES and not within(name, LIBRARIES[library]):
                wrong.append(f"{name} imports {library}")

    assert wrong == []


def test_only_ui_loads_gradio() -> None:
    """Also not by way of another module: checked in a fresh interpreter."""
    names = [f"components.{name}" for name, _ in modules() if name.split(".")[0] != "ui" and "migrations" not in name]
    program = f"import importlib, sys\nfor name in {names}: importlib.import_module(name)\nprint('gradio' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT.parent)

    assert done.stdout.strip() == "False"


def test_only_settings_reads_the_environment() -> None:
    touching = {"os.environ", "os.getenv", "os.putenv"}
    readers = [name for name, tree in modules() if touching & {ast.unparse(node) for node in ast.walk(tree)
               if isinstance(node, ast.Attribute)}]  # fmt: skip

    assert set(readers) <= {"settings"}


def test_only_transitions_change_the_state_of_a_job() -> None:
    """``replace(job, state=...)``, ``Job(state=...)`` and ``job.state = ...`` elsewhere would miss what belongs to a change."""
    elsewhere = []
    for name, tree in modules():
        for node in ast.walk(tree):
            called = ast.unparse(node.func).split(".")[-1] if isinstance(node, ast.Call) else ""
            named = called in ("replace", "Job") and "state" in [word.arg for word in getattr(node, "keywords", ())]
            assigned = isinstance(node, ast.Attribute) and node.attr == "state" and isinstance(node.ctx, ast.Store)
            if (named or assigned) and name != "jobs.transitions":
                elsewhere.append(f"{name}:{getattr(node, 'lineno', 0)}")

    assert elsewhere == []


def test_files_functions_and_packages_stay_small() -> None:
    wrong = [f"{path}: {count} lines" for path in ROOT.rglob("*.py") if (count := _lines(path)) > MOST_LINES]
    for name, tree in modules():
        for function in functions(tree):
            length = (function.end_lineno or 0) - function.lineno + 1
            if length > MOST_FUNCTION_LINES[function.name.startswith("build_")]:
                wrong.append(f"{name}.{function.name}: {length} lines")
    for folder in [ROOT, *(path for path in ROOT.rglob("*") if path.is_dir())]:
        if (count := len([path for path in folder.glob("*.py") if path.name != "__init__.py"])) > MOST_MODULES:
            wrong.append(f"{folder}: {count} modules")

    assert wrong == []


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())
