"""What a folder holds: the totals of the folders in it, of its own objects, and of the whole."""

import heapq
from dataclasses import dataclass, field
from operator import attrgetter

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console.place import Place
from s3_catalog.totals.tally import Tally, Total, level

MAX_FOLDERS = 500
"""Folders that are listed: those with the most bytes. More are counted only."""


@dataclass(frozen=True, slots=True)
class FolderTotals:
    """The totals of a folder: the `whole`, its largest `folders` by size, and the `rest`.

    `rest` is what is in none of `folders`: the objects of the folder itself, and those of the
    `more` smaller folders. `counted` is whether there are totals of this level; without, all
    numbers are zero.
    """

    whole: Tally
    folders: tuple[Total, ...] = ()
    rest: Tally = field(default_factory=Tally)
    more: int = 0
    counted: bool = True


def folder_totals(catalog: DeployedCatalog, place: Place) -> FolderTotals:
    """Return the totals of `place` as they are now.

    Raises botocore's ClientError or BotoCoreError.
    """
    totals = catalog.totals()
    if not totals.counts(place.folder):
        return FolderTotals(Tally(), counted=False)
    total = totals.total(place.bucket, place.folder)
    number = 0
    largest: list[tuple[int, int, str, Total]] = []
    if level(place.folder) < totals.depth:
        for each in totals.below(place.bucket, place.folder, 1):
            number += 1
            entry = (each.bytes, each.objects, each.folder, each)
            if len(largest) < MAX_FOLDERS:
                heapq.heappush(largest, entry)
            else:
                heapq.heappushpop(largest, entry)
    folders = sorted((each for *_, each in largest), key=attrgetter("folder"))
    folders.sort(key=lambda each: (-each.bytes, -each.objects))
    whole = Tally(total.objects, total.bytes)
    # The two were read one after the other, while changes came.
    rest = whole - Tally(sum(each.objects for each in folders), sum(each.bytes for each in folders))
    return FolderTotals(
        whole,
        tuple(folders),
        Tally(max(0, rest.objects), max(0, rest.bytes)),
        max(0, number - MAX_FOLDERS),
    )
