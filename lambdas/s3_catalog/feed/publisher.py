"""Publishing the changes of a batch of stream records, in order.

Nothing is passed over: at the first record that could not be published this stops, and the rest is
tried again from there. Only a record that can never be published is set aside, or its shard
would stand still until the record is too old.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from s3_catalog.feed.message import entry
from s3_catalog.model.change import Change, Kind
from s3_catalog.table.stream_record import parse

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

SIZE = 10
"""Messages a request: SNS's limit."""

UNPUBLISHABLE = "Unpublishable"
"""The condition under which a record is in the failure queue by our hand, not Lambda's."""

_REFUSALS = ("InvalidParameter", "InvalidParameterValue", "InvalidParameterException")
"""SNS's words for a message that it will never take."""

_log = logging.getLogger("publish")

Record = Mapping[str, Any]


@dataclass
class Report:
    """What became of a batch.

    `failed` is the sequence number of the first record that was not published, if any was not;
    those after it were not tried, or will be published again. `errors` say why. `ignored` records
    were no effective change; those `set_aside` are in the failure queue.
    """

    published: int = 0
    ignored: int = 0
    set_aside: int = 0
    failed: str | None = None
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Publisher:
    """The topic to publish to, and the failure queue for what can never be published."""

    sns: "SNSClient"
    topic: str
    sqs: "SQSClient"
    failures: str

    def publish(self, records: Sequence[Record], function: str, *, again: bool = False) -> Report:
        """Publish the effective changes among `records` of a shard, which are in its order.

        `function` (ARN) is named as the one that set a record aside. If the records are tried
        `again` by a person, none is set aside: the failure that they come from is still there.
        """
        report = Report()
        waiting: list[tuple[Record, Change, Kind]] = []
        for record in records:
            try:
                change = parse(record)
            except (KeyError, ValueError, TypeError, AttributeError) as error:
                unreadable = f"not a row of the catalog: {error!r}"
                if not self._send(waiting, report, function, again=again):
                    return report
                waiting = []
                if not self._set_aside(record, unreadable, report, function, again=again):
                    return report
                continue
            if change.kind is None:
                report.ignored += 1
                continue
            # Of a request a part may fail; were two messages of a key in it, perhaps the first.
            if len(waiting) == SIZE or any(change.key == other.key for _, other, _ in waiting):
                if not self._send(waiting, report, function, again=again):
                    return report
                waiting = []
            waiting.append((record, change, change.kind))
        self._send(waiting, report, function, again=again)
        return report

    def _send(
        self,
        waiting: Sequence[tuple[Record, Change, Kind]],
        report: Report,
        function: str,
        *,
        again: bool,
    ) -> bool:
        """Publish `waiting` in one request; return whether it is done with all of them."""
        if not waiting:
            return True
        try:
            reply = self.sns.publish_batch(
                TopicArn=self.topic,
                PublishBatchRequestEntries=[
                    entry(change, kind, str(n)) for n, (_, change, kind) in enumerate(waiting)
                ],
            )
        except (ClientError, BotoCoreError) as error:
            return _stop(report, waiting[0][0], str(error))
        sent = {reply_entry.get("Id") for reply_entry in reply.get("Successful", [])}
        refused = {reply_entry["Id"]: reply_entry for reply_entry in reply.get("Failed", [])}
        for n, (record, _, _) in enumerate(waiting):
            if str(n) in sent:
                report.published += 1
                continue
            why = refused.get(str(n))
            code = why["Code"] if why else "no answer"
            reason = f"{code}: {why.get('Message', '')}" if why else code
            if code not in _REFUSALS:
                return _stop(report, record, reason)
            if not self._set_aside(record, reason, report, function, again=again):
                return False
        return True

    def _set_aside(
        self, record: Record, reason: str, report: Report, function: str, *, again: bool
    ) -> bool:
        """Put `record` into the failure queue as Lambda would; return whether it is there."""
        if again:
            return _stop(report, record, reason)
        _log.error("set aside a record: %s", reason)
        failure = {
            "version": "1.0",
            "requestContext": {"functionArn": function, "condition": UNPUBLISHABLE},
            "requestPayload": {"Records": [record]},
            "responsePayload": {"errorMessage": reason},
        }
        try:
            self.sqs.send_message(QueueUrl=self.failures, MessageBody=json.dumps(failure))
        except (ClientError, BotoCoreError) as error:
            return _stop(report, record, str(error))
        report.set_aside += 1
        return True


def _stop(report: Report, record: Record, reason: str) -> bool:
    report.failed = record.get("dynamodb", {}).get("SequenceNumber", "")
    report.errors.append(reason)
    return False
