"""Outputs of a stack, from the record that the command reads back."""

import aws_cdk as cdk
from constructs import Construct

from reinventure.contract import Outputs, to_outputs


def write_outputs(scope: Construct, record: Outputs) -> None:
    """Add an output to the stack of `scope` for each field of `record` that is not None.

    Its name is the same in whichever construct `scope` is: the command reads it.
    """
    for name, value in to_outputs(record).items():
        cdk.CfnOutput(scope, name, value=value).override_logical_id(name)
