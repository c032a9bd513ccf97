"""What somebody should know of at once: rules that are broken, and keys that are tampered with."""

from collections.abc import Sequence

from aws_cdk import aws_config as config
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

_EVENT_BRIDGE = iam.ServicePrincipal("events.amazonaws.com")

TAMPERING = ["DisableKey", "DisableKeyRotation", "PutKeyPolicy", "ScheduleKeyDeletion"]
"""What makes data unreadable or readable by others, or a key live on for ever."""


class Notices(Construct):
    """A topic under the key `key`, and the rules of EventBridge that write to it.

    A message is the event as it is: for whoever is on call, and for programs.
    """

    def __init__(self, scope: Construct, id: str, key: kms.Key) -> None:
        super().__init__(scope, id)
        self.topic = sns.Topic(self, "Topic", master_key=key, enforce_ssl=True)
        # Both without conditions: EventBridge tells SNS, and KMS through it, nothing of its rule or
        # account, and a policy that asks for these drops every notice. SNS Developer Guide, "Key
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

    def of_compliance(self, rules: Sequence[config.CfnConfigRule]) -> None:
        """Tell when a resource begins or ceases to comply with one of `rules`."""
        self._tell(
            "Compliance",
            "A resource began or ceased to comply with a rule of AWS Config",
            {
                "source": ["aws.config"],
                "detail-type": ["Config Rules Compliance Change"],
                "detail": {
                    "messageType": ["ComplianceChangeNotification"],
                    "configRuleName": [rule.ref for rule in rules],
                },
            },
        )

    def of_keys(self, keys: Sequence[kms.IKey]) -> None:
        """Tell when one of `keys` is tampered with, and when somebody may not use it.

        EventBridge gets these calls only while a trail of the account records management events.
        """
        arns = [key.key_arn for key in keys]
        self._tell(
            "Tampering",
            "A customer key was disabled, is to be deleted, rotates no more or has a new policy",
            _calls({"eventName": TAMPERING, "resources": {"ARN": arns}}),
        )
        self._tell(
            "Denied",
            "Somebody was not allowed to use a customer key",
            _calls(
                {
                    "errorCode": [{"prefix": "AccessDenied"}],
                    # KMS does not always tell the key apart from the message.
                    "$or": [
                        {"resources": {"ARN": arns}},
                        {"errorMessage": [{"wildcard": f"*{arn}*"} for arn in arns]},
                    ],
                }
            ),
        )

    def _tell(self, id: str, description: str, pattern: dict[str, object]) -> None:
        events.CfnRule(
            self,
            id,
            description=description,
            event_pattern=pattern,
            # The use of a key is a read-only call, which no other state lets through.
            state="ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
            targets=[events.CfnRule.TargetProperty(id="Topic", arn=self.topic.topic_arn)],
        )


def _calls(detail: dict[str, object]) -> dict[str, object]:
    return {
        "source": ["aws.kms"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {"eventSource": ["kms.amazonaws.com"], **detail},
    }
