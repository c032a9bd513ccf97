"""The Catalog stack: an encrypted bucket, and the table with a row for each of its objects."""

import aws_cdk as cdk
from constructs import Construct

from ..settings.settings import Settings
from .catalog import Catalog


class CatalogStack(cdk.Stack):
    """One bucket with its `catalog`. In production the stack has termination protection."""

    def __init__(self, scope: Construct, id: str, settings: Settings) -> None:
        super().__init__(
            scope,
            id,
            description="reinventure: an encrypted, always-correct, live catalog of an S3 bucket",
            termination_protection=settings.stage == "production",
        )
        # "Default" adds nothing to the logical ids of what is in it.
        self.catalog = Catalog(self, "Default", settings)
