"""The Portfolio template, its product, and released versions."""

import json
import re
import runpy
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from stacks.portfolio import release, stack
from stacks.portfolio import released_versions as versions
from stacks.portfolio.released_versions import ChangedVersionError, Version, released
from stacks.portfolio.stack import PortfolioStack
from tests import assembly
from tests.stacks.assemblies import Assemblies
from tests.stacks.conftest import (
    Template,
    as_list,
    exported,
    own_outputs,
    properties,
    read,
    resources,
)

LAUNCHER = "arn:aws:iam::123456789012:role/Launcher"


@pytest.fixture(scope="session")
def portfolio(assemblies: Assemblies) -> Path:
    """The assembly of the Portfolio stack for `LAUNCHER`."""
    return assemblies.portfolio(portfolio_principal=LAUNCHER)


@pytest.fixture(scope="session")
def template(portfolio: Path) -> Template:
    return read(portfolio, "Portfolio")


@pytest.fixture(scope="session")
def product(portfolio: Path) -> Template:
    """The template of the product as it is now."""
    [path] = portfolio.glob("*.product.template.json")
    found: Template = json.loads(path.read_text())
    return found


# The product


def test_the_product_is_the_catalog_stack_itself(
    product: Template, synthesise: Callable[..., Path]
) -> None:
    catalog = read(synthesise(stage="production", canary="off"))

    def kinds(template: Template) -> dict[str, str]:
        return {
            name: resource["Type"]
            for name, resource in template["Resources"].items()
            if resource["Type"]
            not in (
                # Their logical ids have a hash of their content or path.
                "AWS::Lambda::Version",
                "AWS::Lambda::Permission",
                # The launch role has no permission for them.
                "AWS::Logs::QueryDefinition",
            )
        }

    assert kinds(product) == kinds(catalog)
    # Without exports: their names would collide when it is launched again.
    assert product["Outputs"].keys() == own_outputs(catalog).keys()
    assert not exported(product)


def test_the_settings_of_the_app_change_nothing_in_the_product(
    assemblies: Assemblies, product: Template
) -> None:
    other = assemblies.portfolio(
        stage="production",
        shards="64",
        transport="sqs",
        reconcile="nightly",
        kinesis="true",
        tracing="true",
        dashboard="true",
        totals_depth="5",
        key_rotation_days="90",
        config="create",
        trail="create",
        workers="true",
        sql="true",
        canary="canary:25%/7m",
        portfolio_principal=LAUNCHER,
    )
    [path] = other.glob("*.product.template.json")
    assert json.loads(path.read_text()) == product


def test_a_product_has_16_shards_and_totals_of_3_levels(product: Template) -> None:
    environments = [
        function["Environment"]["Variables"]
        for function in properties(product, "AWS::Lambda::Function")
        if "Environment" in function
    ]
    assert {each["SHARDS"] for each in environments if "SHARDS" in each} == {"16"}
    assert {each["TOTALS_DEPTH"] for each in environments if "TOTALS_DEPTH" in each} == {"3"}
    assert product["Outputs"]["Shards"]["Value"] == "16"
    assert product["Outputs"]["TotalsDepth"]["Value"] == "3"
    for key in properties(product, "AWS::KMS::Key"):
        assert key["RotationPeriodInDays"] == 365


def test_the_parameters_have_these_choices(product: Template) -> None:
    chosen = {name: p["AllowedValues"] for name, p in product["Parameters"].items()}
    assert chosen == {
        "Stage": ["sandbox", "production"],
        "SupersededVersionsDays": ["1", "7", "30", "90", "365"],
        "LogRetentionDays": ["7", "30", "90", "365", "731", "1827"],
    }
    assert all(p["Default"] in p["AllowedValues"] for p in product["Parameters"].values())


def test_the_parameters_apply_to_bucket_logs_and_tables(product: Template) -> None:
    [bucket] = properties(product, "AWS::S3::Bucket")
    rules = bucket["LifecycleConfiguration"]["Rules"]
    assert [
        r["NoncurrentVersionExpiration"] for r in rules if "NoncurrentVersionExpiration" in r
    ] == [
        {"NoncurrentDays": {"Ref": "SupersededVersionsDays"}},
        {"NoncurrentDays": 1, "NewerNoncurrentVersions": 100},
    ]
    for group in properties(product, "AWS::Logs::LogGroup"):
        assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    assert product["Conditions"]["Protected"] == {"Fn::Equals": [{"Ref": "Stage"}, "production"]}
    for table in properties(product, "AWS::DynamoDB::Table", least=2):
        assert table["DeletionProtectionEnabled"] == {"Fn::If": ["Protected", True, False]}


def test_two_products_have_no_name_in_common(product: Template) -> None:
    names = re.compile("(Bucket|Table|Queue|Topic|Function|Role|LogGroup|Stream|Alias)Name")
    for resource in product["Resources"].values():
        for name, value in resource.get("Properties", {}).items():
            if names.fullmatch(name) and resource["Type"] != "AWS::Lambda::Permission":
                text = json.dumps(value)
                assert "AWS::StackName" in text or '"Ref": ' in text
    # Nothing depends on the construct's path.
    assert "PortfolioNext" not in json.dumps(product).replace("NotificationsToPortfolioNext", "")


def test_data_outlives_the_product(product: Template) -> None:
    for kind in RETAINED:
        for resource in resources(product, kind).values():
            assert resource["DeletionPolicy"] == "Retain"
            assert resource["UpdateReplacePolicy"] == "Retain"


def test_the_code_has_the_object_keys_that_the_portfolio_publishes(
    product: Template, portfolio: Path
) -> None:
    manifest = json.loads((portfolio / "Portfolio.assets.json").read_text())["files"].values()
    published = {
        (target["bucketName"], target["objectKey"])
        for file in manifest
        for target in file["destinations"].values()
    }
    offered = [product, *(json.loads(v.template.read_text()) for v in released())]
    for template in offered:
        for function in properties(template, "AWS::Lambda::Function"):
            if "ZipFile" not in function["Code"]:
                bucket = function["Code"]["S3Bucket"]["Fn::Sub"]
                assert (bucket, function["Code"]["S3Key"]) in published


# The portfolio


def test_every_released_version_is_offered_and_nothing_else(template: Template) -> None:
    [offered] = properties(template, "AWS::ServiceCatalog::CloudFormationProduct")
    names = [version["Name"] for version in offered["ProvisioningArtifactParameters"]]
    assert names == [str(version.number) for version in released()]


def test_the_named_principal_has_access_only(template: Template) -> None:
    [access] = properties(template, "AWS::ServiceCatalog::PortfolioPrincipalAssociation")
    assert access["PrincipalARN"] == LAUNCHER
    assert access["PrincipalType"] == "IAM"


def test_without_the_setting_no_principal_has_access(tmp_path: Path) -> None:
    folder = assembly.write(PortfolioStack, "Portfolio", tmp_path)
    assert "PortfolioPrincipalAssociation" not in json.dumps(read(folder, "Portfolio"))


def test_every_launch_is_tagged(template: Template) -> None:
    options = properties(template, "AWS::ServiceCatalog::TagOption", least=3)
    assert {o["Key"] for o in options} == {"confidentiality"}
    assert len(options) == len(
        properties(template, "AWS::ServiceCatalog::TagOptionAssociation", least=3)
    )


def failed_assertions(template: Template, **chosen: str) -> list[str]:
    """The assertions of Service Catalog that a launch with these parameters fails."""

    def holds(function: Any) -> bool:
        [(name, arguments)] = function.items()
        first, second = arguments
        if name == "Fn::Equals":
            return bool(chosen[first["Ref"]] == second)
        assert name == "Fn::Contains"
        return chosen[second["Ref"]] in first

    objections = []
    for constraint in properties(template, "AWS::ServiceCatalog::LaunchTemplateConstraint", 2):
        [rule] = json.loads(constraint["Rules"]).values()
        if holds(rule["RuleCondition"]):
            objections += [
                a["AssertDescription"] for a in rule["Assertions"] if not holds(a["Assert"])
            ]
    return sorted(objections)


def test_production_keeps_versions_for_a_month_and_logs_for_a_year(template: Template) -> None:
    short = {"SupersededVersionsDays": "7", "LogRetentionDays": "90"}
    long = {"SupersededVersionsDays": "30", "LogRetentionDays": "365"}
    assert failed_assertions(template, Stage="sandbox", **short) == []
    assert failed_assertions(template, Stage="production", **long) == []
    assert failed_assertions(template, Stage="production", **short) == [
        "In production LogRetentionDays must be 365 or more.",
        "In production SupersededVersionsDays must be 30 or more.",
    ]


def test_the_defaults_of_the_product_meet_the_rules(template: Template, product: Template) -> None:
    defaults = {name: p["Default"] for name, p in product["Parameters"].items()}
    assert failed_assertions(template, **defaults) == []


# The launch role

RETAINED = {
    "AWS::S3::Bucket",
    "AWS::DynamoDB::Table",
    "AWS::KMS::Key",
    "AWS::SQS::Queue",
    "AWS::Logs::LogGroup",
}
"""Types that the role cannot delete: the product retains them."""

NOT_USED = {
    r"dynamodb:(.*Item|Query|Scan|.*Replica|.*Import.*|ImportTable)": "no data, replicas, imports",
    r"dynamodb:(Enable|Disable|Update)(Kinesis.*|Contributor.*)": "neither is switched on",
    r"dynamodb:(Put|Delete)ResourcePolicy": "the table has none",
    r"(kinesis|firehose|ec2|elasticfilesystem|s3files|s3tables|codedeploy):.*": "not used",
    r"iam:.*(User|Group)Policy|iam:.*(Attach|Detach).*Policy|iam:.*PermissionsBoundary": "not used",
    r"iam:CreateServiceLinkedRole": "for replicas only",
    r"kms:(Disable.*|RevokeGrant|ListAliases)": "keys stay on, and have no aliases",
    r"lambda:(Put|Associate)(Runtime.*|.*Scaling.*)|lambda:GetLayerVersion": "not set",
    r"lambda:(Put|Delete)(.*Concurrency.*|.*CodeSigning.*|FunctionRecursion.*)": "not set",
    r"lambda:(GetCodeSigningConfig|PassCapacityProvider)": "not set",
    r"logs:(.*LogDelivery|.*LogStream.*|PutLogEvents)": "no data",
    r"logs:(Put|Delete)(Index|DataProtection|Resource)Policy": "the groups have none",
    r"logs:(PutBearer.*|PutLogGroupDelet.*|DisassociateKmsKey)": "not set",
    r"s3:(Put|Delete|Get|List)(Object.*|Bucket)": "no data; of objects only ours, see below",
    r"s3:(Put|Delete)(Bucket)?(Accelerate|Analytics|Intelligent|Inventory|Metrics).*": "not set",
    r"s3:(Put|Delete)Bucket(Abac|Acl|CORS|Cors|Logging|Notification|Website)": "not set",
    r"s3:(Create|Update|Delete)BucketMetadata.*|s3:(Put|Delete)(Bucket)?Replication.*": "not set",
    r"s3:PutBucketObjectLock.*|s3:REST.PUT.OBJECT|s3:DeleteBucket(?!Policy).*": "not set",
    r"sns:(Subscribe|Unsubscribe|PutDataProtectionPolicy)": "the topic has neither",
}
"""Actions of the handlers that the product does not need, and the reason."""

BESIDE = {
    "cloudformation:CreateStack": "Service Catalog's own, as its guide on launch roles lists them",
    "cloudformation:DeleteStack": "",
    "cloudformation:DescribeStackEvents": "",
    "cloudformation:DescribeStacks": "",
    "cloudformation:GetTemplateSummary": "",
    "cloudformation:SetStackPolicy": "",
    "cloudformation:TagResource": "",
    "cloudformation:UntagResource": "",
    "cloudformation:UpdateStack": "",
    "cloudformation:ValidateTemplate": "",
    "lambda:InvokeFunction": "the custom resource",
    "s3:GetObject": "template and code",
}
"""Actions of the role that no handler needs."""


@cache
def handlers() -> dict[str, dict[str, Any]]:
    """The handlers of CloudFormation's resource types, from the schemas in cfn-lint."""
    folder = files("cfnlint") / "data" / "schemas" / "resources"
    schemas = (
        json.loads(path.read_text()) for path in folder.iterdir() if path.name.endswith(".json")
    )
    return {s["typeName"]: s.get("handlers", {}) for s in schemas if "typeName" in s}


def needed(product: Template) -> set[str]:
    """The actions of the handlers of the resource types in `product`."""
    kinds = {r["Type"] for r in product["Resources"].values()}
    return {
        action
        for kind in kinds
        if not kind.startswith("Custom::")
        for verb in ("create", "read", "update", "delete")
        if verb != "delete" or kind not in RETAINED
        for action in handlers()[kind].get(verb, {}).get("permissions", [])
        if not any(re.fullmatch(pattern, action) for pattern in NOT_USED)
    }


def allowed(template: Template) -> list[Any]:
    """The statements of the launch role."""
    [role] = properties(template, "AWS::IAM::Role")
    statements: list[Any] = role["Policies"][0]["PolicyDocument"]["Statement"]
    return statements


def test_the_launch_role_has_the_needed_permissions_only(
    template: Template, product: Template
) -> None:
    granted = {action for s in allowed(template) for action in as_list(s["Action"])}
    assert granted - needed(product) == BESIDE.keys()
    for offered in [product, *(json.loads(v.template.read_text()) for v in released())]:
        assert needed(offered) <= granted


def test_the_launch_role_may_tag_resources_other_than_functions(
    template: Template, product: Template
) -> None:
    """Only Lambda has other resources than those of its type in the product."""
    mapping = handlers()["AWS::Lambda::EventSourceMapping"]
    needed = {
        action
        for verb in ("create", "read", "update", "delete")
        for action in mapping[verb]["permissions"]
        if action.startswith("lambda:")
    }
    granted = {
        action
        for statement in allowed(template)
        if statement["Resource"] == "*" or "event-source-mapping:" in str(statement["Resource"])
        for action in as_list(statement["Action"])
    }
    assert needed <= granted
    for made in properties(product, "AWS::Lambda::EventSourceMapping", least=2):
        assert made["Tags"]


def test_the_launch_role_is_for_service_catalog_only(template: Template) -> None:
    [role] = properties(template, "AWS::IAM::Role")
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "servicecatalog.amazonaws.com"}


def test_the_launch_role_reaches_products_only(template: Template) -> None:
    """By name, or through CloudFormation, or without resources."""
    for statement in allowed(template):
        resource = json.dumps(statement["Resource"])
        assert "Token" not in resource
        condition = json.dumps(statement.get("Condition", {}))
        assert (
            '-pp-*"' in resource
            or "-assets-" in resource
            or "cloudformation." in condition
            or '-pp-*"' in condition
            or "servicecatalog:provisioning" in condition
            or {a.split(":")[1] for a in as_list(statement["Action"])}
            == {"ListTags", "TagResource", "UntagResource"}
            or {a.split(":")[1] for a in as_list(statement["Action"])}
            == {
                "CreateKey",
                "DescribeLogGroups",
                "DescribeResourcePolicies",
                "GetTemplateSummary",
                "ValidateTemplate",
            }
        )


def test_the_launch_role_cannot_delete_data(template: Template) -> None:
    granted = {action for s in allowed(template) for action in as_list(s["Action"])}
    for action in (
        "s3:DeleteBucket",
        "s3:DeleteObject",
        "dynamodb:DeleteTable",
        "kms:ScheduleKeyDeletion",
        "kms:DisableKey",
        "logs:DeleteLogGroup",
        "sqs:DeleteQueue",
    ):
        assert action not in granted


# Released versions


def test_a_version_is_written_with_its_code(tmp_path: Path) -> None:
    code = tmp_path / "asset.0f"
    code.mkdir()
    (code / "ingest.py").write_text("def handler(): ...\n")
    name = f"{'0f' * 32}.zip"
    first = versions.release(json.dumps({"S3Key": name}), {name: code}, tmp_path / "kept")
    assert first.number == 1
    [kept] = first.code
    assert json.loads(first.template.read_text()) == {"S3Key": kept.name}
    # The same product again is no new version; a changed one is.
    assert versions.release(json.dumps({"S3Key": name}), {name: code}, tmp_path / "kept") == first
    (code / "ingest.py").write_text("def handler(): pass\n")
    second = versions.release(json.dumps({"S3Key": name}), {name: code}, tmp_path / "kept")
    assert versions.released(tmp_path / "kept") == [first, second]
    assert second.number == 2
    assert second.code != first.code


def spoil_template(version: Version) -> None:
    version.template.write_text(version.template.read_text() + " ")


def spoil_code(version: Version) -> None:
    version.code[0].write_bytes(version.code[0].read_bytes() + b" ")


def lose_code(version: Version) -> None:
    version.code[0].unlink()


def release_anew(version: Version) -> None:
    """Another template under the same number, with a name that fits it."""
    folder = version.template.parent
    version.template.unlink()
    content = b"{}"
    name = f"{version.number}-{sha256(content).hexdigest()}.template.json"
    (folder / name).write_bytes(content)


def lose_version(version: Version) -> None:
    version.template.unlink()


@pytest.mark.parametrize(
    "spoil", [spoil_template, spoil_code, lose_code, release_anew, lose_version]
)
def test_a_released_version_never_changes(tmp_path: Path, spoil: Callable[[Version], None]) -> None:
    for path in versions.FOLDER.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    spoil(versions.released(tmp_path)[0])
    with pytest.raises(ChangedVersionError, match=r"is not what was released.*git checkout"):
        versions.released(tmp_path)


def test_git_undoes_a_release_that_was_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = versions.release("{}", {}, tmp_path)
    tracked = {path: path.read_bytes() for path in tmp_path.iterdir()}
    write, written = Path.write_text, list[Path]()

    def write_once(path: Path, text: str) -> int:
        written.append(path)
        if len(written) > 1:
            raise OSError("no space left on device")
        return write(path, text)

    monkeypatch.setattr(Path, "write_text", write_once)
    with pytest.raises(OSError, match="no space"):
        versions.release('{"Resources": {}}', {}, tmp_path)
    # What `git checkout -- portfolio` does, the remedy in the error: untracked files stay.
    for path, content in tracked.items():
        path.write_bytes(content)
    assert versions.released(tmp_path) == [first]


def test_the_app_prints_a_changed_version_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def released() -> list[Version]:
        raise ChangedVersionError("portfolio/1.json is not what was released")

    context = json.loads((assembly.ROOT / "cdk.json").read_text())["context"]
    app = cdk.App(context=context, outdir=str(tmp_path))
    monkeypatch.setattr(cdk, "App", lambda: app)
    monkeypatch.setattr(stack, "released", released)
    monkeypatch.setenv("CDK_VALIDATION", "false")
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(assembly.ROOT / "app.py"))
    assert ended.value.code == "reinventure: portfolio/1.json is not what was released"


def test_a_synthesised_product_can_be_released(
    portfolio: Path,
    product: Template,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(versions.release, "__defaults__", (tmp_path,))
    release.main(portfolio)
    assert capsys.readouterr().out.startswith("Version 1 of the product is in")
    [version] = versions.released(tmp_path)
    kept = json.loads(version.template.read_text())
    assert kept["Resources"].keys() == product["Resources"].keys()
    assert version.code
