"""The environment variables of the scope of a catalog, which several functions have."""

from dataclasses import dataclass

from s3_catalog.environment.variables import Environment
from s3_catalog.model import scope
from s3_catalog.model.scope import Scope


@dataclass(frozen=True, kw_only=True)
class ScopeVariables(Environment):
    """The name of the bucket of its own, and the text of the scope that is attached.

    Each is None if the catalog has no such buckets.
    """

    bucket_name: str | None = None
    attached_buckets: str | None = None

    @property
    def scope(self) -> Scope:
        """Which keys of which buckets have rows. Raises ValueError for an invalid name."""
        return scope.parse(
            ",".join(each for each in (self.bucket_name, self.attached_buckets) if each)
        )
