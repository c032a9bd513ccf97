"""The URL that requests to a service, or about a bucket, are sent to.

Source: "Service-specific endpoints" in the AWS SDKs and Tools Reference Guide, and "Virtual hosting
of general purpose buckets" in the Amazon S3 User Guide.
"""

import os
import re
from collections.abc import Mapping
from urllib.parse import quote

_SUFFIXES = {
    "cn": "amazonaws.com.cn",
    "eusc-de": "amazonaws.eu",
    "us-iso": "c2s.ic.gov",
    "us-isob": "sc2s.sgov.gov",
    "eu-isoe": "cloud.adc-e.uk",
    "us-isof": "csp.hci.ic.gov",
}
"""DNS suffixes by what comes before the last two words of a region. All others: amazonaws.com."""

_HOST_LABEL = re.compile("[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


def endpoint(service: str, region: str, variables: Mapping[str, str] = os.environ) -> str:
    """Return the URL of `service`: the one in environment `variables`, or the regional one."""
    partition = region.rsplit("-", 2)[0]
    regional = f"https://{service}.{region}.{_SUFFIXES.get(partition, 'amazonaws.com')}"
    return _configured(service, variables) or regional


def bucket_endpoint(bucket: str, region: str, variables: Mapping[str, str] = os.environ) -> str:
    """Return the URL of `bucket`: its own host, unless its name or the endpoint prevents it."""
    url = endpoint("s3", region, variables)
    if _HOST_LABEL.fullmatch(bucket) and not _configured("s3", variables):
        return url.replace("://", f"://{bucket}.")
    return f"{url.rstrip('/')}/{quote(bucket, safe='')}"


def _configured(service: str, variables: Mapping[str, str]) -> str | None:
    if variables.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return None
    specific = variables.get(f"AWS_ENDPOINT_URL_{service.upper()}")
    return specific or variables.get("AWS_ENDPOINT_URL") or None
