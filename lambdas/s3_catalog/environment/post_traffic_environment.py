"""The environment variables of `post_traffic`."""

from dataclasses import dataclass

from s3_catalog.environment.variables import Environment


@dataclass(frozen=True)
class PostTrafficEnvironment(Environment):
    """The function `ingest`, the alias that events reach it by, and its new version."""

    function_name: str
    alias_name: str
    version: str
