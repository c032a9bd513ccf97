"""The exceptions of the domain are those of the tree at the top of their module."""

import ast
import inspect
import re
from pathlib import Path

from s3_catalog import exceptions

FOLDER = Path(exceptions.__file__).parent


def tree() -> dict[str, str]:
    """The base of each exception in the module's docstring."""
    found: dict[str, str] = {}
    path: list[str] = []
    for line in (exceptions.__doc__ or "").splitlines():
        match = re.match(r"    ((?:[│ ]   |[├└]── )*)(\w+Error)\b", line)
        if match:
            depth = len(match[1]) // 4
            path[depth:] = [match[2]]
            found[match[2]] = path[depth - 1] if depth else "Exception"
    return found


def test_the_tree_in_the_docstring_is_that_of_the_classes() -> None:
    classes = dict(inspect.getmembers(exceptions, inspect.isclass))
    assert {name: each.__bases__[0].__name__ for name, each in classes.items()} == tree()


def test_every_exception_is_documented() -> None:
    assert all(each.__doc__ for _, each in inspect.getmembers(exceptions, inspect.isclass))


def test_no_other_module_of_the_domain_defines_an_exception() -> None:
    modules = [path for path in FOLDER.rglob("*.py") if path.name != "exceptions.py"]
    names = {
        node.name: path.name
        for path in modules
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and node.name.endswith("Error")
    }
    assert names == {}


def test_a_malformed_record_is_a_value_error_as_well() -> None:
    assert issubclass(exceptions.MalformedError, ValueError)
