"""Many writers, few keys, every way to change what is current."""

import random
from concurrent.futures import ThreadPoolExecutor

from reinventure.aws.deployed_catalog import DeployedCatalog

KEYS = [f"storm/{n} of 30 + ü.txt" for n in range(30)]
WRITERS = 8


def storm(catalog: DeployedCatalog, changes: int, seed: int) -> None:
    """Make `changes` random changes to a versioned bucket: puts, deletes, version deletes."""
    with ThreadPoolExecutor(WRITERS) as pool:
        seeds = range(seed * changes, (seed + 1) * changes)
        list(pool.map(lambda each: _change(catalog, random.Random(each)), seeds))  # noqa: S311


def _change(catalog: DeployedCatalog, chance: random.Random) -> None:
    s3, bucket, key = catalog.s3, catalog.bucket, chance.choice(KEYS)
    kind = chance.choices(["put", "delete", "remove a version"], [6, 2, 3])[0]
    if kind == "put":
        s3.put_object(Bucket=bucket, Key=key, Body=chance.randbytes(chance.randrange(200)))
    elif kind == "delete":
        s3.delete_object(Bucket=bucket, Key=key)
    else:
        page = s3.list_object_versions(Bucket=bucket, Prefix=key)
        versions = [v["VersionId"] for v in page.get("Versions", [])]
        markers = [m["VersionId"] for m in page.get("DeleteMarkers", [])]
        if versions or markers:
            # Removing the newest marker undeletes; removing the newest version goes back in time.
            chosen = chance.choice([*versions[:2], *markers[:2]])
            s3.delete_object(Bucket=bucket, Key=key, VersionId=chosen)
