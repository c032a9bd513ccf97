"""The totals of the bucket and its folders, and the function that keeps them."""

import aws_cdk as cdk
from constructs import Construct

from s3_catalog.environment.totals_environment import TotalsEnvironment

from ..constructs.dead_letter_queue import DeadLetterQueue
from ..constructs.keys import Keys
from ..constructs.python_function import PythonFunction
from ..settings.settings import Settings
from . import stream_mapping as stream
from .encrypted_table import EncryptedTable


class TotalsFunction(Construct):
    """A table of totals, and `totals`, which counts what the stream of `catalog` tells.

    It can only add to totals: it has no right to read the catalog, and none to read the bucket.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: Settings,
        *,
        keys: Keys,
        catalog: EncryptedTable,
        failures: DeadLetterQueue,
    ) -> None:
        super().__init__(scope, id)
        self.table = EncryptedTable(self, "Table", settings, key=keys.data, stream=False)
        # "Default" adds nothing to the logical ids of what is in it.
        handler = PythonFunction(
            self,
            "Default",
            settings,
            key=keys.data,
            entry="handlers.totals.handler",
            description="Counts objects and bytes of the bucket and its folders",
            environment=TotalsEnvironment(
                totals_table_name=self.table.table.table_name,
                shards=settings.shards,
                totals_depth=settings.totals_depth,
                only_shard="local" if settings.limits.no_shard_in_stream_events else None,
            ).to_env(),
            # A transaction needs the permissions of what it does.
            permissions=self.table.access_statements("dynamodb:UpdateItem"),
            memory_size=256,
            timeout=cdk.Duration.minutes(1),
        )
        stream.feed(
            handler,
            catalog,
            failures,
            batch_size=500,
            # Giving up loses count; the stream itself forgets after 24 hours.
            max_age=cdk.Duration.hours(23),
            # The longest: where a window ends, the function is called once more, for nothing.
            window=cdk.Duration.minutes(15),
        )
        self.function = handler.function
