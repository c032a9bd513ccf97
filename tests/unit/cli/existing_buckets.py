"""Existing buckets on moto, beside a catalog, and what moto does not have: other stacks, refusals.

moto has another notification configuration than S3, so its answer is replaced, and tests no event
patterns.
"""

import json
from collections.abc import Iterator
from types import SimpleNamespace, TracebackType
from typing import Any, Self
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from reinventure.aws import deployed_stack
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.contract import CATALOG, WORKERS, CatalogOutputs
from tests.event_pattern_matcher import matches
from tests.unit.attachment.bucket_model import document

_NOTIFICATION = "before-parse.s3.GetBucketNotificationConfiguration"


class ExistingBuckets:
    """Buckets beside `catalog`. A context manager: its hooks are on a session of all tests.

    `stacks` are the catalogs by the names of their stacks. `resources` are the resources of a type,
    logical and physical ids. `refused` are names of operations, with the error code of each.
    `calls` are the names of the operations so far.
    """

    def __init__(self, catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch) -> None:
        self.catalog = catalog
        self.stacks: dict[str, CatalogOutputs] = {CATALOG: catalog.outputs}
        self.resources: dict[str, list[tuple[str, str]]] = {}
        self.configuration = document()
        self.refused: dict[str, str] = {}
        self.calls: list[str] = []
        monkeypatch.setattr(deployed_stack, "catalogs", self._catalogs)
        monkeypatch.setattr(deployed_stack, "describe", self._describe)
        monkeypatch.setattr(deployed_stack, "resources", self._resources)

    def __enter__(self) -> Self:
        self.catalog.session.events.register(_NOTIFICATION, self._answer)
        self.catalog.session.events.register("before-call", self._call)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.catalog.session.events.unregister(_NOTIFICATION, self._answer)
        self.catalog.session.events.unregister("before-call", self._call)

    def add(self, region: str = "us-east-1") -> str:
        """Return the name of a new bucket."""
        name = f"photos-{uuid4()}"
        s3 = self.catalog.session.client("s3", region_name=region)
        location: Any = {"LocationConstraint": region}
        elsewhere = {"CreateBucketConfiguration": location} if region != "us-east-1" else {}
        s3.create_bucket(Bucket=name, **elsewhere)
        return name

    def _catalogs(self, _client: object) -> Iterator[tuple[str, CatalogOutputs]]:
        self._call("before-call.cloudformation.DescribeStacks", {})
        return iter(self.stacks.items())

    def _describe(self, _client: object, stack: str) -> dict[str, str] | None:
        assert stack == WORKERS
        return {"StackName": stack} if "AWS::IAM::Role" in self.resources else None

    def _resources(self, _client: object, _stack: str, kind: str) -> Iterator[tuple[str, str]]:
        return iter(self.resources[kind])

    def _answer(self, response_dict: dict[str, Any], **_event: object) -> None:
        response_dict["body"] = self.configuration

    def _call(self, event_name: str, params: dict[str, Any], **_event: object) -> Any:
        operation = event_name.rpartition(".")[2]
        self.calls.append(operation)
        if code := self.refused.get(operation):
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, operation)
        if operation == "TestEventPattern":
            asked = {name: json.loads(text) for name, text in json.loads(params["body"]).items()}
            result = matches(asked["EventPattern"], asked["Event"])
            return SimpleNamespace(status_code=200), {"Result": result}
        return None
