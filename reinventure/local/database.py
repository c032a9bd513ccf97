"""The database of the local cloud, in Aurora's place: MariaDB, and a stand-in of the Data API."""

import json
import socket
import sys

from reinventure import cdk_cli as cdk
from reinventure.aws import deployed_stack, mirror_invocation
from reinventure.contract import SQL, SqlOutputs
from reinventure.local import background_process as background
from reinventure.local import mariadb
from reinventure.local.cloud import REGION, Cloud
from s3_catalog.sql_mirror.data_api import DATABASE_NAME

NAME = "data-api"

CLUSTER = f"arn:aws:rds:{REGION}:000000000000:cluster:local"
"""The cluster's ARN in the templates for the local cloud (stacks/sql/aurora.py)."""


def start(cloud: Cloud) -> str:
    """Start the database `CLUSTER` and its Data API; return the URL of the Data API.

    Both processes end with `cloud`. The Data API uses the cloud's certificate and secrets. Raises
    UserError when MariaDB is not installed or does not come up.
    """
    path = mariadb.start(cloud.directory)
    certificate, key = cloud.tls
    # The port is bound here and inherited: no other process can take it in between.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        background.start(
            cloud.directory,
            NAME,
            [
                *(sys.executable, "-m", "reinventure.local.data_api_server", "--cluster", CLUSTER),
                *("--database", str(path), "--listener", str(listener.fileno())),
                *("--certificate", str(certificate), "--key", str(key)),
            ],
            environment=cloud.environment,
            cwd=cdk.ROOT,
            inherited=[listener.fileno()],
        )
        return f"https://127.0.0.1:{listener.getsockname()[1]}"


def create_tables(cloud: Cloud) -> None:
    """Create the tables of the mirror, so that queries need no change of the bucket first.

    The database must have its owner. Raises UserError when the function of the mirror fails.
    """
    import boto3  # noqa: PLC0415 (the help needs none)

    functions = boto3.client("lambda", config=mirror_invocation.slow_config(), **cloud.access)
    mirror_invocation.create_tables(functions, _outputs(cloud).mirror_arn)


def create_owner(cloud: Cloud) -> None:
    """Create the database and the owner of its secret, as RDS does for a new cluster.

    The stack Sql must be deployed in `cloud`.
    """
    import boto3  # noqa: PLC0415

    secrets = boto3.client("secretsmanager", **cloud.access)
    secret = secrets.get_secret_value(SecretId=str(_outputs(cloud).owner_secret_arn))[
        "SecretString"
    ]
    owner = json.loads(secret)
    user = (owner["username"], owner["password"])
    path = mariadb.socket_path(cloud.directory)
    with mariadb.administer(path) as root, root.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {DATABASE_NAME}")
        cursor.execute("CREATE USER %s@localhost IDENTIFIED BY %s", user)
        cursor.execute("GRANT ALL ON *.* TO %s@localhost WITH GRANT OPTION", user[:1])


def _outputs(cloud: Cloud) -> SqlOutputs:
    import boto3  # noqa: PLC0415

    return deployed_stack.find(boto3.client("cloudformation", **cloud.access), SQL, SqlOutputs)
