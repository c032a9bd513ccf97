"""The notification configuration of a bucket as it was found: kept in a file, and compared."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from reinventure.aws.notification_entry import NotificationEntry
from reinventure.errors import UserError
from reinventure.state_folder import state_folder
from s3_catalog.attachment.notification_document import Element, NotificationDocument


def keep(bucket: str, found: NotificationDocument, now: float) -> Path:
    """Write the configuration `found` of `bucket`, byte for byte, to a new file; return its path.

    `now` is Unix time, in seconds. Raises OSError.
    """
    folder = state_folder() / "notifications"
    folder.mkdir(parents=True, exist_ok=True)
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    path = folder / f"{bucket}-{moment}.xml"
    try:
        path.write_bytes(found.content)
    except OSError as error:
        error.filename = str(path)  # The error of a full disk has none.
        raise
    return path


def require_unchanged(bucket: str, kept: Path, now: NotificationDocument) -> None:
    """Compare the entries of `now` with those in the file `kept`, but for the EventBridge switch.

    Raises UserError, which names the entries that differ and the file, and OSError.
    """
    before = Counter(NotificationDocument.parse(kept.read_bytes()).entries)
    after = Counter(now.entries)
    changes = [
        f"{verb}: {_names(entries)}"
        for verb, entries in (("missing", before - after), ("new", after - before))
        if entries
    ]
    if changes:
        raise UserError(
            f"the notification configuration of s3://{bucket} is not the one that was found "
            f"({'; '.join(changes)}). Another writer has changed it meanwhile. It was found as in "
            f"{kept}: put back what is missing, and run the command again, which continues"
        )


def _names(entries: Iterable[Element]) -> str:
    named = map(NotificationEntry.of, entries)
    return ", ".join(f"{each.kind} {each.id or '(no id)'}" for each in named)
