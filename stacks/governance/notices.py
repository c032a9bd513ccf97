"""Notices of changed compliance, and of tampering with the keys."""

from collections.abc import Sequence

from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from ..constructs.alarm_topic import subscribe_operator
from ..settings.settings import Settings

_EVENT_BRIDGE = iam.ServicePrincipal("events.amazonaws.com")

TAMPERING = ["DisableKey", "DisableKeyRotation", "PutKeyPolicy", "ScheduleKeyDeletion"]
"""Calls that make data unreadable, or readable by others, or end the rotation of a key."""


class Notices(Construct):
    """A topic under the key `key`, and the EventBridge rules that publish to it.

    A message is the unchanged event of EventBridge. The setting `notify` is subscribed.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings, *, key: kms.Key) -> None:
        super().__init__(scope, id)
        self.topic = sns.Topic(self, "Topic", master_key=key, enforce_ssl=True)
        subscribe_operator(self.topic, settings)
        # Neither has a condition: EventBridge sends SNS and KMS neither the rule's ARN nor the
        # account, so a condition on them would drop every notice. SNS Developer Guide, "Key
        # management"; EventBridge User Guide, "Using resource-based policies".
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="LetEventBridgePublish",
                principals=[_EVENT_BRIDGE],
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=["*"],
            )
        )
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[_EVENT_BRIDGE],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
            )
        )

    def of_compliance(self, rules: Sequence[str]) -> None:
        """Publish when a resource begins or ceases to comply with one of `rules`, by name."""
        self._publish_events(
            "Compliance",
            "A resource began or ceased to comply with a rule of AWS Config",
            {
                "source": ["aws.config"],
                "detail-type": ["Config Rules Compliance Change"],
                "detail": {
                    "messageType": ["ComplianceChangeNotification"],
                    "configRuleName": list(rules),
                },
            },
        )

    def of_keys(self, keys: Sequence[kms.IKey]) -> None:
        """Publish calls of `TAMPERING` on `keys`, and denied uses of them.

        EventBridge gets these calls only while a trail of the account records management events.
        """
        arns = [key.key_arn for key in keys]
        self._publish_events(
            "Tampering",
            "A customer managed key was disabled, scheduled for deletion, or changed",
            _calls({"eventName": TAMPERING, "resources": {"ARN": arns}}),
        )
        self._publish_events(
            "Denied",
            "A principal was not allowed to use a customer managed key",
            _calls(
                {
                    "errorCode": [{"prefix": "AccessDenied"}],
                    # In some events only the message has the ARN of the key.
                    "$or": [
                        {"resources": {"ARN": arns}},
                        {"errorMessage": [{"wildcard": f"*{arn}*"} for arn in arns]},
                    ],
                }
            ),
        )

    def _publish_events(self, id: str, description: str, pattern: dict[str, object]) -> None:
        events.CfnRule(
            self,
            id,
            description=description,
            event_pattern=pattern,
            # Decrypt is a read-only event, which rules of other states do not receive.
            state="ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
            targets=[events.CfnRule.TargetProperty(id="Topic", arn=self.topic.topic_arn)],
        )


def _calls(detail: dict[str, object]) -> dict[str, object]:
    return {
        "source": ["aws.kms"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {"eventSource": ["kms.amazonaws.com"], **detail},
    }
