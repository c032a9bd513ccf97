"""The pipeline: from a commit to the Catalog stack and the portfolio, through `stages.STAGES`.

Not CDK Pipelines: those install tools of their own choice in each build, and have CDK write the
rights. Here a build runs the Makefile of the commit and nothing else, in a role for its stage.
"""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from reinventure.smoke import PREFIX
from stacks.delivery.source import Source
from stacks.delivery.stages import REPORTS, SHIP, STAGES, Stage
from stacks.keys import customer_key, endpoint, let_logs_use, use_through
from stacks.logs import EncryptedLogs
from stacks.settings import Settings
from stacks.workers.instances import INSTANCES

CATALOG = "Catalog"
"""The name of the stack that is tried after it was deployed."""

_PYTHON = "3.13"
_ARM = codebuild.LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_3_0
_X86 = codebuild.LinuxBuildImage.AMAZON_LINUX_2023_5
_KEEP = cdk.Duration.days(30)
_LEFT_BEHIND = (
    *(".hypothesis", ".local", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".venv"),
    *("cdk.all", "node_modules", "reports"),
)
"""Folders that Build makes and no later stage reads: more than a gigabyte."""
_OPEN = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]


class Pipeline(Construct):
    """A pipeline of type V2 that takes commits one after the other, and updates itself.

    Its key, for source, artifacts and logs, is its own. Artifacts are forgotten after 30 days.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings) -> None:
        super().__init__(scope, id)
        self._settings = settings
        self.key = customer_key(
            self,
            "Key",
            settings,
            purpose="source, artifacts and logs of the pipeline",
            services=["codecommit", "s3"],
            grants=[],
        )
        let_logs_use(self.key)
        self._artifacts = self._bucket()
        self._reports = {
            "junit": _report_group(self, "Tests", codebuild.ReportGroupType.TEST),
            "coverage": _report_group(self, "Coverage", codebuild.ReportGroupType.CODE_COVERAGE),
        }
        source, built = codepipeline.Artifact("Source"), codepipeline.Artifact("Built")
        take, source_rights = self._source(settings.source, source)
        projects = [self._project(stage) for stage in STAGES]
        rights = [
            *self._artifact_rights(write=True),
            iam.PolicyStatement(
                actions=["codebuild:BatchGetBuilds", "codebuild:StartBuild"],
                resources=[project.project_arn for project in projects],
            ),
            *source_rights,
        ]
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("codepipeline.amazonaws.com"),
            inline_policies={"rights": iam.PolicyDocument(statements=rights)},
        )
        self.pipeline = codepipeline.Pipeline(
            self,
            "Pipeline",
            pipeline_type=codepipeline.PipelineType.V2,
            execution_mode=codepipeline.ExecutionMode.QUEUED,
            restart_execution_on_update=True,
            artifact_bucket=self._artifacts,
            # Closed to CDK: what the pipeline may do is the list above and nothing besides.
            role=role.without_policy_updates(),
            use_pipeline_role_for_actions=True,
        )
        self.pipeline.add_stage(stage_name="Source", actions=[take])
        for stage, project in zip(STAGES, projects, strict=True):
            first = stage is STAGES[0]
            action = actions.CodeBuildAction(
                action_name=stage.name,
                project=cast("codebuild.IProject", project),
                # What was tested is what is deployed: the later stages get what the first one left.
                input=source if first else built,
                outputs=[built] if first else [],
            )
            self.pipeline.add_stage(
                stage_name=stage.name, actions=[cast("codepipeline.IAction", action)]
            )

    def _bucket(self) -> s3.Bucket:
        return s3.Bucket(
            self,
            "Artifacts",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="forget-artifacts",
                    expiration=_KEEP,
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                )
            ],
            removal_policy=cdk.RemovalPolicy.DESTROY,
            auto_delete_objects=True,
        )

    def _source(
        self, source: Source, artifact: codepipeline.Artifact
    ) -> tuple[codepipeline.IAction, list[iam.PolicyStatement]]:
        """Return the action that takes the source, and what it needs."""
        if source.kind == "github":
            action: object = actions.CodeStarConnectionsSourceAction(
                action_name="Source",
                owner=source.owner,
                repo=source.name,
                branch=source.branch,
                connection_arn=source.connection,
                output=artifact,
            )
            service = source.connection.split(":")[2]
            return cast("codepipeline.IAction", action), [
                # It says whose the artifact is to be, although nobody else's it could be.
                iam.PolicyStatement(
                    actions=["s3:PutObjectAcl"], resources=[self._artifacts.arn_for_objects("*")]
                ),
                iam.PolicyStatement(
                    actions=[f"{service}:UseConnection"], resources=[source.connection]
                ),
            ]
        if source.kind == "create":
            repository = cast(
                "codecommit.IRepository",
                codecommit.Repository(
                    self,
                    "Repository",
                    repository_name=source.name,
                    description="reinventure: what the pipeline delivers",
                    kms_key=self.key,
                ),
            )
            created = repository.node.default_child
            cast("cdk.CfnResource", created).apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        else:
            repository = codecommit.Repository.from_repository_name(self, "Repository", source.name)
        action = actions.CodeCommitSourceAction(
            action_name="Source", repository=repository, branch=source.branch, output=artifact
        )
        return cast("codepipeline.IAction", action), [
            iam.PolicyStatement(
                actions=[
                    "codecommit:CancelUploadArchive",
                    "codecommit:GetBranch",
                    "codecommit:GetCommit",
                    "codecommit:GetUploadArchiveStatus",
                    "codecommit:UploadArchive",
                ],
                resources=[repository.repository_arn],
            ),
            *([use_through(self.key, "codecommit", *_OPEN)] if source.kind == "create" else []),
        ]

    def _project(self, stage: Stage) -> codebuild.PipelineProject:
        builds = stage is STAGES[0]
        docker = self._builds_image(stage)
        arm = not docker or INSTANCES[self._settings.worker_instance].arm
        log_group = EncryptedLogs(self, f"{stage.name}Logs", self._settings, self.key)
        role = iam.Role(
            self,
            f"{stage.name}Role",
            assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"),
            inline_policies={
                "rights": iam.PolicyDocument(
                    statements=[
                        *self._artifact_rights(write=builds),
                        log_group.write_statement(),
                        *self._rights(stage),
                    ]
                )
            },
        )
        return codebuild.PipelineProject(
            self,
            f"{stage.name}Project",
            description=f"reinventure: {', '.join(stage.commands)}",
            build_spec=codebuild.BuildSpec.from_object(self._build_spec(stage)),
            environment=codebuild.BuildEnvironment(
                build_image=_ARM if arm else _X86,
                privileged=docker,
                compute_type=codebuild.ComputeType.LARGE if builds else codebuild.ComputeType.SMALL,
            ),
            encryption_key=self.key,
            logging=codebuild.LoggingOptions(
                cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=log_group)
            ),
            # Closed to CDK: what a stage may do is the list above and nothing besides.
            role=role.without_policy_updates(),
            timeout=cdk.Duration.hours(2),
            queued_timeout=cdk.Duration.hours(8),
        )

    def _builds_image(self, stage: Stage) -> bool:
        """Whether the workers' image is built in `stage`: where they are deployed, if they are."""
        return self._settings.workers and SHIP in stage.commands

    def _build_spec(self, stage: Stage) -> dict[str, object]:
        spec: dict[str, object] = {
            "version": "0.2",
            "phases": {
                "install": {"runtime-versions": {"python": _PYTHON}},
                "build": {"commands": list(stage.commands)},
            },
        }
        if stage is STAGES[0]:
            spec["reports"] = {
                self._reports["junit"].report_group_arn: {
                    "files": [f"{REPORTS}/junit.xml"],
                    "file-format": "JUNITXML",
                },
                self._reports["coverage"].report_group_arn: {
                    "files": [f"{REPORTS}/coverage.xml"],
                    "file-format": "COBERTURAXML",
                },
            }
            spec["artifacts"] = {
                "files": ["**/*"],
                "exclude-paths": [f"{folder}/**/*" for folder in _LEFT_BEHIND],
            }
        return spec

    def _rights(self, stage: Stage) -> list[iam.PolicyStatement]:
        """Return what the commands of `stage` need, besides artifacts and logs."""
        if stage is STAGES[0]:
            return [
                iam.PolicyStatement(
                    actions=[
                        "codebuild:BatchPutCodeCoverages",
                        "codebuild:BatchPutTestCases",
                        "codebuild:CreateReport",
                        "codebuild:UpdateReport",
                    ],
                    resources=[group.report_group_arn for group in self._reports.values()],
                )
            ]
        if any(command.startswith(SHIP) for command in stage.commands):
            return [_ship(images=self._builds_image(stage))]
        return _try_catalog()

    def _artifact_rights(self, *, write: bool) -> list[iam.PolicyStatement]:
        bucket = self._artifacts
        return [
            iam.PolicyStatement(
                actions=[
                    "s3:GetObject",
                    "s3:GetObjectVersion",
                    *(["s3:PutObject"] if write else []),
                ],
                resources=[bucket.arn_for_objects("*")],
            ),
            iam.PolicyStatement(
                actions=["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"],
                resources=[bucket.bucket_arn],
            ),
            use_through(self.key, "s3", *_OPEN),
        ]


def _report_group(
    scope: Construct, id: str, kind: codebuild.ReportGroupType
) -> codebuild.ReportGroup:
    return codebuild.ReportGroup(
        scope, id, type=kind, removal_policy=cdk.RemovalPolicy.DESTROY, delete_reports=True
    )


def _ship(*, images: bool) -> iam.PolicyStatement:
    """Let `cdk deploy` become the roles that bootstrapping made: to publish, and to deploy.

    What these may do is the account's choice, when it is bootstrapped; by default, everything.
    """
    qualifier = cdk.DefaultStackSynthesizer.DEFAULT_QUALIFIER
    return iam.PolicyStatement(
        actions=["sts:AssumeRole"],
        resources=[
            f"arn:{cdk.Aws.PARTITION}:iam::{cdk.Aws.ACCOUNT_ID}:role/"
            f"cdk-{qualifier}-{role}-role-{cdk.Aws.ACCOUNT_ID}-{cdk.Aws.REGION}"
            for role in ("deploy", "file-publishing", *(["image-publishing"] if images else []))
        ],
    )


def _try_catalog() -> list[iam.PolicyStatement]:
    """Let a stage put an object of a smoke test, see its row, and remove it.

    By the names that CloudFormation gives: the stack may not be there when this one is made.
    """
    bucket = f"arn:{cdk.Aws.PARTITION}:s3:::{CATALOG.lower()}-*"
    region, account = cdk.Aws.REGION, cdk.Aws.ACCOUNT_ID
    keys = f"arn:{cdk.Aws.PARTITION}:kms:{region}:{account}:key/*"
    return [
        iam.PolicyStatement(
            actions=["cloudformation:DescribeStacks"],
            resources=[
                f"arn:{cdk.Aws.PARTITION}:cloudformation:{region}:{account}:stack/{CATALOG}/*"
            ],
        ),
        iam.PolicyStatement(
            actions=["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject"],
            resources=[f"{bucket}/{PREFIX}*"],
        ),
        iam.PolicyStatement(actions=["s3:ListBucketVersions"], resources=[bucket]),
        iam.PolicyStatement(
            actions=["dynamodb:GetItem"],
            resources=[f"arn:{cdk.Aws.PARTITION}:dynamodb:{region}:{account}:table/{CATALOG}-*"],
        ),
        # Its key has no name that is known here; but what it opens has.
        _use_keys(keys, ["kms:Decrypt", "kms:GenerateDataKey"], "s3", "aws:s3:arn", bucket),
        _use_keys(keys, ["kms:Decrypt"], "dynamodb", "aws:dynamodb:tableName", f"{CATALOG}-*"),
    ]


def _use_keys(
    keys: str, allowed: list[str], service: str, context: str, of: str
) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        actions=allowed,
        resources=[keys],
        conditions={
            "StringEquals": {"kms:ViaService": endpoint(service)},
            "StringLike": {f"kms:EncryptionContext:{context}": of},
        },
    )
