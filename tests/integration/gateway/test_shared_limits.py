"""Several gateways count together, on a real server; while that is away nobody is refused, and nobody waits for it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from deploy.local.ports import throwaway_port
from deploy.local.servers import EmbeddedServers
from gateway.limits import PASSED, Limits, StorageAway, storage_at
from tests.integration.gateway.conftest import Running, StartGateway, eventually
from tests.integration.gateway.test_envelope import assert_error
from tests.valkey import Valkey

BALANCE = "/api/credits/balance"


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = Valkey(tmp_path_factory.mktemp("valkey"), throwaway_port([]))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module", autouse=True)
def hopeless(servers: EmbeddedServers) -> Iterator["subprocess.Popen[str]"]:
    """A gateway whose counters are nowhere. It tries for some seconds: meanwhile other tests run."""
    environment = {
        **os.environ,
        "MAGICPIC_NATS_URL": servers.nats.url,
        "MAGICPIC_S3_ENDPOINT": servers.s3.endpoint,
        "MAGICPIC_S3_ACCESS_KEY": servers.s3.access_key,
        "MAGICPIC_S3_SECRET_KEY": servers.s3.secret_key,
        "MAGICPIC_GATEWAY_PORT": "0",
        "MAGICPIC_RATE_LIMIT_STORAGE": f"redis://:hunter2@127.0.0.1:{throwaway_port([])}",
    }
    command = [sys.executable, "-m", "cli.serve", "gateway"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


async def status(running: Running) -> int:
    return (await running.client.get(BALANCE)).status_code


def passed() -> float:
    return float(PASSED.labels("user")._value.get())


async def test_two_gateways_share_one_count(start_gateway: StartGateway, valkey: Valkey) -> None:
    """They may name the server as they like."""
    one, other = [
        await start_gateway(rate_limit_user="3/minute", rate_limit_storage=valkey.uri(scheme))
        for scheme in ("redis", "valkey")
    ]
    before = passed()
    assert [await status(running) for running in (one, other, one, other, one)] == [200, 200, 200, 429, 429]
    refusal = await other.client.get(BALANCE)
    assert_error(refusal, 429, "RATE_LIMITED")
    assert 1 <= int(refusal.headers["retry-after"]) <= 60
    assert passed() == before


async def test_a_server_that_goes_away_refuses_and_delays_nobody(start_gateway: StartGateway, valkey: Valkey) -> None:
    running = await start_gateway(rate_limit_user="2/minute", rate_limit_storage=valkey.uri("redis"))
    assert [await status(running) for _ in range(3)] == [200, 200, 429]
    before = passed()
    os.kill(valkey.pid, signal.SIGSTOP)  # it takes connections, and never answers
    try:
        assert await status(running) == 200
        began = time.monotonic()
        assert [await status(running) for _ in range(5)] == [200] * 5
        assert time.monotonic() - began < 1  # else each of them had waited for a quarter
    finally:
        os.kill(valkey.pid, signal.SIGCONT)
    valkey.kill()
    assert [await status(running) for _ in range(5)] == [200] * 5
    assert passed() - before == 11
    assert (await running.anonymous.get("/readyz")).status_code == 200
    valkey.restart()

    async def counts_again() -> bool:
        return await status(running) == 429

    await eventually(counts_again)


async def test_one_that_is_not_there_at_the_start_stops_it_and_names_the_setting(
    hopeless: "subprocess.Popen[str]", valkey: Valkey
) -> None:
    limits = Limits(storage_at(valkey.uri("valkey")), {})
    await limits.reach()
    await limits.close()
    wrong = Limits(storage_at(valkey.uri("redis").replace(valkey.password, "hunter2")), {})
    with pytest.raises(StorageAway, match="password"):
        await wrong.reach(within_s=0)
    await wrong.close()
    _, said = hopeless.communicate(timeout=30)
    assert hopeless.returncode == 2
    assert "MAGICPIC_RATE_LIMIT_STORAGE: the server cannot be used:" in said
    assert "hunter2" not in said
