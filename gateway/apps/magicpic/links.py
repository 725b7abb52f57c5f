"""Absolute links into the API."""

from dataclasses import dataclass

from fastapi import Request


@dataclass(frozen=True, slots=True)
class Links:
    """`public_url` is how clients reach the gateway; without it, they are given the address that they used."""

    public_url: str | None

    def of_job(self, request: Request, job_id: int) -> dict[str, str]:
        job_url = f"{self._base(request)}/api/creations/jobs/{job_id}"
        return {"status_url": job_url, "events_url": f"{job_url}/events", "cancel_url": f"{job_url}/cancel"}

    def of_share(self, request: Request, slug: str) -> str:
        return f"{self._base(request)}/s/{slug}"

    def _base(self, request: Request) -> str:
        return (self.public_url or f"{request.url.scheme}://{request.url.netloc}").rstrip("/")
