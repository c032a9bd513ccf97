"""The lines of one key in the logs of the functions (`s3_catalog.key_log`)."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, cast

from botocore.exceptions import ClientError

from reinventure.aws import deployed_stack
from reinventure.aws.connection import config
from s3_catalog import key_log
from s3_catalog.model.timestamps import microseconds

if TYPE_CHECKING:
    import boto3

MAX_LINES = 2_000
"""Lines of a key that are read of one log group: enough for some hundred events."""

_MAX_PAGES = 100
"""Pages of a log group: CloudWatch Logs returns empty ones while it searches."""


class LogsClient(Protocol):
    """What is used of boto3's client of CloudWatch Logs."""

    def filter_log_events(self, **request: object) -> dict[str, Any]:
        """Return a page of the events that match a pattern."""


@dataclass(frozen=True)
class KeyLogReader:
    """The logs of the functions of `stacks`, those of one catalog that exist."""

    session: "boto3.Session"
    stacks: tuple[str, ...]

    @cached_property
    def _logs(self) -> LogsClient:
        return cast("LogsClient", self.session.client("logs", config=config()))

    @cached_property
    def groups(self) -> list[str]:
        """Names of the log groups of all functions."""
        cloudformation = self.session.client("cloudformation", config=config())
        return [
            name
            for stack in self.stacks
            for _, name in deployed_stack.resources(cloudformation, stack, "AWS::Logs::LogGroup")
        ]

    def lines(self, bucket: str, key: str, since: datetime) -> list[dict[str, Any]]:
        """Return the lines of `key` since then, in the order of their times.

        Of each function at most `MAX_LINES`, the oldest. Raises botocore's ClientError or
        BotoCoreError.
        """
        found = [
            line for group in self.groups for line in self._of_group(group, bucket, key, since)
        ]
        return sorted(found, key=lambda line: int(line["at"]))

    def _of_group(
        self, group: str, bucket: str, key: str, since: datetime
    ) -> Iterator[dict[str, Any]]:
        request: dict[str, object] = {
            "logGroupName": group,
            # A place has no character that means something in a pattern. The key itself may have
            # any, and the emulator evaluates no pattern of JSON fields.
            "filterPattern": f'"{key_log.place(bucket, key)}"',
            "startTime": microseconds(since) // 1000,
        }
        left = MAX_LINES
        for _ in range(_MAX_PAGES):
            try:
                page = self._logs.filter_log_events(**request, limit=left)
            except ClientError as error:
                # A function that was never invoked may have none yet.
                if error.response["Error"]["Code"] == "ResourceNotFoundException":
                    return
                raise
            lines = (parse(each.get("message", ""), bucket, key) for each in page["events"])
            yield from filter(None, lines)
            left -= len(page["events"])
            if left <= 0 or "nextToken" not in page:
                return
            request["nextToken"] = page["nextToken"]


def parse(message: str, bucket: str, key: str) -> dict[str, Any] | None:
    """Return the fields of a line about `key`; None for any other text, such as one that quotes it.

    Whoever may write to a log group can write any line: what is read is no instruction, only text.
    """
    try:
        line = json.loads(message)
    except (ValueError, RecursionError):
        return None
    if not isinstance(line, Mapping) or line.get("logger") != key_log.LOGGER:
        return None
    if (line.get("bucket"), line.get("key")) != (bucket, key) or not isinstance(
        line.get("at"), int
    ):
        return None
    return dict(line)
