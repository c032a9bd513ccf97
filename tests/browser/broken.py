"""A catalog that is wrong about a key, because the event of an object failed for good."""

import json
from dataclasses import dataclass

from reinventure.aws.deployed_catalog import DeployedCatalog
from s3_catalog.model.row import Row
from tests.local.lent_role import lent_role
from tests.local.redelivery import has_followed, record
from tests.waiting import wait_until

REASON = "<b>ThrottlingException</b>"


@dataclass(frozen=True)
class Broken:
    """The object `key`, whose row is gone."""

    catalog: DeployedCatalog
    key: str
    row: Row

    def fail(self) -> None:
        """Put its event into the dead-letter queue, as Lambda does when `ingest` has failed."""
        outputs = self.catalog.outputs
        event = {name: getattr(self.row, name) for name in _EVENT}
        letter = {
            "requestContext": {
                "functionArn": outputs.ingest_arn,
                "condition": "RetriesExhausted",
            },
            "requestPayload": {"Records": [record(self.catalog, self.key, event)]},
            "responsePayload": {"errorMessage": REASON},
        }
        sqs = lent_role(self.catalog.session, outputs.ingest_role_id).client("sqs")
        sqs.send_message(QueueUrl=outputs.failure_queue_url, MessageBody=json.dumps(letter))

    def repaired(self) -> bool:
        """Whether row and object are equal."""
        return self.catalog.key_state(self.key).agree


_EVENT = ("event_name", "event_time", "size", "etag", "sequencer", "version_id")


def lose_row(catalog: DeployedCatalog, key: str) -> Broken:
    """Put an object at `key`; delete its row when the change has gone all its way."""
    catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=b"lost")
    wait_until(lambda: has_followed(catalog, key, 1))
    state = catalog.key_state(key)
    assert state.row
    place = {"pk": {"S": state.partition}, "sk": {"S": state.key}}
    catalog.dynamodb.delete_item(TableName=catalog.table, Key=place)
    return Broken(catalog, key, state.row)
