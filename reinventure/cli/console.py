"""The command that serves the console."""

import signal
import sys
import webbrowser
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from importlib.util import find_spec
from typing import Annotated

import typer

from reinventure import values
from reinventure.aws import deployed_catalog, deployed_stack
from reinventure.aws.connection import config, session
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.doctor import diagnosis
from reinventure.cli.options import Profile, Region, Stack, of_stack, parser
from reinventure.contract import CATALOG, SQL, WORKERS, InspectionOutputs, SqlOutputs
from reinventure.errors import UserError

_EXTRA = ("hypercorn", "starlette")
"""Modules of the extra `console` of the package."""


def console(
    *,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Show everything, and refuse every change.")
    ] = False,
    port: Annotated[
        int,
        typer.Option(
            metavar="PORT",
            parser=parser(values.port),
            show_default=False,
            help="A port of 127.0.0.1; any free one if 0.",
        ),
    ] = 0,
    open_: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in the browser.")
    ] = True,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Show the catalog at work, on a page in the browser, until Ctrl-C.

    The deployed system with its numbers, changes as they come, folders and objects with a search
    and uploads, whether bucket and catalog are equal, and what failed; with the buttons that repair
    it. The page is served on 127.0.0.1 only, to those who have the address that is printed: it has
    a token.

    Against an account every change asks first. --read-only refuses all. Either way it creates a
    temporary queue that is subscribed to the change feed, as `reinventure watch` does, and deletes
    it in the end.

    For example:

        reinventure console
        reinventure console --read-only --port 8080 --no-open
    """
    require_extra()
    catalog = deployed_catalog.find(session(profile, region), stack)
    options = [f"{name}={value}" for name, value in of_stack(stack, profile, region).items()]
    ended = _serve(
        catalog, port, _opened if open_ else _printed, read_only=read_only, options=options
    )
    raise typer.Exit(128 + ended)


def require_extra() -> None:
    """Raise UserError unless what the console needs is installed."""
    if missing := [module for module in _EXTRA if find_spec(module) is None]:
        raise UserError(
            f"the console needs {', '.join(missing)}: run `pip install '.[console]'`, or `make "
            "setup`, in the checkout"
        )


def shown(catalog: DeployedCatalog, work: Callable[[], bool]) -> bool:
    """Do `work` while the console shows `catalog`, until Ctrl-C; return its result.

    Raises what `work` raises. If the console is stopped before its end, the result is False.
    """
    done: Future[bool] = Future()

    def ready(address: str) -> None:
        _opened(address)
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 (raised below, in the thread that waits)
            done.set_exception(error)
            signal.raise_signal(signal.SIGTERM)
        else:
            print("The console stays open until Ctrl-C.", flush=True)

    _serve(catalog, 0, ready)
    return done.done() and done.result()


def _serve(
    catalog: DeployedCatalog,
    port: int,
    ready: Callable[[str], None],
    *,
    read_only: bool = False,
    options: Sequence[str] = (),
) -> signal.Signals:
    """Serve the console until a signal ends it; return the signal."""
    from reinventure.console import server  # noqa: PLC0415 (only this command needs the extra)
    from reinventure.console.served import serve  # noqa: PLC0415

    inspection, mirror = _optional_stacks(catalog)
    local = diagnosis.emulated(catalog)
    here = serve(catalog, inspection, mirror, local=local, read_only=read_only, options=options)
    return server.run(here, port, ready)


def _printed(address: str) -> None:
    print(f"The console: {address}", flush=True)
    print("Stop it with Ctrl-C.", file=sys.stderr, flush=True)


def _opened(address: str) -> None:
    _printed(address)
    webbrowser.open(address)


def _optional_stacks(
    catalog: DeployedCatalog,
) -> tuple[InspectionOutputs | None, SqlOutputs | None]:
    """Return the outputs of Workers and Sql; None without."""
    client = catalog.session.client("cloudformation", config=config())
    return (
        deployed_stack.find_beside(client, catalog.stack, WORKERS, InspectionOutputs),
        deployed_stack.find_beside(client, catalog.stack, SQL, SqlOutputs),
    )
