"""A client of AWS that is ours where ours has the operation, and boto3's elsewhere."""

from typing import Any


class CombinedClient:
    """Both clients as one: tests set up with boto3's, and the code under test calls ours."""

    def __init__(self, ours: object, theirs: object) -> None:
        self._ours = ours
        self._theirs = theirs

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ours if hasattr(self._ours, name) else self._theirs, name)
