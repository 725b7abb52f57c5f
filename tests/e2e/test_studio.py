"""Several pictures a job, pictures from words, and uploads before the job, through the whole stack."""

import httpx

from tests.e2e.conftest import Person
from tests.e2e.test_main_job import picture_at
from tests.unit.gateway.photos import encoded, exif, scene

PHOTO = encoded(scene(800, 600), exif=exif(1))


async def test_a_photo_that_was_uploaded_before_becomes_two_pictures_and_words_become_others(jane: Person) -> None:
    announced = {"content_type": "image/jpeg", "size": len(PHOTO)}
    presigned = (await jane.client.post("/api/upload/presign", json=announced)).json()["data"]
    async with httpx.AsyncClient() as plain:
        put = await plain.request(presigned["method"], presigned["url"], content=PHOTO, headers=presigned["headers"])
    assert put.status_code == 200
    complete = f"/api/upload/{presigned['upload_id']}/complete"
    upload = (await jane.client.post(complete)).json()["data"]
    assert (upload["width"], upload["height"], upload["content_type"]) == (800, 600, "image/jpeg")
    assert (await jane.client.post(complete)).json()["data"]["upload_id"] == upload["upload_id"]
    asked = {"style_id": 1, "upload_id": upload["upload_id"], "quantity": 2}
    answer = await jane.client.post("/api/creations/generate", json=asked)
    assert answer.status_code == 200, answer.text
    made = answer.json()["data"]["creations"]
    assert [(await picture_at(each["original_image_url"])).getexif() for each in made] == [{}, {}]
    first, second = [(await picture_at(each["generated_image_url"])).tobytes() for each in made]
    assert first != second
    assert (await jane.balance())["balance"] == 2400
    again = await jane.client.post("/api/creations/generate", json=asked)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "UPLOAD_USED")

    words = {"prompt": "a red dragon over the sea", "aspect_ratio": "16:9", "quantity": 2, "weather": "night"}
    answer = await jane.client.post("/api/creations/imagine", json=words)
    assert answer.status_code == 200, answer.text
    imagined = answer.json()["data"]
    assert imagined["original_image_url"] is None
    assert (imagined["style"]["id"], imagined["style"]["name"]) == (0, "Imagined")
    assert (await picture_at(imagined["generated_image_url"])).size == (1024, 576)
    assert (await jane.balance())["balance"] == 2300
    mine = (await jane.client.get("/api/creations/mine")).json()
    assert mine["total"] == 4
    models = (await jane.client.get("/api/models")).json()["data"]
    assert [model["id"] for model in models if model["available"]] == ["local"]
    history = (await jane.client.get("/api/credits/history")).json()["data"]
    assert [entry["description"] for entry in history[:2]] == ["Created Imagined image"] * 2
