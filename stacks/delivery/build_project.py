"""The CodeBuild project of a stage of the pipeline."""

import json
from hashlib import sha256
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from ..constructs.log_group import EncryptedLogGroup
from ..constructs.service_principal import for_this_account
from ..settings.settings import Settings
from ..settings.worker_instance import INSTANCES
from . import permissions
from .artifacts import Artifacts
from .stages import REPORTS, SHIP, STAGES, Stage

_PYTHON = "3.13"
_ARM = codebuild.LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_3_0
_X86 = codebuild.LinuxBuildImage.AMAZON_LINUX_2023_5
_BUILD_MINUTES = 120
_MAX_MINUTES = 2160
"""CodeBuild's longest, 36 hours."""
_LEFT_BEHIND = (
    *(".hypothesis", ".local", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".venv"),
    *(".import_linter_cache", ".mutants", "build", "cdk.all", "node_modules", "reports"),
)
"""Folders that the first stage creates and no later one reads: more than a gigabyte."""


class Build(Construct):
    """A project that runs the commands of `stage`, with a role of its own.

    The first stage starts from the source, reports tests and coverage, and writes the artifact of
    the other stages. `artifacts` and logs are under `key`.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: Settings,
        stage: Stage,
        *,
        key: kms.Key,
        artifacts: Artifacts,
    ) -> None:
        super().__init__(scope, id)
        first = stage is STAGES[0]
        # The image of the workers is built where they are deployed.
        docker = settings.workers and SHIP in stage.commands
        # All stages have the workers' processor, for which the first one downloads packages.
        arm = not settings.workers or INSTANCES[settings.worker_instance].arm
        reports = self._report_groups() if first else {}
        log_group = EncryptedLogGroup(self, "Logs", settings, key)
        role = iam.Role(
            self,
            "Role",
            assumed_by=for_this_account("codebuild"),
            inline_policies={
                "rights": iam.PolicyDocument(
                    statements=[
                        *artifacts.permissions(write=first),
                        log_group.write_statement(),
                        *_permissions(stage, list(reports), images=docker),
                    ]
                )
            },
        )
        image = _ARM if arm else _X86
        project = codebuild.PipelineProject(
            self,
            "Project",
            description=f"reinventure: {', '.join(stage.commands)}",
            build_spec=codebuild.BuildSpec.from_object(_build_spec(stage, reports)),
            environment=codebuild.BuildEnvironment(
                build_image=image,
                privileged=docker,
                compute_type=codebuild.ComputeType.LARGE if first else codebuild.ComputeType.SMALL,
            ),
            encryption_key=key,
            logging=codebuild.LoggingOptions(
                cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=log_group)
            ),
            # CDK adds no statements: the role allows the list above and nothing else.
            role=role.without_policy_updates(),
            timeout=_timeout(settings, stage),
            queued_timeout=cdk.Duration.hours(8),
        )
        self.project = cast("codebuild.IProject", project)
        # Numbers in place of the ARNs of report groups, which are known at deployment only.
        named = {str(n): report for n, report in enumerate(reports.values())}
        definition = [_build_spec(stage, named), image.image_id, docker]
        self.digest = sha256(json.dumps(definition).encode()).hexdigest()
        """SHA-256 of its commands, its image and its privileges."""

    def _report_groups(self) -> dict[str, dict[str, object]]:
        """Return the reports of the build spec, by the ARN of their report group."""
        tests = self._report_group("Tests", codebuild.ReportGroupType.TEST)
        coverage = self._report_group("Coverage", codebuild.ReportGroupType.CODE_COVERAGE)
        return {
            tests: {"files": [f"{REPORTS}/junit.xml"], "file-format": "JUNITXML"},
            coverage: {"files": [f"{REPORTS}/coverage.xml"], "file-format": "COBERTURAXML"},
        }

    def _report_group(self, id: str, kind: codebuild.ReportGroupType) -> str:
        group = codebuild.ReportGroup(
            self, id, type=kind, removal_policy=cdk.RemovalPolicy.DESTROY, delete_reports=True
        )
        return group.report_group_arn


def _timeout(settings: Settings, stage: Stage) -> cdk.Duration:
    """Return the time-out of a build of `stage`: longer where it waits for a canary."""
    shift = settings.canary.duration if settings.canary and SHIP in stage.commands else 0
    return cdk.Duration.minutes(min(_BUILD_MINUTES + shift, _MAX_MINUTES))


def _build_spec(stage: Stage, reports: dict[str, dict[str, object]]) -> dict[str, object]:
    spec: dict[str, object] = {
        "version": "0.2",
        "phases": {
            "install": {"runtime-versions": {"python": _PYTHON}},
            "build": {"commands": list(stage.commands)},
        },
    }
    if reports:
        spec["reports"] = reports
        spec["artifacts"] = {
            "files": ["**/*"],
            "exclude-paths": [f"{folder}/**/*" for folder in _LEFT_BEHIND],
        }
    return spec


def _permissions(stage: Stage, groups: list[str], *, images: bool) -> list[iam.PolicyStatement]:
    if groups:
        return [
            iam.PolicyStatement(
                actions=[
                    "codebuild:BatchPutCodeCoverages",
                    "codebuild:BatchPutTestCases",
                    "codebuild:CreateReport",
                    "codebuild:UpdateReport",
                ],
                resources=groups,
            )
        ]
    if SHIP in stage.commands:
        return [permissions.ship(images=images), *permissions.check_deployment()]
    if any(command.startswith(SHIP) for command in stage.commands):
        return [permissions.ship(images=images)]
    return permissions.smoke_test()
