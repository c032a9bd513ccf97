"""The command that proves in an account what no document of AWS confirms."""

import sys

import typer

from reinventure.aws import deployed_catalog
from reinventure.aws.connection import session
from reinventure.aws.doctor import diagnosis
from reinventure.aws.doctor.proof import Finding, Outcome, Proof
from reinventure.cli.options import Json, Profile, Region, Stack, Yes
from reinventure.contract import CATALOG
from reinventure.errors import EXIT_CHECK_FAILED, UserError
from reinventure.printable import printable, printable_json
from reinventure.progress import Steps

_EMULATED = (
    "An emulator stands in for AWS, and evaluates no key policies: this shows the ways themselves, "
    "not that AWS services may use the keys on them."
)


def doctor(
    yes: Yes = False,
    json: Json = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Prove that AWS services may use the keys as they must: a line for each way.

    The key policies have conditions that no document of AWS confirms (docs/security.md). The proofs
    are made with a test object, test messages, an alarm that is set off, and an instance of the
    workers; subscribers of the alarms get a notification. Shows what it will change, and asks.
    Nothing of it stays: each proof cleans up, also when it fails or is interrupted.

    Lines: works; does not work, with the reason and what to set; not deployed, as a catalog has one
    transport at a time; not available here, on the local cloud. Exits with 1 if something does not
    work. Takes up to some minutes for each way that does not.

    For example:

        reinventure doctor
        reinventure doctor --yes --json
    """
    catalog = deployed_catalog.find(session(profile, region), stack)
    proofs = list(diagnosis.proofs(catalog))
    if not yes:
        _ask(catalog.stack, proofs)
    show = finding_json if json else finding_line
    failed = False
    with Steps() as steps:
        for each in proofs:
            if isinstance(each, Proof):
                steps.begin(f"Proving {each.subject}")
            finding = each.finding() if isinstance(each, Proof) else each
            failed |= finding.outcome == Outcome.DOES_NOT_WORK
            print(show(finding), flush=True)
    if diagnosis.emulated(catalog):
        print(_EMULATED, file=sys.stderr)
    raise typer.Exit(EXIT_CHECK_FAILED if failed else 0)


def finding_line(finding: Finding) -> str:
    """Return `finding` for a person: outcome, subject, what was seen or why not, and what to do."""
    remedy = f". {finding.remedy}" if finding.remedy else ""
    return printable(f"{finding.outcome}: {finding.subject}: {finding.detail}{remedy}")


def finding_json(finding: Finding) -> str:
    """Return `finding` as one line of JSON."""
    return printable_json(
        {
            "subject": finding.subject,
            "outcome": finding.outcome,
            "detail": finding.detail,
            "remedy": finding.remedy or None,
        }
    )


def _ask(stack: str, proofs: list[Proof | Finding]) -> None:
    """Say on stderr what the proofs change, and raise UserError unless the person agrees."""
    for each in proofs:
        if isinstance(each, Proof):
            print(f"{each.subject}: {each.changes}", file=sys.stderr)
    if not typer.confirm(f"Prove these in the stack {stack}?", err=True):
        raise UserError("nothing was changed")
