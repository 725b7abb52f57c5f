"""The reference: a bare FastAPI route in one uvicorn process, as the framework's own first example has it."""

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Vote(BaseModel):
    creation_id: int


@app.get("/")
async def root() -> dict[str, str]:
    return {"message": "Hello World"}


@app.post("/votes")
async def vote(vote: Vote) -> dict[str, int]:
    return {"user_vote": vote.creation_id}
