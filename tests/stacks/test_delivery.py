"""The Delivery template."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reinventure.errors import UserError
from reinventure.local import pipeline_rehearsal as rehearsal
from stacks.delivery import build_project as build
from stacks.delivery.stack import DeliveryStack
from stacks.delivery.stages import SHIP, STAGES, Stage
from stacks.settings.pipeline_source import Source, parse
from tests import assembly
from tests.stacks.assemblies import Assemblies
from tests.stacks.conftest import (
    Template,
    as_list,
    permissions,
    properties,
    read,
    resources,
)

CONNECTION = "arn:aws:codeconnections:eu-west-1:123456789012:connection/0f0e0d0c-1a2b"
SOURCES = {
    "created": "create:reinventure@main",
    "existing": "codecommit:theirs@release/1",
    "github": f"github:someone/reinventure@main+{CONNECTION}",
}


@pytest.fixture(scope="session")
def delivery(assemblies: Assemblies) -> Callable[[str], Template]:
    """A function that returns the template for a source of `SOURCES`."""
    return lambda source: read(assemblies.delivery(source=SOURCES[source]), "Delivery")


@pytest.fixture
def template(delivery: Callable[[str], Template]) -> Template:
    return delivery("created")


@pytest.fixture(params=SOURCES)
def any_template(request: pytest.FixtureRequest, delivery: Callable[[str], Template]) -> Template:
    """The template for each source."""
    return delivery(request.param)


def build_spec(project: Any) -> Any:
    """The build specification of a project, with references as their logical ids."""
    spec = project["Source"]["BuildSpec"]
    if isinstance(spec, dict):
        spec = "".join(
            part if isinstance(part, str) else part["Fn::GetAtt"][0] for part in spec["Fn::Join"][1]
        )
    return json.loads(spec)


def stages(template: Template) -> dict[str, Any]:
    """The build specifications of the stages of the pipeline after the source, in its order."""
    [pipeline] = properties(template, "AWS::CodePipeline::Pipeline")
    projects = resources(template, "AWS::CodeBuild::Project", least=5)
    found = {}
    for stage in pipeline["Stages"][1:]:
        [action] = stage["Actions"]
        project = action["Configuration"]["ProjectName"]["Ref"]
        found[stage["Name"]] = build_spec(projects[project]["Properties"])
    return found


# What a build runs


def test_the_stages_are_those_of_the_rehearsal(any_template: Template) -> None:
    assert {
        name: tuple(spec["phases"]["build"]["commands"])
        for name, spec in stages(any_template).items()
    } == {stage.name: stage.commands for stage in STAGES}


def test_a_build_runs_targets_of_the_makefile_only(any_template: Template) -> None:
    targets = set(re.findall(r"^([a-z]+):", (assembly.ROOT / "Makefile").read_text(), re.MULTILINE))
    for spec in stages(any_template).values():
        assert spec["phases"].keys() == {"install", "build"}
        assert spec["phases"]["install"] == {"runtime-versions": {"python": "3.13"}}
        assert spec["phases"]["build"].keys() == {"commands"}
        for command in spec["phases"]["build"]["commands"]:
            matched = re.fullmatch(r"make ([a-z]+)( [A-Z]+=[A-Za-z]+)?", command)
            assert matched, command
            assert matched[1] in targets


def test_shipped_stacks_are_stacks_of_the_app_and_of_the_rehearsal() -> None:
    shipped = [command for s in STAGES for command in s.commands if command.startswith(SHIP)]
    assert rehearsal._SHIPPED.keys() == set(shipped)
    app = (assembly.ROOT / "app.py").read_text()
    for command in shipped:
        [*_, line] = dry_run(*command.split()[1:])
        deployed = re.fullmatch(
            "cdk deploy ([A-Za-z ]+) --app cdk.out --exclusively --require-approval never", line
        )
        assert deployed, line
        for stack in deployed[1].split():
            assert f"(app, {stack.upper()}, settings" in app


def test_the_rehearsal_finds_a_product_to_launch(assemblies: Assemblies) -> None:
    assert len(list(assemblies.app(local="true").glob("*.product.template.json"))) == 1


def test_all_stacks_of_a_catalog_are_shipped() -> None:
    [*_, line] = dry_run("ship")
    assert line.startswith("cdk deploy Catalog Workers Sql ")


def test_the_settings_of_the_commit_are_shipped() -> None:
    """The assembly with all optional stacks goes to another folder, and is not deployed."""
    *_, asked, everything = dry_run("synth")
    assert asked.startswith("cdk synth --quiet ||")
    assert " cdk synth --quiet --output cdk.all -c workers=true" in everything


def dry_run(*arguments: str) -> list[str]:
    """The commands that `make` would run."""
    done = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", *arguments],  # noqa: S607 (whichever is used)
        cwd=assembly.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_a_rehearsal_stops_at_the_first_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = {"One": "true", "Two": "false", "Three": "true"}
    monkeypatch.setattr(rehearsal, "_DIRECTORY", tmp_path)
    monkeypatch.setattr(rehearsal, "STAGES", [Stage(n, (c,)) for n, c in commands.items()])
    with pytest.raises(UserError, match="`false` failed with exit code 1; the pipeline stops here"):
        rehearsal.main()
    said = capsys.readouterr().out
    assert "=== One: done" in said
    assert "=== Two: false" in said
    assert "Three" not in said


def test_tests_and_coverage_are_reported(any_template: Template) -> None:
    groups = resources(any_template, "AWS::CodeBuild::ReportGroup", least=2)
    reports = {
        groups[name]["Properties"]["Type"]: (report["file-format"], report["files"])
        for name, report in stages(any_template)["Build"]["reports"].items()
    }
    assert reports == {
        "TEST": ("JUNITXML", ["reports/junit.xml"]),
        "CODE_COVERAGE": ("COBERTURAXML", ["reports/coverage.xml"]),
    }


def test_the_tested_artifact_is_deployed(any_template: Template) -> None:
    [pipeline] = properties(any_template, "AWS::CodePipeline::Pipeline")
    [source], [build], *later = (stage["Actions"] for stage in pipeline["Stages"])
    assert build["InputArtifacts"] == source["OutputArtifacts"]
    for [action] in later:
        assert action["InputArtifacts"] == build["OutputArtifacts"]
        assert "OutputArtifacts" not in action


def of_builds(template: Template, what: str) -> dict[str, Any]:
    """The property `what` of each build, by its stage."""
    projects = resources(template, "AWS::CodeBuild::Project", least=5)
    return {
        re.sub("^Pipeline|Project.*$", "", name): project["Properties"][what]
        for name, project in projects.items()
    }


def test_of_the_folders_of_a_build_the_artifact_has_assembly_and_packages_only(
    any_template: Template,
) -> None:
    made = re.findall("^([a-z._/]+)/$", (assembly.ROOT / ".gitignore").read_text(), re.MULTILINE)
    artifact = stages(any_template)["Build"]["artifacts"]
    assert artifact["files"] == ["**/*"]
    left = {path.removesuffix("/**/*") for path in artifact["exclude-paths"]}
    assert set(made) - left == {"__pycache__", "cdk.out", "packages", "worker/wheels"}
    assert left < set(made)


def test_builds_run_on_arm_without_privileges(any_template: Template) -> None:
    for environment in of_builds(any_template, "Environment").values():
        assert environment["Type"] == "ARM_CONTAINER"
        assert environment["PrivilegedMode"] is False
        assert "EnvironmentVariables" not in environment


@pytest.mark.parametrize(
    ("instance", "kind"), [("c7g.large", "ARM_CONTAINER"), ("c4.large", "LINUX_CONTAINER")]
)
def test_all_stages_have_the_workers_processor_and_deploy_builds_their_image(
    assemblies: Assemblies, instance: str, kind: str
) -> None:
    folder = assemblies.delivery(workers="true", worker_instance=instance)
    template = read(folder, "Delivery")
    found = of_builds(template, "Environment")
    assert [stage for stage, each in found.items() if each["PrivilegedMode"]] == ["Deploy"]
    # One for all: later stages install the packages that Build has downloaded.
    assert {each["Type"] for each in found.values()} == {kind}
    published = {
        stage: "image-publishing" in json.dumps(permissions(template, f"Pipeline{stage}Role"))
        for stage in ("Build", "Update", "Deploy", "Publish")
    }
    assert published == {"Build": False, "Update": False, "Deploy": True, "Publish": False}


# The pipeline


def test_commits_queue_and_a_changed_pipeline_restarts(any_template: Template) -> None:
    [pipeline] = properties(any_template, "AWS::CodePipeline::Pipeline")
    assert pipeline["PipelineType"] == "V2"
    assert pipeline["ExecutionMode"] == "QUEUED"
    assert pipeline["RestartExecutionOnUpdate"] is True
    names = [stage["Name"] for stage in pipeline["Stages"]]
    assert names == ["Source", "Build", "Update", "Deploy", "Smoke", "Publish"]


def digests(template: Template) -> dict[str, str]:
    """The digest of each build in the pipeline, by its stage."""
    [pipeline] = properties(template, "AWS::CodePipeline::Pipeline")
    return {
        stage["Name"]: json.loads(action["Configuration"]["EnvironmentVariables"])[0]["value"]
        for stage in pipeline["Stages"][1:]
        for action in stage["Actions"]
    }


def test_a_changed_build_changes_the_pipeline(
    template: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pipeline restarts when it changes."""
    monkeypatch.setattr(build, "_PYTHON", "3.14")
    monkeypatch.setattr(build, "_ARM", build._X86)
    assembly.write(DeliveryStack, "Delivery", tmp_path, source=SOURCES["created"])
    before, after = digests(template), digests(read(tmp_path, "Delivery"))
    assert before.keys() == after.keys() == {stage.name for stage in STAGES}
    assert len({*before.values(), *after.values()}) == 2 * len(STAGES)


@pytest.mark.parametrize(
    ("canary", "minutes"),
    [("off", 120), ("canary:10%/30m", 150), ("linear:20%/60m", 360), ("canary:10%/2880m", 2160)],
)
def test_the_deploy_stage_has_time_for_the_canary(
    assemblies: Assemblies, canary: str, minutes: int
) -> None:
    timeouts = of_builds(read(assemblies.delivery(canary=canary), "Delivery"), "TimeoutInMinutes")
    assert timeouts.pop("Deploy") == minutes
    assert set(timeouts.values()) == {120}


def test_a_created_repository_is_encrypted_and_retained(template: Template) -> None:
    [repository] = resources(template, "AWS::CodeCommit::Repository").values()
    [key] = resources(template, "AWS::KMS::Key")
    assert repository["Properties"]["RepositoryName"] == "reinventure"
    assert repository["Properties"]["KmsKeyId"] == {"Fn::GetAtt": [key, "Arn"]}
    assert repository["DeletionPolicy"] == "Retain"
    assert resources(template, "AWS::KMS::Key")[key]["DeletionPolicy"] == "Retain"


def test_an_existing_repository_is_used(delivery: Callable[[str], Template]) -> None:
    template = delivery("existing")
    [pipeline] = properties(template, "AWS::CodePipeline::Pipeline")
    configuration = pipeline["Stages"][0]["Actions"][0]["Configuration"]
    assert configuration == {
        "RepositoryName": "theirs",
        "BranchName": "release/1",
        "PollForSourceChanges": False,
    }
    assert "AWS::CodeCommit::Repository" not in json.dumps(template)
    [rule] = properties(template, "AWS::Events::Rule")
    assert rule["EventPattern"]["detail"]["referenceName"] == ["release/1"]


def test_github_is_reached_by_the_named_connection(
    delivery: Callable[[str], Template],
) -> None:
    template = delivery("github")
    [pipeline] = properties(template, "AWS::CodePipeline::Pipeline")
    configuration = pipeline["Stages"][0]["Actions"][0]["Configuration"]
    assert configuration["ConnectionArn"] == CONNECTION
    assert configuration["FullRepositoryId"] == "someone/reinventure"
    assert configuration["BranchName"] == "main"
    assert (["codeconnections:UseConnection"], CONNECTION) in permissions(template, "PipelineRole")
    assert "codecommit:" not in json.dumps(template["Resources"]["PipelineRoleD68726F7"])


def test_artifacts_are_encrypted_expire_and_need_tls(any_template: Template) -> None:
    [bucket] = properties(any_template, "AWS::S3::Bucket")
    [key] = resources(any_template, "AWS::KMS::Key")
    arn = {"Fn::GetAtt": [key, "Arn"]}
    [encryption] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]["KMSMasterKeyID"] == arn
    assert bucket["PublicAccessBlockConfiguration"]["RestrictPublicBuckets"] is True
    [rule] = bucket["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == 30
    assert rule["Status"] == "Enabled"
    # A replaced artifact remains, and does not remain for ever.
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    [policy] = properties(any_template, "AWS::S3::BucketPolicy")
    denied = [
        s["Condition"] for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Deny"
    ]
    assert {"Bool": {"aws:SecureTransport": "false"}} in denied
    [pipeline] = properties(any_template, "AWS::CodePipeline::Pipeline")
    assert pipeline["ArtifactStore"]["EncryptionKey"] == {"Id": arn, "Type": "KMS"}
    for project in properties(any_template, "AWS::CodeBuild::Project", least=5):
        assert project["EncryptionKey"] == arn
    for group in properties(any_template, "AWS::Logs::LogGroup", least=5):
        assert group["KmsKeyId"] == arn


# Permissions


def statements(template: Template) -> list[Any]:
    """Every statement of every policy of a role, but for CDK's own function."""
    return [
        statement
        for name, role in resources(template, "AWS::IAM::Role", least=7).items()
        if not name.startswith("CustomS3AutoDelete")
        for policy in role["Properties"].get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
    ] + [
        statement
        for policy in properties(template, "AWS::IAM::Policy", least=0)
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def test_every_permission_names_its_resources(any_template: Template) -> None:
    for statement in statements(any_template):
        assert "*" not in as_list(statement["Resource"])
        assert not [action for action in as_list(statement["Action"]) if "*" in action]


@pytest.mark.parametrize("stage", ["Update", "Deploy", "Publish"])
def test_deploying_stages_may_assume_the_bootstrap_roles_only(
    template: Template, stage: str
) -> None:
    (actions, roles), *checks = [
        permission
        for permission in permissions(template, f"Pipeline{stage}Role")
        if beyond_artifacts_and_logs(permission)
    ]
    assert bool(checks) == (stage == "Deploy")
    assert actions == ["sts:AssumeRole"]
    assert [re.findall(r"cdk-hnb659fds-([a-z-]+)-role-", json.dumps(r)) for r in roles] == [
        ["deploy"],
        ["file-publishing"],
    ]


def test_the_deploy_stage_may_look_for_what_it_would_break(template: Template) -> None:
    checks = {
        actions[0]: re.findall(r":(stack/[^/]+/|[A-Za-z]+-)\*", json.dumps(resource))
        for actions, resource in permissions(template, "PipelineDeployRole")
        if actions[0].startswith(("cloudformation:", "sqs:", "s3:ListBucketVersions"))
    }
    assert {action: set(found) for action, found in checks.items()} == {
        "cloudformation:DescribeStacks": {
            *("stack/Catalog/", "stack/Workers/", "stack/Sql/", "stack/Governance/")
        },
        "cloudformation:GetTemplate": {"stack/Catalog/"},
        "s3:ListBucketVersions": {"catalog-"},
        "cloudformation:ListStackResources": {"stack/Catalog/", "stack/Workers/", "stack/Sql/"},
        "sqs:GetQueueAttributes": {"Catalog-", "Workers-", "Sql-"},
    }


def test_the_stacks_of_a_catalog_are_checked_before_they_are_shipped() -> None:
    [*_, check, _] = dry_run("ship")
    assert check == "python -m reinventure.aws.deployment_check cdk.out"
    assert check not in dry_run("ship", "STACKS=Delivery")


def test_the_build_stage_may_report_only(template: Template) -> None:
    own = [
        permission
        for permission in permissions(template, "PipelineBuildRole")
        if beyond_artifacts_and_logs(permission)
    ]
    [(actions, _)] = own
    assert {action.split(":")[0] for action in actions} == {"codebuild"}


def test_the_smoke_test_may_access_its_own_objects_only(template: Template) -> None:
    own = [
        permission
        for permission in permissions(template, "PipelineSmokeRole")
        if beyond_artifacts_and_logs(permission)
    ]
    assert {a for actions, _ in own for a in actions} == {
        "cloudformation:DescribeStacks",
        "dynamodb:GetItem",
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:ListBucketVersions",
        "s3:PutObject",
    }
    [objects] = [resource for actions, resource in own if "s3:PutObject" in actions]
    assert json.dumps(objects).endswith(':s3:::catalog-*/.reinventure/smoke/*"]]}')


def beyond_artifacts_and_logs(permission: tuple[list[str], Any]) -> bool:
    """Whether a permission is other than for artifacts and logs, which every stage has."""
    resource = json.dumps(permission[1])
    return not any(word in resource for word in ("PipelineArtifacts", "PipelineKey", "Logs"))


# The setting


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("create:reinventure@main", Source("create", "reinventure", "main")),
        ("codecommit:a.b-c_d@feature/x", Source("codecommit", "a.b-c_d", "feature/x")),
        (
            f"github:o-1/r.2@main+{CONNECTION}",
            Source("github", "r.2", "main", owner="o-1", connection=CONNECTION),
        ),
    ],
)
def test_a_setting_names_a_source(value: str, source: Source) -> None:
    assert parse(value) == source


@pytest.mark.parametrize(
    "value",
    ["", "main", "create:reinventure", "create:a b@main", "github:o/r@main", "gitlab:o/r@main"],
)
def test_an_invalid_source_is_refused_with_the_choice(value: str) -> None:
    with pytest.raises(ValueError, match=r"must be create:NAME@BRANCH, codecommit:NAME@BRANCH or"):
        parse(value)
