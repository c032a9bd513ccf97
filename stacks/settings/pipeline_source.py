"""Where the pipeline takes its source from, as a setting names it."""

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

    `create` and `codecommit`: the one called `name` of CodeCommit, made by the stack, or there
    already. `github`: `owner`/`name`, to which somebody has agreed in `connection`, the ARN of a
    connection of CodeConnections.
    """

    kind: str
    name: str
    branch: str
    owner: str = ""
    connection: str = ""


def parse(value: str) -> Source:
    """Return the source that `value` names.

    Raises ValueError, with the choice, if it names none.
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
