"""The custom resource of a bucket's EventBridge switch: what a deployment does with it.

The physical resource id remembers what the resource did, because CloudFormation returns it whatever
happens, after a failed creation and in a rollback, too: `photos-prod:switched-on` if EventBridge
was off and this resource turned it on, else `photos-prod:found-on`. An update returns the same id:
another one would make CloudFormation delete the resource with the former id.

Only a creation can fail. Updates and deletions are also what a rollback consists of, and a bucket
that is gone or forbidden must not block it.
"""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from s3_catalog.attachment.bucket_notifications import BucketNotifications
from s3_catalog.attachment.eventbridge_switch import EventBridgeSwitch
from s3_catalog.exceptions import CatalogError, EventBridgeSwitchError

_log = logging.getLogger(__name__)

_SWITCHED_ON = "switched-on"
_FOUND_ON = "found-on"

_ERRORS = (BotoCoreError, CatalogError, ClientError)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a request. `reason` is a sentence for a person, also of a success."""

    succeeded: bool
    physical_id: str
    reason: str


class SwitchResource:
    """Handles CloudFormation's requests for switches in `region`.

    The properties of a resource are `Bucket`, which never changes, and `Rules`, the names of the
    rules that the bucket is on for. `other_rules` returns the names of all other rules that events
    of a bucket could match, given its name and ours. `switch` returns the switch of a bucket.
    """

    def __init__(
        self,
        notifications: BucketNotifications,
        other_rules: Callable[[str, Collection[str]], list[str]],
        region: str,
        switch: Callable[[BucketNotifications, str], EventBridgeSwitch] = EventBridgeSwitch,
    ) -> None:
        self._notifications = notifications
        self._other_rules = other_rules
        self._region = region
        self._switch = switch

    def handle(self, request: dict[str, Any]) -> Outcome:
        """Do what the `request` of CloudFormation asks for.

        Errors of AWS and of the domain become an outcome.
        """
        bucket = request["ResourceProperties"]["Bucket"]
        match request["RequestType"]:
            case "Delete":
                ours = request["ResourceProperties"]["Rules"]
                return self._delete(bucket, request["PhysicalResourceId"], ours)
            case "Update":
                return self._update(bucket, request["PhysicalResourceId"])
            case _:
                return self._create(bucket)

    def _create(self, bucket: str) -> Outcome:
        switch = self._switch(self._notifications, bucket)
        try:
            self._check_region(bucket)
            switch.turn(on=True)
        except _ERRORS as error:
            return Outcome(False, _physical_id(bucket, switch.written), _sentence(bucket, error))
        done = "is on now" if switch.written else "was on already, and will stay on"
        return Outcome(True, _physical_id(bucket, switch.written), f"{bucket}: EventBridge {done}.")

    def _update(self, bucket: str, physical_id: str) -> Outcome:
        switch = self._switch(self._notifications, bucket)
        try:
            switch.turn(on=True)
        except _ERRORS as error:
            return Outcome(True, physical_id, f"Nothing changed. {_sentence(bucket, error)}")
        again = " again: another writer had turned it off" if switch.written else ""
        return Outcome(True, physical_id, f"{bucket}: EventBridge is on{again}.")

    def _delete(self, bucket: str, physical_id: str, ours: Collection[str]) -> Outcome:
        if physical_id != _physical_id(bucket, switched_on=True):
            # Or a creation failed so early that CloudFormation made up the id.
            return Outcome(
                True, physical_id, f"{bucket}: EventBridge stays as it is: others turned it on."
            )
        try:
            others = self._other_rules(bucket, ours)
            if others:
                names = ", ".join(others[:10]) + (", ..." if len(others) > 10 else "")  # noqa: PLR2004
                return Outcome(
                    True,
                    physical_id,
                    f"{bucket}: EventBridge stays on: other rules may need its events: {names}.",
                )
            self._switch(self._notifications, bucket).turn(on=False)
        except _ERRORS as error:
            return Outcome(
                True, physical_id, f"EventBridge stays as it is. {_sentence(bucket, error)}"
            )
        return Outcome(True, physical_id, f"{bucket}: EventBridge is off, as it was before.")

    def _check_region(self, bucket: str) -> None:
        # S3 answers for buckets of any region, but sends events to the bus of the bucket's own.
        found = self._notifications.region(bucket)
        if found != self._region:
            raise EventBridgeSwitchError(
                f"the bucket is in {found}, and only a catalog in {found} receives its events; "
                f"this one is in {self._region}"
            )


def _physical_id(bucket: str, switched_on: bool) -> str:
    return f"{bucket}:{_SWITCHED_ON if switched_on else _FOUND_ON}"


def _sentence(bucket: str, error: Exception) -> str:
    return f"{bucket}: {error}"
