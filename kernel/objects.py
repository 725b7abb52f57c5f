"""Object storage: any S3. Calls run in a small pool of threads, since the client is synchronous."""

import asyncio
import io
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from time import time
from typing import Any, BinaryIO, Self, TypeVar
from urllib.parse import urlsplit

import urllib3
import urllib3.exceptions
from minio import Minio
from minio.commonconfig import CopySource
from minio.error import InvalidResponseError, MinioException, S3Error

from contracts.errors import ServiceError
from kernel.settings import StorageSettings

T = TypeVar("T")
TROUBLE = (MinioException, urllib3.exceptions.HTTPError, OSError)
"""What is raised when the storage is away or overloaded."""
URL_LIFE = timedelta(hours=24)
URL_REUSE_S = 6 * 3600
REMEMBERED_URLS = 20_000
THREADS = 16


class Objects:
    """One bucket. Keys cannot be guessed, and reading is by presigned URL only."""

    def __init__(
        self,
        endpoint: str,
        access_key: str,
        secret_key: str,
        bucket: str,
        region: str,
        public_endpoint: str | None = None,
    ) -> None:
        self._bucket = bucket
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="objects")
        self._client = _client(endpoint, access_key, secret_key, region)
        self._public = _client(public_endpoint or endpoint, access_key, secret_key, region)
        self._urls: OrderedDict[str, tuple[float, str]] = OrderedDict()

    @classmethod
    def of(cls, settings: StorageSettings) -> Self:
        return cls(
            settings.s3_endpoint,
            settings.s3_access_key,
            settings.s3_secret_key,
            settings.s3_bucket,
            settings.s3_region,
            settings.s3_public_endpoint,
        )

    async def put(self, key: str, data: bytes | BinaryIO, content_type: str, length: int | None = None) -> None:
        body = io.BytesIO(data) if isinstance(data, bytes) else data
        size = len(data) if isinstance(data, bytes) else length
        if size is None:
            raise ValueError("the length of a stream must be told")
        await self._run(lambda: self._client.put_object(self._bucket, key, body, size, content_type=content_type))

    async def get(self, key: str, *, at_most: int = 0) -> bytes:
        """The object, or so many of its first bytes. Errors: KeyError when there is no such object."""

        def read() -> bytes:
            response: Any = None
            try:
                response = self._client.get_object(self._bucket, key, length=at_most)
                return bytes(response.read())
            except (S3Error, InvalidResponseError) as error:  # the second where a server's XML is not quite AWS's
                if "NoSuchKey" in str(error):
                    raise KeyError(key) from None
                raise
            finally:
                if response is not None:
                    response.close()
                    response.release_conn()

        return await self._run(read)

    async def copy(self, source: str, target: str) -> None:
        """On the server; the bytes do not pass through here."""
        await self._run(lambda: self._client.copy_object(self._bucket, target, CopySource(self._bucket, source)))

    async def delete(self, keys: Iterable[str]) -> None:
        """Absent keys are no error: what was to be gone is gone."""
        for key in keys:
            await self._run(partial(self._client.remove_object, self._bucket, key))

    async def remove(self, places: Iterable[str]) -> None:
        """Delete keys, and folders (they end with a slash) with all they hold. What is not there is no error.

        Errors: SERVICE_UNAVAILABLE while the storage is away.
        """
        try:
            for place in places:
                await self.delete(await self.keys(place) if place.endswith("/") else [place])
        except TROUBLE as error:
            raise away(error) from error

    async def older_than(self, prefix: str, age: timedelta, now_s: float | None = None) -> list[str]:
        """Keys under `prefix` whose objects were last written longer than `age` ago."""
        limit = (now_s or time()) - age.total_seconds()

        def listed() -> list[str]:
            found = self._client.list_objects(self._bucket, prefix=prefix, recursive=True)
            return [item.object_name for item in found if item.last_modified and item.last_modified.timestamp() < limit]

        return await self._run(listed)

    async def larger_than(self, size: int, prefix: str) -> list[str]:
        """Keys under `prefix` of objects with more bytes than that."""

        def listed() -> list[str]:
            found = self._client.list_objects(self._bucket, prefix=prefix, recursive=True)
            return [item.object_name for item in found if (item.size or 0) > size]

        return await self._run(listed)

    async def keys(self, prefix: str = "") -> list[str]:
        def listed() -> list[str]:
            return [item.object_name for item in self._client.list_objects(self._bucket, prefix=prefix, recursive=True)]

        return await self._run(listed)

    async def make_bucket(self) -> None:
        def make() -> None:
            if not self._client.bucket_exists(self._bucket):
                self._client.make_bucket(self._bucket)

        await self._run(make)

    def url(self, key: str) -> str:
        """A presigned GET, good for at least 18 hours. It stays the same for 6, so that phones can cache by it."""
        now_s = time()
        known = self._urls.get(key)
        if known and now_s - known[0] < URL_REUSE_S:
            return known[1]
        url: str = self._public.presigned_get_object(self._bucket, key, expires=URL_LIFE)
        self._urls[key] = (now_s, url)
        if len(self._urls) > REMEMBERED_URLS:
            self._urls.popitem(last=False)
        return url

    def passing_url(self, key: str, life: timedelta) -> str:
        """A presigned GET that is good for `life`, another one each time."""
        url: str = self._public.presigned_get_object(self._bucket, key, expires=life)
        return url

    def url_to_put(self, key: str, life: timedelta) -> str:
        """A presigned PUT. Whoever has it may put anything of any size there: look at it before it is used."""
        url: str = self._public.presigned_put_object(self._bucket, key, expires=life)
        return url

    async def size(self, key: str) -> int:
        """In bytes. Errors: KeyError when there is no such object."""

        def look() -> int:
            try:
                return int(self._client.stat_object(self._bucket, key).size or 0)
            except S3Error as error:
                if error.code == "NoSuchKey":  # what the client makes of a 404, whose answer to HEAD has no body
                    raise KeyError(key) from None
                raise

        return await self._run(look)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def away(error: Exception) -> ServiceError:
    return ServiceError("SERVICE_UNAVAILABLE", f"The object storage cannot be reached: {type(error).__name__}.")


def _client(endpoint: str, access_key: str, secret_key: str, region: str) -> Minio:
    parts = urlsplit(endpoint)
    # 5xx too: rclone answers 500 when two PUTs make the same folder at once.
    retries = urllib3.Retry(5, backoff_factor=0.2, status_forcelist=(500, 502, 503, 504))
    pool = urllib3.PoolManager(
        maxsize=THREADS,
        timeout=urllib3.Timeout(connect=2, read=15),
        retries=retries,
    )
    # With the region given, signing needs no question to the server.
    return Minio(
        parts.netloc,
        access_key=access_key,
        secret_key=secret_key,
        region=region,
        secure=parts.scheme == "https",
        http_client=pool,
    )
