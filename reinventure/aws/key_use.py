"""The uses of the customer managed keys of a catalog, from CloudTrail's event history."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from reinventure.aws.connection import config

if TYPE_CHECKING:
    from botocore.config import Config
    from types_boto3_cloudtrail import CloudTrailClient

EVENT_HISTORY = timedelta(days=90)
"""Age of the oldest events that CloudTrail has without a trail (CloudTrail User Guide)."""

_SECONDS_APART = 0.5
"""LookupEvents may be called twice a second in an account and region (its API reference)."""


def lookup_config() -> "Config":
    """Return the configuration of the client of CloudTrail, with more retries than usual.

    All callers of an account share the quota of LookupEvents.
    """
    return config(retries={"mode": "standard", "total_max_attempts": 10})


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A call to KMS with a key of the catalog, allowed or refused.

    `keys` are the names of the keys. `who` is the ARN of the caller, or the service if it acts for
    itself; `via` is the service that acts for the caller. `purpose` is the encryption context.
    `error` is the reason of a refusal. `source` is the caller's IP address, or the service.
    """

    id: str
    time: datetime
    keys: list[str]
    call: str
    who: str
    via: str | None
    purpose: Mapping[str, str]
    error: str | None
    source: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page of events: the number of calls to KMS, and those with the keys of the catalog."""

    calls: int
    uses: list[KeyUse]


def key_uses(
    cloudtrail: "CloudTrailClient", keys: Mapping[str, str], since: datetime
) -> Iterator[Page]:
    """Yield the uses of `keys` (name to ARN) since that time, newest first, page by page.

    The last minutes may be missing. Reads all calls to KMS in the account and region, 100 a second:
    a lookup by key would miss refused calls, which may have the key in their message only. Raises
    botocore's ClientError or BotoCoreError.
    """
    names = {arn.rpartition("/")[2]: name for name, arn in keys.items()}
    kms = {"AttributeKey": "EventSource", "AttributeValue": "kms.amazonaws.com"}
    arguments: dict[str, Any] = {
        "LookupAttributes": [kms],
        "StartTime": since,
        "MaxResults": 50,
    }
    while True:
        started = time.monotonic()
        reply = cloudtrail.lookup_events(**arguments)
        uses = []
        for event in reply["Events"]:
            text = event["CloudTrailEvent"]
            # The id of a key is a UUID: it is not in the event by chance.
            named = [name for key, name in names.items() if key in text]
            if named:
                uses.append(_use(event["EventTime"], named, json.loads(text)))
        yield Page(len(reply["Events"]), uses)
        if not reply.get("NextToken"):
            return
        arguments["NextToken"] = reply["NextToken"]
        time.sleep(max(0, started + _SECONDS_APART - time.monotonic()))


def _use(when: datetime, keys: list[str], event: Mapping[str, Any]) -> KeyUse:
    identity = event.get("userIdentity") or {}
    service = identity.get("invokedBy")
    who = identity.get("arn") or service or identity.get("principalId") or identity.get("accountId")
    message = event.get("errorMessage")
    return KeyUse(
        id=event["eventID"],
        time=when,
        keys=keys,
        call=event["eventName"],
        who=who or "unknown",
        via=service if service != who else None,
        purpose=(event.get("requestParameters") or {}).get("encryptionContext") or {},
        error=": ".join(filter(None, (event["errorCode"], message)))
        if "errorCode" in event
        else None,
        source=event.get("sourceIPAddress", ""),
    )
