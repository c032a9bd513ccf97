"""Reading the outputs of a stack: the record, or one sentence about what is wrong."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from reinventure.aws import deployed_stack
from reinventure.contract import (
    CatalogOutputs,
    InspectionOutputs,
    SqlOutputs,
    from_outputs,
    to_outputs,
)
from reinventure.errors import NoStackError, UserError

OUTPUTS = InspectionOutputs(
    inspection_failure_queue_url="failures",
    examine_queue_url="small",
    worker_queue_url="large",
    inspect_max_mib=64,
    worker_task_arn="task",
)


@pytest.fixture
def stub() -> Iterator[tuple[Any, Stubber]]:
    client = boto3.client("cloudformation", region_name="eu-west-1")
    with Stubber(client) as stubber:
        yield client, stubber
        stubber.assert_no_pending_responses()


def add_stack(
    stubber: Stubber, name: str, outputs: dict[str, str], *, description: str = "reinventure: any"
) -> None:
    stack = {
        "StackName": name,
        "Description": description,
        "CreationTime": "2026-11-23T12:00:00Z",
        "StackStatus": "CREATE_COMPLETE",
        "Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()],
    }
    stubber.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": name})


def test_the_outputs_are_the_record(stub: tuple[Any, Stubber]) -> None:
    client, stubber = stub
    add_stack(stubber, "Mine", {**to_outputs(OUTPUTS), "AnotherOutput": "ignored"})
    assert deployed_stack.find(client, "Mine", InspectionOutputs) == OUTPUTS
    assert from_outputs(InspectionOutputs, to_outputs(OUTPUTS)) == OUTPUTS


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [
        (
            CatalogOutputs,
            "deploy it with `make deploy` (an account) or `make up` (the local cloud)",
        ),
        (InspectionOutputs, "content inspection is not enabled. Set workers=true and run `make "),
        (
            SqlOutputs,
            "there is no SQL mirror. Set sql=true and run `make deploy` (an account), or ",
        ),
    ],
)
def test_a_missing_stack_is_an_error_with_its_region_and_a_remedy(
    stub: tuple[Any, Stubber], kind: Any, remedy: str
) -> None:
    client, stubber = stub
    stubber.add_client_error(
        "describe_stacks", "ValidationError", "Stack with id Mine does not exist"
    )
    with pytest.raises(UserError) as error:
        deployed_stack.find(client, "Mine", kind)
    assert str(error.value).startswith(f"no stack 'Mine' in region eu-west-1: {remedy}")


def test_another_refusal_of_cloudformation_is_raised(stub: tuple[Any, Stubber]) -> None:
    client, stubber = stub
    stubber.add_client_error("describe_stacks", "AccessDenied", "not authorized")
    with pytest.raises(ClientError, match="not authorized"):
        deployed_stack.find(client, "Mine", CatalogOutputs)


@pytest.mark.parametrize(
    ("outputs", "problem"),
    [
        ({}, "output InspectionFailureQueueUrl is missing"),
        (
            {**to_outputs(OUTPUTS), "InspectMaxMib": "many"},
            "output InspectMaxMib is 'many', not a whole number",
        ),
    ],
)
def test_a_stack_with_other_outputs_is_an_error(
    stub: tuple[Any, Stubber], outputs: dict[str, str], problem: str
) -> None:
    client, stubber = stub
    add_stack(stubber, "CDKToolkit", outputs)
    with pytest.raises(UserError) as error:
        deployed_stack.find(client, "CDKToolkit", InspectionOutputs)
    assert str(error.value) == (
        "stack 'CDKToolkit' is not a Workers stack of reinventure, or its deployment has not "
        f"finished: {problem}"
    )


@pytest.mark.parametrize(
    ("outputs", "description"),
    [
        ({}, "reinventure: a stack whose creation has not finished"),
        ({"Other": "value"}, "Of another team"),
        ({**to_outputs(OUTPUTS), "InspectMaxMib": "many"}, "Of another team"),
    ],
)
def test_a_stack_of_others_or_without_outputs_is_none_of_ours(
    stub: tuple[Any, Stubber], outputs: dict[str, str], description: str
) -> None:
    """So commands of the catalog work beside it: they ask for Workers and Sql if there are any."""
    client, stubber = stub
    add_stack(stubber, "Workers", outputs, description=description)
    with pytest.raises(NoStackError, match="is not a Workers stack of reinventure"):
        deployed_stack.find(client, "Workers", InspectionOutputs)


def test_a_stack_of_ours_with_other_outputs_is_not_passed_over(stub: tuple[Any, Stubber]) -> None:
    client, stubber = stub
    outputs = {**to_outputs(OUTPUTS), "InspectMaxMib": "many"}
    add_stack(stubber, "Workers", outputs)
    with pytest.raises(UserError) as error:
        deployed_stack.find(client, "Workers", InspectionOutputs)
    assert not isinstance(error.value, NoStackError)


def described(name: str, outputs: dict[str, str]) -> dict[str, Any]:
    return {
        "StackName": name,
        "CreationTime": "2026-11-23T12:00:00Z",
        "StackStatus": "CREATE_COMPLETE",
        "Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()],
    }


def test_every_catalog_is_found_on_all_pages(stub: tuple[Any, Stubber]) -> None:
    client, stubber = stub
    outputs = CatalogOutputs(
        data_key_arn="data",
        queue_key_arn="queue",
        table_name="rows",
        totals_table_name="totals",
        totals_depth=3,
        shards=4,
        failure_queue_url="failures",
        ingest_arn="ingest",
        changes_topic_arn="changes",
        publish_arn="publish",
        attached_buckets="photos",
    )
    other = replace(outputs, bucket_name="own", attached_buckets=None)
    first = [described("Catalog", to_outputs(outputs)), described("Workers", to_outputs(OUTPUTS))]
    second = [described("Theirs", {}), described("SC-1-pp-2", to_outputs(other))]
    stubber.add_response("describe_stacks", {"Stacks": first, "NextToken": "more"}, {})
    stubber.add_response("describe_stacks", {"Stacks": second}, {"NextToken": "more"})
    assert list(deployed_stack.catalogs(client)) == [("Catalog", outputs), ("SC-1-pp-2", other)]


def test_resources_of_one_type(stub: tuple[Any, Stubber]) -> None:
    client, stubber = stub

    def resource(kind: str, **ids: str) -> dict[str, Any]:
        status = {"ResourceStatus": "CREATE_COMPLETE", "LastUpdatedTimestamp": "2026-11-23"}
        return {"LogicalResourceId": "Mine", "ResourceType": kind, **status, **ids}

    resources = [
        resource("AWS::IAM::Role", PhysicalResourceId="role"),
        resource("AWS::SQS::Queue", PhysicalResourceId="queue"),
        resource("AWS::IAM::Role"),  # Not yet created.
    ]
    answer = {"StackResourceSummaries": resources}
    stubber.add_response("list_stack_resources", answer, {"StackName": "Workers"})
    found = deployed_stack.resources(client, "Workers", "AWS::IAM::Role")
    assert list(found) == [("Mine", "role")]
