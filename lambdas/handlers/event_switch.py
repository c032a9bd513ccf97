"""`event_switch`: CloudFormation's custom resource for the EventBridge switch of a bucket."""

import logging
from collections.abc import Collection
from typing import Any, cast

from botocore.httpsession import URLLib3Session

from s3_catalog import clients
from s3_catalog.attachment.bucket_notifications import BucketNotifications, one_attempt
from s3_catalog.attachment.cloudformation_response import respond
from s3_catalog.attachment.eventbridge_switch import EventBridgeSwitch
from s3_catalog.attachment.matching_rules import EventsClient, matching_rules
from s3_catalog.attachment.switch_resource import Outcome, handle
from s3_catalog.environment.event_switch_environment import EventSwitchEnvironment

_log = logging.getLogger("event_switch")
_log.setLevel(logging.INFO)


def handler(request: dict[str, Any], _context: object) -> None:
    """Do what CloudFormation asks for, and send it the outcome.

    Raises whatever an error in the code raises, after a response: CloudFormation would wait for an
    hour without one. Only a creation fails then. Raises ResponseError if that is impossible.
    """
    outcome = Outcome(
        succeeded=request["RequestType"] != "Create",
        physical_id=request.get("PhysicalResourceId", request["RequestId"]),
        reason="The function failed: its log has the error.",
    )
    try:
        outcome = _outcome(request)
        _log.info(outcome.reason)
    finally:
        respond(
            URLLib3Session(verify=clients.session().get_config_variable("ca_bundle") or True),
            request,
            status="SUCCESS" if outcome.succeeded else "FAILED",
            physical_id=outcome.physical_id,
            reason=outcome.reason,
        )


def _outcome(request: dict[str, Any]) -> Outcome:
    environment = EventSwitchEnvironment.from_env()
    region, account = environment.bucket_region, environment.bucket_account
    notifications = BucketNotifications(clients.s3(one_attempt()), account)

    def other_rules(bucket: str, ours: Collection[str]) -> list[str]:
        return matching_rules(
            cast("EventsClient", clients.eventbridge()),
            bucket,
            partition=environment.bucket_partition,
            region=region,
            account=account,
            ours=ours,
        )

    return handle(
        request, lambda bucket: EventBridgeSwitch(notifications, bucket, region), other_rules
    )
