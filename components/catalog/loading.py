"""``catalog.yaml`` -> :class:`Catalog`, or an error that names file, line, model, field and the fix.

The file is parsed once into YAML nodes, which know their lines, and the data is built from these. A fault found
anywhere later is a path into the data, which the nodes turn into a line.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from yaml.constructor import ConstructorError

from components.catalog.models import Catalog
from components.catalog.rules import Fault, find_faults
from components.errors import CatalogError

TEXT, LIST, MAPPING, MERGE, BOOLEAN, INTEGER, FLOAT = (
    f"tag:yaml.org,2002:{name}" for name in ("str", "seq", "map", "merge", "bool", "int", "float")
)
# YAML 1.1 reads 010 as 8, 1:30 as 90 and `no` as false. What is written in any other way than these is text.
WRITTEN = {
    BOOLEAN: re.compile("true|false", re.IGNORECASE),
    INTEGER: re.compile("-?(0|[1-9][0-9]*)"),
    FLOAT: re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+"),
}
NUMBER = "write plain digits without quotes, such as 12 or 0.5"
FIXES = {
    "missing": "add it",
    "extra_forbidden": "remove it, or correct its spelling",
    "too_short": "give at least one",
    "string_type": "write text here; quote it when it looks like a number, a ratio or a date",
    "int_type": NUMBER,
    "float_type": NUMBER,
    "bool_type": "write true or false without quotes",
    "model_type": "write `key: value` lines here",
    "dict_type": "write `key: value` lines here",
    "tuple_type": "write a list here",
}
MESSAGES = {
    "model_type": "must be a mapping",
    "dict_type": "must be a mapping",
    "tuple_type": "must be a list",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
}


def load_catalog(path: Path | str) -> Catalog:
    """Read and check a catalog file.

    Raises:
        CatalogError: the file cannot be read, is not YAML, or breaks a rule; all faults are in the message.
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
    gc.disable()  # the nodes of a large file are many and none is garbage: looking for it took most of the time
    try:
        return _parse(text, name)
    finally:
        gc.enable()


def _parse(text: str, name: str) -> Catalog:
    loader = yaml.CSafeLoader(text)
    try:
        tree = loader.get_single_node()
        data = _build(loader, tree, {}) if tree else None
    except yaml.YAMLError as error:
        raise _not_yaml(error, name) from error
    if not isinstance(data, dict):
        raise CatalogError(f"{name}, line 1: the file must hold `endpoint:` and `models:`.")
    try:
        catalog = Catalog.model_validate(data)
        faults = list(find_faults(catalog))
    except ValidationError as error:
        faults = list(_type_faults(error))
    if faults:
        raise CatalogError("\n".join(_sentence(fault, name, tree, data) for fault in faults))
    return catalog


def _build(loader: yaml.CSafeLoader, node: yaml.Node, built: dict[yaml.Node, Any]) -> Any:
    """The data of a node; aliases share it. Faster than PyYAML's own construction, and duplicate keys are an error."""
    if isinstance(node, yaml.ScalarNode):
        return node.value if node.tag == TEXT else _build_scalar(loader, node)
    if node in built:
        return built[node]
    if node.tag not in (LIST, MAPPING):
        raise ConstructorError(problem=f"the tag {node.tag} is not allowed", problem_mark=node.start_mark)
    if isinstance(node, yaml.SequenceNode):
        items = built[node] = [_build(loader, item, built) for item in node.value]
        return items
    _check_keys(node)
    if any(key.tag == MERGE for key, _ in node.value):
        loader.flatten_mapping(node)
    mapping = built[node] = {_build(loader, key, built): _build(loader, value, built) for key, value in node.value}
    return mapping


def _build_scalar(loader: yaml.CSafeLoader, node: yaml.ScalarNode) -> Any:
    if node.tag in WRITTEN and not WRITTEN[node.tag].fullmatch(node.value):
        return node.value
    try:
        return loader.construct_object(node)
    except (ValueError, TypeError) as error:  # such as a date that does not exist
        raise ConstructorError(problem=str(error)[:200], problem_mark=node.start_mark) from error


def _check_keys(node: yaml.MappingNode) -> None:
    """Raise for a key that is written twice, of which YAML would silently keep the last, or that is not a scalar."""
    seen = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise ConstructorError(problem="a list or mapping cannot be a key", problem_mark=key.start_mark)
        if key.value in seen:
            raise ConstructorError(
                problem=f"`{key.value}` is written twice in one mapping, keep one", problem_mark=key.start_mark
            )
        seen.add(key.value)


def _not_yaml(error: yaml.YAMLError, name: str) -> CatalogError:
    mark = getattr(error, "problem_mark", None)
    where = f"{name}, line {mark.line + 1}" if mark else name
    return CatalogError(f"{where}: not valid YAML: {getattr(error, 'problem', None) or error}. Correct it there.")


def _type_faults(error: ValidationError) -> Iterator[Fault]:
    items = error.errors()
    paths = [tuple(item["loc"]) for item in items]
    for item, path in zip(items, paths, strict=True):
        # A list whose only member is faulty counts as empty for pydantic: the member's fault says it all.
        if item["type"] == "too_short" and any(other != path and other[: len(path)] == path for other in paths):
            continue
        what = MESSAGES.get(item["type"], item["msg"].removeprefix("Value error, "))
        yield Fault(path, what[:1].lower() + what[1:], FIXES.get(item["type"], "correct it"))


def _sentence(fault: Fault, name: str, tree: yaml.Node, data: Mapping[str, Any]) -> str:
    model, field = _names(fault.path, data)
    where = ", ".join(part for part in (name, f"line {_line(fault.path, tree)}", model, field) if part)
    return f"{where}: {fault.what}; {fault.fix}."


def _names(path: tuple[str | int, ...], data: Mapping[str, Any]) -> tuple[str, str]:
    """The model's id and the dotted field that a path leads to."""
    if len(path) >= 2 and path[0] == "models" and isinstance(path[1], int):
        entry = data["models"][path[1]]
        model_id = entry.get("id") if isinstance(entry, dict) else None
        model = f"model {model_id}" if model_id else f"model number {path[1] + 1}"
        return model, f"field {_dotted(path[2:])}" if path[2:] else ""
    return "", f"field {_dotted(path)}" if path else ""


def _dotted(path: tuple[str | int, ...]) -> str:
    return ".".join(str(part) for part in path)


def _line(path: tuple[str | int, ...], tree: yaml.Node) -> int:
    """The line of the deepest node on the path that exists; a missing field is at its parent's line."""
    node, line = tree, tree.start_mark.line
    for part in path:
        if isinstance(node, yaml.MappingNode):
            # The last of equal keys counts: merged keys stand before the mapping's own.
            item = next(((key, value) for key, value in reversed(node.value) if key.value == str(part)), None)
            if item is None:
                break
            line, node = item[0].start_mark.line, item[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line
        else:
            break
    return int(line) + 1
