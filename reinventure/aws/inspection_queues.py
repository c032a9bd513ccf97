"""The queues of content inspection, and the inspection requests that the command sends."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reinventure.contract import InspectionOutputs
from reinventure.errors import UserError
from s3_catalog.model.row import Row

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

_BATCH = 10
"""Messages in a request, the limit of SQS. Ten of the longest keys are 62 KB."""


@dataclass(frozen=True)
class InspectionQueues:
    """The queue of small objects and the queue of large objects."""

    sqs: "SQSClient"
    outputs: InspectionOutputs

    def request(self, rows: Iterable[Row]) -> int:
        """Send an inspection request for the object of each of `rows`; return their number.

        Idempotent. Raises UserError when a queue refuses a message, and botocore's ClientError or
        BotoCoreError.
        """
        small, large = self.outputs.examine_queue_url, self.outputs.worker_queue_url
        max_small_bytes = self.outputs.inspect_max_mib * 2**20
        waiting: dict[str, list[Row]] = {small: [], large: []}
        sent = 0
        for row in rows:
            queue = large if (row.size or 0) > max_small_bytes else small
            waiting[queue].append(row)
            if len(waiting[queue]) == _BATCH:
                sent += self._send(queue, waiting[queue])
                waiting[queue] = []
        return sent + sum(self._send(queue, left) for queue, left in waiting.items() if left)

    def _send(self, queue: str, rows: list[Row]) -> int:
        reply = self.sqs.send_message_batch(
            QueueUrl=queue,
            Entries=[
                {
                    "Id": str(number),
                    "MessageBody": json.dumps({"bucket": row.bucket, "key": row.key}),
                }
                for number, row in enumerate(rows)
            ],
        )
        for refused in reply.get("Failed", []):
            raise UserError(
                f"queue {queue} refused a message: {refused['Code']} {refused.get('Message', '')}. "
                "Run the command again: requests are idempotent"
            )
        return len(rows)
