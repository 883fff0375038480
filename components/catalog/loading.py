"""``catalog.yaml`` -> :class:`Catalog`, or an error that names file, line, model, field and the fix.

The file is parsed twice on purpose: once as a node tree, which knows the lines, once as plain data. A fault
found anywhere later is a path into that data, and the tree turns the path into a line.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from components.catalog.models import Catalog
from components.catalog.rules import Fault, faults_in
from components.errors import CatalogError

Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LARGEST_FILE = 1_000_000
DEEPEST = 40

FIXES = {
    "missing": "add it",
    "extra_forbidden": "remove it, or correct its spelling",
    "too_short": "give at least one",
    "string_type": "write text here; quote it when it looks like a number, a ratio or a date",
    "int_type": "write a number here",
    "float_type": "write a number here",
}


def load_catalog(path: Path | str) -> Catalog:
    """Read and check a catalog file.

    Raises:
        CatalogError: the file cannot be read, is no YAML, or breaks a rule; all faults are in the message.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CatalogError(f"{path}: the catalog cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise CatalogError(f"{path}: the catalog is not UTF-8 text.") from error
    return parse_catalog(text, str(path))


def parse_catalog(text: str, name: str = "catalog.yaml") -> Catalog:
    """Check catalog text; ``name`` is what errors call the file. Raises CatalogError like load_catalog."""
    if len(text) > LARGEST_FILE:
        raise CatalogError(f"{name}: larger than {LARGEST_FILE:,} characters, so it is no catalog.")
    tree = _tree(text, name)
    try:
        data = yaml.load(text, Loader=Loader)
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise _broken(error, name, _culprit(tree)) from error
    if not isinstance(data, dict):
        raise CatalogError(f"{name}, line 1: the top level must hold `endpoint:` and `models:`.")
    try:
        catalog = Catalog.model_validate(data)
        faults = list(faults_in(catalog))
    except ValidationError as error:
        faults = list(_faults_of(error))
    if faults:
        raise CatalogError("\n".join(_sentence(fault, name, tree, data) for fault in faults))
    return catalog


def _tree(text: str, name: str) -> yaml.Node:
    """The node tree, refusing what a catalog never needs and an attacker might: aliases, depth, twin keys."""
    try:
        depth = 0
        for event in yaml.parse(text, Loader=Loader):
            if isinstance(event, yaml.AliasEvent):
                line = event.start_mark.line + 1
                raise CatalogError(f"{name}, line {line}: YAML aliases (*name) are not used in a catalog: write it out.")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                raise _too_deep(name, event.start_mark.line)
        tree = yaml.compose(text, Loader=Loader)
    except yaml.YAMLError as error:
        if "nesting depth" in str(error):  # the scanner of newer libyaml reads ahead, and gives up before the count above
            raise _too_deep(name, error.problem_mark.line) from error
        raise _broken(error, name) from error
    if tree is None:
        raise CatalogError(f"{name}, line 1: the file is empty; it must hold `endpoint:` and `models:`.")
    for key in _twins(tree):
        line = key.start_mark.line + 1
        raise CatalogError(f"{name}, line {line}: `{key.value}` is written twice in one place; keep one of them.")
    for node in _scalars(tree):
        if node.tag.startswith("tag:yaml.org,2002:python/") or node.tag.startswith("!"):
            raise CatalogError(f"{name}, line {node.start_mark.line + 1}: the tag {node.tag} is not allowed; remove it.")
    return tree


def _culprit(tree: yaml.Node) -> Any:
    """Where the first value stands that is no date, number or word of its kind; None if it is a whole."""
    for node in _scalars(tree):
        if isinstance(node, yaml.ScalarNode):
            try:
                Loader("").construct_object(node)
            except (yaml.YAMLError, ValueError, TypeError):
                return node.start_mark
    return None


def _too_deep(name: str, line: int) -> CatalogError:
    return CatalogError(f"{name}, line {line + 1}: nested more than {DEEPEST} levels deep.")


def _broken(error: Exception, name: str, mark: Any = None) -> CatalogError:
    mark = getattr(error, "problem_mark", None) or mark
    where = f", line {mark.line + 1}" if mark else ""
    problem = getattr(error, "problem", None) or str(error)[:200]
    return CatalogError(f"{name}{where}: not valid YAML: {problem}. Fix the indentation or quoting there.")


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _scalars(node: yaml.Node) -> Iterator[yaml.Node]:
    yield node
    for child in _children(node):
        yield from _scalars(child)


def _twins(node: yaml.Node) -> Iterator[yaml.Node]:
    """Keys that stand twice in one mapping: YAML would silently keep the last."""
    for mapping in _scalars(node):
        if isinstance(mapping, yaml.MappingNode):
            seen: set[Hashable] = set()
            for key, _ in mapping.value:
                if isinstance(key.value, Hashable) and key.value in seen:
                    yield key
                seen.add(key.value if isinstance(key.value, Hashable) else id(key))


def _faults_of(error: ValidationError) -> Iterator[Fault]:
    items = error.errors()
    paths = [tuple(item["loc"]) for item in items]
    for item in items:
        here = tuple(item["loc"])
        # A list whose only member is faulty counts as empty for pydantic: the member's fault says it all.
        if item["type"] == "too_short" and any(path != here and path[: len(here)] == here for path in paths):
            continue
        fix = FIXES.get(item["type"], "correct it")
        yield Fault(tuple(item["loc"]), item["msg"][:1].lower() + item["msg"][1:], fix)


def _sentence(fault: Fault, name: str, tree: yaml.Node, data: Mapping[str, Any]) -> str:
    model, field = _names(fault.path, data)
    place = ", ".join(part for part in (name, f"line {_line(fault.path, tree)}", model, field) if part)
    return f"{place}: {fault.what}; {fault.fix}."


def _names(path: tuple[str | int, ...], data: Mapping[str, Any]) -> tuple[str, str]:
    """The model's id and the dotted field that a path speaks of."""
    if len(path) >= 2 and path[0] == "models" and isinstance(path[1], int):
        entry = data["models"][path[1]]
        named = entry.get("id") if isinstance(entry, dict) else None
        model = f"model {named}" if named else f"model number {path[1] + 1}"
        return model, f"field {_dotted(path[2:])}" if path[2:] else ""
    return "", f"field {_dotted(path)}" if path else ""


def _dotted(path: tuple[str | int, ...]) -> str:
    return ".".join(str(part) for part in path)


def _line(path: tuple[str | int, ...], tree: yaml.Node) -> int:
    """The line of the deepest node on the path that exists; a missing field is at its parent's line."""
    node, line = tree, tree.start_mark.line
    for part in path:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line
        else:
            break
    return int(line) + 1
