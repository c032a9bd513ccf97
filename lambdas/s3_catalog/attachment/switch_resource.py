"""The custom resource of a bucket's EventBridge switch: what a deployment does with it.

The physical resource id remembers what the resource did, because CloudFormation returns it whatever
happens, after a failed creation and in a rollback, too: `photos-prod:switched-on` if EventBridge
was off and this resource turned it on, else `photos-prod:found-on`. An update returns the same id:
another one would make CloudFormation delete the resource with the former id.

Only a creation can fail. Updates and deletions are also what a rollback consists of, and a bucket
that is gone or forbidden must not block it.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from s3_catalog.attachment.eventbridge_switch import EventBridgeSwitch
from s3_catalog.exceptions import CatalogError


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a request. `reason` is for a person, also that of a success."""

    succeeded: bool
    physical_id: str
    reason: str


def handle(
    request: dict[str, Any],
    switch: Callable[[str], EventBridgeSwitch],
    other_rules: Callable[[str, Collection[str]], list[str]],
) -> Outcome:
    """Do what the `request` of CloudFormation asks for.

    The properties of a resource are `Bucket`, which never changes, and `Rules`, the names of the
    rules that the bucket is on for. `switch` returns the switch of a bucket. `other_rules` returns
    the names of all other rules that events of a bucket could match, given its name and ours.

    Errors of AWS and of the domain become an outcome.
    """
    creation = request["RequestType"] == "Create"
    bucket = request["ResourceProperties"]["Bucket"]
    of_bucket = switch(bucket)
    try:
        if request["RequestType"] == "Delete":
            if request["PhysicalResourceId"] == _physical_id(bucket, switched_on=True):
                others = other_rules(bucket, request["ResourceProperties"]["Rules"])
                done = _turn_off(of_bucket, others)
            else:  # Or a creation failed so early that CloudFormation made up the id.
                done = "stays as it is, because others turned it on"
        else:
            of_bucket.turn(on=True)
            done = "was turned on" if of_bucket.written else "was on already"
        succeeded, reason = True, f"{bucket}: EventBridge {done}"
    except (BotoCoreError, CatalogError, ClientError) as error:
        succeeded, reason = not creation, f"{bucket}: {error}"
    return Outcome(
        succeeded,
        _physical_id(bucket, of_bucket.written) if creation else request["PhysicalResourceId"],
        reason,
    )


def _turn_off(switch: EventBridgeSwitch, others: list[str]) -> str:
    if others:
        return f"stays on, because other rules may need it: {', '.join(others)}"
    switch.turn(on=False)
    return "was turned off, as it was before"


def _physical_id(bucket: str, switched_on: bool) -> str:
    return f"{bucket}:{'switched-on' if switched_on else 'found-on'}"
