"""A bucket with and without versioning, and a writer of its objects and rows."""

from tests.component.object_writer import bucket, writer

__all__ = ["bucket", "writer"]
