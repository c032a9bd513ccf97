"""The Delivery stack: the pipeline that deploys commits to this account and region."""

import aws_cdk as cdk
from constructs import Construct

from reinventure.contract import DeliveryOutputs

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
        write_outputs(self, DeliveryOutputs(pipeline_name=pipeline.pipeline.pipeline_name))
