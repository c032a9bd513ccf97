"""When buckets and catalog were compared, and whether the comparisons in the account succeed."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reinventure.aws.connection import config
from reinventure.aws.status.check import Check, State
from s3_catalog.model.timestamps import timestamp

if TYPE_CHECKING:
    from reinventure.aws.deployed_catalog import DeployedCatalog

METRICS = ("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted")
"""The metrics of the alarms on the same executions."""

_ENDED_BADLY = {"FAILED": "failed", "TIMED_OUT": "timed out", "ABORTED": "was stopped"}
"""Statuses of an execution of Step Functions, and words for them."""

_LATEST = 20
"""Executions that are read, newest first. Most often one or none is running."""


def checks(catalog: "DeployedCatalog") -> Iterator[Check]:
    """Yield a check of the last comparison in the account that ended, if there is a state machine.

    Needs the permission states:ListExecutions. Raises botocore's ClientError or BotoCoreError.
    """
    machine = catalog.outputs.reconcile_machine_arn
    if machine is None:
        return
    client = catalog.session.client("stepfunctions", config=config())
    found = client.list_executions(stateMachineArn=machine, maxResults=_LATEST)["executions"]
    ended = [each for each in found if each["status"] not in ("RUNNING", "PENDING_REDRIVE")]
    if not ended:
        yield Check("comparison", State.FINE, "none has ended in the account yet")
        return
    last = max(ended, key=lambda each: each["stopDate"])
    if fate := _ENDED_BADLY.get(last["status"]):
        yield Check(
            "comparison",
            State.WRONG,
            f"the last one in the account {fate}: {last['executionArn']}",
            last["stopDate"],
            f"aws stepfunctions start-execution --state-machine-arn {machine}",
        )
    else:
        at = timestamp(last["stopDate"])
        yield Check("comparison", State.FINE, f"the last one in the account succeeded at {at}")


def verified_checks(catalog: "DeployedCatalog") -> Iterator[Check]:
    """Yield a check with the time at which the buckets were last found equal.

    It is never wrong: a bucket that always changes is rarely equal at a moment. Raises botocore's
    ClientError or BotoCoreError.
    """
    moments = catalog.last_verified().moments()
    never = [bucket for bucket in catalog.scope.buckets if bucket not in moments]
    if never:
        more = f" and {len(never) - 1:,} more" if len(never) > 1 else ""
        detail = f"s3://{never[0]}/{more} never yet: `reinventure verify` compares now"
    else:
        oldest = min(moments[bucket] for bucket in catalog.scope.buckets)
        detail = f"every bucket was, at {timestamp(oldest)} or later"
    yield Check("found equal", State.FINE, detail)
