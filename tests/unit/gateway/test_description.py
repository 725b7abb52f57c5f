"""Every endpoint says who may call it, and the API's description says everything about it."""

import json
import re
from typing import Any

import pytest

from cli.contracts import PUBLISHED
from contracts.errors import STATUS
from gateway.app import GatewaySettings, create_app
from gateway.errors import MESSAGES
from gateway.routing import Access, Route

SETTINGS = GatewaySettings(nats_url="-", s3_endpoint="http://localhost", s3_access_key="-", s3_secret_key="-")
# As published: test_published.py sees that the code says the very same.
DESCRIPTION: dict[str, Any] = json.loads((PUBLISHED / "openapi.json").read_text("utf-8"))
OPERATIONS: dict[str, dict[str, Any]] = {
    f"{method.upper()} {path}": operation
    for path, methods in DESCRIPTION["paths"].items()
    for method, operation in methods.items()
}
PUBLIC = {
    "POST /api/auth/signup",
    "POST /api/auth/login",
    "POST /api/auth/guest",
    "POST /api/auth/refresh",
    "POST /api/auth/verify-email",
    "GET /api/auth/verify-email",
    "POST /api/auth/magic-link/request",
    "POST /api/auth/magic-link/verify",
    "POST /api/auth/google",
    "POST /api/auth/forgot-password",
    "POST /api/auth/reset-password",
    "POST /api/webhooks/razorpay",
    "POST /api/webhooks/stripe",
    "GET /api/webhooks/admob",
    "GET /.well-known/jwks.json",
    "GET /s/{slug}",
    "GET /s/{slug}/image",
    "GET /docs",
    "GET /docs/{name}",
    "GET /openapi.json",
    "GET /healthz",
    "GET /readyz",
    "GET /socket.io/",
    "POST /socket.io/",
}
SIGNING_IN = {
    "POST /api/auth/login",
    "POST /api/auth/signup",
    "POST /api/auth/refresh",
    "POST /api/auth/verify-email",
    "POST /api/auth/magic-link/verify",
    "POST /api/auth/google",
}
TAKING_TOKENS = SIGNING_IN - {"POST /api/auth/login"}


def test_every_way_in_for_pictures_is_counted_apart() -> None:
    """A picture is ten megabytes: whatever takes one says so."""
    taking = {
        route.declaration.path
        for route in all_routes()
        if "multipart/form-data" in str(route.declaration.documentation) or route.path.startswith("/api/upload/")
    }
    assert len(taking) >= 5
    counted = {route.declaration.path for route in all_routes() if route.declaration.access.uploads != "never"}
    assert counted == taking


def all_routes() -> list[Route]:
    routes = create_app(SETTINGS).routes
    strays = [route for route in routes if not isinstance(route, Route)]
    assert not strays, f"declare these with @endpoint: nobody has said who may call them: {strays}"
    return [route for route in routes if isinstance(route, Route)]


def test_every_route_says_who_may_call_it() -> None:
    for route in all_routes():
        assert isinstance(route.declaration.access, Access)
        name = f"{route.declaration.method} {route.path_format}"
        assert route.declaration.access.signed_in == (name not in PUBLIC), f"{name} is open to everyone: is that meant?"


def test_a_gateway_starts_without_working_out_its_description(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.routing.APIRoute", None)
    create_app(SETTINGS)


def test_every_route_that_is_not_of_the_house_is_described() -> None:
    hidden = {route.path for route in all_routes() if not route.include_in_schema}
    assert hidden == {"/docs", "/docs/{name}", "/openapi.json", "/healthz", "/readyz", "/socket.io/"}


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_operation_is_described_with_examples_and_errors(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation["summary"]
    success = next(iter(operation["responses"]["200"]["content"].values()))
    assert success["example"]
    assert "422" not in operation["responses"]
    for status, response in operation["responses"].items():
        if status not in ("200", "202", "default"):
            examples = response["content"]["application/json"]["examples"]
            assert all(STATUS[code] == int(status) for code in examples)
    assert ("401" in operation["responses"]) == (name not in PUBLIC - SIGNING_IN)
    assert bool(operation["security"]) == (name not in PUBLIC - TAKING_TOKENS)


def test_nowhere_is_there_a_trace_of_a_422() -> None:
    assert not re.search(r"422|HTTPValidationError", str(DESCRIPTION))


def test_paths_show_their_ids_as_integers() -> None:
    [parameter] = OPERATIONS["GET /api/styles/{style_id}"]["parameters"]
    assert (parameter["name"], parameter["in"], parameter["schema"]["type"]) == ("style_id", "path", "integer")


def test_the_query_and_form_of_an_endpoint_are_described() -> None:
    names = {parameter["name"] for parameter in OPERATIONS["GET /api/styles"]["parameters"]}
    assert names == {"page", "limit", "category", "trending", "new", "search", "sort"}
    form = OPERATIONS["POST /api/creations/generate"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert set(form["required"]) == {"style_id"}
    assert set(form["properties"]) > {
        "image",
        "upload_id",
        "quantity",
        "model",
        "mood",
        "weather",
        "dress_style",
        "custom_prompt",
        "is_public",
    }


def test_every_described_error_has_words_for_people() -> None:
    assert set(MESSAGES) <= set(STATUS)
