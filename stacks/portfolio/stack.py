"""The Portfolio stack: encrypted buckets with catalogs as products of Service Catalog."""

import aws_cdk as cdk
from constructs import Construct

from reinventure.contract import PortfolioOutputs

from ..constructs.stack_outputs import write_outputs
from ..settings.settings import Settings
from .portfolio import Portfolio
from .product import EncryptedBucketProduct
from .released_versions import released


class PortfolioStack(cdk.Stack):
    """A portfolio of the released versions, and the product as it is now.

    The latter is not offered. Its template is part of the assembly, to be linted, launched locally,
    and released (`make release`).
    """

    def __init__(self, scope: Construct, id: str, settings: Settings) -> None:
        super().__init__(
            scope, id, description="reinventure: buckets with catalogs, for others to launch"
        )
        EncryptedBucketProduct(self, "Next", settings)
        portfolio = Portfolio(
            self,
            "Reactive",
            versions=released(),
            principal=settings.portfolio_principal,
        )
        write_outputs(
            self,
            PortfolioOutputs(
                portfolio_id=portfolio.portfolio.portfolio_id, product_id=portfolio.product_id
            ),
        )
