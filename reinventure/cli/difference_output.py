"""Differences between bucket and catalog, for a person or as JSON for a program."""

from reinventure.printable import printable, printable_json
from s3_catalog.model.row import Row
from s3_catalog.model.stored_object import StoredObject
from s3_catalog.reconciliation.difference import Difference, Kind


def difference_line(difference: Difference, bucket: str | None) -> str:
    """Return `difference` for a person: its kind, the key, object and row.

    With a `bucket`, its name, there is a URL in place of the key.
    """
    key = difference.key if bucket is None else f"s3://{bucket}/{difference.key}"
    stored, row = difference.stored, difference.row
    listed = f"{stored.size} bytes, {stored.etag}" if stored else "nothing"
    catalog = f"{row.size} bytes, {row.etag}" if row and not row.deleted else "nothing"
    if row and difference.kind is Kind.IMPLAUSIBLE:
        catalog += f"; sequencer: {row.sequencer}"
    return printable(f"{difference.kind.value:<11} {key}  (bucket: {listed}; catalog: {catalog})")


def difference_json(difference: Difference, bucket: str) -> str:
    """Return `difference`, of the bucket of this name, as one line of JSON, the key unchanged."""

    def side(known: StoredObject | Row | None) -> dict[str, object] | None:
        if known is None or known.size is None:
            return None
        return {"size": known.size, "etag": known.etag, "version_id": known.version_id}

    return printable_json(
        {
            "kind": difference.kind.value,
            "bucket_name": bucket,
            "key": difference.key,
            "bucket": side(difference.stored),
            "catalog": side(difference.row),
            "sequencer": difference.row.sequencer if difference.row else None,
        }
    )
