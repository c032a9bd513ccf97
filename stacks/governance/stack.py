"""The Governance stack: AWS Config rules for the controls, the trail, and notices."""

import aws_cdk as cdk
from constructs import Construct

from reinventure.contract import GovernanceOutputs

from ..catalog.catalog_scope import CatalogScope
from ..constructs.keys import Keys, customer_managed_key
from ..constructs.stack_outputs import write_outputs
from ..settings.settings import Settings
from .config_recorder import ConfigRecorder
from .config_rules import ConfigRules
from .notices import Notices
from .trail import Trail


class GovernanceStack(cdk.Stack):
    """One per account and region: AWS Config rules, the trail and notices, by `settings`.

    Its evidence is under a third customer managed key, AUDIT, so that an administrator of the
    catalog need not be able to read it. Buckets and key outlive the stack. `keys` are those of the
    catalog, `buckets` its buckets. The outputs are `GovernanceOutputs`.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: Settings,
        *,
        keys: Keys,
        buckets: CatalogScope,
    ) -> None:
        super().__init__(
            scope,
            id,
            description="reinventure: AWS Config rules for the controls, a trail, and notices",
            termination_protection=settings.stage == "production",
        )
        audit = customer_managed_key(
            self,
            "AuditKey",
            settings,
            purpose="what was recorded of calls and of resources, and notices of it",
            services=["s3", "sns"],
            grants=[],
        )
        audit.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        notices = Notices(self, "Notices", settings, key=audit)
        notices.of_keys([keys.data, keys.queue])
        left_out = None
        if settings.config != "off":
            rules = ConfigRules(self, "Rules", region=None)
            notices.of_compliance(rules.names)
            left_out = rules.left_out
            if settings.config == "create":
                # CloudFormation cannot create a rule without a recorder.
                rules.node.add_dependency(*ConfigRecorder(self, "Recorder", settings, audit).parts)
        trail = None
        if settings.trail != "off":
            objects = buckets.object_prefixes() if settings.trail == "objects" else []
            trail = Trail(self, "Trail", settings, key=audit, objects=objects)
        write_outputs(
            self,
            GovernanceOutputs(
                notices_topic_arn=notices.topic.topic_arn,
                trail_bucket_name=trail.bucket.bucket_name if trail else None,
                controls_without_rule=left_out,
            ),
        )
