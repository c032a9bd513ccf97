"""The function of examples/thumbnails: any order of messages ends with the newest picture."""

import io
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from PIL import Image

from tests.component.examples.messages import KEY, Message, example, lives, message

THUMBNAILS = "example-thumbnails"
MISTAKES = {
    "no positions": ('if position <= head["Metadata"]["position"]:', "if False:"),
    "an equal position again": ("if position <= head", "if position < head"),
    "no mark of a heal": ("{healed:020}", f"{0:020}"),
    "no lookups": ("{asked:020}", f"{0:020}"),
    "no condition": ('"ContentType": "image/jpeg", **only}', '"ContentType": "image/jpeg"}'),
    "a deletion leaves no position": (
        "    s3.put_object(Bucket",
        "    (s3.put_object if change['new'] else forget)(Bucket",
    ),
}


@pytest.fixture
def photo(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The ETag of the picture that is under the key now."""
    monkeypatch.setenv("THUMBNAILS", THUMBNAILS)
    s3 = boto3.client("s3")
    buckets = ("example-photos", THUMBNAILS)
    for bucket in buckets:
        s3.create_bucket(Bucket=bucket)
    Image.new("RGB", (600, 300), "red").save(png := io.BytesIO(), "PNG")
    put = s3.put_object(Bucket="example-photos", Key=KEY, Body=png.getvalue())
    yield put["ETag"].strip('"')
    for bucket in buckets:
        s3.delete_object(Bucket=bucket, Key=KEY)
        s3.delete_bucket(Bucket=bucket)


def shown() -> tuple[int, int]:
    """The size of the thumbnail, zero if it is empty."""
    body = boto3.client("s3").get_object(Bucket=THUMBNAILS, Key=KEY)["Body"].read()
    if not body:
        return (0, 0)
    with Image.open(io.BytesIO(body)) as jpeg:
        assert jpeg.format == "JPEG"
        return jpeg.size


def forget(**thumbnail: str) -> None:
    """What a mistake does in place of an empty object."""
    boto3.client("s3").delete_object(Bucket=thumbnail["Bucket"], Key=thumbnail["Key"])


def check_orders(module: Any, last: str | None) -> None:
    """Fail unless each order ends with the newest picture, which nothing wrote twice."""
    for order in lives(last):
        boto3.client("s3").delete_object(Bucket=THUMBNAILS, Key=KEY)
        for each in order:
            module.follow(each)
        assert shown() == ((256, 128) if last else (0, 0))
        before = boto3.client("s3").head_object(Bucket=THUMBNAILS, Key=KEY)["Metadata"]
        assert before["position"].startswith(f"{2_000:020} ")


def check_races(module: Any, last: str) -> None:
    """Fail if a change overwrites that of a newer one, which came while it was made."""
    older, newer = message(1, None), message(2, last)
    make = module.thumbnail

    def overtaken(change: Message) -> bytes:
        module.thumbnail = make
        module.follow(newer)
        return bytes(make(change))

    for first in (None, message(0, None)):
        boto3.client("s3").delete_object(Bucket=THUMBNAILS, Key=KEY)
        if first:
            module.follow(first)
        module.thumbnail = overtaken
        with pytest.raises(ClientError, match="PreconditionFailed"):
            module.follow(older)
        assert shown() == (256, 128)
        module.follow(older)
        assert shown() == (256, 128)


def check_duplicates(module: Any, last: str) -> None:
    """Fail if a duplicate is made again."""
    module.follow(message(1, last))
    module.thumbnail = lambda change: pytest.fail(f"made again: {change}")
    module.follow(message(1, last))


def check(module: Any, photo: str) -> None:
    check_races(module, photo)
    check_orders(module, None)
    check_orders(module, photo)
    boto3.client("s3").delete_object(Bucket=THUMBNAILS, Key=KEY)
    check_duplicates(module, photo)


def test_every_order_ends_with_the_newest_picture(photo: str) -> None:
    check(example("thumbnails/thumbnails.py"), photo)


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_found(photo: str, mistake: tuple[str, str]) -> None:
    module = example("thumbnails/thumbnails.py", mistake)
    module.__dict__["forget"] = forget
    with pytest.raises((AssertionError, pytest.fail.Exception, ClientError)):
        check(module, photo)


@pytest.mark.parametrize("body", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + bytes(50)])
def test_what_is_no_picture_has_an_empty_thumbnail(photo: str, body: bytes) -> None:
    put = boto3.client("s3").put_object(Bucket="example-photos", Key=KEY, Body=body)
    example("thumbnails/thumbnails.py").follow(message(1, put["ETag"].strip('"')))
    assert shown() == (0, 0)


def test_another_storage_class_changes_nothing(photo: str) -> None:
    module = example("thumbnails/thumbnails.py")
    module.follow(message(1, photo))
    module.thumbnail = lambda change: pytest.fail(f"made again: {change}")
    module.follow({**message(2, photo), "changed": ["storage_class"]})
    assert shown() == (256, 128)


def test_a_file_that_does_not_fit_the_function_has_an_empty_thumbnail(photo: str) -> None:
    module = example("thumbnails/thumbnails.py")
    large = message(1, photo)
    large["new"]["size"] = 50_000_001
    module.follow(large)
    assert shown() == (0, 0)
    module.follow({**message(2, photo), "new": {**large["new"], "size": 50_000_000}})
    assert shown() == (256, 128)


def test_a_message_of_a_version_before_is_followed(photo: str) -> None:
    module = example("thumbnails/thumbnails.py")
    old = message(1, photo)
    del old["healed_at"], old["changed"]
    module.follow(old)
    assert shown() == (256, 128)
