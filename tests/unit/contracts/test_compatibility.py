"""A change that would break a reader or a writer is seen; one that would not is let through."""

import copy
from typing import Any

import pytest

from contracts.compatibility import breaks, openapi_breaks

OLD: dict[str, Any] = {
    "type": "object",
    "required": ["id", "style"],
    "properties": {
        "id": {"type": "integer"},
        "mood": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "kind": {"type": "string", "enum": ["a", "b"]},
        "style": {"$ref": "#/$defs/Style"},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "$defs": {"Style": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}},
}


def changed(path: list[str], value: Any) -> dict[str, Any]:
    new = copy.deepcopy(OLD)
    holder = new
    for part in path[:-1]:
        holder = holder[part]
    if value is None:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return new


def test_the_same_schema_breaks_nobody() -> None:
    assert breaks(OLD, OLD, "reading") == breaks(OLD, OLD, "writing") == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["properties", "id"], None),
        (["properties", "id", "type"], "string"),
        (["required"], ["style"]),
        (["properties", "id"], {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        (["$defs", "Style", "properties", "name"], None),
        (["properties", "tags", "items", "type"], "integer"),
    ],
)
def test_what_a_reader_counts_on_may_not_go(path: list[str], value: Any) -> None:
    assert breaks(OLD, changed(path, value), "reading")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["required"], ["id", "style", "kind"]),
        (["properties", "kind", "enum"], ["a"]),
        (["properties", "mood"], {"type": "string"}),
    ],
)
def test_what_a_writer_sends_may_not_be_refused(path: list[str], value: Any) -> None:
    assert breaks(OLD, changed(path, value), "writing")


@pytest.mark.parametrize("use", ["reading", "writing"])
def test_a_new_optional_field_breaks_nobody(use: Any) -> None:
    assert breaks(OLD, changed(["properties", "extra"], {"type": "string"}), use) == []


API: dict[str, Any] = {
    "paths": {
        "/styles": {
            "get": {
                "parameters": [{"name": "page", "schema": {"type": "integer"}}],
                "responses": {"200": {"content": {"application/json": {"schema": OLD}}}, "404": {}},
            },
        },
    },
    "$defs": OLD["$defs"],
}


@pytest.mark.parametrize("part", ["get", "parameters", "404"])
def test_a_route_a_parameter_or_an_answer_that_goes_is_seen(part: str) -> None:
    new = copy.deepcopy(API)
    operations = new["paths"]["/styles"]
    if part == "get":
        del operations["get"]
    elif part == "parameters":
        operations["get"]["parameters"] = []
    else:
        del operations["get"]["responses"]["404"]
    assert openapi_breaks(API, API) == []
    assert len(openapi_breaks(API, new)) == 1
