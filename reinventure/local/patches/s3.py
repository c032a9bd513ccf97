"""Patches of the emulator's S3."""

import importlib
import time
from contextvars import ContextVar, copy_context
from functools import lru_cache, partial, wraps
from http import HTTPStatus
from threading import Lock
from typing import Any

from reinventure.local.patches.call_queue import CallQueue
from reinventure.local.patches.patch import patch


@patch("1.5.33")
def range_applies_to_versions() -> None:
    """Send the requested range of an object version, instead of the whole version."""
    s3: Any = importlib.import_module("ministack.services.s3")
    get_object = s3._get_object

    @wraps(get_object)
    def get_range(bucket: str, key: str, headers: dict[str, str], query: Any = None) -> Any:
        status, reply, body = get_object(bucket, key, headers, query)
        wanted = headers.get("range")
        if status != HTTPStatus.OK or not wanted:
            return status, reply, body
        found = s3._parse_range(wanted, len(body))
        if found is None:
            error = s3._xml_body(s3._range_error_xml(bucket, key))
            return 416, {"Content-Type": "application/xml"}, error
        first, last = found
        # A checksum is of the whole object.
        kept = {n: v for n, v in reply.items() if not n.lower().startswith("x-amz-checksum")}
        kept["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
        kept["Content-Length"] = str(last - first + 1)
        return 206, kept, body[first : last + 1]

    s3._get_object = get_range


_ENCODED = ("Key", "Prefix", "Delimiter", "KeyMarker", "NextKeyMarker")
"""Elements of a version listing that S3 encodes: keys and parts of keys."""


@patch("1.5.33")
def version_listings_are_encoded() -> None:
    """Honour `encoding-type=url` in ListObjectVersions.

    XML has no place for most control characters, and a parser reads CR as LF: with such a key the
    bucket cannot be listed, or the key is another one.
    """
    s3: Any = importlib.import_module("ministack.services.s3")
    list_versions, xml_body = s3._list_object_versions, s3._xml_body
    encoded = ContextVar("encoded", default=False)

    @wraps(list_versions)
    def list_encoded(bucket: str, query: Any) -> Any:
        token = encoded.set(s3._qp(query, "encoding-type", "") == "url")
        try:
            return list_versions(bucket, query)
        finally:
            encoded.reset(token)

    @wraps(xml_body)
    def encoded_body(root: Any) -> Any:
        if encoded.get() and root.tag == "ListVersionsResult":
            for element in root.iter():
                if element.tag in _ENCODED and element.text:
                    element.text = s3._url_encode(element.text)
            s3.SubElement(root, "EncodingType").text = "url"
        return xml_body(root)

    s3._list_object_versions = list_encoded
    s3._xml_body = encoded_body


@patch("1.5.33")
def sequencers_are_moments() -> None:
    """Stamp events with the format of S3's sequencers: seconds since 1970, then a fraction.

    MiniStack's count microseconds. `ingest` finds those implausible, and looks each key up.
    """
    s3: Any = importlib.import_module("ministack.services.s3")
    lock, latest = Lock(), 0

    def next_sequencer(event_name: str) -> str | None:
        nonlocal latest
        if not event_name.startswith(s3._EVENT_SEQUENCED_FAMILIES):
            return None
        with lock:
            latest = max(latest + 1, time.time_ns() * 16**8 // 10**9)
            return f"{latest:018X}"

    s3._next_event_sequencer = next_sequencer


@patch("1.5.33")
def events_have_requesters() -> None:
    """Name the principal of the request in the records of S3's events, or S3 for lifecycle rules.

    `find --by` finds by it. MiniStack's records all have the principal `EXAMPLE`.
    """
    s3: Any = importlib.import_module("ministack.services.s3")
    evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
    extract_key = importlib.import_module("ministack.core.router").extract_access_key_id
    requester: ContextVar[str] = ContextVar("requester", default="")
    pin_caller, fire = evaluator.pin_request_caller, s3._fire_s3_event

    @wraps(pin_caller)
    def pin_requester(headers: Any, query_params: Any = None) -> None:
        pin_caller(headers, query_params)
        credential = evaluator.resolve_credential(extract_key(headers or {}, query_params or {}))
        requester.set(getattr(credential, "principal_id", ""))

    @wraps(fire)
    def fire_with_requester(
        bucket: str, key: str, name: str, *arguments: Any, record_extra: Any = None, **named: Any
    ) -> None:
        by_rule = name.startswith("s3:Lifecycle")
        identity = {"principalId": "s3.amazonaws.com" if by_rule else f"AWS:{requester.get()}"}
        extra = {"userIdentity": identity, **(record_extra or {})}
        fire(bucket, key, name, *arguments, record_extra=extra, **named)

    evaluator.pin_request_caller = pin_requester
    s3._fire_s3_event = fire_with_requester


@patch("1.5.33")
def events_share_a_thread() -> None:
    """Deliver the events of all buckets in one thread, and read each configuration once.

    For speed only. MiniStack starts a thread for each event, which stops the one that serves
    requests until it runs, and parses the XML of the bucket's configuration in it.
    """
    s3: Any = importlib.import_module("ministack.services.s3")
    queue = CallQueue(threads=1)
    fire = s3._fire_s3_event_async

    @wraps(fire)
    def enqueue(bucket: str, key: str, name: str, *arguments: Any, **named: Any) -> None:
        if bucket in s3._bucket_notifications:
            sequencer = s3._next_event_sequencer(name)
            deliver = partial(s3._fire_s3_event, bucket, key, name, *arguments, **named)
            queue.put(partial(copy_context().run, deliver, sequencer=sequencer))

    s3._fire_s3_event_async = enqueue
    s3._parse_notification_config_raw = lru_cache(s3._parse_notification_config_raw)
