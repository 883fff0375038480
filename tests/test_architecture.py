"""The table in ``components/__init__.py`` is the rule: who may import whom, and where a library lives."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import components

ROOT = Path(components.__file__).parent
ROW = re.compile(r"^    ([\w.]+) +(.+)$", re.MULTILINE)
TABLES = components.__doc__.split("A library is imported in one place:")
ROOMS = {room: set(allowed.replace("-", "").split()) for room, allowed in ROW.findall(TABLES[0])}
# Imports of the old layout that are still to be removed; no line may be added.
EXCEPTIONS = set((Path(__file__).parent / "architecture_exceptions.txt").read_text().splitlines())
LIBRARIES = {library: set(homes.split()) for library, homes in ROW.findall(TABLES[1])}


def modules() -> list[tuple[str, ast.Module]]:
    """Every module of the house as (dotted name below components, syntax tree)."""
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found.append((name.removesuffix(".__init__"), ast.parse(path.read_text())))
    return [(name, tree) for name, tree in found if name != "__init__"]


def imports(tree: ast.Module) -> list[str]:
    """Every imported dotted name, those inside functions too."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the room"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def within(name: str, places: set[str]) -> bool:
    return any(name == place or name.startswith(f"{place}.") for place in places)


def test_every_room_stands_in_the_table() -> None:
    """A new room, or one that is gone, shows in the table."""
    on_disk = {name.split(".")[0] for name, _ in modules()}

    assert on_disk == set(ROOMS)


def test_rooms_import_only_what_the_table_allows() -> None:
    """Each import of one room by another is an arrow of the table."""
    wrong = []
    for name, tree in modules():
        room = name.split(".")[0]
        for imported in imports(tree):
            if imported.startswith("components."):
                target = imported.removeprefix("components.")
                if not within(target, ROOMS[room] | {room}):
                    wrong.append(f"{name} imports {target}")

    assert set(wrong) - EXCEPTIONS == set()


def test_libraries_live_in_their_rooms_only() -> None:
    """Gradio, HTTP, YAML and the like each have a home."""
    wrong = []
    for name, tree in modules():
        for imported in imports(tree):
            library = imported.split(".")[0]
            if library in LIBRARIES and not within(name, LIBRARIES[library]):
                wrong.append(f"{name} imports {library}")

    assert set(wrong) - EXCEPTIONS == set()


def test_nobody_reads_the_environment_but_settings() -> None:
    """``os.environ`` and ``os.getenv`` stand in no room."""
    touching = {"os.environ", "os.getenv", "os.putenv"}
    readers = [name for name, tree in modules() if touching & {ast.unparse(node) for node in ast.walk(tree)
               if isinstance(node, ast.Attribute)}]  # fmt: skip

    assert readers == []


def test_no_file_is_larger_than_400_lines() -> None:
    """A file that has outgrown its sentence is split."""
    large = {str(path): n for path in ROOT.rglob("*.py") if (n := len(path.read_text().splitlines())) > 400}

    assert large == {}


def test_only_ui_loads_gradio() -> None:
    """In an interpreter that imports every other module (those of migrations run when they are imported)."""
    others = [name for name, _ in modules() if not re.search(r"^ui\b|migrations|__main__", name)]
    program = f"""
import importlib, sys
for name in {others}:
    importlib.import_module("components." + name)
    assert "gradio" not in sys.modules, name
"""
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT.parent).returncode == 0


def test_the_state_of_a_job_is_assigned_in_transitions_alone() -> None:
    """``state=`` in a call of ``replace`` or ``Job``, and ``.state = ``: a change that is made elsewhere forgets something."""
    elsewhere = []
    for name, tree in modules():
        for node in ast.walk(tree):
            is_call = isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("replace", "Job")
            named = is_call and any(keyword.arg == "state" for keyword in node.keywords)  # type: ignore[attr-defined]
            targets = node.targets if isinstance(node, ast.Assign) else []
            assigned = any(isinstance(target, ast.Attribute) and target.attr == "state" for target in targets)
            if (named or assigned) and name != "jobs.transitions":
                elsewhere.append(f"{name}:{node.lineno}")  # type: ignore[attr-defined]

    assert elsewhere == []
