"""The catalog in CDK apps of others."""

import json
from collections.abc import Sequence

import aws_cdk as cdk
from constructs import Construct, RootConstruct

from ..constructs.package_files import FILES
from ..constructs.saved_queries import SavedQueries
from ..settings.settings import SettingError, Settings
from .catalog import Catalog

OF_OTHER_STACKS = frozenset(
    {
        *("config", "ebs", "inspect_max_mib", "portfolio_principal", "source", "sql"),
        *("sql_max_acu", "sql_readers", "trail", "worker_instance", "workers", "workers_max"),
    }
)
"""Settings that nothing in an app of others would read."""


class EmbeddedCatalog(Construct):
    """A catalog of `buckets`: existing ones, as NAME or NAME/PREFIX/, and `create` for a new one.

    Other `settings` by name, as in `Settings`; their defaults are those of cdk.json. `catalog` has
    the parts that a stack may build on, such as `catalog.changes.topic` and `catalog.keys.queue`.
    The outputs have the names that `reinventure --stack` reads, so a stack has one catalog.

    Raises ValueError, with one line, for a setting that is unknown, invalid or of a stack that is
    not in this package, and for a second catalog in the stack.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        buckets: Sequence[str] = ("create",),
        **settings: str | int | bool,
    ) -> None:
        stack = cdk.Stack.of(scope)
        if any(isinstance(each, EmbeddedCatalog) for each in stack.node.find_all()):
            raise ValueError(f"the stack {stack.stack_name} has a catalog: use a stack for each")
        for name in sorted(OF_OTHER_STACKS & settings.keys()):
            raise ValueError(f"setting {name} is of a stack that this package does not have")
        super().__init__(scope, id)
        context = json.loads((FILES / "cdk.json").read_text())["context"]
        self.settings = _parsed({**context, **settings, "buckets": ",".join(buckets)})
        # "Default" adds nothing to the logical ids of what is in it.
        self.catalog = Catalog(self, "Default", self.settings)
        if not self.settings.limits.no_saved_queries:
            SavedQueries(self, "Queries", log_groups=[*self.catalog.log_groups])


def _parsed(values: dict[str, object]) -> Settings:
    # A tree of its own: the app's context may have names that are no settings.
    node = RootConstruct().node
    for name, value in values.items():
        node.set_context(name, value)
    try:
        return Settings.from_context(node)
    except SettingError as error:
        raise ValueError(error.mistake) from None
