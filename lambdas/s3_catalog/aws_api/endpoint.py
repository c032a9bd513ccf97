"""The URL that requests to a service, or about a bucket, are sent to.

Source: "Service-specific endpoints" in the AWS SDKs and Tools Reference Guide, and "Virtual hosting
of general purpose buckets" in the Amazon S3 User Guide.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote

_HOST_LABEL = re.compile("[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


def endpoint(service: str, region: str, variables: Mapping[str, str]) -> str:
    """Return the URL of `service`: the one in environment `variables`, or the regional one.

    `region` is one of the partition "aws".
    """
    return configured(service, variables) or f"https://{service}.{region}.amazonaws.com"


def configured(service: str, variables: Mapping[str, str]) -> str | None:
    """Return the URL of `service` in environment `variables`, if there is one."""
    specific = variables.get(f"AWS_ENDPOINT_URL_{service.upper()}")
    return specific or variables.get("AWS_ENDPOINT_URL") or None


def bucket_url(url: str, bucket: str, *, own_host: bool) -> str:
    """Return the URL of `bucket` at the endpoint `url` of S3.

    With `own_host` that is a host of its own, if the bucket's name allows it.
    """
    if own_host and _HOST_LABEL.fullmatch(bucket):
        return url.replace("://", f"://{bucket}.")
    return f"{url.rstrip('/')}/{quote(bucket, safe='')}"
