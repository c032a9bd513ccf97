"""An entry of a bucket's notification configuration, as a person sees it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from s3_catalog.attachment.notification_document import Element

_KINDS = {
    "CloudFunctionConfiguration": "function",
    "QueueConfiguration": "queue",
    "TopicConfiguration": "topic",
}
"""Names of elements in S3's document."""


@dataclass(frozen=True, slots=True)
class NotificationEntry:
    """An entry to a `function`, `queue` or `topic`; another `kind` is the name of its element.

    `destinations` are ARNs: one, as far as S3 documents. `filters` are such as `prefix in/`. Every
    text is as S3 has it, and may have any characters.
    """

    kind: str
    id: str
    destinations: tuple[str, ...]
    events: tuple[str, ...]
    filters: tuple[str, ...]

    @classmethod
    def of(cls, element: Element) -> Self:
        """Return the entry in `element`. What an unknown one does not have is empty."""
        name, _, _, children = element
        texts = [(child, text) for child, _, text, _ in children]
        return cls(
            kind=_KINDS.get(name, name),
            id=next((text for child, text in texts if child == "Id"), ""),
            destinations=tuple(text for _, text in texts if text.startswith("arn:")),
            events=tuple(text for child, text in texts if child == "Event"),
            filters=tuple(_filters(element)),
        )


def _filters(element: Element) -> Iterator[str]:
    name, _, _, children = element
    if name == "FilterRule":
        texts = {child: text for child, _, text, _ in children}
        yield f"{texts.get('Name', '')} {texts.get('Value', '')}"
    for child in children:
        yield from _filters(child)
