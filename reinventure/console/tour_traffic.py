"""Changes of objects that show a fault, or the tour: bounded, below a prefix of their own."""

from reinventure.aws.deployed_catalog import DeployedCatalog

PREFIX = "console-tour/"
"""Of all keys that the console changes by itself. What is there, it deletes in the end."""

KEYS = 12
"""Of the traffic: few, so that keys are overwritten and deleted."""

_DELETED = 5
"""Of so many changes of the traffic, one is a deletion."""


class TourTraffic:
    """Changes to the bucket of `catalog` that the stack made. Methods raise botocore's errors.

    Raises UserError if there is none: nothing is written to attached buckets.
    """

    def __init__(self, catalog: DeployedCatalog) -> None:
        self._catalog = catalog.own()
        self._count = 0

    @property
    def bucket(self) -> str:
        """The bucket that is changed."""
        return self._catalog.bucket

    def put(self, name: str) -> str:
        """Write an object and return its key; its content differs from that of all before."""
        key = f"{PREFIX}{name}"
        self._count += 1
        self._catalog.s3.put_object(
            Bucket=self.bucket, Key=key, Body=f"change {self._count} of the console\n".encode()
        )
        return key

    def delete(self, name: str) -> str:
        """Delete an object and return its key."""
        key = f"{PREFIX}{name}"
        self._catalog.s3.delete_object(Bucket=self.bucket, Key=key)
        return key

    def change(self, number: int) -> None:
        """Make change `number` of the traffic: one key after the other, a put or a deletion."""
        name = f"{number % KEYS:02}.txt"
        if number % _DELETED == _DELETED - 1:
            self.delete(name)
        else:
            self.put(name)

    def clean_up(self) -> None:
        """Delete all versions of all objects below the prefix."""
        s3 = self._catalog.s3
        pages = s3.get_paginator("list_object_versions").paginate(
            Bucket=self.bucket, Prefix=PREFIX, PaginationConfig={"PageSize": 1000}
        )
        for page in pages:
            listed = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            if listed:
                s3.delete_objects(
                    Bucket=self.bucket,
                    Delete={
                        "Objects": [
                            {"Key": each["Key"], "VersionId": each["VersionId"]} for each in listed
                        ]
                    },
                )
