"""Reads `documents.yaml`, and holds an answer against what it says, field by field."""

import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

PLAIN: dict[str, type | tuple[type, ...]] = {"int": int, "number": (int, float), "str": str, "bool": bool}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
ALL_OF = "*"
OR_NULL = "|null"
FINE = ""
Findings = dict[str, str]
"""What is wrong with each field, by its path with `[]` for what lies in a list; empty where nothing is."""


@cache
def table() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "documents.yaml").read_text())
    return found


def fields(shape: Any, path: str) -> list[str]:
    """The path of every field that a shape promises."""
    if isinstance(shape, str):
        name = shape.removesuffix(OR_NULL)
        if name.endswith("[]"):
            return fields(name.removesuffix("[]"), f"{path}[]")
        return fields(table()["shapes"][name], path) if name in table()["shapes"] else [path]
    if isinstance(shape, list):
        return fields(shape[0], f"{path}[]")
    found = fields(shape[ALL_OF], path) if ALL_OF in shape else []
    for key, of in shape.items():
        if key != ALL_OF:
            found += fields(of, f"{path}.{key.removesuffix('?')}")
    return found


def find(value: Any, shape: Any, path: str, found: Findings) -> None:
    """Looks at everything that the shape promises; a fault that was found in one item of a list stays."""
    if isinstance(shape, list):
        for item in value if isinstance(value, list) else []:
            find(item, shape[0], f"{path}[]", found)
    elif isinstance(shape, dict):
        inside = value if isinstance(value, dict) else {}
        for key, of in shape.items():
            name = key.removesuffix("?")
            if key == ALL_OF:
                find(value, of, path, found)
            elif name in inside:
                find(inside[name], of, f"{path}.{name}", found)
            elif not key.endswith("?"):
                found.update(dict.fromkeys(fields(of, f"{path}.{name}"), "is missing"))
    else:
        _find_text(value, shape, path, found)


def _find_text(value: Any, shape: str, path: str, found: Findings) -> None:
    if shape.endswith(OR_NULL) and value is None:
        found.setdefault(path, FINE)
        return
    name = shape.removesuffix(OR_NULL)
    if name.endswith("[]"):
        find(value, [name.removesuffix("[]")], path, found)
    elif name in table()["shapes"]:
        find(value, table()["shapes"][name], path, found)
    elif not found.get(path):
        found[path] = FINE if _is(value, name) else f"{value!r} is not {shape}"


def _is(value: Any, name: str) -> bool:
    if name in PLAIN:
        return isinstance(value, PLAIN[name]) and (name == "bool" or not isinstance(value, bool))
    if not isinstance(value, str):
        return False
    if name == "time":
        return bool(TIME.fullmatch(value)) and datetime.fromisoformat(value).tzinfo is not None
    if name == "url":
        return bool(re.match(r"https?://[^/\s]+/", value))
    return value == name[1:] if name.startswith("=") else value in name.split("|")
