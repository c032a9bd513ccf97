"""The Delivery stack: the pipeline that deploys commits to this account and region."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from reinventure.contract import DeliveryOutputs

from ..constructs.alarm_description import alarm_description
from ..constructs.alarm_topic import AlarmTopic
from ..constructs.stack_outputs import write_outputs
from ..settings.settings import Settings
from .pipeline import Pipeline


class DeliveryStack(cdk.Stack):
    """One pipeline. The outputs are `DeliveryOutputs`."""

    def __init__(self, scope: Construct, id: str, settings: Settings) -> None:
        super().__init__(
            scope, id, description="reinventure: from a commit to the catalog and the portfolio"
        )
        pipeline = Pipeline(self, "Pipeline", settings)
        # The pipeline deploys the catalog, so it cannot depend on the topic of the catalog.
        alarms = AlarmTopic(self, "Alarms", settings, key=pipeline.key)
        alarms.alarm(
            self,
            "Failed",
            cloudwatch.Metric(
                namespace="AWS/CodePipeline",
                metric_name="FailedPipelineExecutions",
                dimensions_map={"PipelineName": pipeline.pipeline.pipeline_name},
                period=cdk.Duration.minutes(5),
                statistic="Sum",
            ),
            above=0,
            description=alarm_description(
                "An execution of the pipeline failed",
                f"aws codepipeline get-pipeline-state --name {pipeline.pipeline.pipeline_name}",
                "The pipeline failed",
            ),
        )
        write_outputs(
            self,
            DeliveryOutputs(
                pipeline_name=pipeline.pipeline.pipeline_name,
                pipeline_alarms_topic_arn=alarms.topic.topic_arn,
            ),
        )
