"""The pipeline: from a commit to the Catalog stack and the portfolio, through `stages.STAGES`.

CDK Pipelines would install its own choice of tools in each build, and generate the permissions.
Here a build runs the Makefile of the commit and nothing else, with a role per stage.
"""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_iam as iam
from constructs import Construct

from ..constructs.keys import allow_logs, customer_managed_key, use_through
from ..constructs.service_principal import for_this_account
from ..settings.pipeline_source import Source
from ..settings.settings import Settings
from .artifacts import KEY_ACTIONS, Artifacts
from .build_project import Build
from .stages import STAGES


class Pipeline(Construct):
    """A pipeline of type V2 that queues commits, and updates itself.

    It has a customer managed key of its own for source, artifacts and logs.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings) -> None:
        super().__init__(scope, id)
        self.key = customer_managed_key(
            self,
            "Key",
            settings,
            purpose="source, artifacts and logs of the pipeline",
            services=["codecommit", "s3"],
            grants=[],
        )
        allow_logs(self.key)
        self._artifacts = Artifacts(self, "Artifacts", settings, self.key)
        source, built = codepipeline.Artifact("Source"), codepipeline.Artifact("Built")
        take, source_permissions = self._source(settings.source, source)
        builds = [
            Build(self, stage.name, settings, stage, key=self.key, artifacts=self._artifacts)
            for stage in STAGES
        ]
        permissions = [
            *self._artifacts.permissions(write=True),
            iam.PolicyStatement(
                actions=["codebuild:BatchGetBuilds", "codebuild:StartBuild"],
                resources=[build.project.project_arn for build in builds],
            ),
            *source_permissions,
        ]
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("codepipeline.amazonaws.com"),
            inline_policies={"rights": iam.PolicyDocument(statements=permissions)},
        )
        self.pipeline = codepipeline.Pipeline(
            self,
            "Pipeline",
            pipeline_type=codepipeline.PipelineType.V2,
            execution_mode=codepipeline.ExecutionMode.QUEUED,
            restart_execution_on_update=True,
            artifact_bucket=self._artifacts,
            # CDK adds no statements: the role allows the list above and nothing else.
            role=role.without_policy_updates(),
            use_pipeline_role_for_actions=True,
        )
        self.pipeline.add_stage(stage_name="Source", actions=[take])
        for stage, build in zip(STAGES, builds, strict=True):
            first = stage is STAGES[0]
            action = actions.CodeBuildAction(
                action_name=stage.name,
                project=build.project,
                # A project is no part of the pipeline. Its digest is, so a changed project restarts
                # the pipeline.
                environment_variables={
                    "BUILD_DIGEST": codebuild.BuildEnvironmentVariable(value=build.digest)
                },
                # Later stages deploy the artifact that the first one tested.
                input=source if first else built,
                outputs=[built] if first else [],
            )
            self.pipeline.add_stage(
                stage_name=stage.name, actions=[cast("codepipeline.IAction", action)]
            )

    def _source(
        self, source: Source, artifact: codepipeline.Artifact
    ) -> tuple[codepipeline.IAction, list[iam.PolicyStatement]]:
        """Return the source action, and its permissions."""
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
                # The action sets an ACL, though the bucket's owner owns every object.
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
            # The source outlives the pipeline, and is unreadable without its key.
            for kept in (repository, self.key):
                resource = cast("cdk.CfnResource", kept.node.default_child)
                resource.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        else:
            repository = codecommit.Repository.from_repository_name(self, "Repository", source.name)
        action = actions.CodeCommitSourceAction(
            action_name="Source",
            repository=repository,
            branch=source.branch,
            output=artifact,
            # CDK allows it to start the pipeline.
            event_role=iam.Role(self, "EventsRole", assumed_by=for_this_account("events")),
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
            *(
                [use_through(self.key, "codecommit", *KEY_ACTIONS)]
                if source.kind == "create"
                else []
            ),
        ]
