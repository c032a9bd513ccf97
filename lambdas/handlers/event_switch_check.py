"""`event_switch_check`: fails every hour in which an attached bucket sends no events."""

from s3_catalog import clients
from s3_catalog.attachment.bucket_notifications import BucketNotifications
from s3_catalog.attachment.switch_check import check_switches
from s3_catalog.environment.event_switch_check_environment import EventSwitchCheckEnvironment
from s3_catalog.model import scope

_environment = EventSwitchCheckEnvironment.from_env()
_notifications = BucketNotifications(clients.s3(), _environment.bucket_account)


def handler(_event: object, _context: object) -> None:
    """Raise EventBridgeSwitchError, which names the buckets, if any sends no events."""
    check_switches(_notifications, scope.parse(_environment.buckets).buckets)
