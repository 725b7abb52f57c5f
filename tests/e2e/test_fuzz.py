"""Whatever is sent to any endpoint: no fault of ours, and no answer that the OpenAPI does not know."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.conftest import Person
from tests.stack import Stack

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
# What would sign the caller out or delete the account, and streams that do not end.
LEFT_OUT = r"/logout|/users/me|/jobs/\{job_id\}/events$|/api/live$"
EXAMPLES = os.environ.get("MAGICPIC_FUZZ_EXAMPLES", "5")
SEED = os.environ.get("MAGICPIC_FUZZ_SEED", "1")
"""The same in every run of `make test`; `make fuzz` looks further."""


async def test_no_input_brings_a_fault_or_an_answer_that_is_not_documented(stack: Stack, jane: Person) -> None:
    command = [
        str(Path(sys.executable).parent / "schemathesis"),
        "run",
        f"{stack.url}/openapi.json",
        *("--header", f"Authorization: {jane.client.headers['Authorization']}"),
        *("--phases", "fuzzing", "--max-examples", EXAMPLES, "--seed", SEED, "--workers", "1"),
        *("--checks", CHECKS, "--exclude-path-regex", LEFT_OUT, "--continue-on-failure"),
        *("--request-timeout", "60", "--no-color", "--warnings", "off"),
    ]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=3000, check=False)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
