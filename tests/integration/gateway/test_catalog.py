from tests.integration.gateway.conftest import Running


async def test_styles(gateway: Running) -> None:
    for path in (
        "/api/styles",
        "/api/categories",
        "/api/styles/trending",
        "/api/styles/1",
        "/api/credits/balance",
        "/api/credits/history",
        "/api/creations/mine",
        "/api/creations/5",
        "/api/auth/me",
        "/.well-known/jwks.json",
        "/docs",
        "/openapi.json",
        "/nowhere",
        "/api/styles?page=0&limit=x&sort=foo",
    ):
        answer = await gateway.client.get(path)
        print(path, answer.status_code, dict(answer.headers), answer.text[:700])
    print((await gateway.client.post("/api/styles")).text, (await gateway.client.post("/api/creations/5")).headers)
    print((await gateway.client.get("/api/styles", headers={"Authorization": "Bearer null"})).text)
    print((await gateway.client.post("/api/auth/signup", json={"email": "a@b.c", "password": "x", "name": "j"})).text)
    print((await gateway.client.post("/api/auth/refresh", json={"email": "a@b.c", "password": "x", "name": "j"})).text)
