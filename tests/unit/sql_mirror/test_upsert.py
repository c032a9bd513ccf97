"""The parameters of the statement that writes a batch."""

from unittest.mock import MagicMock

from s3_catalog.sql_mirror.data_api import Database
from s3_catalog.sql_mirror.state import State
from s3_catalog.sql_mirror.upsert import upsert


def test_states_are_written_in_the_order_of_the_primary_key() -> None:
    client = MagicMock()
    places = [("two", "b"), ("two", "ä"), ("two", "a"), ("one", "c"), ("two", "B")]
    states = [State(*place, 1, "e", None, "t", "n", "p") for place in places]
    upsert(Database(client, "cluster", "secret", MagicMock()), states)
    parameters = client.execute_statement.call_args.kwargs["parameters"]
    keys = [each["value"]["blobValue"] for each in parameters if each["name"].startswith("key")]
    assert keys == [b"c", b"B", b"a", b"b", "ä".encode()]
    buckets = [each["value"]["stringValue"] for each in parameters if "bucket" in each["name"]]
    assert buckets == ["one", "two", "two", "two", "two"]
