"""The table of totals in memory, with transactions that are lost, refused, repeated or late."""

import re
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ReadTimeoutError

from tests.simulator.expression import Item, condition
from tests.simulator.network import Crash

if TYPE_CHECKING:
    from random import Random

TROUBLES = ("throttled", "conflict", "reply lost", "timed out, late", "crash before", "crash after")

MAX_ACTIONS = 100

_CLAUSES = re.compile(r"\b(ADD|SET) (.*?)(?= ADD | SET |$)")

_GROWN = re.compile(r"if_not_exists\((?P<name>\w+), (?P<first>:\w+)\) \+ (?P<by>:\w+)")


class CanceledError(ClientError):
    """botocore's `client.exceptions.TransactionCanceledException`."""

    def __init__(self, reasons: list[dict[str, Any]]) -> None:
        error: Any = {
            "Error": {"Code": "TransactionCanceledException", "Message": "canceled"},
            "CancellationReasons": reasons,
        }
        super().__init__(error, "TransactWriteItems")


class FakeTotalsTable:
    """The client's methods that the totals use. With `chance` set, requests have faults."""

    exceptions = SimpleNamespace(TransactionCanceledException=CanceledError)

    def __init__(self, seen: Counter[str]) -> None:
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.chance: Random | None = None
        self.late: list[Callable[[], None]] = []
        self.meanwhile: Callable[[], None] | None = None
        """What others do before the next transaction."""
        self._seen = seen

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        """Execute all of the actions, or none if a condition does not hold."""
        if meanwhile := self.meanwhile:
            self.meanwhile = None
            meanwhile()
        kinds = [next(iter(action.items())) for action in request["TransactItems"]]
        actions = [
            action if kind != "Put" else {**action, "Key": action["Item"]} for kind, action in kinds
        ]
        places = [_place(action["Key"]) for action in actions]
        if len(set(places)) != len(places) or len(places) > MAX_ACTIONS:
            raise ClientError({"Error": {"Code": "ValidationException"}}, "TransactWriteItems")

        def commit() -> None:
            refused = [not self._holds(action) for action in actions]
            if any(refused):
                raise CanceledError(
                    [self._reason(action, no) for action, no in zip(actions, refused, strict=True)]
                )
            for place, (kind, action) in zip(places, kinds, strict=True):
                match kind:
                    case "Delete":
                        self.items.pop(place, None)
                    case "Put":
                        self.items[place] = dict(action["Item"])
                    case _:
                        self._update(action)

        self._in_trouble(commit, len(actions))
        return {}

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """Return the items that exist; reads have no faults."""
        [(name, wanted)] = request["RequestItems"].items()
        places = map(_place, wanted["Keys"])
        found = [self.items[place] for place in places if place in self.items]
        return {"Responses": {name: found}, "UnprocessedKeys": {}}

    def query(self, **request: Any) -> dict[str, Any]:
        """Return a whole partition."""
        within = condition(request["KeyConditionExpression"])
        values = request["ExpressionAttributeValues"]
        found = [item for _, item in sorted(self.items.items()) if within(item, values)]
        return {"Items": found, "Count": len(found), "ScannedCount": len(found)}

    def _in_trouble(self, commit: Callable[[], None], actions: int) -> None:
        trouble = None
        if self.chance and self.chance.random() < 0.3:
            trouble = self.chance.choice(TROUBLES)
            self._seen[trouble] += 1
        match trouble:
            case "throttled":
                raise ClientError({"Error": {"Code": "ThrottlingException"}}, "TransactWriteItems")
            case "conflict":
                raise CanceledError(
                    [{"Code": "None"}] * (actions - 1) + [{"Code": "TransactionConflict"}]
                )
            case "timed out, late":
                self.late.append(commit)
            case "crash before":
                raise Crash
        if trouble != "timed out, late":
            commit()
        if trouble == "crash after":
            raise Crash
        if trouble in {"reply lost", "timed out, late"}:
            raise ReadTimeoutError(endpoint_url="https://dynamodb")

    def _holds(self, action: dict[str, Any]) -> bool:
        test = action.get("ConditionExpression")
        item: Item = self.items.get(_place(action["Key"]), {})
        for placeholder, name in action.get("ExpressionAttributeNames", {}).items():
            test = test and re.sub(rf"{placeholder}\b", name, test)
        return not test or condition(test)(item, action["ExpressionAttributeValues"])

    def _reason(self, action: dict[str, Any], refused: bool) -> dict[str, Any]:
        if not refused:
            return {"Code": "None"}
        reason: dict[str, Any] = {"Code": "ConditionalCheckFailed"}
        if action.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD":
            reason["Item"] = dict(self.items[_place(action["Key"])])
        return reason

    def _update(self, action: dict[str, Any]) -> None:
        names, values = (
            action.get("ExpressionAttributeNames", {}),
            action["ExpressionAttributeValues"],
        )
        item = self.items.setdefault(_place(action["Key"]), dict(action["Key"]))
        for verb, clauses in _CLAUSES.findall(action["UpdateExpression"]):
            for clause in re.split(r", (?![^(]*\))", clauses):
                name, value = clause.split(" = " if verb == "SET" else " ")
                name = names.get(name, name)
                if verb == "ADD":
                    before = int(item[name]["N"]) if name in item else 0
                    item[name] = {"N": str(before + int(values[value]["N"]))}
                elif found := _GROWN.fullmatch(value):
                    before = int(item.get(found["name"], values[found["first"]])["N"])
                    item[name] = {"N": str(before + int(values[found["by"]]["N"]))}
                else:
                    item[name] = values[value]


def _place(key: Item) -> tuple[str, str]:
    return key["pk"]["S"], key["sk"]["S"]
