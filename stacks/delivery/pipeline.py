"""The pipeline: from a commit to the Catalog stack and the portfolio, through `stages.STAGES`.

Not CDK Pipelines: those install tools of their own choice in each build, and have CDK write the
permissions. Here a build runs the Makefile of the commit and nothing else, in a role for its stage.
"""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_iam as iam
from constructs import Construct

from ..constructs.keys import customer_managed_key, let_logs_use, use_through
from ..settings.pipeline_source import Source
from ..settings.settings import Settings
from .artifacts import OPEN, Artifacts
from .build_project import Build
from .stages import STAGES


class Pipeline(Construct):
    """A pipeline of type V2 that takes commits one after the other, and updates itself.

    Its key, for source, artifacts and logs, is its own.
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
        let_logs_use(self.key)
        self._artifacts = Artifacts(self, "Artifacts", self.key)
        source, built = codepipeline.Artifact("Source"), codepipeline.Artifact("Built")
        take, source_rights = self._source(settings.source, source)
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
            *source_rights,
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
            # Closed to CDK: what the pipeline may do is the list above and nothing besides.
            role=role.without_policy_updates(),
            use_pipeline_role_for_actions=True,
        )
        self.pipeline.add_stage(stage_name="Source", actions=[take])
        for stage, build in zip(STAGES, builds, strict=True):
            first = stage is STAGES[0]
            action = actions.CodeBuildAction(
                action_name=stage.name,
                project=build.project,
                # The pipeline starts over when it changes itself; a project is no part of it.
                environment_variables={
                    "BUILD_DIGEST": codebuild.BuildEnvironmentVariable(value=build.digest)
                },
                # What was tested is what is deployed: the later stages get what the first one left.
                input=source if first else built,
                outputs=[built] if first else [],
            )
            self.pipeline.add_stage(
                stage_name=stage.name, actions=[cast("codepipeline.IAction", action)]
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
            # The source outlives the pipeline, and could not be read without its key.
            for kept in (repository, self.key):
                resource = cast("cdk.CfnResource", kept.node.default_child)
                resource.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
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
            *([use_through(self.key, "codecommit", *OPEN)] if source.kind == "create" else []),
        ]
