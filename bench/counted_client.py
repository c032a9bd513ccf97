"""A client of DynamoDB that counts the write units of its requests.

Source: "Read and write operations" in the Amazon DynamoDB Developer Guide. A write of an item of up
to 1 KB takes a unit, a refused conditional write as well, and each of a transaction two.
"""

import json
from typing import Any

_UNIT_BYTES = 1024
_SINGLE = {"delete_item", "put_item", "update_item"}
_READS = {"batch_get_item", "get_item", "query"}


class CountedClient:
    """The client `client`, and the `units` that it was charged so far.

    Raises ValueError for a write that might be of more than one unit.
    """

    def __init__(self, client: object) -> None:
        self._client = client
        self.units = 0
        self.requests = 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        if name == "exceptions" or name in _READS:
            return method

        def counted(**request: Any) -> Any:
            self.requests += 1
            self.units += _units(name, request)
            return method(**request)

        return counted


def _units(operation: str, request: dict[str, Any]) -> int:
    if operation in _SINGLE:
        return _checked([request])
    if operation == "batch_execute_statement":
        return _checked(request["Statements"])
    if operation == "transact_write_items":
        return 2 * _checked([write for each in request["TransactItems"] for write in each.values()])
    raise ValueError(f"no units are known of {operation}")


def _checked(writes: list[dict[str, Any]]) -> int:
    for write in writes:
        names = ("Item",) if "Item" in write else ("Key", "ExpressionAttributeValues", "Parameters")
        size = len(json.dumps([write.get(name) for name in names]))
        if size > _UNIT_BYTES:
            raise ValueError(f"a write of {size:,} bytes may take several units")
    return len(writes)
