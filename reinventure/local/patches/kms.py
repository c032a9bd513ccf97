"""Patches of the emulator's KMS."""

import importlib
import json
from functools import wraps
from typing import Any
from urllib.parse import parse_qs

from reinventure.local.patches.patch import patch

_OF_ITEMS = frozenset(
    {
        *("GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan"),
        *("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"),
        *("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"),
    }
)
"""Operations of DynamoDB that need the key of their table."""


@patch("1.5.33")
def disabled_keys_refuse() -> None:
    """Refuse items, objects and messages under a key that is disabled, as each service does.

    MiniStack encrypts nothing, so that nothing fails without a key.
    """
    _items()
    _objects()
    _messages()


def _disabled() -> list[str]:
    """Return the ARNs of the keys that are disabled."""
    kms: Any = importlib.import_module("ministack.services.kms")
    return [key["Arn"] for key in list(kms._keys.values()) if key["KeyState"] == "Disabled"]


def _items() -> None:
    dynamodb: Any = importlib.import_module("ministack.services.dynamodb")
    reply = importlib.import_module("ministack.core.responses").error_response_json
    handle = dynamodb.handle_request

    def disabled_key(body: bytes) -> str | None:
        keys = _disabled()
        for name, table in list(dynamodb._tables.items()) if keys else []:
            key = (table.get("SSEDescription") or {}).get("KMSMasterKeyArn")
            # In PartiQL the name is quoted within the statement.
            if key in keys and any(f"{q}{name}{q}".encode() in body for q in ('"', '\\"')):
                return str(key)
        return None

    @wraps(handle)
    async def handle_with_key(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Any
    ) -> Any:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        key = disabled_key(body) if operation in _OF_ITEMS else None
        if key is None:
            return await handle(method, path, headers, body, query)
        message = (
            f"KMS key access denied error: com.amazonaws.services.kms.model.DisabledException: "
            f"{key} is disabled. (Service: AWSKMS; Status Code: 400; Error Code: DisabledException)"
        )
        if operation == "BatchExecuteStatement":
            error = {"Error": {"Code": "AccessDenied", "Message": message}}
            refused = json.dumps({"Responses": [error for _ in json.loads(body)["Statements"]]})
            return 200, {"Content-Type": "application/x-amz-json-1.0"}, refused.encode()
        return reply("AccessDeniedException", message, 400)

    dynamodb.handle_request = handle_with_key


def _objects() -> None:
    s3: Any = importlib.import_module("ministack.services.s3")
    handle = s3.handle_request

    @wraps(handle)
    async def handle_with_key(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Any, **named: Any
    ) -> Any:
        bucket, key = s3._parse_bucket_key(path, headers)
        if key and method in {"GET", "PUT", "POST"}:
            default = s3._bucket_encryption.get(bucket) or ""
            for each in _disabled():
                if each in default:
                    return s3._error("KMS.DisabledException", f"{each} is disabled.", 400, path)
        return await handle(method, path, headers, body, query, **named)

    s3.handle_request = handle_with_key


def _messages() -> None:
    sns: Any = importlib.import_module("ministack.services.sns")
    handle = sns.handle_request

    @wraps(handle)
    async def handle_with_key(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Any
    ) -> Any:
        keys = _disabled()
        if keys and b"Action=Publish" in body:
            [arn] = parse_qs(body.decode()).get("TopicArn", [""])
            topic = sns._topics.get(arn) or {"attributes": {}}
            key = topic["attributes"].get("KmsMasterKeyId", "")
            if key in keys:
                message = f"{key} is disabled. (Service: AWSKMS; Error Code: DisabledException)"
                return sns._error("KMSDisabled", message, 400)
        return await handle(method, path, headers, body, query)

    sns.handle_request = handle_with_key
