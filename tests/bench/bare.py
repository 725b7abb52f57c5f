"""The reference: a bare FastAPI route in one uvicorn process, as the framework's own first example has it."""

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def root() -> dict[str, str]:
    return {"message": "Hello World"}
