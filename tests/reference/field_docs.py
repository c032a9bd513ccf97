"""The docstrings of the fields of dataclasses, which Python does not keep."""

import ast
import inspect


def field_docs(dataclass: type) -> dict[str, str]:
    """Return the docstring of each field of `dataclass` that has one, in their order."""
    [definition] = ast.parse(inspect.getsource(dataclass)).body
    assert isinstance(definition, ast.ClassDef)
    docs = {}
    for field, following in zip(definition.body, definition.body[1:], strict=False):
        match field, following:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                docs[name] = inspect.cleandoc(text)
    return docs
