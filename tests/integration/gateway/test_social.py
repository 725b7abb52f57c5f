"""The feed, likes, moderation and shared links over HTTP, with stand-ins behind the gateway."""

import re

from contracts.errors import ServiceError
from contracts.rpc import creation, social
from tests.integration.gateway.conftest import Running
from tests.integration.gateway.fakes import Fakes, own_creation, public_creation, style
from tests.integration.gateway.test_envelope import assert_error

SLUG = "kX3hZ0t2Qm6yB1dR8uVw5A"


async def test_the_feed_is_cached_and_leads_on(gateway: Running, fakes: Fakes) -> None:
    page = social.FeedPage(items=[public_creation(5, 8)], total=41, next_cursor="3_5")
    fakes.on(social.ListFeed, page)
    answer = await gateway.client.get("/api/creations?sort=popular&style_id=1&user_id=8&limit=1&cursor=9_9")
    body = answer.json()
    assert answer.headers["cache-control"] == "private, max-age=120"
    assert answer.headers["vary"] == "Authorization, Cookie"
    assert body["total"] == 41
    assert body["pagination"]["next_cursor"] == "3_5"
    assert body["pagination"]["has_next"] is True
    [shown] = body["data"]
    assert (shown["user"]["name"], shown["style"]["name"], shown["is_featured"]) == ("Person 8", "Ghibli Art", False)
    assert "original_image_url" not in shown
    asked = fakes.asked[social.ListFeed][0]
    assert (asked.user_id, asked.sort, asked.style_id, asked.of_user, asked.cursor) == (42, "popular", 1, 8, "9_9")
    etag = answer.headers["etag"]
    again = await gateway.client.get("/api/creations?sort=popular", headers={"If-None-Match": etag})
    fakes.on(social.ListFeed, page.model_copy(update={"items": [public_creation(6, 8)]}))
    changed = await gateway.client.get("/api/creations?limit=1", headers={"If-None-Match": etag})
    assert (again.status_code, changed.status_code) == (200, 200)  # another limit, another page
    same = await gateway.client.get("/api/creations?limit=1", headers={"If-None-Match": changed.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    for query in ("sort=best", "style_id=0", "style_id=x", "user_id=-1", "cursor=" + "9" * 101, "page=0", "limit=0"):
        assert_error(await gateway.client.get(f"/api/creations?{query}"), 400, "VALIDATION_ERROR")


async def test_marks_and_changes_say_who_asks(gateway: Running, fakes: Fakes) -> None:
    fakes.on(social.LikeCreation, social.Liking(likes_count=46, is_liked=True))
    fakes.on(social.UnlikeCreation, social.Liking(likes_count=45, is_liked=False))
    fakes.on(social.KeepFavorite, social.Favorite(is_favorite=True))
    fakes.on(social.DropFavorite, social.Favorite(is_favorite=False))
    shown = creation.OneCreation(own=own_creation(5), public=None, views_count=7, tags=["lake"])
    fakes.on(social.ChangeCreation, shown)
    fakes.on(social.ReportCreation, social.Reported(creation_id=5))
    fakes.on(social.AppealCreation, ServiceError("APPEAL_NOT_POSSIBLE", "No."))
    fakes.on(social.ListFavorites, social.FavoritePage(items=[], total=0, next_cursor=None))
    client = gateway.client
    assert (await client.post("/api/creations/5/like")).json()["data"] == {"likes_count": 46, "is_liked": True}
    assert (await client.delete("/api/creations/5/like")).json()["data"] == {"likes_count": 45, "is_liked": False}
    assert (await client.post("/api/creations/5/favorite")).json()["data"] == {"is_favorite": True}
    assert (await client.delete("/api/creations/5/favorite")).json()["data"] == {"is_favorite": False}
    changed = (await client.patch("/api/creations/5", json={"is_public": False, "tags": ["Lake"]})).json()["data"]
    assert (changed["views_count"], changed["tags"], changed["style"]["name"]) == (7, ["lake"], "Ghibli Art")
    assert (await client.post("/api/creations/5/report", json={"reason": "spam"})).json()["message"]
    assert_error(await client.post("/api/creations/5/appeal", json={"text": "mine"}), 409, "APPEAL_NOT_POSSIBLE")
    assert (await client.get("/api/creations/favorites")).json()["pagination"]["next_cursor"] is None
    requests = (social.LikeCreation, social.ChangeCreation, social.ReportCreation, social.ListFavorites)
    assert {fakes.asked[request][0].user_id for request in requests} == {42}
    for path, body in (
        ("report", {"reason": "dull"}),
        ("report", {"reason": "spam", "note": "x" * 501}),
        ("appeal", {"text": " \n"}),
        ("appeal", {"text": "a\0b"}),
    ):
        assert_error(await client.post(f"/api/creations/5/{path}", json=body), 400, "VALIDATION_ERROR")
    assert_error(await client.patch("/api/creations/5", json={"tags": "lake"}), 400, "VALIDATION_ERROR")
    guest = {"Authorization": f"Bearer {fakes.key.token(8, role='guest')}"}
    assert_error(await client.post("/api/creations/5/like", headers=guest), 403, "PERMISSION_DENIED")
    report = client.post("/api/creations/5/report", json={"reason": "spam"}, headers=guest)
    assert_error(await report, 403, "PERMISSION_DENIED")


async def test_moderators_judge_and_admins_pick(gateway: Running, fakes: Fakes) -> None:
    case = social.Case(
        creation=public_creation(5, 8),
        is_public=True,
        is_hidden=True,
        is_appealed=False,
        reports=3,
        latest_reports=[],
        texts=[],
    )
    fakes.on(social.ListCases, social.CasePage(items=[case], total=1, next_cursor=17))
    fakes.on(social.DecideCase, social.Decided(creation_id=5, decision="keep"))
    fakes.on(social.FeatureCreation, social.Pick(creation_id=5, is_featured=True))
    client = gateway.client
    decision = {"decision": "keep", "reason": "Harmless"}

    def as_(role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {fakes.key.token(20, role=role)}"}

    for role in ("user", "guest"):
        for method, path, body in (
            ("GET", "/api/admin/moderation", None),
            ("POST", "/api/admin/moderation/5", decision),
            ("PUT", "/api/admin/creations/5/featured", None),
        ):
            answer = await client.request(method, path, json=body, headers=as_(role))
            assert_error(answer, 403, "PERMISSION_DENIED")
    for role in ("moderator", "admin"):
        body = (await client.get("/api/admin/moderation", headers=as_(role))).json()
        assert (body["total"], body["next_cursor"], body["data"][0]["creation"]["user"]["id"]) == (1, 17, 8)
        answer = await client.post("/api/admin/moderation/5", json=decision, headers=as_(role))
        assert answer.json()["data"] == {"creation_id": 5, "decision": "keep"}
    refused = await client.put("/api/admin/creations/5/featured", headers=as_("moderator"))
    assert_error(refused, 403, "PERMISSION_DENIED")
    assert (await client.put("/api/admin/creations/5/featured", headers=as_("admin"))).status_code == 200
    assert fakes.asked[social.FeatureCreation][0].by == 20


async def test_a_shared_page_is_safe_and_goes_when_the_picture_goes(gateway: Running, fakes: Fakes) -> None:
    fakes.styles[1] = style(1, name='<script>alert("x")</script>')
    fakes.on(social.ShareCreation, social.Share(slug=SLUG))
    fakes.on(social.OpenShare, public_creation(5, 8))
    answer = await gateway.client.post("/api/creations/5/share")
    url = answer.json()["data"]["url"]
    assert url.endswith(f"/s/{SLUG}")
    page = await gateway.anonymous.get(url)
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text
    facts = dict(re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)">', page.text))
    assert facts["og:image"] == facts["twitter:image"] == f"{url}/image"
    assert facts["twitter:card"] == "summary_large_image"
    assert facts["og:title"].startswith("&lt;script&gt;alert(&quot;x&quot;)")
    image = await gateway.anonymous.get(f"{url}/image")
    assert (image.status_code, image.headers["location"]) == (302, "https://pictures.test/g.jpg")
    fakes.on(social.OpenShare, ServiceError("CREATION_NOT_FOUND", "gone"))
    asked = len(fakes.asked[social.OpenShare])
    for path in (f"/s/{SLUG}", "/s/x", "/s/" + "x" * 500, "/s/%00%0a"):
        gone = await gateway.anonymous.get(path)
        assert (gone.status_code, gone.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert_error(await gateway.anonymous.get(f"{path}/image"), 404, "CREATION_NOT_FOUND")
    assert len(fakes.asked[social.OpenShare]) == asked + 2
