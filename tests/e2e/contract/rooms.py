"""What is asked for in each room of the documents. Each request carries every input that they name."""

import io
import time
from typing import Any

from PIL import Image

from tests.e2e.contract.tour import PASSWORD, PHOTO, Tour
from tests.fakes.admob import AD_UNIT
from tests.unit.gateway.photos import encoded, scene

FULL = {
    "style_id": "1",
    "mood": "romantic",
    "weather": "rainy",
    "dress_style": "formal",
    "custom_prompt": "with a hat",
    "is_public": "true",
}
PATIENCE_S = 30


def signing_up(tour: Tour) -> None:
    endpoint, nobody = "POST /api/auth/signup", tour.client()
    profile = tour.somebody("ada").http.get("/api/users/profile").json()["data"]
    body: dict[str, Any] = {
        "email": "jane@tour.example.org",
        "password": PASSWORD,
        "name": "Jane",
        "phone": "+919876543210",
        "referral_code": profile["referral_code"],
    }
    tour.well(endpoint, nobody.post("/api/auth/signup", json=body))
    changes: dict[str, dict[str, Any]] = {
        "EMAIL_EXISTS": {"phone": None},
        "INVALID_EMAIL": {"email": "jane at home"},
        "WEAK_PASSWORD": {"password": "weak"},
        "INVALID_REFERRAL_CODE": {"email": "joe@tour.example.org", "phone": None, "referral_code": "NOBODYS1"},
    }
    for code, change in changes.items():
        tour.badly(endpoint, code, nobody.post("/api/auth/signup", json=body | change))


def signing_in(tour: Tour) -> None:
    ada, nobody = tour.somebody("ada"), tour.client()
    device = {"device_id": "d-1", "device_name": "Pixel 9", "platform": "android", "push_token": "p-1"}
    body = {"email": ada.email, "password": PASSWORD, "device_info": device}
    tour.well("POST /api/auth/login", nobody.post("/api/auth/login", json=body))
    wrong = nobody.post("/api/auth/login", json=body | {"password": "Wrong-Horse-1"})
    tour.badly("POST /api/auth/login", "INVALID_CREDENTIALS", wrong)
    bearer = {"Authorization": f"Bearer {ada.refresh_token}"}
    tour.well("POST /api/auth/refresh", nobody.post("/api/auth/refresh", headers=bearer))
    null = nobody.post("/api/auth/refresh", headers={"Authorization": "Bearer null"})
    tour.badly("POST /api/auth/refresh", "INVALID_TOKEN", null)


def forgetting(tour: Tour) -> None:
    tim, nobody = tour.somebody("tim"), tour.client()
    tour.well("POST /api/auth/forgot-password", nobody.post("/api/auth/forgot-password", json={"email": tim.email}))
    endpoint = "POST /api/auth/reset-password"
    body = {"email": tim.email, "otp": "000000", "new_password": "Another-Horse-2"}
    tour.badly(endpoint, "INVALID_OTP", nobody.post("/api/auth/reset-password", json=body))
    otp = tour.stack.magicpic("code", tim.email, "new password").strip()
    weak = body | {"otp": otp, "new_password": "weak"}
    tour.badly(endpoint, "WEAK_PASSWORD", nobody.post("/api/auth/reset-password", json=weak))
    tour.well(endpoint, nobody.post("/api/auth/reset-password", json=body | {"otp": otp}))


def generating(tour: Tour) -> None:
    endpoint, path, jane = "POST /api/creations/generate", "/api/creations/generate", tour.somebody("jim").http
    photo = {"image": ("photo.jpg", PHOTO, "image/jpeg")}
    tour.well(endpoint, jane.post(path, files=photo, data=FULL))
    gif = io.BytesIO()
    scene(64, 64).save(gif, "GIF")
    for code, data in {"INVALID_IMAGE": gif.getvalue(), "IMAGE_TOO_LARGE": b"\xff\xd8\xff" + bytes(10 << 20)}.items():
        tour.badly(endpoint, code, jane.post(path, files={"image": ("photo.jpg", data, "image/jpeg")}, data=FULL))
    tour.badly(endpoint, "STYLE_NOT_FOUND", jane.post(path, files=photo, data=FULL | {"style_id": "9999"}))
    device = {"device_info": {"device_id": "tour", "device_name": "Pixel 9", "platform": "android"}}
    guest = tour.client(tour.client().post("/api/auth/guest", json=device).json()["data"]["access_token"])
    styles = jane.get("/api/styles", params={"limit": 50}).json()["data"]
    dear = next(str(style["id"]) for style in styles if style["credits_required"] == 100)
    for _ in range(2):  # a guest has 150
        answer = guest.post(path, files=photo, data={"style_id": dear})
    tour.badly(endpoint, "INSUFFICIENT_CREDITS", answer)
    tour.well("GET /api/creations/mine", jane.get("/api/creations/mine"))


def deleting(tour: Tour) -> None:
    endpoint, jim = "DELETE /api/creations/{id}", tour.somebody("jim").http
    gone = tour.picture_of("jim")
    tour.badly(endpoint, "NOT_OWNER", tour.somebody("ada").http.delete(f"/api/creations/{gone}"))
    tour.well(endpoint, jim.delete(f"/api/creations/{gone}"))
    tour.badly(endpoint, "CREATION_NOT_FOUND", jim.delete(f"/api/creations/{gone}"))


def browsing(tour: Tour) -> None:
    jim = tour.somebody("jim").http
    tour.well("GET /api/categories", jim.get("/api/categories"))
    query: dict[str, Any] = {"category": "anime", "search": "g", "sort": "newest", "page": 1, "limit": 20}
    tour.well("GET /api/styles", jim.get("/api/styles", params=query | {"trending": "false", "new": "true"}))
    tour.well("GET /api/styles/trending", jim.get("/api/styles/trending"))
    tour.well("GET /api/styles/{id}", jim.get("/api/styles/1"))
    tour.badly("GET /api/styles/{id}", "STYLE_NOT_FOUND", jim.get("/api/styles/9999"))


def at_home(tour: Tour) -> None:
    jim = tour.somebody("jim").http
    face = {"avatar": ("avatar.png", _png(), "image/png")}
    form = {"name": "Jim Doe", "phone": "+919876543211"}
    tour.well("PUT /api/users/profile", jim.put("/api/users/profile", files=face, data=form))
    until = time.monotonic() + PATIENCE_S
    while True:  # an achievement comes by an event
        answer = jim.get("/api/users/profile")
        if answer.json()["data"]["achievements"] or time.monotonic() > until:
            break
    tour.well("GET /api/users/profile", answer)


def _png() -> bytes:
    out = io.BytesIO()
    with Image.open(io.BytesIO(encoded(scene(64, 64)))) as picture:
        picture.save(out, "PNG")
    return out.getvalue()


def credits_(tour: Tour) -> None:
    jim = tour.somebody("jim").http
    tour.well("GET /api/credits/balance", jim.get("/api/credits/balance"))
    query: dict[str, Any] = {"type": "all", "page": 1, "limit": 20}
    tour.well("GET /api/credits/history", jim.get("/api/credits/history", params=query))
    tour.well("GET /api/credits/packages", jim.get("/api/credits/packages"))


def watching(tour: Tour) -> None:
    endpoint, path, ada = "POST /api/credits/earn/ad", "/api/credits/earn/ad", tour.somebody("ada")
    body = {"ad_provider": "admob", "ad_unit_id": AD_UNIT, "reward_token": "tour-1", "ad_type": "rewarded_video"}
    called = tour.client().get(f"/api/webhooks/admob?{tour.admob.callback('tour-1', user_id=ada.id)}")
    assert called.status_code == 200, called.text
    tour.well(endpoint, ada.http.post(path, json=body))
    tour.badly(endpoint, "INVALID_AD_TOKEN", tour.somebody("jim").http.post(path, json=body))
    tour.badly(endpoint, "AD_COOLDOWN", ada.http.post(path, json=body | {"reward_token": "tour-2"}))


def buying(tour: Tour) -> None:
    ada = tour.somebody("ada").http
    body = {"package_id": 2, "payment_method": "razorpay"}
    order = tour.well("POST /api/credits/purchase", ada.post("/api/credits/purchase", json=body))["order_id"]
    payment = tour.razorpay.pay(order)["id"]
    signature = tour.razorpay.checkout_signature(order, payment)
    proof = {"order_id": order, "payment_id": payment, "signature": signature}
    endpoint, path = "POST /api/credits/purchase/verify", "/api/credits/purchase/verify"
    tour.badly(endpoint, "PAYMENT_FAILED", ada.post(path, json=proof | {"signature": "0" * 64}))
    tour.well(endpoint, ada.post(path, json=proof))


ROOMS = (
    signing_up,
    signing_in,
    forgetting,
    generating,
    deleting,
    browsing,
    at_home,
    credits_,
    watching,
    buying,
)
