"""The CDK app's stacks: a folder for each stack, and a module for each construct.

The wheel has what CDK apps of others need of it as the package `reinventure_cdk` (setup.py), whose
`Catalog` is the one below. Modules here import each other relatively, so that the package's name
is written in no module.
"""

from .catalog.embedded_catalog import EmbeddedCatalog as Catalog

__all__ = ["Catalog"]
