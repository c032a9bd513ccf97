"""The topic of alarms, and how an alarm notifies it."""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from ..settings.settings import Settings
from .keys import allow_service
from .service_principal import THIS_ACCOUNT


class AlarmTopic(Construct):
    """A topic under the customer managed key `key`, which alarms of this account may notify.

    The setting `notify` is subscribed to it.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings, *, key: kms.Key) -> None:
        super().__init__(scope, id)
        self.alarms: list[cloudwatch.Alarm] = []
        """The alarms so far, in the order in which they were made."""
        self.topic = sns.Topic(self, "Topic", master_key=key, enforce_ssl=True)
        allow_service(key, "cloudwatch", THIS_ACCOUNT, settings)
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions=THIS_ACCOUNT,
            )
        )
        subscribe_operator(self.topic, settings)

    def alarm(
        self,
        scope: Construct,
        id: str,
        metric: cloudwatch.IMetric,
        *,
        above: float,
        of: int = 1,
        description: str,
    ) -> cloudwatch.Alarm:
        """Return an alarm that is on while `metric` exceeds `above`.

        That is in two of the last `of` periods, or in the last one if `of` is 1. Missing data is
        not breaching.
        """
        alarm = cloudwatch.Alarm(
            scope,
            id,
            metric=metric,
            threshold=above,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=of,
            datapoints_to_alarm=min(of, 2),
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=description,
        )
        self._notify(alarm)
        return alarm

    def alarm_on_absence(
        self,
        scope: Construct,
        id: str,
        metric: cloudwatch.IMetric,
        *,
        periods: int,
        description: str,
    ) -> None:
        """Raise an alarm when `metric` is below 1 in each of the last `periods` periods.

        Missing data is breaching: what never happened has none.
        """
        alarm = cloudwatch.Alarm(
            scope,
            id,
            metric=metric,
            threshold=1,
            comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            evaluation_periods=periods,
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
            alarm_description=description,
        )
        self._notify(alarm)

    def _notify(self, alarm: cloudwatch.Alarm) -> None:
        alarm.add_alarm_action(actions.SnsAction(self.topic))
        self.alarms.append(alarm)


def subscribe_operator(topic: sns.Topic, settings: Settings) -> None:
    """Subscribe the setting `notify` to `topic`, if it is set. The subscriber must confirm."""
    if settings.notify:
        sns.Subscription(
            topic,
            "Notify",
            topic=topic,
            endpoint=settings.notify,
            protocol=(
                sns.SubscriptionProtocol.HTTPS
                if settings.notify.startswith("https:")
                else sns.SubscriptionProtocol.EMAIL
            ),
        )
