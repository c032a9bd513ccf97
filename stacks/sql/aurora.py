"""The database of the SQL mirror."""

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
"""The user who owns the database."""

_ZONES = 3


class Aurora(Construct):
    """An Aurora MySQL cluster in three Availability Zones, under the customer managed key `key`.

    It is serverless, and pauses at zero capacity after five idle minutes. Queries come through the
    Data API only: its network has no route in or out. RDS keeps the owner's password in the secret
    `owner_arn` and rotates it every week. In production a deleted cluster leaves a final snapshot.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings, *, key: kms.IKey) -> None:
        super().__init__(scope, id)
        vpc = ec2.Vpc(
            self,
            "Network",
            # By number: without a fixed region, CDK's max_azs gives two zones at most.
            availability_zones=[cdk.Fn.select(n, cdk.Fn.get_azs()) for n in range(_ZONES)],
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Database", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=26
                )
            ],
            # It takes a custom resource, and nothing uses the default group.
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
            # AWS's advice for a release with long-term support, which the next one may lack.
            auto_minor_version_upgrade=False,
            writer=rds.ClusterInstance.serverless_v2("Writer", auto_minor_version_upgrade=False),
            readers=[
                rds.ClusterInstance.serverless_v2(
                    f"Reader{n}",
                    auto_minor_version_upgrade=False,
                    # The first one is as large as the writer, for a failover.
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
                    # Another description would replace the group.
                    description="Nobody is let in: the Data API does not come this way",
                    allow_all_outbound=False,
                )
            ],
            backup=rds.BackupProps(retention=cdk.Duration.days(35 if production else 7)),
            copy_tags_to_snapshot=True,
            # In production the stack has termination protection instead. A cluster that remains,
            # protected or retained, uses its parameter group, security group and subnets, so that
            # CloudFormation cannot delete them.
            deletion_protection=False,
            removal_policy=(
                cdk.RemovalPolicy.SNAPSHOT if production else cdk.RemovalPolicy.DESTROY
            ),
        )
        self.cluster_arn = cluster.cluster_arn
        if cluster.secret is None:
            raise ValueError("the cluster has no secret for the owner's password")
        self.owner_arn = cluster.secret.secret_arn


class AuroraStandIn(Construct):
    """Aurora's place in the local cloud: the ARN of a cluster, and the owner's secret.

    The database is a process beside the cloud (reinventure/local/database.py). The parameter
    `DataApi` is the URL of its Data API.
    """

    def __init__(self, scope: Construct, id: str, *, key: kms.IKey) -> None:
        super().__init__(scope, id)
        self.cluster_arn = cdk.Stack.of(self).format_arn(
            service="rds",
            resource="cluster",
            resource_name="local",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        self.owner_arn = UserSecret(self, "Owner", user=OWNER, key=key).arn
        url = cdk.CfnParameter(self, "Url", description="Where the database's Data API listens")
        url.override_logical_id(DATA_API_PARAMETER)
        self.data_api_url = url.value_as_string


class UserSecret(secretsmanager.Secret):
    """The secret of a database `user`: name and password, under the customer managed key `key`.

    The password has letters and digits only, which need no quoting.
    """

    def __init__(self, scope: Construct, id: str, *, user: str, key: kms.IKey) -> None:
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
                # The default requires a character of each type, excluded ones as well, and fails.
                require_each_included_type=False,
            ),
            # It is of no use without the database, and would cost by the month.
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        # Not by Ref, which is the secret's name in the emulator (settings/emulator_limits.py).
        self.arn = cast("secretsmanager.CfnSecret", self.node.default_child).attr_id
