"""The Catalog stack: buckets, and the table with a row for each of their objects."""

import json

import aws_cdk as cdk
from constructs import Construct

from ..constructs.saved_queries import SavedQueries
from ..settings.settings import Settings
from .catalog import Catalog


class CatalogStack(cdk.Stack):
    """Buckets with their `catalog`. In production the stack has termination protection.

    Other stacks import what it exports: CloudFormation refuses to delete it before them.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings) -> None:
        super().__init__(
            scope,
            id,
            description="reinventure: an encrypted, always-correct, live catalog of an S3 bucket",
            termination_protection=settings.stage == "production",
        )
        # "Default" adds nothing to the logical ids of what is in it.
        self.catalog = Catalog(self, "Default", settings)
        self.catalog.keys.allow_other_stacks()
        # A product has none: its launch role would need the permission to change all queries.
        if not settings.limits.no_saved_queries:
            SavedQueries(self, "Queries", log_groups=[*self.catalog.log_groups])
        # Attached buckets are named in the other stacks: a reference would forbid to detach one.
        own = self.catalog.buckets.own
        self._export(
            self.catalog.keys.data.key_arn,
            self.catalog.keys.queue.key_arn,
            *([own.bucket_name, own.bucket_arn] if own else []),
            self.catalog.table.table.table_name,
            self.catalog.table.table.table_arn,
            self.catalog.changes.topic.topic_arn,
        )
        # The version before had no alarms in other stacks.
        self.export_value(self.catalog.alarms.topic.topic_arn)
        for log_group in self.catalog.log_groups:
            self.export_value(log_group.log_group_name)

    def _export(self, *values: str) -> None:
        """Export `values`, all that other stacks use, whichever the settings have.

        CDK exports what the other stacks of the same synthesis use. So a synthesis without such a
        stack would take its values from it, and CloudFormation would refuse the deployment.
        """
        # The version before, with weak references, named these outputs so. Its other stacks read
        # them when their update fails, and they return to it.
        weak = Construct(self, "Publish")
        for value in values:
            self.export_value(value)
            reference = json.dumps(self.resolve(value), separators=(",", ":"))
            cdk.CfnOutput(weak, f"Output{reference}", value=value)
