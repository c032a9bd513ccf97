"""Publishing the changes in a batch of stream records, in order.

No record is skipped: the publisher stops at the first one that fails, and Lambda retries the batch
from there. Only a record that SNS would refuse at each attempt is set aside, into the dead-letter
queue: retried, it would block its shard until it expires.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from s3_catalog import key_log
from s3_catalog.feed.message import entry
from s3_catalog.model.change import Change, Kind
from s3_catalog.table.stream_record import UNREADABLE, parse

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

SIZE = 10
"""Messages per request: SNS's limit."""

UNPUBLISHABLE = "Unpublishable"
"""The condition in a dead letter that the publisher writes itself, instead of Lambda."""

_REFUSALS = ("InvalidParameter", "InvalidParameterValue", "InvalidParameterException")
"""SNS's error codes for a message that it refuses at each attempt."""

_log = logging.getLogger("publish")

Record = Mapping[str, Any]


@dataclass
class Report:
    """The result of a batch.

    `failed` is the sequence number of the first record that failed, or None; the records after it
    were not published, or will be published again. `errors` has the reasons. `ignored` counts
    changes that are not effective, and `set_aside` the records in the dead-letter queue.
    """

    published: int = 0
    ignored: int = 0
    set_aside: int = 0
    failed: str | None = None
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Publisher:
    """Publishes to `topic` (ARN); `failures` is the URL of the dead-letter queue."""

    sns: "SNSClient"
    topic: str
    sqs: "SQSClient"
    failures: str

    def publish(
        self, records: Sequence[Record], function: str, *, redriven: bool = False
    ) -> Report:
        """Publish the effective changes in `records`, which are in the order of their shard.

        `function` is the ARN in the dead letter of a record that is set aside. In a redrive
        (`redriven`) none is set aside: its dead letter still exists.
        """
        report = Report()
        pending: list[tuple[Record, Change, Kind]] = []
        for record in records:
            try:
                change = parse(record)
            except UNREADABLE as error:
                unreadable = f"not a row of the catalog: {error!r}"
                if not self._send(pending, report, function, redriven=redriven):
                    return report
                pending = []
                if not self._set_aside(record, unreadable, report, function, redriven=redriven):
                    return report
                continue
            if change.kind is None:
                report.ignored += 1
                continue
            # Part of a request may fail. With two messages of a key in it, the first could fail and
            # the second arrive.
            if len(pending) == SIZE or any(change.key == other.key for _, other, _ in pending):
                if not self._send(pending, report, function, redriven=redriven):
                    return report
                pending = []
            pending.append((record, change, change.kind))
        self._send(pending, report, function, redriven=redriven)
        return report

    def _send(
        self,
        pending: Sequence[tuple[Record, Change, Kind]],
        report: Report,
        function: str,
        *,
        redriven: bool,
    ) -> bool:
        """Publish `pending` in one request; return whether each is published or set aside."""
        if not pending:
            return True
        entries = [entry(change, kind, str(n)) for n, (_, change, kind) in enumerate(pending)]
        try:
            reply = self.sns.publish_batch(TopicArn=self.topic, PublishBatchRequestEntries=entries)
        except (ClientError, BotoCoreError) as error:
            return _stop(report, pending[0][0], str(error))
        sent = {each.get("Id"): each for each in reply.get("Successful", [])}
        refused = {each["Id"]: each for each in reply.get("Failed", [])}
        for n, (record, change, _) in enumerate(pending):
            if success := sent.get(str(n)):
                report.published += 1
                if key_log.ENABLED:
                    key_log.log(
                        key_log.PUBLISHED,
                        change.bucket,
                        change.key,
                        **key_log.of_change(change),
                        message_id=success.get("MessageId"),
                        group=entries[n].get("MessageGroupId"),
                    )
                continue
            refusal = refused.get(str(n))
            code = refusal["Code"] if refusal else "no answer"
            reason = f"{code}: {refusal.get('Message', '')}" if refusal else code
            if code not in _REFUSALS:
                return _stop(report, record, reason)
            if not self._set_aside(record, reason, report, function, redriven=redriven):
                return False
        return True

    def _set_aside(
        self, record: Record, reason: str, report: Report, function: str, *, redriven: bool
    ) -> bool:
        """Send `record` to the dead-letter queue in Lambda's format; return whether it is there."""
        if redriven:
            return _stop(report, record, reason)
        _log.error("set aside a record: %s", reason)
        _log_failure(record, reason)
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
    _log_failure(record, reason)
    report.failed = record.get("dynamodb", {}).get("SequenceNumber", "")
    report.errors.append(reason)
    return False


def _log_failure(record: Record, reason: str) -> None:
    try:
        change = parse(record)
    except UNREADABLE:
        return  # It is not about a key; the log of the batch has the reason.
    row = change.new or change.old
    key_log.log_failure(change.bucket, change.key, row.sequencer if row else None, reason)
