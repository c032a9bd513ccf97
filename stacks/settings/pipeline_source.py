"""The setting `source`: the repository of the pipeline."""

import re
from dataclasses import dataclass

_SOURCE = re.compile(
    r"(?P<kind>create|codecommit):(?P<name>[\w.-]{1,100})@(?P<branch>[\w./-]+)"
    r"|github:(?P<owner>[\w.-]+)/(?P<repository>[\w.-]+)@(?P<github_branch>[\w./-]+)"
    r"\+(?P<connection>arn:aws[a-z-]*:code(star-)?connections:[a-z0-9-]+:[0-9]{12}:connection/[\w-]+)"
)


@dataclass(frozen=True, slots=True)
class Source:
    """The `branch` of a repository.

    `kind` is `create` (the stack creates the CodeCommit repository `name`), `codecommit` (it
    exists) or `github` (`owner`/`name`, reached by `connection`, the ARN of a connection of
    CodeConnections).
    """

    kind: str
    name: str
    branch: str
    owner: str = ""
    connection: str = ""


def parse(value: str) -> Source:
    """Return the source that `value` names.

    Raises ValueError, with the forms of a value, if it names none.
    """
    found = _SOURCE.fullmatch(value)
    if not found:
        raise ValueError(
            "must be create:NAME@BRANCH, codecommit:NAME@BRANCH "
            "or github:OWNER/REPOSITORY@BRANCH+CONNECTION_ARN"
        )
    if found["connection"]:
        return Source(
            "github",
            found["repository"],
            found["github_branch"],
            owner=found["owner"],
            connection=found["connection"],
        )
    return Source(found["kind"], found["name"], found["branch"])
