"""A catalog on moto whose list of buckets can be changed, and the time that passes meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from reinventure import bucket_list
from reinventure.attaching.attachment import Clock
from reinventure.aws import deployed_stack
from reinventure.aws.deployed_catalog import DeployedCatalog
from tests.unit.attachment.bucket_model import SWITCH, document
from tests.unit.cli.existing_buckets import ExistingBuckets

OTHERS = (
    (
        "<QueueConfiguration><Id>thumbnails</Id><Queue>arn:aws:sqs:us-east-1:1:thumbs</Queue>"
        "<Event>s3:ObjectCreated:*</Event></QueueConfiguration>"
    ),
    (
        "<TopicConfiguration><Id>all</Id><Topic>arn:aws:sns:us-east-1:1:all</Topic>"
        "<Event>s3:ObjectRemoved:*</Event></TopicConfiguration>"
    ),
)


@dataclass
class AttachedCatalog:
    """A deployment of the catalog of `existing`, which turns EventBridge on where it attaches.

    `setting` is the list. `during` is called in the midst of a deployment, and `configuration` are
    the elements of the bucket's document after it. `now` is the time, in seconds; a deployment
    takes a minute.
    """

    existing: ExistingBuckets
    monkeypatch: pytest.MonkeyPatch
    eventbridge_seconds: float = 300
    setting: str = "create"
    now: float = 1_000_000.0
    configuration: tuple[str, ...] = (*OTHERS, SWITCH)
    during: Callable[[], None] = lambda: None
    deployed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.deploy()

    def buckets(self) -> str:
        return self.setting

    def change(self, edit: Callable[[str], str]) -> None:
        after = edit(self.setting)
        self.deployed.append(after)
        self.during()
        self.setting = after
        self.now += 60
        self.existing.configuration = document(*self.configuration)
        self.deploy()

    @property
    def catalog(self) -> DeployedCatalog:
        return replace(self.existing.catalog, outputs=self._outputs)

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now, self._pause)

    def _pause(self, seconds: float) -> None:
        assert 0 < seconds <= 1
        self.now += seconds

    def deploy(self) -> None:
        """Give the deployed catalog the buckets of the setting."""
        attached = str(bucket_list.parse(self.setting).attached) or None
        self._outputs = replace(self.existing.catalog.outputs, attached_buckets=attached)
        self.monkeypatch.setattr(deployed_stack, "find", lambda *_: self._outputs)
