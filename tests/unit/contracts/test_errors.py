"""One table of error codes: every code that the source raises stands in it."""

import re
from pathlib import Path

from contracts.errors import STATUS

ROOT = Path(__file__).parent.parent.parent.parent
RAISED = re.compile(r'(?:ServiceError|super\(\)\.__init__)\(\s*"([A-Z_]{4,})"')


def test_every_code_that_is_raised_has_a_status() -> None:
    raised = {
        (code, path.name)
        for folder in ("kernel", "services", "gateway")
        for path in (ROOT / folder).rglob("*.py")
        for code in RAISED.findall(path.read_text("utf-8"))
    }
    assert raised
    assert [found for found in raised if found[0] not in STATUS] == []


def test_only_authentication_failures_are_401() -> None:
    assert {code for code, status in STATUS.items() if status == 401} == {
        "INVALID_TOKEN",
        "INVALID_CREDENTIALS",
        "TOKEN_REUSED",
    }
