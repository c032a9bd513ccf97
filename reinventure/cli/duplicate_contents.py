"""Objects with equal content, found without holding all of them in memory."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from types import TracebackType

from reinventure.errors import UserError
from s3_catalog.model.row import Row


@dataclass(frozen=True)
class Copies:
    """`count` objects of `size` bytes each, all with the same SHA-256. `keys` yields theirs."""

    sha256: str
    size: int
    count: int
    keys: Callable[[], Iterator[str]]

    @property
    def wasted(self) -> int:
        """The bytes of all copies but one."""
        return self.size * (self.count - 1)


class Contents:
    """The contents of objects, in a temporary SQLite file. A context manager.

    Memory stays at about 2 MB for any number of objects. The file has the key of each object, and
    about 100 bytes more, in SQLite's temporary folder (`SQLITE_TMPDIR`, `TMPDIR`, /var/tmp). At
    the end of the context an error of SQLite, such as a full disk, becomes a UserError.
    """

    def __init__(self) -> None:
        # An empty name makes a temporary file, which SQLite deletes as soon as it is open.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("CREATE TABLE object (sha256 BLOB, size INTEGER, key TEXT)")
        self._database.execute("BEGIN")

    def __enter__(self) -> "Contents":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()
        if isinstance(error, sqlite3.Error):
            raise UserError(
                f"the temporary file of hashes and keys cannot be used: {error}. Choose another "
                "folder for it with SQLITE_TMPDIR"
            ) from None

    def add(self, row: Row) -> bool:
        """Add the object of `row`; return False if its SHA-256 is not known."""
        digest = row.inspected.sha256 if row.inspected else None
        if digest is None:
            return False
        self._database.execute(
            "INSERT INTO object VALUES (?, ?, ?)", (bytes.fromhex(digest), row.size, row.key)
        )
        return True

    def copies(self) -> Iterator[Copies]:
        """Yield each content of several objects, the most wasted bytes first."""
        self._database.execute("CREATE INDEX by_content ON object (sha256, key)")
        found = self._database.execute(
            "SELECT sha256, size, count(*) AS count FROM object GROUP BY sha256"
            " HAVING count(*) > 1 ORDER BY size * (count(*) - 1) DESC, sha256"
        )
        for digest, size, count in found:
            yield Copies(digest.hex(), size, count, partial(self._keys, digest))

    def _keys(self, digest: bytes) -> Iterator[str]:
        # SQLite orders text by its UTF-8 bytes, as listings of S3 do.
        found = self._database.execute(
            "SELECT key FROM object WHERE sha256 = ? ORDER BY key", (digest,)
        )
        return (key for (key,) in found)
