"""What the totals must be: the sums of S3's own listing."""

from collections import Counter

from reinventure.aws.deployed_catalog import DeployedCatalog
from s3_catalog.totals.tally import Total, folders
from tests.waiting import wait_until


def expect_totals(catalog: DeployedCatalog) -> set[Total]:
    """Wait until the totals are what S3 lists, or fail; return them."""
    found: set[Total] = set()
    expected = listed(catalog)

    def settled() -> bool:
        totals = catalog.totals()
        found.clear()
        found.add(totals.total(catalog.bucket, ""))
        found.update(totals.below(catalog.bucket, "", catalog.outputs.totals_depth))
        return found == expected

    wait_until(settled, left=lambda: found ^ expected)
    return found


def listed(catalog: DeployedCatalog) -> set[Total]:
    """Return the totals of the bucket and its folders, added up from ListObjectsV2."""
    objects, size = Counter[str](), Counter[str]()
    pages = catalog.s3.get_paginator("list_objects_v2").paginate(Bucket=catalog.bucket)
    for page in pages:
        for stored in page.get("Contents", []):
            for folder in folders(stored["Key"], catalog.outputs.totals_depth):
                objects[folder] += 1
                size[folder] += stored["Size"]
    return {Total(folder, objects[folder], size[folder]) for folder in objects}
