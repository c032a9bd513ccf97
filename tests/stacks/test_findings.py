"""cdk-nag and checkov find in the templates what is acknowledged, and nothing else."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.assemblies import Assemblies
from tests.stacks.checkov import CHECKOV, checkov
from tests.stacks.findings import ACKNOWLEDGED, Acknowledgements, Finding, Scanner
from tests.stacks.nag import NAG, nag

SCANNERS = [pytest.param(NAG, nag, id="cdk-nag"), pytest.param(CHECKOV, checkov, id="checkov")]

Scan = Callable[[Iterable[Path]], set[Finding]]


@pytest.fixture(scope="module")
def acknowledged() -> Acknowledgements:
    return Acknowledgements.read(ACKNOWLEDGED.read_text())


@pytest.mark.parametrize(("scanner", "scan"), SCANNERS)
def test_every_finding_is_acknowledged_and_every_acknowledgement_is_found(
    assemblies: Assemblies, acknowledged: Acknowledgements, scanner: Scanner, scan: Scan
) -> None:
    production = assemblies.everything(
        validate=False, stage="production", transport="sns", trail="objects"
    )
    folders = [assemblies.everything(), production]
    found = scan(path for folder in folders for path in sorted(folder.glob("*.template.json")))
    lines = acknowledged.of(scanner).differences(found)
    assert not lines, "\n".join([*lines, f"Fix it, or decide in {ACKNOWLEDGED.name}."])


def test_each_acknowledgement_is_of_a_scanner_and_has_a_reason(
    acknowledged: Acknowledgements,
) -> None:
    rules = {finding.rule for finding in acknowledged.findings}
    assert not rules & acknowledged.not_applied.keys()
    for rule in rules | acknowledged.not_applied.keys():
        assert NAG.has(rule) != CHECKOV.has(rule), rule
    for reason in [*acknowledged.findings.values(), *acknowledged.not_applied.values()]:
        assert len(reason.split()) > 5, reason


def public(bucket: dict[str, Any]) -> None:
    bucket["PublicAccessBlockConfiguration"] = {"BlockPublicAcls": False}


def without_versions(bucket: dict[str, Any]) -> None:
    del bucket["VersioningConfiguration"]


@pytest.mark.parametrize(
    ("scanner", "scan", "change", "rule"),
    [
        (NAG, nag, public, "AwsSolutions-S2"),
        (NAG, nag, without_versions, "NIST.800.53.R5-S3BucketVersioningEnabled"),
        (CHECKOV, checkov, without_versions, "CKV_AWS_21"),
    ],
)
def test_a_new_finding_is_reported(
    all_stacks: Path,
    acknowledged: Acknowledgements,
    tmp_path: Path,
    scanner: Scanner,
    scan: Scan,
    change: Callable[[dict[str, Any]], None],
    rule: str,
) -> None:
    template = json.loads((all_stacks / "Delivery.template.json").read_text())
    [bucket] = [r for r in template["Resources"].values() if r["Type"] == "AWS::S3::Bucket"]
    change(bucket["Properties"])
    changed = tmp_path / "Delivery.template.json"
    changed.write_text(json.dumps(template))
    lines = acknowledged.of(scanner).differences(scan([changed]))
    assert f"new: {rule} at Delivery/Pipeline/Artifacts" in lines


TEXT = """
[[acknowledged]]
rules = ["CKV_1", "CKV_2"]
at = ["A/Bucket"]
reason = "..."

[[not_applied]]
rules = ["CKV_3"]
reason = "..."
"""
FOUND = {Finding("CKV_1", "A/Bucket"), Finding("CKV_2", "A/Bucket"), Finding("CKV_3", "A/Role")}


def test_what_is_acknowledged_and_found_is_no_difference() -> None:
    assert Acknowledgements.read(TEXT).differences(FOUND) == []


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (FOUND | {Finding("CKV_1", "B/Bucket")}, "new: CKV_1 at B/Bucket"),
        (FOUND | {Finding("CKV_4", "A/Bucket")}, "new: CKV_4 at A/Bucket"),
        (FOUND - {Finding("CKV_2", "A/Bucket")}, "not found any more: CKV_2 at A/Bucket"),
        (FOUND - {Finding("CKV_3", "A/Role")}, "finds nothing any more: CKV_3"),
    ],
)
def test_each_difference_is_a_line(found: set[Finding], line: str) -> None:
    assert Acknowledgements.read(TEXT).differences(found) == [line]


def test_a_finding_has_one_reason() -> None:
    with pytest.raises(ValueError, match="CKV_1 at A/Bucket is acknowledged twice"):
        Acknowledgements.read(TEXT + TEXT)
