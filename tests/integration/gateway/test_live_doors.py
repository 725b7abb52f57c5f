"""Who may be connected, for how long, and what nobody may do with a connection."""

import asyncio
import socket
from typing import Any

import orjson
import pytest
from socketio.exceptions import ConnectionError as NotConnected
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from contracts.errors import ServiceError
from contracts.events.auth import AccessEnded, SessionRevoked
from contracts.events.ledger import CreditsGranted
from contracts.rpc import auth
from gateway.live.told import Told
from tests.integration.gateway.conftest import Running, StartGateway, eventually
from tests.integration.gateway.fakes import Fakes
from tests.integration.gateway.live import ENGINE, Phone, hello, phone, vote, wire
from tests.unit.gateway.signing import SigningKey

EXPIRED = {"code": "INVALID_TOKEN", "message": "Token is invalid or expired"}


async def nobody_is_left(running: Running) -> bool:
    """Neither with us nor with the engine."""
    live = running.gateway.live
    engine = live.sockets._server
    kept = (engine.eio.sockets, engine.environ, list(engine.manager.get_participants("/", None)))
    return not live.hub.listeners and live.hub._places == 0 and not any(kept)


async def test_a_token_that_is_not_good_is_a_connect_error_with_code_and_message(
    gateway: Running, fakes: Fakes
) -> None:
    await fakes.say(SessionRevoked(session_id="gone", user_id=42, reason="logout"))
    await eventually(lambda: _is_void(gateway, "gone"))
    for token in (
        fakes.key.token(42, life_s=-1),
        fakes.key.token(42, sid="gone"),
        fakes.key.token(42, use="refresh"),
        SigningKey().token(42),
        "null",
        "ü",
        "x" * 5000,
        None,
        5,
        {"token": "x"},
    ):
        one = Phone()
        with pytest.raises(NotConnected):
            await one.connect(gateway, token)
        assert one.refusal == {"message": EXPIRED["message"], "data": EXPIRED}, token
        await one.client.shutdown()
    await eventually(lambda: nobody_is_left(gateway))


async def _is_void(running: Running, session_id: str) -> bool:
    return running.gateway.revocations.is_void(0, session_id, 0)


async def test_a_token_ends_its_connections_at_its_second(gateway: Running, fakes: Fakes) -> None:
    token = fakes.key.token(42, life_s=2)
    async with phone(gateway, token) as one, phone(gateway, fakes.key.token(42)) as other:
        await one.until_heard("session:expired", EXPIRED)
        await asyncio.wait_for(one.ended.wait(), 2)
        assert not other.ended.is_set()
        late = Phone()
        with pytest.raises(NotConnected):
            await late.connect(gateway, token)
        assert late.refusal["data"] == EXPIRED
        await late.client.shutdown()


async def test_a_client_that_knows_a_newer_token_comes_back_by_itself(gateway: Running, fakes: Fakes) -> None:
    sessions = iter(["old", "new"])
    async with phone(gateway, lambda: {"token": fakes.key.token(42, sid=next(sessions))}, reconnects=True) as one:
        await fakes.say(SessionRevoked(session_id="old", user_id=42, reason="logout"))
        await one.until_heard("session:expired", EXPIRED)
        await asyncio.wait_for(one.ended.wait(), 2)
        await eventually(lambda: _listen(gateway, 1))
        await fakes.say(CreditsGranted(user_id=42, credits=1, reason="ad", balance=5))
        await one.until_heard("credits:updated", {"balance": 5})


async def test_while_nobody_can_be_let_in_connections_are_cut_for_clients_to_try_again(
    gateway: Running, fakes: Fakes
) -> None:
    fakes.on(auth.Revocations, ServiceError("SERVICE_UNAVAILABLE", "not now"))
    gateway.gateway.revocations.missed()
    async with wire(gateway.port) as line:
        await line.send(hello(fakes.key.token(42)))
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(line.recv(), 5)
    fakes.on(auth.Revocations, auth.RevocationPage(sessions=[], users={}, next=None))
    async with phone(gateway, fakes.key.token(42)):
        pass
    await eventually(lambda: nobody_is_left(gateway))


async def test_what_auth_revokes_closes_those_sockets_at_once(gateway: Running, fakes: Fakes) -> None:
    tokens = [fakes.key.token(user, sid=f"s{n}") for n, user in enumerate((1, 1, 2, 3))]
    people = [phone(gateway, token) for token in tokens]
    async with people[0] as first, people[1] as second, people[2] as third, people[3] as fourth:
        await fakes.say(SessionRevoked(session_id="s0", user_id=1, reason="logout"))
        await fakes.say(AccessEnded(user_id=2, before="2100-01-01T00:00:00.000Z"))
        for one in (first, third):
            await one.until_heard("session:expired", EXPIRED)
            await asyncio.wait_for(one.ended.wait(), 2)
        await fakes.say(CreditsGranted(user_id=1, credits=1, reason="ad", balance=5))
        await second.until_heard("credits:updated", {"balance": 5})
        assert first.named("credits:updated") == []
        assert not fourth.ended.is_set()


async def test_a_clumsy_client_is_told_what_is_wrong(gateway: Running, fakes: Fakes) -> None:
    async with phone(gateway, fakes.key.token(42)) as one:
        for data in (
            {"battle_id": "7"},
            {"battle_id": True},
            {"battle_id": 0},
            {"battle_id": 10**15},
            {},
            "7",
            None,
            [7],
        ):
            await one.client.call("battle:join", data)
        await one.client.call("battle:vote", {"battle_id": 7})
        await one.client.call("connect", {"asgi.scope": {}})
        faults = one.named("error")
        assert len(faults) == 9
        assert {fault["code"] for fault in faults} == {"VALIDATION_ERROR"}
        assert all(fault["message"] for fault in faults)
        for battle_id in (*range(1, 21), 20, 3):
            await one.join(battle_id)
        assert len(one.named("error")) == 9
        await one.join(21)
        assert len(one.named("error")) == 10
        await vote(fakes, 20, 1, 1)
        await one.until_heard("battle:vote_update", {"battle_id": 20, "votes_a": 1, "votes_b": 1})


async def test_garbage_closes_its_own_connection_and_leaves_nothing_behind(
    gateway: Running, fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for token in (fakes.key.token(42), None):
        await _say_garbage(gateway, fakes, token)
    monkeypatch.setattr("gateway.live.sockets.SIGN_IN_S", 0.1)
    async with wire(gateway.port) as silent:
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(_read_all(silent), 2)
    await eventually(lambda: nobody_is_left(gateway))


async def _say_garbage(gateway: Running, fakes: Fakes, token: str | None) -> None:
    closing: list[str | bytes] = [
        "",
        "x",
        "2",
        "4",
        "5",
        "6",
        "9",
        "b4AAA",
        "44",
        "40/admin,{}",
        "42{",
        '451-["battle:join",{"_placeholder":1}]',
        b"\0\1",
        "9" * 9000,
    ]
    for frame in [*closing, "40{}"] if token else closing:
        async with wire(gateway.port, token) as line:
            await line.send(frame)
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(_read_all(line), 3)
    bearable = [
        "42[]",
        '42["',
        "42[[[]]]",
        "42" + "[" * 5000,
        "42[5]",
        '42["disconnect","x"]',
        '42["connect",{},{}]',
        "3",
    ]
    async with wire(gateway.port, token) as line:
        for frame in bearable:
            await line.send(frame)
        if token:
            await line.send('421["battle:join",{"battle_id":7}]')
            while not str(await line.recv()).startswith("431"):
                pass
            await vote(fakes, 7, 1, 2)
            assert "vote_update" in str(await line.recv())
        else:
            await line.send(hello("nobody"))
            assert "INVALID_TOKEN" in str(await line.recv())


async def _read_all(line: Any) -> None:
    while True:
        await line.recv()


async def test_only_so_many_connections(start_gateway: StartGateway, fakes: Fakes) -> None:
    running = await start_gateway(live_connections_per_user=2, live_connections_per_address=3, live_connections=3)
    token = fakes.key.token(42)
    async with phone(running, token), phone(running, token):
        third = Phone()
        with pytest.raises(NotConnected):
            await third.connect(running, token)
        assert third.refusal["data"]["code"] == "RATE_LIMITED"
        await third.client.shutdown()
        answer = await running.client.get("/api/live")
        assert answer.json()["error"]["code"] == "RATE_LIMITED"
        await eventually(lambda: _takes(running, 2))
        async with phone(running, fakes.key.token(1)):
            with pytest.raises(InvalidStatus) as refused:
                await connect(f"ws://127.0.0.1:{running.port}{ENGINE}")
            assert refused.value.response.status_code == 503
            assert orjson.loads(refused.value.response.body or b"")["error"]["code"] == "SERVICE_UNAVAILABLE"
    await eventually(lambda: nobody_is_left(running))
    async with phone(running, token):
        pass


async def _takes(running: Running, places: int) -> bool:
    return running.gateway.live.hub._places == places


async def test_sockets_are_at_one_path_only_and_polling_is_refused(gateway: Running) -> None:
    for method in ("GET", "POST"):
        answer = await gateway.anonymous.request(method, "/socket.io/?EIO=4&transport=polling")
        assert answer.status_code == 400
        assert "websocket" in answer.json()["error"]["message"]
    for path, status in (("/", 404), ("/api/live", 404), ("/socket.io/?EIO=3&transport=websocket", 400)):
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://127.0.0.1:{gateway.port}{path}")
        assert refused.value.response.status_code == status


async def test_who_does_not_read_is_cut_off(gateway: Running, fakes: Fakes) -> None:
    """A socket and a stream that never read; everybody else is told meanwhile."""
    hub, loop = gateway.gateway.live.hub, asyncio.get_running_loop()
    token = fakes.key.token(42)
    async with wire(gateway.port, token) as line, phone(gateway, fakes.key.token(1)) as reader:
        line.transport.pause_reading()
        stream = socket.create_connection(("127.0.0.1", gateway.port))
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        head = f"GET /api/live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
        await loop.run_in_executor(None, stream.sendall, head.encode())
        await eventually(lambda: _listen(gateway, 3))
        much = "x" * 100_000
        for round_ in range(3000):
            hub.tell_users([42], Told("credits:updated", {"balance": round_, "much": much}))
            if len(hub.listeners) == 1:
                break
            await asyncio.sleep(0)
        await eventually(lambda: _listen(gateway, 1))
        hub.tell_users([1], Told("credits:updated", {"balance": 1}))
        await reader.until_heard("credits:updated", {"balance": 1})
        stream.close()
        line.transport.abort()  # else it would wait for a goodbye


async def _listen(running: Running, count: int) -> bool:
    return len(running.gateway.live.hub.listeners) == count


async def test_told_to_end_it_sends_everyone_away_who_then_come_back(start_gateway: StartGateway, fakes: Fakes) -> None:
    running = await start_gateway()
    async with phone(running, fakes.key.token(42)) as one:
        async with running.client.stream("GET", "/api/live") as stream:
            await eventually(lambda: _listen(running, 2))
            running.gateway.drain()
            await asyncio.wait_for(one.ended.wait(), 3)
            await asyncio.wait_for(stream.aread(), 3)
        answer = await running.client.get("/api/live")
        assert answer.status_code == 503
    await eventually(lambda: nobody_is_left(running))
