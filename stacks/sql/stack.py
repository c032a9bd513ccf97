"""The Sql stack: a mirror of the catalog in a relational database."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from reinventure.contract import SqlOutputs
from s3_catalog.sql_mirror.schema import READER

from ..catalog.catalog import Catalog
from ..constructs.saved_queries import SavedQueries
from ..constructs.stack_outputs import write_outputs
from ..settings.settings import Settings
from .aurora import Aurora, AuroraStandIn, UserSecret
from .mirror_function import MirrorFunction


class SqlStack(cdk.Stack):
    """A database with the rows of `catalog`, kept up to date by the change feed.

    The outputs are `SqlOutputs`.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings, catalog: Catalog) -> None:
        super().__init__(
            scope,
            id,
            description="reinventure: a mirror of the catalog that answers SQL",
            termination_protection=settings.stage == "production",
        )
        # Imported by its ARN, so that no construct here can add to the key's policy.
        key = kms.Key.from_key_arn(self, "DataKey", catalog.keys.data.key_arn)
        database = (
            AuroraStandIn(self, "Database", key=key)
            if settings.limits.no_aurora
            else Aurora(self, "Database", settings, key=key)
        )
        reader = UserSecret(self, "Reader", user=READER, key=key)
        mirror = MirrorFunction(
            self, "Mirror", settings, catalog=catalog, database=database, reader=reader
        )
        if not settings.limits.no_saved_queries:
            # From S3's event to the mirror.
            log_groups = [*catalog.log_groups, mirror.log_group]
            SavedQueries(self, "Queries", log_groups=[*log_groups])
        stand_in = database if isinstance(database, AuroraStandIn) else None
        write_outputs(
            self,
            SqlOutputs(
                cluster_arn=database.cluster_arn,
                reader_secret_arn=reader.arn,
                mirror_arn=mirror.function.function_arn,
                mirror_failure_queue_url=mirror.dead_letter_queue.queue_url,
                data_api_url=stand_in.data_api_url if stand_in else None,
                owner_secret_arn=stand_in.owner_arn if stand_in else None,
                mirror_queue_url=mirror.changes.queue.queue_url,
            ),
        )
