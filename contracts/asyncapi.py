"""What is said over NATS, as an AsyncAPI 3.0 document, made from the contracts themselves."""

from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from pydantic.json_schema import models_json_schema

from contracts import subjects
from contracts.envelope import Envelope, Event, Message, Request

_COMPONENTS = "#/components/schemas/{model}"


def events_of(service: str) -> tuple[type[Event], ...]:
    return tuple(event for room in _rooms("events", service) for event in room.EVENTS)


def requests_of(service: str) -> tuple[type[Request[Any]], ...]:
    return tuple(request for room in _rooms("rpc", service) for request in room.REQUESTS)


def _rooms(kind: str, service: str) -> list[ModuleType]:
    """A room may have something to say, to answer, or both."""
    names = [f"contracts.{kind}.{room}" for room in _ROOMS[service]]
    return [import_module(name) for name in names if find_spec(name)]


_ROOMS: dict[str, tuple[str, ...]] = {service: (service,) for service in subjects.SERVICES} | {
    "ledger": ("ledger", "payments"),
    "battle": ("battle", "boards"),
    "creation": ("jobs", "uploads", "creation", "social"),
}
"""The modules that hold what a service says, and what it answers."""


def event_types() -> dict[str, type[Event]]:
    """Every event there is, by its type."""
    return {event.TYPE: event for service in subjects.SERVICES for event in events_of(service)}


def document(services: Iterable[str] = subjects.SERVICES, hears: Iterable[str] = ()) -> dict[str, Any]:
    """The document of some services: what they say and answer, and (for one of them) the subjects that it hears."""
    known = event_types()
    services = list(services)
    said = [event for service in services for event in events_of(service)]
    heard = [known[subject.removeprefix("events.")] for subject in hears]
    answered = [request for service in services for request in requests_of(service)]
    channels = {event.TYPE: _event_channel(event) for event in [*said, *heard]}
    operations: dict[str, Any] = {}
    for event in said:
        operations[f"say {event.TYPE}"] = {"action": "send", "channel": _ref(event.TYPE)}
    for event in heard:
        operations[f"hear {event.TYPE}"] = {"action": "receive", "channel": _ref(event.TYPE)}
    for request in answered:
        channels |= _request_channels(request)
        operations[f"answer {request.SUBJECT}"] = {
            "action": "receive",
            "channel": _ref(request.SUBJECT),
            "reply": {"channel": _ref(f"{request.SUBJECT}.reply")},
        }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "MagicPic", "version": "1", "description": "Events and requests over NATS JetStream."},
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"schemas": _schemas([*said, *heard, *answered, *(r.reply_type() for r in answered)])},
    }


def _ref(channel: str) -> dict[str, str]:
    return {"$ref": f"#/channels/{channel.replace('/', '~1')}"}


def _model(model: type[Message]) -> dict[str, str]:
    return {"$ref": _COMPONENTS.format(model=model.__name__)}


def _event_channel(event: type[Event]) -> dict[str, Any]:
    payload = {
        "allOf": [_model(Envelope), {"properties": {"type": {"const": event.TYPE}, "data": _model(event)}}],
    }
    return {
        "address": subjects.event_subject(event.TYPE),
        "description": (event.__doc__ or "").strip(),
        "messages": {event.__name__: {"name": event.__name__, "payload": payload}},
    }


def _request_channels(request: type[Request[Any]]) -> dict[str, Any]:
    reply = request.reply_type()
    return {
        request.SUBJECT: {
            "address": request.SUBJECT,
            "description": (request.__doc__ or "").strip(),
            "messages": {request.__name__: {"name": request.__name__, "payload": _model(request)}},
        },
        f"{request.SUBJECT}.reply": {
            "address": None,
            "messages": {reply.__name__: {"name": reply.__name__, "payload": _model(reply)}},
        },
    }


def _schemas(models: Iterable[type[Message]]) -> dict[str, Any]:
    wanted: list[type[Message]] = list(dict.fromkeys([Envelope, *models]))
    _, schema = models_json_schema([(model, "serialization") for model in wanted], ref_template=_COMPONENTS)
    found: dict[str, Any] = schema.get("$defs", {})
    return found
