"""Creation's composition root, and its settings. The painting itself is done by the workers: `worker.py`."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from contracts.errors import ServiceError
from kernel.decider import Codec
from kernel.ids import IdBlock
from kernel.objects import Objects
from kernel.service import Service
from kernel.settings import StorageSettings
from kernel.sweeper import Sweeper
from services.creation import projections, rpc
from services.creation.domain import CREATION, MissDeadline
from services.creation.domain.contests import CONTEST
from services.creation.domain.marks import MARK
from services.creation.erasing import Departures
from services.creation.keeping import deadlines, keep
from services.creation.models import Models
from services.creation.ordering import Ordering
from services.creation.publishing import publish
from services.creation.queries import Queries
from services.creation.social import app as social
from services.creation.social.erasing import Traces
from services.creation.storage import Storage
from services.creation.styles import StyleCopies
from services.creation.subscribers import Subscribers
from services.creation.uploads import Uploads

CODEC = Codec(CREATION, MARK, CONTEST)
MAX_DEADLINE_S = 1800
"""Well below the hour after which uploads that nobody adopted are swept away."""


class PicturesTaken(ServiceError):
    """Each upload belongs to one request."""

    def __init__(self) -> None:
        super().__init__("VALIDATION_ERROR", "These pictures belong to another request already.")


class UploadUsed(ServiceError):
    """Two requests at the same instant: one of them was first."""

    def __init__(self) -> None:
        super().__init__("UPLOAD_USED", "This upload has been used already.")


class CreationSettings(StorageSettings):
    """`gemini_models` are tried in order; in the environment they stand with commas between them."""

    creation_database_url: str
    max_open_jobs: int = Field(default=4, ge=1)
    imagine_credits: int = Field(default=50, ge=1)
    """What a picture costs that is made from words alone, in no style."""
    job_deadline_s: int = Field(default=600, ge=1, le=MAX_DEADLINE_S)
    hide_after_reports: int = Field(default=3, ge=1)
    """By so many people, or more of them whose reports weigh less, until a moderator has looked at it."""
    report_new_account_hours: float = Field(default=72, ge=0)
    """How long an account is new, and its reports weigh less. 0: never."""
    painter: Literal["local", "gemini"] = "local"
    paint_concurrency: int | None = Field(default=None, ge=1)
    """Pictures that one worker paints at once; by default a core each (local), or 64 (gemini)."""
    gemini_api_key: SecretStr | None = Field(default=None, validate_default=True)
    gemini_models: Annotated[tuple[str, ...], NoDecode] = ("gemini-3.1-flash-image", "gemini-3-pro-image")
    gemini_base_url: str | None = None
    gemini_timeout_s: float = Field(default=60, gt=0)

    @field_validator("gemini_api_key")
    @classmethod
    def _key_where_it_is_needed(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if info.data.get("painter") == "gemini" and not (value and value.get_secret_value()):
            raise ValueError("the gemini painter needs a key")
        return value

    @property
    def gemini_is_set_up(self) -> bool:
        return bool(self.gemini_api_key and self.gemini_api_key.get_secret_value() and self.gemini_models)

    @field_validator("gemini_models", mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value


def build(settings: CreationSettings) -> Service:
    async def fire(timer_id: str) -> None:
        creation_id = int(timer_id.removeprefix("deadline:"))
        await service.commands.execute(CREATION, creation_id, MissDeadline(creation_id))

    service = Service(
        "creation",
        settings,
        settings.creation_database_url,
        CODEC,
        project=projections.project,
        keep=keep,
        deadlines=deadlines,
        publish=publish,
        conflicts={"stored_pkey": PicturesTaken, "upload_uses_pkey": UploadUsed},
        fire=fire,
    )
    objects = Objects.of(settings)
    queries = Queries(service.database, objects)
    styles = StyleCopies(service.database)
    storage = Storage(service.database, objects)
    traces = Traces(service.database, service.commands)
    departures = Departures(service.database, service.commands, traces)
    social_queries = social.answer(
        service,
        objects,
        departures,
        traces,
        hide_after_reports=settings.hide_after_reports,
        new_account=timedelta(hours=settings.report_new_account_hours),
    )
    uploads = Uploads(service.database, objects, departures)
    models = Models(
        painter=settings.painter,
        gemini_models=settings.gemini_models,
        gemini_is_set_up=settings.gemini_is_set_up,
    )
    ordering = Ordering(
        service.commands,
        styles,
        models,
        storage,
        uploads,
        ids=IdBlock(service.database, "creation_ids"),
        departures=departures,
        deadline_s=settings.job_deadline_s,
        max_open_jobs=settings.max_open_jobs,
        imagine_credits=settings.imagine_credits,
    )
    requests = rpc.Requests(service.commands, queries, is_in_battle=social_queries.in_battle)
    rpc.answer(service.bus, queries, requests, ordering, models, uploads)
    Subscribers(service.commands, styles, storage, departures, uploads).listen(service.bus)

    async def sweep(now: datetime) -> int:
        return await storage.sweep(now) + await uploads.sweep(now)

    sweeper = Sweeper(sweep)
    service.on_start.append(sweeper.start)
    service.on_stop.append(sweeper.close)
    return service
