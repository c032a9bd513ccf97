"""The database that answers SQL."""

import json
import string
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from reinventure.contract import DATA_API_PARAMETER
from s3_catalog.sql_mirror.data_api import DATABASE_NAME

from ..settings.settings import Settings

OWNER = "admin"
"""Who owns the database."""

_ZONES = 3


class Aurora(Construct):
    """An Aurora MySQL cluster in three zones, all of it under the customer key `key`.

    It grows and shrinks with its load, to nothing when nobody asks for a while. It is asked through
    the Data API only: its network has no way in or out. RDS keeps the owner's password in
    `owner_arn` and changes it every week.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings, *, key: kms.IKey) -> None:
        super().__init__(scope, id)
        vpc = ec2.Vpc(
            self,
            "Network",
            # By number: for a template that fits every region, CDK would take two whatever is said.
            availability_zones=[cdk.Fn.select(n, cdk.Fn.get_azs()) for n in range(_ZONES)],
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Database", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=26
                )
            ],
            # It would take a custom resource; nothing is in the default group.
            restrict_default_security_group=False,
        )
        production = settings.stage == "production"
        engine = rds.DatabaseClusterEngine.aurora_mysql(
            # 3.10 has long-term support; 3.08 was the first that can pause.
            version=rds.AuroraMysqlEngineVersion.VER_3_10_4
        )
        cluster = rds.DatabaseCluster(
            self,
            "Cluster",
            engine=engine,
            # AWS's advice for a line with long-term support: the next one might be without.
            auto_minor_version_upgrade=False,
            writer=rds.ClusterInstance.serverless_v2("Writer", auto_minor_version_upgrade=False),
            readers=[
                rds.ClusterInstance.serverless_v2(
                    f"Reader{n}",
                    auto_minor_version_upgrade=False,
                    # One is always as large as the writer, to take its place.
                    scale_with_writer=n == 1,
                )
                for n in range(1, settings.sql_readers + 1)
            ],
            serverless_v2_min_capacity=0,
            serverless_v2_max_capacity=settings.sql_max_acu,
            serverless_v2_auto_pause_duration=cdk.Duration.minutes(5),
            default_database_name=DATABASE_NAME,
            credentials=rds.Credentials.from_username(OWNER, encryption_key=key),
            manage_master_user_password=True,
            enable_data_api=True,
            storage_encryption_key=key,
            parameters={"require_secure_transport": "ON"},
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            security_groups=[
                ec2.SecurityGroup(
                    self,
                    "Closed",
                    vpc=vpc,
                    description="Nobody is let in: the Data API does not come this way",
                    allow_all_outbound=False,
                )
            ],
            backup=rds.BackupProps(retention=cdk.Duration.days(35 if production else 7)),
            copy_tags_to_snapshot=True,
            deletion_protection=production,
            removal_policy=settings.removal_policy,
        )
        self.cluster_arn = cluster.cluster_arn
        if cluster.secret is None:
            raise ValueError("RDS was to keep the owner's password in a secret")
        self.owner_arn = cluster.secret.secret_arn


class AuroraStandIn(Construct):
    """What the local cloud has in Aurora's place: a name for it, and the owner's secret.

    The database itself is a process beside the cloud (reinventure/laptop/database.py). It listens
    where the parameter `DataApi` says.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings, *, key: kms.IKey) -> None:
        super().__init__(scope, id)
        self.cluster_arn = cdk.Stack.of(self).format_arn(
            service="rds",
            resource="cluster",
            resource_name="local",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        self.owner_arn = UserSecret(self, "Owner", settings, user=OWNER, key=key).arn
        url = cdk.CfnParameter(self, "Url", description="Where the database's Data API listens")
        url.override_logical_id(DATA_API_PARAMETER)
        self.data_api_url = url.value_as_string


class UserSecret(secretsmanager.Secret):
    """Name and password of a `user` of the database, under the customer key `key`.

    The password is of letters and digits, which can be quoted anywhere.
    """

    def __init__(
        self, scope: Construct, id: str, settings: Settings, *, user: str, key: kms.IKey
    ) -> None:
        super().__init__(
            scope,
            id,
            description=f"reinventure: the database's user {user}",
            encryption_key=key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=json.dumps({"username": user}),
                generate_string_key="password",
                password_length=32,
                exclude_characters=string.punctuation,
                # By default one of each type is required, of those too that are excluded: refused.
                require_each_included_type=False,
            ),
            removal_policy=settings.removal_policy,
        )
        # What Ref gives in AWS; MiniStack gives the name for that.
        self.arn = cast("secretsmanager.CfnSecret", self.node.default_child).attr_id
