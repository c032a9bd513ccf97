"""What the templates do differently for the emulator, all of it: one field for each difference.

The local cloud runs MiniStack. Where it lacks something of AWS, a construct reads a field of
`settings.limits`. `AWS` has no limits; `MINISTACK` has those of one version of the emulator.
docs/emulator.md describes each limit under the heading that its field names, with the text of the
issue to send upstream.

One difference needs no field, because one template serves both: `UserSecret` refers to its secret
by the attribute `Id`. In the emulator `Ref` is the secret's name, not its ARN ("Secrets by Ref").
"""

from dataclasses import dataclass

MINISTACK_VERSION = "1.5.33"
"""The version of MiniStack that `MINISTACK` describes, the one in requirements.in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorLimits:
    """What a cloud cannot do. All fields are False for AWS."""

    no_bucket_emptying: bool = False
    """The custom resource that empties a bucket on `cdk destroy` fails, so no bucket has it.
    docs/emulator.md: "Custom resources in Node.js"."""

    no_failures_of_versions: bool = False
    """A published version ignores its on-failure destination: the alias `live` points to `$LATEST`.
    docs/emulator.md: "Published versions of functions"."""

    no_codedeploy: bool = False
    """CodeDeploy is missing: the setting `canary` has no effect, and no alarm watches a rollout.
    docs/emulator.md: "Missing services"."""

    no_shard_in_stream_events: bool = False
    """Tumbling windows are missing, so no event names its shard: `totals` gets a constant name.
    docs/emulator.md: "Tumbling windows"."""

    retries_whole_batches: bool = False
    """A failed batch of stream records is retried from its start: `publish` fails the whole batch.
    docs/emulator.md: "Partial failures of stream batches"."""

    publish_batch_needs_permission: bool = False
    """`sns:PublishBatch` is a permission of its own; in AWS it is part of `sns:Publish`.
    docs/emulator.md: "Permission to publish a batch"."""

    no_instances: bool = False
    """EC2 instances, images and services of ECS are missing: of the workers there are their queue
    and their task definition, which the local cloud runs as a process.
    docs/emulator.md: "Missing services"."""

    account_assumes_task_role: bool = False
    """ECS gives no task its role, so the account assumes the role for the worker's process.
    docs/emulator.md: "Missing services"."""

    no_aurora: bool = False
    """Aurora runs in Docker only: the stack Sql has the name of a cluster and the owner's secret,
    and the database is a process. docs/emulator.md: "Aurora and the Data API"."""

    no_saved_queries: bool = False
    """Saved queries of CloudWatch Logs Insights are missing, so no stack has any.
    docs/emulator.md: "Missing services"."""

    no_pipelines: bool = False
    """CodePipeline, CodeBuild and CodeCommit are missing: there is no stack Delivery.
    docs/emulator.md: "Missing services"."""


AWS = EmulatorLimits()
"""An account of AWS has no limits."""

MINISTACK = EmulatorLimits(
    no_bucket_emptying=True,
    no_failures_of_versions=True,
    no_codedeploy=True,
    no_shard_in_stream_events=True,
    retries_whole_batches=True,
    publish_batch_needs_permission=True,
    no_instances=True,
    account_assumes_task_role=True,
    no_aurora=True,
    no_saved_queries=True,
    no_pipelines=True,
)
"""The limits of MiniStack `MINISTACK_VERSION`."""
