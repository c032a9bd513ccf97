"""The EventBridge switch of a bucket: on, S3 sends the bucket's events to EventBridge.

S3 can replace a notification configuration, but not change one, and has no condition for a write.
So a switch is read, merged and written, and read again:

- A writer between the first reading and the write is overwritten, and nothing can show it. This
  window of one request is the only order that loses a change of others. A write without an answer
  may take effect later; until then the window is open.
- A writer after the write, who had read before it, overwrites the switch. The second reading shows
  it, and the merge starts over with what that writer wrote.
- A conflict (409) or no answer starts over as well, with another reading.

A bucket's configuration is eventually consistent (S3 User Guide), so a reading may show the one
before. For a switch this costs another attempt; for a change of others it widens the window.
"""

import logging
import random
from collections.abc import Callable
from time import sleep

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

from s3_catalog.attachment.bucket_notifications import BucketNotifications
from s3_catalog.exceptions import EventBridgeSwitchError

_log = logging.getLogger(__name__)

MAX_ATTEMPTS = 8

_MAX_PAUSE = 10.0
"""Seconds between two attempts."""

_RETRIED_STATUS = frozenset({403, 409, 429, 500, 502, 503, 504})
"""With 403, because IAM is eventually consistent: a policy may be seconds old."""

_RETRIED_CODES = frozenset({"RequestTimeout", "SlowDown"})


class EventBridgeSwitch:
    """The switch of `bucket`, which must be in `region`.

    `written` is whether `turn` has written, or may have: a request without an answer may have had
    its effect. `pause` waits for some seconds.
    """

    def __init__(
        self,
        notifications: BucketNotifications,
        bucket: str,
        region: str,
        pause: Callable[[float], None] = sleep,
    ) -> None:
        self._notifications = notifications
        self._bucket = bucket
        self._region = region
        self._pause = pause
        self.written = False

    def turn(self, on: bool) -> None:
        """Turn the switch `on` or off, with all else of the configuration as it is.

        Writes nothing if it is so already. Raises EventBridgeSwitchError for a bucket of another
        region, and if others change the configuration, or S3 refuses or does not answer, during
        `MAX_ATTEMPTS`; MalformedError if S3 sends no configuration; botocore's ClientError if the
        bucket does not exist, or the request is invalid.
        """
        reason = ""
        for attempt in range(MAX_ATTEMPTS):
            if attempt:
                self._pause(_pause_before(attempt))
            try:
                if self._attempt(on):
                    return
                reason = "another writer has overwritten it"
            except (ClientError, BotoConnectionError, HTTPClientError) as error:
                if not _may_succeed_later(error):
                    raise
                reason = str(error)
            _log.warning("%s: attempt %d: %s", self._bucket, attempt + 1, reason)
        raise EventBridgeSwitchError(
            f"EventBridge could not be turned {'on' if on else 'off'} for the bucket "
            f"{self._bucket} in {MAX_ATTEMPTS} attempts: {reason}"
        )

    def _attempt(self, on: bool) -> bool:
        # S3 answers for buckets of any region, but sends events to the bus of the bucket's own.
        region = self._notifications.region(self._bucket)
        if region != self._region:
            raise EventBridgeSwitchError(
                f"the bucket {self._bucket} is in {region}, where only a catalog of that region "
                f"receives its events; this one is in {self._region}"
            )
        found = self._notifications.read(self._bucket)
        if found.on == on:
            return True
        try:
            self._notifications.write(self._bucket, found.switched(on))
        except ClientError as error:
            self.written |= _status(error) >= 500  # noqa: PLR2004 (S3 failed, perhaps afterwards)
            raise
        except HTTPClientError:
            self.written = True
            raise
        self.written = True
        kept = self._notifications.read(self._bucket)
        if kept.entries != found.entries:
            # Not put back: an entry that was removed after this write was removed on purpose.
            _log.warning("%s: another writer has changed the other entries", self._bucket)
        return kept.on == on


def _pause_before(attempt: int) -> float:
    longest = min(2.0 ** (attempt - 1), _MAX_PAUSE)
    return random.uniform(longest / 2, longest)  # noqa: S311 (nothing is secret)


def _may_succeed_later(error: ClientError | BotoConnectionError | HTTPClientError) -> bool:
    return (
        not isinstance(error, ClientError)
        or _status(error) in _RETRIED_STATUS
        or error.response["Error"].get("Code") in _RETRIED_CODES
    )


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
