"""The comparison of a bucket with its catalog while the bucket changes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.errors import CheckFailedError
from reinventure.printable import printable
from s3_catalog.correction import correct
from s3_catalog.exceptions import ContendedError
from s3_catalog.model.timestamps import utc_now
from s3_catalog.reconciliation.difference import difference

ATTEMPTS = 5
"""Corrections of a key that differs again: others write it all the time."""

STRIDE = 1000
"""Keys between two checkpoints."""


@dataclass(frozen=True, slots=True)
class Compared:
    """All keys up to `after` are done: `keys` were compared, and `corrected` of them differed."""

    after: str = ""
    keys: int = 0
    corrected: int = 0


def compare(
    catalog: DeployedCatalog,
    prefix: str,
    begun: Compared,
    pause: Callable[[float], None],
) -> Iterator[Compared]:
    """Compare each key under `prefix` of the bucket with its row; correct it where they differ.

    A key differs while its event is on its way, and for good if there was no event. Either way it
    is looked up, corrected, and compared again. Continues after `begun`; yields each checkpoint,
    and the end. `pause` waits for some seconds.

    Raises CheckFailedError for a key that differs after `ATTEMPTS` corrections, and botocore's
    ClientError or BotoCoreError.
    """
    done = begun
    for stored, row in catalog.compared(prefix, begun.after):
        found = difference(stored, row, utc_now())
        if found and not _correct(catalog, found.key, pause):
            raise CheckFailedError(
                f"s3://{catalog.bucket}/{printable(found.key)} and its row differ after {ATTEMPTS} "
                "corrections. Run the command again when fewer writers change it"
            )
        key = stored.key if stored else row.key if row else ""
        done = Compared(key, done.keys + 1, done.corrected + bool(found))
        if done.keys % STRIDE == 0:
            yield done
    yield done


def _correct(catalog: DeployedCatalog, key: str, pause: Callable[[float], None]) -> bool:
    """Correct the row of `key`; return whether it agrees with the bucket then."""
    for attempt in range(ATTEMPTS):
        if attempt:
            pause(attempt)
        try:
            correct(catalog.store(), catalog.stored(), key)
        except ContendedError:
            continue
        row = catalog.store().read(catalog.bucket, key)
        if difference(catalog.stored().current(key), row, utc_now()) is None:
            return True
    return False
