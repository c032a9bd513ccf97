"""Keep the rows of all CSV files of the catalog in a DuckDB file: csv_to_duckdb.py QUEUE FILE."""

import json
import shutil
import sys
from contextlib import suppress
from tempfile import NamedTemporaryFile
from typing import Any

import boto3
import duckdb

TABLES = """CREATE TABLE IF NOT EXISTS rows (bucket TEXT, key TEXT, row JSON);
CREATE TABLE IF NOT EXISTS files (bucket TEXT, key TEXT, position TEXT, time TIMESTAMPTZ,
  problem TEXT, PRIMARY KEY (bucket, key));
DELETE FROM files WHERE problem = 'deleted' AND time < now() - INTERVAL 60 DAYS"""
CONTENT = {"size", "etag", "version_id"}
LOAD = "INSERT INTO loaded SELECT to_json(r) FROM read_csv(?, header = true, all_varchar = true) r"
s3 = boto3.client("s3")


def follow(change: dict[str, Any], db: duckdb.DuckDBPyConnection) -> None:
    """Replace the rows of a file by those of `change`, unless this or a later one is there."""
    if change["kind"] == "updated" and not CONTENT.intersection(change.get("changed", CONTENT)):
        return  # Another storage class, for example.
    of = [change["bucket"], change["key"]]
    healed, asked = change.get("healed_at") or 0, change["asked_at"] or 0
    position = f"{healed:020} {change['sequencer']} {asked:020}"
    known = db.execute("SELECT position FROM files WHERE bucket = ? AND key = ?", of).fetchone()
    if known and position <= known[0]:
        return
    problem = load(change, db)
    db.begin()  # Rows and position change together, or neither does.
    db.execute("DELETE FROM rows WHERE bucket = ? AND key = ?", of)
    db.execute("INSERT INTO rows SELECT ?, ?, row FROM loaded", of)
    file = [*of, position, change["time"], problem]
    db.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", file)
    db.commit()
    print(json.dumps(file), flush=True)


def load(change: dict[str, Any], db: duckdb.DuckDBPyConnection) -> str | None:
    """Load the object of `change` into the table `loaded`; return why it has no rows, if so."""
    db.execute("CREATE OR REPLACE TEMP TABLE loaded (row JSON)")
    if change["new"] is None:
        return "deleted"
    try:
        found = s3.get_object(Bucket=change["bucket"], Key=change["key"])
        if found["ETag"].strip('"') != change["new"]["etag"]:
            return "replaced"  # Another change follows.
        with NamedTemporaryFile() as copy:
            shutil.copyfileobj(found["Body"], copy, 2**20)
            copy.flush()
            db.execute(LOAD, [copy.name])
    except (duckdb.Error, s3.exceptions.NoSuchKey, s3.exceptions.InvalidObjectState) as error:
        return str(error)
    return None


if __name__ == "__main__":
    queue, path = sys.argv[1:] if len(sys.argv) == 3 else sys.exit(__doc__)  # noqa: PLR2004
    sqs = boto3.client("sqs")
    with suppress(KeyboardInterrupt), duckdb.connect(path) as db:
        db.execute(TABLES)
        while True:
            for each in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20).get("Messages", []):
                follow(json.loads(each["Body"]), db)
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=each["ReceiptHandle"])
