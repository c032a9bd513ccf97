"""Who used the customer keys of a catalog, for what, and when: what CloudTrail remembers."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from reinventure.aws.deployed_catalog import CONFIG

if TYPE_CHECKING:
    from types_boto3_cloudtrail import CloudTrailClient

MEMORY = timedelta(days=90)
"""For how long CloudTrail remembers calls by itself, trail or not (CloudTrail User Guide)."""

PATIENT = CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 10}))
"""Others look up events too, and all of an account share the quota."""

_SECONDS_APART = 0.5
"""LookupEvents may be called twice a second in an account and region (its API reference)."""


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A call to KMS that was about a key of the catalog, allowed or not.

    `keys` are their names, `who` the ARN of the caller, or the service, if it came in its own name.
    `via` is the service that called in somebody's name. `purpose` is the encryption context: what
    was to be encrypted or decrypted. `error` is why it was refused.
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
    """The address that it came from, or the service."""


@dataclass(frozen=True, slots=True)
class Page:
    """What one look-up told: how many calls to KMS, and which were about the keys."""

    calls: int
    uses: list[KeyUse]


def looked_up(
    cloudtrail: "CloudTrailClient", keys: Mapping[str, str], since: datetime
) -> Iterator[Page]:
    """Yield every use of `keys`, by name and ARN, that CloudTrail remembers `since` then.

    Newest first; what is some minutes old may be missing. All calls to KMS are looked up, those of
    other keys too, 100 a second: CloudTrail could find them by key, but not those that were
    refused, which may name the key in their message only. Raises botocore's ClientError or
    BotoCoreError.
    """
    names = {arn.rpartition("/")[2]: name for name, arn in keys.items()}
    kms = {"AttributeKey": "EventSource", "AttributeValue": "kms.amazonaws.com"}
    arguments: dict[str, Any] = {
        "LookupAttributes": [kms],
        "StartTime": since,
        "MaxResults": 50,
    }
    while True:
        asked = time.monotonic()
        reply = cloudtrail.lookup_events(**arguments)
        uses = []
        for event in reply["Events"]:
            text = event["CloudTrailEvent"]
            # The id of a key is in its ARN, and nowhere else by chance.
            named = [name for key, name in names.items() if key in text]
            if named:
                uses.append(_use(event["EventTime"], named, json.loads(text)))
        yield Page(len(reply["Events"]), uses)
        if not reply.get("NextToken"):
            return
        arguments["NextToken"] = reply["NextToken"]
        time.sleep(max(0, asked + _SECONDS_APART - time.monotonic()))


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
