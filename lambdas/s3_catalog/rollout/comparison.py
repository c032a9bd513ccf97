"""Comparing a new version of `ingest` with those before it, by the calls of the alias."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from s3_catalog.errors import WorseError

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

WINDOW = timedelta(hours=3)
"""What is compared: the calls of the last three hours, shared out by version."""

FEW = 3
"""So many errors may happen to any version, whatever share of its calls they are."""

MARGIN = 0.01
"""How much greater the share of failing calls may be than it was before."""


@dataclass(frozen=True, slots=True)
class Calls:
    """How many calls there were, and how many of these failed."""

    made: float
    failed: float

    @property
    def share(self) -> float:
        """The share of calls that failed; 0 if there were none."""
        return self.failed / self.made if self.made else 0.0


def compare(new: Calls, before: Calls) -> None:
    """Raise WorseError if `new` failed more often than `before`, by more than chance may do."""
    if new.failed > FEW and new.share > before.share + MARGIN:
        raise WorseError(
            f"{new.failed:.0f} of {new.made:.0f} calls of the new version failed, "
            f"before it {before.failed:.0f} of {before.made:.0f}"
        )


def calls(
    cloudwatch: "CloudWatchClient", function: str, alias: str, version: str
) -> tuple[Calls, Calls]:
    """Return the calls through `alias` of `function` that `version` answered, and all others."""
    end = datetime.now(UTC)
    through = {"FunctionName": function, "Resource": f"{function}:{alias}"}
    reply = cloudwatch.get_metric_data(
        MetricDataQueries=[
            _query("made", "Invocations", through),
            _query("failed", "Errors", through),
            _query("newmade", "Invocations", {**through, "ExecutedVersion": version}),
            _query("newfailed", "Errors", {**through, "ExecutedVersion": version}),
        ],
        StartTime=end - WINDOW,
        EndTime=end,
    )
    total = {result["Id"]: sum(result["Values"]) for result in reply["MetricDataResults"]}
    new = Calls(total["newmade"], total["newfailed"])
    return new, Calls(total["made"] - new.made, total["failed"] - new.failed)


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
