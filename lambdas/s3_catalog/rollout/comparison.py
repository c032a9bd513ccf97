"""Compare the error rate of a new version of `ingest` with that of the versions before it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from s3_catalog.exceptions import WorseError

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

WINDOW = timedelta(hours=3)
"""The time before now whose invocations count."""

MAX_ERRORS = 3
"""Errors that are accepted at any error rate: so few may have other causes."""

MARGIN = 0.01
"""How much the error rate may exceed that of the versions before."""


@dataclass(frozen=True, slots=True)
class Invocations:
    """The number of invocations, and the number of those with an error."""

    count: float
    errors: float

    @property
    def error_rate(self) -> float:
        """The share of invocations with an error, from 0 to 1; 0 without invocations."""
        return self.errors / self.count if self.count else 0.0


def compare(new: Invocations, before: Invocations) -> None:
    """Raise WorseError if `new` has more than `MAX_ERRORS` and a higher rate than `before`.

    Higher means: by more than `MARGIN`.
    """
    if new.errors > MAX_ERRORS and new.error_rate > before.error_rate + MARGIN:
        raise WorseError(
            f"{new.errors:.0f} of {new.count:.0f} invocations of the new version failed, "
            f"before it {before.errors:.0f} of {before.count:.0f}"
        )


def invocations(
    cloudwatch: "CloudWatchClient", function: str, alias: str, version: str
) -> tuple[Invocations, Invocations]:
    """Return the invocations of `alias` of `function`: those of `version`, and all others.

    Source of the metrics: "Metrics dimensions" in the AWS Lambda Developer Guide. Raises botocore's
    ClientError or BotoCoreError.
    """
    end = datetime.now(UTC)
    through = {"FunctionName": function, "Resource": f"{function}:{alias}"}
    reply = cloudwatch.get_metric_data(
        MetricDataQueries=[
            _query("count", "Invocations", through),
            _query("errors", "Errors", through),
            _query("newcount", "Invocations", {**through, "ExecutedVersion": version}),
            _query("newerrors", "Errors", {**through, "ExecutedVersion": version}),
        ],
        StartTime=end - WINDOW,
        EndTime=end,
    )
    total = {result["Id"]: sum(result["Values"]) for result in reply["MetricDataResults"]}
    new = Invocations(total["newcount"], total["newerrors"])
    return new, Invocations(total["count"] - new.count, total["errors"] - new.errors)


def _query(id: str, metric: str, dimensions: dict[str, str]) -> "MetricDataQueryTypeDef":
    return {
        "Id": id,
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/Lambda",
                "MetricName": metric,
                "Dimensions": [{"Name": n, "Value": v} for n, v in dimensions.items()],
            },
            "Period": 60,
            "Stat": "Sum",
        },
    }
