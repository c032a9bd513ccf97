"""The outputs of the templates are the records of the contract, which the command reads."""

from pathlib import Path

import pytest

from reinventure import contract
from reinventure.contract import (
    CatalogOutputs,
    DeliveryOutputs,
    GovernanceOutputs,
    InspectionOutputs,
    Outputs,
    PortfolioOutputs,
    SqlOutputs,
    from_outputs,
    to_outputs,
)
from tests.stacks.assemblies import Assemblies
from tests.stacks.conftest import own_outputs, read

RECORDS: list[tuple[str, type[Outputs]]] = [
    ("Catalog", CatalogOutputs),
    ("Workers", InspectionOutputs),
    ("Sql", SqlOutputs),
    ("Governance", GovernanceOutputs),
    ("Portfolio", PortfolioOutputs),
    ("Delivery", DeliveryOutputs),
]


def outputs(folder: Path, stack: str) -> dict[str, str]:
    """The outputs of `stack` in `folder`, with references as text."""
    return {name: str(value) for name, value in own_outputs(read(folder, stack)).items()}


@pytest.mark.parametrize(("stack", "record"), RECORDS)
def test_a_template_has_the_outputs_of_its_record(
    all_stacks: Path, stack: str, record: type[Outputs]
) -> None:
    written = outputs(all_stacks, stack)
    assert to_outputs(from_outputs(record, written)) == written


def test_the_local_mirror_has_the_url_of_its_data_api(assemblies: Assemblies) -> None:
    template = read(assemblies.catalog(local="true", sql="true"), "Sql")
    assert set(template["Parameters"]) >= {contract.DATA_API_PARAMETER}
    record = from_outputs(SqlOutputs, outputs(assemblies.catalog(local="true", sql="true"), "Sql"))
    assert record.data_api_url
    assert record.owner_secret_arn


def test_optional_outputs_come_with_their_settings(assemblies: Assemblies) -> None:
    record = from_outputs(CatalogOutputs, outputs(assemblies.catalog(canary="off"), "Catalog"))
    assert record.kinesis_stream_name is None
    assert record.events_queue_url is None
    record = from_outputs(CatalogOutputs, outputs(assemblies.catalog(kinesis="true"), "Catalog"))
    assert record.kinesis_stream_name
    assert record.reconcile_machine_arn is None
    record = from_outputs(CatalogOutputs, outputs(assemblies.catalog(transport="sqs"), "Catalog"))
    assert record.events_queue_url
    record = from_outputs(
        CatalogOutputs, outputs(assemblies.catalog(reconcile="nightly"), "Catalog")
    )
    assert record.reconcile_machine_arn
