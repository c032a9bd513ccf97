"""Which proofs a deployment has, and what it leaves out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import pytest

from reinventure.aws import deployed_stack
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.doctor import diagnosis
from reinventure.aws.doctor.proof import Finding, Outcome, Proof
from reinventure.aws.smoke_test import Smoke
from reinventure.contract import InspectionOutputs
from reinventure.errors import LateError, NoStackError

WORKERS = InspectionOutputs(
    inspection_failure_queue_url="https://sqs/failures",
    examine_queue_url="https://sqs/small",
    worker_queue_url="https://sqs/large",
    inspect_max_mib=64,
    worker_task_arn="arn:task",
    worker_failure_queue_url="https://sqs/worker-failures",
    worker_group_name="group",
)


@pytest.fixture
def deployed(
    catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch
) -> Callable[[InspectionOutputs | None], None]:
    """A function that says which workers are deployed. There is no SQL mirror."""

    def deploy(workers: InspectionOutputs | None) -> None:
        def find(_client: object, stack: str, _kind: type[object]) -> InspectionOutputs:
            if stack != "Workers" or workers is None:
                raise NoStackError("no stack")
            return workers

        monkeypatch.setattr(deployed_stack, "find", find)

    deploy(None)
    return deploy


Deploy = Callable[[InspectionOutputs | None], None]


def with_outputs(catalog: DeployedCatalog, **outputs: Any) -> DeployedCatalog:
    return replace(catalog, outputs=replace(catalog.outputs, **outputs))


def outcomes(catalog: DeployedCatalog) -> dict[str, str]:
    """The outcome of each way that is not proven, by its subject; "to prove" for the others."""
    return {
        each.subject: "to prove" if isinstance(each, Proof) else each.outcome
        for each in diagnosis.proofs(catalog)
    }


@pytest.mark.parametrize("transport", ["lambda", "sqs", "sns", "eventbridge"])
def test_the_deployed_transport_is_proven_and_the_others_are_named(
    catalog: DeployedCatalog, deployed: Deploy, transport: str
) -> None:
    found = outcomes(with_outputs(catalog, event_transport=transport))
    assert [subject for subject in found if "transport" in subject] == [
        f"S3 to ingest, transport {name}" for name in ("lambda", "sqs", "sns", "eventbridge")
    ]
    for subject, outcome in found.items():
        if "transport" in subject:
            proven = subject.endswith(transport)
            assert outcome == ("to prove" if proven else "not deployed")
    eventbridge = found["EventBridge to a dead-letter queue"]
    assert eventbridge == ("to prove" if transport == "eventbridge" else "not deployed")


def test_each_dead_letter_queue_is_proven(catalog: DeployedCatalog, deployed: Deploy) -> None:
    deployed(WORKERS)
    found = [subject for subject in outcomes(catalog) if subject.startswith("the dead-letter")]
    assert found == [
        f"the dead-letter queue of {function}"
        for function in ("ingest", "totals", "publish", "inspect", "worker")
    ]


def test_an_earlier_deployment_does_not_name_its_transport(
    catalog: DeployedCatalog, deployed: Deploy
) -> None:
    assert outcomes(catalog)["S3 to ingest"] == "to prove"


def test_a_catalog_of_attached_buckets_alone_has_no_row_to_prove(
    catalog: DeployedCatalog, deployed: Deploy
) -> None:
    attached = with_outputs(catalog, bucket_name=None, attached_buckets="photos-prod")
    assert outcomes(attached)["S3 to ingest"] == "not deployed"
    assert outcomes(attached)["the dead-letter queue of ingest"] == "to prove"


def test_the_rules_of_attached_buckets_have_a_dead_letter_queue_to_prove(
    catalog: DeployedCatalog, deployed: Deploy
) -> None:
    attached = with_outputs(catalog, event_transport="lambda", attached_buckets="photos-prod")
    assert outcomes(attached)["EventBridge to a dead-letter queue"] == "to prove"


def test_alarms_are_proven_if_there_are_any(catalog: DeployedCatalog, deployed: Deploy) -> None:
    assert outcomes(catalog)["an alarm to its topic"] == "not deployed"
    found = outcomes(with_outputs(catalog, alarms_topic_arn="arn:topic"))
    assert found["an alarm to its topic"] == "to prove"


@pytest.mark.parametrize(
    ("workers", "outcome"),
    [
        (None, "not deployed"),
        (WORKERS, "to prove"),
        (replace(WORKERS, worker_group_name=None), "not deployed"),
    ],
)
def test_capacity_is_proven_if_there_are_workers(
    catalog: DeployedCatalog, deployed: Deploy, workers: InspectionOutputs | None, outcome: str
) -> None:
    deployed(workers)
    subject = "Auto Scaling to the volumes of the workers' instances"
    assert outcomes(catalog)[subject] == outcome
    # The stack Workers is not that of a product.
    assert outcomes(replace(catalog, stack="SC-1-pp-a"))[subject] == "not deployed"


def test_what_an_emulator_lacks_is_not_available(
    catalog: DeployedCatalog, deployed: Deploy, session: boto3.Session
) -> None:
    deployed(replace(WORKERS, worker_group_name=None))
    local = with_outputs(catalog, event_transport="eventbridge")
    local.__dict__["s3"] = session.client("s3", endpoint_url="https://127.0.0.1:4566")
    assert diagnosis.emulated(local)
    assert not diagnosis.emulated(catalog)
    lacking = [
        each.subject
        for each in diagnosis.proofs(local)
        if isinstance(each, Finding) and each.outcome == Outcome.NOT_AVAILABLE
    ]
    assert lacking == [
        "EventBridge to a dead-letter queue",
        "Auto Scaling to the volumes of the workers' instances",
    ]


def first(catalog: DeployedCatalog) -> Finding:
    proof = next(diagnosis.proofs(catalog))
    assert isinstance(proof, Proof)
    return proof.finding()


def test_a_row_proves_the_transport(
    catalog: DeployedCatalog, deployed: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnosis, "smoke", lambda _, patience: Smoke("key", 0.84, patience))
    assert first(catalog) == Finding("S3 to ingest", Outcome.WORKS, "a row came in 0.84 s")


def test_a_row_that_does_not_come_names_the_setting(
    catalog: DeployedCatalog, deployed: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(_catalog: object, _patience: float) -> Smoke:
        raise LateError("no row")

    monkeypatch.setattr(diagnosis, "smoke", late)
    through_queue = with_outputs(catalog, event_transport="sqs")
    [proof] = [each for each in diagnosis.proofs(through_queue) if "sqs" in each.subject]
    assert isinstance(proof, Proof)
    assert proof.finding() == Finding(
        "S3 to ingest, transport sqs",
        Outcome.DOES_NOT_WORK,
        "no row",
        "Unless it has another reason: add s3 to unconditional_key_use, and deploy",
    )


def test_a_refusal_of_aws_is_a_finding_without_a_remedy(
    catalog: DeployedCatalog, deployed: Deploy
) -> None:
    gone = with_outputs(catalog, failure_queue_url="https://sqs.us-east-1.amazonaws.com/1/gone")
    [proof] = [each for each in diagnosis.proofs(gone) if "of ingest" in each.subject]
    assert isinstance(proof, Proof)
    finding = proof.finding()
    assert finding.outcome == Outcome.DOES_NOT_WORK
    assert "NonExistentQueue" in finding.detail
    assert finding.remedy == ""
