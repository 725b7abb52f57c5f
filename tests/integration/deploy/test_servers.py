"""The three servers as tests use them: they answer, and a kill -9 costs no data."""

import hashlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx
import nats
import pytest
from minio import Minio
from minio.commonconfig import CopySource
from minio.error import S3Error

from deploy.local import procfs
from deploy.local.ports import throwaway_port
from deploy.local.postgres import Postgres
from deploy.local.server import ServerStartError
from deploy.local.servers import S3, EmbeddedServers, Nats, embedded_servers
from deploy.local.spawning import Identity, unprivileged_identity
from deploy.local.state import REPOSITORY
from tests.integration.deploy.conftest import Until

POSSIBLE_HERE: list[Identity] = (
    ["drop", "namespace"] if unprivileged_identity() == "drop" else [unprivileged_identity()]
)


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServers]:
    """Servers of our own: these tests kill them."""
    with embedded_servers(tmp_path_factory.mktemp("trio")) as running:
        yield running


def client_of(s3: S3) -> Minio:
    return Minio(s3.endpoint.removeprefix("http://"), s3.access_key, s3.secret_key, secure=False, region="us-east-1")


async def test_postgres_survives_kill_9_with_its_data_on_the_same_port(trio: EmbeddedServers) -> None:
    connection = await asyncpg.connect(trio.postgres.admin_url)
    await connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    connection.terminate()
    url = trio.postgres.admin_url
    trio.postgres.kill()
    trio.postgres.restart()
    assert trio.postgres.admin_url == url
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SELECT answer FROM kept") == 42
    await connection.close()


async def test_postgres_is_durable_only_when_asked_to_be(trio: EmbeddedServers) -> None:
    connection = await asyncpg.connect(trio.postgres.admin_url)
    assert await connection.fetchval("SHOW fsync") == "off"
    assert await connection.fetchval("SHOW server_version") >= "18"
    await connection.close()
    assert not any("fsync" in word for word in Postgres(Path("/nowhere"), 1, password="x").command())


async def test_postgres_wants_a_password(trio: EmbeddedServers) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(host="127.0.0.1", port=trio.postgres.port, user="postgres", password="wrong")


@pytest.mark.parametrize("identity", POSSIBLE_HERE)
async def test_postgres_starts_in_a_closed_directory_as_whoever_it_has_to_be(
    tmp_path: Path, identity: Identity
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = Postgres(closed / "pg", throwaway_port(), password="secret", durable=False, identity=identity)
    server.start()
    try:
        connection = await asyncpg.connect(server.admin_url)
        assert await connection.fetchval("SELECT 1") == 1
        await connection.close()
    finally:
        server.stop()


async def test_data_can_change_hands_between_identities(tmp_path: Path) -> None:
    port = throwaway_port()
    for identity in POSSIBLE_HERE * 2:
        server = Postgres(tmp_path / "pg", port, password="secret", durable=False, identity=identity)
        server.start()
        server.stop()


def test_a_lock_file_whose_number_now_belongs_to_another_process_is_no_obstacle(trio: EmbeddedServers) -> None:
    trio.postgres.kill()
    lock = trio.postgres.data / "postmaster.pid"
    lines = lock.read_text().splitlines()
    lock.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    trio.postgres.restart()
    assert trio.postgres.is_ready()


def test_a_postmaster_that_was_left_over_makes_way(tmp_path: Path, until: Until) -> None:
    port = throwaway_port()
    forgotten = Postgres(tmp_path / "pg", port, password="secret", durable=False)
    forgotten.start()
    server = Postgres(tmp_path / "pg", port, password="secret", durable=False)
    server.start()
    try:
        until(lambda: not procfs.is_running(forgotten.pid))
        assert server.is_ready()
    finally:
        server.stop()
        forgotten.stop()


async def test_jetstream_survives_kill_9_with_its_messages_on_the_same_port(trio: EmbeddedServers) -> None:
    client = await nats.connect(trio.nats.url)
    await client.jetstream().add_stream(name="kept", subjects=["kept.>"])
    await client.jetstream().publish("kept.one", b"still here")
    await client.close()
    trio.nats.kill()
    trio.nats.restart()
    client = await nats.connect(trio.nats.url)
    assert (await client.jetstream().get_msg("kept", 1)).data == b"still here"
    assert client.max_payload == 1024 * 1024
    await client.close()


def test_nats_wants_a_password(trio: EmbeddedServers, tmp_path: Path) -> None:
    assert trio.nats.is_ready()
    assert not Nats(tmp_path, trio.nats.port, password="wrong").is_ready()


def test_s3_survives_kill_9_with_its_objects_on_the_same_port(trio: EmbeddedServers) -> None:
    client = client_of(trio.s3)
    client.put_object("magicpic", "kept/picture.jpg", io.BytesIO(b"jpeg"), 4, content_type="image/jpeg")
    trio.s3.kill()
    trio.s3.restart()
    found = client.stat_object("magicpic", "kept/picture.jpg")
    assert (found.size, found.content_type, found.etag) == (4, "image/jpeg", hashlib.md5(b"jpeg").hexdigest())  # noqa: S324 - S3's ETag is MD5


def test_s3_puts_gets_copies_and_deletes(trio: EmbeddedServers) -> None:
    client, picture = client_of(trio.s3), os.urandom(100_000)
    put = client.put_object("magicpic", "incoming/a.png", io.BytesIO(picture), len(picture))
    copied = client.copy_object("magicpic", "pictures/a.png", CopySource("magicpic", "incoming/a.png"))
    assert put.etag == copied.etag == hashlib.md5(picture).hexdigest()  # noqa: S324 - S3's ETag is MD5
    client.remove_object("magicpic", "incoming/a.png")
    assert [entry.object_name for entry in client.list_objects("magicpic", "pictures/", recursive=True)] == [
        "pictures/a.png"
    ]
    with client.get_object("magicpic", "pictures/a.png") as answer:
        assert answer.read() == picture
    with pytest.raises(S3Error, match="NoSuchKey"):
        client.stat_object("magicpic", "incoming/a.png")


def test_s3_takes_an_upload_in_parts(trio: EmbeddedServers) -> None:
    client, picture = client_of(trio.s3), os.urandom(6 * 1024 * 1024)
    client.put_object("magicpic", "large.bin", io.BytesIO(picture), -1, part_size=5 * 1024 * 1024)
    with client.get_object("magicpic", "large.bin") as answer:
        assert answer.read() == picture


def test_presigned_urls_let_in_and_forged_ones_do_not(trio: EmbeddedServers) -> None:
    client, lifetime = client_of(trio.s3), timedelta(minutes=5)
    put = client.presigned_put_object("magicpic", "presigned.webp", expires=lifetime)
    assert httpx.put(put, content=b"webp").status_code == 200
    get = client.presigned_get_object("magicpic", "presigned.webp", expires=lifetime)
    answer = httpx.get(get)
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"webp", "image/webp")
    assert httpx.get(get[:-4] + "0000").status_code == 403
    assert httpx.get(f"{trio.s3.endpoint}/magicpic/presigned.webp").status_code in (400, 403)


async def test_the_same_directory_brings_the_same_data_back(tmp_path: Path) -> None:
    async with embedded_servers(tmp_path) as first:
        connection = await asyncpg.connect(first.postgres.admin_url)
        await connection.execute("CREATE DATABASE kept")
        await connection.close()
    with embedded_servers(tmp_path) as second:
        connection = await asyncpg.connect(second.postgres.admin_url)
        assert await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname = 'kept'") == 1
        await connection.close()


def test_a_server_that_cannot_start_says_why(trio: EmbeddedServers, tmp_path: Path) -> None:
    second = S3(tmp_path, trio.s3.port, access_key="a", secret_key="b")
    with pytest.raises(ServerStartError, match="address already in use"):
        _start_on_a_taken_port(second)


def _start_on_a_taken_port(server: S3) -> None:
    # The one that is there answers in its place; so wait for the end of ours instead of for readiness.
    server.spawn()
    os.waitid(os.P_PID, server.pid, os.WEXITED | os.WNOWAIT)
    server.is_ready = lambda: False  # type: ignore[method-assign]  # see above
    server.wait_until_ready()


PARENT = """
import sys
from pathlib import Path
from deploy.local.servers import embedded_servers
with embedded_servers(Path(sys.argv[1])) as servers:
    print(servers.postgres.pid, servers.nats.pid, servers.s3.pid, flush=True)
    sys.stdin.read()
"""


def test_servers_die_with_a_parent_that_is_killed(tmp_path: Path, until: Until) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    pids = [int(word) for word in parent.stdout.readline().split()]
    assert len(pids) == 3
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    until(lambda: not any(procfs.is_running(pid) for pid in pids))
