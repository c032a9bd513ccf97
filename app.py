"""The CDK app: which stacks exist and how they are wired; nothing else."""

import aws_cdk as cdk

from stacks.catalog_stack import CatalogStack
from stacks.delivery_stack import DeliveryStack
from stacks.portfolio_stack import PortfolioStack
from stacks.settings import Settings

app = cdk.App()
settings = Settings.from_context(app.node)
CatalogStack(app, "Catalog", settings)
PortfolioStack(app, "Portfolio", settings)
DeliveryStack(app, "Delivery", settings)
app.synth()
