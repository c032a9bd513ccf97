"""Entries added to the setting `buckets`, and taken away from it."""

import shlex

from reinventure import bucket_list
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.bucket_list import CREATE, BucketList
from reinventure.errors import UserError
from reinventure.printable import printable_json
from s3_catalog.model import scope
from s3_catalog.model.scope import Entry


def with_entry(value: str, entry: Entry) -> str:
    """Return the setting `value` with `entry`, in order; it may have it already.

    Raises UserError if the list is invalid, or would be.
    """
    found = _parsed(value)
    if entry in found.attached.entries:
        return str(found)
    try:
        attached = scope.of((*found.attached.entries, entry))
    except ValueError as error:
        raise UserError(f"setting buckets: {error}") from None
    changed = BucketList(create=found.create, attached=attached)
    if _parsed(str(changed)) != changed:
        raise UserError(f"setting buckets: it cannot name a bucket {CREATE!r}, only its prefixes")
    return str(changed)


def without_entry(value: str, entry: Entry) -> str:
    """Return the setting `value` without `entry`, in order; it may lack it already.

    Raises UserError if the list is invalid, or nothing would be left.
    """
    found = _parsed(value)
    left = scope.of(each for each in found.attached.entries if each != entry)
    if not left.entries and not found.create:
        raise UserError(
            f"without s3://{entry} the catalog would have no bucket. Attach another one first, or "
            "remove the catalog: `make destroy` (an account), `make down` (the local cloud)"
        )
    return str(BucketList(create=found.create, attached=left))


def entries(value: str) -> tuple[Entry, ...]:
    """Return the attached entries of the setting `value`. Raises UserError if it is invalid."""
    return _parsed(value).attached.entries


def require_as_deployed(value: str, deployed: BucketList, entry: Entry) -> None:
    """Raise UserError if the setting `value` differs from what is `deployed` by more than `entry`.

    A deployment would detach, or attach, what was not asked for: if another checkout has deployed
    last, for example.
    """
    here, there = _names(value, entry), _names(str(deployed), entry)
    differences = [
        f"{where}: {', '.join(sorted(names))}"
        for where, names in (("not deployed", here - there), ("only deployed", there - here))
        if names
    ]
    if differences:
        raise UserError(
            f"the setting buckets is not the deployed one ({'; '.join(differences)}), so more than "
            f"s3://{entry} would change. Update cdk.json, or deploy it, first"
        )


def deployed_buckets(catalog: DeployedCatalog) -> BucketList:
    """Return the buckets that `catalog` was deployed with when it was found."""
    attached = scope.parse(catalog.outputs.attached_buckets or "")
    return BucketList(create=catalog.outputs.bucket_name is not None, attached=attached)


def line(value: str) -> str:
    """Return the line of cdk.json that sets `value`, safe to print."""
    return f'"buckets": {printable_json(value)}'


def option(value: str) -> str:
    """Return the option of the CDK CLI that sets `value` for one command, quoted for a shell."""
    return f"-c {shlex.quote(f'buckets={value}')}"


def _parsed(value: str) -> BucketList:
    try:
        return bucket_list.parse(value)
    except ValueError as error:
        raise UserError(f"setting buckets: {error}") from None


def _names(value: str, entry: Entry) -> set[str]:
    found = _parsed(value)
    own = {CREATE} if found.create else set[str]()
    return own | {f"s3://{each}" for each in found.attached.entries if each != entry}
