"""Pictures that are small enough to be shown: what they are, by their bytes.

The type that an uploader set counts for nothing. A picture has one of five raster formats, none of
which has script or loads anything: SVG and HTML are refused, whatever they are called.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reinventure.errors import UserError
from s3_catalog.exceptions import BrokenError
from s3_catalog.inspection.formats.images import read_header
from s3_catalog.inspection.formats.signatures import HEAD_BYTES, detect_content_type
from s3_catalog.model.row import Row

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

MAX_BYTES = 2 * 1024 * 1024
"""Size of a picture that is shown."""

MAX_PIXELS = 25_000_000
"""Pixels of a picture that is shown: a browser needs four bytes of memory for each."""

TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"})
"""The raster formats that every browser shows."""

_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp")


@dataclass(frozen=True, slots=True)
class Picture:
    """The bytes of a picture, and its content type: one of `TYPES`."""

    content_type: str
    content: bytes


def may_be(row: Row) -> bool:
    """Whether the object of `row` may be a picture that is shown, by all that is known of it."""
    if row.deleted or not row.size or row.size > MAX_BYTES:
        return False
    if row.inspected and row.inspected.content_type:
        return row.inspected.content_type in TYPES
    return row.key.lower().endswith(_SUFFIXES)


def read(client: "S3Client", bucket: str, key: str) -> Picture:
    """Return the picture that is the current version of `key`.

    Raises UserError with the reason if it is none, or too large, and botocore's ClientError or
    BotoCoreError.
    """
    reply = client.get_object(Bucket=bucket, Key=key)
    with reply["Body"] as body:
        if reply["ContentLength"] > MAX_BYTES:
            raise UserError(f"the object has more than {MAX_BYTES:,} bytes")
        return _checked(body.read())


def _checked(content: bytes) -> Picture:
    source = _Content(content)
    content_type = detect_content_type(content[:HEAD_BYTES], source)
    if content_type not in TYPES:
        raise UserError("the object is no picture that is shown here")
    try:
        width, height, _ = read_header(source, content_type)
    except BrokenError as error:
        raise UserError(f"the picture is broken: {error}") from None
    if width * height > MAX_PIXELS:
        raise UserError(f"the picture has more than {MAX_PIXELS:,} pixels")
    return Picture(content_type, content)


@dataclass(frozen=True, slots=True)
class _Content:
    """The bytes of an object, as content inspection reads them."""

    content: bytes

    @property
    def size(self) -> int:
        return len(self.content)

    def chunks(self) -> Iterator[bytes]:
        yield self.content

    def at(self, offset: int, length: int) -> bytes:
        return self.content[offset : offset + length]
