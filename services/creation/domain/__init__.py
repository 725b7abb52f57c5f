"""The life of one picture: asked for, paid for, painted, and whatever else may come of it. One stream per creation.

```
 (none) ─▶ requested ─▶ queued ─▶ processing ─▶ completed ─▶ deleted
               └───────────┴──────────┴────▶ failed or cancelled ─▶ deleted
```
The first end counts: whoever comes later with another one is told nothing (`[]`), or, being a person, that it is over.
"""

from services.creation.domain.language import (
    CancelCreation,
    Command,
    CompletePainting,
    ConfirmFunds,
    Creation,
    CreationCancelled,
    CreationDeleted,
    CreationFailed,
    CreationGenerated,
    CreationNotFound,
    CreationQueued,
    CreationRequested,
    DeleteCreation,
    EraseCreation,
    Event,
    FailPainting,
    JobAlreadyEnded,
    MissDeadline,
    NotOwner,
    NotYetThere,
    Order,
    PaintingStarted,
    RefuseCreation,
    RequestCreation,
    StartPainting,
    Status,
    Style,
    StyleNotFound,
)
from services.creation.domain.rules import CREATION, decide, evolve

__all__ = [
    "CREATION",
    "CancelCreation",
    "Command",
    "CompletePainting",
    "ConfirmFunds",
    "Creation",
    "CreationCancelled",
    "CreationDeleted",
    "CreationFailed",
    "CreationGenerated",
    "CreationNotFound",
    "CreationQueued",
    "CreationRequested",
    "DeleteCreation",
    "EraseCreation",
    "Event",
    "FailPainting",
    "JobAlreadyEnded",
    "MissDeadline",
    "NotOwner",
    "NotYetThere",
    "Order",
    "PaintingStarted",
    "RefuseCreation",
    "RequestCreation",
    "StartPainting",
    "Status",
    "Style",
    "StyleNotFound",
    "decide",
    "evolve",
]
