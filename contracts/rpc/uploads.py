"""What can be asked of creation about photos that come before the job."""

from typing import Any, ClassVar

from contracts.envelope import Message, Request


class Upload(Message):
    """A photo that waits for a job. `url` shows it; what it is told of is known once its bytes have been looked at."""

    upload_id: str
    url: str
    content_type: str
    size: int
    width: int
    height: int
    expires_at: str


class Presigned(Message):
    """Where the photo's bytes are to be PUT, with which headers. `expires_in`: seconds, for the link."""

    upload_id: str
    url: str
    method: str
    headers: dict[str, str]
    expires_in: int


class PresignUpload(Request[Presigned]):
    """Errors: USER_NOT_FOUND, TOO_MANY_UPLOADS."""

    SUBJECT: ClassVar[str] = "rpc.creation.presign_upload"
    user_id: int
    content_type: str
    size: int


class Arrival(Message):
    """Where the bytes of a presigned upload lie, and what was said of them. `done`, when they were looked at before."""

    raw_key: str
    content_type: str
    size: int
    done: Upload | None


class FindUpload(Request[Arrival]):
    """Errors: UPLOAD_NOT_FOUND, NOT_OWNER, UPLOAD_EXPIRED, UPLOAD_USED."""

    SUBJECT: ClassVar[str] = "rpc.creation.find_upload"
    user_id: int
    upload_id: str


class KeepUpload(Request[Upload]):
    """The photo was checked and lies under `photos/`: of a presigned upload, or of one that came by itself.

    What was kept first stays. Errors: UPLOAD_NOT_FOUND, NOT_OWNER, UPLOAD_EXPIRED, USER_NOT_FOUND, TOO_MANY_UPLOADS,
    VALIDATION_ERROR.
    """

    SUBJECT: ClassVar[str] = "rpc.creation.keep_upload"
    user_id: int
    upload_id: str | None
    original_key: str
    working_key: str
    content_type: str
    size: int
    width: int
    height: int


REQUESTS: tuple[type[Request[Any]], ...] = (
    PresignUpload,
    FindUpload,
    KeepUpload,
)
