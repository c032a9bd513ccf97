"""The catalog of S3 buckets: this library, the `reinventure` command, and the local cloud.

    import reinventure

    catalog = reinventure.open("Catalog")
    for row in catalog.rows("holiday/"):
        print(row.key, row.size)

docs/library.md has more, and what versions promise. The import is light: `open` imports the rest.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import boto3

    from reinventure.aws.bucket_comparison import Comparison, Difference
    from reinventure.aws.bucket_states import BucketState
    from reinventure.aws.deployed_catalog import KeyState
    from reinventure.aws.feed_change import Change, ObjectState
    from reinventure.aws.totals_reader import Totals
    from reinventure.errors import NoStackError, UserError
    from reinventure.library import Catalog, Found
    from s3_catalog.exceptions import CatalogError
    from s3_catalog.model.inspection_result import InspectionResult
    from s3_catalog.model.row import Row
    from s3_catalog.model.stored_object import StoredObject, Version
    from s3_catalog.reconciliation.difference import Kind as DifferenceKind
    from s3_catalog.table.row_query import Listed
    from s3_catalog.totals.newest_event import NewestEvent
    from s3_catalog.totals.tally import Total

__all__ = [
    "BucketState",
    "Catalog",
    "CatalogError",
    "Change",
    "Comparison",
    "Difference",
    "DifferenceKind",
    "Found",
    "InspectionResult",
    "KeyState",
    "Listed",
    "NewestEvent",
    "NoStackError",
    "ObjectState",
    "Row",
    "StoredObject",
    "Total",
    "Totals",
    "UserError",
    "Version",
    "open",
]


def open(  # noqa: A001 (`reinventure.open`, as of files)
    stack: str = "Catalog",
    *,
    session: "boto3.Session | None" = None,
    profile: str | None = None,
    region: str | None = None,
) -> "Catalog":
    """Return the catalog of the CloudFormation stack named `stack`.

    It uses the AWS account of the environment, or of a `profile` and `region` of the AWS
    configuration, or a `session` of boto3.

    Raises NoStackError if there is no such stack; UserError if it is not a catalog, if an endpoint
    or CA bundle is invalid, or if `session` comes with a profile or region; and botocore's
    ClientError or BotoCoreError.
    """
    from reinventure.aws import connection, deployed_catalog  # noqa: PLC0415
    from reinventure.errors import UserError  # noqa: PLC0415
    from reinventure.library import Catalog  # noqa: PLC0415

    if session is None:
        session = connection.session(profile, region)
    elif profile or region:
        raise UserError("session with profile or region: the session has these already")
    return Catalog(deployed_catalog.find(session, stack))


if not TYPE_CHECKING:  # A type checker would take any name for one of these.
    _MODULES = {
        "BucketState": "reinventure.aws.bucket_states",
        "Catalog": "reinventure.library",
        "CatalogError": "s3_catalog.exceptions",
        "Change": "reinventure.aws.feed_change",
        "Comparison": "reinventure.aws.bucket_comparison",
        "Difference": "reinventure.aws.bucket_comparison",
        "DifferenceKind": "s3_catalog.reconciliation.difference",
        "Found": "reinventure.library",
        "InspectionResult": "s3_catalog.model.inspection_result",
        "KeyState": "reinventure.aws.deployed_catalog",
        "Listed": "s3_catalog.table.row_query",
        "NewestEvent": "s3_catalog.totals.newest_event",
        "NoStackError": "reinventure.errors",
        "ObjectState": "reinventure.aws.feed_change",
        "Row": "s3_catalog.model.row",
        "StoredObject": "s3_catalog.model.stored_object",
        "Total": "s3_catalog.totals.tally",
        "Totals": "reinventure.aws.totals_reader",
        "UserError": "reinventure.errors",
        "Version": "s3_catalog.model.stored_object",
    }

    def __getattr__(name: str) -> Any:
        """Return the public class `name`, from its module."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = getattr(import_module(_MODULES[name]), {"DifferenceKind": "Kind"}.get(name, name))
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        """Return the public names."""
        return __all__
