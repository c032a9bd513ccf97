"""The custom resource: what it did is what it takes back, and it blocks no rollback."""

from collections.abc import Callable, Collection
from typing import Any

import pytest
from botocore.exceptions import ClientError

from s3_catalog.attachment.bucket_notifications import BucketNotifications
from s3_catalog.attachment.eventbridge_switch import EventBridgeSwitch
from s3_catalog.attachment.switch_resource import Outcome, handle
from tests.unit.attachment.bucket_model import SWITCH, BucketModel, document

Resource = Callable[[dict[str, Any]], Outcome]

ONE = "<QueueConfiguration><Id>one</Id><Queue>arn:one</Queue></QueueConfiguration>"


class Rules:
    """The rules of the account, except ours."""

    def __init__(self) -> None:
        self.others: list[str] = []
        self.forbidden = False

    def __call__(self, bucket: str, ours: Collection[str]) -> list[str]:
        assert (bucket, list(ours)) == ("photos", ["ours"])
        if self.forbidden:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "ListRules")
        return self.others


@pytest.fixture
def rules() -> Rules:
    return Rules()


@pytest.fixture
def resource(notifications: BucketNotifications, rules: Rules) -> Resource:
    def switch(bucket: str) -> EventBridgeSwitch:
        return EventBridgeSwitch(notifications, bucket, "us-east-1", pause=lambda _seconds: None)

    return lambda request: handle(request, switch, rules)


def request(kind: str, physical_id: str | None = None) -> dict[str, Any]:
    return {
        "RequestType": kind,
        "ResourceProperties": {"ServiceToken": "arn", "Bucket": "photos", "Rules": ["ours"]},
        **({"PhysicalResourceId": physical_id} if physical_id else {}),
    }


def is_on(model: BucketModel) -> bool:
    return SWITCH[1:-2].encode() in model.content


def test_what_was_turned_on_is_turned_off(resource: Resource, bucket_model: BucketModel) -> None:
    bucket_model.content = document(ONE)
    created = resource(request("Create"))
    assert created == Outcome(True, "photos:switched-on", "photos: EventBridge was turned on")
    assert is_on(bucket_model)
    deleted = resource(request("Delete", created.physical_id))
    assert deleted == Outcome(
        True, "photos:switched-on", "photos: EventBridge was turned off, as it was before"
    )
    assert not is_on(bucket_model)
    assert b"arn:one" in bucket_model.content


def test_what_was_found_on_stays_on(resource: Resource, bucket_model: BucketModel) -> None:
    bucket_model.content = document(SWITCH)
    created = resource(request("Create"))
    assert created.succeeded
    assert created.physical_id == "photos:found-on"
    deleted = resource(request("Delete", created.physical_id))
    assert deleted.succeeded
    assert "others turned it on" in deleted.reason
    assert is_on(bucket_model)
    assert [method for method, _ in bucket_model.requests] == ["LOCATE", "GET"]


def test_it_stays_on_while_other_rules_need_it(
    resource: Resource, rules: Rules, bucket_model: BucketModel
) -> None:
    bucket_model.content = document(SWITCH)
    rules.others = [f"rule-{n}" for n in range(12)]
    deleted = resource(request("Delete", "photos:switched-on"))
    assert deleted.succeeded
    assert deleted.reason.endswith("other rules may need it: " + ", ".join(rules.others))
    assert is_on(bucket_model)
    rules.others = []
    assert resource(request("Delete", "photos:switched-on")).succeeded
    assert not is_on(bucket_model)


@pytest.mark.parametrize("physical_id", ["photos:found-on", "photos:switched-on"])
def test_an_update_turns_it_on_again_and_remembers_the_same(
    physical_id: str, resource: Resource, bucket_model: BucketModel
) -> None:
    """Another id would make CloudFormation delete the former one: off, while it is needed."""
    updated = resource(request("Update", physical_id))
    assert updated.succeeded
    assert updated.physical_id == physical_id
    assert updated.reason == "photos: EventBridge was turned on"
    assert is_on(bucket_model)
    assert resource(request("Update", physical_id)).reason.endswith("was on already")


def test_a_bucket_of_another_region_is_refused_before_anything_is_written(
    resource: Resource, bucket_model: BucketModel
) -> None:
    bucket_model.location = "eu-west-1"
    created = resource(request("Create"))
    assert not created.succeeded
    assert "the bucket photos is in eu-west-1, where only a catalog of that" in created.reason
    assert [method for method, _ in bucket_model.requests] == ["LOCATE"]


@pytest.mark.parametrize("status", [403, 404])
def test_a_creation_fails_for_a_bucket_that_is_gone_or_forbidden(
    status: int, resource: Resource, bucket_model: BucketModel
) -> None:
    bucket_model.faults = dict.fromkeys(range(100), status)
    created = resource(request("Create"))
    assert not created.succeeded
    assert f"An error occurred (Fault{status})" in created.reason
    # The deletion that follows does nothing.
    bucket_model.reset(document(SWITCH))
    assert resource(request("Delete", created.physical_id)).succeeded
    assert is_on(bucket_model)


def test_a_creation_that_fails_after_its_write_is_taken_back(
    resource: Resource, bucket_model: BucketModel
) -> None:
    bucket_model.faults = {3: 404}
    created = resource(request("Create"))
    assert not created.succeeded
    assert is_on(bucket_model)
    assert resource(request("Delete", created.physical_id)).succeeded
    assert not is_on(bucket_model)


@pytest.mark.parametrize("status", [403, 404, 409, 503])
@pytest.mark.parametrize("kind", ["Update", "Delete"])
def test_nothing_blocks_a_rollback(
    kind: str, status: int, resource: Resource, bucket_model: BucketModel
) -> None:
    bucket_model.faults = dict.fromkeys(range(100), status)
    outcome = resource(request(kind, "photos:switched-on"))
    assert outcome.succeeded
    assert outcome.physical_id == "photos:switched-on"
    assert f"Fault{status}" in outcome.reason


def test_rules_that_cannot_be_listed_leave_it_on(
    resource: Resource, rules: Rules, bucket_model: BucketModel
) -> None:
    bucket_model.content = document(SWITCH)
    rules.forbidden = True
    deleted = resource(request("Delete", "photos:switched-on"))
    assert deleted.succeeded
    assert "AccessDenied" in deleted.reason
    assert is_on(bucket_model)


@pytest.mark.parametrize("physical_id", ["2026-11-26-made-up", "logs:switched-on"])
def test_an_id_that_is_not_of_this_bucket_leaves_it_on(
    physical_id: str, resource: Resource, bucket_model: BucketModel
) -> None:
    bucket_model.content = document(SWITCH)
    assert resource(request("Delete", physical_id)).succeeded
    assert is_on(bucket_model)
