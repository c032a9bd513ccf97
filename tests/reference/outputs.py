"""The page of outputs: the records of the contract between the stacks and the command."""

from dataclasses import MISSING, fields

from reinventure import contract
from reinventure.contract import Outputs, output_name
from tests.reference.field_docs import field_docs
from tests.reference.markdown import code, head, prose, table

RECORDS: dict[str, type[Outputs]] = {
    contract.CATALOG: contract.CatalogOutputs,
    contract.WORKERS: contract.InspectionOutputs,
    contract.SQL: contract.SqlOutputs,
    contract.GOVERNANCE: contract.GovernanceOutputs,
    contract.PORTFOLIO: contract.PortfolioOutputs,
    contract.DELIVERY: contract.DeliveryOutputs,
}
"""The record of each stack that has outputs."""

_INTRODUCTION = """\
What the command, and programs of yours, find a deployment by: the outputs of its CloudFormation
stacks. Their names stay. What is not ASCII in a value, and `%`, is percent-encoded.

"""


def page() -> str:
    """Return the page."""
    parts = [
        head("Outputs of the stacks", "reinventure/contract.py"),
        _INTRODUCTION,
    ]
    for stack, record in RECORDS.items():
        docs = field_docs(record)
        rows = [
            (
                code(output_name(field.name)),
                "always" if field.default is MISSING else "optional",
                prose(docs[field.name]),
            )
            for field in fields(record)
        ]
        parts.append(f"## {stack}\n\n{table(('output', 'there', 'meaning'), rows)}")
    return "".join(parts).rstrip("\n") + "\n"
