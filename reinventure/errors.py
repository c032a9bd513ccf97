"""The errors of the command, in one tree, and its exit codes.

    CatalogError (s3_catalog.exceptions) base of this tree and of that of the domain
    ├── UserError                        a mistake, or a problem that the user can correct
    │   └── NoStackError                 a stack that is not deployed
    ├── RecordsExpiredError              the table's stream no longer has the records
    └── CheckFailedError                 the check that the command makes failed
        └── LateError                    a row that did not come in time

A CheckFailedError ends the command with EXIT_CHECK_FAILED, every other error with EXIT_ERROR. Each
message is one line for a person, on stderr.
"""

from pathlib import Path

from s3_catalog.exceptions import CatalogError

EXIT_CHECK_FAILED = 1
"""The check failed: bucket and catalog differ, a key is in neither, events failed again or are not
trusted, a row came too late, totals changed during every recount, something does not work that
doctor tried, or status found something wrong."""

EXIT_ERROR = 2
"""The command did not do its work: a mistake of the user, a refusal of AWS, no connection; or
status could not look at everything, and found nothing wrong."""


class UserError(CatalogError):
    """A mistake, or a problem that the user can correct: what is wrong, where, and the remedy."""


class NoStackError(UserError):
    """The account has no stack of ours of this name in the region."""


class RecordsExpiredError(CatalogError):
    """The table's stream no longer has the records. DynamoDB keeps them for 24 hours."""


class CheckFailedError(CatalogError):
    """The check failed; the message has the result."""


class LateError(CheckFailedError):
    """A row did not come in time; the message has what is missing."""


def ending(log: Path) -> str:
    """Return the last 20 lines of `log`, where a program writes the reason of its failure."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])
