"""Would a change of a schema break those who read or write it? Works on plain JSON Schema and OpenAPI documents.

`reading` schemas describe what others read from us: nothing that they count on may go or widen. `writing` schemas
describe what others send us: nothing that they send may be refused all at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Use = Literal["reading", "writing"]
Schema = dict[str, Any]
_KEYWORDS = ("type", "format", "const")
MAX_DEPTH = 20  # some schemas contain themselves
_METHODS = ("get", "put", "post", "delete", "patch")


def breaks(
    old: Schema, new: Schema, use: Use, *, old_root: Schema | None = None, new_root: Schema | None = None
) -> list[str]:
    """The breaking differences, each as `path: what`."""
    return list(_Comparison(use, old_root or old, new_root or new).compare(old, new, "", 0))


@dataclass(frozen=True)
class _Comparison:
    """`old_root` and `new_root` are the documents that hold what the schemas refer to."""

    use: Use
    old_root: Schema
    new_root: Schema

    def compare(self, old: Schema, new: Schema, path: str, depth: int) -> Iterator[str]:
        old, new = _resolve(old, self.old_root), _resolve(new, self.new_root)
        if depth > MAX_DEPTH:
            return
        for keyword in _KEYWORDS:
            if keyword in old and old[keyword] != new.get(keyword):
                yield f"{path or '.'}: {keyword} was {old[keyword]}, is {new.get(keyword)}"
        yield from self._choices(old, new, path)
        yield from self._required(old, new, path)
        for name, schema in old.get("properties", {}).items():
            if name not in new.get("properties", {}):
                yield f"{path}.{name}: is gone"
            else:
                yield from self.compare(schema, new["properties"][name], f"{path}.{name}", depth + 1)
        for keyword in ("items", "additionalProperties"):
            if isinstance(old.get(keyword), dict) and isinstance(new.get(keyword), dict):
                yield from self.compare(old[keyword], new[keyword], f"{path}[]", depth + 1)

    def _required(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        was, now = set(old.get("required", [])), set(new.get("required", []))
        if self.use == "reading":
            kept = was & new.get("properties", {}).keys()
            yield from (f"{path}.{name}: was always there" for name in sorted(kept - now))
        else:
            yield from (f"{path}.{name}: is required now" for name in sorted(now - was))

    def _choices(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        if "enum" in old and self.use == "writing":
            taken = new["enum"] if "enum" in new else old["enum"]
            gone = [value for value in old["enum"] if value not in taken]
            if gone:
                yield f"{path or '.'}: no longer takes {gone}"
        if "anyOf" not in old and "anyOf" not in new:
            return
        was = {_name(choice, self.old_root) for choice in old.get("anyOf", [old])}
        now = {_name(choice, self.new_root) for choice in new.get("anyOf", [new])}
        if self.use == "reading" and now - was:
            yield f"{path or '.'}: may now be {sorted(now - was)}"
        if self.use == "writing" and was - now:
            yield f"{path or '.'}: no longer takes {sorted(was - now)}"


def _name(schema: Schema, root: Schema) -> str:
    """What tells one choice of an `anyOf` from another."""
    resolved = _resolve(schema, root)
    if "properties" in resolved:
        return str(schema.get("$ref", resolved.get("title", "object"))).rpartition("/")[2]
    return str(resolved.get("type", resolved.get("const", resolved.get("enum", "any"))))


def _resolve(schema: Schema, root: Schema) -> Schema:
    while "$ref" in schema:
        found: Any = root
        for part in str(schema["$ref"]).removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/")]
        schema = found
    return schema


def openapi_breaks(old: Schema, new: Schema) -> list[str]:
    """What would break a client of the HTTP API."""
    return [
        f"{method.upper()} {path}{fault}"
        for path, operations in old["paths"].items()
        for method in _METHODS
        if method in operations
        for fault in _operation_breaks(operations[method], new["paths"].get(path, {}).get(method), old, new)
    ]


def _operation_breaks(old: Schema, new: Schema | None, old_root: Schema, new_root: Schema) -> Iterator[str]:
    if new is None:
        yield ": is gone"
        return
    was = {parameter["name"]: parameter for parameter in old.get("parameters", [])}
    now = {parameter["name"]: parameter for parameter in new.get("parameters", [])}
    yield from (f"?{name}: is gone" for name in was.keys() - now.keys())
    yield from (f"?{name}: is required now" for name in now.keys() - was.keys() if now[name].get("required"))
    for name in was.keys() & now.keys():
        for fault in breaks(was[name]["schema"], now[name]["schema"], "writing", old_root=old_root, new_root=new_root):
            yield f"?{name}{fault}"
    for kind, schema in _bodies(old.get("requestBody", {})):
        matching = dict(_bodies(new.get("requestBody", {}))).get(kind)
        if matching is None:
            yield f" body: {kind} is gone"
        else:
            yield from (
                f" body{fault}" for fault in breaks(schema, matching, "writing", old_root=old_root, new_root=new_root)
            )
    for status, response in old["responses"].items():
        if status not in new["responses"]:
            yield f" answer {status}: is gone"
            continue
        schemas = dict(_bodies(new["responses"][status]))
        for kind, schema in _bodies(response):
            if kind in schemas:
                found = breaks(schema, schemas[kind], "reading", old_root=old_root, new_root=new_root)
                yield from (f" answer {status}{fault}" for fault in found)


def _bodies(holder: Schema) -> Iterator[tuple[str, Schema]]:
    for kind, media in holder.get("content", {}).items():
        if "schema" in media:
            yield kind, media["schema"]
