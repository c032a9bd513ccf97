"""The AWS clients of functions and worker."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.config import Config

from s3_catalog import clients

SERVICES = {
    clients.cloudwatch: "monitoring",
    clients.codedeploy: "codedeploy",
    clients.dynamodb_tables: "dynamodb",
    clients.lambda_: "lambda",
    clients.rds_data: "rds-data",
    clients.s3: "s3",
    clients.secretsmanager: "secretsmanager",
    clients.sns: "sns",
    clients.sqs: "sqs",
}


@pytest.mark.parametrize(("make", "service"), SERVICES.items())
def test_a_client_is_of_its_service_and_fails_early(
    aws: None, make: Callable[..., Any], service: str
) -> None:
    client = make()
    config = client.meta.config
    assert client.meta.service_model.endpoint_prefix == service
    assert (config.connect_timeout, config.read_timeout) == (2, 5)
    assert config.retries == {"mode": "standard", "total_max_attempts": 4}
    assert make(Config(read_timeout=9)).meta.config.read_timeout == 9


def test_all_clients_share_a_session(aws: None) -> None:
    assert clients.session() is clients.session()
