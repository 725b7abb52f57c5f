"""Writes `contracts/published/`: what other teams build on. A change that would break them is refused."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from contracts import asyncapi
from contracts.compatibility import Use, breaks, openapi_breaks
from contracts.errors import STATUS

PUBLISHED = Path(__file__).parent.parent / "contracts" / "published"
console = Console(highlight=False)


def run(*, breaking: bool) -> None:
    faults = breaking_changes()
    for fault in faults:
        console.print(f"[red]breaking:[/] {fault}", soft_wrap=True)
    if faults and not breaking:
        console.print("Nothing was written. Keep the old shape beside the new one, or raise the event's VERSION.")
        raise SystemExit(1)
    for path, text in documents().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    console.print(f"{len(documents())} documents written to {PUBLISHED}")


def documents() -> dict[Path, str]:
    """Every document as it should stand, by its path."""
    found = {
        PUBLISHED / "openapi.json": _json(openapi()),
        PUBLISHED / "errors.md": _error_table(),
        PUBLISHED / "asyncapi.yaml": yaml.safe_dump(asyncapi.document(), sort_keys=False, width=120),
    }
    for event in asyncapi.event_types().values():
        found[PUBLISHED / "events" / f"{event.TYPE}.v{event.VERSION}.json"] = _json(event.model_json_schema())
    return found


def _error_table() -> str:
    rows = [f"| {status} | `{code}` |" for code, status in sorted(STATUS.items(), key=lambda item: (item[1], item[0]))]
    return "\n".join(["# Every error code, by its HTTP status", "", "| status | code |", "|---|---|", *rows, ""])


def breaking_changes() -> list[str]:
    """How the code's contracts break what was published."""
    return [*_openapi_changes(), *_event_changes(), *_request_changes()]


def openapi() -> dict[str, Any]:
    from gateway.app import describe

    document: dict[str, Any] = describe()
    return document


def _openapi_changes() -> Iterator[str]:
    path = PUBLISHED / "openapi.json"
    if path.exists():
        yield from openapi_breaks(json.loads(path.read_text(encoding="utf-8")), openapi())


def _event_changes() -> Iterator[str]:
    known = {f"{event.TYPE}.v{event.VERSION}": event for event in asyncapi.event_types().values()}
    for path in sorted((PUBLISHED / "events").glob("*.json")):
        event = known.get(path.stem)
        if event is None:
            yield f"{path.stem}: is gone, but there may be readers of it"
        else:
            old = json.loads(path.read_text(encoding="utf-8"))
            yield from (f"{path.stem}{fault}" for fault in breaks(old, event.model_json_schema(), "reading"))


def _request_changes() -> Iterator[str]:
    path = PUBLISHED / "asyncapi.yaml"
    if not path.exists():
        return
    old = yaml.safe_load(path.read_text(encoding="utf-8"))
    new = asyncapi.document()
    for subject in [name for name in old["channels"] if name.startswith("rpc.")]:
        if subject not in new["channels"]:
            yield f"{subject}: is gone"
            continue
        use: Use = "reading" if subject.endswith(".reply") else "writing"
        was, now = (_payload(document["channels"][subject]) for document in (old, new))
        faults = breaks(was, now, use, old_root=old, new_root=new)
        yield from (f"{subject}{fault}" for fault in faults)


def _payload(channel: dict[str, Any]) -> dict[str, Any]:
    payload: dict[str, Any] = next(iter(channel["messages"].values()))["payload"]
    return payload


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
