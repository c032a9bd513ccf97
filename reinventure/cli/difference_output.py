"""Differences between bucket and catalog, for a person or as JSON for a program."""

from reinventure.aws.bucket_comparison import Difference
from reinventure.printable import printable, printable_json
from s3_catalog.model.row import Row
from s3_catalog.model.stored_object import StoredObject
from s3_catalog.reconciliation.difference import Kind


def difference_line(difference: Difference) -> str:
    """Return `difference` for a person: its kind, the key, object and row."""
    return _line(difference, difference.key)


def difference_line_of_bucket(difference: Difference) -> str:
    """Return the line of `difference` with a URL in place of the key."""
    return _line(difference, f"s3://{difference.bucket}/{difference.key}")


def difference_json(difference: Difference) -> str:
    """Return `difference` as one line of JSON, the key unchanged."""

    def side(known: StoredObject | Row | None) -> dict[str, object] | None:
        if known is None or known.size is None:
            return None
        return {"size": known.size, "etag": known.etag, "version_id": known.version_id}

    return printable_json(
        {
            "kind": difference.kind.value,
            "bucket_name": difference.bucket,
            "key": difference.key,
            "bucket": side(difference.stored),
            "catalog": side(difference.row),
            "sequencer": difference.row.sequencer if difference.row else None,
        }
    )


def _line(difference: Difference, key: str) -> str:
    stored, row = difference.stored, difference.row
    listed = f"{stored.size} bytes, {stored.etag}" if stored else "nothing"
    catalog = f"{row.size} bytes, {row.etag}" if row and not row.deleted else "nothing"
    if row and difference.kind is Kind.IMPLAUSIBLE:
        catalog += f"; sequencer: {row.sequencer}"
    return printable(f"{difference.kind.value:<11} {key}  (bucket: {listed}; catalog: {catalog})")
