"""All proofs for a deployed catalog, and what its deployment leaves out."""

from collections.abc import Iterator
from functools import partial
from urllib.parse import urlsplit
from uuid import uuid4

from reinventure import contract
from reinventure.aws import dead_letters, deployed_stack
from reinventure.aws.connection import config
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.doctor import (
    alarm_proof,
    capacity_proof,
    dead_letter_proof,
    event_rule_proof,
)
from reinventure.aws.doctor.proof import Finding, Outcome, Proof, add_to_setting
from reinventure.aws.smoke_test import smoke
from reinventure.contract import InspectionOutputs

_PATIENCE_SECONDS = 60

_TRANSPORTS = {
    "lambda": "",
    "sqs": add_to_setting("s3"),
    "sns": add_to_setting("s3", "sns"),
    "eventbridge": "",
}
"""Each transport with the remedy if no row comes."""


def proofs(catalog: DeployedCatalog) -> Iterator[Proof | Finding]:
    """Yield a proof for each way that `catalog` has, and a finding for each that it lacks.

    None is made yet. Raises botocore's ClientError or BotoCoreError.
    """
    yield from _transports(catalog)
    yield _event_rule(catalog)
    for queue in dead_letters.queues(catalog):
        yield Proof(
            f"the dead-letter queue of {queue.function}",
            "moves a message there, by a temporary queue, and deletes both",
            partial(
                dead_letter_proof.prove,
                catalog.session,
                queue.url,
                catalog.outputs.queue_key_arn,
                _name(catalog),
            ),
        )
    yield _alarm(catalog)
    yield _capacity(catalog)


def emulated(catalog: DeployedCatalog) -> bool:
    """Whether an emulator stands in for AWS."""
    host = urlsplit(catalog.s3.meta.endpoint_url).hostname or ""
    return not host.endswith((".amazonaws.com", ".amazonaws.com.cn"))


def _transports(catalog: DeployedCatalog) -> Iterator[Proof | Finding]:
    deployed = catalog.outputs.event_transport
    if not catalog.outputs.bucket_name:
        yield Finding(
            "S3 to ingest",
            Outcome.NOT_DEPLOYED,
            "the catalog has no bucket of its own, and nothing is written to attached ones",
            "Deploy with create in the setting buckets to prove it",
        )
        return

    def prove() -> str:
        return f"a row came in {smoke(catalog, _PATIENCE_SECONDS).row_seconds:.2f} s"

    changes = "puts an object and deletes it, with all its versions"
    if deployed is None:
        yield Proof("S3 to ingest", changes, prove)
        return
    for transport, remedy in _TRANSPORTS.items():
        subject = f"S3 to ingest, transport {transport}"
        if transport == deployed:
            yield Proof(subject, changes, prove, remedy)
        else:
            yield Finding(
                subject,
                Outcome.NOT_DEPLOYED,
                f"a catalog has one transport, this one {deployed}",
                f"Deploy with transport={transport} to prove it",
            )


def _event_rule(catalog: DeployedCatalog) -> Proof | Finding:
    subject = "EventBridge to a dead-letter queue"
    if catalog.outputs.event_transport != "eventbridge" and not catalog.outputs.attached_buckets:
        return Finding(
            subject,
            Outcome.NOT_DEPLOYED,
            "only the transport eventbridge and attached buckets have it",
            "Deploy with transport=eventbridge to prove it",
        )
    if emulated(catalog):
        return Finding(subject, Outcome.NOT_AVAILABLE, "rules have no dead-letter queues")
    return Proof(
        subject,
        "creates a rule and a queue, and deletes both",
        partial(
            event_rule_proof.prove,
            catalog.session,
            catalog.outputs.queue_key_arn,
            _name(catalog),
        ),
        add_to_setting("events"),
    )


def _alarm(catalog: DeployedCatalog) -> Proof | Finding:
    subject = "an alarm to its topic"
    topic = catalog.outputs.alarms_topic_arn
    if not topic:
        return Finding(
            subject, Outcome.NOT_DEPLOYED, "an earlier version deployed no alarms", "Deploy again"
        )
    return Proof(
        subject,
        "sets off an alarm, which notifies the subscribers of the topic, and sets it back",
        partial(alarm_proof.prove, catalog.session, topic, _name(catalog)),
        add_to_setting("cloudwatch"),
    )


def _capacity(catalog: DeployedCatalog) -> Proof | Finding:
    subject = "Auto Scaling to the volumes of the workers' instances"
    client = catalog.session.client("cloudformation", config=config())
    workers = deployed_stack.find_beside(client, catalog.stack, contract.WORKERS, InspectionOutputs)
    if workers is None:
        return Finding(
            subject, Outcome.NOT_DEPLOYED, "there are no workers", "Deploy with workers=true"
        )
    if workers.worker_group_name is None:
        if emulated(catalog):
            return Finding(subject, Outcome.NOT_AVAILABLE, "workers are processes, not instances")
        return Finding(
            subject, Outcome.NOT_DEPLOYED, "an earlier version deployed the workers", "Deploy again"
        )
    return Proof(
        subject,
        "runs an instance for some minutes, unless one runs already",
        partial(capacity_proof.prove, catalog.session, workers.worker_group_name),
        add_to_setting("autoscaling"),
    )


def _name(catalog: DeployedCatalog) -> str:
    """Return a new name for a temporary queue or rule. Rules have up to 64 characters."""
    return f"{catalog.stack[:40]}-doctor-{uuid4().hex[:16]}"
