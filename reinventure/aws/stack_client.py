"""AWS CloudFormation's DescribeStacks of one stack, called like that of boto3's client."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from s3_catalog.aws_api.http_transport import Request
from s3_catalog.aws_api.version_lister import document

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from s3_catalog.aws_api.service import Service


class StackClient:
    """A client of the `service`. `meta` has the name of its region."""

    def __init__(self, service: "Service") -> None:
        self._service = service
        self.meta = SimpleNamespace(region_name=service.region)

    def describe_stacks(self, **names: str) -> dict[str, Any]:
        """Return the description of the stack `StackName`: its texts, and its outputs.

        Raises botocore's ClientError, also for a stack that does not exist, or BotoCoreError.
        """
        form = {"Action": "DescribeStacks", "Version": "2010-05-15", **names}
        headers = {"content-type": "application/x-www-form-urlencoded"}
        request = Request("POST", headers=headers, body=urlencode(form).encode())
        return self._service.request("DescribeStacks", request, _parse)


def _parse(body: bytes) -> dict[str, Any]:
    root = document(body)
    error = root.find("{*}Error")
    if error is not None:
        return _texts(error)
    stacks = root.iterfind("{*}DescribeStacksResult/{*}Stacks/{*}member")
    return {"Stacks": [{**_texts(stack), "Outputs": _outputs(stack)} for stack in stacks]}


def _outputs(stack: "Element") -> list[dict[str, str]]:
    return [_texts(output) for output in stack.iterfind("{*}Outputs/{*}member")]


def _texts(element: "Element") -> dict[str, str]:
    return {child.tag.rpartition("}")[2]: child.text or "" for child in element if not len(child)}
