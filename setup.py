"""The wheel's second package: `stacks`, as `reinventure_cdk`, with the code of the functions."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED = ("__init__.py", "py.typed", "catalog", "constructs", "settings")
"""Of stacks/: what the construct for CDK apps of others consists of."""


class BuildPackages(build_py):
    """Adds what pyproject.toml cannot name: a folder under another name, and files beside it."""

    def run(self) -> None:
        """Copy the packages; in an editable install there is nothing to copy."""
        super().run()
        if not self.editable_mode:
            _copy(Path(self.build_lib) / "reinventure_cdk")


def _copy(target: Path) -> None:
    # A build/ of before may have files that are gone.
    shutil.rmtree(target, ignore_errors=True)
    compiled = shutil.ignore_patterns("__pycache__")
    for name in SHIPPED:
        source = Path("stacks", name)
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=compiled)
        else:
            target.mkdir(exist_ok=True)
            shutil.copy(source, target)
    shutil.copytree("lambdas", target / "lambdas", ignore=compiled)
    shutil.copy("cdk.json", target)


setup(cmdclass={"build_py": BuildPackages})
