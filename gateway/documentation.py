"""What the API's description says of an endpoint, beyond what FastAPI reads from its signature."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from contracts.errors import STATUS
from gateway.errors import MESSAGES, Refused, error_body

JSON = "application/json"
BEARER = "bearer"
SECURITY_SCHEMES = {
    BEARER: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token of signup, login or refresh. It is good for 30 minutes.",
    }
}
EXAMPLE_REQUEST_ID = "0198c5f2-7c1e-7d3a-9b54-6f1c2d3e4f50"
EXAMPLE_DETAILS = {"VALIDATION_ERROR": {"limit": "Input should be greater than or equal to 1"}}
ALWAYS_POSSIBLE = ("RATE_LIMITED", "SERVER_ERROR", "SERVICE_UNAVAILABLE", "DEADLINE_EXCEEDED")
SUCCESS, ACCEPTED = 200, 202


class Fault(BaseModel):
    code: str = Field(description="For programs: one of the listed codes.")
    message: str = Field(description="For people.")
    details: dict[str, Any] | None = Field(default=None, description="What is wrong with each field, by its name.")
    request_id: str


class ErrorAnswer(BaseModel):
    success: Literal[False]
    error: Fault
    detail: str | None = Field(default=None, description="With every 401.")


MAYBE_SIGNED_IN: dict[str, Any] = {"security": [{}, {BEARER: []}]}
"""`extra` of an endpoint that is open to everyone, and knows whoever comes with a token."""


@dataclass(frozen=True, slots=True)
class Documentation:
    """`answer` is the model of a success, `example` one of it; `errors` are the codes peculiar to the endpoint.

    `accepted` is the model and an example of a 202. `extra` is merged into the OpenAPI operation.
    """

    tag: str
    answer: type[BaseModel] | None
    example: Any
    errors: Sequence[str] = ()
    accepted: tuple[type[BaseModel], Any] | None = None
    media_type: str = JSON
    extra: Mapping[str, Any] | None = None

    def options(self, *, signed_in: bool) -> dict[str, Any]:
        """For FastAPI's route."""
        return {
            "tags": [self.tag],
            "response_model": self.answer,
            "response_class": JSONResponse if self.media_type == JSON else Response,
            "response_description": "Success",
            "responses": self._responses(signed_in=signed_in),
            "openapi_extra": {"security": [{BEARER: []}] if signed_in else [], **(self.extra or {})},
        }

    def _responses(self, *, signed_in: bool) -> dict[int | str, dict[str, Any]]:
        found: dict[int | str, dict[str, Any]] = {SUCCESS: {"content": {self.media_type: {"example": self.example}}}}
        if self.accepted:
            model, example = self.accepted
            description = "It takes longer, or `respond-async` was preferred"
            found[ACCEPTED] = {"model": model, "description": description, "content": {JSON: {"example": example}}}
        codes = dict.fromkeys([*self.errors, *(("INVALID_TOKEN",) if signed_in else ()), *ALWAYS_POSSIBLE])
        for status in sorted({STATUS[code] for code in codes}):
            found[status] = _errors([code for code in codes if STATUS[code] == status])
        # FastAPI adds a 422, which is never sent, unless a default is described.
        found["default"] = {"model": ErrorAnswer, "description": "Any other error has this shape, too"}
        return found


def _errors(codes: Sequence[str]) -> dict[str, Any]:
    """What one status may mean."""
    examples = {
        code: {"value": error_body(Refused(code, details=EXAMPLE_DETAILS.get(code)), EXAMPLE_REQUEST_ID)}
        for code in codes
    }
    return {
        "description": "  \n".join(f"`{code}`: {MESSAGES[code]}" for code in codes),
        # Not by "model", as the default has it: FastAPI would build a validator for each, a thousand in all.
        "content": {JSON: {"schema": {"$ref": f"#/components/schemas/{ErrorAnswer.__name__}"}, "examples": examples}},
    }
