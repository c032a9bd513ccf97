"""Waiting until the catalog agrees with its bucket."""

import time
from itertools import chain

from reinventure.aws.deployed_catalog import DeployedCatalog
from s3_catalog.reconciliation.difference import Difference
from s3_catalog.reconciliation.difference import differences as compare

_POLL_SECONDS = 0.1


def differences(catalog: DeployedCatalog) -> list[Difference]:
    """Return every key on which bucket and catalog disagree now.

    Raises botocore's ClientError or BotoCoreError.
    """
    prefixes = catalog.scope.prefixes(catalog.bucket)
    listing = chain.from_iterable(catalog.stored().listing(prefix=each) for each in prefixes)
    return list(compare(listing, catalog.rows(consistent=True)))


def wait_until_equal(catalog: DeployedCatalog, patience: float) -> list[Difference]:
    """Wait until bucket and catalog agree, and return the differences that are left.

    Ends when the number of differences has not dropped for `patience` seconds: the catalog is then
    wrong, not late. The bucket must not change meanwhile. Raises botocore's ClientError or
    BotoCoreError.
    """
    left = differences(catalog)
    deadline = time.monotonic() + patience
    while left and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        now = differences(catalog)
        if len(now) < len(left):
            deadline = time.monotonic() + patience
        left = now
    return left
