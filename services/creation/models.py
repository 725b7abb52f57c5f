"""The models that can be asked for by name, and what each costs on top of a style's price. Data, and one question."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from contracts.errors import ServiceError
from contracts.rpc.jobs import PaintingModel, PaintingModels, PictureKind

LOCAL = "local"
UNPRICED_CREDITS = 50
"""For a model that the settings name and the list does not: whoever runs it pays for it."""


@dataclass(frozen=True, slots=True)
class Model:
    id: str
    name: str
    description: str
    credits: int
    kinds: tuple[PictureKind, ...] = ("photo", "text")


KNOWN = (
    Model(LOCAL, "Studio", "Filters and drawn scenes, made here. Quick; it does not understand words.", 0),
    Model("gemini-3.1-flash-image", "Gemini Flash", "Google's quick model. It understands words.", 25),
    Model("gemini-3-pro-image", "Gemini Pro", "Google's most careful model: finer detail, more time.", 100),
)


class ModelNotFound(ServiceError):
    def __init__(self, model_id: str) -> None:
        super().__init__("MODEL_NOT_FOUND", "There is no such model, or it is not available.", {"model": model_id})


class Models:
    """Local, and what is configured of Google's; without a key those are shown, and not available.

    The default model is free of surcharge: it is what everyone gets who names none.
    """

    def __init__(
        self, *, painter: Literal["local", "gemini"], gemini_models: Sequence[str], gemini_is_set_up: bool
    ) -> None:
        default = LOCAL if painter == LOCAL else next(iter(gemini_models), "")
        priced = {model.id: model for model in KNOWN}
        found = [priced.get(model_id) or _unpriced(model_id) for model_id in (LOCAL, *gemini_models)]
        self._models = {model.id: (replace(model, credits=0) if model.id == default else model) for model in found}
        self._default = default
        self._gemini_is_set_up = gemini_is_set_up

    async def offered(self, _: object = None) -> PaintingModels:
        items = [
            PaintingModel(
                id=model.id,
                name=model.name,
                description=model.description,
                kinds=list(model.kinds),
                credits=model.credits,
                available=self._is_available(model.id),
                is_default=model.id == self._default,
            )
            for model in self._models.values()
        ]
        return PaintingModels(items=items)

    def surcharge(self, model_id: str | None, kind: PictureKind) -> int:
        """What each picture costs in addition. Errors: MODEL_NOT_FOUND, VALIDATION_ERROR (not for this kind)."""
        if model_id is None:
            return 0
        model = self._models.get(model_id)
        if model is None or not self._is_available(model_id):
            raise ModelNotFound(model_id)
        if kind not in model.kinds:
            raise ServiceError(
                "VALIDATION_ERROR", "The request is not valid.", {"model": f"It makes no pictures of a {kind}."}
            )
        return model.credits

    def _is_available(self, model_id: str) -> bool:
        return model_id == LOCAL or self._gemini_is_set_up


def _unpriced(model_id: str) -> Model:
    return Model(model_id, model_id, "One of Google's models.", UNPRICED_CREDITS)
