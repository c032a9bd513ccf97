"""The contract between stacks and command: names as deployed, and outputs there and back."""

import subprocess
import sys

import pytest

from reinventure import contract
from reinventure.contract import (
    CatalogOutputs,
    GovernanceOutputs,
    InspectionOutputs,
    OutputError,
    SqlOutputs,
    from_outputs,
    to_outputs,
)

INSPECTION = InspectionOutputs(
    inspection_failure_queue_url="https://queue/failures",
    examine_queue_url="https://queue/small",
    worker_queue_url="https://queue/large",
    inspect_max_mib=64,
    worker_task_arn="arn:task",
)


def test_stacks_and_prefixes_have_their_deployed_names() -> None:
    assert contract.CATALOG_STACKS == ("Catalog", "Workers", "Sql")
    assert contract.GOVERNANCE == "Governance"
    assert contract.CONFORMANCE_PACK == "ConformancePack"
    assert contract.PORTFOLIO == "Portfolio"
    assert contract.DELIVERY == "Delivery"
    assert contract.SMOKE_TEST_PREFIX == ".reinventure/smoke/"
    assert contract.DATA_API_PARAMETER == "DataApi"
    assert contract.bucket_prefix("Catalog") == "catalog-"
    assert contract.table_prefix("Catalog") == "Catalog-"
    assert contract.product_stack("123456789012", "abc") == "SC-123456789012-pp-abc"


def test_a_watch_queue_has_at_most_80_characters() -> None:
    assert contract.watch_queue_prefix("Catalog") == "Catalog-watch-"
    prefix = contract.watch_queue_prefix("s" * 128)
    assert prefix == f"{'s' * 40}-watch-"
    assert len(f"{prefix}0123456789abcdef.fifo") <= 80


def test_outputs_have_their_deployed_names() -> None:
    assert to_outputs(INSPECTION) == {
        "InspectionFailureQueueUrl": "https://queue/failures",
        "ExamineQueueUrl": "https://queue/small",
        "WorkerQueueUrl": "https://queue/large",
        "InspectMaxMib": "64",
        "WorkerTaskArn": "arn:task",
    }


def test_a_record_is_read_as_it_was_written() -> None:
    assert from_outputs(InspectionOutputs, to_outputs(INSPECTION)) == INSPECTION


@pytest.mark.parametrize(
    ("attached", "written"),
    [
        ("logs-prod/%41 + a=1/,photos-prod", "logs-prod/%2541 + a=1/,photos-prod"),
        ("logs-prod/ü\u00ff/", "logs-prod/%C3%BC%C3%BF/"),
    ],
)
def test_outputs_are_ascii_as_cloudformation_returns_question_marks_for_others(
    attached: str, written: str
) -> None:
    record = CatalogOutputs(
        data_key_arn="${Token[AWS.Partition.4]}",
        queue_key_arn="",
        table_name="",
        totals_table_name="",
        totals_depth=3,
        shards=16,
        failure_queue_url="",
        ingest_arn="",
        changes_topic_arn="",
        publish_arn="",
        attached_buckets=attached,
    )
    outputs = to_outputs(record)
    assert outputs["AttachedBuckets"] == written
    assert outputs["DataKeyArn"] == "${Token[AWS.Partition.4]}"
    assert from_outputs(CatalogOutputs, outputs) == record


def test_an_optional_output_that_is_missing_is_none() -> None:
    record = GovernanceOutputs(notices_topic_arn="arn:topic")
    assert to_outputs(record) == {"NoticesTopicArn": "arn:topic"}
    assert from_outputs(GovernanceOutputs, {"NoticesTopicArn": "arn:topic"}) == record


def test_optional_outputs_are_read() -> None:
    outputs = {
        "ClusterArn": "arn:cluster",
        "ReaderSecretArn": "arn:reader",
        "MirrorArn": "arn:mirror",
        "MirrorFailureQueueUrl": "https://queue/failures",
        "DataApiUrl": "http://127.0.0.1:1",
        "OwnerSecretArn": "arn:owner",
    }
    record = from_outputs(SqlOutputs, outputs)
    assert record.data_api_url == "http://127.0.0.1:1"
    assert to_outputs(record) == outputs


def test_outputs_of_other_resources_are_ignored() -> None:
    outputs = {**to_outputs(INSPECTION), "AddedByHand": "1"}
    assert from_outputs(InspectionOutputs, outputs) == INSPECTION


@pytest.mark.parametrize("missing", ["TableName", "Shards"])
def test_an_error_names_the_missing_output(missing: str) -> None:
    outputs = {
        "DataKeyArn": "arn:data",
        "QueueKeyArn": "arn:queue",
        "TableName": "t",
        "TotalsTableName": "totals",
        "TotalsDepth": "3",
        "Shards": "16",
        "FailureQueueUrl": "https://queue/failures",
        "IngestArn": "arn:ingest",
        "ChangesTopicArn": "arn:changes",
        "PublishArn": "arn:publish",
    }
    assert from_outputs(CatalogOutputs, outputs).shards == 16
    del outputs[missing]
    with pytest.raises(OutputError, match=f"^output {missing} is missing$") as raised:
        from_outputs(CatalogOutputs, outputs)
    assert raised.value.output == missing


def test_an_error_names_an_output_that_is_no_number() -> None:
    outputs = {**to_outputs(INSPECTION), "InspectMaxMib": "many"}
    with pytest.raises(OutputError, match=r"^output InspectMaxMib is 'many', not a whole number$"):
        from_outputs(InspectionOutputs, outputs)


def test_the_contract_imports_neither_boto3_nor_the_cdk() -> None:
    program = (
        "import sys, reinventure.contract; "
        "print(sorted({name.split('.')[0] for name in sys.modules} "
        "& {'boto3', 'botocore', 'aws_cdk', 'jsii'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
