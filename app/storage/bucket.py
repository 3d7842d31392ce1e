"""Files on an S3 server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, BinaryIO, TypeVar, cast
from urllib.parse import parse_qs, unquote, urlsplit

import structlog
import urllib3
from minio import Minio
from minio.error import MinioException, S3Error
from minio.sseconfig import Rule, SSEConfig

from .store import SHOWN_INLINE, NotStored, Reader, StorageAway, disposition

log = structlog.get_logger()
T = TypeVar("T")


class Bucket:
    """Files in a bucket. While the server is away calls raise StorageAway at once; every two seconds one of
    them asks again."""

    def __init__(self, url: str, public_url: str | None) -> None:
        parts = urlsplit(url)
        self.name = parts.path.strip("/")
        # One try with short waits: a page or a job stands behind it and can say that files are away.
        self.http = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=2, read=15), retries=False, cert_reqs="CERT_REQUIRED", maxsize=10
        )
        self.client = self._client(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", url)
        # A link's signature covers the host, so links are signed for the address browsers use.
        self.public = self._client(public_url, url) if public_url else self.client
        self.is_ready = False
        self.ask_again_at = 0.0

    def _client(self, origin: str, url: str) -> Minio:
        parts = urlsplit(url)
        region = parse_qs(parts.query).get("region", ["us-east-1"])[0]
        return Minio(
            urlsplit(origin).netloc,
            access_key=unquote(parts.username or ""),
            secret_key=unquote(parts.password or ""),
            secure=origin.startswith("https:"),
            region=region,
            http_client=self.http,
        )

    def put(self, stream: Reader, key: str, content_type: str) -> None:
        size = 5 * 1024 * 1024  # the smallest part S3 takes; one part is what sits in memory

        def send() -> None:
            self.client.put_object(
                self.name,
                key,
                cast(BinaryIO, stream),
                -1,
                content_type,
                part_size=size,
                num_parallel_uploads=1,
            )

        self._ask(send)

    @contextmanager
    def open(self, key: str) -> Iterator[Reader]:
        response = self._ask(lambda: self.client.get_object(self.name, key), key=key)
        try:
            yield Fetched(response)
        finally:
            response.close()
            response.release_conn()

    def link(self, key: str, filename: str, expires: timedelta, *, inline: bool) -> str:
        headers: dict[str, str | list[str] | tuple[str]] = {
            "response-content-disposition": disposition(filename, inline=inline)
        }
        if inline:
            headers["response-content-type"] = SHOWN_INLINE[key.rpartition(".")[2]]
        return self.public.presigned_get_object(self.name, key, expires, response_headers=headers)

    def delete(self, key: str) -> None:
        self._ask(lambda: self.client.remove_object(self.name, key))

    def prepare(self) -> None:
        """Make the bucket and have it encrypted, once. Raises StorageAway."""
        self._ask(lambda: None)

    def _ask(self, act: Callable[[], T], *, key: str = "") -> T:
        if time.monotonic() < self.ask_again_at:
            raise StorageAway()
        try:
            if not self.is_ready:
                self._make()
            return act()
        except S3Error as error:
            if error.code == "NoSuchKey":
                raise NotStored(key) from None
            raise self._away(error) from error
        except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
            raise self._away(error) from error

    def _away(self, error: Exception) -> StorageAway:
        log.error("storage_away", error=str(error))
        self.is_ready = False
        self.ask_again_at = time.monotonic() + 2
        return StorageAway()

    def _make(self) -> None:
        if not self.client.bucket_exists(self.name):
            try:
                self.client.make_bucket(self.name)
            except S3Error as error:
                if error.code not in (
                    "BucketAlreadyOwnedByYou",
                    "BucketAlreadyExists",
                ):  # another process was first
                    raise
        try:
            self.client.set_bucket_encryption(self.name, SSEConfig(Rule.new_sse_s3_rule()))
        except S3Error as error:
            log.warning("storage_does_not_encrypt", code=error.code)
        self.is_ready = True


class Fetched:
    """The body of an answer of the S3 server."""

    def __init__(self, response: Any) -> None:
        self.response = response

    def read(self, size: int = -1, /) -> bytes:
        try:
            content: bytes = self.response.read(size if size >= 0 else None)
        except urllib3.exceptions.HTTPError as error:
            raise StorageAway() from error
        return content
