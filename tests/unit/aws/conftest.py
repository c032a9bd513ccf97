"""A catalog on moto, as the command has it."""

from tests.unit.cli.conftest import catalog, session

__all__ = ["catalog", "session"]
