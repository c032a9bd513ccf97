"""Comparing a bucket with its catalog in the account: an execution of the state machine.

Many functions work there at the same time, each on a range of keys. What they repair is in their
logs; the ranges that are done are counted here.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reinventure.aws.connection import config
from reinventure.errors import UserError

if TYPE_CHECKING:
    from reinventure.aws.deployed_catalog import DeployedCatalog


@dataclass(frozen=True, slots=True)
class RangesDone:
    """Of `ranges` of keys, `done` have been compared. Both are 0 until the keys are divided."""

    done: int
    ranges: int


@dataclass(frozen=True)
class AccountComparison:
    """The execution with the ARN `execution`. Methods raise botocore's ClientError as well."""

    client: Any
    execution: str

    def wait(self, report: Callable[[RangesDone], None], pause: Callable[[], None]) -> None:
        """Return when the execution has succeeded; `report` its progress, and `pause` meanwhile.

        Raises UserError if it ended otherwise: the message has the reason.
        """
        while True:
            try:
                state = self.client.describe_execution(executionArn=self.execution)
            except self.client.exceptions.ExecutionDoesNotExist:
                raise UserError(
                    f"execution {self.execution}, which compared keys, is gone. Run the command "
                    "again to start another"
                ) from None
            report(self._progress())
            if state["status"] == "SUCCEEDED":
                return
            if state["status"] not in ("RUNNING", "PENDING_REDRIVE"):
                reason = ": ".join(filter(None, (state.get("error"), state.get("cause"))))
                raise UserError(
                    f"the comparison in the account ended as {state['status']}"
                    f"{f', {reason}' if reason else ''}. Run the command again to start another; "
                    f"the execution is {self.execution}"
                )
            pause()

    def _progress(self) -> RangesDone:
        runs = self.client.list_map_runs(executionArn=self.execution)["mapRuns"]
        if not runs:
            return RangesDone(0, 0)
        counts = self.client.describe_map_run(mapRunArn=runs[0]["mapRunArn"])["itemCounts"]
        return RangesDone(counts["succeeded"], counts["total"])


def start(catalog: "DeployedCatalog", prefix: str, after: str) -> AccountComparison:
    """Compare the keys under `prefix` that are greater than `after` of the bucket of `catalog`.

    Raises UserError if the catalog has no state machine, and botocore's ClientError.
    """
    machine = catalog.outputs.reconcile_machine_arn
    if machine is None:
        raise UserError("the catalog has no state machine that compares (setting reconcile)")
    part = {"bucket": catalog.bucket, "prefix": prefix, "after": after}
    client = catalog.session.client("stepfunctions", config=config())
    begun = client.start_execution(stateMachineArn=machine, input=json.dumps(part))
    return AccountComparison(client, begun["executionArn"])


def resume(catalog: "DeployedCatalog", execution: str) -> AccountComparison:
    """Return the comparison that an earlier run started as `execution` (ARN)."""
    return AccountComparison(catalog.session.client("stepfunctions", config=config()), execution)
