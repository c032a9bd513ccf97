"""Patches of the emulator's IAM."""

import importlib
import re
from functools import lru_cache, wraps
from typing import Any

from reinventure.local.patches.patch import patch


@patch("1.5.33")
def wildcards_match_line_feeds() -> None:
    """Let a wildcard of a policy match a line feed, as it matches every other character.

    Without it no function may read an object whose key has one.
    """
    evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
    compile_pattern = evaluator._fnmatch_compile

    @lru_cache(maxsize=4096)
    def compile_whole(pattern: str, ignore_case: bool) -> re.Pattern[str]:
        found: re.Pattern[str] = compile_pattern(pattern, ignore_case)
        # `$` would also match before a line feed at the end.
        return re.compile(found.pattern.removesuffix("$") + r"\Z", found.flags | re.DOTALL)

    evaluator._fnmatch_compile = compile_whole


_KEY_OF_UPLOAD = "x-amz-server-side-encryption-aws-kms-key-id"
"""The header with the KMS key of an upload, and the condition key, after its prefix `s3:`."""


@patch("1.5.33")
def policies_see_the_key_of_an_upload() -> None:
    """Give the conditions of policies the KMS key that an upload names.

    The policy of the catalogued bucket refuses every other key. A part has the key of its upload.
    """
    actions: Any = importlib.import_module("ministack.core.iam_actions")
    s3: Any = importlib.import_module("ministack.services.s3")
    context = actions._s3_object_context

    @wraps(context)
    def with_key(action: str, query: Any, path: str, headers: dict[str, str]) -> dict[str, Any]:
        found: dict[str, Any] = context(action, query, path, headers)
        upload = s3._multipart_uploads.get(actions._query_param(query, "uploadId"))
        named = headers
        if upload:
            named = upload["preserved_headers"] if upload.get("requested_sse") else {}
        if action == "s3:PutObject" and named.get(_KEY_OF_UPLOAD):
            found[f"s3:{_KEY_OF_UPLOAD}"] = named[_KEY_OF_UPLOAD]
        return found

    actions._s3_object_context = with_key


@patch("1.5.33")
def conditions_have_principals() -> None:
    """Resolve `aws:PrincipalIsAWSService`, and `aws:PrincipalArn` to the role of a session.

    The policy of a dead-letter queue denies all principals but one role.
    """
    evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
    resolve = evaluator._resolve_condition_key

    @wraps(resolve)
    def resolve_principal(key: str, context: Any) -> Any:
        match key.lower():
            case "aws:principalisawsservice":
                return str(context.principal_type == "Service").lower()
            case "aws:principalarn":
                session = re.fullmatch(
                    r"(arn:[^:]+):sts::(\d+):assumed-role/([^/]+)/.*", context.principal_arn
                )
                if session:
                    # All roles of ours have the path "/".
                    return "{}:iam::{}:role/{}".format(*session.groups())
        return resolve(key, context)

    evaluator._resolve_condition_key = resolve_principal
