"""duckdb, which counts the rows of a file with one thread.

    python -m bench.inspection_peers csv|json FILE

Prints, as JSON, the CPU in seconds, and the number of rows.
"""

import json
import sys
import time

import duckdb

_READERS = {"csv": "read_csv(?, header=false)", "json": "read_ndjson(?)"}


def main() -> None:
    """Count the rows of a file."""
    kind, path = sys.argv[1:]
    connection = duckdb.connect(config={"threads": 1})
    start = time.process_time()
    # The reader is one of two, and the path is a parameter.
    query = f"SELECT count(*) FROM {_READERS[kind]}"  # noqa: S608
    [rows] = connection.execute(query, [path]).fetchall()[0]
    print(json.dumps([time.process_time() - start, rows]))


if __name__ == "__main__":
    main()
