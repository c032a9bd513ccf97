"""The page of permissions: the statements of each role in the templates."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.reference.markdown import code, head, table
from tests.template_roles import ACCOUNT, REGION, TemplateRoles

_HASH = re.compile(r"(?<=\w)[0-9A-F]{8}\b")
"""What the CDK adds to a name to make it unique."""
_BUCKET_HASH = re.compile(r"(?<=:::)([a-z]+-[a-z]+?)[0-9a-f]{8}\b")
_HERE = re.compile(f"arn:aws:[a-z0-9-]+:(?:{REGION})?:{ACCOUNT}:")
"""How the ARN of what is in the account begins."""

_COLUMNS = ("actions", "resources", "if")

_INTRODUCTION = """\
The statements about each role, for a review before the deployment: its own, and those of bucket
policies that name it. [security.md](../security.md) has the policies of the keys, and what an
attacker could do with each role. These are the templates with transport `sqs`, the buckets
`create,logs-prod/2026/,photos-prod`, a nightly comparison, `kinesis`, `tracing`, `workers`, `sql`,
`config=create` and `trail=create`. Without a setting, its roles and statements are not there;
another transport gives `ingest` another source of events.

An ARN of the stack's own account is without its beginning (`arn:aws:SERVICE:REGION:ACCOUNT:`), a
name without the letters that make it unique. `*` is a resource where AWS has no ARN for the action,
or the conditions confine it.

## People who query

The managed policy whose ARN is the output `CatalogReaderArns`: attach it to their users or roles
([permissions.md](../how-to/permissions.md#query)).

"""


def page(assembly: Path) -> str:
    """Return the page for the templates in `assembly`."""
    roles = TemplateRoles(assembly)
    managed = roles.managed()
    parts = [
        head("Permissions", "the templates of all stacks"),
        _INTRODUCTION,
        *(table(_COLUMNS, map(_row, each)) for each in roles.managed_policies().values()),
    ]
    for stack, users in _users(assembly).items():
        statements = roles.statements(stack)
        parts.append(f"## {stack}\n\n")
        for role, used_by in sorted(users.items()):
            parts += [
                f"### {role}\n\n{_sentence(used_by, managed.get(role, []))}\n\n",
                table(_COLUMNS, map(_row, statements[role])),
            ]
    return "".join(parts).rstrip("\n") + "\n"


def _users(assembly: Path) -> dict[str, dict[str, list[str]]]:
    """Return by stack the roles, and what works in each: its type and name."""
    found: dict[str, dict[str, list[str]]] = {}
    for path in sorted(assembly.glob("*.template.json")):
        if path.name.endswith(".product.template.json"):
            continue  # It has the roles of the Catalog stack.
        resources: Mapping[str, Any] = json.loads(path.read_text())["Resources"]
        roles = {
            _HASH.sub("", logical_id): list(_users_of(logical_id, resources))
            for logical_id, resource in resources.items()
            if resource["Type"] == "AWS::IAM::Role"
        }
        if roles:
            found[path.name.removesuffix(".template.json")] = roles
    return found


def _users_of(role: str, resources: Mapping[str, Any]) -> Iterator[str]:
    reference = json.dumps({"Fn::GetAtt": [role, "Arn"]})
    for logical_id, resource in sorted(resources.items()):
        _, *kind = resource["Type"].split("::")
        if kind[0] in {"IAM", "KMS"} or kind[-1].endswith("Policy"):
            continue
        if reference in json.dumps(resource.get("Properties", {})):
            yield f"{' '.join(kind)} `{_HASH.sub('', logical_id)}`"


def _sentence(used_by: list[str], managed: list[str]) -> str:
    words = f"Used by {', '.join(used_by)}." if used_by else "Used by what is launched or deployed."
    policies = ", ".join(map(code, managed))
    return f"{words} It also has AWS's managed policy {policies}." if managed else words


def _row(statement: dict[str, Any]) -> tuple[str, str, str]:
    actions = [code(each) for each in _list(statement["Action"])]
    denied = "never: " if statement["Effect"] == "Deny" else ""
    resources = [code(_short(each)) for each in _list(statement["Resource"])]
    conditions = [
        f"`{name}` {operator} {' or '.join(code(_short(str(each))) for each in _list(values))}"
        for operator, names in statement.get("Condition", {}).items()
        for name, values in names.items()
    ]
    return denied + "<br>".join(actions), "<br>".join(resources), "<br>".join(conditions)


def _short(resource: str) -> str:
    there = _HERE.sub("", resource).replace(ACCOUNT, "ACCOUNT").replace(REGION, "REGION")
    return _BUCKET_HASH.sub(r"\1", _HASH.sub("", there))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
