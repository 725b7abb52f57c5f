"""Notifications at the gateway: what is asked of notify, what is shown, and what is refused."""

from typing import Any

import httpx

from contracts.errors import ServiceError
from contracts.rpc import notify
from tests.integration.gateway.conftest import Running
from tests.integration.gateway.fakes import NOW, Fakes

DEVICE = notify.PushDevice(platform="ios", last_seen_at=NOW)
HINDI = {"Accept-Language": "hi-IN,hi;q=0.9,en;q=0.5"}
QUIET = {"start": "22:00", "end": "07:30", "time_zone": "Asia/Kolkata"}


def notification(number: int) -> notify.Notification:
    return notify.Notification(
        id=number,
        type="battle_won",
        title="You won a battle!",
        body="Your picture has won.",
        data={"battle_id": "3"},
        is_read=False,
        created_at=NOW,
    )


async def refused(answer: httpx.Response, field: str) -> None:
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], list(error["details"])) == (400, "VALIDATION_ERROR", [field]), error


async def test_devices(gateway: Running, fakes: Fakes) -> None:
    fakes.on(notify.RegisterDevice, DEVICE)
    fakes.on(notify.ListDevices, notify.PushDevices(items=[DEVICE]))
    fakes.on(notify.RemoveDevice, notify.DeviceRemoved())
    client = gateway.client
    made = await client.post("/api/devices", json={"token": "abc:def", "platform": "ios"}, headers=HINDI)
    assert (made.status_code, made.json()["data"]) == (200, DEVICE.model_dump())
    [asked] = fakes.asked[notify.RegisterDevice]
    assert asked == notify.RegisterDevice(user_id=42, token="abc:def", platform="ios", locale="hi")
    listed = (await client.get("/api/devices")).json()
    assert (listed["data"], listed["total"]) == ([DEVICE.model_dump()], 1)
    gone = await client.request("DELETE", "/api/devices", json={"token": "abc:def"})
    assert (gone.status_code, "data" in gone.json()) == (200, False)
    assert fakes.asked[notify.RemoveDevice] == [notify.RemoveDevice(user_id=42, token="abc:def")]
    for field, body in (
        ("token", {"token": "", "platform": "ios"}),
        ("token", {"token": "x" * 4097, "platform": "ios"}),
        ("token", {"token": "a\0b", "platform": "ios"}),
        ("token", {"platform": "ios"}),
        ("platform", {"token": "x", "platform": "windows"}),
        ("platform", {"token": "x", "platform": 7}),
    ):
        await refused(await client.post("/api/devices", json=body), field)
    await refused(await client.request("DELETE", "/api/devices", json={}), "token")
    guest = {"Authorization": f"Bearer {fakes.key.token(43, role='guest')}"}
    assert (await client.get("/api/devices", headers=guest)).status_code == 200
    for method, path in (("POST", "/api/devices"), ("GET", "/api/notifications"), ("DELETE", "/api/notifications/1")):
        assert (await gateway.anonymous.request(method, path)).status_code == 401


async def test_the_inbox(gateway: Running, fakes: Fakes) -> None:
    items = [notification(9), notification(7)]
    fakes.on(notify.ListNotifications, notify.NotificationPage(items=items, total=12, unread=3, next_cursor=7))
    for counted in (
        notify.CountUnread,
        notify.ReadNotification,
        notify.ReadAllNotifications,
        notify.DeleteNotification,
    ):
        fakes.on(counted, notify.Unread(unread=2))
    client = gateway.client
    shown = (await client.get("/api/notifications?unread=true&limit=2&cursor=11", headers=HINDI)).json()
    assert shown["data"] == [item.model_dump() for item in items]
    assert (shown["total"], shown["unread_count"]) == (12, 3)
    assert shown["pagination"] == {
        "page": 1,
        "limit": 2,
        "total": 12,
        "total_pages": 6,
        "has_next": True,
        "has_prev": False,
        "next_cursor": 7,
    }
    [asked] = fakes.asked[notify.ListNotifications]
    assert asked == notify.ListNotifications(user_id=42, limit=2, cursor=11, unread=True, locale="hi")
    for method, path, question in (
        ("GET", "/api/notifications/unread-count", notify.CountUnread(user_id=42)),
        ("POST", "/api/notifications/read-all", notify.ReadAllNotifications(user_id=42)),
        ("POST", "/api/notifications/9/read", notify.ReadNotification(user_id=42, notification_id=9)),
        ("DELETE", "/api/notifications/9", notify.DeleteNotification(user_id=42, notification_id=9)),
    ):
        answer = await client.request(method, path)
        assert (answer.status_code, answer.json()["data"]) == (200, {"unread_count": 2}), path
        assert fakes.asked[type(question)] == [question]
    fakes.on(notify.ReadNotification, ServiceError("NOT_FOUND", "There is no such notification."))
    assert (await client.post("/api/notifications/10/read")).status_code == 404
    for field, query in (("cursor", "cursor=0"), ("cursor", "cursor=99999999999999999999"), ("unread", "unread=maybe")):
        await refused(await client.get(f"/api/notifications?{query}"), field)
    assert (await client.delete("/api/notifications/x")).status_code == 404


async def test_preferences(gateway: Running, fakes: Fakes) -> None:
    async def same(request: Any) -> notify.Preferences:
        wanted: notify.Preferences = request.preferences
        return wanted

    fakes.on(notify.SetPreferences, same)
    fakes.on(notify.GetPreferences, notify.Preferences(quiet_hours=notify.QuietHours.model_validate(QUIET)))
    client = gateway.client
    assert (await client.get("/api/notifications/preferences")).json()["data"] == {"types": {}, "quiet_hours": QUIET}
    wanted = {"types": {"creation_liked": {"push": False, "inbox": True}}, "quiet_hours": QUIET}
    for body in (wanted, wanted | {"quiet_hours": None}):
        assert (await client.put("/api/notifications/preferences", json=body)).json()["data"] == body
    faulty: tuple[tuple[str, Any], ...] = (
        ("types.battle_lost.[key]", {"types": {"battle_lost": {}}}),
        ("types.new_style.push", {"types": {"new_style": {"push": "perhaps"}}}),
        ("quiet_hours.start", {"quiet_hours": QUIET | {"start": "24:00"}}),
        ("quiet_hours.end", {"quiet_hours": QUIET | {"end": "7:30"}}),
        ("quiet_hours.time_zone", {"quiet_hours": QUIET | {"time_zone": "../../etc/passwd"}}),
        ("quiet_hours.time_zone", {"quiet_hours": QUIET | {"time_zone": "Mars/Olympus" * 1000}}),
        ("quiet_hours", {"quiet_hours": QUIET | {"end": "22:00"}}),
    )
    for field, body in faulty:
        await refused(await client.put("/api/notifications/preferences", json=body), field)
