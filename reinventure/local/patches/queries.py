"""Patch of the emulator's Query: it reads one page, not the whole partition."""

import importlib
import re
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any

from reinventure.local.patches.patch import patch

_Partition = dict[str, dict[str, Any]]

_CONDITION = re.compile(
    r"(?P<pk>\w+) = (?P<partition>:\w+)"
    r"(?: AND (?:(?P<compared>\w+) > (?P<after>:\w+)"
    r"|begins_with\((?P<searched>\w+), (?P<prefix>:\w+)\)))?"
)
"""The key conditions of this project. All others are evaluated as before."""


@dataclass
class _Page:
    """The items of a partition that a query returns, before its filter; `more` may follow."""

    items: _Partition
    more: bool = False


_page: ContextVar[_Page | None] = ContextVar("page", default=None)
"""Page of the query in this context."""


class _Items(defaultdict[str, _Partition]):
    """The items of a table by partition key and sort key, and the sort keys in order."""

    def __init__(self, items: dict[str, _Partition]) -> None:
        super().__init__(dict, items)
        self._orders: dict[str, list[str]] = {}

    def get(self, key: str, default: Any = None) -> Any:
        """Return the partition `key`, or what the query in this context needs of it."""
        page = _page.get()
        return super().get(key, default) if page is None else page.items

    def order(self, key: str) -> list[str]:
        """Return the sort keys of the partition `key` in order."""
        partition = super().get(key, {})
        # It has every key that is there. So if it has as many, it has none that is gone.
        if len(self._orders.get(key, ())) != len(partition):
            self._orders[key] = sorted(partition)
        return self._orders.get(key, [])

    def added(self, key: str, sort_key: str) -> None:
        """Note that an item is new."""
        if key in self._orders:
            insort(self._orders[key], sort_key)


@patch("1.5.33")
def queries_read_one_page() -> None:
    """Keep the sort keys of a partition in order, and show a query the items of its page alone.

    For speed only. MiniStack sorts and compares all items of the partition for each page. All its
    checks of the request remain.
    """
    dynamodb: Any = importlib.import_module("ministack.services.dynamodb")
    query, paginate = dynamodb._query, dynamodb._paginate_evaluated_items
    put = dynamodb._set_item

    @wraps(query)
    def query_page(data: dict[str, Any]) -> Any:
        token = _page.set(_find_page(dynamodb, data))
        try:
            return query(data)
        finally:
            _page.reset(token)

    @wraps(paginate)
    def find_page(items: Any, *arguments: Any) -> Any:
        page = _page.get()
        return paginate(items, *arguments) if page is None else (items, page.more)

    @wraps(put)
    def put_in_order(table: Any, key: Any, sort_key: Any, item: Any) -> Any:
        old = put(table, key, sort_key, item)
        if old is None and isinstance(table["items"], _Items):
            table["items"].added(key, sort_key)
        return old

    dynamodb._query = query_page
    dynamodb._paginate_evaluated_items = find_page
    dynamodb._set_item = put_in_order


def _find_page(dynamodb: Any, data: dict[str, Any]) -> _Page | None:
    """Return the page that the request `data` asks for; None for a query of another form.

    The request is not validated yet.
    """
    name, condition = data.get("TableName"), data.get("KeyConditionExpression")
    match = _CONDITION.fullmatch(condition) if isinstance(condition, str) else None
    limit = data.get("Limit")
    if match is None or not isinstance(name, str) or "IndexName" in data:
        return None
    if not isinstance(limit, int | None):
        return None
    table = dynamodb._tables.get(dynamodb._normalize_table_name(name))
    if not table or dynamodb._get_attr_type(table, table["sk_name"]) != "S":
        return None
    values, cursor = data.get("ExpressionAttributeValues"), data.get("ExclusiveStartKey")
    key, after = _text(values, match["partition"]), _text(cursor, table["sk_name"])
    bound = _text(values, match["after"] or match["prefix"])
    names = (match["pk"], match["compared"] or match["searched"] or table["sk_name"])
    if (
        names != (table["pk_name"], table["sk_name"])
        or key is None
        or (bound is None) != (match["compared"] is None and match["searched"] is None)
        or (after is None) != (cursor is None)
    ):
        return None
    if not isinstance(table["items"], _Items):
        table["items"] = _Items(table["items"])
    order = table["items"].order(key)
    low, high = 0, len(order)
    if bound is not None and match["compared"]:
        low = bisect_right(order, bound)
    elif bound is not None:
        low, high = _with_prefix(order, bound)
    if data.get("ScanIndexForward", True):
        low = low if after is None else max(low, bisect_right(order, after))
        keys = order[low:high]
    else:
        high = high if after is None else min(high, bisect_left(order, after))
        keys = order[low:high][::-1]
    return _first(dynamodb, keys, table["items"].get(key, {}), limit)


def _with_prefix(order: list[str], prefix: str) -> tuple[int, int]:
    low = bisect_left(order, prefix)
    return low, bisect_left(order, True, lo=low, key=lambda each: not each.startswith(prefix))


def _first(dynamodb: Any, keys: list[str], partition: _Partition, limit: int | None) -> _Page:
    """Return the page that begins with the first of `keys`: up to `limit` items, and 1 MB."""
    page, size = _Page({}), 0
    for key in keys:
        item = partition[key]
        size += dynamodb._item_size_bytes(item)
        if page.items and size > dynamodb._DDB_PAGE_SIZE_BYTES:
            page.more = True
            break
        page.items[key] = item
        if len(page.items) == limit or size >= dynamodb._DDB_PAGE_SIZE_BYTES:
            page.more = True
            break
    return page


def _text(values: Any, name: str | None) -> str | None:
    value = values.get(name) if isinstance(values, dict) else None
    text = value.get("S") if isinstance(value, dict) else None
    return text if isinstance(text, str) else None
