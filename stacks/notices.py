"""What somebody should know of at once: rules that are broken, and keys that are tampered with."""

from collections.abc import Sequence
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_config as config
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

TAMPERING = ["DisableKey", "DisableKeyRotation", "PutKeyPolicy", "ScheduleKeyDeletion"]
"""What makes data unreadable or readable by others, or a key live on for ever."""


class Notices(Construct):
    """A topic under the key `key`, and the rules that write to it. Subscribe whoever is on call."""

    def __init__(self, scope: Construct, id: str, key: kms.Key) -> None:
        super().__init__(scope, id)
        self.topic = sns.Topic(self, "Topic", master_key=key, enforce_ssl=True)
        this_account = {"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}
        event_bridge = iam.ServicePrincipal("events.amazonaws.com")
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="LetRulesOfThisAccountPublish",
                principals=[event_bridge],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions=this_account,
            )
        )
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="LetRulesOfThisAccountPublish",
                principals=[event_bridge],
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=["*"],
                conditions=this_account,
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
            values={
                "rule": "$.detail.configRuleName",
                "is": "$.detail.newEvaluationResult.complianceType",
                "kind": "$.detail.resourceType",
                "id": "$.detail.resourceId",
                "account": "$.account",
                "region": "$.region",
                "time": "$.time",
            },
            text="<kind> <id> is <is>: rule <rule>, account <account>, <region>, <time>",
        )

    def of_keys(self, keys: Sequence[kms.IKey]) -> None:
        """Tell when one of `keys` is tampered with, and when somebody may not use it.

        EventBridge gets these calls only while a trail of the account records management events.
        """
        arns = [key.key_arn for key in keys]
        values = {
            "call": "$.detail.eventName",
            "who": "$.detail.userIdentity.arn",
            "account": "$.account",
            "region": "$.region",
            "time": "$.time",
        }
        self._tell(
            "Tampering",
            "A customer key was disabled, is to be deleted, rotates no more or has a new policy",
            _calls({"eventName": TAMPERING, "resources": {"ARN": arns}}),
            values={**values, "key": "$.detail.resources[0].ARN"},
            text="<call> of <key> by <who>, account <account>, <region>, <time>",
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
            values={**values, "why": "$.detail.errorMessage"},
            text="<call> denied to <who>: <why> Account <account>, <region>, <time>",
        )

    def _tell(
        self,
        id: str,
        description: str,
        pattern: dict[str, object],
        *,
        values: dict[str, str],
        text: str,
    ) -> None:
        # Not events.Rule: CDK would write a pattern with tokens in "$or" and "wildcard" wrong, and
        # a use of a key is a read-only event, which only this state lets through.
        events.CfnRule(
            self,
            id,
            description=description,
            event_pattern=pattern,
            state="ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
            targets=[
                events.CfnRule.TargetProperty(
                    id="Topic",
                    arn=cast("str", self.topic.topic_arn),
                    input_transformer=events.CfnRule.InputTransformerProperty(
                        input_paths_map=values, input_template=f'"{text}"'
                    ),
                )
            ],
        )


def _calls(detail: dict[str, object]) -> dict[str, object]:
    return {
        "source": ["aws.kms"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {"eventSource": ["kms.amazonaws.com"], **detail},
    }
