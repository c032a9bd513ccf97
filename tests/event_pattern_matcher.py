"""EventBridge's matching of events, as far as this project's patterns need it.

As in "Amazon EventBridge event patterns" of the EventBridge User Guide: every field of a pattern
must match, a field matches if one of its values does, and `$or` if one of its branches does.
"""

from typing import Any


def matches(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    """Whether EventBridge would send `event` to the targets of a rule with `pattern`."""
    return all(_field(event, name, expected) for name, expected in pattern.items())


def _field(event: dict[str, Any], name: str, expected: Any) -> bool:
    if name == "$or":
        assert isinstance(expected, list)
        assert len(expected) > 1, "EventBridge takes it as the name of a field"
        return any(matches(branch, event) for branch in expected)
    if isinstance(expected, dict):
        return isinstance(event.get(name), dict) and matches(expected, event[name])
    found = event.get(name)
    values = found if isinstance(found, list) else [found]
    return name in event and any(_value(value, each) for value in values for each in expected)


def _value(value: Any, expected: Any) -> bool:
    if not isinstance(expected, dict):
        return bool(value == expected)
    [(operator, operand)] = expected.items()
    match operator:
        case "prefix":
            return isinstance(value, str) and value.startswith(operand)
        case "suffix":
            return isinstance(value, str) and value.endswith(operand)
        case "anything-but":
            return value not in (operand if isinstance(operand, list) else [operand])
    raise NotImplementedError(operator)
