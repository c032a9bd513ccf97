"""What other stacks use of the stack Catalog: always there, whichever stacks the settings have."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reinventure import contract
from tests.stacks.assemblies import Assemblies
from tests.stacks.conftest import VARIANTS, Template, exported, properties, read

EXPORTS = {
    "Catalog:ExportsOutputFnGetAttKeysDataA2F7C5E6ArnECE2E3C2": ("KeysDataA2F7C5E6", "Arn"),
    "Catalog:ExportsOutputFnGetAttKeysQueue04F89579ArnCF3BF3BC": ("KeysQueue04F89579", "Arn"),
    "Catalog:ExportsOutputRefBucketD7FEB7816C3EFDD4": ("BucketD7FEB781", None),
    "Catalog:ExportsOutputFnGetAttBucketD7FEB781Arn29F471C4": ("BucketD7FEB781", "Arn"),
    "Catalog:ExportsOutputRefTable710B521B3741E805": ("Table710B521B", None),
    "Catalog:ExportsOutputFnGetAttTable710B521BArn570AFAD4": ("Table710B521B", "Arn"),
    "Catalog:ExportsOutputRefChangesTopic1C604BB4C46C6C91": ("ChangesTopic1C604BB4", None),
    "Catalog:ExportsOutputRefCanaryAlarmsTopic6EC358381C334290": (
        "CanaryAlarmsTopic6EC35838",
        None,
    ),
    "Catalog:ExportsOutputRefIngestLogs41B5EF21CAB89F6F": ("IngestLogs41B5EF21", None),
    "Catalog:ExportsOutputRefTotalsLogsE367C58D43FC1091": ("TotalsLogsE367C58D", None),
    "Catalog:ExportsOutputRefChangesPublishLogsABB63CCA8D98EC3A": (
        "ChangesPublishLogsABB63CCA",
        None,
    ),
}
"""By name: logical id and attribute. Never remove one: deployed stacks import it."""

BEFORE = {
    "PublishOutputFnGetAttKeysDataA2F7C5E6ArnA6F41E75": ("KeysDataA2F7C5E6", "Arn"),
    "PublishOutputFnGetAttKeysQueue04F89579Arn59AF554D": ("KeysQueue04F89579", "Arn"),
    "PublishOutputRefBucketD7FEB7814427FE18": ("BucketD7FEB781", None),
    "PublishOutputFnGetAttBucketD7FEB781Arn083839F6": ("BucketD7FEB781", "Arn"),
    "PublishOutputRefTable710B521B61D037C4": ("Table710B521B", None),
    "PublishOutputFnGetAttTable710B521BArn7CBFD393": ("Table710B521B", "Arn"),
    "PublishOutputRefChangesTopic1C604BB4E81CAFEA": ("ChangesTopic1C604BB4", None),
}
"""The outputs that the other stacks of the version before read."""

ALL = {"workers": "true", "sql": "true"}
MORE = [
    ALL,
    {**ALL, "stage": "production"},
    {"canary": "off"},
    {"local": "true"},
    {**ALL, "local": "true"},
    # So a bucket is attached and detached whatever the order in which the stacks are deployed.
    {"buckets": "create,photos-prod"},
    {**ALL, "buckets": "create,logs-prod/2026/,photos-prod"},
]


def reference(logical_id: str, attribute: str | None) -> Any:
    return {"Fn::GetAtt": [logical_id, attribute]} if attribute else {"Ref": logical_id}


@pytest.mark.parametrize("settings", [*VARIANTS, *MORE], ids=str)
def test_the_exports_are_the_same_with_any_settings(
    synthesise: Callable[..., Path], settings: dict[str, str]
) -> None:
    catalog = read(synthesise(**settings))
    assert exported(catalog) == {name: reference(*value) for name, value in EXPORTS.items()}
    assert {name: catalog["Outputs"][name]["Value"] for name in BEFORE} == {
        name: reference(*value) for name, value in BEFORE.items()
    }


def test_governance_imports_from_the_same_exports(assemblies: Assemblies) -> None:
    folder = assemblies.governance(trail="create")
    assert exported(read(folder)).keys() == EXPORTS.keys()
    assert set(imports(read(folder, "Governance"))) <= EXPORTS.keys()


def test_every_reference_to_another_stack_is_strong(all_stacks: Path) -> None:
    importing = set()
    for path in all_stacks.glob("*.template.json"):
        template = json.loads(path.read_text())
        assert "Fn::GetStackOutput" not in path.read_text()
        if imports(template):
            importing.add(path.name.removesuffix(".template.json"))
    assert importing == contract.DEPENDENT_STACKS.keys()


def test_every_dependent_stack_is_deployed_after_the_catalog(all_stacks: Path) -> None:
    """And deleted before it, by the CDK; CloudFormation keeps what is imported."""
    artifacts = json.loads((all_stacks / "manifest.json").read_text())["artifacts"]
    for stack in contract.DEPENDENT_STACKS:
        assert "Catalog" in artifacts[stack]["dependencies"]


@pytest.mark.parametrize("stack", contract.DEPENDENT_STACKS)
def test_each_setting_of_a_dependent_stack_adds_it(assemblies: Assemblies, stack: str) -> None:
    assert not (assemblies.app() / f"{stack}.template.json").exists()
    for setting in contract.DEPENDENT_STACKS[stack]:
        name, value = setting.split("=")
        assert (assemblies.app(**{name: value}) / f"{stack}.template.json").exists()


def test_descriptions_of_stacks_begin_with_the_name_of_the_product(all_stacks: Path) -> None:
    for stack in (*contract.CATALOG_STACKS, *contract.DEPENDENT_STACKS):
        assert read(all_stacks, stack)["Description"].startswith("reinventure: ")
    assert contract.DESCRIPTION_PREFIX == "reinventure: "


def policies(template: Template) -> list[Any]:
    return [key["KeyPolicy"] for key in properties(template, "AWS::KMS::Key", least=2)]


@pytest.mark.parametrize("local", ["false", "true"])
def test_the_key_policies_do_not_depend_on_other_stacks(
    synthesise: Callable[..., Path], local: str
) -> None:
    alone = policies(read(synthesise(local=local)))
    for settings in ({"workers": "true"}, {"sql": "true"}, ALL):
        assert policies(read(synthesise(local=local, **settings))) == alone


def imports(value: Any) -> list[str]:
    """The names of all exports that `value`, a template or a part of one, imports."""
    return list(_imports(value))


def _imports(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _imports(each)
    elif isinstance(value, dict):
        if "Fn::ImportValue" in value:
            yield value["Fn::ImportValue"]
        for each in value.values():
            yield from _imports(each)
