"""The environment variables of the function that records the results of the nightly reconcile."""

from dataclasses import dataclass

from s3_catalog.environment.variables import Environment


@dataclass(frozen=True)
class ReconcileResultEnvironment(Environment):
    """The table of totals."""

    totals_table_name: str
