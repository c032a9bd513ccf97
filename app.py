"""The CDK app: the stacks that the settings ask for, and how they refer to each other."""

import os
import sys

import aws_cdk as cdk

from reinventure.contract import (
    CATALOG,
    CONFORMANCE_PACK,
    DELIVERY,
    GOVERNANCE,
    PORTFOLIO,
    SQL,
    WORKERS,
)
from stacks.catalog.stack import CatalogStack
from stacks.delivery.stack import DeliveryStack
from stacks.governance.conformance_pack import ConformancePackStack
from stacks.governance.controls import check_templates
from stacks.governance.stack import GovernanceStack
from stacks.inspection.stack import InspectionStack
from stacks.portfolio.released_versions import ChangedVersionError
from stacks.portfolio.stack import PortfolioStack
from stacks.settings.settings import SettingError, Settings
from stacks.sql.stack import SqlStack

app = cdk.App()
check_templates(app)
try:
    # The CDK CLI sets the region of the account that it would deploy to, if it finds one.
    region = os.environ.get("CDK_DEFAULT_REGION")
    settings = Settings.from_context(app.node, region=region)
except SettingError as error:
    sys.exit(f"reinventure: {error}")
catalog = CatalogStack(app, CATALOG, settings).catalog
if settings.workers:
    InspectionStack(app, WORKERS, settings, catalog)
if settings.sql:
    SqlStack(app, SQL, settings, catalog)
if settings.governed:
    GovernanceStack(app, GOVERNANCE, settings, keys=catalog.keys, buckets=catalog.buckets)
    ConformancePackStack(app, CONFORMANCE_PACK, region=region)
try:
    PortfolioStack(app, PORTFOLIO, settings)
except ChangedVersionError as error:
    sys.exit(f"reinventure: {error}")
if not settings.limits.no_pipelines:
    DeliveryStack(app, DELIVERY, settings)
app.synth()
