"""The comparison of a bucket with its catalog while the bucket changes."""

from collections.abc import Callable
from dataclasses import dataclass

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.progress import Steps
from s3_catalog.correction import correct
from s3_catalog.exceptions import ContendedError
from s3_catalog.model.timestamps import utc_now
from s3_catalog.reconciliation.difference import difference

ATTEMPTS = 5
"""Corrections of a key that differs again: others write it all the time."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The numbers of keys compared, and of those that differed and were corrected.

    `different` is a key that differed after every correction, if there is one.
    """

    keys: int
    corrected: int
    different: str | None


def compare(
    catalog: DeployedCatalog, prefix: str, steps: Steps, pause: Callable[[float], None]
) -> Compared:
    """Compare each key under `prefix` of the bucket with its row; correct it where they differ.

    A key differs while its event is on its way, and for good if there was no event. Either way it
    is looked up, corrected, and compared again. `pause` waits for some seconds. Raises botocore's
    ClientError or BotoCoreError.
    """
    compared = corrected = 0
    for stored, row in steps.each(catalog.compared(prefix)):
        compared += 1
        found = difference(stored, row, utc_now())
        if found is None:
            continue
        if not _correct(catalog, found.key, pause):
            return Compared(compared, corrected, found.key)
        corrected += 1
    return Compared(compared, corrected, None)


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
