"""Every line of `documents.yaml` is a test."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest

from contracts.errors import STATUS
from contracts.rpc.notify import Kind
from tests.clients import NO_TLS
from tests.e2e.contract import rooms, social_rooms
from tests.e2e.contract.table import FINE, Findings, fields, find, table
from tests.e2e.contract.tour import Tour
from tests.fakes.admob import FakeAdmob
from tests.fakes.razorpay import FakeRazorpay
from tests.stack import Stack

ROOT = Path(__file__).parents[3]
ENDPOINTS: dict[str, dict[str, Any]] = table()["endpoints"]
PROMISED = [
    (endpoint, path)
    for endpoint, said in ENDPOINTS.items()
    for part in ("data", "beside")
    if part in said
    for path in dict.fromkeys(fields(said[part], part))
]
INPUTS = [
    (e, part, name) for e, said in ENDPOINTS.items() for part in ("input", "query") for name in said.get(part, ())
]
MESSAGES = [(endpoint, said["message"]) for endpoint, said in ENDPOINTS.items() if "message" in said]
ERRORS = [(endpoint, code, of) for endpoint, said in ENDPOINTS.items() for code, of in said.get("errors", {}).items()]
CLOSED = [endpoint for endpoint, said in ENDPOINTS.items() if said["access"] != "anyone"]


@pytest.fixture(scope="session")
def tour(stack: Stack, razorpay: FakeRazorpay, admob: FakeAdmob) -> Iterator[Tour]:
    walked = Tour(stack, razorpay, admob)
    walked.walk(*rooms.ROOMS, *social_rooms.ROOMS)
    yield walked
    for client in walked.clients:
        client.close()


@pytest.fixture(scope="session")
def findings(tour: Tour) -> dict[str, Findings]:
    """By endpoint."""
    found: dict[str, Findings] = {}
    for endpoint, said in ENDPOINTS.items():
        here = found[endpoint] = {}
        if endpoint in tour.answers:
            body = tour.answers[endpoint].json()
            find(body.get("data"), said.get("data", {}), "data", here)
            find(body, said.get("beside", {}), "beside", here)
    return found


def test_no_room_was_left_in_a_hurry(tour: Tour) -> None:
    assert tour.failed == []


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_it_answers(tour: Tour, endpoint: str) -> None:
    answer = tour.answers[endpoint]
    assert (answer.status_code, answer.json()["success"]) == (200, True), answer.text


@pytest.mark.parametrize(("endpoint", "path"), PROMISED)
def test_field(findings: dict[str, Findings], endpoint: str, path: str) -> None:
    assert findings[endpoint].get(path, "was never in an answer, so it was not tested") == FINE


@pytest.mark.parametrize(("endpoint", "message"), MESSAGES)
def test_message(tour: Tour, endpoint: str, message: str) -> None:
    assert tour.answers[endpoint].json()["message"] == message


@pytest.mark.parametrize(("endpoint", "part", "name"), INPUTS)
def test_input_was_sent_and_accepted(tour: Tour, endpoint: str, part: str, name: str) -> None:
    request = tour.answers[endpoint].request
    if part == "query":
        assert name in request.url.params
    else:
        assert f'"{name}"'.encode() in request.content


@pytest.mark.parametrize(("endpoint", "code", "of"), ERRORS)
def test_error(tour: Tour, endpoint: str, code: str, of: Any) -> None:
    if isinstance(of, dict):
        assert STATUS[code] == of["status"]
        assert code in _texts(of["see"]), f"{of['see']} does not speak of {code}"
        return
    answer = tour.errors[endpoint, code]
    _is_error(answer, of, code)


@pytest.mark.parametrize("endpoint", CLOSED)
def test_nobody_gets_in_without_a_token(tour: Tour, endpoint: str) -> None:
    method, path = endpoint.split(" ")
    for token in (None, "null", "eyJhbGciOiJub25lIn0.e30."):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = httpx.request(method, tour.stack.url + path.replace("{id}", "1"), headers=headers, verify=NO_TLS)
        _is_error(answer, 401, "INVALID_TOKEN")
        assert answer.json()["detail"] == "Invalid or expired token"


def _is_error(answer: httpx.Response, status: int, code: str) -> None:
    body = answer.json()
    assert (answer.status_code, body["success"], body["error"]["code"]) == (status, False, code), answer.text
    assert body["error"]["message"]
    assert body["error"]["request_id"] == answer.headers["x-request-id"]
    assert ("detail" in body) == (status == 401)


def _texts(test_file: str) -> set[str]:
    """Every text in the source of a test."""
    tree = ast.parse((ROOT / test_file).read_text())
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_the_documented_notifications_are_those_that_there_are() -> None:
    assert set(table()["notifications"]) == set(get_args(Kind))
