"""A DynamoDB table in memory: the client's methods that the catalog uses, and TTL."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from types import SimpleNamespace
from typing import Any, Self

from botocore.exceptions import ClientError

from tests.simulator import partiql
from tests.simulator.expression import Item, condition, values_in
from tests.simulator.network import Network, Place

MAX_STATEMENTS = 25

ItemPlace = tuple[str, str]
"""Partition and sort key."""


class ConditionFailedError(ClientError):
    """botocore's `client.exceptions.ConditionalCheckFailedException`."""

    def __init__(self, old: Item | None) -> None:
        response: Any = {
            "Error": {
                "Code": "ConditionalCheckFailedException",
                "Message": "The conditional request failed",
            }
        }
        if old is not None:
            response["Item"] = dict(old)
        super().__init__(response, "PutItem")


class FakeTable:
    """The table `name`, and its client.

    `watch` is called with each write: the item before it, or None, and the item after it.
    """

    exceptions = SimpleNamespace(ConditionalCheckFailedException=ConditionFailedError)

    def __init__(
        self, name: str, network: Network, watch: Callable[[Item | None, Item], None]
    ) -> None:
        self.name = name
        self.items: dict[ItemPlace, Item] = {}
        self._network = network
        self._watch = watch

    @classmethod
    def without_faults(cls, name: str) -> Self:
        """Return an empty table whose requests all succeed at once."""
        return cls(name, Network(lambda *_: None, Counter()), lambda *_: None)

    def put_item(self, **request: Any) -> dict[str, Any]:
        """Put an item, if its condition holds for the old one."""
        self._check(request)
        item = request["Item"]

        def put() -> dict[str, Any]:
            old = self.items.get(_place(item))
            values = request.get("ExpressionAttributeValues", {})
            test = request.get("ConditionExpression")
            if test and not condition(test)(old or {}, values):
                self._network.current.refused[place_of(item)] += 1
                wanted = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
                raise ConditionFailedError(old if wanted else None)
            self._write(item)
            return {}

        return self._network.request("dynamodb", place_of(item), put)

    def update_item(self, **request: Any) -> dict[str, Any]:
        """Set one attribute of an item, if the item is there and the condition holds for it."""
        self._check(request)
        place = _place(request["Key"])
        name, value = request["UpdateExpression"].removeprefix("SET ").split(" = ")

        def update() -> dict[str, Any]:
            old = self.items.get(place)
            values = request["ExpressionAttributeValues"]
            if old is None or not condition(request["ConditionExpression"])(old, values):
                raise ConditionFailedError(None)
            self._write({**old, name: values[value]})
            return {}

        return self._network.request("dynamodb", place_of(request["Key"]), update)

    def get_item(self, **request: Any) -> dict[str, Any]:
        """Get an item."""
        self._check(request)
        place = _place(request["Key"])

        def get() -> dict[str, Any]:
            return {"Item": dict(self.items[place])} if place in self.items else {}

        return self._network.request("dynamodb", place_of(request["Key"]), get)

    def query(self, **request: Any) -> dict[str, Any]:
        """Return a page of a partition, without faults.

        A listing queries from several threads at once, so faults would not be reproducible.
        """
        self._check(request)
        values = request["ExpressionAttributeValues"]
        within = condition(request["KeyConditionExpression"])
        start = request.get("ExclusiveStartKey")
        found = [
            item
            for place, item in sorted(self.items.items())
            if within(item, values) and (not start or place > _place(start))
        ]
        limit = request.get("Limit", len(found) + 1)
        page = found[:limit]
        wanted = condition(request.get("FilterExpression", "attribute_exists(pk)"))
        shown = [dict(item) for item in page if wanted(item, values)]
        reply = {"Items": shown, "Count": len(shown), "ScannedCount": len(page)}
        if len(page) == limit:
            reply["LastEvaluatedKey"] = {name: page[-1][name] for name in ("pk", "sk")}
        return reply

    def batch_execute_statement(self, **request: Any) -> dict[str, Any]:
        """Run up to 25 statements, each on its own."""
        statements = request["Statements"]
        if not 1 <= len(statements) <= MAX_STATEMENTS:
            raise _invalid(f"{len(statements)} statements")

        def execute() -> dict[str, Any]:
            spoiled = self._network.current.spoiled
            # An even number spoils the statement before its effect, an odd one after it.
            hit = spoiled // 2 % len(statements) if spoiled is not None else None
            replies = []
            for number, statement in enumerate(statements):
                if number != hit:
                    replies.append(self._execute(statement))
                elif spoiled is not None and spoiled % 2:
                    self._execute(statement)
                    replies.append(_problem("InternalServerError"))
                else:
                    replies.append(_problem("ThrottlingError"))
            return {"Responses": [{"TableName": self.name, **reply} for reply in replies]}

        return self._network.request("dynamodb", ("", ""), execute)

    def expire(self, moment: datetime) -> dict[Place, Item]:
        """Remove the items that have expired by `moment`; return them by bucket and key."""
        gone = {
            place: item
            for place, item in self.items.items()
            if "expires_at" in item and int(item["expires_at"]["N"]) < moment.timestamp()
        }
        for place in gone:
            del self.items[place]
        return {place_of(item): item for item in gone.values()}

    def _execute(self, request: Any) -> dict[str, Any]:
        statement = partiql.read(request["Statement"])
        values = {f"?{n}": value for n, value in enumerate(request.get("Parameters", []))}
        if statement.table != self.name:
            return _problem("ResourceNotFound")
        if values.keys() != values_in(request["Statement"]):
            return _problem("ValidationError")
        given = {name: values[parameter] for name, parameter in statement.key.items()}
        old = self.items.get(_place(given))
        new = statement.apply(old, values)
        if new is not None:
            if statement.test and place_of(given) in self._network.current.existing:
                self._network.seen["insert refused, then updated"] += 1
            if not statement.test and place_of(given) in self._network.current.missing:
                self._network.seen["update refused, then inserted"] += 1
            self._write(new)
            return {}
        if statement.test is None:
            self._network.current.existing.add(place_of(given))
            return _problem("DuplicateItem")
        reply = _problem("ConditionalCheckFailed")
        if old is None:
            self._network.current.missing.add(place_of(given))
        elif request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD":
            reply["Error"]["Item"] = dict(old)
        return reply

    def _write(self, item: Item) -> None:
        place = _place(item)
        old, self.items[place] = self.items.get(place), dict(item)
        self._network.current.written.add(place_of(item))
        self._watch(old, item)

    def _check(self, request: dict[str, Any]) -> None:
        """Refuse what DynamoDB refuses without reading an item."""
        if request["TableName"] != self.name:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "Simulated")
        texts = [text for name, text in request.items() if name.endswith("Expression")]
        named = frozenset[str]().union(*map(values_in, texts))
        if named != request.get("ExpressionAttributeValues", {}).keys():
            raise _invalid(f"values {sorted(named)} in {texts}")


def place_of(item: Item) -> Place:
    """Return the bucket and the key of the row in `item`, or of its key."""
    return item["pk"]["S"].partition("#")[0], item["sk"]["S"]


def _place(item: Item) -> ItemPlace:
    return item["pk"]["S"], item["sk"]["S"]


def _invalid(why: str) -> ClientError:
    return ClientError({"Error": {"Code": "ValidationException", "Message": why}}, "Simulated")


def _problem(code: str) -> dict[str, Any]:
    return {"Error": {"Code": code, "Message": code}}
