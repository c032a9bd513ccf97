"""Patches of the emulator's KMS."""

import importlib
from typing import Any

from reinventure.local.patches.patch import patch
from reinventure.local.patches.refused_requests import Request, failed_statements, refuse

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
    refuse("dynamodb", _of_items)
    refuse("s3", _of_object)
    refuse("sns", _of_message)


def _disabled() -> list[str]:
    """Return the ARNs of the keys that are disabled."""
    kms: Any = importlib.import_module("ministack.services.kms")
    return [key["Arn"] for key in list(kms._keys.values()) if key["KeyState"] == "Disabled"]


def _of_items(request: Request) -> Any:
    """Return the reply to a request for items under a disabled key, None to another one."""
    dynamodb: Any = importlib.import_module("ministack.services.dynamodb")
    keys = _disabled() if request.operation in _OF_ITEMS else []
    for name, table in list(dynamodb._tables.items()) if keys else []:
        key = (table.get("SSEDescription") or {}).get("KMSMasterKeyArn")
        if key in keys and request.names(name):
            break
    else:
        return None
    message = (
        f"KMS key access denied error: com.amazonaws.services.kms.model.DisabledException: "
        f"{key} is disabled. (Service: AWSKMS; Status Code: 400; Error Code: DisabledException)"
    )
    if request.operation == "BatchExecuteStatement":
        return failed_statements(request, "AccessDenied", message)
    responses: Any = importlib.import_module("ministack.core.responses")
    return responses.error_response_json("AccessDeniedException", message, 400)


def _of_object(request: Request) -> Any:
    """Return the reply to a request for an object under a disabled key, None to another one."""
    s3: Any = importlib.import_module("ministack.services.s3")
    bucket, name = s3._parse_bucket_key(request.path, request.headers)
    if not name or request.method not in {"GET", "PUT", "POST"}:
        return None
    default = s3._bucket_encryption.get(bucket) or ""
    for key in _disabled():
        if key in default:
            return s3._error("KMS.DisabledException", f"{key} is disabled.", 400, request.path)
    return None


def _of_message(request: Request) -> Any:
    """Return the reply to a message for a topic under a disabled key, None to another request."""
    keys = _disabled()
    if not keys or request.topic is None:
        return None
    sns: Any = importlib.import_module("ministack.services.sns")
    topic = sns._topics.get(request.topic) or {"attributes": {}}
    key = topic["attributes"].get("KmsMasterKeyId", "")
    if key not in keys:
        return None
    message = f"{key} is disabled. (Service: AWSKMS; Error Code: DisabledException)"
    return sns._error("KMSDisabled", message, 400)
