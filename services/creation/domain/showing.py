"""How a finished picture is shown: its owner's will, others' reports, what moderators decide, what admins pick.

It is one story with the picture's own and stands in its stream, so whoever hears of it knows what came first. Free
texts (tags, notes, reasons, appeals) are kept elsewhere: events carry ids, numbers and words of a fixed list.
"""

from dataclasses import dataclass
from typing import Literal

from contracts.errors import ServiceError
from services.creation.domain.reporting import FULL_WEIGHT, Report

ReportReason = Literal["spam", "nudity", "violence", "hate", "harassment", "copyright", "other"]
Decision = Literal["keep", "remove"]


@dataclass(frozen=True, slots=True)
class Showing:
    """`is_public` is the owner's will, `hidden` whether reports or a moderator stand against it, `removed` whether it
    is a moderator who does.

    `waiting`: for a moderator's decision. `appealed`: once, as often as is granted for one hiding. `reporters`: all who
    ever reported it; who did so before it was kept does not count again. `open_reports`: since the
    last decision.
    """

    is_public: bool
    hidden: bool = False
    removed: bool = False
    waiting: bool = False
    appealed: bool = False
    open_reports: tuple[Report, ...] = ()
    reporters: tuple[int, ...] = ()
    featured: bool = False

    @property
    def visible(self) -> bool:
        """To everyone, and not to its owner alone."""
        return self.is_public and not self.hidden

    @property
    def barred(self) -> bool:
        """From its battle, too: that goes on while it is reports alone that hide it."""
        return self.removed or not self.is_public


@dataclass(frozen=True, slots=True)
class ChangeShowing:
    """What is None stays as it is. `retag`: new tags are carried along. `in_battle`: as far as we have heard."""

    creation_id: int
    user_id: int
    is_public: bool | None
    retag: bool
    in_battle: bool


@dataclass(frozen=True, slots=True)
class AppealHiding:
    creation_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class ReportPicture:
    """It is hidden when its reports weigh as much as `hide_after` full ones. `weight`: of this one, 1 to 100.

    `in_battle`: as far as we have heard. There everyone sees it though reports hide it, and may report it, too.
    """

    creation_id: int
    by: int
    reason: ReportReason
    hide_after: int
    weight: int = FULL_WEIGHT
    in_battle: bool = False


@dataclass(frozen=True, slots=True)
class WithdrawReport:
    """Whoever reported it has left: nobody stands behind that report any more."""

    creation_id: int
    by: int


@dataclass(frozen=True, slots=True)
class DecideCase:
    creation_id: int
    by: int
    decision: Decision


@dataclass(frozen=True, slots=True)
class FeaturePicture:
    creation_id: int
    by: int
    featured: bool


OwnersWish = ChangeShowing | AppealHiding
Command = OwnersWish | ReportPicture | WithdrawReport | DecideCase | FeaturePicture


@dataclass(frozen=True, slots=True)
class PublicityChosen:
    creation_id: int
    user_id: int
    is_public: bool


@dataclass(frozen=True, slots=True)
class VisibilityChanged:
    """What comes of the owner's will and the moderators' word together."""

    creation_id: int
    user_id: int
    visible: bool


@dataclass(frozen=True, slots=True)
class PictureBarred:
    """It is to be shown nowhere any more, not even where it fights: by its owner's will, or by a moderator's."""

    creation_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class PictureTagged:
    creation_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class PictureReported:
    """`user_id` is the owner. `reports`: how many since it was last kept, this one included; `together` is what they
    weigh, and None in events from before they were weighed, when each was a full one.
    """

    creation_id: int
    user_id: int
    by: int
    reason: ReportReason
    reports: int
    weight: int = FULL_WEIGHT
    together: int | None = None


@dataclass(frozen=True, slots=True)
class ReportWithdrawn:
    """`reports` and `together` are left; `waiting`: there is still something for a moderator to decide."""

    creation_id: int
    user_id: int
    by: int
    reports: int
    together: int
    waiting: bool


@dataclass(frozen=True, slots=True)
class PictureHidden:
    """By so many reports, until a moderator decides."""

    creation_id: int
    user_id: int
    reports: int


@dataclass(frozen=True, slots=True)
class HidingAppealed:
    creation_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class CaseDecided:
    creation_id: int
    user_id: int
    by: int
    decision: Decision


@dataclass(frozen=True, slots=True)
class PictureFeatured:
    creation_id: int
    user_id: int
    by: int
    featured: bool


Event = (
    PublicityChosen
    | VisibilityChanged
    | PictureBarred
    | PictureTagged
    | PictureReported
    | ReportWithdrawn
    | PictureHidden
    | HidingAppealed
    | CaseDecided
    | PictureFeatured
)
EVENTS = (
    PublicityChosen,
    VisibilityChanged,
    PictureBarred,
    PictureTagged,
    PictureReported,
    ReportWithdrawn,
    PictureHidden,
    HidingAppealed,
    CaseDecided,
    PictureFeatured,
)


class InBattle(ServiceError):
    def __init__(self, what: str) -> None:
        super().__init__("CREATION_IN_BATTLE", f"Cannot {what} creation while in active battle")


class OwnPicture(ServiceError):
    def __init__(self) -> None:
        super().__init__("OWN_CREATION", "This is your own creation.")


class JudgeInOwnCase(ServiceError):
    def __init__(self) -> None:
        super().__init__("PERMISSION_DENIED", "Someone else has to decide about your own creation.")


class NothingToAppeal(ServiceError):
    def __init__(self, message: str) -> None:
        super().__init__("APPEAL_NOT_POSSIBLE", message)


class NotShown(ServiceError):
    def __init__(self) -> None:
        super().__init__("CREATION_PRIVATE", "This creation is not shown to everyone.")
