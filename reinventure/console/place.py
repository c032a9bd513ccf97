"""A place in the catalog: a bucket and a folder, as an address and a form name them.

A form changes line breaks of its fields, and what is shown has characters spelled out that have no
glyph. So a folder or key is percent-encoded in a form, as in an address.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlencode

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.errors import UserError
from reinventure.printable import printable
from s3_catalog.model import object_key


@dataclass(frozen=True, slots=True)
class Place:
    """A `folder` of `bucket`: a prefix of keys that is empty or ends with a slash."""

    bucket: str
    folder: str = ""

    def address(self, path: str, **more: str) -> str:
        """Return the address of the page `path` of this place. It is ASCII."""
        named = {"bucket": self.bucket, "folder": folder_text(self.folder), **more}
        return f"{path}?{urlencode({name: value for name, value in named.items() if value})}"

    def above(self) -> list[tuple[str, "Place"]]:
        """Return name and place of each folder on the way from the bucket to this one."""
        parts = self.folder.split("/")[:-1]
        return [
            (part, Place(self.bucket, "".join(f"{each}/" for each in parts[: number + 1])))
            for number, part in enumerate(parts)
        ]


def name_text(name: str) -> str:
    """Return `name` as it is shown: in quotation marks if it begins or ends with a space."""
    return f'"{printable(name)}"' if name != name.strip() else printable(name)


def folder_text(folder: str) -> str:
    """Return `folder`, or a key, percent-encoded."""
    return quote(folder, safe="/")


def place(form: Mapping[str, str], catalog: DeployedCatalog) -> Place:
    """Return the place that `form` names, by default the first bucket. Raises UserError."""
    bucket = form.get("bucket") or catalog.scope.buckets[0]
    folder = decoded(form.get("folder", ""))
    if folder and not folder.endswith("/"):
        raise UserError("a folder ends with a slash")
    catalog.choose(bucket, folder)
    return Place(bucket, folder)


def decoded(text: str) -> str:
    """Return the folder or key of a percent-encoded `text`; "" stays. Raises UserError."""
    try:
        found = unquote(text, errors="strict")
        return found and object_key.check(found)
    except ValueError as error:
        raise UserError(f"invalid key: {error}") from None


def key_address(path: str, bucket: str, key: str) -> str:
    """Return the address of the page `path` of `key`. It is ASCII, whatever the key has."""
    return f"{path}?{urlencode({'bucket': bucket, 'key': key})}"
