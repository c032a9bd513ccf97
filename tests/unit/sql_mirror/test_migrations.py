"""The files of the migrations."""

from s3_catalog.sql_mirror import schema


def test_migrations_are_numbered_from_1_without_gaps() -> None:
    assert list(schema.migrations()) == list(range(1, len(schema.migrations()) + 1))
    assert all(schema.migrations().values())


def test_statements_end_at_the_end_of_a_line() -> None:
    script = "-- a; comment;\nSELECT ';' AS a;\n\nSELECT\n  2;\n"
    assert schema.statements(script) == ["SELECT ';' AS a", "SELECT\n  2"]
