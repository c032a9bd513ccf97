"""The library, opened on a catalog on moto that it finds as the stack Catalog."""

import json
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

import reinventure
from reinventure.aws import deployed_stack
from reinventure.aws.change_watcher import Watch
from reinventure.aws.deployed_catalog import DeployedCatalog
from tests.unit.cli.conftest import catalog, session

__all__ = ["catalog", "here", "many", "session"]


@pytest.fixture
def here(catalog: DeployedCatalog) -> reinventure.Catalog:
    """The catalog of one bucket."""
    return reinventure.open("Catalog")


@pytest.fixture
def many(catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch) -> reinventure.Catalog:
    """The catalog of three buckets: its own, all of another, one with a prefix."""
    whole, part = f"whole-{uuid4()}", f"part-{uuid4()}"
    for bucket in (whole, part):
        catalog.s3.create_bucket(Bucket=bucket)
    outputs = replace(catalog.outputs, attached_buckets=f"{part}/in/,{whole}")
    monkeypatch.setattr(deployed_stack, "find", lambda *_: outputs)
    return reinventure.open()


@pytest.fixture
def published(catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What is put into the queue of a subscriber, as soon as it is subscribed."""
    messages: list[dict[str, Any]] = []
    sqs = catalog.session.client("sqs")
    subscribe = Watch._subscribe

    def then_publish(self: Watch, url: str) -> None:
        subscribe(self, url)
        for each in messages:
            sqs.send_message(
                QueueUrl=url,
                MessageBody=json.dumps(each),
                MessageGroupId=each["key"],
                MessageDeduplicationId=uuid4().hex,
            )

    monkeypatch.setattr(Watch, "_subscribe", then_publish)
    return messages
